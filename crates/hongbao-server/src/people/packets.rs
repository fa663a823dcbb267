//! `GET /packets/{packet_id}`: what is in a packet, who opened which share, and how anybody can check the draw? For
//! whom it was sent to, whoever opened a share, and whoever has the link.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use hongbao_engine::command::ClaimWay;
use hongbao_engine::draw::DrawSeed;
use hongbao_engine::packet::{Claim, Packet, PacketStatus, Split};
use hongbao_engine::rows::ClaimKey;
use hongbao_store::{ClaimRange, PacketView, Store};
use hongbao_types::PacketId;
use serde::{Deserialize, Serialize};

use super::Path;
use super::assertion::{self, Person, Purpose};
use super::claims::way;
use super::problem::Problem;
use crate::json_door::rfc3339;
use crate::platform::Platform;
use crate::tokens;

/// The most shares in one answer.
pub(super) const PAGE_MAX: u32 = 100;
/// What a draw is called.
const ALGORITHM: &str = "hongbao/draw/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PacketQuery {
    /// Only shares that were opened before this place; the newest when left out.
    before: Option<u32>,
    /// How many, 100 at most.
    limit: Option<u32>,
}

/// A packet, as people see it.
#[derive(Serialize)]
pub(crate) struct PacketReply {
    packet_id: String,
    product: &'static str,
    status: &'static str,
    sender_name: String,
    greeting: String,
    activity: String,
    total_fen: i64,
    share_count: u32,
    claimed_count: u32,
    claimed_fen: i64,
    sent_at: String,
    expires_at: String,
    /// What the person who asks has opened.
    mine: Option<ShareReply>,
    /// How its shares are drawn; of a packet in one piece, nothing.
    draw: Option<DrawReply>,
    /// The newest first.
    shares: Vec<ShareReply>,
    /// The `before` of the next page, if there may be one.
    next: Option<u32>,
    /// The token by which others come to its other shares, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

#[derive(Serialize)]
struct ShareReply {
    /// The person; other people's are shown in part.
    openid: String,
    /// Its place in the order of opening, from 1.
    place: u64,
    amount_fen: i64,
    claimed_at: String,
    /// Whether it is the best (手气最佳); nobody knows before the packet is finished.
    is_best: bool,
}

#[derive(Serialize)]
struct DrawReply {
    algorithm: &'static str,
    rule: &'static str,
    /// SHA-256 of the seed.
    commitment: String,
    /// Once the packet is finished.
    seed: Option<String>,
}

pub(crate) async fn get<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    Path(packet_id): Path<String>,
    query: Result<Query<PacketQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<PacketReply>, Problem> {
    let Query(query) = query.map_err(|_| Problem::INVALID)?;
    let id = PacketId::try_new(&packet_id).map_err(|_| Problem::NO_SUCH_PACKET)?;
    let person = assertion::judge(&platform, &headers, Purpose::Packet(&id)).await?.person;
    let way = way(&platform, &id, &headers)?;
    let limit = query.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    // Places count from 1, rows from 0.
    let range = ClaimRange { before: query.before.map_or(u32::MAX, |place| place.saturating_sub(1)), limit };
    let found = find(&platform, &id, &person, range).await?;
    let packet = &found.view.packet;
    let is_recipient = packet.recipient.as_ref() == Some(&person.openid);
    if packet.app != person.app {
        return Err(Problem::NO_SUCH_PACKET);
    }
    if !is_recipient && found.mine.is_none() && way != ClaimWay::Link {
        return Err(Problem::NOT_THE_RECIPIENT);
    }
    let seed = packet.seed(platform.store.draw_keys());
    let link = (found.mine.is_some() && packet.split != Split::Whole)
        .then(|| tokens::link(platform.store.person_key(), &packet.id));
    Ok(Json(PacketReply::show(&found, seed.as_ref(), limit, link)))
}

/// What is known of a packet.
struct Found {
    view: PacketView,
    /// What the person who asks has opened.
    mine: Option<Claim>,
    /// The place of its best share.
    best: Option<u32>,
}

/// From memory, when it is finished and whoever asks has opened nothing; else from the store.
async fn find<S: Store>(
    platform: &Platform<S>,
    id: &PacketId,
    person: &Person,
    range: ClaimRange,
) -> Result<Found, Problem> {
    let known = platform.finished.get(id, &person.openid).await;
    if let Some((finished, false)) = known.as_ref().filter(|_| range.before == u32::MAX) {
        let mut view = finished.view.clone();
        view.claims.truncate(range.limit as usize);
        return Ok(Found { view, mine: None, best: finished.best });
    }
    let view = platform.in_time(platform.store.packet(id, range)).await?.ok_or(Problem::NO_SUCH_PACKET)?;
    let key = ClaimKey { packet: id.clone(), openid: person.openid.clone() };
    let mine = platform.in_time(platform.store.claim(&key)).await?;
    if known.is_none() && view.packet.is_finished() && view.packet.app == person.app {
        platform.finished.remember(platform, id).await;
    }
    let best = match known {
        Some((finished, _)) => finished.best,
        None => best(&view.packet, view.packet.seed(platform.store.draw_keys()).as_ref()),
    };
    Ok(Found { view, mine, best })
}

impl PacketReply {
    fn show(
        Found { view, mine, best }: &Found,
        seed: Option<&DrawSeed>,
        limit: u32,
        link: Option<String>,
    ) -> PacketReply {
        let packet = &view.packet;
        let share = |claim: &Claim| ShareReply {
            openid: match mine {
                Some(own) if own.openid == claim.openid => claim.openid.to_string(),
                _ => claim.openid.masked(),
            },
            place: u64::from(claim.index) + 1,
            amount_fen: claim.amount.as_i64(),
            claimed_at: rfc3339(claim.claimed_at),
            is_best: *best == Some(claim.index),
        };
        let is_full = u32::try_from(view.claims.len()).is_ok_and(|count| count == limit);
        let last = view.claims.last().map(|claim| claim.index).filter(|index| is_full && *index > 0);
        PacketReply {
            packet_id: packet.id.to_string(),
            product: packet.product.name(),
            status: status(packet.status(view.now)),
            sender_name: packet.texts.sender_name.clone(),
            greeting: packet.texts.greeting.clone(),
            activity: packet.texts.activity.clone(),
            total_fen: packet.total.as_i64(),
            share_count: packet.share_count,
            claimed_count: packet.claimed_count,
            claimed_fen: packet.claimed.as_i64(),
            sent_at: rfc3339(packet.sent_at),
            expires_at: rfc3339(packet.deadline),
            mine: mine.as_ref().map(share),
            draw: draw(packet, seed),
            shares: view.claims.iter().map(share).collect(),
            next: last.map(|index| index.saturating_add(1)),
            link,
        }
    }
}

fn draw(packet: &Packet, seed: Option<&DrawSeed>) -> Option<DrawReply> {
    let (Split::Drawn { rule, .. }, Some(seed)) = (packet.split, seed) else { return None };
    Some(DrawReply {
        algorithm: ALGORITHM,
        rule: rule.name(),
        commitment: hex::encode(seed.commitment()),
        seed: packet.is_finished().then(|| hex::encode(seed.expose())),
    })
}

/// The place of the best share among those that were opened, once no other will be.
pub(super) fn best(packet: &Packet, seed: Option<&DrawSeed>) -> Option<u32> {
    let (Split::Drawn { rule, .. }, true) = (packet.split, packet.is_finished()) else { return None };
    let shares = seed?.shares(rule, packet.total, packet.share_count)?;
    let opened = shares.iter().take(usize::try_from(packet.claimed_count).ok()?);
    let (place, _) = opened.enumerate().max_by_key(|(place, share)| (**share, std::cmp::Reverse(*place)))?;
    u32::try_from(place).ok()
}

/// Where a packet stands, in a word.
pub(super) fn status(status: PacketStatus) -> &'static str {
    match status {
        PacketStatus::Sending(_) => "sending",
        PacketStatus::Sent => "sent",
        PacketStatus::Failed(_) => "failed",
        PacketStatus::Received => "received",
        PacketStatus::Refunding => "refunding",
        PacketStatus::Refunded { .. } => "refunded",
    }
}
