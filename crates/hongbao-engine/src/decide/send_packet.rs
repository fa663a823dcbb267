//! May this packet be sent? Replay first; then what rejects it (night, people, amount, scene, rate), then what
//! declines it (frozen, the day's limits, balance).

use hongbao_types::{Fen, Timestamp};

use super::{Bug, Policy, balance, list, post, with_packet, with_wallet};
use crate::command::SendPacket;
use crate::directory::{Merchant, Person};
use crate::ledger::{LedgerAccount, Posting};
use crate::limits::{Counter, Limits};
use crate::outcome::{Accepted, Difference, SendOutcome, SendRejection};
use crate::packet::{Decline, Packet, PacketState, Product, Split};
use crate::rows::Rows;

pub(super) fn decide(rows: &mut Rows, send: &SendPacket, now: Timestamp, policy: &Policy) -> Result<SendOutcome, Bug> {
    let landed = match replay(rows.packet_by_bill(&send.bill), send, now) {
        Replay::Settled(outcome) => return Ok(outcome),
        Replay::Landed(packet) => Some(*packet),
        Replay::New => None,
    };
    let is_new = landed.is_none();
    if is_new && !has_right_shape(send) {
        return Err("only some packets have several shares; only a pre-order is for nobody yet");
    }
    let merchant = rows.merchants.get(&send.payer).ok_or("a send names a payer that exists")?;
    // A landed packet is completed with the values that were stored, whatever texts come now.
    let mut packet = match landed {
        Some(packet) => packet,
        None => first_row(send, split(send, merchant, policy)?, now, policy),
    };
    let now = now.max(packet.stamp);

    let counted = Counters {
        of_merchant: rows.counters.get(&send.merchant_counter()).cloned().unwrap_or_default().at(now),
        of_recipient: send.recipient_counter().map(|key| rows.counters.get(&key).cloned().unwrap_or_default().at(now)),
    };
    let person = send.person().and_then(|id| rows.people.get(&id));
    if let Err(rejection) = judge_rejections(&packet, merchant, person, &counted, rows, now) {
        return Ok(SendOutcome::Rejected(rejection));
    }
    let judged = judge_declines(&packet, merchant, person, &counted, rows)?;
    let expires_after_ms = expires_after_ms(send.product, &merchant.limits, policy);

    let of_merchant = counted.of_merchant.with_one_more();
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
        rows.counters.put(send.merchant_counter(), with_packet(&of_merchant, &packet)?);
        if let Some((key, of_recipient)) = send.recipient_counter().zip(counted.of_recipient) {
            rows.counters.put(key, with_packet(&of_recipient.with_one_more(), &packet)?);
        }
        packet.state = PacketState::Open;
        packet.sent_at = now;
        packet.deadline = now.plus_millis(expires_after_ms);
        if send.product == Product::Transfer {
            pay_at_once(rows, &mut packet, send.wallet())?;
        }
        SendOutcome::Accepted(accepted)
    };
    if let Some(person) = send.recipient_counter().filter(|_| is_new) {
        list(rows, person, &mut packet);
    }
    if !is_new {
        rows.update_packet(packet);
    } else if !rows.insert_packet(packet) {
        return Err("the id chosen for a new packet is new");
    }
    Ok(outcome)
}

/// Only some products have several shares; what is for nobody yet is a pre-order.
fn has_right_shape(send: &SendPacket) -> bool {
    let has_its_shares = match send.product {
        Product::Group => send.share_count > 1,
        Product::PreOrder => send.share_count > 0,
        Product::Ordinary | Product::MiniProgram | Product::Workwx | Product::Transfer => send.share_count == 1,
    };
    let is_pre_order = send.product == Product::PreOrder;
    has_its_shares && send.recipient.is_none() == is_pre_order && send.pre_order.is_some() == is_pre_order
}

fn split(send: &SendPacket, merchant: &Merchant, policy: &Policy) -> Result<Split, Bug> {
    if send.share_count == 1 {
        return Ok(Split::Whole);
    }
    let key = policy.draw_keys.current().ok_or("there is a key to draw shares with")?;
    Ok(Split::Drawn { rule: merchant.draw_rule, key })
}

fn expires_after_ms(product: Product, limits: &Limits, policy: &Policy) -> i64 {
    match product {
        Product::PreOrder => policy.pre_order_expires_after_ms,
        Product::Ordinary | Product::Group | Product::MiniProgram | Product::Workwx | Product::Transfer => {
            limits.expires_after_ms.unwrap_or(policy.expires_after_ms)
        }
    }
}

/// What was counted before.
struct Counters {
    of_merchant: Counter,
    /// None of a packet that is for nobody yet.
    of_recipient: Option<Counter>,
}

/// A transfer needs nobody to open it: its row is the posting to the wallet, too.
fn pay_at_once(rows: &mut Rows, packet: &mut Packet, wallet: Option<LedgerAccount>) -> Result<(), Bug> {
    let wallet = wallet.ok_or("a transfer has a recipient")?;
    let debit = LedgerAccount::PacketEscrow(packet.id.clone());
    post(rows, &Posting { debit, credit: wallet.clone(), amount: packet.total })?;
    packet.previous_in_wallet = with_wallet(rows, wallet, |wallet| Ok(wallet.newest_entry.replace(packet.id.clone())))?;
    packet.claimed = packet.total;
    packet.claimed_count = 1;
    packet.state = PacketState::Exhausted;
    Ok(())
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
    // A pre-order has found its person meanwhile, or not.
    let has_its_recipient = packet.product == Product::PreOrder || packet.recipient == send.recipient;
    if !has_its_recipient {
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

fn first_row(send: &SendPacket, split: Split, now: Timestamp, policy: &Policy) -> Packet {
    Packet {
        id: send.packet_id.clone(),
        bill: send.bill.clone(),
        product: send.product,
        payer: send.payer.clone(),
        on_behalf_of: send.on_behalf_of.clone(),
        app: send.app.clone(),
        recipient: send.recipient.clone(),
        split,
        total: send.total,
        share_count: send.share_count,
        texts: send.texts.clone(),
        pre_order: send.pre_order.clone(),
        previous: None,
        previous_in_wallet: None,
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

fn judge_rejections(
    packet: &Packet,
    merchant: &Merchant,
    person: Option<&Person>,
    counted: &Counters,
    rows: &Rows,
    now: Timestamp,
) -> Result<(), SendRejection> {
    let limits = &merchant.limits;
    if limits.is_closed(now) {
        return Err(SendRejection::Night);
    }
    if !merchant.is_established(now) {
        return Err(SendRejection::MerchantTooNew);
    }
    let knows_registered_only = rows.apps.get(&packet.app).is_some_and(|app| app.registered_only);
    if knows_registered_only && packet.recipient.is_some() && person.is_none() {
        return Err(SendRejection::RecipientNotRegistered);
    }
    if !has_a_fen_for_each_share(packet) || !fits_back(packet, rows) || !has_bounded_shares(packet, limits) {
        return Err(SendRejection::AmountOutOfRange { min: limits.amount_min, max: limits.amount_max });
    }
    if needs_scene(packet, limits) && packet.texts.scene.is_none() {
        return Err(SendRejection::SceneRequired);
    }
    if packet.share_count > limits.shares_max {
        return Err(SendRejection::TooManyShares);
    }
    if counted.of_merchant.packets_this_second >= limits.packets_per_second {
        return Err(SendRejection::PacketsPerSecond);
    }
    if counted.of_merchant.packets_this_minute >= limits.packets_per_minute {
        return Err(SendRejection::PacketsPerMinute);
    }
    let of_recipient = counted.of_recipient.as_ref();
    if of_recipient.is_some_and(|counter| counter.packets_this_minute >= limits.recipient_packets_per_minute) {
        return Err(SendRejection::RecipientPacketsPerMinute);
    }
    Ok(())
}

/// Whatever a merchant's limits are: no share is empty.
fn has_a_fen_for_each_share(packet: &Packet) -> bool {
    !packet.total.is_zero() && !is_average_below(packet, Fen::new(1))
}

/// Whether the average share is between the merchant's bounds. Chosen: a pre-order is bound by the campaign that it
/// goes into, a transfer by the day's amounts only.
fn has_bounded_shares(packet: &Packet, limits: &Limits) -> bool {
    match packet.product {
        Product::PreOrder | Product::Transfer => true,
        Product::Ordinary | Product::Group | Product::MiniProgram | Product::Workwx => {
            !is_average_below(packet, limits.amount_min) && !is_average_above(packet, limits.amount_max)
        }
    }
}

/// Whether the average share (Chosen: not the total) is so small or so large that a scene must be given.
fn needs_scene(packet: &Packet, limits: &Limits) -> bool {
    match packet.product {
        Product::PreOrder | Product::Transfer => false,
        Product::Ordinary | Product::Group | Product::MiniProgram | Product::Workwx => {
            is_average_below(packet, limits.scene_below) || is_average_above(packet, limits.scene_above)
        }
    }
}

fn is_average_below(packet: &Packet, bound: Fen) -> bool {
    i128::from(packet.total.as_i64()) < shares_of(packet, bound)
}

fn is_average_above(packet: &Packet, bound: Fen) -> bool {
    i128::from(packet.total.as_i64()) > shares_of(packet, bound)
}

/// What a packet would hold with this much in each share.
fn shares_of(packet: &Packet, each: Fen) -> i128 {
    i128::from(each.as_i64()).saturating_mul(i128::from(packet.share_count))
}

/// Whether whatever goes back of this packet will fit into the payer's credits: what came in is at most
/// half of what a sum can hold ([`top_up`](super::top_up)), and so is what was ever sent.
fn fits_back(packet: &Packet, rows: &Rows) -> bool {
    let funds = rows.accounts.get(&LedgerAccount::MerchantFunds(packet.payer.clone())).cloned().unwrap_or_default();
    funds.debits.checked_add(packet.total).is_some_and(|sum| sum <= Fen::HALF)
}

/// Nothing comes into the wallet of somebody who is being erased. A packet is another matter: it waits to be opened.
fn goes_to_who_is_being_erased(packet: &Packet, rows: &Rows) -> bool {
    let recipient = packet.recipient.clone().filter(|_| packet.product == Product::Transfer);
    recipient.is_some_and(|recipient| {
        let wallet = LedgerAccount::RecipientWallet(packet.app.clone(), recipient);
        rows.accounts.get(&wallet).is_some_and(|account| account.wallet.pseudonym.is_some())
    })
}

fn judge_declines(
    packet: &Packet,
    merchant: &Merchant,
    person: Option<&Person>,
    counted: &Counters,
    rows: &Rows,
) -> Result<Option<Decline>, Bug> {
    let (limits, Counters { of_merchant, of_recipient }) = (&merchant.limits, counted);
    let recipient_has = |is_enough: &dyn Fn(&Counter) -> bool| of_recipient.as_ref().is_some_and(is_enough);
    let exceeds = |sum: Fen, limit| sum.checked_add(packet.total).is_none_or(|sum| sum > limit);
    Ok(if merchant.frozen {
        Some(Decline::Frozen)
    } else if person.is_some_and(|person| person.is_blocked) || goes_to_who_is_being_erased(packet, rows) {
        Some(Decline::RecipientBlocked)
    } else if recipient_has(&|counter| counter.packets >= limits.recipient_packets_per_day) {
        Some(Decline::RecipientPacketsPerDay)
    } else if recipient_has(&|counter| exceeds(counter.amount, limits.recipient_amount_per_day)) {
        Some(Decline::RecipientAmountPerDay)
    } else if of_merchant.packets >= limits.packets_per_day {
        Some(Decline::PacketsPerDay)
    } else if exceeds(of_merchant.amount, limits.amount_per_day) {
        Some(Decline::AmountPerDay)
    } else if balance(rows, &LedgerAccount::MerchantFunds(packet.payer.clone()))? < packet.total {
        Some(Decline::InsufficientFunds)
    } else {
        None
    })
}
