//! Tests run on a store in memory, behind one platform.

use std::sync::Arc;

use hongbao_store::StoreInfo;
use hongbao_store::clock::ManualClock;
use hongbao_store::faulty::Faulty;
use hongbao_store::memory::MemoryStore;

pub(crate) type TestStore = Faulty<MemoryStore>;

/// How many platforms answer.
pub(crate) const NODES: usize = 1;

pub(crate) async fn empty_store(info: StoreInfo, clock: &ManualClock) -> TestStore {
    Faulty::new(MemoryStore::new(info, Arc::new(clock.clone())))
}
