//! `hongbao merchant`: who may send, what, and how much.

use std::path::Path;
use std::process::ExitCode;

use hongbao_types::{ApiKey, AppId, MerchantId};
use serde_json::{Map, Value, json};

use super::admin;
use super::show::show;
use crate::admin_client::AdminClient;
use crate::args::{ALL, ANY, MerchantAddArgs, MerchantSetArgs, MerchantSettings, MerchantShowArgs, NONE, USUAL};
use crate::error::{Failure, Result};
use crate::files::{read_api_key, read_file};
use crate::identity_files::read_p12;
use crate::kit::random_api_key;
use crate::output::{Output, say};

pub(crate) async fn add(args: MerchantAddArgs, output: Output) -> Result<ExitCode> {
    let mut body = args.settings.body(&args.merchant)?;
    let is_keyless = !body.contains_key("keys");
    let admin = admin(&args.profile)?;
    // Refused before anything is stored: an app that isn't there can't be bound.
    for app in &args.app {
        admin.get(&format!("/admin/apps/{app}")).await?;
    }
    if is_keyless && admin.find(&format!("/admin/merchants/{}", args.merchant)).await?.is_some() {
        // No key is made up, and shown, that will not count.
        return Err(Failure::new(format!("merchant {}: it exists already", args.merchant))
            .hint("nothing was done; to change it: hongbao merchant set"));
    }
    let made_up = if is_keyless { Some(random_api_key().map_err(Failure::new)?) } else { None };
    if let Some(key) = &made_up {
        // Before the call: whoever loses the answer still has the key.
        output.announce("api key", key.expose(), true);
        output.announce("", "shown this once; the platform never shows it again", true);
    }
    if let Some(key) = &made_up {
        body.insert("keys".to_owned(), json!([{ "key": key.expose() }]));
    }
    // Without those of a merchant of the same keys that is there already.
    body.entry("certificates").or_insert_with(|| json!([]));
    admin.put(&format!("/admin/merchants/{}", args.merchant), &Value::Object(body)).await?;
    for app in &args.app {
        bind(&admin, app, &args.merchant).await?;
    }
    let object = json!({
        "merchant_id": args.merchant.as_str(),
        "name": args.settings.name,
        "api_key": made_up.as_ref().map(ApiKey::expose),
        "apps": args.app.iter().map(AppId::as_str).collect::<Vec<_>>(),
    });
    output.result(object, || {
        say!("merchant    {} {}", args.merchant, args.settings.name.as_deref().unwrap_or_default());
        for app in &args.app {
            say!("may send    to the people of {app}");
        }
    });
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn set(args: &MerchantSetArgs, output: Output) -> Result<ExitCode> {
    let admin = admin(&args.profile)?;
    let path = format!("/admin/merchants/{}", args.merchant);
    admin.patch(&path, &Value::Object(args.settings.body(&args.merchant)?)).await?;
    show(&admin.get(&path).await?, output);
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn show_one(args: &MerchantShowArgs, output: Output) -> Result<ExitCode> {
    show(&admin(&args.profile)?.get(&format!("/admin/merchants/{}", args.merchant)).await?, output);
    Ok(ExitCode::SUCCESS)
}

/// A merchant may send to the people of an app, from now on.
pub(super) async fn bind(admin: &AdminClient, app: &AppId, merchant: &MerchantId) -> Result<()> {
    admin.put_nothing(&format!("/admin/apps/{app}/merchants/{merchant}")).await
}

impl MerchantSettings {
    /// What was said, as the admin API reads it: null takes away.
    fn body(&self, merchant: &MerchantId) -> Result<Map<String, Value>> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        let some = |list: Vec<Value>| (!list.is_empty()).then_some(Value::Array(list));
        let unless = |word: &str, list: &[String], then: Value| {
            if list.iter().any(|given| given == word) {
                Some(then)
            } else {
                some(list.iter().map(|value| json!(value)).collect())
            }
        };
        let or_null = |text: &Option<String>, none: &str| {
            text.as_ref().map(|text| if text == none { Value::Null } else { Value::from(text.as_str()) })
        };
        put("name", self.name.clone().map(Value::from));
        let keys = self.key_file.iter().map(|path| Ok(json!({ "key": read_api_key(path)?.expose() })));
        put("keys", some(keys.collect::<Result<_>>()?));
        let certificates = self.certificate.iter().map(|path| Ok(json!({ "pem": read_certificate(path, merchant)? })));
        put("certificates", some(certificates.collect::<Result<_>>()?));
        let mode = if self.strict { Some("strict") } else { self.compatible.then_some("compatible") };
        put("mode", mode.map(Value::from));
        put("sign_type", or_null(&self.sign_type, ANY));
        put("generation", self.generation.clone().map(Value::from));
        put("products", unless(ALL, &self.product, Value::Null));
        put("providers", unless(NONE, &self.provider, json!([])));
        put("allowed_addresses", unless(ANY, &self.address, json!([])));
        put("draws", self.draws.clone().map(Value::from));
        put("frozen", self.frozen.map(Value::from));
        put("closed", self.closed.map(Value::from));
        put("entered_at", or_null(&self.entered_at, NONE));
        put("trading_since", or_null(&self.trading_since, NONE));
        let limits = self.limits()?;
        put("limits", (!limits.is_empty()).then_some(Value::Object(limits)));
        Ok(body)
    }

    fn limits(&self) -> Result<Map<String, Value>> {
        let mut limits = Map::new();
        for (name, fen) in [("amount_max_fen", self.amount_max), ("amount_per_day_fen", self.amount_per_day)] {
            limits.extend(fen.map(|fen| (name.to_owned(), Value::from(fen.as_i64()))));
        }
        for limit in &self.limit {
            let (name, value) = limit.split_once('=').ok_or_else(|| {
                Failure::new(format!("not a limit: {limit:?}"))
                    .hint("write it as NAME=VALUE: --limit packets_per_second=100")
            })?;
            // A number or a truth as what it is, anything else as a word.
            let value = match value {
                USUAL => Value::Null,
                value => serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
            };
            limits.insert(name.to_owned(), value);
        }
        Ok(limits)
    }
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
