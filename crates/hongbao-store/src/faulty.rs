//! What does a store do on a bad day? [`Faulty`] wraps any store and, when told to, loses a commit's
//! answer, reports a conflict, can't load, or holds a commit until it is let go.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hongbao_engine::audit::AuditReport;
use hongbao_engine::directory::{App, Merchant, Person, PersonId};
use hongbao_engine::draw::DrawKeys;
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_engine::lottery::{Binding, BindingKey, Lottery};
use hongbao_engine::packet::{BillKey, Claim, Due};
use hongbao_engine::rows::{Changes, ClaimKey, KeySet};
use hongbao_engine::wallet::{Withdrawal, WithdrawalKey};
use hongbao_types::{AppId, LotteryId, MerchantId, OpenId, PacketId, PersonKey, Reference, Timestamp};
use tokio::sync::Semaphore;

use crate::lists::{Page, SentPacket, WalletEntry};
use crate::{ClaimRange, CommitError, Loaded, LotterySums, PacketView, Prize, Store, StoreError, StoreInfo, Writer};

/// What goes wrong with a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written: conflict.
    Conflict,
    /// Everything is written, and the answer is lost.
    UnknownApplied,
    /// Nothing is written, and the answer is lost.
    UnknownNotApplied,
    /// The rows can't be loaded.
    Unavailable,
    /// The commit waits for [`Faults::release`].
    Held,
}

/// The faults to come, shared by all writers: each try takes the next one, when it loads.
#[derive(Clone, Debug)]
pub struct Faults {
    queue: Arc<Mutex<VecDeque<Fault>>>,
    gate: Arc<Semaphore>,
    held: Arc<Semaphore>,
    tries: Arc<Mutex<Vec<usize>>>,
    packet_reads: Arc<AtomicUsize>,
}

/// A store with bad days.
#[derive(Clone, Debug)]
pub struct Faulty<S> {
    inner: S,
    faults: Faults,
}

/// A writer with bad days.
#[derive(Debug)]
pub struct FaultyWriter<W> {
    inner: W,
    faults: Faults,
    now: Option<Fault>,
}

impl Faults {
    /// The next tries go wrong like this, one after another; those after them go well.
    pub fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        *queue = faults.into_iter().collect();
    }

    /// Returns once a commit is held.
    pub async fn held(&self) {
        take(&self.held).await;
    }

    /// Lets one held commit go.
    pub fn release(&self) {
        self.gate.add_permits(1);
    }

    /// How many bill numbers each try since the last plan named.
    pub fn tries(&self) -> Vec<usize> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many packets were read by their ids, outside any try.
    pub fn packet_reads(&self) -> usize {
        self.packet_reads.load(Ordering::SeqCst)
    }

    fn next(&self, keys: &KeySet) -> Option<Fault> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).push(keys.bills.len());
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl<S: Store> Faulty<S> {
    /// `inner`, with no fault planned.
    pub fn new(inner: S) -> Faulty<S> {
        let closed = || Arc::new(Semaphore::new(0));
        let faults = Faults {
            queue: Arc::default(),
            gate: closed(),
            held: closed(),
            tries: Arc::default(),
            packet_reads: Arc::default(),
        };
        Faulty { inner, faults }
    }

    /// The faults to come.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }
}

impl<W: Writer> Writer for FaultyWriter<W> {
    async fn load(&mut self, keys: &KeySet) -> Result<Loaded, StoreError> {
        self.now = self.faults.next(keys);
        if self.now == Some(Fault::Unavailable) {
            return Err(StoreError::Unavailable("planned".to_owned()));
        }
        self.inner.load(keys).await
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), CommitError> {
        match self.now {
            None | Some(Fault::Unavailable) => self.inner.commit(changes).await,
            Some(Fault::Held) => {
                self.faults.held.add_permits(1);
                take(&self.faults.gate).await;
                self.inner.commit(changes).await
            }
            Some(Fault::Conflict) => {
                self.inner.release().await;
                Err(CommitError::Conflict("planned".to_owned()))
            }
            Some(Fault::UnknownApplied) => {
                self.inner.commit(changes).await?;
                Err(CommitError::Unknown("planned, and written".to_owned()))
            }
            Some(Fault::UnknownNotApplied) => {
                self.inner.release().await;
                Err(CommitError::Unknown("planned, and not written".to_owned()))
            }
        }
    }

    async fn release(&mut self) {
        self.inner.release().await;
    }
}

async fn take(semaphore: &Semaphore) {
    if let Ok(permit) = semaphore.acquire().await {
        permit.forget();
    }
}

impl<S: Store> Store for Faulty<S> {
    type Writer = FaultyWriter<S::Writer>;

    fn info(&self) -> &StoreInfo {
        self.inner.info()
    }

    fn person_key(&self) -> &PersonKey {
        self.inner.person_key()
    }

    fn draw_keys(&self) -> &DrawKeys {
        self.inner.draw_keys()
    }

    fn writer(&self) -> Result<Self::Writer, StoreError> {
        Ok(FaultyWriter { inner: self.inner.writer()?, faults: self.faults.clone(), now: None })
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    async fn real_now(&self) -> Result<Timestamp, StoreError> {
        self.inner.real_now().await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        self.inner.merchant(id).await
    }

    async fn app(&self, id: &AppId) -> Result<Option<App>, StoreError> {
        self.inner.app(id).await
    }

    async fn has_origin(&self, origin: &str) -> Result<bool, StoreError> {
        self.inner.has_origin(origin).await
    }

    async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        self.inner.person(id).await
    }

    async fn people(&self, app: &AppId, limit: usize) -> Result<Vec<Person>, StoreError> {
        self.inner.people(app, limit).await
    }

    async fn packet_by_bill(&self, key: &BillKey) -> Result<Option<PacketView>, StoreError> {
        self.inner.packet_by_bill(key).await
    }

    async fn packet(&self, id: &PacketId, claims: ClaimRange) -> Result<Option<PacketView>, StoreError> {
        self.faults.packet_reads.fetch_add(1, Ordering::SeqCst);
        self.inner.packet(id, claims).await
    }

    async fn claim(&self, key: &ClaimKey) -> Result<Option<Claim>, StoreError> {
        self.inner.claim(key).await
    }

    async fn lottery(&self, id: &LotteryId) -> Result<Option<Lottery>, StoreError> {
        self.inner.lottery(id).await
    }

    async fn prizes(&self, id: &LotteryId, after: Option<&PacketId>, limit: usize) -> Result<Vec<Prize>, StoreError> {
        self.inner.prizes(id, after, limit).await
    }

    async fn lottery_sums(&self, id: &LotteryId) -> Result<LotterySums, StoreError> {
        self.inner.lottery_sums(id).await
    }

    async fn binding(&self, key: &BindingKey) -> Result<Option<Binding>, StoreError> {
        self.inner.binding(key).await
    }

    async fn bindings(&self, id: &LotteryId, after: Option<&OpenId>, limit: usize) -> Result<Vec<Binding>, StoreError> {
        self.inner.bindings(id, after, limit).await
    }

    async fn account(&self, id: &LedgerAccount) -> Result<Account, StoreError> {
        self.inner.account(id).await
    }

    async fn withdrawal(&self, key: &WithdrawalKey) -> Result<Option<Withdrawal>, StoreError> {
        self.inner.withdrawal(key).await
    }

    async fn withdrawals(
        &self,
        person: &PersonId,
        from: Option<&Reference>,
        limit: usize,
    ) -> Result<Page<Withdrawal, Reference>, StoreError> {
        self.inner.withdrawals(person, from, limit).await
    }

    async fn wallet_entries(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<WalletEntry, PacketId>, StoreError> {
        self.inner.wallet_entries(person, from, limit).await
    }

    async fn packets_to(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<SentPacket, PacketId>, StoreError> {
        self.inner.packets_to(person, from, limit).await
    }

    async fn due(&self, first_shard: u16, after: Option<&Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.inner.due(first_shard, after, limit).await
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        self.inner.audit().await
    }
}
