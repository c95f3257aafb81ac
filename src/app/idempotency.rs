//! Calls that are done once, however often they are sent: by the key that their caller named.
//!
//! A call is claimed in the database before it is begun, by this run of this program, which says
//! regularly that it is alive (`super::later`). A repeat learns that it is under way, or gets the
//! answer that was kept. What this program had when it ended may be claimed by any other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::{AppError, Refusal};
use super::later::Later;
use super::limits::{IDEMPOTENT_CALLS_KEPT_S, IDEMPOTENT_CALLS_MAX};
use crate::idempotency::IdempotencyKey;
use crate::store::{Claim, Claimed, KeptAnswer, Store, StoreError};
use crate::tenancy::TenantId;

/// For how long the count of a tenant's calls is believed: by what comes in that time a tenant may
/// have more than it may.
const COUNTED_FOR: Duration = Duration::from_secs(2);

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct IdempotentCalls {
    store: Store,
    later: Later,
    counts: Arc<Mutex<HashMap<TenantId, (u64, Instant)>>>,
}

/// What is to be done about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is to be done now.
    First(Claim),
    /// It was answered.
    Repeat(KeptAnswer),
}

impl IdempotentCalls {
    /// Calls that are kept in this database.
    #[must_use]
    pub(super) fn new(store: Store, later: Later) -> Self {
        Self { store, later, counts: Arc::default() }
    }

    /// Begins a call of a tenant.
    ///
    /// # Errors
    /// [`Refusal::CallUnderWay`] when somebody does it, [`Refusal::TooManyCalls`] when the tenant
    /// has as many as may be kept, or when the database fails.
    pub async fn begin(&self, tenant: TenantId, key: &IdempotencyKey) -> Result<Begun, AppError> {
        // Others take what this program has for left behind while it does not say that it is alive.
        self.later.beat_if_due().await?;
        let digest = key.digest();
        let is_full = IDEMPOTENT_CALLS_MAX <= self.count(tenant).await?;
        if is_full && !self.store.knows_call(tenant, digest).await? {
            return Err(Refusal::TooManyCalls.into());
        }
        let worker = self.later.worker();
        match self.store.claim_call(worker, tenant, digest, IDEMPOTENT_CALLS_KEPT_S).await? {
            Claimed::Ours(claim) => Ok(Begun::First(claim)),
            Claimed::Answered(answer) => Ok(Begun::Repeat(answer)),
            Claimed::UnderWay => Err(Refusal::CallUnderWay.into()),
        }
    }

    async fn count(&self, tenant: TenantId) -> Result<u64, StoreError> {
        let now = Instant::now();
        let counted = {
            let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.get(&tenant).copied()
        };
        if let Some((count, at)) = counted
            && now.duration_since(at) < COUNTED_FOR
        {
            return Ok(count);
        }
        let count = self.store.calls_of(tenant).await?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.insert(tenant, (count, now));
        Ok(count)
    }
}
