//! `sendworkwxredpack`, `queryworkwxredpack` (企业红包): a packet in the name of a corporation of 企业微信.
//!
//! Two signatures: the inner one (`workwx_sign`) is made with the corporation's secret over seven fields, and the
//! ordinary one covers it. The ordinary one is judged first, then the inner one, then what is allowed.

use hongbao_engine::directory::PermissionRefusal;
use hongbao_engine::packet::Product;
use hongbao_store::Store;
use hongbao_wire::{Given, sign};

use super::exchange::Exchange;
use super::packets::{PacketQuery, standing};
use super::refusal::Refusal;
use super::sending::{Order, send};

pub(super) async fn handle_send<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let merchant = exchange.authenticate().await?;
    let app = exchange.named_app().await?;
    let secret = app.as_ref().and_then(|app| app.workwx_secret.as_ref());
    let claimed = exchange.field("workwx_sign").ok_or(Refusal::WorkwxSignMissing)?;
    if secret.is_some_and(|secret| !sign::verify_workwx(&exchange.params, claimed, secret, merchant.mode)) {
        return Err(Refusal::WorkwxSign);
    }
    exchange.judge_permission(&merchant, Product::Workwx, app.as_deref()).map_err(in_its_own_words)?;
    if secret.is_none() {
        return Err(Refusal::NoCorporation);
    }
    let accepted = send(exchange, &merchant, Order::single(Product::Workwx)).await?;
    Ok(Given::new().text("send_listid", accepted.packet.as_str()))
}

fn in_its_own_words(refusal: PermissionRefusal) -> Refusal {
    match refusal {
        PermissionRefusal::AppNotBound => Refusal::NotOfCorporation,
        PermissionRefusal::ProductNotOpen => Refusal::NoCorporation,
        PermissionRefusal::IllegalApp | PermissionRefusal::Closed | PermissionRefusal::AddressNotAllowed => {
            Refusal::Permission(refusal)
        }
    }
}

pub(super) async fn handle_query<S: Store>(exchange: &mut Exchange<'_, S>) -> Result<Given, Refusal> {
    let view = exchange.find_packet(|packet| packet.product == Product::Workwx).await?;
    let packet = &view.packet;
    let mut given = standing(&view)
        .text("wishing", packet.texts.greeting.as_str())
        .text("remark", packet.texts.remark.as_str())
        .text("act_name", packet.texts.activity.as_str())
        .text("openid", packet.recipient.as_ref().map_or("", |openid| openid.as_str()));
    if let Some(claim) = view.claims.first() {
        given = given.amount("amount", claim.amount).time("rcv_time", claim.claimed_at);
    }
    if !packet.texts.sender_name.is_empty() {
        given = given.text("sender_name", packet.texts.sender_name.as_str());
    }
    if let Some(picture) = &packet.texts.sender_picture {
        given = given.text("sender_header_media_id", picture.as_str());
    }
    Ok(given)
}
