//! `POST /packets/{packet_id}/claims`: a person opens a packet. What brings them is the message that told them of it,
//! or the link that somebody passed on, whose token stands in the header `Hongbao-Link`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use hongbao_engine::command::{ClaimShare, ClaimWay};
use hongbao_engine::outcome::ClaimRejection;
use hongbao_engine::packet::Claim;
use hongbao_store::Store;
use hongbao_types::PacketId;
use serde::Serialize;

use super::Path;
use super::assertion::{self, Guest, Person, Purpose};
use super::problem::Problem;
use crate::json_door::rfc3339;
use crate::platform::Platform;
use crate::tokens;

/// The header that carries a link's token.
pub(super) const LINK: &str = "hongbao-link";

/// A share, opened.
#[derive(Serialize)]
pub(crate) struct ClaimReply {
    packet_id: String,
    openid: String,
    amount_fen: i64,
    /// Its place in the order of opening, from 1.
    place: u64,
    claimed_at: String,
    /// Whether it had been opened before; the amount is that of the first time.
    is_replay: bool,
    /// The token by which others come to the packet's other shares, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

pub(crate) async fn claim_share<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(packet_id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<ClaimReply>, Problem> {
    let packet = PacketId::try_new(&packet_id).map_err(|_| Problem::NO_SUCH_PACKET)?;
    let Guest { person, app } = assertion::judge(&platform, &headers, Purpose::Packet(&packet)).await?;
    let way = way(&platform, &packet, &headers)?;
    if !platform.people_limiter.admits_packet(&person.app, &packet) {
        return Err(Problem::TOO_OFTEN);
    }
    let Person { app: app_id, openid } = person;
    let registered_only = app.registered_only;
    let claim = ClaimShare { packet: packet.clone(), app: app_id, openid, way, registered_only };
    if let Some(rejection) = platform.finished.refuse(&claim).await {
        return Err(rejection.into());
    }
    let claimed = match platform.claim_share(claim).await? {
        Ok(claimed) => claimed,
        Err(rejection) => {
            if matches!(rejection, ClaimRejection::Exhausted | ClaimRejection::Refunded) {
                platform.finished.remember(&platform, &packet).await;
            }
            return Err(rejection.into());
        }
    };
    tracing::info!(
        packet.id = %claimed.claim.packet,
        amount_fen = claimed.claim.amount.as_i64(),
        is_replay = claimed.is_replay,
        "a share was opened"
    );
    let link = claimed.is_shared.then(|| tokens::link(platform.store.person_key(), &claimed.claim.packet));
    Ok(Json(ClaimReply::show(&claimed.claim, claimed.is_replay, link)))
}

/// What brings somebody to the packet, as the request says.
pub(super) fn way<S: Store>(
    platform: &Platform<S>,
    packet: &PacketId,
    headers: &HeaderMap,
) -> Result<ClaimWay, Problem> {
    match headers.get(LINK) {
        None => Ok(ClaimWay::Message),
        Some(token) if tokens::is_link(platform.store.person_key(), packet, token.as_bytes()) => Ok(ClaimWay::Link),
        Some(_) => Err(Problem::LINK_WRONG),
    }
}

impl ClaimReply {
    fn show(claim: &Claim, is_replay: bool, link: Option<String>) -> ClaimReply {
        ClaimReply {
            packet_id: claim.packet.to_string(),
            openid: claim.openid.to_string(),
            amount_fen: claim.amount.as_i64(),
            place: u64::from(claim.index) + 1,
            claimed_at: rfc3339(claim.claimed_at),
            is_replay,
            link,
        }
    }
}
