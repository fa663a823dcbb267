//! `hongbao app`: whose people there are.

use std::process::ExitCode;

use hongbao_types::MerchantId;
use serde_json::{Value, json};

use super::admin;
use super::merchant::bind;
use super::show::show;
use crate::args::{AppAddArgs, AppPersonArgs, AppSetArgs, AppShowArgs, CredentialAddArgs, CredentialRevokeArgs};
use crate::error::Result;
use crate::files::read_file;
use crate::output::{Output, plain, say};

pub(crate) async fn add(args: AppAddArgs, output: Output) -> Result<ExitCode> {
    let public_key = read_file(&args.public_key)?;
    let merchants: Vec<&str> = args.merchant.iter().map(MerchantId::as_str).collect();
    let workwx_secret = args.workwx_secret_file.as_deref().map(read_file).transpose()?;
    let app_secret = args.app_secret_file.as_deref().map(read_file).transpose()?;
    let body = json!({
        "kind": args.kind,
        "registered_only": args.registered_only,
        "workwx_secret": workwx_secret.as_deref().map(str::trim),
        "app_secret": app_secret.as_deref().map(str::trim),
        "redirect_hosts": args.redirect_host,
        "origins": args.origin,
        "keys": [{ "id": args.key_id, "public_key_pem": public_key }],
        "merchants": merchants,
    });
    admin(&args.profile)?.put(&format!("/admin/apps/{}", args.app), &body).await?;
    let object = json!({ "app_id": args.app.as_str(), "key_id": args.key_id, "merchants": merchants });
    output.result(object, || {
        say!("app         {}", args.app);
        say!("key         {}", args.key_id);
        if !merchants.is_empty() {
            say!("merchants   {}", merchants.join(" "));
        }
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn set(args: &AppSetArgs, output: Output) -> Result<ExitCode> {
    let admin = admin(&args.profile)?;
    let path = format!("/admin/apps/{}", args.app);
    let secret = args.workwx_secret_file.as_deref().map(read_file).transpose()?;
    let app_secret = args.app_secret_file.as_deref().map(read_file).transpose()?;
    let changes = [
        ("kind", args.kind.clone().map(Value::from)),
        ("registered_only", args.registered_only.map(Value::from)),
        ("workwx_secret", secret.map(|secret| Value::from(secret.trim()))),
        ("app_secret", app_secret.map(|secret| Value::from(secret.trim()))),
        ("redirect_hosts", list(&args.redirect_host)),
        ("origins", list(&args.origin)),
    ];
    let changes = changes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    admin.patch(&path, &Value::Object(changes.collect())).await?;
    for merchant in &args.merchant {
        bind(&admin, &args.app, merchant).await?;
    }
    for merchant in &args.without_merchant {
        admin.delete(&format!("{path}/merchants/{merchant}")).await?;
    }
    show(&admin.get(&path).await?, output);
    Ok(ExitCode::SUCCESS)
}

/// What was given, if anything was; an empty text stands for none.
fn list(given: &[String]) -> Option<Value> {
    let known: Vec<&String> = given.iter().filter(|text| !text.is_empty()).collect();
    (!given.is_empty()).then(|| json!(known))
}

pub(crate) async fn show_one(args: &AppShowArgs, output: Output) -> Result<ExitCode> {
    show(&admin(&args.profile)?.get(&format!("/admin/apps/{}", args.app)).await?, output);
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn person(args: &AppPersonArgs, output: Output) -> Result<ExitCode> {
    let admin = admin(&args.profile)?;
    let path = format!("/admin/apps/{}/openids/{}", args.app, args.openid);
    let known = admin.find(&path).await?;
    let was_blocked = known.as_ref().is_some_and(|known| known["blocked"] == true);
    let is_told = args.register || args.blocked.is_some();
    let is_blocked = args.blocked.unwrap_or(was_blocked);
    if is_told {
        admin.put(&path, &json!({ "blocked": is_blocked })).await?;
    }
    let is_registered = is_told || known.is_some();
    let object = json!({
        "app_id": args.app.as_str(),
        "openid": args.openid.as_str(),
        "registered": is_registered,
        "blocked": is_blocked,
    });
    output.result(object, || {
        say!("person      {}", args.openid);
        say!("registered  {}", if is_registered { "yes" } else { "no" });
        say!("blocked     {}", if is_blocked { "yes" } else { "no" });
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn add_credential(args: &CredentialAddArgs, output: Output) -> Result<ExitCode> {
    let body = json!({ "id": args.id, "scopes": args.scope, "valid_until": args.until });
    let mut added = admin(&args.profile)?.post(&format!("/admin/apps/{}/credentials", args.app), &body).await?;
    added["app_id"] = args.app.as_str().into();
    output.result(&added, || {
        say!("app         {}", args.app);
        say!("credential  {}", args.id);
        say!("scopes      {}", args.scope.join(" "));
        if let Some(until) = added["valid_until"].as_str() {
            say!("until       {}", plain(until));
        }
        say!("token       {}", plain(added["token"].as_str().unwrap_or_default()));
        say!("It is not shown again. Send it as: Authorization: Bearer <token>");
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn revoke_credential(args: &CredentialRevokeArgs, output: Output) -> Result<ExitCode> {
    admin(&args.profile)?.delete(&format!("/admin/apps/{}/credentials/{}", args.app, args.id)).await?;
    let object = json!({ "app_id": args.app.as_str(), "id": args.id, "is_revoked": true });
    output.result(object, || say!("revoked     {}", args.id));
    Ok(ExitCode::SUCCESS)
}
