//! `sendredpack` (发放普通红包): a merchant sends a packet to one person.

use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_wire::Given;

use super::exchange::Exchange;
use super::refusal::Refusal;
use super::sending::{Order, send, sent};

pub(super) async fn handle<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let merchant = exchange.authenticate().await?;
    exchange.permit(&merchant, Product::Ordinary).await?;
    Ok(sent(&send(exchange, &merchant, Order::single(Product::Ordinary)).await?))
}
