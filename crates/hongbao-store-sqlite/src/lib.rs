//! The default store: one SQLite file, write-ahead log, `synchronous=FULL`.
//!
//! Each writer has a connection of its own and takes the file's one write lock when it loads; readers
//! have theirs and never wait for it. The file opens in any SQLite tool. A running server holds the
//! lock file beside it, so that nobody changes the books behind its back; reading is always possible.

mod columns;
mod counter_index;
mod migrations;
mod moving;
mod pages;
mod reader;
mod writer;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use hongbao_engine::audit::AuditReport;
use hongbao_engine::directory::{App, Merchant, Person, PersonId};
use hongbao_engine::draw::DrawKeys;
use hongbao_engine::ledger::{Account, LedgerAccount};
use hongbao_engine::lottery::{Binding, BindingKey, Lottery};
use hongbao_engine::packet::{BillKey, Claim, Due};
use hongbao_engine::rows::ClaimKey;
use hongbao_engine::wallet::{Withdrawal, WithdrawalKey};
use hongbao_store::clock::Clock;
use hongbao_store::names;
use hongbao_store::{
    ClaimRange, LotterySums, PacketView, Page, Prize, SentPacket, Store, StoreError, StoreInfo, WalletEntry,
};
use hongbao_types::{AppId, LotteryId, MerchantId, OpenId, PacketId, PersonKey, Reference, Timestamp};
use rusqlite::{Connection, OpenFlags};

use counter_index::CounterIndex;

pub use moving::{Mark, SqliteSource};
pub use writer::SqliteWriter;

/// How long a connection waits for another one's write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open for writing.
    #[error("the store is in use by a running server: {0}")]
    InUse(PathBuf),
    /// There is none.
    #[error("there is no store: {0}")]
    Missing(PathBuf),
    /// The file is something else.
    #[error("not a Hongbao store: {0}")]
    NotAStore(PathBuf),
    /// A later version wrote it.
    #[error("the store was written by a later version (schema {found}, this one knows {known}): {path}")]
    TooNew {
        /// Where it is.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The latest schema known here.
        known: i64,
    },
    /// It is of another kind or currency than asked for.
    #[error("the store is what it was created as, {found}, not {asked}: {path}")]
    OtherKind {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        found: String,
        /// What was asked for.
        asked: String,
    },
    /// It is on its way into a database.
    #[error("the store is being moved to {place}: {path}")]
    Moving {
        /// Where it is.
        path: PathBuf,
        /// Where it is going.
        place: String,
    },
    /// It is in a database by now.
    #[error("the store was moved to {place}: {path}")]
    Moved {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        place: String,
    },
    /// The file or its folder can't be used.
    #[error("the store can't be opened: {path}: {why}")]
    Io {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
}

/// A store in one SQLite file.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    info: StoreInfo,
    person_key: PersonKey,
    draw_keys: DrawKeys,
    clock: Arc<dyn Clock>,
    readers: Mutex<Vec<Connection>>,
    counters: RwLock<CounterIndex>,
    /// Held while this process may write.
    lock: Option<File>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.path)
            .field("info", &self.inner.info)
            .field("is_writable", &self.inner.lock.is_some())
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the store at `path`, or creates one that is `info`. Its real time is `clock`'s.
    pub fn open_or_create(path: &Path, info: &StoreInfo, clock: Arc<dyn Clock>) -> Result<SqliteStore, OpenError> {
        if std::fs::metadata(path).is_ok_and(|found| found.len() > 0) {
            // Somebody else's file is left alone, and nothing is put beside it.
            let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            migrations::check(&connection, path, migrations::Empty::IsAStoreToBe)?;
        }
        let lock = take_lock(path)?;
        create_private(path)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        moving::refuse(&connection, path)?;
        migrations::run(&mut connection, path, info)?;
        let found = read_info(&connection, path)?;
        if found.0 != *info {
            return Err(OpenError::OtherKind {
                path: path.into(),
                found: names::describe(&found.0),
                asked: names::describe(info),
            });
        }
        Ok(SqliteStore::new(path, found, clock, connection, Some(lock)))
    }

    /// Opens the store at `path` for reading, whether or not a server is running on it.
    pub fn open_read_only(path: &Path, clock: Arc<dyn Clock>) -> Result<SqliteStore, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.into()));
        }
        if path.is_dir() {
            return Err(OpenError::NotAStore(path.into()));
        }
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        migrations::check(&connection, path, migrations::Empty::IsNoStore)?;
        let info = read_info(&connection, path)?;
        Ok(SqliteStore::new(path, info, clock, connection, None))
    }

    fn new(
        path: &Path,
        (info, person_key, draw_keys): (StoreInfo, PersonKey, DrawKeys),
        clock: Arc<dyn Clock>,
        connection: Connection,
        lock: Option<File>,
    ) -> SqliteStore {
        let readers = Mutex::new(vec![connection]);
        let (path, counters) = (path.into(), RwLock::default());
        SqliteStore { inner: Arc::new(Inner { path, info, person_key, draw_keys, clock, readers, counters, lock }) }
    }

    /// Reads with a connection of the pool, in one consistent view.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let pooled = self.readers().pop();
        let mut connection = match pooled {
            Some(connection) => connection,
            None => {
                connect(&self.inner.path, self.flags()).map_err(|error| StoreError::Unavailable(error.to_string()))?
            }
        };
        let value = connection
            .transaction()
            .and_then(|view| {
                let value = read(&view)?;
                view.finish()?;
                Ok(value)
            })
            .map_err(|error| store_error(&error))?;
        self.readers().push(connection);
        Ok(value)
    }

    /// Where counters are, brought up to what `view` sees.
    fn counters(&self, view: &Connection) -> rusqlite::Result<RwLockReadGuard<'_, CounterIndex>> {
        self.inner.counters.write().unwrap_or_else(PoisonError::into_inner).catch_up(view)?;
        Ok(self.known_counters())
    }

    /// The same, as it was last brought up.
    fn known_counters(&self) -> RwLockReadGuard<'_, CounterIndex> {
        self.inner.counters.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flags(&self) -> OpenFlags {
        if self.inner.lock.is_some() { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY }
    }

    fn real_now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

impl Store for SqliteStore {
    type Writer = SqliteWriter;

    fn info(&self) -> &StoreInfo {
        &self.inner.info
    }

    fn person_key(&self) -> &PersonKey {
        &self.inner.person_key
    }

    fn draw_keys(&self) -> &DrawKeys {
        &self.inner.draw_keys
    }

    fn writer(&self) -> Result<SqliteWriter, StoreError> {
        if self.inner.lock.is_none() {
            return Err(StoreError::Unavailable("the store was opened for reading only".to_owned()));
        }
        let connection = connect(&self.inner.path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        SqliteWriter::new(self.clone(), connection).map_err(|error| store_error(&error))
    }

    /// A file has one writer.
    fn lanes(&self) -> usize {
        1
    }

    async fn real_now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.real_now())
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.read(|view| reader::now(view, self.real_now()))
    }

    async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        self.read(|view| reader::merchant(view, id))
    }

    async fn app(&self, id: &AppId) -> Result<Option<App>, StoreError> {
        self.read(|view| reader::app(view, id))
    }

    async fn has_origin(&self, origin: &str) -> Result<bool, StoreError> {
        self.read(|view| reader::has_origin(view, origin))
    }

    async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        self.read(|view| reader::person(view, id))
    }

    async fn people(&self, app: &AppId, limit: usize) -> Result<Vec<Person>, StoreError> {
        self.read(|view| reader::people(view, app, limit))
    }

    async fn packet_by_bill(&self, key: &BillKey) -> Result<Option<PacketView>, StoreError> {
        self.read(|view| {
            reader::packet_view(view, reader::packet_by_bill(view, key)?, ClaimRange::ALL, self.real_now())
        })
    }

    async fn packet(&self, id: &PacketId, claims: ClaimRange) -> Result<Option<PacketView>, StoreError> {
        self.read(|view| reader::packet_view(view, reader::packet(view, id)?, claims, self.real_now()))
    }

    async fn claim(&self, key: &ClaimKey) -> Result<Option<Claim>, StoreError> {
        self.read(|view| reader::claim(view, key))
    }

    async fn lottery(&self, id: &LotteryId) -> Result<Option<Lottery>, StoreError> {
        self.read(|view| reader::lottery(view, id))
    }

    async fn prizes(&self, id: &LotteryId, after: Option<&PacketId>, limit: usize) -> Result<Vec<Prize>, StoreError> {
        self.read(|view| reader::prizes(view, id, after, limit))
    }

    async fn lottery_sums(&self, id: &LotteryId) -> Result<LotterySums, StoreError> {
        self.read(|view| reader::lottery_sums(view, id, self.real_now()))
    }

    async fn binding(&self, key: &BindingKey) -> Result<Option<Binding>, StoreError> {
        self.read(|view| reader::binding(view, key))
    }

    async fn bindings(&self, id: &LotteryId, after: Option<&OpenId>, limit: usize) -> Result<Vec<Binding>, StoreError> {
        self.read(|view| reader::bindings(view, id, after, limit))
    }

    async fn account(&self, id: &LedgerAccount) -> Result<Account, StoreError> {
        self.read(|view| Ok(reader::account(view, id)?.unwrap_or_default()))
    }

    async fn withdrawal(&self, key: &WithdrawalKey) -> Result<Option<Withdrawal>, StoreError> {
        self.read(|view| reader::withdrawal(view, key))
    }

    async fn withdrawals(
        &self,
        person: &PersonId,
        from: Option<&Reference>,
        limit: usize,
    ) -> Result<Page<Withdrawal, Reference>, StoreError> {
        self.read(|view| reader::withdrawals(view, person, from, limit))
    }

    async fn wallet_entries(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<WalletEntry, PacketId>, StoreError> {
        self.read(|view| reader::wallet_entries(view, person, from, limit))
    }

    async fn packets_to(
        &self,
        person: &PersonId,
        from: Option<&PacketId>,
        limit: usize,
    ) -> Result<Page<SentPacket, PacketId>, StoreError> {
        self.read(|view| {
            // The index is let go before packets are read: a writer waits for it.
            let heads = reader::list_heads(view, &*self.counters(view)?, person)?;
            reader::packets_to(view, heads, person, from, limit)
        })
    }

    async fn due(&self, _first_shard: u16, after: Option<&Due>, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.read(|view| reader::due(view, reader::now(view, self.real_now())?, after, limit))
    }

    async fn audit(&self) -> Result<AuditReport, StoreError> {
        // Reads everything: not on a thread that others wait for.
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read(reader::audit))
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(128);
        // Durable means that the disk has it: FULL syncs the log with every commit. A large cache of its own would
        // cost more than it saves: SQLite walks through its directory at a commit, and the system caches as well.
        // The log is copied into the file after 128 MiB: pages that change again meanwhile are copied once.
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;
             PRAGMA wal_autocheckpoint = 32768;",
        )?;
        Ok(connection)
    };
    open().map_err(|error| sqlite_error(path, &error))
}

fn read_info(connection: &Connection, path: &Path) -> Result<(StoreInfo, PersonKey, DrawKeys), OpenError> {
    reader::info(connection).map_err(|error| sqlite_error(path, &error))
}

fn io_error(path: &Path, why: &dyn std::fmt::Display) -> OpenError {
    OpenError::Io { path: path.into(), why: why.to_string() }
}

fn sqlite_error(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::NotAStore(path.into()),
        _ => io_error(path, error),
    }
}

/// A lock file beside the store. The system lets it go when the process ends, however it ends.
fn take_lock(path: &Path) -> Result<File, OpenError> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    // Whoever may open it may hold it, and so keep the server out: its owner only.
    let file = open_private(Path::new(&lock_path)).map_err(|error| io_error(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.into())),
        Err(TryLockError::Error(error)) => Err(io_error(path, &error)),
    }
}

/// The store holds keys: nobody but its owner reads it.
fn create_private(path: &Path) -> Result<(), OpenError> {
    open_private(path).map(|_| ()).map_err(|error| io_error(path, &error))
}

fn open_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn store_error(error: &rusqlite::Error) -> StoreError {
    use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType};
    if matches!(error, FromSqlConversionFailure(..) | InvalidColumnType(..)) {
        StoreError::Corrupted(error.to_string())
    } else {
        StoreError::Unavailable(error.to_string())
    }
}
