//! `sendminiprogramhb` (发放小程序红包): a packet that a mini program opens, with the `package` that this call returns.

use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_wire::Given;

use super::exchange::Exchange;
use super::refusal::Refusal;
use super::sending::{Order, send};
use crate::tokens;

pub(super) async fn handle<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let merchant = exchange.authenticate().await?;
    exchange.permit(&merchant, Product::MiniProgram).await?;
    let accepted = send(exchange, &merchant, Order::single(Product::MiniProgram)).await?;
    let package = tokens::package(exchange.platform.store.person_key(), &accepted.packet, merchant.id.as_str());
    Ok(Given::new().text("send_listid", accepted.packet.as_str()).text("package", package))
}
