//! How many messages of webhooks are sent at once, to which endpoints. [`super::sending`] sends
//! them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::ids;
use crate::store::ClaimedMessage;
use crate::tenancy::TenantId;

/// Messages that are sent at once.
const SENDING_MAX: usize = 16;

/// Of these, to one endpoint: a slow one must not keep others waiting.
const SENDING_TO_ONE_MAX: usize = 4;

/// Of these, of one tenant: the slow endpoints of one must not keep others waiting.
const SENDING_OF_TENANT_MAX: usize = SENDING_MAX / 2;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Deliveries {
    places: Arc<Semaphore>,
    /// What is being sent, by ids of their own: one message may be there twice, where it was taken
    /// from this program and it took it again.
    sending: Arc<Mutex<HashMap<Uuid, Target>>>,
    woken: Arc<Notify>,
}

/// What is being sent to whom.
#[derive(Debug, Clone)]
struct Target {
    message: String,
    endpoint: Uuid,
    tenant: TenantId,
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
        full(self.sending().values().map(|target| target.endpoint), SENDING_TO_ONE_MAX)
    }

    /// Tenants of which as much is being sent as may be.
    pub(super) fn full_tenants(&self) -> Vec<TenantId> {
        full(self.sending().values().map(|target| target.tenant), SENDING_OF_TENANT_MAX)
    }

    /// The messages that are being sent.
    pub(super) fn messages(&self) -> Vec<String> {
        self.sending().values().map(|target| target.message.clone()).collect()
    }

    fn sending(&self) -> MutexGuard<'_, HashMap<Uuid, Target>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that are there as often as they may be.
fn full<T: Eq + Hash>(all: impl Iterator<Item = T>, max: usize) -> Vec<T> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    counts.into_iter().filter(|(_, count)| max <= *count).map(|(one, _)| one).collect()
}

/// A message that is being sent and has a place, until it is dropped.
pub(super) struct Sending {
    deliveries: Deliveries,
    id: Uuid,
    _place: OwnedSemaphorePermit,
}

impl Sending {
    pub(super) fn new(
        deliveries: &Deliveries,
        claimed: &ClaimedMessage,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let ClaimedMessage { tenant, endpoint, .. } = *claimed;
        let target = Target { message: claimed.id.clone(), endpoint, tenant };
        let id = ids::new_id();
        deliveries.sending().insert(id, target);
        Self { deliveries: deliveries.clone(), id, _place: place }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.deliveries.sending().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One tenant with many slow endpoints leaves the others half of the places.
    #[tokio::test]
    async fn a_tenant_has_half_of_the_places_at_most() {
        let deliveries = Deliveries::new();
        let mut taken = Vec::new();
        for count in 0..SENDING_OF_TENANT_MAX {
            assert_eq!((deliveries.full_tenants(), deliveries.messages().len()), (vec![], count));
            let claimed = ClaimedMessage {
                id: "msg_1".to_owned(),
                tenant: TenantId(7),
                endpoint: Uuid::from_u128(count as u128),
                url: None,
                payload: String::new(),
                attempt: 1,
            };
            let place = deliveries.place().await.unwrap();
            taken.push(Sending::new(&deliveries, &claimed, place));
        }
        assert!(deliveries.full_endpoints().is_empty());
        assert_eq!(deliveries.full_tenants(), [TenantId(7)]);
        taken.pop();
        assert_eq!(deliveries.full_tenants(), []);
    }
}
