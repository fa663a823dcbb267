//! `gethbinfo` (查询红包记录): what became of a packet? Official page 4011983160.

use hongbao_types::{AppId, BillNo, Fen, OpenId, PacketId};
use hongbao_wire::endpoint::GETHBINFO;
use hongbao_wire::{HbStatus, Params};

use crate::client::Client;
use crate::error::{Error, Kind};
use crate::fields::{Request, maybe_parsed, maybe_text, parse, parsed, present, required};

/// What is known of a packet. Times are Beijing time, as the wire writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedPackInfo {
    /// `mch_billno`.
    pub bill_no: BillNo,
    /// `detail_id`: the platform's number, the `send_listid` of sending.
    pub packet: PacketId,
    /// `status`.
    pub status: HbStatus,
    /// `send_type`: how it was sent, `API` or by hand.
    pub send_type: Option<String>,
    /// `hb_type`: `NORMAL`, or `GROUP` for several shares.
    pub kind: String,
    /// `reason`: why it is still being issued, or failed.
    pub reason: Option<String>,
    /// `total_num`.
    pub share_count: u32,
    /// `total_amount`.
    pub total: Fen,
    /// `send_time`.
    pub send_time: String,
    /// `refund_time`.
    pub refund_time: Option<String>,
    /// `refund_amount`.
    pub refund_amount: Option<Fen>,
    /// `hblist`: the shares that were opened, newest first.
    pub shares: Vec<Share>,
}

/// A share that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// `openid`: by whom.
    pub openid: OpenId,
    /// `amount`.
    pub amount: Fen,
    /// `rcv_time`.
    pub time: String,
}

impl Client {
    /// Asks what became of the packet with this bill number. `NOT_FOUND` proves nothing: the send may
    /// still be on its way.
    pub async fn gethbinfo(&self, bill_no: &BillNo, app: &AppId) -> Result<RedPackInfo, Error> {
        let request =
            Request::new().set("mch_billno", bill_no.as_str()).set("appid", app.as_str()).set("bill_type", "MCHT");
        let reply = self.call(&GETHBINFO, request.finish()?).await?;
        let fields = &reply.fields;
        Ok(RedPackInfo {
            bill_no: bill_no.clone(),
            packet: parsed(fields, "detail_id")?,
            status: HbStatus::from_wire(required(fields, "status")?),
            send_type: maybe_text(fields, "send_type"),
            kind: required(fields, "hb_type")?.to_owned(),
            reason: maybe_text(fields, "reason"),
            share_count: parsed(fields, "total_num")?,
            total: parsed(fields, "total_amount")?,
            send_time: required(fields, "send_time")?.to_owned(),
            refund_time: maybe_text(fields, "refund_time"),
            refund_amount: maybe_parsed(fields, "refund_amount")?,
            shares: reply.shares.iter().map(share).collect::<Result<_, _>>()?,
        })
    }
}

fn share(fields: &Params) -> Result<Share, Kind> {
    let part = |name| present(fields, name).ok_or(Kind::Mismatch("hblist"));
    Ok(Share {
        openid: parse(part("openid")?, "hblist")?,
        amount: parse(part("amount")?, "hblist")?,
        time: part("rcv_time")?.to_owned(),
    })
}
