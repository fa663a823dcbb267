//! `gethbinfo` (查询红包记录): what became of a packet?
//!
//! Chosen: the app that the query names need not be the packet's. The bill number is the merchant's
//! own, and nobody knows how production takes another `appid`.

use hongbao_engine::packet::{BillKey, Family, PacketStatus, Product};
use hongbao_store::Store;
use hongbao_wire::endpoint::GETHBINFO;
use hongbao_wire::{HbInfo, HbStatus, Params, Reply, text};

use super::authenticate::{authenticate, parsed};
use super::refusal::{Refusal, decline_answer};
use crate::listener::Peer;
use crate::platform::Platform;

pub(super) async fn handle<S: Store>(platform: &Platform<S>, peer: &Peer, params: &Params) -> Result<Reply, Refusal> {
    let caller = authenticate(platform, peer, &GETHBINFO, params).await?;
    caller.merchant.judge_address(peer.address)?;
    let bill = BillKey {
        merchant: caller.merchant.id.clone(),
        family: Family::Packets,
        bill_no: parsed(params, "mch_billno")?,
    };
    let found = platform.store.packet_by_bill(&bill).await?;
    let view = found.filter(|view| view.packet.is_queryable(view.now)).ok_or(Refusal::NoSuchPacket)?;

    let packet = &view.packet;
    let status = packet.status(view.now);
    let mut reply = Reply::success(text::QUERY_OK);
    reply
        .echo(&GETHBINFO, params, None)
        .text("detail_id", packet.id.as_str())
        .text("status", wire_status(status).as_str())
        .text("send_type", "API")
        .text("hb_type", hb_type(packet.product))
        .number("total_num", packet.share_count)
        .amount("total_amount", packet.total);
    match status {
        PacketStatus::Sending(decline) | PacketStatus::Failed(decline) => {
            reply.text("reason", decline_answer(decline).1).time("send_time", packet.sent_at);
        }
        PacketStatus::Refunded { amount, at } => {
            reply.time("send_time", packet.sent_at).time("refund_time", at).amount("refund_amount", amount);
        }
        PacketStatus::Sent | PacketStatus::Received | PacketStatus::Refunding => {
            reply.time("send_time", packet.sent_at);
        }
    }
    let shares = view.claims.iter().map(|claim| HbInfo {
        openid: claim.openid.clone(),
        amount: claim.amount,
        rcv_time: claim.claimed_at,
    });
    reply.shares(shares.collect());
    Ok(reply)
}

fn wire_status(status: PacketStatus) -> HbStatus {
    match status {
        PacketStatus::Sending(_) => HbStatus::Sending,
        PacketStatus::Sent => HbStatus::Sent,
        PacketStatus::Failed(_) => HbStatus::Failed,
        PacketStatus::Received => HbStatus::Received,
        PacketStatus::Refunding => HbStatus::RefundRunning,
        PacketStatus::Refunded { .. } => HbStatus::Refunded,
    }
}

fn hb_type(product: Product) -> &'static str {
    match product {
        Product::Ordinary => "NORMAL",
    }
}
