//! Checks that are done later: accepted now, and answered by their ids.
//!
//! What is accepted is in the database, so it is done also when this program is killed. The photo
//! itself waits there encrypted, so that another machine can take the check over, or in the memory
//! of this program alone, as the operator chose: then it is lost with the program, and the check
//! says so. Either way it is gone when the check is done.
//!
//! All checks of a call are accepted, or none is. [`super::waiting_checks`] does them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use photocheck_core::bank::ExternalId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::error::{AppError, Failure, Refusal};
use super::limits::{BATCH_CHECKS_MAX, MEMORY_BYTES_MAX, WAITING_BYTES_MAX, WAITING_CHECKS_MAX};
use super::waiting_photo::WaitingPhoto;
use crate::clock::{self, DAY_S};
use crate::config::{LaterConfig, WaitingPhotos};
use crate::ids;
use crate::store::{
    Callback, ClaimedCheck, NewBatch, NewCheck, Store, StoreError, StoredCheck, StoredState,
    Waiting, WaitsIn, WorkerId,
};
use crate::tenancy::TenantId;

/// Bytes of a step in which that memory is counted.
const MEMORY_STEP_BYTES: u64 = 1024;

/// How often a worker says that it is alive.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(5);

/// For how long that counts: after that its work is anybody's.
const BEAT_LASTS: Duration = Duration::from_secs(20);

/// Time for a call to come to its end.
pub const CALL_MAX: Duration = Duration::from_mins(30);

/// Seconds after which a call that never ended is forgotten: longer, since clocks differ.
const ARRIVING_S_MAX: i64 = 60 * 60;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Later {
    store: Store,
    worker: WorkerId,
    config: LaterConfig,
    held: Arc<Mutex<HashMap<Uuid, Held>>>,
    memory: Arc<Semaphore>,
    beaten_at: Arc<Mutex<Option<Instant>>>,
    /// Told when something may be due.
    woken: Arc<Notify>,
}

/// A photo that waits in memory.
#[derive(Debug)]
struct Held {
    photo: WaitingPhoto,
    /// Whether its call was accepted. Before, its check may not be in the database yet.
    is_accepted: bool,
    _memory: OwnedSemaphorePermit,
}

/// The checks of one call, while they come. Those of a call that is dropped were never there.
#[derive(Debug)]
pub struct Arriving {
    later: Later,
    batch: NewBatch,
    checks: Vec<StoredCheck>,
    callback: Option<Callback>,
    is_accepted: bool,
}

/// Why the photo of a check that waits cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhotoMissing {
    Lost,
    /// This program has another key than the one that accepted it.
    OtherKey,
}

impl Later {
    /// Checks that are kept in this database.
    #[must_use]
    pub(super) fn new(store: Store, config: LaterConfig) -> Self {
        let steps = usize::try_from(MEMORY_BYTES_MAX / MEMORY_STEP_BYTES).unwrap_or(usize::MAX);
        Self {
            store,
            worker: WorkerId::new(ids::new_id()),
            config,
            held: Arc::default(),
            memory: Arc::new(Semaphore::new(steps)),
            beaten_at: Arc::default(),
            woken: Arc::default(),
        }
    }

    /// Days after it was finished until a check is forgotten.
    #[must_use]
    pub(super) fn kept_days(&self) -> u16 {
        self.config.kept_days
    }

    /// This run of this program.
    #[must_use]
    pub(super) fn worker(&self) -> &WorkerId {
        &self.worker
    }

    /// Told when something may be due.
    #[must_use]
    pub(super) fn woken(&self) -> &Notify {
        &self.woken
    }

    /// The checks of a call that was begun before and whose answer nobody got, if they were
    /// accepted. What came of it and was not is dropped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accepted_before(
        &self,
        tenant: TenantId,
        id: Uuid,
    ) -> Result<Option<Vec<StoredCheck>>, AppError> {
        self.store.drop_batch(id, &[]).await?;
        match self.store.checks_of_batch(tenant, id).await {
            Err(StoreError::Refused(_)) => Ok(None),
            checks => Ok(Some(checks?)),
        }
    }

    /// Begins to take the checks of a call, which gets this id.
    ///
    /// # Errors
    /// When as much of the tenant waits as may, or the database fails.
    pub async fn begin(&self, tenant: TenantId, id: Uuid) -> Result<Arriving, AppError> {
        if self.loses_photos() {
            // Others take what it has for lost while it does not say that it is alive.
            self.beat_if_due().await?;
        }
        ensure_room(self.store.waiting_of(tenant).await?)?;
        let batch = NewBatch { id, tenant, accepted_at: clock::now_s() };
        let later = self.clone();
        let checks = Vec::new();
        Ok(Arriving { later, batch, checks, callback: None, is_accepted: false })
    }

    /// A check that was accepted from a tenant.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn check(&self, tenant: TenantId, id: Uuid) -> Result<StoredCheck, AppError> {
        Ok(self.store.check(tenant, id).await?)
    }

    /// The checks of one call, in the order in which they came.
    ///
    /// # Errors
    /// When there was none of this id.
    pub async fn batch(&self, tenant: TenantId, id: Uuid) -> Result<Vec<StoredCheck>, AppError> {
        Ok(self.store.checks_of_batch(tenant, id).await?)
    }

    /// The photo of a check that this worker took.
    pub(super) async fn photo_of(
        &self,
        claimed: &ClaimedCheck,
    ) -> Result<Result<WaitingPhoto, PhotoMissing>, AppError> {
        if claimed.is_in_memory {
            let photo = self.held().get(&claimed.check.id).map(|held| held.photo.clone());
            return Ok(photo.ok_or(PhotoMissing::Lost));
        }
        let Some(sealed) = self.store.sealed_photo(claimed.check.id).await? else {
            return Ok(Err(PhotoMissing::Lost));
        };
        let WaitingPhotos::Encrypted(key) = &self.config.photos else {
            return Ok(Err(PhotoMissing::OtherKey));
        };
        let opened = key.open(claimed.check.id, sealed).ok().and_then(WaitingPhoto::read);
        Ok(opened.ok_or(PhotoMissing::OtherKey))
    }

    /// Forgets a photo that waited in memory.
    pub(super) fn forget_photo(&self, id: Uuid) {
        self.held().remove(&id);
    }

    /// Forgets photos whose checks wait no more: they went with their tenant, or another program
    /// finished them.
    pub(super) async fn forget_finished(&self) -> Result<(), AppError> {
        let accepted = self.held().iter().filter(|it| it.1.is_accepted).map(|it| *it.0).collect();
        let mut finished: HashSet<Uuid> = accepted;
        if finished.is_empty() {
            return Ok(());
        }
        for id in self.store.held_checks(&self.worker).await? {
            finished.remove(&id);
        }
        self.held().retain(|id, _| !finished.contains(id));
        Ok(())
    }

    /// Whether photos wait in the memory of this program.
    pub(super) fn holds_photos(&self) -> bool {
        !self.held().is_empty()
    }

    /// Whether photos wait in memory, and would be lost with the program.
    #[must_use]
    pub fn loses_photos(&self) -> bool {
        matches!(self.config.photos, WaitingPhotos::InMemory)
    }

    /// Whether this worker ever said that it is alive.
    pub(super) fn was_alive(&self) -> bool {
        self.beaten_at.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Says that this worker is alive.
    pub(super) async fn beat(&self) -> Result<(), AppError> {
        let now = Instant::now();
        self.store.worker_is_alive(&self.worker, BEAT_LASTS).await?;
        *self.beaten_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        Ok(())
    }

    /// The same, unless it was said lately.
    pub(super) async fn beat_if_due(&self) -> Result<(), AppError> {
        let beaten_at = *self.beaten_at.lock().unwrap_or_else(PoisonError::into_inner);
        match beaten_at {
            Some(at) if at.elapsed() < 2 * BEAT_EVERY => Ok(()),
            _ => self.beat().await,
        }
    }

    /// Deletes checks and messages that are over their retention; returns how many checks.
    pub(super) async fn delete_old(&self, now_s: i64) -> Result<u64, AppError> {
        let finished_before = now_s - DAY_S * i64::from(self.config.kept_days);
        self.store.delete_old_messages(finished_before).await?;
        Ok(self.store.delete_old_checks(finished_before, now_s - ARRIVING_S_MAX).await?)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Uuid, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a photo in memory or encrypts it, as the operator chose.
    fn keep(&self, id: Uuid, photo: WaitingPhoto) -> Result<WaitsIn, AppError> {
        match &self.config.photos {
            WaitingPhotos::InMemory => {
                let steps = photo.bytes().div_ceil(MEMORY_STEP_BYTES).max(1);
                let steps = u32::try_from(steps).unwrap_or(u32::MAX);
                let memory = Arc::clone(&self.memory).try_acquire_many_owned(steps);
                let full = |_| Failure::Busy("the memory for photos that wait is full");
                let memory = memory.map_err(full)?;
                let held = Held { photo, is_accepted: false, _memory: memory };
                self.held().insert(id, held);
                Ok(WaitsIn::Memory(self.worker.clone()))
            }
            WaitingPhotos::Encrypted(key) => {
                let sealed = key.seal(id, photo.write());
                Ok(WaitsIn::Sealed(sealed.map_err(|_| Failure::NotEncrypted)?))
            }
        }
    }
}

impl Arriving {
    /// Takes one more check. It is not accepted yet.
    ///
    /// # Errors
    /// When the call has too many, as much of the tenant waits as may, or the database fails.
    pub async fn add(
        &mut self,
        photo: WaitingPhoto,
        external_id: ExternalId,
    ) -> Result<(), AppError> {
        if self.checks.len() == BATCH_CHECKS_MAX {
            return Err(Refusal::BatchTooLarge.into());
        }
        // Anew each time: calls that came at once must not each fill what was free then.
        ensure_room(self.later.store.waiting_of(self.batch.tenant).await?)?;
        let (id, photo_bytes) = (ids::new_id(), photo.bytes());
        let waits_in = self.later.keep(id, photo)?;
        let new = NewCheck {
            id,
            place: u32::try_from(self.checks.len()).unwrap_or(u32::MAX),
            external_id: external_id.as_str().to_owned(),
            photo_bytes,
            photo: waits_in,
        };
        // From now on a drop must know of it.
        self.checks.push(StoredCheck {
            id,
            batch: self.batch.id,
            external_id: new.external_id.clone(),
            accepted_at: self.batch.accepted_at,
            state: StoredState::Waiting,
            feedback: None,
            appeal: None,
        });
        self.later.store.add_check(&self.batch, new).await?;
        Ok(())
    }

    /// Has the call told of what came of its checks at an address of its own.
    pub fn tell(&mut self, callback: Callback) {
        self.callback = Some(callback);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty()
    }

    /// Accepts all of them: from now on they are done, whatever happens. Returns the id of the call
    /// and its checks.
    ///
    /// # Errors
    /// When some were deleted meanwhile, as with their tenant: then none was accepted. When the
    /// database fails; then none was accepted, or the answer was lost.
    pub async fn accept(mut self) -> Result<(Uuid, Vec<StoredCheck>), AppError> {
        let ids: Vec<Uuid> = self.checks.iter().map(|check| check.id).collect();
        let (store, callback) = (&self.later.store, self.callback.as_ref());
        if !store.accept_batch(&self.batch, ids.len(), &ids, callback).await? {
            return Err(Failure::BatchGone.into());
        }
        self.is_accepted = true;
        {
            let mut held = self.later.held();
            for check in &self.checks {
                if let Some(photo) = held.get_mut(&check.id) {
                    photo.is_accepted = true;
                }
            }
        }
        self.later.woken.notify_one();
        Ok((self.batch.id, std::mem::take(&mut self.checks)))
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if self.is_accepted || self.checks.is_empty() {
            return;
        }
        let ids: Vec<Uuid> = self.checks.iter().map(|check| check.id).collect();
        for id in &ids {
            self.later.forget_photo(*id);
        }
        let (store, batch) = (self.later.store.clone(), self.batch.id);
        // What stays behind where that fails is forgotten within the hour.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { store.drop_batch(batch, &ids).await });
        }
    }
}

fn ensure_room(waiting: Waiting) -> Result<(), Refusal> {
    if WAITING_CHECKS_MAX <= waiting.checks || WAITING_BYTES_MAX <= waiting.photo_bytes {
        return Err(Refusal::TooManyWaiting { waiting });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::waiting_photo::Source;
    use crate::tenancy::TenantName;

    /// What a tenant had waiting in memory goes with it; what is still to be checked stays.
    #[tokio::test]
    async fn photos_whose_checks_are_gone_are_forgotten() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let config = LaterConfig { photos: WaitingPhotos::InMemory, kept_days: 7 };
        let later = Later::new(store.clone(), config);
        let tenant = store.create_tenant(&TenantName::new("acme").unwrap(), 1).await.unwrap();
        let source = Source::Bytes(vec![7; 3].into());
        let photo = WaitingPhoto { source, account: None };
        let mut arriving = later.begin(tenant.id, ids::new_id()).await.unwrap();
        arriving.add(photo.clone(), ExternalId::new("").unwrap()).await.unwrap();
        later.keep(ids::new_id(), photo).unwrap();
        later.forget_finished().await.unwrap();
        assert_eq!(later.held().len(), 2, "one arrives and one is not in the database yet");
        arriving.accept().await.unwrap();
        later.forget_finished().await.unwrap();
        assert_eq!(later.held().len(), 2, "it waits");
        store.erase_tenant(&tenant).await.unwrap();
        later.forget_finished().await.unwrap();
        assert_eq!(later.held().len(), 1);
    }
}
