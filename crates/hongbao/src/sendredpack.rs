//! `sendredpack` (发放普通红包): a packet for one person. Official page 4011974053.

use hongbao_types::{AppId, BillNo, Fen, OpenId, PacketId};
use hongbao_wire::Params;
use hongbao_wire::endpoint::SENDREDPACK;

use crate::client::Client;
use crate::error::{Error, Kind};

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
        let mut pairs = vec![
            ("mch_billno", packet.bill_no.as_str()),
            ("wxappid", packet.app.as_str()),
            ("send_name", &packet.sender_name),
            ("re_openid", packet.recipient.as_str()),
        ];
        let total = packet.total.to_string();
        pairs.extend([("total_amount", total.as_str()), ("total_num", "1"), ("wishing", &packet.greeting)]);
        pairs.extend([("client_ip", packet.client_ip.as_str()), ("act_name", &packet.activity)]);
        pairs.extend([("remark", packet.remark.as_str())]);
        pairs.extend(packet.scene.as_deref().map(|scene| ("scene_id", scene)));
        let params = Params::from_pairs(pairs).map_err(|error| Kind::Invalid(error.to_string()))?;
        let reply = self.call(&SENDREDPACK, params).await?;
        let packet = reply.fields.get("send_listid").and_then(|id| id.parse().ok());
        Ok(SentRedPack { packet: packet.ok_or(Kind::Mismatch("send_listid"))? })
    }
}
