//! What does the engine need kept? Rows, and nothing but rows: no rule lives in a store.
//!
//! # The contract
//!
//! A change goes three steps, for a group of commands at a time:
//!
//! 1. [`Writer::load`] reads every row that the group names, locked against every other writer, and
//!    then, after the last lock, the time. A row that does not exist is loaded as absent; loading
//!    creates nothing.
//! 2. The engine decides, in memory.
//! 3. [`Writer::commit`] writes all changes in one transaction, durably, or none. A new row whose key
//!    is taken by now is a conflict: nothing is written.
//!
//! Rows stay locked from `load` to `commit`; [`Writer::release`], loading again or dropping the writer
//! lets them go and writes nothing. Locks are taken in the order of [`KeySet`], new rows
//! written in the order of [`Changes`], so that two writers can't wait
//! for each other in a circle.
//!
//! A packet's id ends with its bill number's shard: a store may take the shard from either.
//!
//! Any number of writers may work at once, in this process or in others. A [`Lane`] feeds one of them:
//! it takes what is waiting, and answers only what is durable.
//!
//! Reads see what is committed, each call one consistent view.
//!
//! [`conformance`] (feature `conformance`) proves a store right.

pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod faulty;
pub mod lane;
pub mod lists;
pub mod memory;
pub mod moving;
pub mod names;

use std::future::Future;

use hongbao_engine::audit::AuditReport;
use hongbao_engine::directory::{App, Merchant, Person, PersonId};
use hongbao_engine::draw::DrawKeys;
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_engine::lottery::{Binding, BindingKey, Lottery};
use hongbao_engine::packet::{BillKey, Claim, Due, Packet, PacketState};
use hongbao_engine::rows::{Changes, ClaimKey, KeySet, Rows};
use hongbao_engine::wallet::{Withdrawal, WithdrawalKey};
use hongbao_types::{AppId, Fen, LotteryId, MerchantId, OpenId, PacketId, PersonKey, Reference, Timestamp};

pub use lane::{CallError, Lane, LaneBounds, Lanes};
pub use lists::{Page, SentPacket, WalletEntry};

/// What a store is, written when it is created and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// Whether it plays, or moves real money.
    pub kind: StoreKind,
    /// The one currency of its amounts.
    pub currency: Currency,
}

/// Sandbox or live, once and for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Has a clock that can be set; its money is play money.
    Sandbox,
    /// Moves real money.
    Live,
}

/// A currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// Its code: `CNY`.
    pub code: String,
    /// Its sign: `¥`.
    pub symbol: String,
    /// How many digits stand behind the point when an amount is shown.
    pub minor_digits: u8,
}

impl Currency {
    /// Renminbi, counted in fen.
    pub fn renminbi() -> Currency {
        Currency { code: "CNY".to_owned(), symbol: "¥".to_owned(), minor_digits: 2 }
    }
}

/// Why a store could not read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached, or is too busy: try again.
    #[error("the store can't be reached: {0}")]
    Unavailable(String),
    /// What it holds contradicts itself: a person must look.
    #[error("the store is corrupted: {0}")]
    Corrupted(String),
}

/// Why a commit did not certainly happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was written: somebody else was there first.
    #[error("another writer was there first: {0}")]
    Conflict(String),
    /// Nothing was written: the store can't be written to at the moment.
    #[error("nothing could be written: {0}")]
    NotWritten(String),
    /// Nobody knows whether everything or nothing was written.
    #[error("it is not known whether the commit happened: {0}")]
    Unknown(String),
}

/// Rows as loaded, and the time.
#[derive(Debug)]
pub struct Loaded {
    /// Every row that was named.
    pub rows: Rows,
    /// The store's time, read after the last lock.
    pub now: Timestamp,
}

/// A packet with its claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketView {
    /// The packet.
    pub packet: Packet,
    /// Its claims, newest first.
    pub claims: Vec<Claim>,
    /// The store's time.
    pub now: Timestamp,
}

/// Some claims of a packet, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimRange {
    /// Only those whose share's place is before this one.
    pub before: u32,
    /// At most so many.
    pub limit: u32,
}

impl ClaimRange {
    /// All of them.
    pub const ALL: ClaimRange = ClaimRange { before: u32::MAX, limit: u32::MAX };
    /// None of them.
    pub const NONE: ClaimRange = ClaimRange { before: 0, limit: 0 };
}

/// A packet that a draw may win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prize {
    /// The packet.
    pub packet: PacketId,
    /// Whose money it is.
    pub payer: MerchantId,
}

/// How many packets of a campaign's bucket nobody got in time, somebody has, and nobody has yet; and their money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LotterySums {
    /// Nobody got them in time.
    pub expired: (u64, Fen),
    /// Somebody has them.
    pub drawn: (u64, Fen),
    /// Nobody has them yet.
    pub available: (u64, Fen),
}

impl LotterySums {
    /// Counts a packet of the bucket, as it is at `now`.
    pub fn add(&mut self, packet: &Packet, now: Timestamp) {
        let sum = if packet.recipient.is_some() {
            &mut self.drawn
        } else if packet.state == PacketState::Open && !packet.is_past_deadline(now) {
            &mut self.available
        } else {
            &mut self.expired
        };
        *sum = (sum.0.saturating_add(1), sum.1.checked_add(packet.total).unwrap_or(Fen::MAX));
    }
}

/// One that writes: at most one group of commands at a time.
pub trait Writer: Send + 'static {
    /// Reads and locks every row that `keys` names.
    fn load(&mut self, keys: &KeySet) -> impl Future<Output = Result<Loaded, StoreError>> + Send;

    /// Writes all of `changes` durably, or nothing, and lets the locks go.
    fn commit(&mut self, changes: &Changes) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Writes nothing, and lets the locks go.
    fn release(&mut self) -> impl Future<Output = ()> + Send;
}

/// Keeps rows.
pub trait Store: Clone + Send + Sync + 'static {
    /// Its writers.
    type Writer: Writer;

    /// What it is.
    fn info(&self) -> &StoreInfo;

    /// The key from which people's openids follow: drawn when the store was created, and never changed.
    fn person_key(&self) -> &PersonKey;

    /// The keys from which the draws of packets follow: the first is drawn when the store is created, and none is ever
    /// dropped.
    fn draw_keys(&self) -> &DrawKeys;

    /// A writer of its own for a lane.
    fn writer(&self) -> Result<Self::Writer, StoreError>;

    /// How many lanes it is worth to have in one process: as many as can be written to at once.
    fn lanes(&self) -> usize;

    /// The real time by the clock that the store goes by: the database's, where it has one of its own. Told only by a store
    /// that can be written now.
    fn real_now(&self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;

    /// The store's time.
    fn now(&self) -> impl Future<Output = Result<Timestamp, StoreError>> + Send;

    /// A merchant.
    fn merchant(&self, id: &MerchantId) -> impl Future<Output = Result<Option<Merchant>, StoreError>> + Send;

    /// An app.
    fn app(&self, id: &AppId) -> impl Future<Output = Result<Option<App>, StoreError>> + Send;

    /// Whether any app has this origin.
    fn has_origin(&self, origin: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// A person of whom something is known.
    fn person(&self, id: &PersonId) -> impl Future<Output = Result<Option<Person>, StoreError>> + Send;

    /// At most `limit` of the app's people of whom something is known, in the order of their openids.
    fn people(&self, app: &AppId, limit: usize) -> impl Future<Output = Result<Vec<Person>, StoreError>> + Send;

    /// A packet by bill number, with its claims.
    fn packet_by_bill(&self, key: &BillKey) -> impl Future<Output = Result<Option<PacketView>, StoreError>> + Send;

    /// A packet by id, with those of its claims.
    fn packet(
        &self,
        id: &PacketId,
        claims: ClaimRange,
    ) -> impl Future<Output = Result<Option<PacketView>, StoreError>> + Send;

    /// A claim.
    fn claim(&self, key: &ClaimKey) -> impl Future<Output = Result<Option<Claim>, StoreError>> + Send;

    /// A campaign.
    fn lottery(&self, id: &LotteryId) -> impl Future<Output = Result<Option<Lottery>, StoreError>> + Send;

    /// At most `limit` packets of a campaign's bucket that nobody has, by their ids, only those behind `after`. Not
    /// locked: somebody may have them by now, or their time be over.
    fn prizes(
        &self,
        id: &LotteryId,
        after: Option<&PacketId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Prize>, StoreError>> + Send;

    /// What is in a campaign's bucket.
    fn lottery_sums(&self, id: &LotteryId) -> impl Future<Output = Result<LotterySums, StoreError>> + Send;

    /// A draw that won.
    fn binding(&self, key: &BindingKey) -> impl Future<Output = Result<Option<Binding>, StoreError>> + Send;

    /// At most `limit` draws of a campaign that won, by openid, only those behind `after`.
    fn bindings(
        &self,
        id: &LotteryId,
        after: Option<&OpenId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Binding>, StoreError>> + Send;

    /// An account; one that has no row yet is empty.
    fn account(&self, id: &LedgerAccount) -> impl Future<Output = Result<Account, StoreError>> + Send;

    /// A withdrawal.
    fn withdrawal(&self, key: &WithdrawalKey) -> impl Future<Output = Result<Option<Withdrawal>, StoreError>> + Send;

    /// At most `limit` of a person's withdrawals, newest first, from `from` on, or from the newest.
    fn withdrawals(
        &self,
        person: &PersonId,
        from: Option<&Reference>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Withdrawal, Reference>, StoreError>> + Send;

    /// At most `limit` of what came into a person's wallet, newest first, from the one of packet `from` on, or from the
    /// newest.
    fn wallet_entries(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<WalletEntry, PacketId>, StoreError>> + Send;

    /// At most `limit` of the packets and transfers that were sent to a person, those that only landed too: one payer
    /// after another, packets before transfers, each newest first; from the packet `from` on, or from the beginning.
    fn packets_to(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<SentPacket, PacketId>, StoreError>> + Send;

    /// At most `limit` pieces of work that are due at the store's time, only those behind `after`. Not locked. The
    /// oldest come first; in a store that is spread over shards the oldest of each shard, shard after shard from
    /// `first_shard` on, so that nodes that begin elsewhere don't do each other's work.
    fn due(
        &self,
        first_shard: u16,
        after: Option<&Due>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Due>, StoreError>> + Send;

    /// Rebuilds the books from one consistent view of everything.
    fn audit(&self) -> impl Future<Output = Result<AuditReport, StoreError>> + Send;
}
