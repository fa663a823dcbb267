//! What is written for a batch? One statement for each table's new rows and one for those that changed, in the order of
//! writing.

use hongbao_engine::code::RedeemedCode;
use hongbao_engine::directory::{App, Merchant, Person};
use hongbao_engine::ledger::{Account, LedgerAccount, Transfer};
use hongbao_engine::limits::{Counter, CounterKey};
use hongbao_engine::lottery::{Binding, Lottery};
use hongbao_engine::packet::{Claim, Due, Packet};
use hongbao_engine::rows::{Change, Changes, Gone};
use hongbao_engine::wallet::Withdrawal;
use hongbao_store::names;
use hongbao_types::{AppSecret, LotteryId, MerchantId, OpenId, PacketId, Reference, Timestamp, WorkwxSecret};

use crate::locks::{account_key_columns, counter_key_columns};
use crate::query::{Columns, Query, columns};
use crate::{rows, shard};

/// Statements that write, in the order of writing.
struct Writes<'a>(Vec<Query<'a>>);

impl<'a> Writes<'a> {
    fn insert(&mut self, columns: Columns<'a>, table: &str) {
        if !columns.is_empty() {
            self.0.push(columns.insert(table));
        }
    }

    fn update(&mut self, columns: Columns<'a>, table: &str, key: usize) {
        if !columns.is_empty() {
            self.0.push(columns.update(table, key));
        }
    }

    fn delete(&mut self, columns: Columns<'a>, table: &str) {
        if !columns.is_empty() {
            self.0.push(columns.delete(table));
        }
    }

    /// New rows, and other values for those that are there.
    fn put<T>(&mut self, changes: &'a [Change<T>], columns: fn(Vec<&'a T>) -> Columns<'a>, table: &str, key: usize) {
        let (new, known) = parted(changes);
        self.insert(columns(new), table);
        self.update(columns(known), table, key);
    }
}

fn parted<T>(changes: &[Change<T>]) -> (Vec<&T>, Vec<&T>) {
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Insert(after) => new.push(after),
            Change::Update { after, .. } => known.push(after),
        }
    }
    (new, known)
}

/// What makes a commit one that the standby must have: one that wrote nothing, and found nothing to lock, would wait for
/// nobody, and say on a primary that was replaced that there is no such packet. It changes no row.
pub(crate) fn mark() -> Query<'static> {
    Query::new("SELECT pg_logical_emit_message(true, 'hongbao', '')", Vec::new())
}

/// What is written. Rows that are gone come first, for some of them come again.
pub(crate) fn writes(changes: &Changes) -> Vec<Query<'_>> {
    let mut writes = Writes(Vec::new());
    take_away(&mut writes, &changes.gone);
    if let Some(clock) = &changes.clock {
        let clock = columns!([clock]; "one": |_| 1_i16, "offset_ms": |clock| clock.offset_ms);
        writes.update(clock, "sandbox_clock", 1);
    }
    writes.put(&changes.merchants, merchants, "merchant", 1);
    writes.put(&changes.apps, apps, "app", 1);
    writes.put(&changes.people, people, "person", 2);
    writes.put(&changes.lotteries, lotteries, "lottery", 1);
    let (new, known) = parted(&changes.packets);
    writes.insert(new_packets(new), "packet");
    writes.update(changed_packets(known), "packet", 2);
    writes.delete(due_key_columns(&changes.due_removed), "due");
    let due = due_key_columns(&changes.due_added);
    writes.insert(due.with("payer_id", changes.due_added.iter().map(|due| due.payer.as_str())), "due");
    writes.insert(claims(changes.claims.iter().map(Change::after).collect()), "claim");
    writes.insert(bindings(changes.bindings.iter().map(Change::after).collect()), "binding");
    let (new, known): (Vec<_>, Vec<_>) = changes.accounts.iter().partition(|(_, change)| change.before().is_none());
    writes.insert(accounts(&new), "account");
    writes.update(accounts(&known), "account", 4);
    let (new, known): (Vec<_>, Vec<_>) = changes.counters.iter().partition(|(_, change)| change.before().is_none());
    writes.insert(counters(&new), "counter");
    writes.update(counters(&known), "counter", 5);
    writes.insert(transfers(changes.transfers.iter().map(Change::after).collect()), "transfer");
    if let Some(before) = changes.codes_over_before {
        let shards: Vec<i16> = (0..shard::CODE_SHARDS).collect();
        let sql = "DELETE FROM redeemed_code WHERE shard = ANY($1) AND issued_at < $2";
        writes.0.push(Query::new(sql, vec![Box::new(shards), Box::new(before.as_millis())]));
    }
    writes.insert(codes(changes.codes.iter().map(Change::after).collect()), "redeemed_code");
    let (new, known) = parted(&changes.withdrawals);
    writes.insert(new_withdrawals(new), "withdrawal");
    writes.update(changed_withdrawals(known), "withdrawal", 3);
    writes.0
}

fn take_away<'a>(writes: &mut Writes<'a>, gone: &'a Gone) {
    let people = columns!(&gone.people;
        "app_id": |person| person.id.app.as_str(),
        "openid": |person| person.id.openid.as_str(),
    );
    writes.delete(people, "person");
    let claims = columns!(&gone.claims;
        "shard": |claim| shard::of_packet(&claim.packet),
        "packet_id": |claim| claim.packet.as_str(),
        "openid": |claim| claim.openid.as_str(),
    );
    writes.delete(claims, "claim");
    let bindings = columns!(&gone.bindings;
        "lottery_id": |binding| binding.key.lottery.as_str(),
        "openid": |binding| binding.key.openid.as_str(),
    );
    writes.delete(bindings, "binding");
    writes.delete(account_key_columns(gone.accounts.iter().map(|(id, _)| id)), "account");
    writes.delete(counter_key_columns(gone.counters.iter()), "counter");
}

fn merchants(rows: Vec<&Merchant>) -> Columns<'_> {
    columns!(rows;
        "merchant_id": |m| m.id.as_str(),
        "name": |m| m.name.as_str(),
        "mode": |m| names::mode_name(m.mode),
        "generation": |m| m.generation.name(),
        "pinned_algorithm": |m| m.pinned_algorithm.map(names::algorithm_name),
        "keys": |m| rows::merchant_key_list(&m.keys),
        "certificates": |m| rows::certificate_list(&m.certificates),
        "products": |m| rows::product_list(&m.products),
        "providers": |m| rows::text_list(&m.providers),
        "addresses": |m| rows::text_list(&m.allowed_addresses),
        "is_closed": |m| m.is_closed,
        "frozen": |m| m.frozen,
        "entered_at": |m| m.entered_at.map(Timestamp::as_millis),
        "trading_since": |m| m.trading_since.map(Timestamp::as_millis),
        "draw_rule": |m| m.draw_rule.name(),
        "amount_min_fen": |m| m.limits.amount_min.as_i64(),
        "amount_max_fen": |m| m.limits.amount_max.as_i64(),
        "scene_below_fen": |m| m.limits.scene_below.as_i64(),
        "scene_above_fen": |m| m.limits.scene_above.as_i64(),
        "shares_max": |m| i64::from(m.limits.shares_max),
        "packets_per_second": |m| i64::from(m.limits.packets_per_second),
        "packets_per_minute": |m| i64::from(m.limits.packets_per_minute),
        "packets_per_day": |m| i64::from(m.limits.packets_per_day),
        "recipient_packets_per_minute": |m| i64::from(m.limits.recipient_packets_per_minute),
        "recipient_packets_per_day": |m| i64::from(m.limits.recipient_packets_per_day),
        "recipient_amount_per_day_fen": |m| m.limits.recipient_amount_per_day.as_i64(),
        "amount_per_day_fen": |m| m.limits.amount_per_day.as_i64(),
        "closed_at_night": |m| m.limits.closed_at_night,
        "expires_after_ms": |m| m.limits.expires_after_ms,
    )
}

fn apps(rows: Vec<&App>) -> Columns<'_> {
    columns!(rows;
        "app_id": |app| app.id.as_str(),
        "kind": |app| app.kind.name(),
        "registered_only": |app| app.registered_only,
        "workwx_secret": |app| app.workwx_secret.as_ref().map(WorkwxSecret::expose),
        "app_secret": |app| app.app_secret.as_ref().map(AppSecret::expose),
        "keys": |app| rows::app_key_list(&app.keys),
        "merchants": |app| rows::text_list(&app.merchants),
        "redirect_hosts": |app| rows::text_list(&app.redirect_hosts),
        "origins": |app| rows::text_list(&app.origins),
        "credentials": |app| rows::credential_list(&app.credentials),
    )
}

fn people(rows: Vec<&Person>) -> Columns<'_> {
    columns!(rows;
        "app_id": |person| person.id.app.as_str(),
        "openid": |person| person.id.openid.as_str(),
        "is_blocked": |person| person.is_blocked,
    )
}

fn lotteries(rows: Vec<&Lottery>) -> Columns<'_> {
    columns!(rows;
        "lottery_id": |lottery| lottery.id.as_str(),
        "account_id": |lottery| lottery.account.as_str(),
        "sponsor_id": |lottery| lottery.sponsor.as_str(),
        "title": |lottery| lottery.title.as_str(),
        "description": |lottery| lottery.description.as_str(),
        "is_on": |lottery| lottery.is_on,
        "begins_at": |lottery| lottery.begins_at.as_millis(),
        "ends_at": |lottery| lottery.ends_at.as_millis(),
        "prizes_max": |lottery| i64::from(lottery.prizes_max),
        "prizes": |lottery| i64::from(lottery.prizes),
        "jump_url": |lottery| lottery.jump_url.as_str(),
        "draw_key": |lottery| lottery.key.expose(),
        "win_rate_ppm": |lottery| i64::from(lottery.win_rate_ppm),
    )
}

fn recipient(packet: &Packet) -> &str {
    packet.recipient.as_ref().map_or("", OpenId::as_str)
}

fn lottery_of(packet: &Packet) -> Option<&str> {
    packet.pre_order.as_ref()?.lottery.as_ref().map(LotteryId::as_str)
}

fn bound_at(packet: &Packet) -> Option<i64> {
    packet.pre_order.as_ref()?.bound_at.map(Timestamp::as_millis)
}

fn new_packets(rows: Vec<&Packet>) -> Columns<'_> {
    columns!(rows;
        "shard": |p| shard::of_packet(&p.id),
        "packet_id": |p| p.id.as_str(),
        "merchant_id": |p| p.bill.merchant.as_str(),
        "family": |p| names::family_name(p.bill.family),
        "bill_no": |p| p.bill.bill_no.as_str(),
        "product": |p| p.product.name(),
        "payer_id": |p| p.payer.as_str(),
        "on_behalf_of": |p| p.on_behalf_of.as_ref().map(MerchantId::as_str),
        "app_id": |p| p.app.as_str(),
        "recipient": |p| recipient(p),
        "split": |p| names::split_names(p.split).0,
        "draw_key": |p| names::split_names(p.split).1.map(i64::from),
        "total_fen": |p| p.total.as_i64(),
        "share_count": |p| i64::from(p.share_count),
        "sender_name": |p| p.texts.sender_name.as_str(),
        "greeting": |p| p.texts.greeting.as_str(),
        "activity": |p| p.texts.activity.as_str(),
        "remark": |p| p.texts.remark.as_str(),
        "scene": |p| p.texts.scene.as_deref(),
        "sender_picture": |p| p.texts.sender_picture.as_deref(),
        "sender_agent": |p| p.texts.sender_agent.as_deref(),
        "recipient_name": |p| p.texts.recipient_name.as_deref(),
        "service": |p| p.pre_order.as_ref().map(|pre_order| pre_order.service.as_str()),
        "risk_control": |p| p.pre_order.as_ref().map(|pre_order| pre_order.risk_control.name()),
        "lottery_id": |p| lottery_of(p),
        "bound_at": |p| bound_at(p),
        "previous": |p| p.previous.as_ref().map(PacketId::as_str),
        "previous_in_wallet": |p| p.previous_in_wallet.as_ref().map(PacketId::as_str),
        "state": |p| names::state_names(p.state).0,
        "decline": |p| names::state_names(p.state).1,
        "created_at": |p| p.created_at.as_millis(),
        "sent_at": |p| p.sent_at.as_millis(),
        "deadline": |p| p.deadline.as_millis(),
        "claimed_fen": |p| p.claimed.as_i64(),
        "claimed_count": |p| i64::from(p.claimed_count),
        "refunded_fen": |p| p.refunded.as_i64(),
        "refunded_at": |p| p.refunded_at.map(Timestamp::as_millis),
        "stamp": |p| p.stamp.as_millis(),
    )
}

/// What a packet is was settled when its number was taken; only these columns ever change.
fn changed_packets(rows: Vec<&Packet>) -> Columns<'_> {
    columns!(rows;
        "shard": |p| shard::of_packet(&p.id),
        "packet_id": |p| p.id.as_str(),
        "recipient": |p| recipient(p),
        "recipient_name": |p| p.texts.recipient_name.as_deref(),
        "lottery_id": |p| lottery_of(p),
        "bound_at": |p| bound_at(p),
        "previous": |p| p.previous.as_ref().map(PacketId::as_str),
        "previous_in_wallet": |p| p.previous_in_wallet.as_ref().map(PacketId::as_str),
        "state": |p| names::state_names(p.state).0,
        "decline": |p| names::state_names(p.state).1,
        "sent_at": |p| p.sent_at.as_millis(),
        "deadline": |p| p.deadline.as_millis(),
        "claimed_fen": |p| p.claimed.as_i64(),
        "claimed_count": |p| i64::from(p.claimed_count),
        "refunded_fen": |p| p.refunded.as_i64(),
        "refunded_at": |p| p.refunded_at.map(Timestamp::as_millis),
        "stamp": |p| p.stamp.as_millis(),
    )
}

fn due_key_columns(rows: &[Due]) -> Columns<'_> {
    columns!(rows;
        "shard": |due| shard::of_packet(&due.packet),
        "at": |due| due.at.as_millis(),
        "packet_id": |due| due.packet.as_str(),
    )
}

fn claims(rows: Vec<&Claim>) -> Columns<'_> {
    columns!(rows;
        "shard": |claim| shard::of_packet(&claim.packet),
        "packet_id": |claim| claim.packet.as_str(),
        "openid": |claim| claim.openid.as_str(),
        "app_id": |claim| claim.app.as_str(),
        "share_index": |claim| i64::from(claim.index),
        "amount_fen": |claim| claim.amount.as_i64(),
        "claimed_at": |claim| claim.claimed_at.as_millis(),
        "previous": |claim| claim.previous.as_ref().map(PacketId::as_str),
    )
}

fn bindings(rows: Vec<&Binding>) -> Columns<'_> {
    columns!(rows;
        "lottery_id": |binding| binding.key.lottery.as_str(),
        "openid": |binding| binding.key.openid.as_str(),
        "packet_id": |binding| binding.packet.as_str(),
        "amount_fen": |binding| binding.amount.as_i64(),
        "bound_at": |binding| binding.bound_at.as_millis(),
    )
}

fn accounts<'a>(rows: &[&'a (LedgerAccount, Change<Account>)]) -> Columns<'a> {
    let key = account_key_columns(rows.iter().map(|row| &row.0));
    let rows = || rows.iter().map(|row| row.1.after());
    key.with("debits_fen", rows().map(|account| account.debits.as_i64()))
        .with("credits_fen", rows().map(|account| account.credits.as_i64()))
        .with("held_fen", rows().map(|account| account.wallet.held.as_i64()))
        .with("withdrawn_fen", rows().map(|account| account.wallet.withdrawn.as_i64()))
        .with(
            "newest_withdrawal",
            rows().map(|a: &'a Account| a.wallet.newest_withdrawal.as_ref().map(Reference::as_str)),
        )
        .with("newest_entry", rows().map(|a: &'a Account| a.wallet.newest_entry.as_ref().map(PacketId::as_str)))
        .with("pseudonym", rows().map(|a: &'a Account| a.wallet.pseudonym.as_ref().map(OpenId::as_str)))
}

fn counters<'a>(rows: &[&'a (CounterKey, Change<Counter>)]) -> Columns<'a> {
    let key = counter_key_columns(rows.iter().map(|row| &row.0));
    let rows = || rows.iter().map(|row| row.1.after());
    key.with("day", rows().map(|counter| counter.day.0))
        .with("packets", rows().map(|counter| i64::from(counter.packets)))
        .with("amount_fen", rows().map(|counter| counter.amount.as_i64()))
        .with("minute", rows().map(|counter| counter.minute))
        .with("packets_this_minute", rows().map(|counter| i64::from(counter.packets_this_minute)))
        .with("second", rows().map(|counter| counter.second))
        .with("packets_this_second", rows().map(|counter| i64::from(counter.packets_this_second)))
        .with("newest", rows().map(|counter: &'a Counter| counter.newest.as_ref().map(PacketId::as_str)))
}

fn transfers(rows: Vec<&Transfer>) -> Columns<'_> {
    columns!(rows;
        "shard": |transfer| shard::of_transfer(&transfer.key),
        "kind": |transfer| names::transfer_kind_name(transfer.key.kind),
        "reference": |transfer| transfer.key.reference.as_str(),
        "merchant_id": |transfer| transfer.merchant.as_str(),
        "amount_fen": |transfer| transfer.amount.as_i64(),
        "at": |transfer| transfer.at.as_millis(),
    )
}

fn codes(rows: Vec<&RedeemedCode>) -> Columns<'_> {
    columns!(rows;
        "shard": |code| shard::of_code(&code.key),
        "issued_at": |code| code.key.issued_at.as_millis(),
        "nonce": |code| &code.key.nonce[..],
        "attempt": |code| &code.attempt[..],
    )
}

fn settled_reference(withdrawal: &Withdrawal) -> Option<&str> {
    names::withdrawal_state_names(&withdrawal.state).1.map(|settled| settled.reference.as_str())
}

fn settled_at(withdrawal: &Withdrawal) -> Option<i64> {
    names::withdrawal_state_names(&withdrawal.state).1.map(|settled| settled.at.as_millis())
}

fn changed_withdrawals(rows: Vec<&Withdrawal>) -> Columns<'_> {
    columns!(rows;
        "shard": |withdrawal| shard::of_withdrawal(&withdrawal.key),
        "app_id": |withdrawal| withdrawal.key.app.as_str(),
        "reference": |withdrawal| withdrawal.key.reference.as_str(),
        "openid": |withdrawal| withdrawal.openid.as_str(),
        "state": |withdrawal| names::withdrawal_state_names(&withdrawal.state).0,
        "operator_reference": |withdrawal| settled_reference(withdrawal),
        "settled_at": |withdrawal| settled_at(withdrawal),
        "previous": |withdrawal| withdrawal.previous.as_ref().map(Reference::as_str),
    )
}

fn new_withdrawals(rows: Vec<&Withdrawal>) -> Columns<'_> {
    let rest = columns!(&rows;
        "amount_fen": |withdrawal| withdrawal.amount.as_i64(),
        "held_at": |withdrawal| withdrawal.held_at.as_millis(),
    );
    changed_withdrawals(rows).and(rest)
}
