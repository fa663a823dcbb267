//! Which packet does the next who draws get? Each node has a handful of the bucket's free packets in memory and offers
//! them one after another; whoever was first is the store's to say. No row is there that all draws would fight over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hongbao_store::{Prize, Store, StoreError};
use hongbao_types::{LotteryId, PacketId};

use crate::platform::Platform;

/// How many free packets are read at a time.
const PAGE: usize = 1000;
/// For how long a bucket that was found empty is taken for empty.
const EMPTY_FOR: Duration = Duration::from_millis(500);
/// How many campaigns are remembered at most.
const POOLS_MAX: usize = 1000;

/// The pools of all campaigns that people draw in.
#[derive(Debug, Default)]
pub(crate) struct PrizePools(Mutex<HashMap<LotteryId, Arc<tokio::sync::Mutex<Pool>>>>);

#[derive(Debug, Default)]
struct Pool {
    free: Vec<Prize>,
    /// The last packet that was read; nothing, to begin anew.
    after: Option<PacketId>,
    /// When the bucket was last found empty.
    found_empty: Option<Instant>,
}

impl PrizePools {
    /// A packet to offer; nothing when none is left. It is nobody else's on this node until it is given back.
    pub(super) async fn next<S: Store>(
        &self,
        platform: &Platform<S>,
        lottery: &LotteryId,
    ) -> Result<Option<Prize>, StoreError> {
        // One of those who wait reads, the others find what was read.
        let pool = self.pool(lottery);
        let mut pool = pool.lock().await;
        if let Some(prize) = pool.free.pop() {
            return Ok(Some(prize));
        }
        if pool.found_empty.is_some_and(|since| since.elapsed() < EMPTY_FOR) {
            return Ok(None);
        }
        let after = pool.after.take();
        let mut page = platform.in_time(platform.store.prizes(lottery, after.as_ref(), PAGE)).await?;
        if page.is_empty() && after.is_some() {
            // Whatever was put into the bucket, or given back, behind where the reading had come.
            page = platform.in_time(platform.store.prizes(lottery, None, PAGE)).await?;
        }
        pool.after = page.last().map(|prize| prize.packet.clone());
        pool.found_empty = page.is_empty().then(Instant::now);
        shuffle(&mut page);
        pool.free = page;
        Ok(pool.free.pop())
    }

    /// The packet was not taken: somebody else may have it.
    pub(super) async fn give_back(&self, lottery: &LotteryId, prize: Prize) {
        self.pool(lottery).lock().await.free.push(prize);
    }

    /// There may be more in the bucket than was seen.
    pub(super) fn refill(&self, lottery: &LotteryId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(lottery);
    }

    fn pool(&self, lottery: &LotteryId) -> Arc<tokio::sync::Mutex<Pool>> {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() >= POOLS_MAX && !pools.contains_key(lottery) {
            pools.clear();
        }
        pools.entry(lottery.clone()).or_default().clone()
    }
}

/// In some order, so that two nodes seldom offer the same. Without randomness in the order of the numbers: that is only
/// slower.
fn shuffle(prizes: &mut [Prize]) {
    for last in (1..prizes.len()).rev() {
        let mut bytes = [0; 8];
        if getrandom::fill(&mut bytes).is_err() {
            return;
        }
        let place = u64::from_be_bytes(bytes) % (last as u64 + 1);
        prizes.swap(last, usize::try_from(place).unwrap_or(last));
    }
}
