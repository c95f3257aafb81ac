//! The policies by which tenants are judged: set, shown, and followed by all machines.
//! [`super::own_policy`] says what may be in them.

use std::sync::Arc;

use photocheck_core::verdict::Policy;

use super::error::{AppError, PolicyNotValid};
use super::live_index::LiveIndex;
use super::own_policy::PolicyReader;
use crate::clock;
use crate::config::{DatabaseConfig, ModelsConfig};
use crate::store::{Store, TenantPolicy};
use crate::tenancy::{Caller, TenantId};

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Policies {
    store: Store,
    live: Option<LiveIndex>,
    reader: Arc<PolicyReader>,
}

impl Policies {
    /// Opens them alone.
    ///
    /// # Errors
    /// When the database cannot be had, or the operator's model or policy cannot be read.
    pub async fn open(database: &DatabaseConfig, models: &ModelsConfig) -> anyhow::Result<Self> {
        let reader = PolicyReader::open(models)?;
        let store = Store::open_with(&database.url, database.opening.clone()).await?;
        Ok(Self::new(store, None, reader))
    }

    /// Those of an open database, and the index that follows it.
    pub(super) fn new(store: Store, live: Option<LiveIndex>, reader: PolicyReader) -> Self {
        Self { store, live, reader: Arc::new(reader) }
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The version of the thresholds that policies share.
    #[must_use]
    pub fn thresholds_version(&self) -> &str {
        self.reader.thresholds_version()
    }

    /// Reads what a tenant has set.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(&self, text: &str) -> Result<Policy, PolicyNotValid> {
        self.reader.read(text)
    }

    /// Has a policy decide for the caller's tenant from now on; returns what it is.
    ///
    /// # Errors
    /// When it is not valid, another one had its name and version, or the database fails.
    pub async fn set(&self, caller: &Caller, text: &str) -> Result<TenantPolicy, AppError> {
        let policy = self.read(text)?;
        let version = policy.version();
        let policy = TenantPolicy {
            name: version.name.clone(),
            version: version.version.clone(),
            text: text.to_owned(),
            set_at: clock::now_s(),
        };
        self.store.by(caller).set_policy(caller.tenant, &policy).await?;
        self.refresh().await?;
        Ok(policy)
    }

    /// The policy that a tenant has of its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, tenant: TenantId) -> Result<Option<TenantPolicy>, AppError> {
        Ok(self.store.policy(tenant).await?)
    }

    /// Has the operator's policy decide for the caller's tenant again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reset(&self, caller: &Caller) -> Result<(), AppError> {
        self.store.by(caller).reset_policy(caller.tenant).await?;
        self.refresh().await
    }

    /// Makes a change show here at once. Other programs look by themselves.
    async fn refresh(&self) -> Result<(), AppError> {
        match &self.live {
            Some(live) => live.refresh().await,
            None => Ok(()),
        }
    }
}
