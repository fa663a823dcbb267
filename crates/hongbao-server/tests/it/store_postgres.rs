//! Tests run on PostgreSQL, behind three platforms that answer one after another.

use std::sync::Arc;

use hongbao_store::StoreInfo;
use hongbao_store::clock::ManualClock;
use hongbao_store::faulty::Faulty;
use hongbao_store_postgres::{OpenOptions, PostgresStore, rig};

pub(crate) type TestStore = Faulty<PostgresStore>;

/// How many platforms answer.
pub(crate) const NODES: usize = 3;

pub(crate) async fn empty_store(info: StoreInfo, clock: &ManualClock) -> TestStore {
    let url = tokio::task::spawn_blocking(|| rig::shared().database()).await.unwrap();
    let options = OpenOptions { clock: Some(Arc::new(clock.clone())), ..OpenOptions::default() };
    Faulty::new(PostgresStore::open_or_create(&url, &info, options).await.unwrap())
}
