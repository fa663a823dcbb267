//! A store on its way into a database: who may still open it, and is every table of it known to whoever moves it?

use std::path::Path;
use std::sync::Arc;

use hongbao_store::clock::SystemClock;
use hongbao_store::moving::Table;
use hongbao_store::{Currency, Store, StoreError, StoreInfo, StoreKind};
use hongbao_store_sqlite::{OpenError, SqliteSource, SqliteStore};
use rusqlite::Connection;

/// What is no row of the engine's, and rows that belong to one of another table.
const OTHERS: [&str; 13] = [
    "store",
    "draw_key",
    "moved",
    "merchant_key",
    "merchant_certificate",
    "merchant_product",
    "merchant_provider",
    "merchant_address",
    "app_key",
    "app_merchant",
    "app_redirect_host",
    "app_origin",
    "app_credential",
];

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    let info = StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() };
    SqliteStore::open_or_create(path, &info, Arc::new(SystemClock))
}

fn source(path: &Path) -> Result<SqliteSource, OpenError> {
    SqliteSource::open(path, Arc::new(SystemClock))
}

/// A new table of the store is named in `Table`, or here.
#[test]
fn every_table_is_moved_or_said_not_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    drop(open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let found = statement.query_map([], |row| row.get::<_, String>(0)).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let mut known: Vec<_> = Table::ALL.iter().map(|table| table.name()).chain(OTHERS).collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn what_is_on_its_way_is_not_written_to_but_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    assert!(matches!(source(&path), Err(OpenError::Missing(_))));
    let store = open(&path).unwrap();
    assert!(matches!(source(&path), Err(OpenError::InUse(_))));
    drop(store);

    let mut moving = source(&path).unwrap();
    assert!(matches!(open(&path), Err(OpenError::InUse(_))));
    assert!(matches!(moving.store().writer(), Err(StoreError::Unavailable(_))));
    assert_eq!(moving.mark().unwrap(), None);
    let mark = moving.begin([7; 16], "database d on h:5432").unwrap();
    assert!(moving.begin([8; 16], "another").is_err(), "it goes to one place");
    drop(moving);
    let there = "database d on h:5432";
    assert!(matches!(open(&path), Err(OpenError::Moving { place, .. }) if place == there));
    assert!(SqliteStore::open_read_only(&path, Arc::new(SystemClock)).is_ok());

    let mut moving = source(&path).unwrap();
    assert_eq!(moving.mark().unwrap(), Some(mark.clone()));
    assert!(moving.free([8; 16]).is_err() && moving.finish([8; 16]).is_err(), "that is another move");
    moving.free(mark.id).unwrap();
    drop(moving);
    drop(open(&path).unwrap());

    let mut moving = source(&path).unwrap();
    moving.begin(mark.id, there).unwrap();
    moving.finish(mark.id).unwrap();
    assert!(moving.free(mark.id).is_err(), "it is gone for good");
    drop(moving);
    assert!(matches!(open(&path), Err(OpenError::Moved { place, .. }) if place == there));
    assert!(SqliteStore::open_read_only(&path, Arc::new(SystemClock)).is_ok());
}
