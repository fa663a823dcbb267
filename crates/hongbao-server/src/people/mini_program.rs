//! `POST /jsapi/sendBizRedPacket`: a mini program's page opens a packet, with the arguments that the merchant signed for
//! `wx.sendBizRedPacket`. Official pages 4011941288 and 4011937428; protocol: the words of `retmsg` are those that were
//! seen, Chosen are the numbers, and whatever is not in that list.
//!
//! Judged are, in this order: the arguments' form, where the mini program was opened from, the package, the signature;
//! then what every claim is judged by.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use hongbao_engine::command::{ClaimShare, ClaimWay};
use hongbao_engine::outcome::ClaimRejection;
use hongbao_engine::packet::{Packet, Product};
use hongbao_store::{CallError, ClaimRange, Store, StoreError};
use hongbao_types::PacketId;
use hongbao_wire::sign;
use serde::{Deserialize, Serialize};

use super::assertion::{self, Person, Purpose};
use super::problem::Problem;
use crate::body;
use crate::platform::Platform;
use crate::tokens;

/// What `wx.sendBizRedPacket` is called with, and the scene that the mini program was opened in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    time_stamp: String,
    nonce_str: String,
    /// Percent-encoded as a whole, as it is signed.
    package: String,
    sign_type: String,
    pay_sign: String,
    scene: u32,
}

/// What the callbacks are told.
#[derive(Serialize)]
pub(crate) struct Answer {
    retcode: u8,
    retmsg: &'static str,
    #[serde(rename = "errMsg")]
    message: String,
}

/// The most bytes of a call: a package has 251.
const BODY_LIMIT: usize = 4 * 1024;
/// Where a mini program may have been opened from: QR codes, scanned in one way or another.
const SCENES: [u32; 4] = [1011, 1025, 1047, 1124];

macro_rules! refusals {
    ($($name:ident = $number:literal $words:literal;)*) => {
        /// Why a packet is not opened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Refusal { $($name),* }

        impl Refusal {
            fn parts(self) -> (u8, &'static str) {
                match self { $(Refusal::$name => ($number, $words)),* }
            }
        }
    };
}

refusals! {
    Arguments = 1 "参数格式校验错误";
    Signature = 2 "签名失败";
    AlreadyOpened = 3 "已经绑定过红包";
    Expired = 4 "已经过期";
    Scene = 5 "请扫码打开小程序";
    NotTheRecipient = 6 "这个红包是给别人的";
    NotSent = 7 "红包还没有发出";
    Again = 8 "系统繁忙，请稍后再试";
    Unknown = 9 "结果未知，请原样重试：最多只会领取一次";
    Blocked = 10 "用户被限制";
}

pub(crate) async fn open<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, Problem> {
    let person = assertion::judge(&platform, &headers, Purpose::Identity).await?.person;
    let opened = open_for(&platform, person, body).await;
    let (retcode, retmsg) = opened.map_or_else(Refusal::parts, |()| (0, "ok"));
    if retcode != 0 {
        tracing::info!(retcode, why = retmsg, "a mini program's packet was not opened");
    }
    let message = if retcode == 0 { "ok".to_owned() } else { format!("fail {retmsg}") };
    Ok(Json(Answer { retcode, retmsg, message: format!("sendBizRedPacket:{message}") }))
}

async fn open_for<S: Store>(platform: &Platform<S>, person: Person, body: Body) -> Result<(), Refusal> {
    let body = body::read(body, BODY_LIMIT, platform.http.body_patience).await.map_err(|_| Refusal::Arguments)?;
    let arguments: Arguments = serde_json::from_slice(&body).map_err(|_| Refusal::Arguments)?;
    let packet = arguments.packet(platform).await?;
    if packet.app != person.app {
        return Err(Refusal::NotTheRecipient);
    }
    arguments.judge_signature(platform, &packet).await?;
    let (app, openid) = (person.app, person.openid);
    let way = ClaimWay::MiniProgram;
    let claim = ClaimShare { packet: packet.id, app, openid, way, registered_only: false };
    let claimed = platform.claim_share(claim).await??;
    if claimed.is_replay {
        return Err(Refusal::AlreadyOpened);
    }
    tracing::info!(packet.id = %claimed.claim.packet, amount_fen = claimed.claim.amount.as_i64(), "a share was opened");
    Ok(())
}

impl Arguments {
    /// The packet that the package stands for.
    async fn packet<S: Store>(&self, platform: &Platform<S>) -> Result<Packet, Refusal> {
        let is_short = |text: &str| (1..=32).contains(&text.len());
        let is_time = is_short(&self.time_stamp) && self.time_stamp.bytes().all(|b| b.is_ascii_digit());
        if !is_time || !is_short(&self.nonce_str) || self.sign_type != "MD5" {
            return Err(Refusal::Arguments);
        }
        if !SCENES.contains(&self.scene) {
            return Err(Refusal::Scene);
        }
        let key = platform.store.person_key();
        let raw = percent_encoding::percent_decode_str(&self.package).decode_utf8().map_err(|_| Refusal::Arguments)?;
        if raw == self.package {
            // It was to be encoded.
            return Err(Refusal::Arguments);
        }
        let id: PacketId = tokens::packet_of_package(key, &raw).ok_or(Refusal::Arguments)?;
        let view = platform.in_time(platform.store.packet(&id, ClaimRange::NONE)).await?;
        let packet = view.map(|view| view.packet).filter(|packet| packet.product == Product::MiniProgram);
        let packet = packet.ok_or(Refusal::Arguments)?;
        let is_whole = tokens::package(key, &packet.id, packet.bill.merchant.as_str()) == *raw;
        if is_whole { Ok(packet) } else { Err(Refusal::Arguments) }
    }

    /// Whether the merchant who sent the packet signed these arguments.
    async fn judge_signature<S: Store>(&self, platform: &Platform<S>, packet: &Packet) -> Result<(), Refusal> {
        let merchant = platform.in_time(platform.directory.merchant(&packet.bill.merchant)).await?;
        let merchant = merchant.ok_or(Refusal::Signature)?;
        let now = platform.clock.0.now();
        let app = packet.app.as_str();
        let is_signed = merchant.keys_at(now).any(|key| {
            sign::verify_pay_sign(app, &self.nonce_str, &self.package, &self.time_stamp, &self.pay_sign, key)
        });
        if is_signed { Ok(()) } else { Err(Refusal::Signature) }
    }
}

impl From<ClaimRejection> for Refusal {
    fn from(rejection: ClaimRejection) -> Refusal {
        match rejection {
            ClaimRejection::NoSuchPacket | ClaimRejection::NotThisWay => Refusal::Arguments,
            ClaimRejection::NotTheRecipient | ClaimRejection::NotShared | ClaimRejection::BeingErased => {
                Refusal::NotTheRecipient
            }
            ClaimRejection::NotRegistered | ClaimRejection::Blocked => Refusal::Blocked,
            ClaimRejection::NotSent => Refusal::NotSent,
            ClaimRejection::Expired | ClaimRejection::Refunded => Refusal::Expired,
            ClaimRejection::Exhausted => Refusal::AlreadyOpened,
        }
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Refusal {
        match error {
            CallError::Full | CallError::Stopped | CallError::Unavailable => Refusal::Again,
            CallError::Unanswered | CallError::SystemError => Refusal::Unknown,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        tracing::error!(%error, "the store could not read");
        Refusal::Again
    }
}
