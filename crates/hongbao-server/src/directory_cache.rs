//! Who is this merchant, this app, and what is this campaign? Read from the store, and remembered for less than a second, so that
//! a key, a certificate or a limit that changes counts within a second on every node.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hongbao_engine::directory::{App, Merchant};
use hongbao_engine::lottery::Lottery;
use hongbao_store::{Store, StoreError};
use hongbao_types::{AppId, LotteryId, MerchantId};

/// How old what is remembered may be.
pub const DIRECTORY_MAX_AGE: Duration = Duration::from_millis(500);

/// How many of each are remembered at most.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug)]
pub(crate) struct Directory<S> {
    store: S,
    merchants: Remembered<MerchantId, Merchant>,
    apps: Remembered<AppId, App>,
    lotteries: Remembered<LotteryId, Lottery>,
    origins: Remembered<String, ()>,
}

#[derive(Debug)]
struct Remembered<K, V> {
    max_age: Duration,
    known: RwLock<HashMap<K, (Instant, Arc<V>)>>,
}

impl<S: Store> Directory<S> {
    pub(crate) fn new(store: S, max_age: Duration) -> Directory<S> {
        Directory {
            store,
            merchants: Remembered::new(max_age),
            apps: Remembered::new(max_age),
            lotteries: Remembered::new(max_age),
            origins: Remembered::new(max_age),
        }
    }

    /// The merchant, as it was a moment ago, [`DIRECTORY_MAX_AGE`] at most unless it was set otherwise. Who is unknown is not remembered.
    pub(crate) async fn merchant(&self, id: &MerchantId) -> Result<Option<Arc<Merchant>>, StoreError> {
        if let Some(merchant) = self.merchants.get(id) {
            return Ok(Some(merchant));
        }
        Ok(self.store.merchant(id).await?.map(|merchant| self.merchants.put(id, merchant)))
    }

    /// The app, likewise.
    pub(crate) async fn app(&self, id: &AppId) -> Result<Option<Arc<App>>, StoreError> {
        if let Some(app) = self.apps.get(id) {
            return Ok(Some(app));
        }
        Ok(self.store.app(id).await?.map(|app| self.apps.put(id, app)))
    }

    /// The campaign, likewise; how much is in its bucket may be older news.
    pub(crate) async fn lottery(&self, id: &LotteryId) -> Result<Option<Arc<Lottery>>, StoreError> {
        if let Some(lottery) = self.lotteries.get(id) {
            return Ok(Some(lottery));
        }
        Ok(self.store.lottery(id).await?.map(|lottery| self.lotteries.put(id, lottery)))
    }

    /// Whether any app has this origin.
    pub(crate) async fn has_origin(&self, origin: &str) -> Result<bool, StoreError> {
        let origin = origin.to_owned();
        if self.origins.get(&origin).is_some() {
            return Ok(true);
        }
        let is_known = self.store.has_origin(&origin).await?;
        if is_known {
            self.origins.put(&origin, ());
        }
        Ok(is_known)
    }

    /// Forgets everything: something changed here.
    pub(crate) fn forget(&self) {
        self.merchants.clear();
        self.apps.clear();
        self.lotteries.clear();
        self.origins.clear();
    }
}

impl<K: Clone + Eq + Hash, V> Remembered<K, V> {
    fn new(max_age: Duration) -> Remembered<K, V> {
        Remembered { max_age, known: RwLock::new(HashMap::new()) }
    }

    fn get(&self, key: &K) -> Option<Arc<V>> {
        let map = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (since, value) = map.get(key)?;
        (since.elapsed() < self.max_age).then(|| value.clone())
    }

    fn put(&self, key: &K, value: V) -> Arc<V> {
        let value = Arc::new(value);
        let mut map = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= REMEMBERED_MAX {
            map.clear();
        }
        map.insert(key.clone(), (Instant::now(), value.clone()));
        value
    }

    fn clear(&self) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
