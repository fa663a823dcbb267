//! `hbpreorder` (摇一摇红包预下单): a packet whose money is set aside, and whose person a shake finds. Retired upstream;
//! platforms of one's own may serve it.

use std::fmt;

use hongbao_types::{AppId, BillNo, Fen, PacketId};
use hongbao_wire::endpoint::HBPREORDER;

use crate::client::Client;
use crate::error::Error;
use crate::fields::{Request, parsed, required};

/// A packet to reserve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreOrder {
    /// `mch_billno`, at most 28 characters: the number under which it is paid at most once.
    pub bill_no: BillNo,
    /// `wxappid`: the app under which its people are known.
    pub app: AppId,
    /// `total_amount`: the money of all shares.
    pub total: Fen,
    /// `hb_type` and `total_num`.
    pub shares: PreOrderShares,
    /// `send_name`, at most 32 characters.
    pub sender_name: String,
    /// `wishing`, at most 128 characters.
    pub greeting: String,
    /// `act_name`, at most 32 characters.
    pub activity: String,
    /// `remark`, at most 256 characters.
    pub remark: String,
    /// `auth_mchid` and `auth_appid`.
    pub shake: Shake,
    /// `risk_cntl`.
    pub risk_control: RiskControl,
}

/// Into how many shares a pre-order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreOrderShares {
    /// `NORMAL`: one.
    One,
    /// `GROUP`: so many, 2 at least, to be shared with friends.
    Several(u32),
}

/// Which shake gives it to somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shake {
    /// Nearby (摇周边).
    #[default]
    Nearby,
    /// Television (摇电视).
    Television,
}

/// Which limits of a person count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RiskControl {
    /// `NORMAL`: all.
    #[default]
    Normal,
    /// `IGN_FREQ_LMT`: not the rate.
    IgnoreRate,
    /// `IGN_DAY_LMT`: not the day's number.
    IgnoreDay,
    /// `IGN_FREQ_DAY_LMT`: neither.
    IgnoreBoth,
}

/// A packet that is reserved. `Debug` does not show the ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct PreOrdered {
    /// `sp_ticket`, for a campaign's bucket. Who has it may give the packet away: keep it like money.
    pub ticket: String,
    /// `detail_id`: the platform's number for it.
    pub packet: PacketId,
    /// `send_time`: when, as `yyyyMMddHHmmss` in Beijing.
    pub send_time: String,
}

impl fmt::Debug for PreOrdered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreOrdered")
            .field("packet", &self.packet)
            .field("send_time", &self.send_time)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Reserves a packet, or, called again, gets the first call's answer.
    pub async fn hbpreorder(&self, order: &PreOrder) -> Result<PreOrdered, Error> {
        let (hb_type, total_num) = match order.shares {
            PreOrderShares::One => ("NORMAL", 1),
            PreOrderShares::Several(count) => ("GROUP", count),
        };
        let (auth_mchid, auth_appid) = match order.shake {
            Shake::Nearby => ("1000052601", "wxbf42bd79c4391863"),
            Shake::Television => ("1000048201", "wxbe43ea14debca355"),
        };
        let risk_cntl = match order.risk_control {
            RiskControl::Normal => "NORMAL",
            RiskControl::IgnoreRate => "IGN_FREQ_LMT",
            RiskControl::IgnoreDay => "IGN_DAY_LMT",
            RiskControl::IgnoreBoth => "IGN_FREQ_DAY_LMT",
        };
        let request = Request::new()
            .set("mch_billno", order.bill_no.as_str())
            .set("wxappid", order.app.as_str())
            .set("send_name", &order.sender_name)
            .set("hb_type", hb_type)
            .set("auth_mchid", auth_mchid)
            .set("auth_appid", auth_appid)
            .set("total_amount", order.total.to_string())
            .set("amt_type", "ALL_RAND")
            .set("total_num", total_num.to_string())
            .set("wishing", &order.greeting)
            .set("act_name", &order.activity)
            .set("remark", &order.remark)
            .set("risk_cntl", risk_cntl);
        let reply = self.call(&HBPREORDER, request.finish()?).await?;
        Ok(PreOrdered {
            ticket: required(&reply.fields, "sp_ticket")?.to_owned(),
            packet: parsed(&reply.fields, "detail_id")?,
            send_time: required(&reply.fields, "send_time")?.to_owned(),
        })
    }
}
