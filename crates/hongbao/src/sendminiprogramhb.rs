//! `sendminiprogramhb` (发放小程序红包): a packet that a mini program opens. Official pages 4011937425 and 4011937428.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use hongbao_types::{AppId, BillNo, Fen, OpenId, PacketId};
use hongbao_wire::endpoint::SENDMINIPROGRAMHB;
use hongbao_wire::sign::{pay_sign, pay_sign_fields};

use crate::client::{Client, nonce};
use crate::error::Error;
use crate::fields::{Request, parsed, required};

/// A mini program's packet to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendMiniProgramHb {
    /// `mch_billno`, at most 28 characters: the number under which it is paid at most once.
    pub bill_no: BillNo,
    /// `wxappid`: the mini program.
    pub app: AppId,
    /// `re_openid`: the person, under the mini program.
    pub recipient: OpenId,
    /// `total_amount`.
    pub total: Fen,
    /// `send_name`, at most 32 characters.
    pub sender_name: String,
    /// `wishing`, at most 128 characters.
    pub greeting: String,
    /// `act_name`, at most 32 characters.
    pub activity: String,
    /// `remark`, at most 256 characters.
    pub remark: String,
    /// `scene_id`, `PRODUCT_1` to `PRODUCT_8`: needed above 200 yuan and below 1.
    pub scene: Option<String>,
}

/// A mini program's packet that was sent. `Debug` does not show the package, with which it is opened.
#[derive(Clone, PartialEq, Eq)]
pub struct SentMiniProgramHb {
    /// `send_listid`: the platform's number for it.
    pub packet: PacketId,
    /// `package`, opaque: what [`Client::biz_red_packet`] makes the page's arguments of.
    pub package: String,
}

/// The arguments of `wx.sendBizRedPacket`, by which the mini program's page opens a packet; nothing of them is in
/// `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct BizRedPacket {
    /// `timeStamp`: seconds since 1970.
    pub time_stamp: String,
    /// `nonceStr`.
    pub nonce_str: String,
    /// `package`, percent-encoded as a whole.
    pub package: String,
    /// `signType`: `MD5`.
    pub sign_type: String,
    /// `paySign`.
    pub pay_sign: String,
}

impl fmt::Debug for SentMiniProgramHb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentMiniProgramHb").field("packet", &self.packet).finish_non_exhaustive()
    }
}

impl fmt::Debug for BizRedPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BizRedPacket").finish_non_exhaustive()
    }
}

impl Client {
    /// Sends a packet that a mini program opens, or, called again, gets the first call's answer.
    pub async fn sendminiprogramhb(&self, packet: &SendMiniProgramHb) -> Result<SentMiniProgramHb, Error> {
        let request = Request::new()
            .set("mch_billno", packet.bill_no.as_str())
            .set("wxappid", packet.app.as_str())
            .set("send_name", &packet.sender_name)
            .set("re_openid", packet.recipient.as_str())
            .set("total_amount", packet.total.to_string())
            .set("total_num", "1")
            .set("wishing", &packet.greeting)
            .set("act_name", &packet.activity)
            .set("remark", &packet.remark)
            .set("notify_way", "MINI_PROGRAM_JSAPI")
            .maybe("scene_id", packet.scene.as_deref());
        let reply = self.call(&SENDMINIPROGRAMHB, request.finish()?).await?;
        Ok(SentMiniProgramHb {
            packet: parsed(&reply.fields, "send_listid")?,
            package: required(&reply.fields, "package")?.to_owned(),
        })
    }

    /// The signed arguments of `wx.sendBizRedPacket` for a `package` of [`sendminiprogramhb`](Client::sendminiprogramhb),
    /// as of now. Give them to the page as they are.
    pub fn biz_red_packet(&self, app: &AppId, package: &str) -> Result<BizRedPacket, Error> {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(self.biz_red_packet_at(app, package, &nonce()?, &seconds.to_string()))
    }

    /// The same with a nonce and a time of one's own.
    pub fn biz_red_packet_at(&self, app: &AppId, package: &str, nonce: &str, time_stamp: &str) -> BizRedPacket {
        let [_, _, (_, encoded), _] = pay_sign_fields(app.as_str(), nonce, package, time_stamp);
        BizRedPacket {
            time_stamp: time_stamp.to_owned(),
            nonce_str: nonce.to_owned(),
            package: encoded,
            sign_type: "MD5".to_owned(),
            pay_sign: pay_sign(app.as_str(), nonce, package, time_stamp, &self.api_key),
        }
    }
}
