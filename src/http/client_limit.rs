//! How many requests one client may send: a limit a minute, on this machine alone.
//!
//! A client is whoever sends the token of the banks, or an address. IPv6 addresses count by their
//! /64, which one customer has for itself. Behind a proxy all clients have the proxy's address, so
//! there the proxy limits (docs/proxy.md); that is why there is no limit unless one is set, and
//! none for loopback. Answers carry the `RateLimit` headers of the IETF's draft
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Clients that are remembered before those are forgotten that have all their requests again.
const CLIENTS_MAX: usize = 100_000;

/// Who sends requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// Whoever has the token of the banks.
    Keeper,
    Address(IpAddr),
}

type Limiter =
    RateLimiter<Client, HashMapStateStore<Client>, DefaultClock, StateInformationMiddleware>;

/// See the module's text.
#[derive(Debug)]
pub struct ClientLimiter {
    limiter: Limiter,
    per_minute: NonZeroU32,
}

/// What a client may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    requests: u32,
    /// Until one more request may come, when none is left.
    wait: Duration,
}

impl Client {
    /// Whoever calls from there; nobody in particular from this machine, or through a proxy on it.
    #[must_use]
    pub fn at(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        (!address.is_loopback()).then(|| Self::Address(network_of(address)))
    }
}

impl Left {
    /// Seconds until one more request may come.
    #[must_use]
    pub fn wait_s(self) -> u64 {
        whole_seconds(self.wait)
    }
}

impl ClientLimiter {
    /// So many requests a minute, all of which may come at once.
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::hashmap(Quota::per_minute(per_minute));
        Self { limiter: limiter.with_middleware(), per_minute }
    }

    /// Requests a minute.
    #[must_use]
    pub fn per_minute(&self) -> NonZeroU32 {
        self.per_minute
    }

    /// Counts a request. Whether it may go on, and what the client may do after it.
    pub fn count(&self, client: Client) -> (bool, Left) {
        if CLIENTS_MAX < self.limiter.len() {
            self.limiter.retain_recent();
        }
        match self.limiter.check_key(&client) {
            Ok(state) => {
                let requests = state.remaining_burst_capacity();
                (true, Left { requests, wait: Duration::ZERO })
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                (false, Left { requests: 0, wait })
            }
        }
    }

    /// Says in an answer what the client may still do.
    pub fn add_headers(&self, headers: &mut HeaderMap, left: Left) {
        let policy = format!("\"client\";q={};w=60", self.per_minute);
        // Time until one more request is free: one spends them one after another.
        let each = Duration::from_mins(1) / self.per_minute.get();
        let seconds = whole_seconds(left.wait.max(each));
        let state = format!("\"client\";r={};t={seconds}", left.requests);
        for (name, value) in [(POLICY, policy), (STATE, state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(0 < duration.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_requests() {
        let limiter = ClientLimiter::new(NonZeroU32::new(2).unwrap());
        let (one, other) = (Client::Address([192, 0, 2, 1].into()), Client::Keeper);
        assert_eq!(limiter.count(one), (true, Left { requests: 1, wait: Duration::ZERO }));
        assert_eq!(limiter.count(one).1.requests, 0);
        let (goes_on, left) = limiter.count(one);
        assert!(!goes_on && (1..=30).contains(&left.wait_s()), "{left:?}");
        assert_eq!(limiter.count(other), (true, Left { requests: 1, wait: Duration::ZERO }));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let network = |address: &str| network_of(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2::5"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
