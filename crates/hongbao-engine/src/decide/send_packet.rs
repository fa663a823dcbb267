//! May this packet be sent? Replay first; then what rejects it (amount, scene, rate), then what declines it
//! (frozen, the day's limits, balance).

use hongbao_types::{Fen, Timestamp};

use super::{Bug, Policy, balance, post};
use crate::command::SendPacket;
use crate::directory::Merchant;
use crate::ledger::{LedgerAccount, Posting};
use crate::limits::Counter;
use crate::outcome::{Accepted, Difference, SendOutcome, SendRejection};
use crate::packet::{Decline, Packet, PacketState, Product};
use crate::rows::Rows;

pub(super) fn decide(rows: &mut Rows, send: &SendPacket, now: Timestamp, policy: &Policy) -> Result<SendOutcome, Bug> {
    let landed = match replay(rows.packet_by_bill(&send.bill), send, now) {
        Replay::Settled(outcome) => return Ok(outcome),
        Replay::Landed(packet) => Some(*packet),
        Replay::New => None,
    };
    let is_new = landed.is_none();
    if is_new && send.product == Product::Ordinary && send.share_count != 1 {
        return Err("an ordinary packet has one share");
    }
    // A landed packet is completed with the values that were stored, whatever texts come now.
    let mut packet = landed.unwrap_or_else(|| first_row(send, now, policy));
    let now = now.max(packet.stamp);

    let merchant = rows.merchants.get(&send.payer).ok_or("a send names a payer that exists")?;
    let of_merchant = rows.counters.get(&send.merchant_counter()).cloned().unwrap_or_default().at(now);
    let of_recipient = rows.counters.get(&send.recipient_counter()).cloned().unwrap_or_default().at(now);
    if let Err(rejection) = judge_rejections(&packet, merchant, &of_merchant, rows) {
        return Ok(SendOutcome::Rejected(rejection));
    }
    let judged = judge_declines(&packet, merchant, &of_merchant, &of_recipient, rows)?;

    let of_merchant = Counter { packets_this_minute: of_merchant.packets_this_minute.saturating_add(1), ..of_merchant };
    packet.stamp = now;
    let outcome = if let Some(decline) = judged {
        packet.state = PacketState::Landed(decline);
        rows.counters.put(send.merchant_counter(), of_merchant);
        SendOutcome::Declined(decline)
    } else {
        // From here on the packet is sent.
        let accepted = Accepted { packet: packet.id.clone(), sent_at: now, is_replay: false };
        post(
            rows,
            &Posting {
                debit: LedgerAccount::MerchantFunds(packet.payer.clone()),
                credit: LedgerAccount::PacketEscrow(packet.id.clone()),
                amount: packet.total,
            },
        )?;
        rows.counters.put(send.merchant_counter(), counted(&of_merchant, &packet)?);
        rows.counters.put(send.recipient_counter(), counted(&of_recipient, &packet)?);
        packet.state = PacketState::Open;
        packet.sent_at = now;
        packet.deadline = now.plus_millis(policy.expires_after_ms);
        SendOutcome::Accepted(accepted)
    };
    if !is_new {
        rows.update_packet(packet);
    } else if !rows.insert_packet(packet) {
        return Err("the id chosen for a new packet is new");
    }
    Ok(outcome)
}

enum Replay {
    /// The bill number is new.
    New,
    /// It landed, and may be completed.
    Landed(Box<Packet>),
    /// The answer stands already.
    Settled(SendOutcome),
}

fn replay(known: Option<&Packet>, send: &SendPacket, now: Timestamp) -> Replay {
    let Some(packet) = known else { return Replay::New };
    let settled = |rejection| Replay::Settled(SendOutcome::Rejected(rejection));
    if let Some(difference) = difference(packet, send) {
        return settled(SendRejection::BillNoReused(difference));
    }
    match packet.state {
        PacketState::Open | PacketState::Exhausted | PacketState::Refunded => {
            let accepted = Accepted { packet: packet.id.clone(), sent_at: packet.sent_at, is_replay: true };
            Replay::Settled(SendOutcome::Accepted(accepted))
        }
        PacketState::Failed(_) => settled(SendRejection::BillNoFailed),
        PacketState::Landed(_) if packet.is_past_deadline(now) => settled(SendRejection::BillNoFailed),
        PacketState::Landed(_) => Replay::Landed(Box::new(packet.clone())),
    }
}

/// In what the call differs from the packet that has its bill number. Texts don't count: the official
/// pages name only the openid and the amount. The app does: an openid names a person only with it.
fn difference(packet: &Packet, send: &SendPacket) -> Option<Difference> {
    if packet.recipient != send.recipient {
        Some(Difference::Recipient)
    } else if packet.total != send.total {
        Some(Difference::Total)
    } else if packet.product != send.product
        || packet.payer != send.payer
        || packet.app != send.app
        || packet.share_count != send.share_count
    {
        Some(Difference::Terms)
    } else {
        None
    }
}

fn first_row(send: &SendPacket, now: Timestamp, policy: &Policy) -> Packet {
    Packet {
        id: send.packet_id.clone(),
        bill: send.bill.clone(),
        product: send.product,
        payer: send.payer.clone(),
        app: send.app.clone(),
        recipient: send.recipient.clone(),
        total: send.total,
        share_count: send.share_count,
        texts: send.texts.clone(),
        state: PacketState::Open,
        created_at: now,
        sent_at: now,
        deadline: now.plus_millis(policy.fails_after_ms),
        claimed: Fen::ZERO,
        claimed_count: 0,
        refunded: Fen::ZERO,
        refunded_at: None,
        stamp: now,
    }
}

fn judge_rejections(packet: &Packet, merchant: &Merchant, counter: &Counter, rows: &Rows) -> Result<(), SendRejection> {
    let limits = &merchant.limits;
    let is_in_range = !packet.total.is_zero() && packet.total >= limits.amount_min && packet.total <= limits.amount_max;
    if !is_in_range || !fits_back(packet, rows) {
        return Err(SendRejection::AmountOutOfRange { min: limits.amount_min, max: limits.amount_max });
    }
    let needs_scene = packet.total < limits.scene_below || packet.total > limits.scene_above;
    if needs_scene && packet.texts.scene.is_none() {
        return Err(SendRejection::SceneRequired);
    }
    if counter.packets_this_minute >= limits.packets_per_minute {
        return Err(SendRejection::PacketsPerMinute);
    }
    Ok(())
}

/// Whether whatever goes back of this packet will fit into the payer's credits: what came in is at most
/// half of what a sum can hold ([`top_up`](super::top_up)), and so is what was ever sent.
fn fits_back(packet: &Packet, rows: &Rows) -> bool {
    let funds = rows.accounts.get(&LedgerAccount::MerchantFunds(packet.payer.clone())).cloned().unwrap_or_default();
    funds.debits.checked_add(packet.total).is_some_and(|sum| sum <= Fen::HALF)
}

fn judge_declines(
    packet: &Packet,
    merchant: &Merchant,
    of_merchant: &Counter,
    of_recipient: &Counter,
    rows: &Rows,
) -> Result<Option<Decline>, Bug> {
    let limits = &merchant.limits;
    let exceeds = |sum: Fen, limit| sum.checked_add(packet.total).is_none_or(|sum| sum > limit);
    Ok(if merchant.frozen {
        Some(Decline::Frozen)
    } else if of_recipient.packets >= limits.recipient_packets_per_day {
        Some(Decline::RecipientPacketsPerDay)
    } else if exceeds(of_recipient.amount, limits.recipient_amount_per_day) {
        Some(Decline::RecipientAmountPerDay)
    } else if exceeds(of_merchant.amount, limits.amount_per_day) {
        Some(Decline::AmountPerDay)
    } else if balance(rows, &LedgerAccount::MerchantFunds(packet.payer.clone()))? < packet.total {
        Some(Decline::InsufficientFunds)
    } else {
        None
    })
}

fn counted(counter: &Counter, packet: &Packet) -> Result<Counter, Bug> {
    Ok(Counter {
        packets: counter.packets.saturating_add(1),
        amount: counter.amount.checked_add(packet.total).ok_or("a day's amount was within its limit")?,
        ..counter.clone()
    })
}
