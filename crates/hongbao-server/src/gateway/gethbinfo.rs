//! `gethbinfo` (查询红包记录): what became of a packet?
//!
//! Chosen: the app that the query names need not be the packet's. The bill number is the merchant's
//! own, and nobody knows how production takes another `appid`. It knows every packet, those of 企业微信 too.

use hongbao_engine::packet::Split;
use hongbao_store::Store;
use hongbao_wire::{Given, HbInfo};

use super::exchange::Exchange;
use super::packets::{PacketQuery, standing};
use super::refusal::Refusal;

pub(super) async fn handle<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let view = exchange.find_packet(|_| true).await?;
    let packet = &view.packet;
    let given = standing(&view).text("hb_type", hb_type(packet.split)).number("total_num", packet.share_count);
    let shares = view.claims.iter().map(|claim| HbInfo {
        openid: claim.openid.clone(),
        amount: claim.amount,
        rcv_time: claim.claimed_at,
    });
    Ok(given.shares(shares.collect()))
}

fn hb_type(split: Split) -> &'static str {
    match split {
        Split::Whole => "NORMAL",
        Split::Drawn { .. } => "GROUP",
    }
}
