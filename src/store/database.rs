//! An open database.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{Any, AnyConnection, AnyPool, Connection, PgPool, Transaction};
use tokio::sync::Mutex;

use super::dialect::Dialect;
use super::error::StoreError;
use super::file::DatabaseFile;
use crate::audit::Actor;

/// An open database with its migrations applied. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) pool: AnyPool,
    pub(super) dialect: Dialect,
    /// What it is called in messages: its file, or its server and name.
    pub(super) place: String,
    /// `None` when it is in memory or on a server.
    pub(super) file: Option<DatabaseFile>,
    /// Where programs listen for changes; `None` where none are announced.
    pub(super) announcements: Option<PgPool>,
    /// Where the snapshot of its index stands; `None` where none is kept.
    pub(super) snapshot: Option<PathBuf>,
    /// Whether what it holds was seen to be older than it was.
    pub(super) went_back: Arc<AtomicBool>,
    /// A connection that is only kept open: the write-ahead log stays while there is one.
    pub(super) anchor: Arc<Mutex<Option<AnyConnection>>>,
    pub(super) is_new: bool,
    /// For whom what is done is written down.
    pub(super) actor: Actor,
}

impl Store {
    /// A database in memory or on a server, of which nothing else is known.
    pub(super) fn new(pool: AnyPool, dialect: Dialect, place: String) -> Self {
        Self {
            pool,
            dialect,
            place,
            file: None,
            announcements: None,
            snapshot: None,
            went_back: Arc::default(),
            anchor: Arc::default(),
            is_new: false,
            actor: Actor::Service,
        }
    }

    /// The database's file, beside which its token stands; `None` when it is in memory or on a
    /// server.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(DatabaseFile::path)
    }

    /// Where the snapshot of its index stands; `None` where none is kept.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Path> {
        self.snapshot.as_deref()
    }

    /// What it is called: its file, or its server and name.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether the database was created when it was opened.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Makes sure that the database is still the one that was opened.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when it was moved, deleted or replaced.
    pub fn in_place(&self) -> Result<(), StoreError> {
        let is_in_place = !self.went_back.load(Ordering::Relaxed)
            && self.file.as_ref().is_none_or(DatabaseFile::is_in_place);
        is_in_place.then_some(()).ok_or_else(|| StoreError::Replaced(self.place.clone()))
    }

    /// Notes that another content was written over the old one.
    pub(super) fn note_that_it_went_back(&self) {
        self.went_back.store(true, Ordering::Relaxed);
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Waits for what is under way and closes.
    pub async fn close(&self) {
        if self.in_place().is_err() {
            // Closing would move the old log into the file that is there now.
            std::mem::forget(self.clone());
            return;
        }
        if let Some(announcements) = &self.announcements {
            announcements.close().await;
        }
        self.pool.close().await;
        if let Some(anchor) = self.anchor.lock().await.take() {
            // The log is moved into the file; what cannot be moved now is at the next start.
            let _ = anchor.close().await;
        }
    }

    /// For statements that read.
    pub(super) fn reading(&self) -> Result<&AnyPool, StoreError> {
        self.in_place()?;
        Ok(&self.pool)
    }

    /// Begins a transaction whose statements all read the same moment.
    pub(super) async fn begin_reading(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.reading()?.begin_with(self.dialect.begin_reading()).await?)
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.reading()?.begin().await?)
    }

    /// Commits; what went to a file that was replaced meanwhile is not acknowledged.
    pub(super) async fn commit(&self, transaction: Transaction<'_, Any>) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.in_place()
    }
}
