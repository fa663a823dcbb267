//! Which version of the tables does the file have? Numbered steps, each run once, recorded in
//! SQLite's own `user_version`; `application_id` says that the file is ours.

use std::path::Path;

use hongbao_store::{StoreInfo, names};
use rusqlite::{Connection, TransactionBehavior};

use crate::{OpenError, io_error, sqlite_error};

/// "HB01".
const APPLICATION_ID: i64 = 0x4842_3031;

const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_books.sql"),
    include_str!("../migrations/0002_rows_in_order.sql"),
    include_str!("../migrations/0003_every_endpoint.sql"),
    include_str!("../migrations/0004_people.sql"),
    include_str!("../migrations/0005_moved.sql"),
];

/// What an empty file is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    /// About to become a store.
    IsAStoreToBe,
    /// No store.
    IsNoStore,
}

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the file to the latest version; an empty file becomes a store that is `info`.
pub(crate) fn run(connection: &mut Connection, path: &Path, info: &StoreInfo) -> Result<(), OpenError> {
    let version = check(connection, path, Empty::IsAStoreToBe)?;
    let (mut person_key, mut draw_key) = ([0_u8; 32], [0_u8; 32]);
    for key in [&mut person_key, &mut draw_key] {
        getrandom::fill(key).map_err(|error| io_error(path, &error))?;
    }
    let mut migrate = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", known())?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute(
            "INSERT INTO store VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                names::store_kind_name(info.kind),
                &info.currency.code,
                &info.currency.symbol,
                info.currency.minor_digits,
                person_key,
            ),
        )?;
        transaction.execute("INSERT INTO draw_key VALUES (1, ?) ON CONFLICT DO NOTHING", [draw_key])?;
        transaction.commit()
    };
    migrate().map_err(|error| sqlite_error(path, &error))
}

/// The file's version; refused when it is not ours, or later than what is known here.
pub(crate) fn check(connection: &Connection, path: &Path, empty: Empty) -> Result<i64, OpenError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables = || connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    let read =
        || -> rusqlite::Result<(i64, i64, i64)> { Ok((pragma("application_id")?, pragma("user_version")?, tables()?)) };
    let (application, version, tables) = read().map_err(|error| sqlite_error(path, &error))?;
    let is_empty = tables == 0 && application == 0;
    let is_ours = application == APPLICATION_ID || (is_empty && empty == Empty::IsAStoreToBe);
    if !is_ours {
        return Err(OpenError::NotAStore(path.into()));
    }
    if version > known() {
        return Err(OpenError::TooNew { path: path.into(), found: version, known: known() });
    }
    Ok(version)
}
