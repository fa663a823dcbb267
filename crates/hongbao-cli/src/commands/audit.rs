//! `hongbao audit`: is every fen in its place? Exit code 0 when it is, 1 when it is not.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use hongbao_server::AuditReply;
use hongbao_store::Store;
use hongbao_store::clock::SystemClock;
use hongbao_store_postgres::PostgresStore;
use hongbao_store_sqlite::SqliteStore;

use super::admin;
use super::serve::not_opened;
use crate::admin_client::AdminClient;
use crate::args::AuditArgs;
use crate::config::StorePlace;
use crate::error::{Failure, Result};
use crate::output::{Output, say};

pub(crate) async fn run(args: AuditArgs, output: Output) -> Result<ExitCode> {
    let audit = match &args.store {
        Some(store) => of_store(StorePlace::of(store, Path::new(""))?).await?,
        None => of_platform(&admin(&args.profile)?).await?,
    };
    output.result(&audit, || print(&audit));
    Ok(if audit.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(audit: &AuditReply) {
    say!("counted     {}", counts(audit));
    say!(
        "books       merchant funds {}, escrow {}, wallets {},{} settlement {} (fen)",
        audit.merchant_funds_fen,
        audit.escrow_fen,
        audit.wallets_fen,
        if audit.held_fen == "0" { String::new() } else { format!(" withdrawn and not yet paid {},", audit.held_fen) },
        audit.settlement_fen
    );
    for difference in &audit.differences {
        say!("difference  {difference}");
    }
    if audit.is_clean {
        say!("audit       every fen is in its place");
    } else {
        say!("audit       {} differences", audit.differences.len());
    }
}

/// How much there is of everything; most platforms have no withdrawals.
pub(crate) fn counts(audit: &AuditReply) -> String {
    let counts = [
        (audit.packets, "packet"),
        (audit.claims, "claim"),
        (audit.transfers, "transfer"),
        (audit.withdrawals, "withdrawal"),
        (audit.accounts, "account"),
    ];
    let counts = counts.iter().filter(|(count, what)| *count > 0 || *what != "withdrawal");
    let counts = counts.map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }));
    counts.collect::<Vec<_>>().join(", ")
}

async fn of_store(place: StorePlace) -> Result<AuditReply> {
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
    Ok(AuditReply::from(&report.map_err(Failure::new)?))
}

/// What the platform's own audit found.
pub(crate) async fn of_platform(admin: &AdminClient) -> Result<AuditReply> {
    serde_json::from_value(admin.get("/admin/audit").await?).map_err(|error| {
        Failure::new(format!("what the platform says of its books makes no sense: {error}"))
            .hint("is it of the same version? `hongbao --version`")
    })
}
