//! `/apps/{app_id}/people/{openid}`: all that is kept of a person in one document, and how they are forgotten.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use hongbao_engine::command::{ErasePerson, ErasureStep};
use hongbao_engine::directory::{PersonId, Scope};
use hongbao_engine::outcome::EraseRejection;
use hongbao_store::lists::next_step;
use hongbao_store::{Store, StoreError};
use hongbao_types::OpenId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Path;
use super::assertion::drawn_openid;
use super::history::{self, EntryReply, SentReply};
use super::problem::Problem;
use super::wallet::{WalletReply, named, wallet};
use crate::json_door::rfc3339;
use crate::platform::Platform;

/// The most rows of each kind in one export.
const EXPORT_PAGE: usize = 500;
/// The most rows that one step of an erasure changes.
const STEP_ROWS: usize = 100;
/// The most steps that one call takes: the same call again goes on.
const STEPS_MAX: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    /// Where to go on: the `next` of the document before.
    before: Option<String>,
}

/// All that is kept of a person.
#[derive(Serialize)]
pub(crate) struct ExportReply {
    app_id: String,
    openid: String,
    exported_at: String,
    registered: bool,
    blocked: bool,
    wallet: WalletReply,
    /// What came into the wallet and left it, newest first.
    entries: Vec<EntryReply>,
    /// What was sent to them, opened or not, what only landed too.
    packets: Vec<SentReply>,
    /// The `before` of the rest, if there is more.
    next: Option<String>,
}

pub(crate) async fn export<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(names): Path<(String, String)>,
    query: Result<Query<ExportQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<ExportReply>, Problem> {
    let person = named(&platform, &headers, &names, Scope::Wallets).await?;
    let Query(query) = query.map_err(|_| Problem::INVALID)?;
    let [entry, withdrawal, packet] = history::parts(query.before.as_deref())?;
    let (entries, [entry, withdrawal]) =
        history::entries_from(&platform, &person, [&entry, &withdrawal], EXPORT_PAGE).await?;
    let (sent, packet) = history::sent_from(&platform, &person, &packet, EXPORT_PAGE).await?;
    let known = platform.in_time(platform.store.person(&person)).await?;
    let now = platform.in_time(platform.store.now()).await?;
    let wallet = wallet(&platform, &person).await?;
    Ok(Json(ExportReply {
        app_id: person.app.to_string(),
        openid: person.openid.to_string(),
        exported_at: rfc3339(now),
        registered: known.is_some(),
        blocked: known.is_some_and(|known| known.is_blocked),
        wallet,
        entries,
        packets: sent.iter().map(|sent| SentReply::show(sent, now)).collect(),
        next: history::next(&[entry, withdrawal, packet]),
    }))
}

/// Forgets a person, step by step. Whoever is interrupted makes the same call again, and goes on where it stopped.
pub(crate) async fn erase<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(names): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let person = named(&platform, &headers, &names, Scope::Erasure).await?;
    let mut pseudonym = begin(&platform, &person).await?;
    for _ in 0..STEPS_MAX {
        let store = &platform.store;
        let withdrawals = platform.in_time(store.withdrawals(&person, None, STEP_ROWS)).await?;
        let entries = platform.in_time(store.wallet_entries(&person, None, STEP_ROWS)).await?;
        let packets = platform.in_time(store.packets_to(&person, None, STEP_ROWS)).await?;
        let next = next_step(&withdrawals, &entries, &packets);
        let is_last = next == ErasureStep::Finish;
        match step(&platform, &person, pseudonym.clone(), next).await? {
            Ok(_) if is_last => {
                tracing::info!(app.id = %person.app, person = person.openid.masked(), "a person was erased");
                return Ok(StatusCode::NO_CONTENT);
            }
            Ok(_) => {}
            // Somebody else is at it, too, or has done it, or something was sent meanwhile.
            Err(EraseRejection::Moved) => {
                pseudonym = begin(&platform, &person).await?;
            }
            Err(rejection) => return Err(rejection.into()),
        }
    }
    Err(Problem::UNAVAILABLE)
}

/// The pseudonym under which it goes on: a new one, unless it had begun before.
async fn begin<S: Store>(platform: &Platform<S>, person: &PersonId) -> Result<OpenId, Problem> {
    let drawn = drawn_openid().map_err(StoreError::Unavailable)?;
    Ok(step(platform, person, drawn, ErasureStep::Begin).await??)
}

async fn step<S: Store>(
    platform: &Platform<S>,
    person: &PersonId,
    pseudonym: OpenId,
    step: ErasureStep,
) -> Result<Result<OpenId, EraseRejection>, Problem> {
    let erase = ErasePerson { person: person.clone(), pseudonym, step };
    Ok(platform.erase_person(Box::new(erase)).await?)
}

impl From<EraseRejection> for Problem {
    fn from(rejection: EraseRejection) -> Problem {
        match rejection {
            EraseRejection::NotEmpty { balance, held } => {
                Problem::WALLET_NOT_EMPTY.with(json!({ "balance_fen": balance.as_i64(), "held_fen": held.as_i64() }))
            }
            EraseRejection::Moved => Problem::UNAVAILABLE,
        }
    }
}
