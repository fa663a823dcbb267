//! `sendworkwxredpack`, `queryworkwxredpack` (企业红包): a packet in the name of a corporation. Pages 90275 and 90276 of
//! 企业微信, Tencent's edition for companies.

use hongbao_types::{AppId, BillNo, Fen, OpenId, PacketId, WorkwxSecret};
use hongbao_wire::HbStatus;
use hongbao_wire::endpoint::{QUERYWORKWXREDPACK, SENDWORKWXREDPACK};
use hongbao_wire::sign::workwx_sign;

use crate::client::{Client, nonce};
use crate::error::Error;
use crate::fields::{Request, maybe_parsed, maybe_text, parsed, required};
use crate::sendredpack::SentRedPack;

/// A corporation's packet to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendWorkwxRedPack {
    /// `mch_billno`, at most 28 characters: the number under which it is paid at most once.
    pub bill_no: BillNo,
    /// `wxappid`: the corporation (corpid).
    pub corporation: AppId,
    /// `re_openid`: the person, by the openid that 企业微信 made of the userid.
    pub recipient: OpenId,
    /// `total_amount`.
    pub total: Fen,
    /// `sender_name` or `agentid`.
    pub sender: WorkwxSender,
    /// `sender_header_media_id`: the sender's picture.
    pub sender_picture: Option<String>,
    /// `wishing`, at most 128 characters.
    pub greeting: String,
    /// `act_name`, at most 32 characters.
    pub project: String,
    /// `remark`, at most 256 characters.
    pub remark: String,
    /// `scene_id`, `PRODUCT_1` to `PRODUCT_8`: needed above 200 yuan and below 1.
    pub scene: Option<String>,
}

/// Who a corporation's packet is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkwxSender {
    /// `sender_name`: somebody, at most 128 characters.
    Name(String),
    /// `agentid`: an app of the corporation.
    Agent(u32),
}

/// What is known of a corporation's packet. Times are Beijing time, as the wire writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkwxRedPackInfo {
    /// `detail_id`: the platform's number.
    pub packet: PacketId,
    /// `status`.
    pub status: HbStatus,
    /// `reason`: why it is still being issued, or failed.
    pub reason: Option<String>,
    /// `send_type`: how it was sent, `API`.
    pub send_type: Option<String>,
    /// `total_amount`.
    pub total: Fen,
    /// `send_time`.
    pub send_time: String,
    /// `refund_time`.
    pub refund_time: Option<String>,
    /// `refund_amount`.
    pub refund_amount: Option<Fen>,
    /// `openid`: the person.
    pub recipient: Option<OpenId>,
    /// `amount`: what was opened.
    pub amount: Option<Fen>,
    /// `rcv_time`: when it was opened.
    pub received_at: Option<String>,
    /// `wishing`.
    pub greeting: Option<String>,
    /// `act_name`.
    pub project: Option<String>,
    /// `remark`.
    pub remark: Option<String>,
    /// `sender_name`: from whom it was, unless from an app.
    pub sender_name: Option<String>,
    /// `sender_header_media_id`: the sender's picture.
    pub sender_picture: Option<String>,
}

impl Client {
    /// Sends a corporation's packet, or, called again, gets the first call's answer. `secret` is that of the
    /// corporation's payment app, with which the inner signature is made.
    pub async fn sendworkwxredpack(
        &self,
        packet: &SendWorkwxRedPack,
        secret: &WorkwxSecret,
    ) -> Result<SentRedPack, Error> {
        let (name, agent) = match &packet.sender {
            WorkwxSender::Name(name) => (Some(name.as_str()), None),
            WorkwxSender::Agent(agent) => (None, Some(agent.to_string())),
        };
        let request = Request::new()
            .set("nonce_str", nonce()?)
            .set("mch_id", self.merchant.as_str())
            .set("mch_billno", packet.bill_no.as_str())
            .set("wxappid", packet.corporation.as_str())
            .maybe("sender_name", name)
            .maybe("agentid", agent)
            .maybe("sender_header_media_id", packet.sender_picture.as_deref())
            .set("re_openid", packet.recipient.as_str())
            .set("total_amount", packet.total.to_string())
            .set("wishing", &packet.greeting)
            .set("act_name", &packet.project)
            .set("remark", &packet.remark)
            .maybe("scene_id", packet.scene.as_deref());
        let mut params = request.finish()?;
        let inner = workwx_sign(&params, secret);
        params.set("workwx_sign", inner).map_err(|error| Error::invalid(&error))?;
        let reply = self.call(&SENDWORKWXREDPACK, params).await?;
        Ok(SentRedPack { packet: parsed(&reply.fields, "send_listid")? })
    }

    /// Asks what became of a corporation's packet. `NOT_FOUND` proves nothing: the send may still be on its way.
    pub async fn queryworkwxredpack(&self, bill_no: &BillNo, corporation: &AppId) -> Result<WorkwxRedPackInfo, Error> {
        let request = Request::new().set("mch_billno", bill_no.as_str()).set("appid", corporation.as_str());
        let reply = self.call(&QUERYWORKWXREDPACK, request.finish()?).await?;
        let fields = &reply.fields;
        Ok(WorkwxRedPackInfo {
            packet: parsed(fields, "detail_id")?,
            status: HbStatus::from_wire(required(fields, "status")?),
            reason: maybe_text(fields, "reason"),
            send_type: maybe_text(fields, "send_type"),
            total: parsed(fields, "total_amount")?,
            send_time: required(fields, "send_time")?.to_owned(),
            refund_time: maybe_text(fields, "refund_time"),
            refund_amount: maybe_parsed(fields, "refund_amount")?,
            recipient: maybe_parsed(fields, "openid")?,
            amount: maybe_parsed(fields, "amount")?,
            received_at: maybe_text(fields, "rcv_time"),
            greeting: maybe_text(fields, "wishing"),
            project: maybe_text(fields, "act_name"),
            remark: maybe_text(fields, "remark"),
            sender_name: maybe_text(fields, "sender_name"),
            sender_picture: maybe_text(fields, "sender_header_media_id"),
        })
    }
}
