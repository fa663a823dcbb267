//! `POST /admin/top-ups`: money comes in for a merchant. The caller's reference makes it happen once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hongbao_engine::command::TopUp;
use hongbao_engine::ledger::Transfer;
use hongbao_engine::outcome::TopUpRejection;
use hongbao_store::Store;
use hongbao_types::Fen;
use serde::{Deserialize, Serialize};

use super::{Body, id};
use crate::api_error::ApiError;
use crate::json_door::rfc3339;
use crate::platform::Platform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUpBody {
    reference: String,
    merchant_id: String,
    amount_fen: i64,
}

/// A top-up as it is stored: the same answer however often it is asked for.
#[derive(Serialize)]
pub(crate) struct TopUpReply {
    reference: String,
    merchant_id: String,
    amount_fen: i64,
    at: String,
}

pub(crate) async fn post<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Body(body): Body<TopUpBody>,
) -> Result<Json<TopUpReply>, ApiError> {
    let top_up = TopUp {
        reference: id(&body.reference)?,
        merchant: id(&body.merchant_id)?,
        amount: Fen::try_new(body.amount_fen).map_err(|error| ApiError::invalid(error.to_string()))?,
    };
    let amount = top_up.amount;
    let transfer = platform.top_up(top_up).await?.map_err(|rejection| rejected(rejection, amount))?;
    tracing::info!(
        merchant.id = %transfer.merchant,
        reference = %transfer.key.reference,
        amount_fen = transfer.amount.as_i64(),
        "money came in"
    );
    Ok(Json(TopUpReply::show(&transfer)))
}

fn rejected(rejection: TopUpRejection, amount: Fen) -> ApiError {
    match rejection {
        TopUpRejection::ReferenceReused(stored) => {
            let message = format!("the reference {} was used for something else; use a new one", stored.key.reference);
            let stored = serde_json::json!({ "stored": TopUpReply::show(&stored) });
            ApiError::refused(StatusCode::CONFLICT, "reference_reused", message).with(stored)
        }
        TopUpRejection::NoSuchMerchant(merchant) => ApiError::refused(
            StatusCode::NOT_FOUND,
            "no_such_merchant",
            format!("there is no merchant {merchant}; add it first"),
        ),
        TopUpRejection::AmountOutOfRange => {
            ApiError::invalid(format!("amount_fen must be at least 1, and fit into the account: {amount}"))
        }
    }
}

impl TopUpReply {
    fn show(transfer: &Transfer) -> TopUpReply {
        TopUpReply {
            reference: transfer.key.reference.to_string(),
            merchant_id: transfer.merchant.to_string(),
            amount_fen: transfer.amount.as_i64(),
            at: rfc3339(transfer.at),
        }
    }
}
