//! What is said of a packet that nobody will ever open again? It never changes, so most of those who still come are
//! answered from memory. Who may have opened a share goes to the store, which has the amount; who did is known by hashes,
//! so that one who is taken for a claimant merely goes there, too.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use hongbao_engine::command::ClaimShare;
use hongbao_engine::decide;
use hongbao_engine::outcome::ClaimRejection;
use hongbao_engine::packet::Claim;
use hongbao_store::{ClaimRange, PacketView, Store};
use hongbao_types::{OpenId, PacketId};
use moka::future::Cache;

use super::packets::{PAGE_MAX, best};
use crate::platform::Platform;

/// How many claimants of all packets together are kept: some tens of megabytes.
const CLAIMANTS_MAX: u64 = 1_000_000;
/// A packet of more shares is not kept.
const SHARES_MAX: u32 = 10_000;
/// For how long one is kept: a person who was erased is not shown for longer, wherever that was done.
const KEPT_FOR: Duration = Duration::from_mins(1);

/// The finished packets that people came for of late.
#[derive(Debug)]
pub(crate) struct FinishedPackets {
    packets: Cache<PacketId, Arc<Finished>>,
    hasher: RandomState,
}

/// A finished packet.
#[derive(Debug)]
pub(super) struct Finished {
    /// The packet, with its newest claims.
    pub(super) view: PacketView,
    /// The place of its best share.
    pub(super) best: Option<u32>,
    claimants: HashSet<u64>,
}

impl Default for FinishedPackets {
    fn default() -> FinishedPackets {
        let weigher = |_: &PacketId, finished: &Arc<Finished>| {
            u32::try_from(finished.claimants.len()).unwrap_or(u32::MAX).saturating_add(PAGE_MAX)
        };
        let packets = Cache::builder().weigher(weigher).max_capacity(CLAIMANTS_MAX).time_to_live(KEPT_FOR).build();
        FinishedPackets { packets, hasher: RandomState::new() }
    }
}

impl FinishedPackets {
    /// What somebody is told who certainly has not opened a share of this packet; nothing, if that is for the store to
    /// say.
    pub(super) async fn refuse(&self, claim: &ClaimShare) -> Option<ClaimRejection> {
        let finished = self.packets.get(&claim.packet).await?;
        if finished.claimants.contains(&self.hash(&claim.openid)) {
            return None;
        }
        decide::refuse_finished(&finished.view.packet, claim)
    }

    /// The packet, if it is known to be finished, and whether this person may have opened a share of it.
    pub(super) async fn get(&self, packet: &PacketId, openid: &OpenId) -> Option<(Arc<Finished>, bool)> {
        let finished = self.packets.get(packet).await?;
        let may_be_claimant = finished.claimants.contains(&self.hash(openid));
        Some((finished, may_be_claimant))
    }

    /// Keeps the packet in mind if it is finished. One of those who ask at once reads it, outside any batch; when it
    /// can't be read, the next one does.
    pub(super) async fn remember<S: Store>(&self, platform: &Platform<S>, packet: &PacketId) {
        let read = async {
            let range = ClaimRange { limit: SHARES_MAX.saturating_add(1), ..ClaimRange::ALL };
            let view = platform.in_time(platform.store.packet(packet, range)).await.ok()??;
            let is_kept = view.packet.is_finished() && view.packet.share_count <= SHARES_MAX;
            is_kept.then(|| Arc::new(self.finished(platform, view)))
        };
        self.packets.optionally_get_with_by_ref(packet, read).await;
    }

    fn finished<S: Store>(&self, platform: &Platform<S>, mut view: PacketView) -> Finished {
        let claimants = view.claims.iter().map(|claim: &Claim| self.hash(&claim.openid)).collect();
        let seed = view.packet.seed(platform.store.draw_keys());
        view.claims.truncate(PAGE_MAX as usize);
        view.claims.shrink_to_fit();
        Finished { best: best(&view.packet, seed.as_ref()), view, claimants }
    }

    fn hash(&self, openid: &OpenId) -> u64 {
        self.hasher.hash_one(openid.as_str())
    }
}
