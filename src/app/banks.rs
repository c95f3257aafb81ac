//! Managing the banks and what they hold. Each change shows in the next lookup.

use std::sync::Arc;

use photocheck_core::bank::BankName;
use photocheck_core::matching::index::{ContentId, Index};
use tokio::sync::Semaphore;

use super::error::AppError;
use super::live_index::LiveIndex;
use crate::config::DatabaseConfig;
use crate::store::{Bank, Content, ContentChange, NewBank, Store, StoreError};

/// The banks, and the index that follows them where this program looks photos up. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Banks {
    store: Store,
    live: Option<LiveIndex>,
    /// One import at a time.
    pub(super) imports: Arc<Semaphore>,
    pub(super) exports: Arc<Semaphore>,
}

/// Exports at a time.
const EXPORTS_MAX: usize = 2;

impl Banks {
    /// Opens the banks alone, for a program that looks no photo up.
    ///
    /// # Errors
    /// When the database cannot be had.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, StoreError> {
        Ok(Self::new(Store::open_with(&config.url, config.opening.clone()).await?, None))
    }

    /// The banks of an open database, and the index that follows it.
    #[must_use]
    pub fn new(store: Store, live: Option<LiveIndex>) -> Self {
        let imports = Arc::new(Semaphore::new(1));
        let exports = Arc::new(Semaphore::new(EXPORTS_MAX));
        Self { store, live, imports, exports }
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The index that follows it.
    #[must_use]
    pub fn live(&self) -> Option<&LiveIndex> {
        self.live.as_ref()
    }

    /// The newest index; an empty one where photos are not looked up.
    #[must_use]
    pub fn index(&self) -> Arc<Index> {
        self.live.as_ref().map(LiveIndex::index).unwrap_or_default()
    }

    /// Makes a change show in the next lookup here. Other programs look by themselves.
    pub(super) async fn refresh(&self) -> Result<(), AppError> {
        match &self.live {
            Some(live) => live.refresh().await,
            None => Ok(()),
        }
    }

    /// Creates an empty bank.
    ///
    /// # Errors
    /// When there is one of this name, or the database fails.
    pub async fn create(&self, new: &NewBank) -> Result<Bank, AppError> {
        let facts = self.store.create_bank(new).await?;
        Ok(Bank { facts, contents: 0, quarantined: 0, created_at: new.created_at })
    }

    /// All banks, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<Bank>, AppError> {
        Ok(self.store.banks().await?)
    }

    /// One bank.
    ///
    /// # Errors
    /// When there is none of this name, or the database fails.
    pub async fn show(&self, name: &BankName) -> Result<Bank, AppError> {
        Ok(self.store.bank(name).await?)
    }

    /// Gives a bank another name. What it holds stays as it is.
    ///
    /// # Errors
    /// When there is none of this name, or one of the other, or the database fails.
    pub async fn rename(&self, name: &BankName, to: &BankName) -> Result<Bank, AppError> {
        let bank = self.store.resolve(name).await?;
        self.store.rename_bank(&bank, to).await?;
        self.refresh().await?;
        self.show(to).await
    }

    /// Deletes a bank and all its contents.
    ///
    /// # Errors
    /// When there is none of this name, or the database fails.
    pub async fn delete(&self, name: &BankName) -> Result<(), AppError> {
        let bank = self.store.resolve(name).await?;
        self.store.delete_bank(&bank).await?;
        self.refresh().await
    }

    /// Up to `count_max` contents of a bank with ids above `after`, by id.
    ///
    /// # Errors
    /// When there is no such bank, or the database fails.
    pub async fn contents(
        &self,
        name: &BankName,
        after: ContentId,
        count_max: u16,
    ) -> Result<Vec<Content>, AppError> {
        let bank = self.store.resolve(name).await?;
        Ok(self.store.contents(&bank, after, count_max).await?)
    }

    /// One content of a bank.
    ///
    /// # Errors
    /// When there is no such bank or content, or the database fails.
    pub async fn content(&self, name: &BankName, id: ContentId) -> Result<Content, AppError> {
        let bank = self.store.resolve(name).await?;
        Ok(self.store.content(&bank, id).await?)
    }

    /// Changes what people say about a content.
    ///
    /// # Errors
    /// When there is no such content, or the database fails.
    pub async fn change(
        &self,
        name: &BankName,
        id: ContentId,
        change: &ContentChange,
    ) -> Result<Content, AppError> {
        let bank = self.store.resolve(name).await?;
        self.store.change_content(&bank, id, change).await?;
        self.refresh().await?;
        Ok(self.store.content(&bank, id).await?)
    }

    /// Removes a content from a bank.
    ///
    /// # Errors
    /// When there is no such content, or the database fails.
    pub async fn remove(&self, name: &BankName, id: ContentId) -> Result<(), AppError> {
        let bank = self.store.resolve(name).await?;
        self.store.remove_content(&bank, id).await?;
        self.refresh().await
    }

    /// Waits for what is under way and closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
