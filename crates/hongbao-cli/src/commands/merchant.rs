//! `hongbao merchant`: who may send, what, and how much.

use std::path::Path;
use std::process::ExitCode;

use hongbao_types::{ApiKey, AppId, MerchantId};
use serde_json::{Map, Value, json};

use super::admin;
use crate::admin_client::AdminClient;
use crate::args::{MerchantAddArgs, MerchantSetArgs, MerchantSettings, MerchantShowArgs};
use crate::error::{Failure, Result};
use crate::files::{read_api_key, read_file};
use crate::identity_files::read_p12;
use crate::kit::random_api_key;
use crate::output::{Output, plain, say};

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
            .hint("nothing was done; to change it: hongbao merchant set"));
    }
    let made_up = if keys.is_empty() { Some(random_api_key().map_err(Failure::new)?) } else { None };
    if let Some(key) = &made_up {
        // Before the call: whoever loses the answer still has the key.
        output.announce("api key", key.expose(), true);
        output.announce("", "shown this once; the platform never shows it again", true);
    }
    let keys = keys.iter().map(String::as_str).chain(made_up.as_ref().map(ApiKey::expose));
    let mut body = args.settings.body()?;
    body.insert("name".to_owned(), json!(args.name));
    body.insert("keys".to_owned(), keys.map(|key| json!({ "key": key })).collect());
    body.insert("certificates".to_owned(), Value::Array(certificates));
    let body = Value::Object(body);
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

/// What a merchant is told anew, among what it shows of itself: keys and certificates stay as they are.
pub(crate) async fn set(args: &MerchantSetArgs, output: Output) -> Result<ExitCode> {
    let admin = admin(&args.profile)?;
    let path = format!("/admin/merchants/{}", args.merchant);
    let Value::Object(mut merchant) = admin.get(&path).await? else {
        return Err(Failure::new("the admin API's answer is no merchant"));
    };
    for only_shown in ["merchant_id", "keys", "certificates", "funds_fen"] {
        merchant.remove(only_shown);
    }
    let mut changes = args.settings.body()?;
    let limits = changes.remove("limits");
    // Another generation has other limits: none of the old ones stays but those that are named.
    if changes.contains_key("generation") {
        merchant.insert("limits".to_owned(), json!({}));
    }
    if let (Some(Value::Object(known)), Some(Value::Object(limits))) = (merchant.get_mut("limits"), limits) {
        known.extend(limits);
    }
    merchant.extend(changes);
    admin.put(&format!("{path}?replace=true"), &Value::Object(merchant)).await?;
    print(&admin.get(&path).await?, output);
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn show(args: &MerchantShowArgs, output: Output) -> Result<ExitCode> {
    print(&admin(&args.profile)?.get(&format!("/admin/merchants/{}", args.merchant)).await?, output);
    Ok(ExitCode::SUCCESS)
}

fn print(merchant: &Value, output: Output) {
    output.result(merchant.clone(), || {
        for (name, value) in merchant.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            let Some(parts) = value.as_object() else {
                say!("{name:<40}{}", shown(value));
                continue;
            };
            for (part, value) in parts.iter().filter(|(_, value)| !value.is_null()) {
                say!("{:<40}{}", format!("{name}.{part}"), shown(value));
            }
        }
    });
}

fn shown(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        plain(text)
    } else if let Some(values) = value.as_array() {
        values.iter().map(shown).collect::<Vec<_>>().join(" ")
    } else if value.as_object().is_some_and(serde_json::Map::is_empty) {
        // Of a validity: no bound.
        "always".to_owned()
    } else if let Some(parts) = value.as_object() {
        parts.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join(",")
    } else {
        value.to_string()
    }
}

impl MerchantSettings {
    /// What was said, as the admin API reads it.
    fn body(&self) -> Result<Map<String, Value>> {
        let mut body = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        let mode = if self.strict { Some("strict") } else { self.compatible.then_some("compatible") };
        put("mode", mode.map(Value::from));
        put("generation", self.generation.clone().map(Value::from));
        put("products", (!self.product.is_empty()).then(|| json!(self.product)));
        let providers: Vec<&str> = self.provider.iter().map(MerchantId::as_str).collect();
        put("providers", (!providers.is_empty()).then(|| json!(providers)));
        put("frozen", self.frozen.map(Value::from));
        put("closed", self.closed.map(Value::from));
        put("entered_at", self.entered_at.clone().map(Value::from));
        put("trading_since", self.trading_since.clone().map(Value::from));
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
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            limits.insert(name.to_owned(), value);
        }
        Ok(limits)
    }
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
