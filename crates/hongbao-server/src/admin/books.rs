//! `/admin/audit`, wallets and health: is everything in its place?

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use hongbao_engine::audit::AuditReport;
use hongbao_engine::ledger::LedgerAccount;
use hongbao_store::{Store, StoreKind};
use hongbao_types::Fen;
use serde::{Deserialize, Serialize};

use super::id;
use crate::api_error::ApiError;
use crate::platform::Platform;
use crate::readiness;

/// What an audit found, as `/admin/audit` says it. Sums are whole fen, as text: they may be larger than a JSON number holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditReply {
    /// Whether every fen is in its place.
    pub is_clean: bool,
    /// How many there are.
    pub packets: u64,
    /// How many there are.
    pub claims: u64,
    /// How many there are.
    pub transfers: u64,
    /// How many there are.
    pub withdrawals: u64,
    /// How many there are.
    pub accounts: u64,
    /// What merchants have.
    pub merchant_funds_fen: String,
    /// What is in packets.
    pub escrow_fen: String,
    /// What people have.
    pub wallets_fen: String,
    /// What they are being paid.
    pub held_fen: String,
    /// What came in and went out, negative if more came in.
    pub settlement_fen: String,
    /// What is not as it must be.
    pub differences: Vec<String>,
}

impl From<&AuditReport> for AuditReply {
    fn from(report: &AuditReport) -> AuditReply {
        AuditReply {
            is_clean: report.is_clean(),
            packets: report.packets,
            claims: report.claims,
            transfers: report.transfers,
            withdrawals: report.withdrawals,
            accounts: report.accounts,
            merchant_funds_fen: report.merchant_funds.to_string(),
            escrow_fen: report.escrow.to_string(),
            wallets_fen: report.wallets.to_string(),
            held_fen: report.held.to_string(),
            settlement_fen: report.settlement.to_string(),
            differences: report.differences.iter().map(ToString::to_string).collect(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct WalletReply {
    balance_fen: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct HealthReply {
    kind: &'static str,
    currency: String,
}

pub(crate) async fn audit<S: Store>(State(platform): State<Arc<Platform<S>>>) -> Result<Json<AuditReply>, ApiError> {
    Ok(Json(AuditReply::from(&platform.store.audit().await?)))
}

pub(crate) async fn wallet<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app_id, openid)): Path<(String, String)>,
) -> Result<Json<WalletReply>, ApiError> {
    // An openid that is none is still not for the log.
    let openid = openid.parse().map_err(|_| ApiError::invalid("an openid has 1 to 32 letters, digits, '-' or '_'"))?;
    let wallet = LedgerAccount::RecipientWallet(id(&app_id)?, openid);
    let balance = platform.store.account(&wallet).await?.balance();
    Ok(Json(WalletReply { balance_fen: balance.map(Fen::as_i64) }))
}

/// Answers well when this node is ready.
pub(crate) async fn health<S: Store>(State(platform): State<Arc<Platform<S>>>) -> Result<Json<HealthReply>, ApiError> {
    readiness::judge(&platform).await?;
    let info = platform.store.info();
    let kind = match info.kind {
        StoreKind::Sandbox => "sandbox",
        StoreKind::Live => "live",
    };
    Ok(Json(HealthReply { kind, currency: info.currency.code.clone() }))
}
