//! Which rows does a group of commands work on, and what has become of them?
//!
//! A store fills [`Rows`] with what a [`KeySet`] names, deciding changes them in memory, and
//! [`Rows::into_changes`] says what there is to write. Rows know no rule but one: what was not named
//! must not be touched.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use hongbao_types::{AppId, Fen, LotteryId, MerchantId, OpenId, PacketId, Timestamp};

use crate::code::{CodeKey, RedeemedCode};
use crate::directory::{App, Merchant, Person, PersonId};
use crate::ledger::{Account, LedgerAccount, Transfer, TransferKey};
use crate::limits::{Counter, CounterKey};
use crate::lottery::{Binding, BindingKey, Lottery};
use crate::packet::{BillKey, Claim, Due, Packet};
use crate::wallet::{Withdrawal, WithdrawalKey};

/// What a claim is known by: nobody opens the same packet twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimKey {
    /// The packet.
    pub packet: PacketId,
    /// The person, under the packet's app.
    pub openid: OpenId,
}

/// A sandbox's clock: real time plus an offset that only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SandboxClock {
    /// How far ahead of real time, in milliseconds.
    pub offset_ms: i64,
}

/// The rows that a group of commands needs. Ordered, because whoever locks rows locks them in this
/// order: tables as they stand here, keys ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    /// The sandbox's clock, to be set.
    pub clock: bool,
    /// Merchants.
    pub merchants: BTreeSet<MerchantId>,
    /// Apps.
    pub apps: BTreeSet<AppId>,
    /// People.
    pub people: BTreeSet<PersonId>,
    /// Whether apps or people may be written. Else they need no lock: what is decided by one that changes at the same
    /// instant may come before the change as well as after it, and all of an app's packets would wait for each other.
    pub writes_apps_or_people: bool,
    /// Campaigns.
    pub lotteries: BTreeSet<LotteryId>,
    /// Packets by bill number.
    pub bills: BTreeSet<BillKey>,
    /// Packets by id.
    pub packets: BTreeSet<PacketId>,
    /// Claims.
    pub claims: BTreeSet<ClaimKey>,
    /// Draws that won.
    pub bindings: BTreeSet<BindingKey>,
    /// Accounts. Never a packet's escrow or a withdrawal's hold: these are rows of their own.
    pub accounts: BTreeSet<LedgerAccount>,
    /// Counters.
    pub counters: BTreeSet<CounterKey>,
    /// Transfers.
    pub transfers: BTreeSet<TransferKey>,
    /// Redeemed codes.
    pub codes: BTreeSet<CodeKey>,
    /// Withdrawals.
    pub withdrawals: BTreeSet<WithdrawalKey>,
}

/// Rows in memory, as loaded and as changed since.
#[derive(Debug, Default)]
pub struct Rows {
    /// The sandbox's clock.
    pub clock: Table<(), SandboxClock>,
    /// Merchants.
    pub merchants: Table<MerchantId, Merchant>,
    /// Apps.
    pub apps: Table<AppId, App>,
    /// People.
    pub people: Table<PersonId, Person>,
    /// Campaigns.
    pub lotteries: Table<LotteryId, Lottery>,
    /// Claims.
    pub claims: Table<ClaimKey, Claim>,
    /// Draws that won.
    pub bindings: Table<BindingKey, Binding>,
    /// Accounts.
    pub accounts: Table<LedgerAccount, Account>,
    /// Counters.
    pub counters: Table<CounterKey, Counter>,
    /// Transfers.
    pub transfers: Table<TransferKey, Transfer>,
    /// Redeemed codes.
    pub codes: Table<CodeKey, RedeemedCode>,
    /// Codes that were issued before this need not be known any more.
    pub(crate) codes_over_before: Option<Timestamp>,
    /// Withdrawals.
    pub withdrawals: Table<WithdrawalKey, Withdrawal>,
    /// All shares of the packets that needed them so far: drawn once for a group of commands.
    pub(crate) drawn: HashMap<PacketId, Vec<Fen>>,
    packets: Table<PacketId, Packet>,
    /// Which packet has a bill number: the packets' unique index.
    bills: Table<BillKey, PacketId>,
}

/// One kind of row: what was there, what is there now, and how to take back what the command in work did.
#[derive(Debug)]
pub struct Table<K, V> {
    slots: HashMap<K, Slot<V>>,
    undo: Vec<(K, Option<V>)>,
}

#[derive(Debug)]
struct Slot<V> {
    now: Option<V>,
    /// Whether `now` was ever put; only then `stored` says what the store has.
    is_touched: bool,
    stored: Option<V>,
}

/// What has become of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<V> {
    /// It is new.
    Insert(V),
    /// It was one thing and is another.
    Update {
        /// What the store has.
        before: V,
        /// What it is to have.
        after: V,
    },
}

impl<V> Change<V> {
    /// What the store is to have.
    pub fn after(&self) -> &V {
        match self {
            Change::Insert(after) | Change::Update { after, .. } => after,
        }
    }

    /// What the store has.
    pub fn before(&self) -> Option<&V> {
        match self {
            Change::Insert(_) => None,
            Change::Update { before, .. } => Some(before),
        }
    }
}

/// Rows that are no longer under their keys, for somebody was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// People.
    pub people: Vec<Person>,
    /// Claims. Each is among the changes again, under another name.
    pub claims: Vec<Claim>,
    /// Draws that won, likewise.
    pub bindings: Vec<Binding>,
    /// Wallets.
    pub accounts: Vec<(LedgerAccount, Account)>,
    /// Counters.
    pub counters: Vec<CounterKey>,
}

/// All that a group of commands changed, each table in the order of its keys.
/// Nothing is ever deleted but due work, which is derived from packets, codes that are long over, and rows whose key has the openid of somebody who
/// is erased: a posting among them comes again under a pseudonym.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The sandbox's clock.
    pub clock: Option<SandboxClock>,
    /// Merchants.
    pub merchants: Vec<Change<Merchant>>,
    /// Apps.
    pub apps: Vec<Change<App>>,
    /// People.
    pub people: Vec<Change<Person>>,
    /// Campaigns.
    pub lotteries: Vec<Change<Lottery>>,
    /// Packets.
    pub packets: Vec<Change<Packet>>,
    /// Due work that came with the packets' changes.
    pub due_added: Vec<Due>,
    /// Due work that went with them.
    pub due_removed: Vec<Due>,
    /// Claims.
    pub claims: Vec<Change<Claim>>,
    /// Draws that won.
    pub bindings: Vec<Change<Binding>>,
    /// Accounts.
    pub accounts: Vec<(LedgerAccount, Change<Account>)>,
    /// Counters.
    pub counters: Vec<(CounterKey, Change<Counter>)>,
    /// Transfers.
    pub transfers: Vec<Change<Transfer>>,
    /// Redeemed codes.
    pub codes: Vec<Change<RedeemedCode>>,
    /// All redeemed codes that were issued before this are to be taken away.
    pub codes_over_before: Option<Timestamp>,
    /// Withdrawals.
    pub withdrawals: Vec<Change<Withdrawal>>,
    /// What is to be taken away, before anything else is written.
    pub gone: Gone,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Table<K, V> {
        Table { slots: HashMap::new(), undo: Vec::new() }
    }
}

impl<K: Clone + Eq + Hash + Ord, V: Clone + PartialEq> Table<K, V> {
    /// Fills in what the store has under `key`; `None` when it has nothing.
    pub fn load(&mut self, key: K, stored: Option<V>) {
        self.slots.insert(key, Slot { now: stored, is_touched: false, stored: None });
    }

    /// What is under `key` now.
    ///
    /// # Panics
    /// When the row was not named: deciding on a row that is not locked would be a bug.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.slots.get(key).expect("a command names every row that it reads").now.as_ref()
    }

    /// What the store has under `key`, whatever was put since.
    ///
    /// # Panics
    /// When the row was not named.
    pub fn stored(&self, key: &K) -> Option<&V> {
        let slot = self.slots.get(key).expect("a command names every row that it reads");
        if slot.is_touched { slot.stored.as_ref() } else { slot.now.as_ref() }
    }

    /// Puts `row` under `key`.
    ///
    /// # Panics
    /// When the row was not named.
    pub fn put(&mut self, key: K, row: V) {
        let slot = self.slots.get_mut(&key).expect("a command names every row that it writes");
        if !slot.is_touched {
            slot.is_touched = true;
            slot.stored.clone_from(&slot.now);
        }
        let previous = slot.now.replace(row);
        self.undo.push((key, previous));
    }

    /// Takes away what is under `key`, and returns it.
    ///
    /// # Panics
    /// When the row was not named.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let slot = self.slots.get_mut(key).expect("a command names every row that it writes");
        if !slot.is_touched {
            slot.is_touched = true;
            slot.stored.clone_from(&slot.now);
        }
        let previous = slot.now.take();
        self.undo.push((key.clone(), previous.clone()));
        previous
    }

    fn begin(&mut self) {
        self.undo.clear();
    }

    fn rollback(&mut self) {
        while let Some((key, previous)) = self.undo.pop() {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.now = previous;
            }
        }
    }

    /// What was there and is no longer, in the order of the keys.
    fn gone(&self) -> Vec<(K, V)> {
        let is_gone = |(key, slot): (&K, &Slot<V>)| {
            let was = slot.stored.clone().filter(|_| slot.is_touched && slot.now.is_none());
            was.map(|was| (key.clone(), was))
        };
        let mut gone: Vec<(K, V)> = self.slots.iter().filter_map(is_gone).collect();
        gone.sort_by(|(a, _), (b, _)| a.cmp(b));
        gone
    }

    /// What changed, in the order of the keys.
    fn into_changes(self) -> Vec<(K, Change<V>)> {
        let mut changes: Vec<(K, Change<V>)> = self
            .slots
            .into_iter()
            .filter(|(_, slot)| slot.is_touched)
            .filter_map(|(key, slot)| match (slot.stored, slot.now?) {
                (Some(before), after) if before == after => None,
                (Some(before), after) => Some((key, Change::Update { before, after })),
                (None, after) => Some((key, Change::Insert(after))),
            })
            .collect();
        changes.sort_by(|(a, _), (b, _)| a.cmp(b));
        changes
    }
}

impl Rows {
    /// Fills in what the store has under a bill number.
    pub fn load_bill(&mut self, key: BillKey, stored: Option<Packet>) {
        self.bills.load(key, stored.as_ref().map(|packet| packet.id.clone()));
        if let Some(packet) = stored {
            self.packets.load(packet.id.clone(), Some(packet));
        }
    }

    /// Fills in what the store has under a packet id.
    pub fn load_packet(&mut self, id: PacketId, stored: Option<Packet>) {
        self.packets.load(id, stored);
    }

    /// The packet with this bill number.
    pub fn packet_by_bill(&self, key: &BillKey) -> Option<&Packet> {
        self.bills.get(key).and_then(|id| self.packets.get(id))
    }

    /// The packet with this id.
    pub fn packet(&self, id: &PacketId) -> Option<&Packet> {
        self.packets.get(id)
    }

    /// Puts a packet whose bill number is new. Its id was chosen, not found; `false`, and nothing is put,
    /// when another packet here has it.
    pub fn insert_packet(&mut self, packet: Packet) -> bool {
        if self.packets.slots.get(&packet.id).is_some_and(|slot| slot.now.is_some()) {
            return false;
        }
        self.bills.put(packet.bill.clone(), packet.id.clone());
        self.packets.slots.entry(packet.id.clone()).or_insert(Slot { now: None, is_touched: false, stored: None });
        self.packets.put(packet.id.clone(), packet);
        true
    }

    /// Puts a packet that was loaded.
    pub fn update_packet(&mut self, packet: Packet) {
        self.packets.put(packet.id.clone(), packet);
    }

    /// From here on, changes belong to the next command.
    pub(crate) fn begin(&mut self) {
        self.clock.begin();
        self.merchants.begin();
        self.apps.begin();
        self.people.begin();
        self.lotteries.begin();
        self.bindings.begin();
        self.packets.begin();
        self.bills.begin();
        self.claims.begin();
        self.accounts.begin();
        self.counters.begin();
        self.transfers.begin();
        self.codes.begin();
        self.withdrawals.begin();
    }

    /// Takes back what changed since [`begin`](Rows::begin).
    pub(crate) fn rollback(&mut self) {
        self.clock.rollback();
        self.merchants.rollback();
        self.apps.rollback();
        self.people.rollback();
        self.lotteries.rollback();
        self.bindings.rollback();
        self.packets.rollback();
        self.bills.rollback();
        self.claims.rollback();
        self.accounts.rollback();
        self.counters.rollback();
        self.transfers.rollback();
        self.codes.rollback();
        self.withdrawals.rollback();
    }

    /// What there is to write.
    pub fn into_changes(self) -> Changes {
        let packets = values(self.packets.into_changes());
        let (mut due_added, mut due_removed) = (Vec::new(), Vec::new());
        for change in &packets {
            let (before, after) = (change.before().and_then(Packet::due), change.after().due());
            if before != after {
                due_removed.extend(before);
                due_added.extend(after);
            }
        }
        due_added.sort();
        due_removed.sort();
        let gone = Gone {
            people: rows_of(self.people.gone()),
            claims: rows_of(self.claims.gone()),
            bindings: rows_of(self.bindings.gone()),
            accounts: self.accounts.gone(),
            counters: self.counters.gone().into_iter().map(|(key, _)| key).collect(),
        };
        Changes {
            gone,
            clock: self.clock.into_changes().pop().map(|((), change)| *change.after()),
            merchants: values(self.merchants.into_changes()),
            apps: values(self.apps.into_changes()),
            people: values(self.people.into_changes()),
            lotteries: values(self.lotteries.into_changes()),
            packets,
            due_added,
            due_removed,
            claims: values(self.claims.into_changes()),
            bindings: values(self.bindings.into_changes()),
            accounts: self.accounts.into_changes(),
            counters: self.counters.into_changes(),
            transfers: values(self.transfers.into_changes()),
            codes_over_before: self.codes_over_before,
            codes: values(self.codes.into_changes()),
            withdrawals: values(self.withdrawals.into_changes()),
        }
    }
}

fn rows_of<K, V>(gone: Vec<(K, V)>) -> Vec<V> {
    gone.into_iter().map(|(_, row)| row).collect()
}

fn values<K, V>(changes: Vec<(K, Change<V>)>) -> Vec<Change<V>> {
    changes.into_iter().map(|(_, change)| change).collect()
}

impl Changes {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        *self == Changes::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rolled_back_is_not_written() {
        let mut rows = Rows::default();
        let (old, new) = (
            LedgerAccount::Settlement,
            CounterKey::Merchant(MerchantId::try_new("1").unwrap(), crate::packet::Family::Packets),
        );
        let account = |fen| Account { debits: hongbao_types::Fen::new(fen), ..Account::default() };
        rows.accounts.load(old.clone(), Some(account(1)));
        rows.counters.load(new.clone(), None);

        rows.begin();
        rows.accounts.put(old.clone(), account(2));
        rows.begin();
        rows.accounts.put(old.clone(), account(3));
        rows.accounts.put(old.clone(), account(4));
        rows.counters.put(new, Counter::default());
        rows.rollback();

        let kept = Change::Update { before: account(1), after: account(2) };
        assert_eq!(rows.into_changes(), Changes { accounts: vec![(old, kept)], ..Changes::default() });
    }

    #[test]
    fn a_row_that_was_not_named_is_not_read() {
        let read = std::panic::catch_unwind(|| Rows::default().accounts.get(&LedgerAccount::Settlement).is_some());
        assert!(read.is_err());
    }
}
