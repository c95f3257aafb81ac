//! The live index: the newest index, swapped whole, brought up to date from the store.
//!
//! Readers take the current index and keep it for as long as they need; no lock is held across a
//! lookup. A change made here is asked for at once; one made by another process (the command line
//! beside a running service) is seen by the regular look at the generation. When much has changed,
//! the index is merged beside the running one, brought up to date once more, and swapped in.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task;

use crate::core::index::Index;
use crate::store::{Store, StoreError};

/// How often the generation is looked at: well under the second that a change may take to show.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// After this long without a look at the store that succeeded, lookups may be out of date.
const STALE_AFTER: Duration = Duration::from_secs(10);

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
    seen_at: Instant,
}

impl LiveIndex {
    /// Loads all banks of `store`, of which contents below `quality_min` are not looked up.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    pub async fn load(store: Store, quality_min: u8) -> Result<Self, StoreError> {
        let all = store.changes_since(0, quality_min).await?;
        let index = Arc::new(Index::new(all.added, all.generation));
        let current = RwLock::new(Current { index, seen_at: Instant::now() });
        let refreshing = Mutex::new(());
        Ok(Self { shared: Arc::new(Shared { store, quality_min, current, refreshing }) })
    }

    /// The newest index.
    #[must_use]
    pub fn index(&self) -> Arc<Index> {
        self.current().index
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
    /// [`StoreError`] when the store fails; the index stays as it was.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.shared.refreshing.lock().await;
        let index = self.index();
        let next = self.brought_up_to_date(&index).await?;
        self.swap(next);
        Ok(())
    }

    /// Looks at the store for ever. Failures are logged and tried again.
    pub async fn follow(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let merged = if self.index().wants_merge() { self.merge().await } else { Ok(()) };
            if let Err(error) = merged.and(self.refresh().await) {
                tracing::error!(%error, "the index could not be brought up to date");
            }
        }
    }

    /// Merges beside the running index, then applies what came meanwhile.
    async fn merge(&self) -> Result<(), StoreError> {
        let index = self.index();
        let Ok(merged) = task::spawn_blocking(move || index.merged()).await else {
            return Ok(());
        };
        let _one_at_a_time = self.shared.refreshing.lock().await;
        let next = self.brought_up_to_date(&Arc::new(merged)).await?;
        self.swap(next);
        Ok(())
    }

    async fn brought_up_to_date(&self, index: &Arc<Index>) -> Result<Arc<Index>, StoreError> {
        let Shared { store, quality_min, .. } = &*self.shared;
        if store.generation().await? == index.generation() {
            return Ok(Arc::clone(index));
        }
        let changes = store.changes_since(index.generation(), *quality_min).await?;
        let index = Arc::clone(index);
        let applied = task::spawn_blocking(move || index.apply(changes)).await;
        applied.map(Arc::new).map_err(|error| StoreError::Apply(error.to_string()))
    }

    fn swap(&self, index: Arc<Index>) {
        let mut current = self.shared.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Current { index, seen_at: Instant::now() };
    }

    fn current(&self) -> Current {
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
