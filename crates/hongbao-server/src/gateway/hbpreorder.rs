//! `hbpreorder` (摇一摇红包预下单): a packet whose money is set aside now and whose person comes later, by its ticket.
//!
//! Chosen: in compatible mode the `total_num` of a `NORMAL` one is ignored, because the only sample there is says 3.

use hongbao_engine::lottery::{PreOrder, RiskControl};
use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_wire::Given;

use super::exchange::Exchange;
use super::refusal::Refusal;
use super::sending::{Order, send};
use crate::tokens;

pub(super) async fn handle<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let merchant = exchange.authenticate().await?;
    exchange.permit(&merchant, Product::PreOrder).await?;
    let share_count = match exchange.field("hb_type") {
        Some("GROUP") => exchange.parsed("total_num")?,
        _ => 1,
    };
    let pre_order = PreOrder {
        service: exchange.parsed("auth_mchid")?,
        risk_control: match exchange.field("risk_cntl") {
            Some("IGN_FREQ_LMT") => RiskControl::IgnoreRate,
            Some("IGN_DAY_LMT") => RiskControl::IgnoreDay,
            Some("IGN_FREQ_DAY_LMT") => RiskControl::IgnoreBoth,
            _ => RiskControl::Normal,
        },
        lottery: None,
        bound_at: None,
    };
    let order =
        Order { share_count, recipient_field: None, reserved: Some(pre_order), ..Order::single(Product::PreOrder) };
    let accepted = send(exchange, &merchant, order).await?;
    let ticket = tokens::ticket(exchange.platform.store.person_key(), &accepted.packet);
    Ok(Given::new()
        .text("sp_ticket", ticket)
        .text("detail_id", accepted.packet.as_str())
        .compact_time("send_time", accepted.sent_at))
}
