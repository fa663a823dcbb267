//! `POST /jsapi/jumpHongbao`: somebody draws, with what the merchant's page signed for them. One packet for each person
//! and campaign: whoever draws again gets the same answer. Who loses costs no write.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use hongbao_engine::command::BindPrize;
use hongbao_engine::lottery::{BindingKey, DrawRefusal, Lottery};
use hongbao_engine::outcome::BindRejection;
use hongbao_store::Store;
use hongbao_types::{LotteryId, OpenId, PacketId};
use hongbao_wire::{SignType, sign};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::body;
use crate::people::assertion::{self, Purpose};
use crate::people::problem::Problem;
use crate::platform::Platform;
use crate::tokens;

/// The most bytes of a call.
const BODY_LIMIT: usize = 4 * 1024;
/// After so many that were taken, what is known of the bucket is read anew.
const STALE_AFTER: u32 = 3;
/// How many packets are offered to somebody, when others are always faster.
const TRIES: u32 = 100;

/// What `BeaconShakehbJsBridge.invoke('jumpHongbao', …)` is called with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    lottery_id: String,
    noncestr: String,
    openid: String,
    sign: String,
}

/// Whether somebody won, and what: how much is in it is seen when it is opened.
#[derive(Serialize)]
pub(crate) struct Drawn {
    won: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet_id: Option<String>,
    is_replay: bool,
}

pub(crate) async fn draw<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Drawn>, Problem> {
    let person = assertion::judge(&platform, &headers, Purpose::Identity).await?.person;
    let body = body::read(body, BODY_LIMIT, platform.http.body_patience).await.map_err(|_| Problem::INVALID)?;
    let arguments: Arguments = serde_json::from_slice(&body).map_err(|_| Problem::INVALID)?;
    let id = LotteryId::try_new(&arguments.lottery_id).map_err(|_| Problem::NO_SUCH_LOTTERY)?;
    let lottery = platform.in_time(platform.directory.lottery(&id)).await?.ok_or(Problem::NO_SUCH_LOTTERY)?;
    if !arguments.is_signed(&lottery) {
        return Err(Problem::DRAW_SIGNATURE);
    }
    if person.app != lottery.sponsor || person.openid.as_str() != arguments.openid {
        return Err(Problem::NOT_THIS_PERSON);
    }
    let drawn = draw_in(&platform, &lottery, person.openid).await?;
    tracing::info!(lottery.id = %id, won = drawn.won, is_replay = drawn.is_replay, "somebody drew");
    Ok(Json(drawn))
}

async fn draw_in<S: Store>(platform: &Platform<S>, lottery: &Lottery, openid: OpenId) -> Result<Drawn, Problem> {
    let key = BindingKey { lottery: lottery.id.clone(), openid };
    // What somebody has won they keep, whatever has become of the campaign.
    if let Some(binding) = platform.in_time(platform.store.binding(&key)).await? {
        return Ok(Drawn::won(&binding.packet, true));
    }
    let now = platform.in_time(platform.store.now()).await?;
    lottery.judge(now)?;
    if !lottery.wins(tokens::chance(platform.store.person_key(), &lottery.id, &key.openid)) {
        return Ok(Drawn { won: false, packet_id: None, is_replay: false });
    }
    for tries in 0..TRIES {
        if tries > 0 && tries % STALE_AFTER == 0 {
            platform.prize_pools.refill(&lottery.id);
        }
        let prize = platform.prize_pools.next(platform, &lottery.id).await?.ok_or(Problem::NO_PRIZE_LEFT)?;
        let (packet, payer) = (prize.packet.clone(), prize.payer.clone());
        let bind = BindPrize { key: key.clone(), app: lottery.sponsor.clone(), packet, payer };
        // Without an outcome it is not given back: if it is still free, it is read again.
        match platform.bind_prize(bind).await? {
            Ok(bound) => {
                let drawn = Drawn::won(&bound.binding.packet, bound.is_replay);
                if bound.binding.packet != prize.packet {
                    platform.prize_pools.give_back(&lottery.id, prize).await;
                }
                return Ok(drawn);
            }
            Err(BindRejection::Taken | BindRejection::NotAPrize) => {}
            Err(rejection) => {
                platform.prize_pools.give_back(&lottery.id, prize).await;
                return Err(rejection.into());
            }
        }
    }
    Err(Problem::BUSY)
}

impl Arguments {
    /// Whether the campaign's own key signed them.
    fn is_signed(&self, lottery: &Lottery) -> bool {
        let fields = [("lottery_id", &*self.lottery_id), ("noncestr", &self.noncestr), ("openid", &self.openid)];
        let right = sign::sign(SignType::Md5, fields, &lottery.key);
        (1..=64).contains(&self.noncestr.len())
            && bool::from(right.as_bytes().ct_eq(self.sign.to_ascii_uppercase().as_bytes()))
    }
}

impl Drawn {
    fn won(packet: &PacketId, is_replay: bool) -> Drawn {
        Drawn { won: true, packet_id: Some(packet.to_string()), is_replay }
    }
}

impl From<DrawRefusal> for Problem {
    fn from(refusal: DrawRefusal) -> Problem {
        match refusal {
            DrawRefusal::Off => Problem::DRAW_OFF,
            DrawRefusal::NotYet => Problem::DRAW_NOT_YET,
            DrawRefusal::Over => Problem::DRAW_OVER,
        }
    }
}

impl From<BindRejection> for Problem {
    fn from(rejection: BindRejection) -> Problem {
        match rejection {
            BindRejection::NotAPrize | BindRejection::Taken => Problem::NO_PRIZE_LEFT,
            BindRejection::NotRegistered => Problem::NOT_REGISTERED,
            BindRejection::Blocked => Problem::BLOCKED,
            BindRejection::PacketsPerMinute | BindRejection::PacketsPerDay | BindRejection::AmountPerDay => {
                Problem::PERSON_LIMIT
            }
        }
    }
}
