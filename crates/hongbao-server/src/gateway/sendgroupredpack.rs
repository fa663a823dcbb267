//! `sendgroupredpack` (发放裂变红包): a packet of several shares, to a seed user first.

use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_wire::Given;

use super::exchange::Exchange;
use super::refusal::Refusal;
use super::sending::{Order, send, sent};

pub(super) async fn handle<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let merchant = exchange.authenticate().await?;
    exchange.permit(&merchant, Product::Group).await?;
    let share_count = exchange.parsed("total_num")?;
    let order = Order { share_count, ..Order::single(Product::Group) };
    Ok(sent(&send(exchange, &merchant, order).await?))
}
