//! May this person open a share, and what is in it?

use hongbao_types::Timestamp;

use super::{Bug, post};
use crate::command::ClaimShare;
use crate::ledger::{LedgerAccount, Posting};
use crate::outcome::{ClaimRejection, Claimed};
use crate::packet::{Claim, Packet, PacketState, Product, Split};
use crate::rows::Rows;

pub(super) fn decide(
    rows: &mut Rows,
    command: &ClaimShare,
    now: Timestamp,
) -> Result<Result<Claimed, ClaimRejection>, Bug> {
    let Some(packet) = rows.packet(&command.packet).filter(|packet| packet.app == command.app) else {
        return Ok(Err(ClaimRejection::NoSuchPacket));
    };
    // Whoever lost the answer and asks again gets the same share again, however late.
    if let Some(claim) = rows.claims.get(&command.key()) {
        return Ok(Ok(Claimed { claim: claim.clone(), is_replay: true }));
    }
    if let Err(rejection) = judge(packet, command, now) {
        return Ok(Err(rejection));
    }

    if packet.split != Split::Whole {
        return Err("a packet of several shares is not opened as one");
    }
    let mut packet = packet.clone();
    let now = now.max(packet.stamp);
    let claim = Claim {
        packet: packet.id.clone(),
        app: packet.app.clone(),
        openid: command.openid.clone(),
        index: packet.claimed_count,
        amount: packet.total,
        claimed_at: now,
    };
    // From here on the share is the person's.
    packet.claimed = packet.claimed.checked_add(claim.amount).ok_or("what is claimed fits")?;
    packet.claimed_count = packet.claimed_count.checked_add(1).ok_or("there are so many shares")?;
    if packet.escrow().is_none() {
        return Err("no more is claimed than was sent");
    }
    if packet.claimed_count == packet.share_count {
        packet.state = PacketState::Exhausted;
    }
    packet.stamp = now;
    post(
        rows,
        &Posting {
            debit: LedgerAccount::PacketEscrow(packet.id.clone()),
            credit: command.wallet(),
            amount: claim.amount,
        },
    )?;
    rows.claims.put(command.key(), claim.clone());
    rows.update_packet(packet);
    Ok(Ok(Claimed { claim, is_replay: false }))
}

fn judge(packet: &Packet, command: &ClaimShare, now: Timestamp) -> Result<(), ClaimRejection> {
    match packet.product {
        Product::Ordinary | Product::Workwx => {}
        Product::Group | Product::MiniProgram | Product::PreOrder | Product::Transfer => {
            return Err(ClaimRejection::NotThisWay);
        }
    }
    if packet.recipient.as_ref() != Some(&command.openid) {
        return Err(ClaimRejection::NotTheRecipient);
    }
    match packet.state {
        PacketState::Landed(_) | PacketState::Failed(_) => Err(ClaimRejection::NotSent),
        // Whether the refund has run makes no difference to whoever comes too late.
        PacketState::Refunded => Err(ClaimRejection::Expired),
        PacketState::Open if packet.is_past_deadline(now) => Err(ClaimRejection::Expired),
        PacketState::Exhausted => Err(ClaimRejection::Exhausted),
        PacketState::Open => Ok(()),
    }
}
