//! A store that keeps everything in memory: for tests and simulations, and as the plainest reading of
//! the contract.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::{Arc, LazyLock};

use hongbao_engine::audit::{Audit, AuditReport};
use hongbao_engine::code::{CodeKey, RedeemedCode};
use hongbao_engine::directory::{App, Merchant, Person, PersonId};
use hongbao_engine::draw::DrawKeys;
use hongbao_engine::ledger::{Account, LedgerAccount, Transfer, TransferKey};
use hongbao_engine::limits::{Counter, CounterKey};
use hongbao_engine::lottery::{Binding, BindingKey, Lottery};
use hongbao_engine::packet::{BillKey, Claim, Due, Packet, PacketState};
use hongbao_engine::rows::{Change, Changes, ClaimKey, KeySet, Rows, SandboxClock};
use hongbao_engine::wallet::{Wallet, Withdrawal, WithdrawalKey};
use hongbao_types::{AppId, DrawKey, LotteryId, MerchantId, OpenId, PacketId, PersonKey, Reference, Timestamp};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::clock::Clock;
use crate::lists::{self, ListHead, Page, SentPacket, WalletEntry};
use crate::{ClaimRange, CommitError, Loaded, LotterySums, PacketView, Prize, Store, StoreError, StoreInfo, Writer};

/// All rows, without a lock and without a clock.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    clock: Option<SandboxClock>,
    merchants: BTreeMap<MerchantId, Merchant>,
    apps: BTreeMap<AppId, App>,
    people: BTreeMap<PersonId, Person>,
    lotteries: BTreeMap<LotteryId, Lottery>,
    bindings: BTreeMap<BindingKey, Binding>,
    packets: BTreeMap<PacketId, Packet>,
    bills: BTreeMap<BillKey, PacketId>,
    due: BTreeSet<Due>,
    claims: BTreeMap<ClaimKey, Claim>,
    accounts: BTreeMap<LedgerAccount, Account>,
    counters: BTreeMap<CounterKey, Counter>,
    transfers: BTreeMap<TransferKey, Transfer>,
    codes: BTreeMap<CodeKey, RedeemedCode>,
    withdrawals: BTreeMap<WithdrawalKey, Withdrawal>,
}

impl Tables {
    /// The rows that `keys` names.
    pub fn load(&self, keys: &KeySet) -> Rows {
        let mut rows = Rows::default();
        if keys.clock {
            rows.clock.load((), self.clock);
        }
        for id in &keys.merchants {
            rows.merchants.load(id.clone(), self.merchants.get(id).cloned());
        }
        for id in &keys.apps {
            rows.apps.load(id.clone(), self.apps.get(id).cloned());
        }
        for id in &keys.people {
            rows.people.load(id.clone(), self.people.get(id).cloned());
        }
        for id in &keys.lotteries {
            rows.lotteries.load(id.clone(), self.lotteries.get(id).cloned());
        }
        for key in &keys.bindings {
            rows.bindings.load(key.clone(), self.bindings.get(key).cloned());
        }
        for key in &keys.bills {
            rows.load_bill(key.clone(), self.packet_by_bill(key).cloned());
        }
        for id in &keys.packets {
            rows.load_packet(id.clone(), self.packets.get(id).cloned());
        }
        for key in &keys.claims {
            rows.claims.load(key.clone(), self.claims.get(key).cloned());
        }
        for key in &keys.accounts {
            rows.accounts.load(key.clone(), self.accounts.get(key).cloned());
        }
        for key in &keys.counters {
            rows.counters.load(key.clone(), self.counters.get(key).cloned());
        }
        for key in &keys.transfers {
            rows.transfers.load(key.clone(), self.transfers.get(key).cloned());
        }
        for key in &keys.codes {
            rows.codes.load(*key, self.codes.get(key).copied());
        }
        for key in &keys.withdrawals {
            rows.withdrawals.load(key.clone(), self.withdrawals.get(key).cloned());
        }
        rows
    }

    /// Writes all of `changes`, or nothing when a new row's key is taken.
    pub fn apply(&mut self, changes: &Changes) -> Result<(), CommitError> {
        self.refuse_taken_keys(changes)?;
        for person in &changes.gone.people {
            self.people.remove(&person.id);
        }
        for claim in &changes.gone.claims {
            self.claims.remove(&claim_key(claim));
        }
        for binding in &changes.gone.bindings {
            self.bindings.remove(&binding.key);
        }
        for (key, _) in &changes.gone.accounts {
            self.accounts.remove(key);
        }
        for key in &changes.gone.counters {
            self.counters.remove(key);
        }
        if let Some(clock) = changes.clock {
            self.clock = Some(clock);
        }
        for merchant in changes.merchants.iter().map(Change::after) {
            self.merchants.insert(merchant.id.clone(), merchant.clone());
        }
        for app in changes.apps.iter().map(Change::after) {
            self.apps.insert(app.id.clone(), app.clone());
        }
        for person in changes.people.iter().map(Change::after) {
            self.people.insert(person.id.clone(), person.clone());
        }
        for lottery in changes.lotteries.iter().map(Change::after) {
            self.lotteries.insert(lottery.id.clone(), lottery.clone());
        }
        for binding in changes.bindings.iter().map(Change::after) {
            self.bindings.insert(binding.key.clone(), binding.clone());
        }
        for packet in changes.packets.iter().map(Change::after) {
            self.bills.insert(packet.bill.clone(), packet.id.clone());
            self.packets.insert(packet.id.clone(), packet.clone());
        }
        for due in &changes.due_removed {
            self.due.remove(due);
        }
        self.due.extend(changes.due_added.iter().cloned());
        for claim in changes.claims.iter().map(Change::after) {
            self.claims.insert(claim_key(claim), claim.clone());
        }
        for (key, change) in &changes.accounts {
            self.accounts.insert(key.clone(), change.after().clone());
        }
        for (key, change) in &changes.counters {
            self.counters.insert(key.clone(), change.after().clone());
        }
        for transfer in changes.transfers.iter().map(Change::after) {
            self.transfers.insert(transfer.key.clone(), transfer.clone());
        }
        if let Some(before) = changes.codes_over_before {
            self.codes = self.codes.split_off(&CodeKey { issued_at: before, nonce: [0; 8] });
        }
        for code in changes.codes.iter().map(Change::after) {
            self.codes.insert(code.key, *code);
        }
        for withdrawal in changes.withdrawals.iter().map(Change::after) {
            self.withdrawals.insert(withdrawal.key.clone(), withdrawal.clone());
        }
        Ok(())
    }

    fn refuse_taken_keys(&self, changes: &Changes) -> Result<(), CommitError> {
        let is_new = |before: Option<_>| before.is_none();
        let taken = changes.packets.iter().any(|change| {
            let packet = change.after();
            is_new(change.before().map(|_| ()))
                && (self.packets.contains_key(&packet.id) || self.bills.contains_key(&packet.bill))
        }) || changes.claims.iter().any(|change| self.claims.contains_key(&claim_key(change.after())))
            || changes.bindings.iter().any(|change| self.bindings.contains_key(&change.after().key))
            || changes.transfers.iter().any(|change| self.transfers.contains_key(&change.after().key))
            || changes.withdrawals.iter().any(|change| {
                is_new(change.before().map(|_| ())) && self.withdrawals.contains_key(&change.after().key)
            })
            || changes.codes.iter().any(|change| self.codes.contains_key(&change.after().key));
        if taken { Err(CommitError::Conflict("a key is taken".to_owned())) } else { Ok(()) }
    }

    /// The packet with this bill number.
    pub fn packet_by_bill(&self, key: &BillKey) -> Option<&Packet> {
        self.bills.get(key).and_then(|id| self.packets.get(id))
    }

    /// The packet with this id.
    pub fn packet(&self, id: &PacketId) -> Option<&Packet> {
        self.packets.get(id)
    }

    /// An account; one that has no row is empty.
    pub fn account(&self, id: &LedgerAccount) -> Account {
        self.accounts.get(id).cloned().unwrap_or_default()
    }

    /// Work that is due at `now`, the oldest first, behind `after`.
    pub fn due(&self, now: Timestamp, after: Option<&Due>) -> impl Iterator<Item = &Due> {
        let behind = after.map_or(Bound::Unbounded, |due| Bound::Excluded(due.clone()));
        self.due.range((behind, Bound::Unbounded)).take_while(move |due| due.at <= now)
    }

    /// A person's withdrawals, newest first.
    pub fn withdrawals(
        &self,
        person: &PersonId,
        from: Option<&Reference>,
        limit: usize,
    ) -> Page<Withdrawal, Reference> {
        let from = from.cloned().or_else(|| self.wallet(person).newest_withdrawal);
        let Ok(page) = lists::walk(from, limit, |reference| {
            let key = WithdrawalKey { app: person.app.clone(), reference: reference.clone() };
            let found = self.withdrawals.get(&key).filter(|withdrawal| withdrawal.openid == person.openid);
            Ok::<_, Infallible>(found.map(|withdrawal| (withdrawal.clone(), withdrawal.previous.clone())))
        });
        page
    }

    /// What came into a person's wallet, newest first.
    pub fn wallet_entries(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Page<WalletEntry, PacketId> {
        let from = from.cloned().or_else(|| self.wallet(person).newest_entry);
        let claim = |key: &ClaimKey| Ok::<_, Infallible>(self.claims.get(key).cloned());
        let packet = |id: &PacketId| Ok(self.packets.get(id).cloned());
        let Ok(page) = lists::wallet_entries(person, from, limit, claim, packet);
        page
    }

    /// The packets that were sent to a person, one payer after another, each newest first.
    pub fn packets_to(&self, person: &PersonId, from: Option<&PacketId>, limit: usize) -> Page<SentPacket, PacketId> {
        let heads = self.counters.iter().filter_map(|(key, counter)| match key {
            CounterKey::Recipient(payer, family, app, openid) if (app, openid) == (&person.app, &person.openid) => {
                Some(ListHead { payer: payer.clone(), family: *family, newest: counter.newest.clone()? })
            }
            CounterKey::Recipient(..) | CounterKey::Merchant(..) => None,
        });
        let claim = |key: &ClaimKey| Ok::<_, Infallible>(self.claims.get(key).cloned());
        let packet = |id: &PacketId| Ok(self.packets.get(id).cloned());
        let Ok(page) = lists::packets_to(person, from, limit, heads.collect(), packet, claim);
        page
    }

    fn wallet(&self, person: &PersonId) -> Wallet {
        self.account(&LedgerAccount::RecipientWallet(person.app.clone(), person.openid.clone())).wallet
    }

    /// Rebuilds the books.
    pub fn audit(&self) -> AuditReport {
        let mut audit = Audit::default();
        self.packets.values().for_each(|packet| audit.packet(packet));
        self.claims.values().for_each(|claim| audit.claim(claim));
        self.transfers.values().for_each(|transfer| audit.transfer(transfer));
        self.withdrawals.values().for_each(|withdrawal| audit.withdrawal(withdrawal));
        self.accounts.iter().for_each(|(id, account)| audit.account(id.clone(), account.clone()));
        self.due.iter().for_each(|due| audit.due(due.clone()));
        audit.finish()
    }

    fn offset_ms(&self) -> i64 {
        self.clock.map_or(0, |clock| clock.offset_ms)
    }

    fn view(&self, packet: &Packet, range: ClaimRange, now: Timestamp) -> PacketView {
        let of_packet = |claim: &&Claim| claim.packet == packet.id && claim.index < range.before;
        let mut claims: Vec<Claim> = self.claims.values().filter(of_packet).cloned().collect();
        claims.sort_by_key(|claim| std::cmp::Reverse(claim.index));
        claims.truncate(usize::try_from(range.limit).unwrap_or(usize::MAX));
        PacketView { packet: packet.clone(), claims, now }
    }
}

fn is_in_bucket(packet: &Packet, id: &LotteryId) -> bool {
    packet.pre_order.as_ref().is_some_and(|pre_order| pre_order.lottery.as_ref() == Some(id))
}

fn claim_key(claim: &Claim) -> ClaimKey {
    ClaimKey { packet: claim.packet.clone(), openid: claim.openid.clone() }
}

/// Nothing here outlives the process, so neither need its people.
static PERSON_KEY: PersonKey = PersonKey::new([0; 32]);
static DRAW_KEYS: LazyLock<DrawKeys> = LazyLock::new(|| DrawKeys::new(vec![(1, DrawKey::new([1; 32]))]));

/// A store in memory. Its one lock is every row's lock.
#[derive(Clone)]
pub struct MemoryStore {
    info: Arc<StoreInfo>,
    clock: Arc<dyn Clock>,
    tables: Arc<Mutex<Tables>>,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Writes to a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryWriter {
    store: MemoryStore,
    locked: Option<OwnedMutexGuard<Tables>>,
}

impl MemoryStore {
    /// An empty store whose real time is `clock`'s.
    pub fn new(info: StoreInfo, clock: Arc<dyn Clock>) -> MemoryStore {
        MemoryStore { info: Arc::new(info), clock, tables: Arc::new(Mutex::new(Tables::default())) }
    }

    fn time(&self, tables: &Tables) -> Timestamp {
        self.clock.now().plus_millis(tables.offset_ms())
    }
}

impl Writer for MemoryWriter {
    async fn load(&mut self, keys: &KeySet) -> Result<Loaded, StoreError> {
        self.locked = None;
        let tables = self.store.tables.clone().lock_owned().await;
        let loaded = Loaded { rows: tables.load(keys), now: self.store.time(&tables) };
        self.locked = Some(tables);
        Ok(loaded)
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), CommitError> {
        let mut tables = self.locked.take().expect("rows are loaded before they are written");
        tables.apply(changes)
    }

    async fn release(&mut self) {
        self.locked = None;
    }
}

impl Store for MemoryStore {
    type Writer = MemoryWriter;

    fn info(&self) -> &StoreInfo {
        &self.info
    }

    fn person_key(&self) -> &PersonKey {
        &PERSON_KEY
    }

    fn draw_keys(&self) -> &DrawKeys {
        &DRAW_KEYS
    }

    fn writer(&self) -> Result<MemoryWriter, StoreError> {
        Ok(MemoryWriter { store: self.clone(), locked: None })
    }

    fn lanes(&self) -> usize {
        1
    }

    async fn real_now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.time(&*self.tables.lock().await))
    }

    async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        Ok(self.tables.lock().await.merchants.get(id).cloned())
    }

    async fn app(&self, id: &AppId) -> Result<Option<App>, StoreError> {
        Ok(self.tables.lock().await.apps.get(id).cloned())
    }

    async fn has_origin(&self, origin: &str) -> Result<bool, StoreError> {
        let tables = self.tables.lock().await;
        Ok(tables.apps.values().any(|app| app.origins.iter().any(|known| known == origin)))
    }

    async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        Ok(self.tables.lock().await.people.get(id).cloned())
    }

    async fn people(&self, app: &AppId, limit: usize) -> Result<Vec<Person>, StoreError> {
        let tables = self.tables.lock().await;
        let of_app = tables.people.values().filter(|person| person.id.app == *app);
        Ok(of_app.take(limit).cloned().collect())
    }

    async fn packet_by_bill(&self, key: &BillKey) -> Result<Option<PacketView>, StoreError> {
        let tables = self.tables.lock().await;
        let now = self.time(&tables);
        Ok(tables.packet_by_bill(key).map(|packet| tables.view(packet, ClaimRange::ALL, now)))
    }

    async fn packet(&self, id: &PacketId, claims: ClaimRange) -> Result<Option<PacketView>, StoreError> {
        let tables = self.tables.lock().await;
        let now = self.time(&tables);
        Ok(tables.packets.get(id).map(|packet| tables.view(packet, claims, now)))
    }

    async fn claim(&self, key: &ClaimKey) -> Result<Option<Claim>, StoreError> {
        Ok(self.tables.lock().await.claims.get(key).cloned())
    }

    async fn lottery(&self, id: &LotteryId) -> Result<Option<Lottery>, StoreError> {
        Ok(self.tables.lock().await.lotteries.get(id).cloned())
    }

    async fn prizes(&self, id: &LotteryId, after: Option<&PacketId>, limit: usize) -> Result<Vec<Prize>, StoreError> {
        let tables = self.tables.lock().await;
        let behind = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.clone()));
        let in_bucket = tables.packets.range((behind, Bound::Unbounded)).map(|(_, packet)| packet);
        let in_bucket = in_bucket.filter(|packet| is_in_bucket(packet, id));
        let free = in_bucket.filter(|packet| packet.recipient.is_none() && packet.state == PacketState::Open);
        Ok(free.take(limit).map(|packet| Prize { packet: packet.id.clone(), payer: packet.payer.clone() }).collect())
    }

    async fn lottery_sums(&self, id: &LotteryId) -> Result<LotterySums, StoreError> {
        let tables = self.tables.lock().await;
        let now = self.time(&tables);
        let mut sums = LotterySums::default();
        tables.packets.values().filter(|packet| is_in_bucket(packet, id)).for_each(|packet| sums.add(packet, now));
        Ok(sums)
    }

    async fn binding(&self, key: &BindingKey) -> Result<Option<Binding>, StoreError> {
        Ok(self.tables.lock().await.bindings.get(key).cloned())
    }

    async fn bindings(&self, id: &LotteryId, after: Option<&OpenId>, limit: usize) -> Result<Vec<Binding>, StoreError> {
        let tables = self.tables.lock().await;
        let of_lottery = tables.bindings.values().filter(|binding| binding.key.lottery == *id);
        let behind = of_lottery.filter(|binding| after.is_none_or(|after| binding.key.openid > *after));
        Ok(behind.take(limit).cloned().collect())
    }

    async fn account(&self, id: &LedgerAccount) -> Result<Account, StoreError> {
        Ok(self.tables.lock().await.account(id))
    }

    async fn withdrawal(&self, key: &WithdrawalKey) -> Result<Option<Withdrawal>, StoreError> {
        Ok(self.tables.lock().await.withdrawals.get(key).cloned())
    }

    async fn withdrawals(
        &self,
        person: &PersonId,
        from: Option<&Reference>,
        limit: usize,
    ) -> Result<Page<Withdrawal, Reference>, StoreError> {
        Ok(self.tables.lock().await.withdrawals(person, from, limit))
    }

    async fn wallet_entries(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<WalletEntry, PacketId>, StoreError> {
        Ok(self.tables.lock().await.wallet_entries(person, from, limit))
    }

    async fn packets_to(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<SentPacket, PacketId>, StoreError> {
        Ok(self.tables.lock().await.packets_to(person, from, limit))
    }

    async fn due(&self, _first_shard: u16, after: Option<&Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        let tables = self.tables.lock().await;
        Ok(tables.due(self.time(&tables), after).take(limit).cloned().collect())
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        Ok(self.tables.lock().await.audit())
    }
}
