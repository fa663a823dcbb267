//! Who gives back what nobody claimed? This job: it finds due work without locks, and queues it like
//! any other command. Whoever comes second finds it done.

use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::command::ExpirePacket;
use hongbao_engine::outcome::Expired;
use hongbao_engine::packet::{Due, SHARDS};
use hongbao_store::Store;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::platform::Platform;

/// How much it takes at a time.
const AT_ONCE: usize = 256;

/// Looks again and again, until `stop` says so.
pub(crate) async fn run<S: Store>(platform: Arc<Platform<S>>, every: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        expire_all(&platform).await;
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Done {
    /// Packets whose money went back.
    refunded: u64,
    /// Packets that had landed, and failed for good.
    failed: u64,
}

/// Does all that is due now, a page at a time. What can't be done now is left for the next run, and
/// holds nobody else up.
pub(crate) async fn expire_all<S: Store>(platform: &Arc<Platform<S>>) -> Done {
    let mut done = Done::default();
    let mut last: Option<Due> = None;
    // Another one each time and on each node; where it can't be drawn, the first one does.
    let first_shard = u16::try_from(getrandom::u32().unwrap_or_default() % u32::from(SHARDS)).unwrap_or_default();
    loop {
        let page = match platform.store.due(first_shard, last.as_ref(), AT_ONCE).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "due work could not be read");
                return done;
            }
        };
        last = page.last().cloned();
        if last.is_none() {
            return done;
        }
        let mut calls = JoinSet::new();
        for due in page {
            let platform = platform.clone();
            calls.spawn(async move {
                let packet = due.packet.clone();
                (packet, platform.expire_packet(ExpirePacket { due }).await)
            });
        }
        while let Some(joined) = calls.join_next().await {
            match joined {
                Ok((packet, Ok(Expired::Refunded(amount)))) => {
                    done.refunded += 1;
                    tracing::info!(packet.id = %packet, amount_fen = amount.as_i64(), "a packet expired and went back");
                }
                Ok((packet, Ok(Expired::Failed))) => {
                    done.failed += 1;
                    tracing::info!(packet.id = %packet, "a packet that had landed failed for good");
                }
                Ok((_, Ok(Expired::AlreadyDone | Expired::NotYet))) => {}
                Ok((packet, Err(error))) => tracing::warn!(packet.id = %packet, %error, "a packet could not expire"),
                Err(error) => tracing::error!(%error, "an expiry ended in a panic"),
            }
        }
    }
}
