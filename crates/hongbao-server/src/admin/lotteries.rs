//! Campaigns of the shake, as operators see them: how often draws win, and who won.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use hongbao_engine::lottery::Lottery;
use hongbao_store::Store;
use hongbao_types::{LotteryId, OpenId};
use serde::{Deserialize, Serialize};

use super::{Body, QueryString, id};
use crate::api_error::ApiError;
use crate::change::change;
use crate::json_door::rfc3339;
use crate::platform::Platform;
use crate::tokens;

/// The most draws in one answer.
const PAGE_MAX: usize = 1000;

/// A campaign; its key never comes out.
#[derive(Serialize)]
pub(crate) struct LotteryReply {
    lottery_id: String,
    account: String,
    sponsor: String,
    title: String,
    is_on: bool,
    begins_at: String,
    ends_at: String,
    prizes_max: u32,
    prizes: u32,
    win_rate_ppm: u32,
    expired_count: u64,
    expired_fen: i64,
    drawn_count: u64,
    drawn_fen: i64,
    available_count: u64,
    available_fen: i64,
}

/// What an operator may change of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LotteryPatch {
    /// How many draws in a million win.
    win_rate_ppm: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Only people behind this one.
    after: Option<String>,
    /// How many, 1000 at most.
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(crate) struct BindingsReply {
    bindings: Vec<BindingReply>,
    /// The `after` of the next page, if there may be one.
    next: Option<String>,
}

/// What the merchant is told of a draw that won (`ShakearoundLotteryBind`).
#[derive(Serialize)]
struct BindingReply {
    openid: String,
    packet_id: String,
    ticket: String,
    amount_fen: i64,
    bound_at: String,
}

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(lottery_id): Path<String>,
) -> Result<Json<LotteryReply>, ApiError> {
    let lottery = known(&platform, &id(&lottery_id)?).await?;
    let sums = platform.in_time(platform.store.lottery_sums(&lottery.id)).await?;
    Ok(Json(LotteryReply {
        lottery_id: lottery.id.to_string(),
        account: lottery.account.to_string(),
        sponsor: lottery.sponsor.to_string(),
        title: lottery.title,
        is_on: lottery.is_on,
        begins_at: rfc3339(lottery.begins_at),
        ends_at: rfc3339(lottery.ends_at),
        prizes_max: lottery.prizes_max,
        prizes: lottery.prizes,
        win_rate_ppm: lottery.win_rate_ppm,
        expired_count: sums.expired.0,
        expired_fen: sums.expired.1.as_i64(),
        drawn_count: sums.drawn.0,
        drawn_fen: sums.drawn.1.as_i64(),
        available_count: sums.available.0,
        available_fen: sums.available.1.as_i64(),
    }))
}

pub(crate) async fn patch<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(lottery_id): Path<String>,
    Body(patch): Body<LotteryPatch>,
) -> Result<StatusCode, ApiError> {
    let id: LotteryId = id(&lottery_id)?;
    let win_rate_ppm = patch.win_rate_ppm;
    if win_rate_ppm > Lottery::ALWAYS {
        return Err(ApiError::invalid("win_rate_ppm: a draw wins 0 to 1000000 times in a million"));
    }
    let patched = |stored: Option<&Lottery>| {
        let stored = stored.ok_or_else(|| no_such_lottery(&id))?;
        Ok::<_, ApiError>(Lottery { win_rate_ppm, ..stored.clone() })
    };
    change(&platform, &id, patched).await?;
    tracing::info!(lottery.id = %id, win_rate_ppm, "a campaign was changed");
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn bindings<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(lottery_id): Path<String>,
    QueryString(page): QueryString<Page>,
) -> Result<Json<BindingsReply>, ApiError> {
    let lottery = known(&platform, &id(&lottery_id)?).await?;
    let after: Option<OpenId> = page.after.as_deref().map(id).transpose()?;
    let limit = page.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let bindings = platform.in_time(platform.store.bindings(&lottery.id, after.as_ref(), limit)).await?;
    let next = bindings.last().filter(|_| bindings.len() == limit).map(|last| last.key.openid.to_string());
    let key = platform.store.person_key();
    let bindings = bindings.iter().map(|binding| BindingReply {
        openid: binding.key.openid.to_string(),
        packet_id: binding.packet.to_string(),
        ticket: tokens::ticket(key, &binding.packet),
        amount_fen: binding.amount.as_i64(),
        bound_at: rfc3339(binding.bound_at),
    });
    Ok(Json(BindingsReply { bindings: bindings.collect(), next }))
}

async fn known<S: Store>(platform: &Platform<S>, id: &LotteryId) -> Result<Lottery, ApiError> {
    platform.in_time(platform.store.lottery(id)).await?.ok_or_else(|| no_such_lottery(id))
}

fn no_such_lottery(id: &LotteryId) -> ApiError {
    ApiError::refused(StatusCode::NOT_FOUND, "no_such_campaign", format!("there is no campaign {id}"))
}
