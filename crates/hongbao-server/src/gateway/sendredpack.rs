//! `sendredpack` (发放普通红包): a merchant sends a packet to one person.

use hongbao_engine::command::SendPacket;
use hongbao_engine::outcome::SendOutcome;
use hongbao_engine::packet::{BillKey, Family, Product, Texts};
use hongbao_store::Store;
use hongbao_wire::endpoint::SENDREDPACK;
use hongbao_wire::{Params, Reply, text};

use super::authenticate::{authenticate, parsed, text_of};
use super::refusal::Refusal;
use crate::listener::Peer;
use crate::platform::Platform;

pub(super) async fn handle<S: Store>(platform: &Platform<S>, peer: &Peer, params: &Params) -> Result<Reply, Refusal> {
    let caller = authenticate(platform, peer, &SENDREDPACK, params).await?;
    let app = parsed(params, "wxappid")?;
    caller.permit(platform, peer, Product::Ordinary, &app).await?;
    if !text_of(params, "sub_mch_id").is_empty() {
        // Sent on a sub-merchant's behalf, whose money it would be: not the caller's to take instead.
        return Err(Refusal::NotAProvider);
    }

    let merchant = caller.merchant.id.clone();
    let bill = BillKey { merchant: merchant.clone(), family: Family::Packets, bill_no: parsed(params, "mch_billno")? };
    let send = SendPacket {
        packet_id: platform.packet_ids.next(&bill, platform.clock.0.now()),
        bill,
        product: Product::Ordinary,
        payer: merchant,
        app,
        recipient: parsed(params, "re_openid")?,
        total: parsed(params, "total_amount")?,
        share_count: parsed(params, "total_num")?,
        texts: Texts {
            sender_name: text_of(params, "send_name"),
            greeting: text_of(params, "wishing"),
            activity: text_of(params, "act_name"),
            remark: text_of(params, "remark"),
            scene: params.get("scene_id").filter(|scene| !scene.is_empty()).map(str::to_owned),
        },
    };
    let recipient = send.recipient.masked();
    match platform.send_packet(Box::new(send)).await? {
        SendOutcome::Accepted(accepted) => {
            tracing::info!(
                merchant.id = %caller.merchant.id,
                packet.bill_no = params.get("mch_billno"),
                packet.id = %accepted.packet,
                recipient,
                is_replay = accepted.is_replay,
                "a packet was sent"
            );
            let mut reply = Reply::success(text::SEND_OK);
            reply.echo(&SENDREDPACK, params, None).text("send_listid", accepted.packet.as_str());
            Ok(reply)
        }
        SendOutcome::Declined(decline) => Err(Refusal::Declined(decline)),
        SendOutcome::Rejected(rejection) => Err(Refusal::Rejected(rejection)),
    }
}
