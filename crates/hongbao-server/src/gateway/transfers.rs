//! `transfers`, `gettransferinfo` (企业付款到零钱): into a person's wallet at once.
//!
//! Chosen: `FORCE_CHECK` checks that a name is given, and no more, for the platform knows nobody's; one that is not
//! paid yet is `PROCESSING` with a reason, as a packet would be `SENDING`.

use hongbao_engine::packet::{PacketStatus, Product};
use hongbao_store::Store;
use hongbao_wire::Given;

use super::exchange::Exchange;
use super::packets::{PacketQuery, reason};
use super::refusal::Refusal;
use super::sending::{Order, send};

pub(super) async fn handle_send<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let merchant = exchange.authenticate().await?;
    exchange.permit(&merchant, Product::Transfer).await?;
    let order = Order { recipient_field: Some("openid"), amount_field: "amount", ..Order::single(Product::Transfer) };
    let accepted = send(exchange, &merchant, order).await?;
    Ok(Given::new().text("payment_no", accepted.packet.as_str()).time("payment_time", accepted.sent_at))
}

pub(super) async fn handle_query<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let view = exchange.find_packet(|_| true).await?;
    let packet = &view.packet;
    let status = packet.status(view.now);
    let word = match status {
        PacketStatus::Received => "SUCCESS",
        PacketStatus::Failed(_) => "FAILED",
        // A transfer is never open: the three behind the first can't be.
        PacketStatus::Sending(_) | PacketStatus::Sent | PacketStatus::Refunding | PacketStatus::Refunded { .. } => {
            "PROCESSING"
        }
    };
    let mut given = Given::new()
        .text("detail_id", packet.id.as_str())
        .text("status", word)
        .text("openid", packet.recipient.as_ref().map_or("", |openid| openid.as_str()))
        .amount("payment_amount", packet.total)
        .time("transfer_time", packet.created_at)
        .text("desc", packet.texts.remark.as_str());
    if let PacketStatus::Sending(decline) | PacketStatus::Failed(decline) = status {
        given = given.text("reason", reason(decline));
    }
    if let Some(name) = &packet.texts.recipient_name {
        given = given.text("transfer_name", name.as_str());
    }
    if packet.is_accepted() {
        given = given.time("payment_time", packet.sent_at);
    }
    Ok(given)
}
