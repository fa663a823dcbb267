//! `/admin/clock`: what time is it, and, in a sandbox, let it be later. `/admin/expire`: do now what
//! time has brought, rather than when the job comes around.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hongbao_engine::command::SetClock;
use hongbao_engine::outcome::ClockRejection;
use hongbao_store::Store;
use serde::{Deserialize, Serialize};

use super::{Body, parse_time};
use crate::api_error::ApiError;
use crate::jobs::expire_packets::{Done, expire_all};
use crate::json_door::rfc3339;
use crate::platform::Platform;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockBody {
    to: String,
}

#[derive(Serialize)]
pub(crate) struct ClockReply {
    now: String,
}

pub(crate) async fn put<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Body(body): Body<ClockBody>,
) -> Result<Json<ClockReply>, ApiError> {
    let to = parse_time(&body.to)?;
    let now = platform.store.now().await?;
    if to < now {
        let message = format!("the clock only goes forward, and shows {}: {}", rfc3339(now), body.to);
        return Err(ApiError::refused(StatusCode::CONFLICT, "backwards", message));
    }
    platform.set_clock(SetClock { to }).await?.map_err(|rejection| match rejection {
        ClockRejection::NotASandbox => ApiError::refused(StatusCode::FORBIDDEN, "not_a_sandbox", rejection.to_string()),
    })?;
    get(State(platform)).await
}

pub(crate) async fn expire<S: Store>(State(platform): State<Arc<Platform<S>>>) -> Json<Done> {
    Json(expire_all(&platform).await)
}

pub(crate) async fn get<S: Store>(State(platform): State<Arc<Platform<S>>>) -> Result<Json<ClockReply>, ApiError> {
    Ok(Json(ClockReply { now: rfc3339(platform.store.now().await?) }))
}
