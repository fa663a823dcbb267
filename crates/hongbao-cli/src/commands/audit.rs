//! `hongbao audit`: is every fen in its place? Exit code 0 when it is, 1 when it is not.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hongbao_store::Store;
use hongbao_store::clock::SystemClock;
use hongbao_store_sqlite::SqliteStore;
use serde_json::Value;

use super::admin;
use crate::args::AuditArgs;
use crate::error::{Failure, Result};
use crate::say;

pub(crate) async fn run(args: AuditArgs) -> Result<ExitCode> {
    let lines = match &args.store {
        Some(path) => of_store(path).await?,
        None => of_platform(&admin(&args.profile)?.get("/admin/audit").await?),
    };
    say!("counted     {}", lines.counts());
    say!(
        "books       merchant funds {}, escrow {}, wallets {}, settlement {} (fen)",
        lines.funds,
        lines.escrow,
        lines.wallets,
        lines.settlement
    );
    for difference in &lines.differences {
        say!("difference  {difference}");
    }
    if lines.is_clean {
        say!("audit       every fen is in its place");
        Ok(ExitCode::SUCCESS)
    } else {
        say!("audit       {} differences", lines.differences.len());
        Ok(ExitCode::FAILURE)
    }
}

/// What an audit found, as text.
pub(crate) struct Lines {
    pub(crate) is_clean: bool,
    pub(crate) packets: String,
    pub(crate) claims: String,
    pub(crate) transfers: String,
    pub(crate) accounts: String,
    pub(crate) funds: String,
    pub(crate) escrow: String,
    pub(crate) wallets: String,
    pub(crate) settlement: String,
    pub(crate) differences: Vec<String>,
}

impl Lines {
    /// How much there is of everything.
    pub(crate) fn counts(&self) -> String {
        let counts = [
            (&self.packets, "packet"),
            (&self.claims, "claim"),
            (&self.transfers, "transfer"),
            (&self.accounts, "account"),
        ];
        let counts = counts.map(|(count, what)| format!("{count} {what}{}", if count == "1" { "" } else { "s" }));
        counts.join(", ")
    }
}

async fn of_store(path: &Path) -> Result<Lines> {
    let store = SqliteStore::open_read_only(path, Arc::new(SystemClock))
        .map_err(|error| Failure::new(error).hint("name the store's file: --store FOLDER/hongbao.db"))?;
    let report = store.audit().await.map_err(Failure::new)?;
    Ok(Lines {
        is_clean: report.is_clean(),
        packets: report.packets.to_string(),
        claims: report.claims.to_string(),
        transfers: report.transfers.to_string(),
        accounts: report.accounts.to_string(),
        funds: report.merchant_funds.to_string(),
        escrow: report.escrow.to_string(),
        wallets: report.wallets.to_string(),
        settlement: report.settlement.to_string(),
        differences: report.differences.iter().map(ToString::to_string).collect(),
    })
}

pub(crate) fn of_platform(reply: &Value) -> Lines {
    let text = |name: &str| reply[name].as_str().map_or_else(|| reply[name].to_string(), str::to_owned);
    let differences = reply["differences"].as_array().map(Vec::as_slice).unwrap_or_default();
    Lines {
        is_clean: reply["is_clean"] == true,
        packets: text("packets"),
        claims: text("claims"),
        transfers: text("transfers"),
        accounts: text("accounts"),
        funds: text("merchant_funds_fen"),
        escrow: text("escrow_fen"),
        wallets: text("wallets_fen"),
        settlement: text("settlement_fen"),
        differences: differences.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}
