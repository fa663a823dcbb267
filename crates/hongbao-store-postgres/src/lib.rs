//! The store of a platform on many machines: PostgreSQL.
//!
//! Any number of nodes write at once, and none has anything that another needs: the database's constraints are the truth.
//! Each writer has a connection of its own, locks the rows that its batch names and writes them in three round trips;
//! readers share a bounded pool and wait for nobody. The time is the database's.

mod error;
mod history;
mod import;
mod locks;
mod migrations;
mod pipeline;
mod pool;
mod query;
mod reads;
#[cfg(any(test, feature = "rig"))]
pub mod rig;
mod row_array;
mod rows;
mod session;
mod shard;
mod socket;
mod target;
mod writer;
mod writes;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use hongbao_engine::audit::{Audit, AuditReport};
use hongbao_engine::directory::{App, Merchant, Person, PersonId};
use hongbao_engine::draw::DrawKeys;
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_engine::lottery::{Binding, BindingKey, Lottery};
use hongbao_engine::packet::{BillKey, Claim, Due};
use hongbao_engine::rows::ClaimKey;
use hongbao_engine::wallet::{Withdrawal, WithdrawalKey};
use hongbao_store::clock::Clock;
use hongbao_store::{
    ClaimRange, Currency, LotterySums, PacketView, Page, Prize, SentPacket, Store, StoreError, StoreInfo, WalletEntry,
    names,
};
use hongbao_types::{AppId, DrawKey, LotteryId, MerchantId, OpenId, PacketId, PersonKey, Reference, Timestamp};
use tokio_postgres::Row;

use error::Error;
use pool::{Pool, View};
use query::Query;
use reads::{PacketKey, at_most, params};
use session::{Role, Session, within};
use target::Target;

pub use import::{ImportError, PostgresImport, Progress};
pub use migrations::Earlier;
pub use writer::PostgresWriter;

/// The database's real time, and how far ahead of it a sandbox's clock is.
const TIME: &str = "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint) AS real_ms, offset_ms";

/// How many writers a process has: enough that payers and packets that meet nowhere don't wait for each other's commits,
/// and few enough that batches stay large.
const LANES: usize = 4;

/// How long a look whether anything can still be committed may take. A host where it takes longer is left.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);

/// Why a store could not be opened. Nothing here says a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL makes no sense.
    #[error("the store's URL makes no sense: {0}; it reads postgres://user:password@host:5432/database")]
    Url(&'static str),
    /// There is no way to tell whether a server is the right one.
    #[error("the certificates that a database server is judged by can't be used: {0}")]
    Tls(String),
    /// The database can't be reached, or does not let us in.
    #[error("the store can't be reached: {0}")]
    Unavailable(String),
    /// The tables in it are somebody else's.
    #[error("not a Hongbao store: the database has tables that are not Hongbao's")]
    NotAStore,
    /// It has no tables.
    #[error("there is no store: the database is empty")]
    Missing,
    /// A later version made its tables.
    #[error("the store was written by a later version (schema {found}, this one knows {known})")]
    TooNew {
        /// Its schema.
        found: i64,
        /// The latest schema known here.
        known: i64,
    },
    /// An earlier version made its tables.
    #[error("the store is of an earlier version (schema {found}, this one needs {known})")]
    TooOld {
        /// Its schema.
        found: i64,
        /// The schema that is needed.
        known: i64,
    },
    /// Another store's rows are being written into it.
    #[error("the store is not complete: a migration into it is unfinished")]
    Unfinished,
    /// It is of another kind or currency than asked for.
    #[error("the store is what it was created as, {found}, not {asked}")]
    OtherKind {
        /// What it is.
        found: String,
        /// What was asked for.
        asked: String,
    },
}

impl From<Error> for OpenError {
    fn from(error: Error) -> OpenError {
        OpenError::Unavailable(error.to_string())
    }
}

/// How a store is opened.
#[derive(Clone)]
pub struct OpenOptions {
    /// What is done with tables of an earlier version.
    pub earlier: Earlier,
    /// Another real time than the database's, for tests.
    pub clock: Option<Arc<dyn Clock>>,
    /// How long a load, a write or a commit may take. A commit that is not answered by then is unknown: its socket is
    /// closed, and another host tried.
    pub patience: Duration,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions { earlier: Earlier::IsRefused, clock: None, patience: Duration::from_secs(10) }
    }
}

impl std::fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenOptions")
            .field("earlier", &self.earlier)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// A store in a PostgreSQL database.
#[derive(Clone)]
pub struct PostgresStore {
    inner: Arc<Inner>,
}

struct Inner {
    target: Arc<Target>,
    info: StoreInfo,
    person_key: PersonKey,
    draw_keys: DrawKeys,
    clock: Option<Arc<dyn Clock>>,
    patience: Duration,
    pool: Pool,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore")
            .field("hosts", &self.inner.target.names())
            .field("info", &self.inner.info)
            .finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens the store at `url`, or creates one that is `info` in an empty database.
    pub async fn open_or_create(url: &str, info: &StoreInfo, options: OpenOptions) -> Result<PostgresStore, OpenError> {
        let target = Target::parse(url)?.for_writing();
        let mut session = target.connect(Role::Writer).await?;
        migrations::run(&mut session, info, options.earlier).await?;
        import::refuse_unfinished(&mut session).await?;
        let store = PostgresStore::new(Arc::new(target), session, options).await?;
        if store.info() != info {
            let (found, asked) = (names::describe(store.info()), names::describe(info));
            return Err(OpenError::OtherKind { found, asked });
        }
        Ok(store)
    }

    /// Opens the store at `url` as what it is, and creates nothing.
    pub async fn open_existing(url: &str) -> Result<PostgresStore, OpenError> {
        let target = Target::parse(url)?;
        let mut session = target.connect(Role::Reader).await?;
        let found = migrations::version(&mut session).await?.ok_or(OpenError::Missing)?;
        migrations::judge(&mut session, found).await?;
        import::refuse_unfinished(&mut session).await?;
        PostgresStore::new(Arc::new(target), session, OpenOptions::default()).await
    }

    async fn new(target: Arc<Target>, mut session: Session, options: OpenOptions) -> Result<PostgresStore, OpenError> {
        let store = Query::new("SELECT * FROM store", Vec::new());
        let keys = Query::new("SELECT number, key FROM draw_key ORDER BY number", Vec::new());
        let queries = [store, keys];
        let found = within(options.patience, "what the store is", session.rows(None, &queries)).await?;
        let row = found[0].first().ok_or(OpenError::NotAStore)?;
        let info = StoreInfo {
            kind: rows::named(row, "kind", names::store_kind)?,
            currency: Currency {
                code: rows::get(row, "currency_code")?,
                symbol: rows::get(row, "currency_symbol")?,
                minor_digits: rows::small(row, "currency_minor_digits")?,
            },
        };
        let person_key = PersonKey::new(rows::bytes(row, "person_key")?);
        let draw_key = |row: &Row| -> rows::Result<(u32, DrawKey)> {
            Ok((rows::small(row, "number")?, DrawKey::new(rows::bytes(row, "key")?)))
        };
        let draw_keys = DrawKeys::new(found[1].iter().map(draw_key).collect::<rows::Result<_>>()?);
        let pool = Pool::new(target.clone());
        let OpenOptions { clock, patience, .. } = options;
        Ok(PostgresStore { inner: Arc::new(Inner { target, info, person_key, draw_keys, clock, patience, pool }) })
    }

    fn target(&self) -> &Target {
        &self.inner.target
    }

    fn patience(&self) -> Duration {
        self.inner.patience
    }

    /// The store's time, by a row that has it.
    fn time(&self, row: &Row) -> rows::Result<Timestamp> {
        let real = match &self.inner.clock {
            Some(clock) => clock.now(),
            None => Timestamp::from_millis(rows::get(row, "real_ms")?),
        };
        Ok(real.plus_millis(rows::get(row, "offset_ms")?))
    }

    /// Another clock's time, where there is one.
    fn real_ms(&self) -> Option<i64> {
        self.inner.clock.as_ref().map(|clock| clock.now().as_millis())
    }

    async fn rows(&self, query: Query<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(self.inner.pool.rows(&[query]).await?.pop().unwrap_or_default())
    }

    async fn packet_view(&self, key: PacketKey<'_>, range: ClaimRange) -> Result<Option<PacketView>, StoreError> {
        let mut queries = vec![reads::packet(key), clock()];
        if range.limit > 0 {
            queries.push(reads::claims(key, range));
        }
        let found = self.inner.pool.rows(&queries).await?;
        let Some(packet) = reads::first(&found[0], rows::packet)? else { return Ok(None) };
        let claims = found.get(2).map(|found| reads::all(found, rows::claim)).transpose()?.unwrap_or_default();
        Ok(Some(PacketView { packet, claims, now: self.found_time(&found[1])? }))
    }

    fn found_time(&self, found: &[Row]) -> Result<Timestamp, StoreError> {
        let now = reads::first(found, |row| self.time(row))?;
        now.ok_or_else(no_clock)
    }
}

fn no_clock() -> StoreError {
    StoreError::Corrupted("there is no clock".to_owned())
}

fn clock() -> Query<'static> {
    Query::new(format!("SELECT {TIME} FROM sandbox_clock"), Vec::new())
}

/// Hands every row of a table on.
async fn each(
    view: &mut View<'_>,
    table: &str,
    mut visit: impl FnMut(&Row) -> rows::Result<()>,
) -> Result<(), StoreError> {
    let mut found = pin!(view.stream(&format!("SELECT * FROM {table}")).await?);
    while let Some(row) = found.try_next().await.map_err(|error| Error::from(error).of_read())? {
        visit(&row).map_err(Error::of_read)?;
    }
    Ok(())
}

impl Store for PostgresStore {
    type Writer = PostgresWriter;

    fn info(&self) -> &StoreInfo {
        &self.inner.info
    }

    fn person_key(&self) -> &PersonKey {
        &self.inner.person_key
    }

    fn draw_keys(&self) -> &DrawKeys {
        &self.inner.draw_keys
    }

    fn writer(&self) -> Result<PostgresWriter, StoreError> {
        Ok(PostgresWriter::new(self.clone()))
    }

    fn lanes(&self) -> usize {
        LANES
    }

    async fn real_now(&self) -> Result<Timestamp, StoreError> {
        let found = self.inner.pool.rows_that_last(clock(), self.patience().min(PROBE_PATIENCE)).await?;
        let real = reads::first(&found, |row| Ok(self.time(row)?.plus_millis(-rows::get::<i64>(row, "offset_ms")?)))?;
        real.ok_or_else(no_clock)
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.found_time(&self.rows(clock()).await?)
    }

    async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        let query = Query::new("SELECT * FROM merchant WHERE merchant_id = $1", params![id.as_str()]);
        reads::first(&self.rows(query).await?, rows::merchant)
    }

    async fn app(&self, id: &AppId) -> Result<Option<App>, StoreError> {
        let query = Query::new("SELECT * FROM app WHERE app_id = $1", params![id.as_str()]);
        reads::first(&self.rows(query).await?, rows::app)
    }

    async fn has_origin(&self, origin: &str) -> Result<bool, StoreError> {
        // There are few apps.
        let origin = serde_json::Value::from(origin);
        let query = Query::new("SELECT app_id FROM app WHERE origins @> $1 LIMIT 1", params![origin]);
        Ok(!self.rows(query).await?.is_empty())
    }

    async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        let sql = "SELECT * FROM person WHERE app_id = $1 AND openid = $2";
        let query = Query::new(sql, params![id.app.as_str(), id.openid.as_str()]);
        reads::first(&self.rows(query).await?, rows::person)
    }

    async fn people(&self, app: &AppId, limit: usize) -> Result<Vec<Person>, StoreError> {
        let sql = "SELECT * FROM person WHERE app_id = $1 ORDER BY openid LIMIT $2";
        let query = Query::new(sql, params![app.as_str(), at_most(limit)]);
        reads::all(&self.rows(query).await?, rows::person)
    }

    async fn packet_by_bill(&self, key: &BillKey) -> Result<Option<PacketView>, StoreError> {
        self.packet_view(PacketKey::Bill(key), ClaimRange::ALL).await
    }

    async fn packet(&self, id: &PacketId, claims: ClaimRange) -> Result<Option<PacketView>, StoreError> {
        self.packet_view(PacketKey::Id(id), claims).await
    }

    async fn claim(&self, key: &ClaimKey) -> Result<Option<Claim>, StoreError> {
        reads::first(&self.rows(reads::claim(key)).await?, rows::claim)
    }

    async fn lottery(&self, id: &LotteryId) -> Result<Option<Lottery>, StoreError> {
        let query = Query::new("SELECT * FROM lottery WHERE lottery_id = $1", params![id.as_str()]);
        reads::first(&self.rows(query).await?, rows::lottery)
    }

    async fn prizes(&self, id: &LotteryId, after: Option<&PacketId>, limit: usize) -> Result<Vec<Prize>, StoreError> {
        let sql = "SELECT packet_id, payer_id FROM packet WHERE lottery_id = $1 AND packet_id > $2 AND recipient = ''
                   AND state = 'open' ORDER BY packet_id LIMIT $3";
        let after = after.map_or("", PacketId::as_str);
        let query = Query::new(sql, params![id.as_str(), after, at_most(limit)]);
        reads::all(&self.rows(query).await?, |row| {
            Ok(Prize { packet: rows::parsed(row, "packet_id")?, payer: rows::parsed(row, "payer_id")? })
        })
    }

    async fn lottery_sums(&self, id: &LotteryId) -> Result<LotterySums, StoreError> {
        let packets = Query::new("SELECT * FROM packet WHERE lottery_id = $1", params![id.as_str()]);
        let found = self.inner.pool.rows(&[clock(), packets]).await?;
        let now = self.found_time(&found[0])?;
        let mut sums = LotterySums::default();
        reads::all(&found[1], rows::packet)?.iter().for_each(|packet| sums.add(packet, now));
        Ok(sums)
    }

    async fn binding(&self, key: &BindingKey) -> Result<Option<Binding>, StoreError> {
        let sql = "SELECT * FROM binding WHERE lottery_id = $1 AND openid = $2";
        let query = Query::new(sql, params![key.lottery.as_str(), key.openid.as_str()]);
        reads::first(&self.rows(query).await?, rows::binding)
    }

    async fn bindings(&self, id: &LotteryId, after: Option<&OpenId>, limit: usize) -> Result<Vec<Binding>, StoreError> {
        let sql = "SELECT * FROM binding WHERE lottery_id = $1 AND openid > $2 ORDER BY openid LIMIT $3";
        let after = after.map_or("", OpenId::as_str);
        let query = Query::new(sql, params![id.as_str(), after, at_most(limit)]);
        reads::all(&self.rows(query).await?, rows::binding)
    }

    async fn account(&self, id: &LedgerAccount) -> Result<Account, StoreError> {
        reads::found_account(&self.rows(reads::account(id)).await?)
    }

    async fn withdrawal(&self, key: &WithdrawalKey) -> Result<Option<Withdrawal>, StoreError> {
        reads::first(&self.rows(reads::withdrawal(key)).await?, rows::withdrawal)
    }

    async fn withdrawals(
        &self,
        person: &PersonId,
        from: Option<&Reference>,
        limit: usize,
    ) -> Result<Page<Withdrawal, Reference>, StoreError> {
        history::withdrawals(&self.inner.pool, person, from, limit).await
    }

    async fn wallet_entries(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<WalletEntry, PacketId>, StoreError> {
        history::wallet_entries(&self.inner.pool, person, from, limit).await
    }

    async fn packets_to(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<SentPacket, PacketId>, StoreError> {
        history::packets_to(&self.inner.pool, person, from, limit).await
    }

    async fn due(&self, first_shard: u16, after: Option<&Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        // Shard after shard, each by its key, until there are enough.
        let sql = format!(
            "WITH clock AS (SELECT {TIME} FROM sandbox_clock)
             SELECT due.* FROM clock
             CROSS JOIN unnest($1::bigint[], $2::smallint[]) AS shards (place, shard) CROSS JOIN LATERAL (
                 SELECT shards.place, at, packet_id, payer_id FROM due
                 WHERE due.shard = shards.shard AND at <= COALESCE($3, real_ms) + offset_ms
                     AND (shards.place > 0 OR (at, packet_id) > ($4, $5))
                 ORDER BY at, packet_id LIMIT $6
             ) AS due LIMIT $6"
        );
        let (at, packet) = after.map_or((i64::MIN, ""), |due| (due.at.as_millis(), due.packet.as_str()));
        let shards = shard::in_turn(first_shard, after.map(|due| &due.packet));
        let places: Vec<i64> = (0..).take(shards.len()).collect();
        let query = Query::new(sql, params![places, shards, self.real_ms(), at, packet, at_most(limit)]);
        let mut found =
            reads::all(&self.rows(query).await?, |row| Ok((rows::get::<i64>(row, "place")?, rows::due(row)?)))?;
        // No plan puts them in another order, though it might.
        found.sort();
        Ok(found.into_iter().map(|(_, due)| due).collect())
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        let mut audit = Audit::default();
        let mut view = self.inner.pool.view().await?;
        each(&mut view, "packet", |row| rows::packet(row).map(|packet| audit.packet(&packet))).await?;
        each(&mut view, "claim", |row| rows::claim(row).map(|claim| audit.claim(&claim))).await?;
        each(&mut view, "transfer", |row| rows::transfer(row).map(|transfer| audit.transfer(&transfer))).await?;
        each(&mut view, "withdrawal", |row| rows::withdrawal(row).map(|held| audit.withdrawal(&held))).await?;
        each(&mut view, "account", |row| rows::account(row).map(|(id, account)| audit.account(id, account))).await?;
        each(&mut view, "due", |row| rows::due(row).map(|due| audit.due(due))).await?;
        view.finish().await?;
        Ok(audit.finish())
    }
}
