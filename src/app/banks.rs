//! Managing the banks and what they hold. Each change shows in the next lookup.

use std::sync::Arc;

use photocheck_core::bank::{BankFacts, BankName};
use photocheck_core::matching::hashes::PdqHash;
use photocheck_core::matching::index::ContentId;
use tokio::sync::Semaphore;

use super::error::AppError;
use super::live_index::{LiveIndex, View};
use crate::config::DatabaseConfig;
use crate::store::{Bank, Content, ContentChange, NewBank, Store};
use crate::tenancy::{Caller, TenantId, TenantName};

/// The banks of one tenant, and the index that follows all banks where this program looks photos
/// up. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Banks {
    tenant: TenantId,
    store: Store,
    live: Option<LiveIndex>,
    /// One import at a time.
    pub(super) imports: Arc<Semaphore>,
    pub(super) exports: Arc<Semaphore>,
}

/// Exports at a time.
const EXPORTS_MAX: usize = 2;

impl Banks {
    /// Opens the banks of a tenant alone, for a command that looks no photo up.
    ///
    /// # Errors
    /// When the database cannot be had, or there is no such tenant.
    pub async fn open(config: &DatabaseConfig, tenant: &TenantName) -> Result<Self, AppError> {
        let store = Store::open_with(&config.url, config.opening.clone()).await?;
        let tenant = store.tenant(tenant).await?.id;
        Ok(Self::new(store, None).by(&Caller::on_command_line(tenant)))
    }

    /// The banks of the tenant `default` in an open database, and the index that follows it.
    #[must_use]
    pub(super) fn new(store: Store, live: Option<LiveIndex>) -> Self {
        let imports = Arc::new(Semaphore::new(1));
        let exports = Arc::new(Semaphore::new(EXPORTS_MAX));
        Self { tenant: TenantId::DEFAULT, store, live, imports, exports }
    }

    /// The banks of another tenant in the same database.
    #[must_use]
    pub(super) fn of(&self, tenant: TenantId) -> Self {
        Self { tenant, ..self.clone() }
    }

    /// Those of a caller's tenant, for the caller.
    #[must_use]
    pub(super) fn by(&self, caller: &Caller) -> Self {
        Self { tenant: caller.tenant, store: self.store.by(caller), ..self.clone() }
    }

    /// Whose they are.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
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

    /// The newest index and which of its banks the tenant sees; an empty one where photos are not
    /// looked up.
    #[must_use]
    pub fn view(&self) -> View {
        match &self.live {
            Some(live) => live.view(self.tenant),
            None => View::empty(),
        }
    }

    /// Makes a change show in the next lookup here. Other programs look by themselves.
    pub(super) async fn refresh(&self) -> Result<(), AppError> {
        match &self.live {
            Some(live) => live.refresh().await,
            None => Ok(()),
        }
    }

    /// Finds a bank of the tenant by its name.
    pub(super) async fn resolve(&self, name: &BankName) -> Result<BankFacts, AppError> {
        Ok(self.store.resolve(self.tenant, name).await?)
    }

    /// Creates an empty bank.
    ///
    /// # Errors
    /// When there is one of this name, or the database fails.
    pub async fn create(&self, new: &NewBank) -> Result<Bank, AppError> {
        self.store.create_bank(self.tenant, new).await?;
        self.show(&new.name).await
    }

    /// All banks, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<Bank>, AppError> {
        Ok(self.store.banks(self.tenant).await?)
    }

    /// One bank.
    ///
    /// # Errors
    /// When there is none of this name, or the database fails.
    pub async fn show(&self, name: &BankName) -> Result<Bank, AppError> {
        Ok(self.store.bank(self.tenant, name).await?)
    }

    /// Renames a bank. What it holds stays as it is.
    ///
    /// # Errors
    /// When there is none of this name, or one of the other, or it is a bank of sightings, or the
    /// database fails.
    pub async fn rename(&self, name: &BankName, to: &BankName) -> Result<Bank, AppError> {
        let bank = self.resolve(name).await?;
        self.store.rename_bank(&bank, to).await?;
        self.refresh().await?;
        self.show(to).await
    }

    /// Deletes a bank and all its contents.
    ///
    /// # Errors
    /// When there is none of this name, or the database fails.
    pub async fn delete(&self, name: &BankName) -> Result<(), AppError> {
        let bank = self.resolve(name).await?;
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
        let bank = self.resolve(name).await?;
        Ok(self.store.contents(&bank, after, count_max).await?)
    }

    /// One content of a bank.
    ///
    /// # Errors
    /// When there is no such bank or content, or the database fails.
    pub async fn content(&self, name: &BankName, id: ContentId) -> Result<Content, AppError> {
        let bank = self.resolve(name).await?;
        Ok(self.store.content(&bank, id).await?)
    }

    /// The PDQ hash of a content.
    ///
    /// # Errors
    /// When there is no such bank or content, or the database fails.
    pub async fn hash_of(&self, name: &BankName, id: ContentId) -> Result<PdqHash, AppError> {
        let bank = self.resolve(name).await?;
        Ok(self.store.hash_of(&bank, id).await?)
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
        let bank = self.resolve(name).await?;
        self.store.change_content(&bank, id, change).await?;
        self.refresh().await?;
        Ok(self.store.content(&bank, id).await?)
    }

    /// Removes a content from a bank.
    ///
    /// # Errors
    /// When there is no such content, or the database fails.
    pub async fn remove(&self, name: &BankName, id: ContentId) -> Result<(), AppError> {
        let bank = self.resolve(name).await?;
        self.store.remove_content(&bank, id).await?;
        self.refresh().await
    }

    /// Waits for what is under way and closes the database.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
