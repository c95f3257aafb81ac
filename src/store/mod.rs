//! The store: banks and their contents in a database, the one truth that indexes are made from.
//!
//! All SQL of the program stands in this folder. The statements are the same for every database
//! that is supported; only the migrations differ. Each change of what banks hold is one transaction
//! that raises the generation, so an index can ask for what came since the generation it shows.
//!
//! Nothing is read from or written to a database whose file was replaced under the program: each
//! statement begins with [`Store::in_place`], each write ends with it before it is acknowledged.

mod banks;
mod changes;
mod contents;
mod error;
mod export;
mod file;
mod import;
mod open;
mod sightings;
mod snapshots;

use std::path::Path;
use std::sync::Arc;

use sqlx::{Any, AnyConnection, AnyPool, Connection, Transaction};
use tokio::sync::Mutex;

pub use banks::{Bank, BankName};
pub use contents::{Content, ContentChange, ExternalId, NewContent, Note};
pub use error::StoreError;
use file::DatabaseFile;
pub use import::{BATCH_RECORDS, Import, Imported};
pub use open::Opening;
pub use sightings::{Expired, NewSighting, Recorded, SeenBefore};

/// An open database with its migrations applied. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    /// `None` when it is in memory.
    file: Option<DatabaseFile>,
    /// A connection that is only kept open: the write-ahead log stays while there is one.
    anchor: Arc<Mutex<Option<AnyConnection>>>,
    is_new: bool,
}

impl Store {
    /// Opens the database at `url`: `sqlite:` and the path of a file, which is created if need be.
    ///
    /// # Errors
    /// [`StoreError`] when the URL is of no supported kind or the database cannot be opened.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, Opening { create: true, ..Opening::default() }).await
    }

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
    fn reading(&self) -> Result<&AnyPool, StoreError> {
        self.in_place()?;
        Ok(&self.pool)
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.reading()?.begin().await?)
    }

    /// Commits; what went to a file that was replaced meanwhile is not acknowledged.
    async fn commit(&self, transaction: Transaction<'_, Any>) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.in_place()
    }
}
