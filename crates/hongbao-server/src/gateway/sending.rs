//! How does a request become a packet? What all endpoints that send have in common: permission, who pays, the texts
//! that are shown, the command, and what is made of its outcome.

use std::sync::Arc;

use hongbao_engine::command::SendPacket;
use hongbao_engine::directory::{Merchant, ProvisionRefusal};
use hongbao_engine::lottery::PreOrder;
use hongbao_engine::outcome::{Accepted, SendOutcome};
use hongbao_engine::packet::{Product, Texts};
use hongbao_store::Store;
use hongbao_types::{AppId, MerchantId, OpenId};
use hongbao_wire::Given;

use super::exchange::Exchange;
use super::refusal::Refusal;

/// What an endpoint asks to be sent.
pub(super) struct Order {
    pub(super) product: Product,
    /// The field that names the person; of a pre-order, none.
    pub(super) recipient_field: Option<&'static str>,
    pub(super) amount_field: &'static str,
    pub(super) share_count: u32,
    /// What only a pre-order has.
    pub(super) reserved: Option<PreOrder>,
}

impl Order {
    /// One share for one person.
    pub(super) fn single(product: Product) -> Order {
        Order {
            product,
            recipient_field: Some("re_openid"),
            amount_field: "total_amount",
            share_count: 1,
            reserved: None,
        }
    }
}

/// Who pays, on whose behalf, and under which app the person is known.
struct Provision {
    payer: MerchantId,
    on_behalf_of: Option<MerchantId>,
    app: AppId,
}

/// Sends what is ordered, for a merchant who is authenticated and permitted.
pub(super) async fn send<S: Store>(
    exchange: &Exchange<'_, S>,
    merchant: &Arc<Merchant>,
    order: Order,
) -> Result<Accepted, Refusal> {
    let platform = exchange.platform;
    let Provision { payer, on_behalf_of, app } = provision(exchange, merchant).await?;
    let bill = exchange.bill(merchant)?;
    let recipient: Option<OpenId> = order.recipient_field.map(|field| exchange.parsed(field)).transpose()?;
    let masked = recipient.as_ref().map(OpenId::masked);
    let (bill_no, sub_merchant) = (bill.bill_no.clone(), on_behalf_of.clone());
    let send = SendPacket {
        packet_id: platform.packet_ids.next(&bill, platform.clock.0.now()),
        bill,
        product: order.product,
        payer,
        on_behalf_of,
        app,
        recipient,
        total: exchange.parsed(order.amount_field)?,
        share_count: order.share_count,
        texts: texts(exchange),
        pre_order: order.reserved,
    };
    match platform.send_packet(Box::new(send)).await? {
        SendOutcome::Accepted(accepted) => {
            tracing::info!(
                merchant.id = %merchant.id,
                packet.bill_no = %bill_no,
                packet.id = %accepted.packet,
                product = order.product.name(),
                on_behalf_of = sub_merchant.as_ref().map(MerchantId::as_str),
                recipient = masked,
                is_replay = accepted.is_replay,
                "a packet was sent"
            );
            Ok(accepted)
        }
        SendOutcome::Declined(decline) => Err(Refusal::Declined(decline)),
        SendOutcome::Rejected(rejection) => Err(Refusal::Rejected(rejection)),
    }
}

/// What every endpoint that sends a packet to somebody says of it.
pub(super) fn sent(accepted: &Accepted) -> Given {
    Given::new().text("send_listid", accepted.packet.as_str()).compact_time("send_time", accepted.sent_at)
}

/// Without a sub-merchant the caller pays. With one (服务商模式) it is the sub-merchant, or whom `consume_mch_id`
/// names, and the person is one of `msgappid`'s.
async fn provision<S: Store>(exchange: &Exchange<'_, S>, merchant: &Arc<Merchant>) -> Result<Provision, Refusal> {
    let app = exchange.app()?;
    if exchange.field("sub_mch_id").is_some() && exchange.endpoint.field("sub_mch_id").is_none() {
        // Meant for a sub-merchant, whose money it would be: not the caller's to take instead.
        return Err(Refusal::Provision(ProvisionRefusal::NotAdmitted));
    }
    let Some(sub) = exchange.maybe::<MerchantId>("sub_mch_id")? else {
        return Ok(Provision { payer: merchant.id.clone(), on_behalf_of: None, app });
    };
    let (platform, directory) = (exchange.platform, &exchange.platform.directory);
    let payer = exchange.maybe::<MerchantId>("consume_mch_id")?.unwrap_or_else(|| sub.clone());
    let app = exchange.maybe::<AppId>("msgappid")?.unwrap_or(app);
    let sub_merchant = platform.in_time(directory.merchant(&sub)).await?;
    let paying = platform.in_time(directory.merchant(&payer)).await?;
    let message_app = platform.in_time(directory.app(&app)).await?;
    merchant.judge_provision(sub_merchant.as_deref(), paying.as_deref(), message_app.as_deref())?;
    Ok(Provision { payer, on_behalf_of: Some(sub), app })
}

/// The texts of a packet, with the operator's words masked where the official page says so. What is in no row of the
/// endpoint's table is not there, whatever the request says.
fn texts<S: Store>(exchange: &Exchange<'_, S>) -> Texts {
    let of_table = |field: &'static str| {
        exchange.endpoint.field(field).and_then(|row| exchange.field(row.name)).map(str::to_owned)
    };
    let first_of = |names: [&'static str; 2]| names.into_iter().find_map(of_table).unwrap_or_default();
    let masked = |text: String| exchange.platform.masked_words.mask(&text);
    Texts {
        // A packet of 企业微信 and a transfer have names of their own for some.
        sender_name: masked(first_of(["send_name", "sender_name"])),
        greeting: masked(of_table("wishing").unwrap_or_default()),
        activity: masked(of_table("act_name").unwrap_or_default()),
        remark: first_of(["remark", "desc"]),
        scene: of_table("scene_id"),
        sender_picture: of_table("sender_header_media_id"),
        sender_agent: of_table("agentid"),
        recipient_name: of_table("re_user_name"),
    }
}
