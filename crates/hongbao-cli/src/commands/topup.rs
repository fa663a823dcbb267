//! `hongbao topup`: money comes in for a merchant, once for each reference.

use std::process::ExitCode;

use hongbao_types::Reference;
use serde_json::json;

use super::admin;
use crate::args::TopupArgs;
use crate::error::{Explain, Failure, Result};
use crate::output::{Output, say};

pub(crate) async fn run(args: TopupArgs, output: Output) -> Result<ExitCode> {
    let reference = match &args.reference {
        Some(reference) => reference.clone(),
        None => made_up()?,
    };
    // Before the call: whoever loses the answer asks again with the same reference.
    output.announce("reference", &reference, args.reference.is_none());
    let body = json!({
        "reference": reference.as_str(),
        "merchant_id": args.merchant.as_str(),
        "amount_fen": args.amount.as_i64(),
    });
    let stored = admin(&args.profile)?.post("/admin/top-ups", &body).await?;
    output.result(&stored, || {
        say!("topped up   merchant {}: {} fen at {}", args.merchant, stored["amount_fen"], text(&stored["at"]));
    });
    Ok(ExitCode::SUCCESS)
}

fn made_up() -> Result<Reference> {
    let random = getrandom::u64().explain("no randomness")?;
    Reference::try_new(&format!("topup-{random:016x}")).map_err(Failure::new)
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
