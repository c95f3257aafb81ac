//! An open database.

use std::path::Path;
use std::sync::Arc;

use sqlx::{Any, AnyConnection, AnyPool, Connection, Transaction};
use tokio::sync::Mutex;

use super::dialect::Dialect;
use super::error::StoreError;
use super::file::DatabaseFile;

/// An open database with its migrations applied. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) pool: AnyPool,
    pub(super) dialect: Dialect,
    /// `None` when it is in memory.
    pub(super) file: Option<DatabaseFile>,
    /// A connection that is only kept open: the write-ahead log stays while there is one.
    pub(super) anchor: Arc<Mutex<Option<AnyConnection>>>,
    pub(super) is_new: bool,
}

impl Store {
    /// The database's file, beside which its snapshot and its token stand; `None` when it is in
    /// memory.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(DatabaseFile::path)
    }

    /// Whether the database was created when it was opened.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Makes sure that the database's file is still the one that was opened.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when it was moved, deleted or replaced.
    pub fn in_place(&self) -> Result<(), StoreError> {
        match &self.file {
            Some(file) if !file.is_in_place() => Err(StoreError::Replaced(file.path().to_owned())),
            _ => Ok(()),
        }
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

    /// Begins a transaction whose statements all read the same moment. In SQLite any does.
    pub(super) async fn begin_reading(&self) -> Result<Transaction<'static, Any>, StoreError> {
        match self.dialect {
            Dialect::Sqlite => self.begin().await,
        }
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
