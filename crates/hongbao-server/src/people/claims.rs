//! `POST /packets/{packet_id}/claims`: a person opens a packet.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use hongbao_engine::command::ClaimShare;
use hongbao_engine::outcome::ClaimRejection;
use hongbao_store::Store;
use hongbao_types::PacketId;
use serde::Serialize;

use super::assertion::{self, AssertionError};
use crate::api_error::ApiError;
use crate::json_door::{bearer, rfc3339};
use crate::platform::Platform;

/// A share, opened.
#[derive(Serialize)]
pub(crate) struct ClaimReply {
    packet_id: String,
    openid: String,
    amount_fen: i64,
    claimed_at: String,
    /// Whether it had been opened before; the amount is that of the first time.
    is_replay: bool,
}

pub(crate) async fn claim_share<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(packet_id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ClaimReply>, ApiError> {
    let packet = PacketId::try_new(&packet_id).map_err(|_| rejected(ClaimRejection::NoSuchPacket))?;
    let token = bearer(&headers).ok_or_else(|| {
        ApiError::refused(
            StatusCode::UNAUTHORIZED,
            "assertion_missing",
            "send the app's assertion of who is asking: Authorization: Bearer <JWT>",
        )
    })?;
    let person = assertion::judge(&platform, token, &packet).await?;
    let claim = ClaimShare { packet, app: person.app, openid: person.openid };
    let claimed = platform.claim_share(claim).await?.map_err(rejected)?;
    tracing::info!(
        packet.id = %claimed.claim.packet,
        amount_fen = claimed.claim.amount.as_i64(),
        is_replay = claimed.is_replay,
        "a share was opened"
    );
    Ok(Json(ClaimReply {
        packet_id: claimed.claim.packet.to_string(),
        openid: claimed.claim.openid.to_string(),
        amount_fen: claimed.claim.amount.as_i64(),
        claimed_at: rfc3339(claimed.claim.claimed_at),
        is_replay: claimed.is_replay,
    }))
}

fn rejected(rejection: ClaimRejection) -> ApiError {
    let (status, code) = match rejection {
        ClaimRejection::NoSuchPacket => (StatusCode::NOT_FOUND, "no_such_packet"),
        ClaimRejection::NotThisWay => (StatusCode::CONFLICT, "not_this_way"),
        ClaimRejection::NotTheRecipient => (StatusCode::FORBIDDEN, "not_the_recipient"),
        ClaimRejection::NotSent => (StatusCode::CONFLICT, "not_sent"),
        ClaimRejection::Expired => (StatusCode::GONE, "expired"),
        ClaimRejection::Exhausted => (StatusCode::CONFLICT, "exhausted"),
    };
    ApiError::refused(status, code, rejection.to_string())
}

impl From<AssertionError> for ApiError {
    fn from(error: AssertionError) -> ApiError {
        match error {
            AssertionError::Store(error) => error.into(),
            AssertionError::Unreadable(_)
            | AssertionError::Algorithm
            | AssertionError::UnknownKey
            | AssertionError::Signature
            | AssertionError::OtherPacket
            | AssertionError::TooLong
            | AssertionError::NotYet
            | AssertionError::Expired
            | AssertionError::Subject(_) => {
                ApiError::refused(StatusCode::UNAUTHORIZED, "assertion_refused", error.to_string())
            }
        }
    }
}
