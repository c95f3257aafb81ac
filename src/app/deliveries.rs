//! How many messages of webhooks are sent at once, to which endpoints. [`super::sending`] sends
//! them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::store::ClaimedMessage;

/// Messages that are sent at once.
const SENDING_MAX: usize = 16;

/// Of these, to one endpoint: a slow one must not keep others waiting.
const SENDING_TO_ONE_MAX: usize = 4;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Deliveries {
    places: Arc<Semaphore>,
    /// What is being sent, by message and attempt, and to which endpoint.
    sending: Arc<Mutex<HashMap<(String, u32), Uuid>>>,
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

    /// Endpoints to which as much is being sent as may be.
    pub(super) fn full_endpoints(&self) -> Vec<Uuid> {
        let mut counts: HashMap<Uuid, usize> = HashMap::new();
        for endpoint in self.sending.lock().unwrap_or_else(PoisonError::into_inner).values() {
            *counts.entry(*endpoint).or_default() += 1;
        }
        let full = counts.into_iter().filter(|(_, count)| SENDING_TO_ONE_MAX <= *count);
        full.map(|(endpoint, _)| endpoint).collect()
    }

    /// The messages that are being sent.
    pub(super) fn sending(&self) -> Vec<String> {
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        sending.keys().map(|(message, _)| message.clone()).collect()
    }
}

/// A message that is being sent and has a place, until it is dropped.
pub(super) struct Sending {
    deliveries: Deliveries,
    key: (String, u32),
    _place: OwnedSemaphorePermit,
}

impl Sending {
    pub(super) fn new(
        deliveries: &Deliveries,
        claimed: &ClaimedMessage,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let key = (claimed.id.clone(), claimed.attempt);
        let mut sending = deliveries.sending.lock().unwrap_or_else(PoisonError::into_inner);
        sending.insert(key.clone(), claimed.endpoint);
        Self { deliveries: deliveries.clone(), key, _place: place }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut sending = self.deliveries.sending.lock().unwrap_or_else(PoisonError::into_inner);
        sending.remove(&self.key);
    }
}
