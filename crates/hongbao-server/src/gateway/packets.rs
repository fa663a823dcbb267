//! How is a packet found, and what is said of where it stands? What all queries have in common.

use hongbao_engine::packet::{Decline, Packet, PacketStatus};
use hongbao_store::{PacketView, Store};
use hongbao_wire::{Given, HbStatus};

use super::exchange::Exchange;
use super::refusal::{Refusal, decline_answer};

/// Finds the packet that a query means.
pub(super) trait PacketQuery {
    /// The packet with the request's bill number, if its merchant may still ask for it and it is `wanted` here.
    async fn find_packet(&mut self, wanted: impl Fn(&Packet) -> bool) -> Result<PacketView, Refusal>;
}

impl<S: Store> PacketQuery for Exchange<'_, S> {
    async fn find_packet(&mut self, wanted: impl Fn(&Packet) -> bool) -> Result<PacketView, Refusal> {
        let merchant = self.authenticate().await?;
        self.permit_query(&merchant)?;
        let bill = self.bill(&merchant)?;
        let found = self.platform.in_time(self.platform.store.packet_by_bill(&bill)).await?;
        found.filter(|view| view.packet.is_queryable(view.now) && wanted(&view.packet)).ok_or(Refusal::NoSuchPacket)
    }
}

/// What every query of packets says.
pub(super) fn standing(view: &PacketView) -> Given {
    let packet = &view.packet;
    let status = packet.status(view.now);
    let given = Given::new()
        .text("detail_id", packet.id.as_str())
        .text("status", wire_status(status).as_str())
        .text("send_type", "API")
        .amount("total_amount", packet.total)
        .time("send_time", packet.sent_at);
    match status {
        PacketStatus::Refunded { amount, at } => given.time("refund_time", at).amount("refund_amount", amount),
        PacketStatus::Sending(decline) | PacketStatus::Failed(decline) => given.text("reason", reason(decline)),
        PacketStatus::Sent | PacketStatus::Received | PacketStatus::Refunding => given,
    }
}

/// The word for a status.
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

/// Why it is not sent yet, or failed: what was said when it was declined.
pub(super) fn reason(decline: Decline) -> &'static str {
    decline_answer(decline).1
}
