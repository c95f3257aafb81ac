//! How many requests one client may send: a limit a minute, on this machine alone, and what answers
//! say of it and of the quota of a day.
//!
//! A client is a key, whoever sends the token of the banks, or an address. IPv6 addresses count by
//! their /64, which one customer has for itself. Behind a proxy all clients without a key have the
//! proxy's address, so there the proxy limits (docs/proxy.md); that is why there is no limit unless
//! one is set, and none for loopback. A key may have a limit of its own. Answers carry the
//! `RateLimit` headers of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-10).

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::app::usage::QuotaLeft;
use crate::tenancy::KeyId;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Clients that are remembered before those are forgotten that have all their requests again.
const CLIENTS_MAX: usize = 100_000;

/// Who sends requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Client {
    Key(KeyId),
    /// Whoever has the token of the banks.
    Keeper,
    Address(IpAddr),
}

type Limiter =
    RateLimiter<Client, HashMapStateStore<Client>, DefaultClock, StateInformationMiddleware>;

/// The limits of all clients.
#[derive(Debug, Default)]
pub struct ClientLimiters {
    /// Of clients that have none of their own.
    usual: Option<ClientLimiter>,
    /// Of keys that have one, by what it is.
    own: Mutex<HashMap<NonZeroU32, Arc<ClientLimiter>>>,
}

/// One limit, for all clients that have it.
#[derive(Debug)]
struct ClientLimiter {
    limiter: Limiter,
    per_minute: NonZeroU32,
}

/// What a client may still do after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    pub per_minute: NonZeroU32,
    /// Whether the request may go on.
    pub goes_on: bool,
    requests: u32,
    /// Until one more request may come, when none is left.
    wait: Duration,
}

/// What an answer says of the limits of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    pub minute: Option<Minute>,
    /// The quota of the key, if it has one.
    pub per_day: Option<NonZeroU32>,
    /// What is left of it; `None` as well when nothing is.
    pub day: Option<QuotaLeft>,
}

impl Client {
    /// Whoever calls from there; nobody in particular from this machine, or through a proxy on it.
    #[must_use]
    pub fn at(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        (!address.is_loopback()).then(|| Self::Address(network_of(address)))
    }
}

impl ClientLimiters {
    /// So many requests a minute for each client, all of which may come at once; `None` without a
    /// limit.
    #[must_use]
    pub fn new(per_minute: Option<NonZeroU32>) -> Self {
        Self { usual: per_minute.map(ClientLimiter::new), own: Mutex::default() }
    }

    /// Counts a request of a client, which may have a limit of its `own`. `None` where it has none.
    pub fn count(&self, client: &Client, own: Option<NonZeroU32>) -> Option<Minute> {
        let Some(own) = own else {
            return self.usual.as_ref().map(|limiter| limiter.count(client));
        };
        let limiter = {
            let mut limiters = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            let limiter = limiters.entry(own).or_insert_with(|| Arc::new(ClientLimiter::new(own)));
            Arc::clone(limiter)
        };
        Some(limiter.count(client))
    }
}

impl ClientLimiter {
    fn new(per_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::hashmap(Quota::per_minute(per_minute));
        Self { limiter: limiter.with_middleware(), per_minute }
    }

    fn count(&self, client: &Client) -> Minute {
        if CLIENTS_MAX < self.limiter.len() {
            self.limiter.retain_recent();
        }
        let per_minute = self.per_minute;
        match self.limiter.check_key(client) {
            Ok(state) => {
                let requests = state.remaining_burst_capacity();
                Minute { per_minute, goes_on: true, requests, wait: Duration::ZERO }
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                Minute { per_minute, goes_on: false, requests: 0, wait }
            }
        }
    }
}

impl Minute {
    /// Seconds until one more request may come.
    #[must_use]
    pub fn wait_s(self) -> u64 {
        whole_seconds(self.wait)
    }
}

impl Limits {
    /// Says in an answer what the client may still do.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        let (mut policies, mut states) = (Vec::new(), Vec::new());
        if let Some(minute) = self.minute {
            let Minute { per_minute, requests, wait, .. } = minute;
            // Time until one more request is free: one spends them one after another.
            let each = Duration::from_mins(1) / per_minute.get();
            let seconds = whole_seconds(wait.max(each));
            policies.push(format!("\"client\";q={per_minute};w=60"));
            states.push(format!("\"client\";r={requests};t={seconds}"));
        }
        if let Some(per_day) = self.per_day {
            policies.push(format!("\"day\";q={per_day};w=86400"));
            states.push(match self.day {
                Some(QuotaLeft { requests, resets_s, .. }) => {
                    format!("\"day\";r={requests};t={resets_s}")
                }
                None => "\"day\";r=0".to_owned(),
            });
        }
        for (name, items) in [(POLICY, policies), (STATE, states)] {
            if items.is_empty() {
                continue;
            }
            if let Ok(value) = HeaderValue::from_str(&items.join(", ")) {
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
    use crate::tenancy::ApiKey;

    #[test]
    fn each_client_has_its_own_requests() {
        let limiters = ClientLimiters::new(NonZeroU32::new(2));
        let (one, other) = (Client::Address([192, 0, 2, 1].into()), Client::Keeper);
        let count = |client, own: u32| limiters.count(client, NonZeroU32::new(own)).unwrap();
        assert_eq!((count(&one, 0).requests, count(&one, 0).requests), (1, 0));
        let refused = count(&one, 0);
        assert!(!refused.goes_on && (1..=30).contains(&refused.wait_s()), "{refused:?}");
        assert_eq!((count(&other, 0).goes_on, count(&other, 0).requests), (true, 0));
        // A key with a limit of its own has that, and not the usual one.
        let key = Client::Key(ApiKey::create().unwrap().id().clone());
        assert_eq!((count(&key, 5).requests, count(&key, 5).requests), (4, 3));
        assert_eq!(ClientLimiters::default().count(&one, None), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        let network = |address: &str| network_of(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2::5"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
