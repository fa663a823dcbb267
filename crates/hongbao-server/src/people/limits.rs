//! How often may one address, one person call, and how often may one packet be called on? Token buckets in memory, so
//! that nobody takes the whole platform. They bound what a stranger costs, never money: that is the engine's.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use hongbao_store::Store;
use hongbao_types::{AppId, PacketId};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::assertion::Person;
use super::problem::Problem;
use crate::listener::Peer;
use crate::platform::Platform;

/// How many buckets of a kind there are at most; who was not seen for longest begins anew.
const BUCKETS_MAX: u64 = 100_000;
/// How long the bucket of somebody who does not call is kept; then it is full again.
const IDLE: Duration = Duration::from_mins(5);

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How often a second in the long run.
    pub per_second: NonZeroU32,
    /// How often at once, after a rest.
    pub burst: NonZeroU32,
}

impl Rate {
    /// `per_second` in the long run, `burst` at once; zero counts as one.
    pub const fn new(per_second: u32, burst: u32) -> Rate {
        Rate { per_second: at_least_one(per_second), burst: at_least_one(burst) }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// How often people may call; none is no limit.
#[derive(Clone, Debug)]
pub struct PeopleLimits {
    /// From one address.
    pub per_address: Option<Rate>,
    /// One person under one app, whatever they do.
    pub per_person: Option<Rate>,
    /// Claims of one packet.
    pub per_packet: Option<Rate>,
    /// Addresses that many share, as a balancer's, for which `per_address` does not count.
    pub shared_addresses: Vec<IpAddr>,
}

impl Default for PeopleLimits {
    /// Wide enough for a company behind one address and for a phone that repeats what it lost, and far below what the
    /// platform carries.
    fn default() -> PeopleLimits {
        PeopleLimits {
            per_address: Some(Rate::new(500, 5_000)),
            per_person: Some(Rate::new(100, 5_000)),
            per_packet: Some(Rate::new(20_000, 100_000)),
            shared_addresses: vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])],
        }
    }
}

/// The buckets.
#[derive(Debug)]
pub(crate) struct PeopleLimiter {
    addresses: Option<Buckets<IpAddr>>,
    people: Option<Buckets<Person>>,
    packets: Option<Buckets<(AppId, PacketId)>>,
    shared_addresses: Vec<IpAddr>,
}

impl PeopleLimiter {
    pub(crate) fn new(limits: &PeopleLimits) -> PeopleLimiter {
        PeopleLimiter {
            addresses: limits.per_address.map(Buckets::new),
            people: limits.per_person.map(Buckets::new),
            packets: limits.per_packet.map(Buckets::new),
            shared_addresses: limits.shared_addresses.clone(),
        }
    }

    /// Whether this address may call once more.
    pub(crate) fn admits_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        // Who has an IPv6 address has all of its network.
        let network = match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        };
        self.shared_addresses.contains(&address) || self.addresses.as_ref().is_none_or(|buckets| buckets.take(&network))
    }

    /// Whether this person may.
    pub(super) fn admits_person(&self, person: &Person) -> bool {
        self.people.as_ref().is_none_or(|buckets| buckets.take(person))
    }

    /// Whether this packet takes one claim more by people of this app: no other app's use up what its own may.
    pub(super) fn admits_packet(&self, app: &AppId, packet: &PacketId) -> bool {
        self.packets.as_ref().is_none_or(|buckets| buckets.take(&(app.clone(), packet.clone())))
    }
}

/// Refuses an address that calls too often, before anything that it sends is read.
pub(super) async fn guard<S: Store>(
    State(platform): State<Arc<Platform<S>>>,
    request: Request,
    next: Next,
) -> Response {
    let address = request.extensions().get::<Peer>().map(|peer| peer.address);
    if address.is_none_or(|address| platform.people_limiter.admits_address(address)) {
        next.run(request).await
    } else {
        Problem::TOO_OFTEN.into_response()
    }
}

struct Buckets<K> {
    rate: Rate,
    buckets: Cache<K, Arc<DefaultDirectRateLimiter>>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Buckets<K> {
    fn new(rate: Rate) -> Buckets<K> {
        Buckets {
            rate,
            buckets: Cache::builder()
                .eviction_policy(EvictionPolicy::lru())
                .max_capacity(BUCKETS_MAX)
                .time_to_idle(IDLE)
                .build(),
        }
    }

    /// Takes a token; `false` when there is none.
    fn take(&self, key: &K) -> bool {
        let quota = Quota::per_second(self.rate.per_second).allow_burst(self.rate.burst);
        self.buckets.get_with_by_ref(key, || Arc::new(RateLimiter::direct(quota))).check().is_ok()
    }
}

impl<K> std::fmt::Debug for Buckets<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rate.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_bucket_of_its_own() {
        // A token a second: none comes back while this runs, but for the slowest machine, which then has more.
        let limiter =
            PeopleLimiter::new(&PeopleLimits { per_address: Some(Rate::new(1, 3)), ..PeopleLimits::default() });
        let [one, other] = ["10.0.0.1", "2001:db8::1"].map(|address| address.parse().unwrap());
        assert_eq!([(); 4].map(|()| limiter.admits_address(one)), [true, true, true, false]);
        assert!(limiter.admits_address(other));
        let neighbours =
            ["2001:db8::2", "2001:db8::3:4", "2001:db8:0:0:ffff::"].map(|address| address.parse().unwrap());
        assert_eq!(neighbours.map(|address| limiter.admits_address(address)), [true, true, false], "one network");
        assert!(!limiter.admits_address("::ffff:10.0.0.1".parse().unwrap()), "the same address in another form");
    }

    #[test]
    fn an_address_that_many_share_is_not_counted() {
        let limits = PeopleLimits { per_address: Some(Rate::new(1, 1)), ..PeopleLimits::default() };
        let limiter = PeopleLimiter::new(&limits);
        assert!((0..100).all(|_| limiter.admits_address(IpAddr::from([127, 0, 0, 1]))));
        let limiter = PeopleLimiter::new(&PeopleLimits { shared_addresses: Vec::new(), ..limits });
        assert_eq!((0..100).filter(|_| limiter.admits_address(IpAddr::from([127, 0, 0, 1]))).count(), 1);
    }
}
