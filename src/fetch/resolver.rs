//! Resolves names, few at a time.
//!
//! The system's resolver takes a thread until it has an answer, for longer than anybody waits, and
//! names come from strangers: those whose servers never answer must not take all the threads, which
//! checks need too.

use std::collections::{VecDeque, vec_deque};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task;
use tower::Service;

use super::address::{Addresses, Forbidden};

/// Names that are looked up at once.
pub(super) const LOOKUPS_MAX: usize = 16;

/// As many names are being looked up as may be.
#[derive(Debug, Clone, Copy, Error)]
#[error("too many names are being looked up")]
pub(super) struct TooManyLookups;

/// Resolves a name to those of its addresses that may be connected to.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    addresses: Arc<Addresses>,
    lookups: Arc<Semaphore>,
}

impl Resolver {
    /// One that finds these addresses.
    pub fn new(addresses: Arc<Addresses>) -> Self {
        Self { addresses, lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }
}

impl Service<Name> for Resolver {
    type Response = vec_deque::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { addresses, lookups } = self.clone();
        Box::pin(async move {
            let lookup = move || Ok((name.as_str(), 0).to_socket_addrs().unwrap_or_default());
            let found = look_up(&lookups, lookup).await?;
            // A name without addresses is as one with private ones: nobody learns which are there.
            let allowed: VecDeque<_> = found.filter(|it| addresses.allow(it.ip())).collect();
            if allowed.is_empty() {
                Err(io::Error::other(Forbidden))
            } else {
                Ok(allowed.into_iter())
            }
        })
    }
}

/// Does a lookup on a thread that may wait. Its place is taken until the lookup ends, also when
/// nobody waits for it any more.
async fn look_up<T: Send + 'static>(
    lookups: &Arc<Semaphore>,
    lookup: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let place = Arc::clone(lookups).try_acquire_owned();
    let place = place.map_err(|_| io::Error::other(TooManyLookups))?;
    let looked_up = task::spawn_blocking(move || {
        let found = lookup();
        drop(place);
        found
    });
    looked_up.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_lookup_takes_its_place_until_it_ends() {
        let lookups = Arc::new(Semaphore::new(1));
        let (answer, answered) = mpsc::channel::<()>();
        let slow = look_up(&lookups, move || answered.recv().map_err(io::Error::other));
        assert!(tokio::time::timeout(Duration::from_millis(20), slow).await.is_err());
        assert_eq!(lookups.available_permits(), 0, "nobody waits, and it goes on");
        let refused = look_up(&lookups, || Ok(())).await.unwrap_err();
        assert!(refused.get_ref().unwrap().is::<TooManyLookups>());
        answer.send(()).unwrap();
        let freed = lookups.acquire();
        drop(tokio::time::timeout(Duration::from_secs(10), freed).await.unwrap().unwrap());
        look_up(&lookups, || Ok(())).await.unwrap();
    }
}
