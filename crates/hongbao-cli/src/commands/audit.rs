//! `hongbao audit`: is every fen in its place? Exit code 0 when it is, 1 when it is not.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hongbao_engine::audit::AuditReport;
use hongbao_store::Store;
use hongbao_store::clock::SystemClock;
use hongbao_store_postgres::PostgresStore;
use hongbao_store_sqlite::SqliteStore;
use serde::Serialize;
use serde_json::Value;

use super::admin;
use super::serve::not_opened;
use crate::args::AuditArgs;
use crate::config::StorePlace;
use crate::error::{Failure, Result};
use crate::output::{Output, say};

pub(crate) async fn run(args: AuditArgs, output: Output) -> Result<ExitCode> {
    let lines = match &args.store {
        Some(store) => of_store(StorePlace::of(store, Path::new(""))).await?,
        None => of_platform(&admin(&args.profile)?.get("/admin/audit").await?),
    };
    output.result(&lines, || print(&lines));
    Ok(if lines.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(lines: &Lines) {
    say!("counted     {}", lines.counts());
    say!(
        "books       merchant funds {}, escrow {}, wallets {},{} settlement {} (fen)",
        lines.funds,
        lines.escrow,
        lines.wallets,
        if lines.held == "0" { String::new() } else { format!(" withdrawn and not yet paid {},", lines.held) },
        lines.settlement
    );
    for difference in &lines.differences {
        say!("difference  {difference}");
    }
    if lines.is_clean {
        say!("audit       every fen is in its place");
    } else {
        say!("audit       {} differences", lines.differences.len());
    }
}

/// What an audit found, as text: its sums may be larger than what JSON takes for a number.
#[derive(Serialize)]
pub(crate) struct Lines {
    pub(crate) is_clean: bool,
    pub(crate) packets: u64,
    pub(crate) claims: u64,
    pub(crate) transfers: u64,
    pub(crate) withdrawals: u64,
    pub(crate) accounts: u64,
    #[serde(rename = "merchant_funds_fen")]
    pub(crate) funds: String,
    #[serde(rename = "escrow_fen")]
    pub(crate) escrow: String,
    #[serde(rename = "wallets_fen")]
    pub(crate) wallets: String,
    #[serde(rename = "held_fen")]
    pub(crate) held: String,
    #[serde(rename = "settlement_fen")]
    pub(crate) settlement: String,
    pub(crate) differences: Vec<String>,
}

impl Lines {
    /// What an audit of a store found.
    pub(crate) fn of(report: &AuditReport) -> Lines {
        Lines {
            is_clean: report.is_clean(),
            packets: report.packets,
            claims: report.claims,
            transfers: report.transfers,
            withdrawals: report.withdrawals,
            accounts: report.accounts,
            funds: report.merchant_funds.to_string(),
            escrow: report.escrow.to_string(),
            wallets: report.wallets.to_string(),
            held: report.held.to_string(),
            settlement: report.settlement.to_string(),
            differences: report.differences.iter().map(ToString::to_string).collect(),
        }
    }

    /// How much there is of everything; most platforms have no withdrawals.
    pub(crate) fn counts(&self) -> String {
        let counts = [
            (self.packets, "packet"),
            (self.claims, "claim"),
            (self.transfers, "transfer"),
            (self.withdrawals, "withdrawal"),
            (self.accounts, "account"),
        ];
        let counts = counts.iter().filter(|(count, what)| *count > 0 || *what != "withdrawal");
        let counts = counts.map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }));
        counts.collect::<Vec<_>>().join(", ")
    }
}

async fn of_store(place: StorePlace) -> Result<Lines> {
    let report = match place {
        StorePlace::File(path) => {
            let store = SqliteStore::open_read_only(&path, Arc::new(SystemClock))
                .map_err(|error| Failure::new(error).hint("name the store's file: --store FOLDER/hongbao.db"))?;
            store.audit().await
        }
        StorePlace::Database(url) => {
            PostgresStore::open_existing(&url).await.map_err(|error| not_opened(&error))?.audit().await
        }
    };
    Ok(Lines::of(&report.map_err(Failure::new)?))
}

pub(crate) fn of_platform(reply: &Value) -> Lines {
    let text = |name: &str| reply[name].as_str().map_or_else(|| reply[name].to_string(), str::to_owned);
    let count = |name: &str| reply[name].as_u64().unwrap_or_default();
    let differences = reply["differences"].as_array().map(Vec::as_slice).unwrap_or_default();
    Lines {
        is_clean: reply["is_clean"] == true,
        packets: count("packets"),
        claims: count("claims"),
        transfers: count("transfers"),
        withdrawals: count("withdrawals"),
        accounts: count("accounts"),
        funds: text("merchant_funds_fen"),
        escrow: text("escrow_fen"),
        wallets: text("wallets_fen"),
        held: text("held_fen"),
        settlement: text("settlement_fen"),
        differences: differences.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}
