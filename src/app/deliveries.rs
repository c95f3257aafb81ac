//! How many messages of webhooks are sent at once, to which endpoints. [`super::sending`] sends
//! them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// Messages that are sent at once.
const SENDING_MAX: usize = 16;

/// Of these, to one endpoint: a slow one must not keep others waiting.
const SENDING_TO_ONE_MAX: usize = 4;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Deliveries {
    places: Arc<Semaphore>,
    sending: Arc<Mutex<HashMap<Uuid, usize>>>,
    woken: Arc<Notify>,
}

impl Deliveries {
    pub(super) fn new() -> Self {
        let places = Arc::new(Semaphore::new(SENDING_MAX));
        Self { places, sending: Arc::default(), woken: Arc::default() }
    }

    /// A place for a message, once there is one. `None` never comes: the semaphore is not closed.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Told when a message may be due.
    #[must_use]
    pub(super) fn woken(&self) -> &Notify {
        &self.woken
    }

    pub(super) fn full_endpoints(&self) -> Vec<Uuid> {
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let full = sending.iter().filter(|(_, count)| SENDING_TO_ONE_MAX <= **count);
        full.map(|(endpoint, _)| *endpoint).collect()
    }
}

/// A place that is taken for an endpoint, until it is dropped.
pub(super) struct Sending {
    deliveries: Deliveries,
    endpoint: Uuid,
    _place: OwnedSemaphorePermit,
}

impl Sending {
    pub(super) fn new(
        deliveries: &Deliveries,
        endpoint: Uuid,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut sending = deliveries.sending.lock().unwrap_or_else(PoisonError::into_inner);
        *sending.entry(endpoint).or_default() += 1;
        Self { deliveries: deliveries.clone(), endpoint, _place: place }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut sending = self.deliveries.sending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sending.get_mut(&self.endpoint) {
            *count -= 1;
            if *count == 0 {
                sending.remove(&self.endpoint);
            }
        }
    }
}
