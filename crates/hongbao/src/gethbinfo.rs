//! `gethbinfo` (查询红包记录): what became of a packet? Official page 4011983160.

use hongbao_types::{AppId, BillNo, Fen, OpenId, PacketId};
use hongbao_wire::endpoint::GETHBINFO;
use hongbao_wire::{HbStatus, Params};

use crate::client::Client;
use crate::error::{Error, Kind};

/// What is known of a packet. Times are Beijing time, as the wire writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedPackInfo {
    /// `mch_billno`.
    pub bill_no: BillNo,
    /// `detail_id`: the platform's number, the `send_listid` of sending.
    pub packet: PacketId,
    /// `status`.
    pub status: HbStatus,
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
        let pairs = [("mch_billno", bill_no.as_str()), ("appid", app.as_str()), ("bill_type", "MCHT")];
        let params = Params::from_pairs(pairs).map_err(|error| Kind::Invalid(error.to_string()))?;
        let reply = self.call(&GETHBINFO, params).await?;
        let required = |name: &'static str| present(&reply.fields, name).ok_or(Kind::Mismatch(name));
        Ok(RedPackInfo {
            bill_no: bill_no.clone(),
            packet: parse(required("detail_id")?, "detail_id")?,
            status: HbStatus::from_wire(required("status")?),
            reason: present(&reply.fields, "reason").map(str::to_owned),
            share_count: parse(required("total_num")?, "total_num")?,
            total: parse(required("total_amount")?, "total_amount")?,
            send_time: required("send_time")?.to_owned(),
            refund_time: present(&reply.fields, "refund_time").map(str::to_owned),
            refund_amount: present(&reply.fields, "refund_amount")
                .map(|amount| parse(amount, "refund_amount"))
                .transpose()?,
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

fn present<'a>(fields: &'a Params, name: &str) -> Option<&'a str> {
    fields.get(name).filter(|value| !value.is_empty())
}

fn parse<T: std::str::FromStr>(value: &str, name: &'static str) -> Result<T, Kind> {
    value.parse().map_err(|_| Kind::Mismatch(name))
}
