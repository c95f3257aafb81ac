//! The worker of a program: how many checks that wait are under way at once, of which tenants.
//! [`super::waiting_checks`] does them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use uuid::Uuid;

use crate::store::ClaimedCheck;
use crate::tenancy::TenantId;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Worker {
    places: Arc<Semaphore>,
    places_count: u32,
    /// What is under way, by check and attempt, and whose it is.
    running: Arc<Mutex<HashMap<(Uuid, u32), TenantId>>>,
    stopping: Arc<AtomicBool>,
    /// Whether nothing that it took is under way any more.
    ended: Arc<AtomicBool>,
}

impl Worker {
    /// A worker beside a gate of so many cores. It has more at once than these: a photo that is
    /// fetched takes none.
    #[must_use]
    pub(super) fn new(cores: usize) -> Self {
        let places_count = u32::try_from(2 * cores + 2).unwrap_or(u32::MAX);
        let places = Arc::new(Semaphore::new(places_count as usize));
        let (stopping, ended) = (Arc::default(), Arc::default());
        Self { places, places_count, running: Arc::default(), stopping, ended }
    }

    /// Tenants that have half of the places: slow servers of one must not keep others waiting.
    pub(super) fn full_tenants(&self) -> Vec<TenantId> {
        let half = (self.places_count as usize / 2).max(1);
        let mut counts: HashMap<TenantId, usize> = HashMap::new();
        for tenant in self.running.lock().unwrap_or_else(PoisonError::into_inner).values() {
            *counts.entry(*tenant).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| half <= *count).map(|(tenant, _)| tenant).collect()
    }

    /// The checks that are under way.
    pub(super) fn running(&self) -> Vec<Uuid> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.keys().map(|(check, _)| *check).collect()
    }

    /// A place for a check, once there is one. `None` never comes: the semaphore is not closed.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Begins nothing any more.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Waits until nothing is under way, and says so. Returns whether that came in time.
    pub(super) async fn end(&self, wait_max: Duration) -> bool {
        let all = self.places.acquire_many(self.places_count);
        let in_time = timeout(wait_max, all).await.is_ok();
        self.ended.store(true, Ordering::Relaxed);
        in_time
    }

    /// Whether nothing that it took is under way any more.
    #[must_use]
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

/// A check that is under way and has a place, until it is dropped.
pub(super) struct Running {
    worker: Worker,
    key: (Uuid, u32),
    _place: OwnedSemaphorePermit,
}

impl Running {
    pub(super) fn new(
        worker: &Worker,
        claimed: &ClaimedCheck,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let key = (claimed.check.id, claimed.attempt);
        let mut running = worker.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(key, claimed.tenant);
        Self { worker: worker.clone(), key, _place: place }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
