//! Does this person get this pre-order out of the campaign's bucket? One for each person and campaign, and each to one
//! person; what somebody else got first is taken, and the next one is tried.

use hongbao_types::Timestamp;

use super::{Bug, list, with_packet};
use crate::command::BindPrize;
use crate::limits::Counter;
use crate::lottery::{Binding, PreOrder};
use crate::outcome::{BindRejection, Bound};
use crate::packet::{Packet, PacketState};
use crate::rows::Rows;

pub(super) fn decide(rows: &mut Rows, bind: &BindPrize, now: Timestamp) -> Result<Result<Bound, BindRejection>, Bug> {
    // Whoever lost the answer and draws again gets the same packet again.
    if let Some(binding) = rows.bindings.get(&bind.key) {
        return Ok(Ok(Bound { binding: binding.clone(), is_replay: true }));
    }
    let packet = rows.packet(&bind.packet).ok_or("a prize is a packet that exists")?;
    let now = now.max(packet.stamp);
    let pre_order = match judge(packet, bind, now) {
        Ok(pre_order) => pre_order,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let counter = rows.counters.get(&bind.counter()).cloned().unwrap_or_default().at(now);
    if let Err(rejection) = judge_person(rows, bind, packet, &pre_order, &counter) {
        return Ok(Err(rejection));
    }
    // From here on it is the person's to open.
    let binding = Binding { key: bind.key.clone(), packet: packet.id.clone(), amount: packet.total, bound_at: now };
    let mut packet = packet.clone();
    packet.recipient = Some(bind.key.openid.clone());
    packet.pre_order = Some(PreOrder { bound_at: Some(now), ..pre_order });
    packet.stamp = now;
    rows.counters.put(bind.counter(), with_packet(&counter.with_one_more(), &packet)?);
    list(rows, bind.counter(), &mut packet);
    rows.bindings.put(bind.key.clone(), binding.clone());
    rows.update_packet(packet);
    Ok(Ok(Bound { binding, is_replay: false }))
}

fn judge(packet: &Packet, bind: &BindPrize, now: Timestamp) -> Result<PreOrder, BindRejection> {
    let pre_order = packet.pre_order.clone().filter(|pre_order| pre_order.lottery.as_ref() == Some(&bind.key.lottery));
    let pre_order =
        pre_order.filter(|_| packet.app == bind.app && packet.payer == bind.payer).ok_or(BindRejection::NotAPrize)?;
    if packet.recipient.is_some() {
        return Err(BindRejection::Taken);
    }
    match packet.state {
        PacketState::Open if !packet.is_past_deadline(now) => Ok(pre_order),
        PacketState::Open
        | PacketState::Landed(_)
        | PacketState::Failed(_)
        | PacketState::Exhausted
        | PacketState::Refunded => Err(BindRejection::Taken),
    }
}

fn judge_person(
    rows: &Rows,
    bind: &BindPrize,
    packet: &Packet,
    pre_order: &PreOrder,
    counter: &Counter,
) -> Result<(), BindRejection> {
    let merchant = rows.merchants.get(&bind.payer).ok_or(BindRejection::NotAPrize)?;
    let (limits, risk) = (&merchant.limits, pre_order.risk_control);
    let person = rows.people.get(&bind.person());
    if rows.apps.get(&bind.app).is_some_and(|app| app.registered_only) && person.is_none() {
        return Err(BindRejection::NotRegistered);
    }
    if person.is_some_and(|person| person.is_blocked) {
        return Err(BindRejection::Blocked);
    }
    if risk.counts_rate() && counter.packets_this_minute >= limits.recipient_packets_per_minute {
        return Err(BindRejection::PacketsPerMinute);
    }
    if risk.counts_day() && counter.packets >= limits.recipient_packets_per_day {
        return Err(BindRejection::PacketsPerDay);
    }
    let amount = counter.amount.checked_add(packet.total);
    if amount.is_none_or(|amount| amount > limits.recipient_amount_per_day) {
        return Err(BindRejection::AmountPerDay);
    }
    Ok(())
}
