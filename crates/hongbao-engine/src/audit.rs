//! Do the books balance? [`check_changes`] asks it of every batch before it is written, [`Audit`] of
//! a whole store: it rebuilds every sum from the postings and compares.

use std::collections::{BTreeMap, HashMap};

use hongbao_types::{Fen, PacketId};

use crate::ledger::{Account, LedgerAccount, Posting, Transfer};
use crate::packet::{Claim, Due, Packet, PacketState};
use crate::rows::{Change, Changes};
use crate::wallet::{Withdrawal, WithdrawalState};

/// A batch whose money does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the books would not balance: {0}")]
pub struct Imbalance(&'static str);

/// Checks that what a batch changes moves every fen from one account to another: the changes of all
/// accounts and escrows add up to nothing, and no packet gives away more than it holds.
pub fn check_changes(changes: &Changes) -> Result<(), Imbalance> {
    let mut sum: i128 = 0;
    for (_, change) in &changes.accounts {
        sum = sum.saturating_add(held(change.after())).saturating_sub(change.before().map_or(0, held));
    }
    for (_, gone) in &changes.gone.accounts {
        sum = sum.saturating_sub(held(gone));
    }
    for change in &changes.packets {
        let after = change.after().escrow().ok_or(Imbalance("a packet gives away more than it holds"))?;
        let before = change.before().and_then(Packet::escrow).unwrap_or(Fen::ZERO);
        sum = sum.saturating_add(i128::from(after.as_i64())).saturating_sub(i128::from(before.as_i64()));
    }
    for change in &changes.withdrawals {
        let (after, before) = (change.after(), change.before());
        if before.is_some_and(|before| !is_settled_by(before, after) && !is_renamed(before, after)) {
            return Err(Imbalance("a withdrawal is settled once, and never changed"));
        }
        let before = before.map_or(Fen::ZERO, Withdrawal::held);
        sum = sum.saturating_add(i128::from(after.held().as_i64())).saturating_sub(i128::from(before.as_i64()));
    }
    for (account, change) in &changes.accounts {
        if *account != LedgerAccount::Settlement && change.after().balance().is_none() {
            return Err(Imbalance("an account other than settlement falls below zero"));
        }
    }
    // Of who is erased the name changes, and nothing else.
    let renamed: HashMap<_, _> =
        changes.claims.iter().map(Change::after).map(|claim| ((&claim.packet, claim.index), claim)).collect();
    let is_kept = |gone: &Claim| {
        renamed.get(&(&gone.packet, gone.index)).is_some_and(|claim| {
            *gone == Claim { openid: gone.openid.clone(), previous: gone.previous.clone(), ..(*claim).clone() }
        })
    };
    if !changes.gone.claims.iter().all(is_kept) {
        return Err(Imbalance("a posting is never deleted"));
    }
    let comes_again = |gone: &Account| {
        let same = |(_, change): &(LedgerAccount, Change<Account>)| {
            let (before, after) = (change.before(), change.after());
            before.is_none() && (after.debits, after.credits) == (gone.debits, gone.credits)
        };
        gone.credits.is_zero() || changes.accounts.iter().any(same)
    };
    if !changes.gone.accounts.iter().all(|(_, gone)| comes_again(gone)) {
        return Err(Imbalance("an account that held something is never deleted"));
    }
    let is_rewritten = |c: &Change<Transfer>| c.before().is_some();
    if changes.transfers.iter().any(is_rewritten) || changes.claims.iter().any(|c| c.before().is_some()) {
        return Err(Imbalance("a posting is never changed"));
    }
    if sum == 0 { Ok(()) } else { Err(Imbalance("what is taken and what is given differ")) }
}

/// Whether `after` is `before`, but for its end.
fn is_settled_by(before: &Withdrawal, after: &Withdrawal) -> bool {
    before.state == WithdrawalState::Held && *before == Withdrawal { state: WithdrawalState::Held, ..after.clone() }
}

/// Whether `after` is `before`, settled, of somebody who is erased.
fn is_renamed(before: &Withdrawal, after: &Withdrawal) -> bool {
    let (openid, previous) = (before.openid.clone(), before.previous.clone());
    before.state != WithdrawalState::Held && *before == Withdrawal { openid, previous, ..after.clone() }
}

fn held(account: &Account) -> i128 {
    i128::from(account.credits.as_i64()).saturating_sub(i128::from(account.debits.as_i64()))
}

/// Something that does not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// An account's row is not the sum of its postings.
    #[error("{account:?}: its row says debits {}, credits {}; its postings add up to debits {}, credits {}",
        stored.debits, stored.credits, rebuilt.debits, rebuilt.credits)]
    Account {
        /// The account.
        account: LedgerAccount,
        /// What its row says.
        stored: Account,
        /// What its postings say.
        rebuilt: Account,
    },
    /// A wallet's withdrawals are not what its row says.
    #[error("{0:?}: what its row says is held and withdrawn is not what its withdrawals say")]
    Withdrawals(LedgerAccount),
    /// An account that must not be is below zero.
    #[error("{0:?} is below zero")]
    BelowZero(LedgerAccount),
    /// A packet's row does not match its claims, its state or itself.
    #[error("packet {packet}: {what}")]
    Packet {
        /// The packet.
        packet: PacketId,
        /// What is wrong.
        what: &'static str,
    },
    /// A claim of a packet that is not there.
    #[error("packet {0} has claims, but no row")]
    NoSuchPacket(PacketId),
    /// Due work and the packets' deadlines differ.
    #[error("packet {packet}: {what}")]
    Due {
        /// The packet.
        packet: PacketId,
        /// What is wrong.
        what: &'static str,
    },
    /// A sum went past what can be held.
    #[error("{0:?}: the postings add up to more than an account can hold")]
    Overflow(LedgerAccount),
}

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// How many packets there are.
    pub packets: u64,
    /// How many claims.
    pub claims: u64,
    /// How many transfers.
    pub transfers: u64,
    /// How many withdrawals.
    pub withdrawals: u64,
    /// How many accounts; not those that stand in another row.
    pub accounts: u64,
    /// What merchants may still send.
    pub merchant_funds: i128,
    /// What is in escrow.
    pub escrow: i128,
    /// What is in people's wallets.
    pub wallets: i128,
    /// What is being withdrawn.
    pub held: i128,
    /// What the outside world is owed; below zero by what came in.
    pub settlement: i128,
    /// What does not add up.
    pub differences: Vec<Difference>,
}

/// Rebuilds the books. A store hands over every row of one consistent view, in any order.
#[derive(Debug, Default)]
pub struct Audit {
    report: AuditReport,
    rebuilt: HashMap<LedgerAccount, Account>,
    stored: BTreeMap<LedgerAccount, Account>,
    /// Of who is being erased: what is under the first name belongs to the second's account.
    renamed: Vec<(LedgerAccount, LedgerAccount)>,
    packets: HashMap<PacketId, PacketSums>,
}

#[derive(Debug, Default)]
struct PacketSums {
    row: Option<(Fen, u32, Option<Due>)>,
    claimed: i128,
    claimed_count: u32,
    due: Option<Due>,
}

impl Audit {
    /// Takes note of a packet.
    pub fn packet(&mut self, packet: &Packet) {
        self.report.packets = self.report.packets.saturating_add(1);
        if let Some(what) = contradiction(packet) {
            self.differ(Difference::Packet { packet: packet.id.clone(), what });
        }
        let (funds, escrow) =
            (LedgerAccount::MerchantFunds(packet.payer.clone()), LedgerAccount::PacketEscrow(packet.id.clone()));
        if packet.is_accepted() {
            let held = packet.escrow().unwrap_or(Fen::ZERO);
            self.report.escrow = self.report.escrow.saturating_add(i128::from(held.as_i64()));
            self.post(&Posting { debit: funds.clone(), credit: escrow.clone(), amount: packet.total });
            self.post(&Posting { debit: escrow.clone(), credit: funds, amount: packet.refunded });
        }
        let sums = self.packets.entry(packet.id.clone()).or_default();
        sums.row = Some((packet.claimed, packet.claimed_count, packet.due()));
        if let Some((app, openid, amount)) = packet.paid_at_once() {
            sums.claimed = sums.claimed.saturating_add(i128::from(amount.as_i64()));
            sums.claimed_count = sums.claimed_count.saturating_add(1);
            let credit = LedgerAccount::RecipientWallet(app.clone(), openid.clone());
            self.post(&Posting { debit: escrow, credit, amount });
        }
    }

    /// Takes note of a claim.
    pub fn claim(&mut self, claim: &Claim) {
        self.report.claims = self.report.claims.saturating_add(1);
        let sums = self.packets.entry(claim.packet.clone()).or_default();
        sums.claimed = sums.claimed.saturating_add(i128::from(claim.amount.as_i64()));
        sums.claimed_count = sums.claimed_count.saturating_add(1);
        self.post(&Posting {
            debit: LedgerAccount::PacketEscrow(claim.packet.clone()),
            credit: LedgerAccount::RecipientWallet(claim.app.clone(), claim.openid.clone()),
            amount: claim.amount,
        });
    }

    /// Takes note of a transfer.
    pub fn transfer(&mut self, transfer: &Transfer) {
        self.report.transfers = self.report.transfers.saturating_add(1);
        self.post(&transfer.posting());
    }

    /// Takes note of a withdrawal.
    pub fn withdrawal(&mut self, withdrawal: &Withdrawal) {
        self.report.withdrawals = self.report.withdrawals.saturating_add(1);
        self.report.held = self.report.held.saturating_add(i128::from(withdrawal.held().as_i64()));
        self.post(&withdrawal.hold_posting());
        if let Some(posting) = withdrawal.settling_posting() {
            self.post(&posting);
        }
        let wallet = &mut self.rebuilt.entry(withdrawal.wallet()).or_default().wallet;
        let sum = match withdrawal.state {
            WithdrawalState::Held => &mut wallet.held,
            WithdrawalState::Confirmed(_) => &mut wallet.withdrawn,
            WithdrawalState::Cancelled(_) => return,
        };
        // What does not fit is reported of the account's debits.
        *sum = sum.checked_add(withdrawal.amount).unwrap_or(Fen::MAX);
    }

    /// Takes note of an account's row.
    pub fn account(&mut self, id: LedgerAccount, account: Account) {
        self.report.accounts = self.report.accounts.saturating_add(1);
        let sum = match id {
            LedgerAccount::Settlement => &mut self.report.settlement,
            LedgerAccount::MerchantFunds(_) => &mut self.report.merchant_funds,
            LedgerAccount::RecipientWallet(..) => &mut self.report.wallets,
            LedgerAccount::PacketEscrow(_) => &mut self.report.escrow,
            LedgerAccount::WithdrawalHold(_) => &mut self.report.held,
        };
        *sum = sum.saturating_add(held(&account));
        if id != LedgerAccount::Settlement && account.balance().is_none() {
            self.differ(Difference::BelowZero(id.clone()));
        }
        if let (LedgerAccount::RecipientWallet(app, _), Some(pseudonym)) = (&id, &account.wallet.pseudonym) {
            self.renamed.push((LedgerAccount::RecipientWallet(app.clone(), pseudonym.clone()), id.clone()));
        }
        self.stored.insert(id, account);
    }

    /// Takes note of due work.
    pub fn due(&mut self, due: Due) {
        let sums = self.packets.entry(due.packet.clone()).or_default();
        sums.due = Some(due);
    }

    /// Compares.
    pub fn finish(mut self) -> AuditReport {
        for (from, to) in std::mem::take(&mut self.renamed) {
            let moved = self.rebuilt.remove(&from).unwrap_or_default();
            let sums = self.rebuilt.entry(to.clone()).or_default();
            match sums.plus(&moved) {
                Some(both) => *sums = both,
                None => self.differ(Difference::Overflow(to)),
            }
        }
        let mut rebuilt: BTreeMap<LedgerAccount, Account> = std::mem::take(&mut self.rebuilt).into_iter().collect();
        for (account, stored) in std::mem::take(&mut self.stored) {
            let rebuilt = rebuilt.remove(&account).unwrap_or_default();
            if (stored.debits, stored.credits) != (rebuilt.debits, rebuilt.credits) {
                self.differ(Difference::Account { account, stored, rebuilt });
            } else if (stored.wallet.held, stored.wallet.withdrawn) != (rebuilt.wallet.held, rebuilt.wallet.withdrawn) {
                self.differ(Difference::Withdrawals(account));
            }
        }
        for (account, rebuilt) in rebuilt {
            if rebuilt != Account::default() {
                self.differ(Difference::Account { account, stored: Account::default(), rebuilt });
            }
        }
        let mut packets: Vec<_> = std::mem::take(&mut self.packets).into_iter().collect();
        packets.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (packet, sums) in packets {
            let Some((claimed, claimed_count, due)) = sums.row else {
                self.differ(Difference::NoSuchPacket(packet));
                continue;
            };
            if i128::from(claimed.as_i64()) != sums.claimed || claimed_count != sums.claimed_count {
                let what = "what its row says was claimed is not what its claims say";
                self.differ(Difference::Packet { packet: packet.clone(), what });
            }
            if due != sums.due {
                let what = "its deadline and the due work written down differ";
                self.differ(Difference::Due { packet, what });
            }
        }
        self.report
    }

    /// Of an account that stands in another row only the other side is summed.
    fn post(&mut self, posting: &Posting) {
        for (account, is_debit) in [(&posting.debit, true), (&posting.credit, false)] {
            if account.is_in_another_row() {
                continue;
            }
            let row = self.rebuilt.entry(account.clone()).or_default();
            let sum = if is_debit { &mut row.debits } else { &mut row.credits };
            match sum.checked_add(posting.amount) {
                Some(total) => *sum = total,
                None => self.report.differences.push(Difference::Overflow(account.clone())),
            }
        }
    }

    fn differ(&mut self, difference: Difference) {
        self.report.differences.push(difference);
    }
}

impl AuditReport {
    /// Whether every fen is in its place.
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.sum() == 0
    }

    /// The sum over all accounts: nothing, when the books balance.
    pub fn sum(&self) -> i128 {
        let parts = [self.merchant_funds, self.escrow, self.wallets, self.held, self.settlement];
        parts.into_iter().fold(0, i128::saturating_add)
    }
}

fn contradiction(packet: &Packet) -> Option<&'static str> {
    let Some(escrow) = packet.escrow() else {
        return Some("it gave away more than it held");
    };
    let is_touched = !packet.claimed.is_zero() || !packet.refunded.is_zero() || packet.claimed_count > 0;
    match packet.state {
        PacketState::Landed(_) | PacketState::Failed(_) if is_touched => Some("money left it that never came in"),
        PacketState::Open if escrow.is_zero() => Some("it is open and empty"),
        PacketState::Open if !packet.refunded.is_zero() => Some("it is open and was refunded"),
        PacketState::Exhausted if !escrow.is_zero() => Some("it is exhausted and still holds money"),
        PacketState::Exhausted if packet.claimed_count != packet.share_count => {
            Some("it is exhausted and not all shares were claimed")
        }
        PacketState::Refunded if !escrow.is_zero() => Some("it was refunded and still holds money"),
        PacketState::Refunded if packet.refunded_at.is_none() => Some("it was refunded at no time"),
        PacketState::Landed(_)
        | PacketState::Failed(_)
        | PacketState::Open
        | PacketState::Exhausted
        | PacketState::Refunded => None,
    }
}
