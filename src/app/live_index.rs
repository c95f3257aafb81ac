//! The live index: the newest index, swapped whole, brought up to date from the store.
//!
//! Readers take the current index and keep it for as long as they need; no lock is held across a
//! lookup. A change made here is asked for at once; one made by another process (the command line
//! beside a running service, another machine) is seen because the database announces it, or else
//! because the generation is read regularly. When much has changed, the index is merged beside the
//! running one, brought up to date once more, and swapped in.
//!
//! It begins with the snapshot of an earlier run, brought up to date, or, when there is none that
//! can be used, with all banks of the store. A service that follows the store writes snapshots.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify};
use tokio::task;

use super::error::AppError;
use super::snapshot_file::{self, SnapshotFile};
use crate::store::{Scopes, Store};
use crate::tenancy::TenantId;
use photocheck_core::limits;
use photocheck_core::matching::index::snapshot::SnapshotKey;
use photocheck_core::matching::index::{Index, Scope};

/// How often it is asked whether the index wants to be merged or compacted.
const TIDY_EVERY: Duration = Duration::from_millis(250);

/// After this long without an answer of the store, lookups may be out of date.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// After this long nothing that was removed is left in a snapshot or in memory. Compacting ten
/// million hashes and writing them takes some ten seconds of a core.
const COMPACT_AFTER: Duration = Duration::from_hours(1);

/// Snapshots are written no more often than this.
const COMPACT_EVERY_MIN: Duration = Duration::from_mins(1);

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LiveIndex {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    quality_min: u8,
    current: RwLock<Current>,
    /// Held while changes are fetched and swapped in, so that none is applied twice.
    refreshing: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Current {
    index: Arc<Index>,
    scopes: Scopes,
    seen_at: Instant,
}

/// The index as one tenant looks photos up in it.
#[derive(Debug, Clone)]
pub struct View {
    pub index: Arc<Index>,
    pub scope: Arc<Scope>,
}

impl View {
    /// Of no banks.
    #[must_use]
    pub fn empty() -> Self {
        Self { index: Arc::default(), scope: Arc::new(Scope::Everything) }
    }
}

/// When the index is compacted and written the next time.
struct Compaction {
    /// From then on when much of it is new or removed, so that the next start has little to catch
    /// up with.
    much_from: Instant,
    /// From then on when anything has changed.
    any_from: Instant,
}

impl Compaction {
    fn is_due(&self, index: &Index, now: Instant) -> bool {
        let unsettled = index.uncompacted();
        let much = limits::INDEX_TAIL_MAX.max(index.len() / 16) < unsettled;
        (much && self.much_from <= now) || (0 < unsettled && self.any_from <= now)
    }
}

impl LiveIndex {
    /// Loads all banks of `store`, of which contents below `quality_min` are not looked up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(store: Store, quality_min: u8) -> Result<Self, AppError> {
        let index = Arc::new(from_snapshot(&store, quality_min).await.unwrap_or_default());
        let scopes = store.scopes().await?;
        let current = RwLock::new(Current { index, scopes, seen_at: Instant::now() });
        let refreshing = Mutex::new(());
        let live = Self { shared: Arc::new(Shared { store, quality_min, current, refreshing }) };
        live.refresh().await?;
        Ok(live)
    }

    /// The newest index.
    #[must_use]
    pub fn index(&self) -> Arc<Index> {
        self.current().index
    }

    /// The newest index, and which of its banks a tenant sees.
    #[must_use]
    pub fn view(&self, tenant: TenantId) -> View {
        let Current { index, scopes, .. } = self.current();
        View { index, scope: scopes.of(tenant) }
    }

    /// The policy that a tenant has of its own.
    #[must_use]
    pub fn policy_of(&self, tenant: TenantId) -> Option<Arc<str>> {
        self.current().scopes.policy_of(tenant)
    }

    /// Whether there ever was a key, so that calls need one.
    #[must_use]
    pub fn keys_required(&self) -> bool {
        self.current().scopes.keys_required()
    }

    /// How long ago the index was last known to be up to date.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.current().seen_at.elapsed()
    }

    /// Whether the store could not be asked for so long that lookups may be out of date.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        STALE_AFTER < self.age()
    }

    /// Brings the index up to date with the store.
    ///
    /// # Errors
    /// When the store fails; the index stays as it was.
    pub async fn refresh(&self) -> Result<(), AppError> {
        let _one_at_a_time = self.shared.refreshing.lock().await;
        let index = self.index();
        self.update(&index).await
    }

    /// Follows the store until it is closed, and merges and compacts the index beside that, so that
    /// no change waits for it. Failures are logged and tried again.
    pub async fn follow(&self) {
        let changed = Notify::new();
        // Boxed, because it is large.
        let listen = Box::pin(self.shared.store.listen(&changed));
        let keep = async { tokio::join!(self.keep_up_to_date(&changed), self.keep_compact()) };
        tokio::select! {
            _ = keep => {}
            () = listen => {}
        }
    }

    async fn keep_up_to_date(&self, changed: &Notify) {
        let every = self.shared.store.read_every();
        let mut logged = None;
        loop {
            // Announced or not, it is looked at.
            let _ = tokio::time::timeout(every, changed.notified()).await;
            if self.shared.store.is_closed() {
                return;
            }
            let failed = self.refresh().await.err().map(|error| error.to_string());
            // Logged once, not each time.
            if let Some(error) = failed.as_ref().filter(|_| failed != logged) {
                tracing::error!(error, "the index could not be brought up to date");
            } else if failed.is_none() && logged.is_some() {
                tracing::info!("the index is brought up to date again");
            }
            logged = failed;
        }
    }

    async fn keep_compact(&self) {
        let mut compaction =
            Compaction { much_from: Instant::now(), any_from: Instant::now() + COMPACT_AFTER };
        while !self.shared.store.is_closed() {
            tokio::time::sleep(TIDY_EVERY).await;
            let (index, now) = (self.index(), Instant::now());
            let done = if compaction.is_due(&index, now) {
                // Also when it fails: it is not tried again at once.
                compaction.much_from = now + COMPACT_EVERY_MIN;
                compaction.any_from = now + COMPACT_AFTER;
                self.compact().await
            } else if index.wants_merge() {
                self.replace(move || index.merged()).await.map(|_| ())
            } else {
                Ok(())
            };
            if let Err(error) = done {
                tracing::error!(%error, "the index could not be merged or compacted");
            }
        }
    }

    /// Compacts the index and writes it to the snapshot.
    ///
    /// # Errors
    /// When the store fails. That the file cannot be written is logged: the service
    /// does not need it.
    pub async fn compact(&self) -> Result<(), AppError> {
        let index = self.index();
        let Some(compacted) = self.replace(move || index.compacted()).await? else {
            return Ok(());
        };
        let Shared { store, quality_min, .. } = &*self.shared;
        let Some(path) = store.snapshot().map(Path::to_owned) else { return Ok(()) };
        let mut key = SnapshotKey([0; 16]);
        if let Err(error) = getrandom::fill(&mut key.0) {
            tracing::warn!(%error, "no snapshot of the index: there is no randomness");
            return Ok(());
        }
        store.remember_snapshot(key, compacted.generation()).await?;
        let (quality_min, hashes, begun) = (*quality_min, compacted.len(), Instant::now());
        let write = move || snapshot_file::write(&path, &compacted, key, quality_min);
        match task::spawn_blocking(write).await.unwrap_or_else(|error| Err(error.into())) {
            Ok(()) => {
                let ms = begun.elapsed().as_millis();
                tracing::info!(hashes, ms, "wrote a snapshot of the index");
            }
            Err(error) => tracing::warn!(%error, "no snapshot of the index could be written"),
        }
        Ok(())
    }

    /// Makes the same index anew beside the running one, then applies what came meanwhile. Returns
    /// what was made; `None` when the program is stopping.
    async fn replace(
        &self,
        make: impl FnOnce() -> Index + Send + 'static,
    ) -> Result<Option<Arc<Index>>, AppError> {
        let Ok(made) = task::spawn_blocking(make).await else { return Ok(None) };
        let made = Arc::new(made);
        let _one_at_a_time = self.shared.refreshing.lock().await;
        self.update(&made).await?;
        Ok(Some(made))
    }

    /// Brings an index up to date and swaps it in, with the scopes that belong to it.
    async fn update(&self, index: &Arc<Index>) -> Result<(), AppError> {
        let Shared { store, quality_min, .. } = &*self.shared;
        if store.generation().await? == index.generation() {
            let scopes = self.current().scopes;
            self.swap(Arc::clone(index), scopes);
            return Ok(());
        }
        let changes = store.changes_since(index.generation(), *quality_min).await?;
        // Read after the changes: they may know of a bank more, never of one less.
        let scopes = store.scopes().await?;
        let index = Arc::clone(index);
        let index = task::spawn_blocking(move || index.apply(changes)).await?;
        self.swap(Arc::new(index), scopes);
        Ok(())
    }

    fn swap(&self, index: Arc<Index>, scopes: Scopes) {
        let mut current = self.shared.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Current { index, scopes, seen_at: Instant::now() };
    }

    fn current(&self) -> Current {
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The index of the store's snapshot, if there is one that can be used. Logs what was found in one
/// line.
async fn from_snapshot(store: &Store, quality_min: u8) -> Option<Index> {
    let path = store.snapshot()?;
    let begun = Instant::now();
    let read = async {
        let Some(file) = SnapshotFile::open(path)? else { return anyhow::Ok(None) };
        let header = file.header();
        anyhow::ensure!(header.quality_min == quality_min, "it was made for another policy");
        let known = store.knows_snapshot(header.key, header.generation).await?;
        anyhow::ensure!(known, "it was not taken of this database as it is");
        Ok(Some(task::spawn_blocking(|| file.read()).await??))
    };
    match read.await {
        Ok(Some(index)) => {
            let (hashes, ms) = (index.len(), begun.elapsed().as_millis());
            tracing::info!(hashes, ms, "read the snapshot of the index");
            Some(index)
        }
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(%error, "the snapshot of the index is not used: all banks are read");
            None
        }
    }
}
