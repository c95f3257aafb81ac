//! The CPU gate: how much work is done at once, and how much may wait for it.
//!
//! Checking a photo is CPU work and blocks; async tasks must not. Work goes through the gate: it
//! takes a place in the queue or is turned away at once, waits for a core, and moves its permit
//! into the blocking closure, so that a permit is free only when the work is really over. Work that
//! is dropped while it waits frees its place and is never begun.
//!
//! Tenants take turns: of the work that waits for a core, each tenant has no more than there are
//! cores, so a photo waits for that much work of any other tenant, however much more of it waits
//! behind. And no tenant with keys takes more than half of the places.
//!
//! A place is for a photo that is there: while one is on its way in, [`crate::http::room`] bounds
//! it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task;

use crate::tenancy::{Caller, TenantId};

/// Time of a piece of work, until one was measured.
const WORK_GUESS: Duration = Duration::from_millis(400);

/// Seconds after which somebody who was turned away may try again, at most.
const RETRY_AFTER_S_MAX: u64 = 60;

/// Tenants that are remembered before those are forgotten that have no photo here.
const TENANTS_REMEMBERED: usize = 1024;

/// No place was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{places} photos are being checked or are waiting; the queue is full")]
pub struct QueueFull {
    pub places: usize,
    /// Seconds in which all of them should be done, by the time that the last ones took.
    pub retry_after_s: u64,
}

/// A tenant has as many places as one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "{places} photos of this tenant are being checked or are waiting; one tenant may have no more"
)]
pub struct TenantQueueFull {
    pub places: usize,
    /// As of [`QueueFull`].
    pub retry_after_s: u64,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    Queue(QueueFull),
    Tenant(TenantQueueFull),
}

/// How many places are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub working: usize,
    pub waiting: usize,
    pub free: usize,
}

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gate {
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    cores_count: usize,
    places: usize,
    tenant_places: usize,
    tenants: Arc<Mutex<HashMap<TenantId, Turns>>>,
    work_us: Arc<AtomicU64>,
}

/// What one tenant has of the gate.
#[derive(Debug, Clone)]
struct Turns {
    /// Permits to wait for a core.
    cores: Arc<Semaphore>,
    /// Places of calls with keys.
    places: Arc<Semaphore>,
}

/// A place in the queue, free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    cores: Arc<Semaphore>,
    turns: Turns,
    _tenant: Option<OwnedSemaphorePermit>,
    work_us: Arc<AtomicU64>,
    _queue: Option<OwnedSemaphorePermit>,
}

impl Gate {
    /// A gate for `cores` pieces of work at once and `waiting_max` more in the queue.
    #[must_use]
    pub fn new(cores: usize, waiting_max: usize) -> Self {
        let places = cores + waiting_max;
        let queue = Arc::new(Semaphore::new(places));
        let work_us = Arc::new(AtomicU64::new(micros(WORK_GUESS)));
        let cores_count = cores.max(1);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
            queue,
            cores_count,
            places,
            tenant_places: cores_count.max(places / 2),
            tenants: Arc::default(),
            work_us,
        }
    }

    /// How many pieces of work there may be, done and waiting.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// How many places are taken at the moment.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let free = self.queue.available_permits();
        let working = self.cores_count.saturating_sub(self.cores.available_permits());
        let waiting = self.places.saturating_sub(free).saturating_sub(working);
        Usage { working, waiting, free }
    }

    /// Takes a place, for work that can begin.
    ///
    /// # Errors
    /// [`NoPlace`] at once when none is free.
    pub fn enter(&self, caller: &Caller) -> Result<Place, NoPlace> {
        let turns = self.turns_of(caller.tenant);
        // One of the tenant's first: work of others must not be turned away by what is refused.
        let is_bounded = caller.key().is_some();
        let tenant = is_bounded.then(|| Arc::clone(&turns.places).try_acquire_owned());
        let tenant = tenant.transpose().map_err(|_| self.tenant_full())?;
        let permit = Arc::clone(&self.queue).try_acquire_owned();
        let queue = permit.map_err(|_| NoPlace::Queue(self.full()))?;
        Ok(self.place(turns, tenant, Some(queue)))
    }

    /// Waits for a place, for work that was accepted before and that nobody waits for. How much of
    /// it waits here is for who sends it to bound.
    pub async fn wait(&self, caller: &Caller) -> Place {
        let turns = self.turns_of(caller.tenant);
        // The semaphore is never closed, so there is always a permit in the end.
        let queue = Arc::clone(&self.queue).acquire_owned().await.ok();
        self.place(turns, None, queue)
    }

    /// A place for work that nobody waits for: only where a core is idle, and none of the queue's.
    #[must_use]
    pub fn enter_idle(&self, caller: &Caller) -> Option<Place> {
        let is_idle = self.usage().waiting == 0 && 0 < self.cores.available_permits();
        is_idle.then(|| self.place(self.turns_of(caller.tenant), None, None))
    }

    fn place(
        &self,
        turns: Turns,
        tenant: Option<OwnedSemaphorePermit>,
        queue: Option<OwnedSemaphorePermit>,
    ) -> Place {
        let (cores, work_us) = (Arc::clone(&self.cores), Arc::clone(&self.work_us));
        Place { cores, turns, work_us, _tenant: tenant, _queue: queue }
    }

    /// Whether a place is free at the moment, so that nobody sends a photo for nothing.
    ///
    /// # Errors
    /// [`NoPlace`] when none is free at the moment.
    pub fn has_place(&self, caller: &Caller) -> Result<(), NoPlace> {
        let is_bounded = caller.key().is_some();
        if is_bounded && self.turns_of(caller.tenant).places.available_permits() == 0 {
            return Err(self.tenant_full());
        }
        let is_free = 0 < self.queue.available_permits();
        if is_free { Ok(()) } else { Err(NoPlace::Queue(self.full())) }
    }

    /// What a tenant has of the gate.
    fn turns_of(&self, tenant: TenantId) -> Turns {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if TENANTS_REMEMBERED < tenants.len() {
            // Nobody but this map holds those of a tenant without a photo here.
            tenants.retain(|_, turns| 1 < Arc::strong_count(&turns.cores));
        }
        let new = || Turns {
            cores: Arc::new(Semaphore::new(self.cores_count)),
            places: Arc::new(Semaphore::new(self.tenant_places)),
        };
        tenants.entry(tenant).or_insert_with(new).clone()
    }

    fn tenant_full(&self) -> NoPlace {
        let QueueFull { retry_after_s, .. } = self.full();
        NoPlace::Tenant(TenantQueueFull { places: self.tenant_places, retry_after_s })
    }

    fn full(&self) -> QueueFull {
        let taken = self.places.saturating_sub(self.queue.available_permits()) as u64;
        let all_us = taken.saturating_mul(self.work_us.load(Ordering::Relaxed));
        let seconds = (all_us / self.cores_count as u64).div_ceil(1_000_000);
        QueueFull { places: self.places, retry_after_s: seconds.clamp(1, RETRY_AFTER_S_MAX) }
    }
}

impl Place {
    /// Waits for a core and runs `work` on it.
    ///
    /// # Errors
    /// [`task::JoinError`] when `work` panics.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, task::JoinError> {
        // The semaphores are never closed, so there is always a permit in the end.
        let turn = Arc::clone(&self.turns.cores).acquire_owned().await.ok();
        let core = Arc::clone(&self.cores).acquire_owned().await.ok();
        task::spawn_blocking(move || {
            let _until_the_end = (turn, core, &self);
            let begun = Instant::now();
            let done = work();
            self.note(begun.elapsed());
            done
        })
        .await
    }

    /// Lets the last piece of work count for an eighth of the mean.
    fn note(&self, work: Duration) {
        let mean = |mean: u64| mean - mean / 8 + micros(work) / 8;
        let _ =
            self.work_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| Some(mean(it)));
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenancy::{ApiKey, Credential, KeyLimits, KeyScope};

    /// Somebody without a key, who has all places.
    fn anybody() -> Caller {
        Caller::on_command_line(TenantId::DEFAULT)
    }

    /// A tenant's key.
    fn key_of(tenant: i64) -> Caller {
        let id = ApiKey::create().unwrap().id().clone();
        let credential = Credential::Key { id, limits: KeyLimits::default() };
        let scopes = [KeyScope::Check].into_iter().collect();
        Caller { tenant: TenantId(tenant), credential, scopes }
    }

    /// However much of one tenant waits, a photo of another waits for no more of it than there are
    /// cores; and one tenant leaves half of the places to others.
    #[tokio::test]
    async fn no_tenant_starves_another() {
        let gate = Gate::new(1, 19);
        let (bulk, other) = (key_of(2), key_of(3));
        let (done_in, mut done) = tokio::sync::mpsc::unbounded_channel();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = gate.enter(&anybody()).unwrap();
        let running = tokio::spawn(busy.run(move || released.recv().is_ok()));
        tokio::task::yield_now().await;
        let mut waiting = Vec::new();
        for (caller, count) in [(&bulk, 10), (&other, 1)] {
            for _ in 0..count {
                let (place, done_in) = (gate.enter(caller).unwrap(), done_in.clone());
                let tenant = caller.tenant.0;
                waiting.push(tokio::spawn(place.run(move || done_in.send(tenant).is_ok())));
            }
            // Lets them queue up.
            tokio::task::yield_now().await;
        }
        let full = gate.enter(&bulk).unwrap_err();
        assert!(matches!(full, NoPlace::Tenant(TenantQueueFull { places: 10, .. })), "{full:?}");
        assert_eq!(gate.has_place(&bulk), Err(full));
        assert!(gate.enter(&other).is_ok());
        release.send(()).unwrap();
        assert!(running.await.unwrap().unwrap());
        for waiting in waiting {
            assert!(waiting.await.unwrap().unwrap());
        }
        let order: Vec<_> = std::iter::from_fn(|| done.try_recv().ok()).collect();
        assert_eq!((order.len(), order[..3].contains(&3)), (11, true), "{order:?}");
        assert!(gate.has_place(&bulk).is_ok());
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_and_a_left_place_is_free_again() {
        let gate = Gate::new(1, 1);
        let first = gate.enter(&anybody()).unwrap();
        assert_eq!(gate.has_place(&anybody()), Ok(()));
        let second = gate.enter(&anybody()).unwrap();
        let full = NoPlace::Queue(QueueFull { places: 2, retry_after_s: 1 });
        let refused = gate.enter(&anybody()).unwrap_err();
        assert_eq!((refused, gate.has_place(&anybody())), (full, Err(full)));
        drop(second);
        let third = gate.enter(&anybody()).unwrap();
        assert_eq!(first.run(|| 7).await.unwrap(), 7);
        assert_eq!(third.run(|| 8).await.unwrap(), 8);
        assert!(gate.enter(&anybody()).is_ok());
    }

    /// Whoever is turned away learns how long those before it take, by what was measured.
    #[tokio::test]
    async fn the_time_to_wait_follows_the_length_of_the_queue_and_the_work() {
        let retry_after_s = |cores, waiting, work: Duration| async move {
            let gate = Gate::new(cores, waiting);
            for _ in 0..64 {
                gate.enter(&anybody()).unwrap().note(work);
            }
            let _taken: Vec<_> =
                (0..cores + waiting).map(|_| gate.enter(&anybody()).unwrap()).collect();
            match gate.enter(&anybody()).unwrap_err() {
                NoPlace::Queue(full) => full.retry_after_s,
                NoPlace::Tenant(_) => 0,
            }
        };
        assert_eq!(retry_after_s(2, 32, Duration::from_millis(100)).await, 2);
        assert_eq!(retry_after_s(2, 32, Duration::from_secs(1)).await, 17);
        assert_eq!(retry_after_s(2, 14, Duration::from_secs(1)).await, 8);
        assert_eq!(retry_after_s(16, 256, Duration::from_secs(1)).await, 17);
        assert_eq!(retry_after_s(1, 32, Duration::from_secs(100)).await, 60);
    }

    #[tokio::test]
    async fn work_that_is_dropped_while_it_waits_is_never_begun() {
        let gate = Gate::new(1, 1);
        let (release, released) = std::sync::mpsc::channel::<()>();
        let busy = gate.enter(&anybody()).unwrap();
        let running = tokio::spawn(busy.run(move || released.recv().is_ok()));
        // Lets the busy one take the core.
        tokio::task::yield_now().await;
        let waiting = gate.enter(&anybody()).unwrap();
        let begun = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let mark = Arc::clone(&begun);
        let set = move || mark.store(true, std::sync::atomic::Ordering::SeqCst);
        let mut waits = Box::pin(waiting.run(set));
        // Polled once, so that it really waits for the core, then dropped.
        assert!(futures_are_pending(&mut waits).await);
        drop(waits);
        assert!(gate.enter(&anybody()).is_ok(), "its place is free again");
        release.send(()).unwrap();
        assert!(running.await.unwrap().unwrap());
        assert!(!begun.load(std::sync::atomic::Ordering::SeqCst));
    }

    async fn futures_are_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }
}
