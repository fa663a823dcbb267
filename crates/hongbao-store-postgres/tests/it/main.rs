//! The contract, tried on a PostgreSQL of our own, and what only this store promises.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is a failure")]

mod dialect;
mod faults;
mod import;
mod node;
mod open;
mod pooler;
mod proxy;
mod tls;

use hongbao_store_postgres::{OpenOptions, PostgresStore, rig};

hongbao_store::store_conformance!(|info, clock| {
    let url = rig::shared().database();
    let options = OpenOptions { clock: Some(clock), ..OpenOptions::default() };
    let open = PostgresStore::open_or_create(&url, &info, options);
    let store = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(open)).unwrap();
    (store, ())
});
