//! `/apps/{app_id}/withdrawals`: the app's server takes money out of a person's wallet. It is held first; whoever pays it
//! out then confirms, or cancels, with a reference of theirs. Each is done once: the same call again gets the same answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use hongbao_engine::command::{HoldWithdrawal, SettleWithdrawal};
use hongbao_engine::directory::Scope;
use hongbao_engine::outcome::{HoldRejection, SettleRejection, Withdrawn};
use hongbao_engine::wallet::{Settlement, Withdrawal, WithdrawalKey};
use hongbao_store::Store;
use hongbao_types::Fen;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Path;
use super::credential;
use super::history::WithdrawalReply;
use super::problem::{self, Problem};
use crate::json_door::read_json;
use crate::platform::Platform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldBody {
    reference: String,
    openid: String,
    amount_fen: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleBody {
    /// What whoever pays out calls it.
    reference: String,
}

/// A withdrawal, for the app's server.
#[derive(Serialize)]
pub(crate) struct Reply {
    openid: String,
    #[serde(flatten)]
    withdrawal: WithdrawalReply,
}

pub(crate) async fn hold<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(app): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Reply>, Problem> {
    let app = credential::judge(&platform, &headers, &app, Scope::Withdrawals).await?;
    let body: HoldBody = read_json(&platform, body).await?;
    let amount = Fen::try_new(body.amount_fen).map_err(|_| Problem::invalid("amount_fen must be at least 1"))?;
    let key = WithdrawalKey { app, reference: problem::read(&body.reference)? };
    let hold = HoldWithdrawal { key, openid: problem::read(&body.openid)?, amount };
    let Withdrawn { withdrawal, is_replay } = platform.hold_withdrawal(hold).await??;
    log(&withdrawal, is_replay, "money is held to be withdrawn");
    Ok(Json(Reply::show(&withdrawal)))
}

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app, reference)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Reply>, Problem> {
    let withdrawal = find(&platform, &headers, &app, &reference).await?;
    Ok(Json(Reply::show(&withdrawal)))
}

pub(crate) async fn confirm<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app, reference)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Reply>, Problem> {
    let withdrawal = find(&platform, &headers, &app, &reference).await?;
    settle(&platform, withdrawal, Settlement::Confirm, body).await
}

pub(crate) async fn cancel<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path((app, reference)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Reply>, Problem> {
    let withdrawal = find(&platform, &headers, &app, &reference).await?;
    settle(&platform, withdrawal, Settlement::Cancel, body).await
}

async fn find<S: Store>(
    platform: &Platform<S>,
    headers: &HeaderMap,
    app: &str,
    reference: &str,
) -> Result<Withdrawal, Problem> {
    let app = credential::judge(platform, headers, app, Scope::Withdrawals).await?;
    let key = WithdrawalKey { app, reference: reference.parse().map_err(|_| Problem::NO_SUCH_WITHDRAWAL)? };
    platform.in_time(platform.store.withdrawal(&key)).await?.ok_or(Problem::NO_SUCH_WITHDRAWAL)
}

async fn settle<S: Store>(
    platform: &Platform<S>,
    Withdrawal { key, openid, .. }: Withdrawal,
    how: Settlement,
    body: Body,
) -> Result<Json<Reply>, Problem> {
    let body: SettleBody = read_json(platform, body).await?;
    let operator_reference = problem::read(&body.reference)?;
    let settle = SettleWithdrawal { key, openid, how, operator_reference };
    let Withdrawn { withdrawal, is_replay } = platform.settle_withdrawal(settle).await??;
    log(&withdrawal, is_replay, "a withdrawal is settled");
    Ok(Json(Reply::show(&withdrawal)))
}

fn log(withdrawal: &Withdrawal, is_replay: bool, what: &str) {
    tracing::info!(
        app.id = %withdrawal.key.app,
        reference = %withdrawal.key.reference,
        person = withdrawal.openid.masked(),
        amount_fen = withdrawal.amount.as_i64(),
        state = ?withdrawal.state,
        is_replay,
        "{what}"
    );
}

impl Reply {
    fn show(withdrawal: &Withdrawal) -> Reply {
        Reply { openid: withdrawal.openid.to_string(), withdrawal: WithdrawalReply::show(withdrawal) }
    }
}

impl From<HoldRejection> for Problem {
    fn from(rejection: HoldRejection) -> Problem {
        match rejection {
            HoldRejection::ReferenceReused(stored) => {
                Problem::REFERENCE_TAKEN.with(json!({ "stored": Reply::show(&stored) }))
            }
            HoldRejection::AmountOutOfRange => Problem::invalid("amount_fen must be at least 1"),
            HoldRejection::InsufficientBalance(balance) => {
                Problem::INSUFFICIENT_BALANCE.with(json!({ "balance_fen": balance.as_i64() }))
            }
        }
    }
}

impl From<SettleRejection> for Problem {
    fn from(rejection: SettleRejection) -> Problem {
        match rejection {
            SettleRejection::NoSuchWithdrawal => Problem::NO_SUCH_WITHDRAWAL,
            SettleRejection::AlreadySettled(stored) => {
                Problem::ALREADY_SETTLED.with(json!({ "stored": Reply::show(&stored) }))
            }
        }
    }
}
