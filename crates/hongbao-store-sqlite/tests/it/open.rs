//! Opening a store: its own, another's, one in use.

use std::path::Path;
use std::sync::Arc;

use hongbao_store::clock::SystemClock;
use hongbao_store::{Currency, Store, StoreError, StoreInfo, StoreKind};
use hongbao_store_sqlite::{OpenError, SqliteStore};

fn sandbox() -> StoreInfo {
    StoreInfo { kind: StoreKind::Sandbox, currency: Currency::renminbi() }
}

fn open(path: &Path, info: &StoreInfo) -> Result<SqliteStore, OpenError> {
    SqliteStore::open_or_create(path, info, Arc::new(SystemClock))
}

#[test]
fn a_store_in_use_is_not_opened_again_but_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    let first = open(&path, &sandbox()).unwrap();
    assert!(matches!(open(&path, &sandbox()), Err(OpenError::InUse(_))));
    let reading = SqliteStore::open_read_only(&path, Arc::new(SystemClock)).unwrap();
    assert_eq!(reading.info(), &sandbox());
    assert!(matches!(reading.writer(), Err(StoreError::Unavailable(_))));
    drop(first);
    assert!(open(&path, &sandbox()).is_ok());
}

#[test]
fn a_store_stays_what_it_was_created_as() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    drop(open(&path, &sandbox()).unwrap());
    let live = StoreInfo { kind: StoreKind::Live, ..sandbox() };
    let error = open(&path, &live).unwrap_err();
    assert!(matches!(error, OpenError::OtherKind { .. }), "{error}");
    let points = Currency { code: "PTS".to_owned(), symbol: "分".to_owned(), minor_digits: 0 };
    let other = StoreInfo { currency: points, ..sandbox() };
    assert!(matches!(open(&path, &other), Err(OpenError::OtherKind { .. })));
}

#[test]
fn what_is_not_a_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "not a database, but somebody's notes, longer than the header of a database would be: ".repeat(8);
    std::fs::write(&path, &text).unwrap();
    assert!(matches!(open(&path, &sandbox()), Err(OpenError::NotAStore(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    let missing = SqliteStore::open_read_only(&folder.path().join("none.db"), Arc::new(SystemClock));
    assert!(matches!(missing, Err(OpenError::Missing(_))));
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_a_new_store() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    drop(open(&path, &sandbox()).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_key_of_a_stores_people_stays_with_it_and_is_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first.db"), folder.path().join("second.db"));
    let key = |path: &Path| open(path, &sandbox()).unwrap().person_key().clone();
    assert_eq!(key(&first), key(&first));
    assert_ne!(key(&first), key(&second));
    assert_eq!(format!("{:?}", key(&first)), "PersonKey(***)");
}

/// The process was killed after SQLite had set up the file, and before the tables were there.
#[test]
fn a_store_whose_making_was_cut_short_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hongbao.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(connection);
    assert!(std::fs::metadata(&path).unwrap().len() > 0);
    assert_eq!(open(&path, &sandbox()).unwrap().info(), &sandbox());
}
