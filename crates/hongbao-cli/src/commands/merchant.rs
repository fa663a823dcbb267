//! `hongbao merchant`: who may send.

use std::path::Path;
use std::process::ExitCode;

use hongbao_types::{ApiKey, AppId, Fen, MerchantId};
use serde_json::{Value, json};

use super::admin;
use crate::admin_client::AdminClient;
use crate::args::MerchantAddArgs;
use crate::error::{Failure, Result};
use crate::files::{read_api_key, read_file};
use crate::identity_files::read_p12;
use crate::kit::random_api_key;
use crate::output::{Output, say};

pub(crate) async fn add(args: MerchantAddArgs, output: Output) -> Result<ExitCode> {
    let keys: Vec<String> =
        args.key_file.iter().map(|path| Ok(read_api_key(path)?.expose().to_owned())).collect::<Result<_>>()?;
    let certificates: Vec<Value> = args
        .certificate
        .iter()
        .map(|path| Ok(json!({ "pem": read_certificate(path, &args.merchant)? })))
        .collect::<Result<_>>()?;
    let admin = admin(&args.profile)?;
    // Refused before anything is stored: an app that isn't there can't be bound.
    let mut apps = Vec::new();
    for app in &args.app {
        apps.push((app, admin.get(&format!("/admin/apps/{app}")).await?));
    }
    if keys.is_empty() && admin.find(&format!("/admin/merchants/{}", args.merchant)).await?.is_some() {
        // No key is made up, and shown, that will not count.
        return Err(Failure::new(format!("merchant {}: it exists already", args.merchant))
            .hint("nothing was done; to change it, PUT the whole of it to the admin API with ?replace=true"));
    }
    let made_up = if keys.is_empty() { Some(random_api_key().map_err(Failure::new)?) } else { None };
    if let Some(key) = &made_up {
        // Before the call: whoever loses the answer still has the key.
        output.announce("api key", key.expose(), true);
        output.announce("", "shown this once; the platform never shows it again", true);
    }
    let keys = keys.iter().map(String::as_str).chain(made_up.as_ref().map(ApiKey::expose));
    let body = json!({
        "name": args.name,
        "keys": keys.map(|key| json!({ "key": key })).collect::<Vec<_>>(),
        "certificates": certificates,
        "mode": if args.strict { "strict" } else { "compatible" },
        "limits": {
            "amount_max_fen": args.amount_max.map(Fen::as_i64),
            "amount_per_day_fen": args.amount_per_day.map(Fen::as_i64),
        },
    });
    admin.put(&format!("/admin/merchants/{}", args.merchant), &body).await?;
    for (app, known) in apps {
        bind(&admin, app.as_str(), known, args.merchant.as_str()).await?;
    }
    let object = json!({
        "merchant_id": args.merchant.as_str(),
        "name": args.name,
        "api_key": made_up.as_ref().map(ApiKey::expose),
        "apps": args.app.iter().map(AppId::as_str).collect::<Vec<_>>(),
    });
    output.result(object, || {
        say!("merchant    {} {}", args.merchant, args.name);
        for app in &args.app {
            say!("may send    to the people of {app}");
        }
    });
    Ok(ExitCode::SUCCESS)
}

async fn bind(admin: &AdminClient, app: &str, mut known: Value, merchant: &str) -> Result<()> {
    if let Some(merchants) = known["merchants"].as_array_mut()
        && !merchants.iter().any(|bound| bound == merchant)
    {
        merchants.push(json!(merchant));
        admin.put(&format!("/admin/apps/{app}?replace=true"), &known).await?;
    }
    Ok(())
}

/// The certificate in a PEM, or, without its key, in a p12 whose password is the merchant number.
fn read_certificate(path: &Path, merchant: &MerchantId) -> Result<String> {
    use rustls_pki_types::pem::PemObject;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("p12")) {
        return Ok(read_p12(path, merchant.as_str())?.certificate_pem());
    }
    let pem = read_file(path)?;
    let is_certificate = rustls_pki_types::CertificateDer::from_pem_slice(pem.as_bytes())
        .is_ok_and(|der| hongbao_server::public_key_sha256(&der).is_some());
    if is_certificate {
        Ok(pem)
    } else {
        Err(Failure::new(format!("no certificate: {}", path.display()))
            .hint("the file holds a PEM certificate (-----BEGIN CERTIFICATE-----), or is a .p12"))
    }
}
