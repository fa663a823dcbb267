//! Is the store on its way into a database? A mark in the file says so before the first row is elsewhere: from then on
//! nobody serves it, so that no row changes that was moved already.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use hongbao_store::clock::Clock;
use hongbao_store::moving::{MoveId, Origin, Position, RowPage, Table};
use hongbao_store::{Store, StoreError};
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use crate::{OpenError, SqliteStore, connect, migrations, pages, read_info, sqlite_error, store_error, take_lock};

/// What a store's mark says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which move it is.
    pub id: MoveId,
    /// Where the store went, or is going: no password.
    pub place: String,
    /// Whether it has arrived.
    pub is_done: bool,
}

/// A store that is to be moved: nobody else may write to it meanwhile.
#[derive(Debug)]
pub struct SqliteSource {
    store: SqliteStore,
    /// The only one that writes, and the mark alone.
    connection: Connection,
    _lock: File,
}

impl SqliteSource {
    /// Opens the store at `path`, whether or not it is on its way, and locks it as a server would.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<SqliteSource, OpenError> {
        // It is left alone unless it is one.
        drop(SqliteStore::open_read_only(path, clock.clone())?);
        let lock = take_lock(path)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let (info, ..) = read_info(&connection, path)?;
        migrations::run(&mut connection, path, &info)?;
        let store = SqliteStore::open_read_only(path, clock)?;
        Ok(SqliteSource { store, connection, _lock: lock })
    }

    /// The store, to read from.
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// What goes along with its rows.
    pub fn origin(&self, id: MoveId) -> Origin {
        Origin {
            id,
            info: self.store.info().clone(),
            person_key: self.store.person_key().clone(),
            draw_keys: self.store.draw_keys().clone(),
        }
    }

    /// Its mark, if it is on its way.
    pub fn mark(&self) -> Result<Option<Mark>, StoreError> {
        mark(&self.connection).map_err(|error| store_error(&error))
    }

    /// Marks it: it is going to this place. Durable when it returns.
    pub fn begin(&mut self, id: MoveId, place: &str) -> Result<Mark, StoreError> {
        self.write("INSERT INTO moved VALUES (1, ?1, ?2, 0)", (id, place))?;
        Ok(Mark { id, place: place.to_owned(), is_done: false })
    }

    /// It has arrived.
    pub fn finish(&mut self, id: MoveId) -> Result<(), StoreError> {
        self.write("UPDATE moved SET is_done = 1 WHERE move_id = ?1", [id])
    }

    /// It stays where it is, and may be served again.
    pub fn free(&mut self, id: MoveId) -> Result<(), StoreError> {
        self.write("DELETE FROM moved WHERE move_id = ?1 AND is_done = 0", [id])
    }

    fn write(&mut self, sql: &str, params: impl rusqlite::Params) -> Result<(), StoreError> {
        let write = || -> rusqlite::Result<usize> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let written = transaction.execute(sql, params)?;
            transaction.commit()?;
            Ok(written)
        };
        match write().map_err(|error| store_error(&error))? {
            1 => Ok(()),
            _ => Err(StoreError::Corrupted("its mark is not what it was a moment ago".to_owned())),
        }
    }

    /// At most `limit` rows behind `after`, all of one table; `None` when there are no more.
    pub fn page(&self, after: &Position, limit: usize) -> Result<Option<RowPage>, StoreError> {
        self.store.read(|view| pages::page(view, after, limit))
    }

    /// How many rows a table has.
    pub fn count(&self, table: Table) -> Result<u64, StoreError> {
        self.store.read(|view| pages::count(view, table))
    }
}

/// Refuses a store that is on its way, or gone.
pub(crate) fn refuse(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'moved'";
    let read = || -> rusqlite::Result<Option<Mark>> {
        let is_known = connection.query_row(sql, [], |row| row.get::<_, i64>(0))? > 0;
        if is_known { mark(connection) } else { Ok(None) }
    };
    match read().map_err(|error| sqlite_error(path, &error))? {
        None => Ok(()),
        Some(Mark { place, is_done: true, .. }) => Err(OpenError::Moved { path: path.into(), place }),
        Some(Mark { place, is_done: false, .. }) => Err(OpenError::Moving { path: path.into(), place }),
    }
}

fn mark(connection: &Connection) -> rusqlite::Result<Option<Mark>> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Mark { id: row.get("move_id")?, place: row.get("place")?, is_done: row.get("is_done")? })
    };
    connection.query_row("SELECT * FROM moved", [], read).optional()
}
