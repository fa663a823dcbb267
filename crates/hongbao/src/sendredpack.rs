//! `sendredpack` (发放普通红包): a packet for one person. Official page 4011974053.

use hongbao_types::{AppId, BillNo, Fen, OpenId, PacketId};
use hongbao_wire::endpoint::SENDREDPACK;

use crate::client::Client;
use crate::error::Error;
use crate::fields::{Request, RiskInfo, SubMerchant, parsed};

/// A packet to send. Keep it, with its bill number, before the first call; call again with the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendRedPack {
    /// `mch_billno`, at most 28 characters: the number under which it is paid at most once.
    pub bill_no: BillNo,
    /// `wxappid`: the app under which the person is known.
    pub app: AppId,
    /// `re_openid`: the person.
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
    /// `client_ip`: the IPv4 address of the machine that calls.
    pub client_ip: String,
    /// `scene_id`, `PRODUCT_1` to `PRODUCT_8`: needed above 200 yuan and below 1.
    pub scene: Option<String>,
    /// `risk_info`.
    pub risk_info: Option<RiskInfo>,
    /// For a service provider: on whose behalf.
    pub on_behalf_of: Option<SubMerchant>,
}

/// A packet that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRedPack {
    /// `send_listid`: the platform's number for it.
    pub packet: PacketId,
}

impl Client {
    /// Sends a packet, or, called again, gets the first call's answer.
    pub async fn sendredpack(&self, packet: &SendRedPack) -> Result<SentRedPack, Error> {
        let request = Request::new()
            .set("mch_billno", packet.bill_no.as_str())
            .set("wxappid", packet.app.as_str())
            .set("send_name", &packet.sender_name)
            .set("re_openid", packet.recipient.as_str())
            .set("total_amount", packet.total.to_string())
            .set("total_num", "1")
            .set("wishing", &packet.greeting)
            .set("client_ip", &packet.client_ip)
            .set("act_name", &packet.activity)
            .set("remark", &packet.remark)
            .maybe("scene_id", packet.scene.as_deref())
            .risk_info(packet.risk_info.as_ref())
            .on_behalf_of(packet.on_behalf_of.as_ref());
        let reply = self.call(&SENDREDPACK, request.finish()?).await?;
        Ok(SentRedPack { packet: parsed(&reply.fields, "send_listid")? })
    }
}
