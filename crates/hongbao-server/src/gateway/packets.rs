//! How is a packet found, and what is said of where it stands? What all queries have in common.

use hongbao_engine::packet::{Packet, PacketStatus};
use hongbao_store::{PacketView, Store};
use hongbao_wire::HbStatus;

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
        let found = self.platform.store.packet_by_bill(&bill).await?;
        found.filter(|view| view.packet.is_queryable(view.now) && wanted(&view.packet)).ok_or(Refusal::NoSuchPacket)
    }
}

/// The word for a status.
pub(super) fn wire_status(status: PacketStatus) -> HbStatus {
    match status {
        PacketStatus::Sending(_) => HbStatus::Sending,
        PacketStatus::Sent => HbStatus::Sent,
        PacketStatus::Failed(_) => HbStatus::Failed,
        PacketStatus::Received => HbStatus::Received,
        PacketStatus::Refunding => HbStatus::RefundRunning,
        PacketStatus::Refunded { .. } => HbStatus::Refunded,
    }
}

/// Why it is not sent yet, or failed.
pub(super) fn reason(status: PacketStatus) -> Option<&'static str> {
    match status {
        PacketStatus::Sending(decline) | PacketStatus::Failed(decline) => Some(decline_answer(decline).1),
        PacketStatus::Sent | PacketStatus::Received | PacketStatus::Refunding | PacketStatus::Refunded { .. } => None,
    }
}
