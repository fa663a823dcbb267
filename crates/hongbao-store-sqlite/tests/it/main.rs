//! The contract, tried on SQLite, and what only this store promises.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failure")]

mod erase;
mod migrate;
mod moving;
mod open;

use hongbao_store_sqlite::SqliteStore;

hongbao_store::store_conformance!(|info, clock| {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open_or_create(&folder.path().join("hongbao.db"), &info, clock).unwrap();
    (store, folder)
});
