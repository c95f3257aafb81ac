//! Managing tenants and keys: what needs no model, so that the command line opens it alone.
//!
//! Whoever may do it is decided by who calls: the operator manages all tenants, an administrator of
//! another tenant its own keys. What is another's is to it as if it were not there.

use std::num::NonZeroU32;

use photocheck_core::bank::BankName;

use super::callers::Callers;
use super::error::{AppError, Failure};
use super::live_index::LiveIndex;
use crate::clock::{self, DAY_S};
use crate::config::DatabaseConfig;
use crate::store::{Erased, NewKey, Refusal, Store, StoreError, StoredKey, Tenant};
use crate::tenancy::{
    ApiKey, Caller, Denied, KeyId, KeyLimits, KeyName, KeyScope, KeyScopes, TenantId, TenantName,
};

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tenants {
    store: Store,
    live: Option<LiveIndex>,
    /// Who remembers keys, where requests are answered.
    callers: Option<Callers>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct KeyOrder {
    /// `None`: the caller's own.
    pub tenant: Option<TenantName>,
    pub name: KeyName,
    pub scopes: KeyScopes,
    pub expires_in_days: Option<NonZeroU32>,
    pub limits: KeyLimits,
}

/// A key that was made: the only time that it is there as a whole.
#[derive(Debug)]
pub struct MadeKey {
    pub key: ApiKey,
    pub stored: StoredKey,
}

impl Tenants {
    /// Opens them alone.
    ///
    /// # Errors
    /// When the database cannot be had.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, StoreError> {
        let store = Store::open_with(&config.url, config.opening.clone()).await?;
        Ok(Self { store, live: None, callers: None })
    }

    /// Those of an open database, and the index that follows it.
    #[must_use]
    pub(super) fn new(store: Store, live: Option<LiveIndex>, callers: Callers) -> Self {
        Self { store, live, callers: Some(callers) }
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Creates a tenant.
    ///
    /// # Errors
    /// When there is one of this name, or the caller is not the operator.
    pub async fn create(&self, caller: &Caller, name: &TenantName) -> Result<Tenant, AppError> {
        ensure_operator(caller)?;
        Ok(self.store.by(caller).create_tenant(name, clock::now_s()).await?)
    }

    /// The tenants that the caller manages, by name.
    ///
    /// # Errors
    /// When the caller manages none, or the database fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Tenant>, AppError> {
        ensure_admin(caller)?;
        let tenants = self.store.tenants().await?;
        let is_managed = |tenant: &Tenant| caller.is_operator() || tenant.id == caller.tenant;
        Ok(tenants.into_iter().filter(is_managed).collect())
    }

    /// Erases a tenant and everything that belongs to it. Lookups no longer find its photos.
    ///
    /// # Errors
    /// When there is none of this name, it is the tenant `default`, or the caller is not the
    /// operator.
    pub async fn erase(&self, caller: &Caller, name: &TenantName) -> Result<Erased, AppError> {
        let tenant = self.managed(caller, name).await?;
        ensure_operator(caller)?;
        let erased = self.store.by(caller).erase_tenant(&tenant).await?;
        self.refresh().await?;
        Ok(erased)
    }

    /// Lets a tenant look photos up in a bank of another.
    ///
    /// # Errors
    /// When there is no such tenant or bank, or the caller is not the operator.
    pub async fn share(&self, caller: &Caller, share: &Share) -> Result<(), AppError> {
        let owner = self.managed(caller, &share.owner).await?;
        ensure_operator(caller)?;
        let bank = self.store.resolve(owner.id, &share.bank).await?;
        let with = self.store.tenant(&share.with).await?;
        self.store.by(caller).share_bank(&bank, &with).await?;
        self.refresh().await
    }

    /// Ends that.
    ///
    /// # Errors
    /// As of [`Self::share`].
    pub async fn unshare(&self, caller: &Caller, share: &Share) -> Result<(), AppError> {
        let owner = self.managed(caller, &share.owner).await?;
        ensure_operator(caller)?;
        let bank = self.store.resolve(owner.id, &share.bank).await?;
        let with = self.store.tenant(&share.with).await?;
        self.store.by(caller).unshare_bank(&bank, &with).await?;
        self.refresh().await
    }

    /// A tenant that the caller may know of.
    async fn managed(&self, caller: &Caller, name: &TenantName) -> Result<Tenant, AppError> {
        ensure_admin(caller)?;
        let tenant = self.store.tenant(name).await?;
        if caller.is_operator() || tenant.id == caller.tenant {
            return Ok(tenant);
        }
        Err(StoreError::from(Refusal::NoSuchTenant(name.to_string())).into())
    }

    /// Makes a change show here at once. Other programs look by themselves.
    async fn refresh(&self) -> Result<(), AppError> {
        self.callers.iter().for_each(Callers::forget);
        match &self.live {
            Some(live) => live.refresh().await,
            None => Ok(()),
        }
    }
}

/// A bank that one tenant shares with another.
#[derive(Debug, Clone)]
pub struct Share {
    pub owner: TenantName,
    pub bank: BankName,
    pub with: TenantName,
}

impl Tenants {
    /// Makes a key. Its limits are at most those of the key that asks for it, and it expires no
    /// later.
    ///
    /// # Errors
    /// When the caller does not manage the tenant, or there is none of its name, or the key that
    /// asks is gone.
    pub async fn make_key(&self, caller: &Caller, order: KeyOrder) -> Result<MadeKey, AppError> {
        ensure_admin(caller)?;
        let tenant = match &order.tenant {
            None => caller.tenant,
            Some(name) => self.managed(caller, name).await?.id,
        };
        let key = ApiKey::create().map_err(Failure::Randomness)?;
        let own = caller.key().map(|(_, limits)| limits).unwrap_or_default();
        let own_end = self.end_of(caller).await?;
        let now_s = clock::now_s();
        let wanted_end = order.expires_in_days.map(|days| now_s + DAY_S * i64::from(days.get()));
        let new = NewKey {
            id: key.id().clone(),
            digest: key.digest(),
            tenant,
            name: order.name,
            scopes: order.scopes,
            limits: at_most(order.limits, own),
            created_at: now_s,
            expires_at: lower(wanted_end, own_end),
        };
        self.store.by(caller).add_key(&new).await?;
        self.refresh().await?;
        let stored = self.store.key(key.id()).await?;
        let gone = || StoreError::from(Refusal::NoSuchKey(key.id().to_string()));
        let stored = stored.ok_or_else(gone)?;
        Ok(MadeKey { key, stored })
    }

    /// When the key that the caller sends expires; `None` for never, and for another credential.
    async fn end_of(&self, caller: &Caller) -> Result<Option<i64>, AppError> {
        let Some((id, _)) = caller.key() else { return Ok(None) };
        let key = self.store.key(id).await?.ok_or(Denied::KeyUnknown)?;
        Ok(key.expires_at)
    }

    /// The keys of a tenant, or all that the caller manages.
    ///
    /// # Errors
    /// When the caller does not manage the tenant, or there is none of its name.
    pub async fn keys(
        &self,
        caller: &Caller,
        tenant: Option<&TenantName>,
    ) -> Result<Vec<StoredKey>, AppError> {
        ensure_admin(caller)?;
        let tenant = match tenant {
            Some(name) => Some(self.managed(caller, name).await?.id),
            None => managed_alone(caller),
        };
        Ok(self.store.keys(tenant).await?)
    }

    /// Revokes a key for good.
    ///
    /// # Errors
    /// When there is none of this id that the caller manages.
    pub async fn revoke_key(&self, caller: &Caller, id: &str) -> Result<(), AppError> {
        ensure_admin(caller)?;
        let none = || StoreError::from(Refusal::NoSuchKey(id.chars().take(40).collect()));
        let id = KeyId::new(id).ok_or_else(none)?;
        self.store.by(caller).revoke_key(managed_alone(caller), &id, clock::now_s()).await?;
        self.callers.iter().for_each(Callers::forget);
        Ok(())
    }
}

/// The one tenant that a caller manages; `None` where it manages all.
fn managed_alone(caller: &Caller) -> Option<TenantId> {
    (!caller.is_operator()).then_some(caller.tenant)
}

pub(super) fn ensure_admin(caller: &Caller) -> Result<(), Denied> {
    if caller.may(KeyScope::Admin) { Ok(()) } else { Err(Denied::ScopeNeeded(KeyScope::Admin)) }
}

fn ensure_operator(caller: &Caller) -> Result<(), Denied> {
    if caller.is_operator() { Ok(()) } else { Err(Denied::OperatorNeeded) }
}

/// Limits that are wanted, as far as whoever asks has them itself.
fn at_most(wanted: KeyLimits, own: KeyLimits) -> KeyLimits {
    KeyLimits {
        per_minute: lower(wanted.per_minute, own.per_minute),
        per_day: lower(wanted.per_day, own.per_day),
    }
}

/// The lower of two limits; `None` is no limit.
fn lower<T: Ord>(wanted: Option<T>, own: Option<T>) -> Option<T> {
    match (wanted, own) {
        (Some(wanted), Some(own)) => Some(wanted.min(own)),
        (wanted, own) => wanted.or(own),
    }
}
