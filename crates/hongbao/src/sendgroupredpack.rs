//! `sendgroupredpack` (发放裂变红包): a packet of several shares. Retired upstream since 2024-06-05: WeChat Pay's own
//! host refuses it, and so does this client, unless it is told that one knows
//! ([`ClientBuilder::allow_retired_calls`](crate::ClientBuilder::allow_retired_calls)). Platforms of one's own serve it.

use hongbao_types::{AppId, BillNo, Fen, OpenId};
use hongbao_wire::endpoint::SENDGROUPREDPACK;

use crate::client::Client;
use crate::error::Error;
use crate::fields::{Request, RiskInfo, SubMerchant, parsed};
use crate::sendredpack::SentRedPack;

/// A packet of several shares to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendGroupRedPack {
    /// `mch_billno`, at most 28 characters: the number under which it is paid at most once.
    pub bill_no: BillNo,
    /// `wxappid`: the app under which its people are known.
    pub app: AppId,
    /// `re_openid`: the seed user (种子用户), who opens first.
    pub seed_user: OpenId,
    /// `total_amount`: the money of all shares; the average share must be within the limits.
    pub total: Fen,
    /// `total_num`: how many shares, 3 at least.
    pub share_count: u32,
    /// `send_name`, at most 32 characters.
    pub sender_name: String,
    /// `wishing`, at most 128 characters.
    pub greeting: String,
    /// `act_name`, at most 32 characters.
    pub activity: String,
    /// `remark`, at most 256 characters.
    pub remark: String,
    /// `scene_id`, `PRODUCT_1` to `PRODUCT_8`.
    pub scene: Option<String>,
    /// `risk_info`.
    pub risk_info: Option<RiskInfo>,
    /// For a service provider: on whose behalf.
    pub on_behalf_of: Option<SubMerchant>,
}

impl Client {
    /// Sends a packet of several shares, or, called again, gets the first call's answer.
    pub async fn sendgroupredpack(&self, packet: &SendGroupRedPack) -> Result<SentRedPack, Error> {
        let request = Request::new()
            .set("mch_billno", packet.bill_no.as_str())
            .set("wxappid", packet.app.as_str())
            .set("send_name", &packet.sender_name)
            .set("re_openid", packet.seed_user.as_str())
            .set("total_amount", packet.total.to_string())
            .set("total_num", packet.share_count.to_string())
            .set("amt_type", "ALL_RAND")
            .set("wishing", &packet.greeting)
            .set("act_name", &packet.activity)
            .set("remark", &packet.remark)
            .maybe("scene_id", packet.scene.as_deref())
            .risk_info(packet.risk_info.as_ref())
            .on_behalf_of(packet.on_behalf_of.as_ref());
        let reply = self.call(&SENDGROUPREDPACK, request.finish()?).await?;
        Ok(SentRedPack { packet: parsed(&reply.fields, "send_listid")? })
    }
}
