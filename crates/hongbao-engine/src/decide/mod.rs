//! What becomes of a command? [`decide`] applies one to rows in memory: one file per command.

mod bind_prize;
mod claim_share;
mod erase_person;
mod expire_packet;
mod fill_lottery;
mod put;
mod redeem_code;
mod send_packet;
mod set_clock;
mod top_up;
mod withdraw;

use hongbao_types::{Fen, Timestamp};

use crate::command::{ClaimShare, Command};
use crate::draw::DrawKeys;
use crate::ledger::{LedgerAccount, Posting};
use crate::limits::{Counter, CounterKey};
use crate::outcome::{ClaimRejection, Outcome};
use crate::packet::Packet;
use crate::rows::Rows;
use crate::wallet::Wallet;

/// What a deployment has chosen; the same for all its merchants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether the store is a sandbox: only there the clock can be set.
    pub is_sandbox: bool,
    /// How long after it was accepted a packet expires, in milliseconds. 24 h: the official
    /// introduction of today; the 72 h of older pages belong to 2014–2016.
    pub expires_after_ms: i64,
    /// The same of a pre-order: 72 h.
    pub pre_order_expires_after_ms: i64,
    /// What draws follow from.
    pub draw_keys: DrawKeys,
    /// How long after it landed a packet fails for good, in milliseconds. The official assistant
    /// said "at most 24 h" (2020); others saw up to three days.
    pub fails_after_ms: i64,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            is_sandbox: false,
            draw_keys: DrawKeys::default(),
            expires_after_ms: 86_400_000,
            pre_order_expires_after_ms: 3 * 86_400_000,
            fails_after_ms: 86_400_000,
        }
    }
}

/// The engine contradicts itself; the text says where.
type Bug = &'static str;

/// Applies `command` to `rows`. `now` is the store's time, the same for the whole batch. What a
/// rejected command changed is taken back before this returns.
pub fn decide(rows: &mut Rows, command: &Command, now: Timestamp, policy: &Policy) -> Outcome {
    rows.begin();
    let decided = match command {
        Command::SendPacket(send) => send_packet::decide(rows, send, now, policy).map(Outcome::Send),
        Command::ClaimShare(claim) => claim_share::decide(rows, claim, now, policy).map(Outcome::Claim),
        Command::ExpirePacket(expire) => expire_packet::decide(rows, expire, now).map(Outcome::Expire),
        Command::TopUp(top_up) => top_up::decide(rows, top_up, now).map(Outcome::TopUp),
        Command::PutMerchant(put) => Ok(Outcome::Put(put::merchant(rows, put))),
        Command::PutApp(put) => Ok(Outcome::Put(put::app(rows, put))),
        Command::PutPerson(put) => {
            rows.people.put(put.person.id.clone(), put.person.clone());
            Ok(Outcome::Put(Ok(())))
        }
        Command::PutLottery(put) => Ok(Outcome::Put(put::lottery(rows, put))),
        Command::FillLottery(fill) => Ok(Outcome::Fill(fill_lottery::decide(rows, fill, now))),
        Command::BindPrize(bind) => bind_prize::decide(rows, bind, now).map(Outcome::Bind),
        Command::RedeemCode(redeem) => Ok(Outcome::Redeem(redeem_code::decide(rows, *redeem, now))),
        Command::HoldWithdrawal(hold) => withdraw::hold(rows, hold, now).map(Outcome::Hold),
        Command::SettleWithdrawal(settle) => withdraw::settle(rows, settle, now).map(Outcome::Settle),
        Command::ErasePerson(erase) => erase_person::decide(rows, erase).map(Outcome::Erase),
        Command::SetClock(set) => Ok(Outcome::Clock(set_clock::decide(rows, *set, now, policy))),
    };
    let outcome = decided.unwrap_or_else(Outcome::Bug);
    if !outcome.keeps_changes() {
        rows.rollback();
    }
    outcome
}

/// What somebody is told who certainly has opened no share of this packet; nothing unless the packet is finished, which
/// it stays, so that whoever says this needs no lock.
pub fn refuse_finished(packet: &Packet, claim: &ClaimShare) -> Option<ClaimRejection> {
    claim_share::refuse_finished(packet, claim)
}

/// Moves money between accounts. A packet's escrow and a withdrawal's hold are rows of their own, which the caller
/// changes.
/// Whoever calls this has made sure that the money is there and that the sums fit.
fn post(rows: &mut Rows, posting: &Posting) -> Result<(), Bug> {
    if posting.amount.is_zero() || posting.debit == posting.credit {
        return Err("a posting moves money from one account to another");
    }
    for (account, side) in [(&posting.debit, Side::Debit), (&posting.credit, Side::Credit)] {
        if account.is_in_another_row() {
            continue;
        }
        let mut row = rows.accounts.get(account).cloned().unwrap_or_default();
        let sum = match side {
            Side::Debit => &mut row.debits,
            Side::Credit => &mut row.credits,
        };
        *sum = sum.checked_add(posting.amount).ok_or("an account's sum does not fit")?;
        if *account != LedgerAccount::Settlement && row.balance().is_none() {
            return Err("an account other than settlement would fall below zero");
        }
        rows.accounts.put(account.clone(), row);
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Side {
    Debit,
    Credit,
}

/// Changes what a wallet has beside its sums.
fn with_wallet<T>(
    rows: &mut Rows,
    wallet: LedgerAccount,
    change: impl FnOnce(&mut Wallet) -> Result<T, Bug>,
) -> Result<T, Bug> {
    let mut row = rows.accounts.get(&wallet).cloned().unwrap_or_default();
    let changed = change(&mut row.wallet)?;
    rows.accounts.put(wallet, row);
    Ok(changed)
}

/// Puts a packet at the beginning of the list of those that this payer sent to its person.
fn list(rows: &mut Rows, person: CounterKey, packet: &mut Packet) {
    let mut counter = rows.counters.get(&person).cloned().unwrap_or_default();
    packet.previous = counter.newest.replace(packet.id.clone());
    rows.counters.put(person, counter);
}

/// The counter with one more packet accepted.
fn with_packet(counter: &Counter, packet: &Packet) -> Result<Counter, Bug> {
    Ok(Counter {
        packets: counter.packets.saturating_add(1),
        amount: counter.amount.checked_add(packet.total).ok_or("a day's amount was within its limit")?,
        ..counter.clone()
    })
}

/// What an account holds; nothing when it has no row.
fn balance(rows: &Rows, account: &LedgerAccount) -> Result<Fen, Bug> {
    match rows.accounts.get(account) {
        Some(row) => row.balance().ok_or("an account other than settlement is below zero"),
        None => Ok(Fen::ZERO),
    }
}
