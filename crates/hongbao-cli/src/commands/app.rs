//! `hongbao app`: whose people there are.

use std::process::ExitCode;

use hongbao_types::MerchantId;
use serde_json::json;

use super::admin;
use crate::args::{AppAddArgs, AppPersonArgs};
use crate::error::Result;
use crate::files::read_file;
use crate::output::{Output, say};

pub(crate) async fn add(args: AppAddArgs, output: Output) -> Result<ExitCode> {
    let public_key = read_file(&args.public_key)?;
    let merchants: Vec<&str> = args.merchant.iter().map(MerchantId::as_str).collect();
    let workwx_secret = args.workwx_secret_file.as_deref().map(read_file).transpose()?;
    let body = json!({
        "kind": args.kind,
        "registered_only": args.registered_only,
        "workwx_secret": workwx_secret.as_deref().map(str::trim),
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
