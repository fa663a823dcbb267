//! May this person open a share, and what is in it?

use hongbao_types::{Fen, Timestamp};

use super::{Bug, Policy, post, with_wallet};
use crate::command::{ClaimShare, ClaimWay};
use crate::draw::DrawRule;
use crate::ledger::{LedgerAccount, Posting};
use crate::outcome::{ClaimRejection, Claimed};
use crate::packet::{Claim, Packet, PacketState, Product, Split};
use crate::rows::Rows;

pub(super) fn decide(
    rows: &mut Rows,
    command: &ClaimShare,
    now: Timestamp,
    policy: &Policy,
) -> Result<Result<Claimed, ClaimRejection>, Bug> {
    let Some(packet) = rows.packet(&command.packet).filter(|packet| packet.app == command.app) else {
        return Ok(Err(ClaimRejection::NoSuchPacket));
    };
    // Whoever lost the answer and asks again gets the same share again, however late.
    if let Some(claim) = rows.claims.get(&command.key()) {
        return Ok(Ok(Claimed { claim: claim.clone(), is_shared: packet.split != Split::Whole, is_replay: true }));
    }
    if let Err(rejection) = judge(packet, command, now) {
        return Ok(Err(rejection));
    }
    if rows.accounts.get(&command.wallet()).is_some_and(|account| account.wallet.pseudonym.is_some()) {
        return Ok(Err(ClaimRejection::BeingErased));
    }
    if let Err(rejection) = judge_person(rows, command) {
        return Ok(Err(rejection));
    }

    let mut packet = packet.clone();
    let is_shared = packet.split != Split::Whole;
    let amount = share(rows, &packet, policy).ok_or("an open packet has a share")?;
    let now = now.max(packet.stamp);
    let mut claim = Claim {
        packet: packet.id.clone(),
        app: packet.app.clone(),
        openid: command.openid.clone(),
        index: packet.claimed_count,
        amount,
        claimed_at: now,
        previous: None,
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
    claim.previous =
        with_wallet(rows, command.wallet(), |wallet| Ok(wallet.newest_entry.replace(claim.packet.clone())))?;
    rows.claims.put(command.key(), claim.clone());
    rows.update_packet(packet);
    Ok(Ok(Claimed { claim, is_shared, is_replay: false }))
}

/// What is in the next share.
fn share(rows: &mut Rows, packet: &Packet, policy: &Policy) -> Option<Fen> {
    let index = packet.claimed_count;
    let Split::Drawn { rule, .. } = packet.split else { return Some(packet.total) };
    let seed = packet.seed(&policy.draw_keys)?;
    match rule {
        DrawRule::Live => seed.live_share(index, packet.escrow()?, packet.share_count.checked_sub(index)?),
        DrawRule::Shuffled => {
            let draw = || seed.shares(rule, packet.total, packet.share_count).unwrap_or_default();
            rows.drawn.entry(packet.id.clone()).or_insert_with(draw).get(usize::try_from(index).ok()?).copied()
        }
    }
}

/// Whoever it was sent to is one of the app's people, for it was sent.
fn judge_person(rows: &Rows, command: &ClaimShare) -> Result<(), ClaimRejection> {
    let person = rows.people.get(&command.person());
    if command.registered_only && command.way == ClaimWay::Link && person.is_none() {
        return Err(ClaimRejection::NotRegistered);
    }
    if person.is_some_and(|person| person.is_blocked) { Err(ClaimRejection::Blocked) } else { Ok(()) }
}

/// What anybody is told who has opened no share of a packet that is finished.
pub(super) fn refuse_finished(packet: &Packet, command: &ClaimShare) -> Option<ClaimRejection> {
    if packet.app != command.app {
        return Some(ClaimRejection::NoSuchPacket);
    }
    // Time makes no difference to it any more.
    packet.is_finished().then(|| judge(packet, command, packet.stamp).err()).flatten()
}

fn judge(packet: &Packet, command: &ClaimShare, now: Timestamp) -> Result<(), ClaimRejection> {
    let is_for_a_page = packet.product == Product::MiniProgram;
    if packet.product == Product::Transfer || is_for_a_page != (command.way == ClaimWay::MiniProgram) {
        return Err(ClaimRejection::NotThisWay);
    }
    let is_recipient = packet.recipient.as_ref() == Some(&command.openid);
    let may_be_shared = packet.split != Split::Whole && command.way == ClaimWay::Link;
    if !is_recipient && !may_be_shared {
        return Err(ClaimRejection::NotTheRecipient);
    }
    match packet.state {
        PacketState::Landed(_) | PacketState::Failed(_) => Err(ClaimRejection::NotSent),
        PacketState::Refunded => Err(ClaimRejection::Refunded),
        PacketState::Open if packet.is_past_deadline(now) => Err(ClaimRejection::Expired),
        PacketState::Exhausted => Err(ClaimRejection::Exhausted),
        PacketState::Open if !is_recipient && packet.claimed_count == 0 => Err(ClaimRejection::NotShared),
        PacketState::Open => Ok(()),
    }
}
