//! `hongbao app`: whose people there are.

use std::process::ExitCode;

use hongbao_types::MerchantId;
use serde_json::json;

use super::admin;
use crate::args::AppAddArgs;
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
