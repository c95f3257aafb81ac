//! Sightings: the same photo on many accounts, the clearest sign of a scam run by the dozen.
//!
//! Only where the operator opted in are the hashes of checked photos kept, beside keyed hashes of
//! the accounts that showed them, and only until the retention is over. A photo that is a copy of
//! one that is kept becomes one more sighting of that one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task;

use super::error::{AppError, Refusal};
use super::live_index::{LiveIndex, View};
use super::retro_match;
use crate::accounts::{AccountHash, AccountIdError};
use crate::clock::{self, DAY_S};
use crate::config::SightingsConfig;
use crate::store::{Expired, NewSighting, Store, StoreError};
use crate::tenancy::{Caller, TenantId};
use crate::wire::events;
use photocheck_core::bank::{BankFacts, BankId, Purpose};
use photocheck_core::checker::Checker;
use photocheck_core::matching::index::ContentId;
use photocheck_core::report::Examined;
use photocheck_core::signals::SeenElsewhere;

/// How often what is over its time is deleted.
const DELETE_EVERY: Duration = Duration::from_hours(1);

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sightings {
    config: SightingsConfig,
    store: Store,
    live: LiveIndex,
    checker: Arc<Checker>,
    /// Banks that are known to take sightings under the key.
    claimed: Arc<Mutex<HashSet<BankId>>>,
}

impl Sightings {
    /// Makes sure that the bank of the tenant `default` takes sightings under this key. Each tenant
    /// that has a bank of that name keeps its own sightings there.
    ///
    /// # Errors
    /// [`StoreError`] when it does not, or the store fails.
    pub async fn open(
        config: SightingsConfig,
        store: Store,
        live: LiveIndex,
        checker: Arc<Checker>,
    ) -> Result<Self, StoreError> {
        let claimed = Arc::default();
        let sightings = Self { config, store, live, checker, claimed };
        sightings.bank_of(TenantId::DEFAULT).await?;
        Ok(sightings)
    }

    /// The bank of a tenant's sightings, which takes them under this key.
    async fn bank_of(&self, tenant: TenantId) -> Result<BankFacts, StoreError> {
        let bank = self.store.resolve(tenant, &self.config.bank).await?;
        let claimed = || self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_claimed = claimed().contains(&bank.id);
        if !is_claimed {
            self.store.claim_for_sightings(&bank, &self.config.key.check()).await?;
            claimed().insert(bank.id);
        }
        Ok(bank)
    }

    /// Makes sure that a tenant has a bank for its sightings. That of the tenant `default` was
    /// there when the program began.
    ///
    /// # Errors
    /// [`Refusal::SightingsNotKept`] when it has none that takes them.
    pub async fn ensure_kept_for(&self, tenant: TenantId) -> Result<(), AppError> {
        if tenant == TenantId::DEFAULT {
            return Ok(());
        }
        match self.bank_of(tenant).await {
            Err(StoreError::Refused(_)) => Err(Refusal::SightingsNotKept.into()),
            Err(error) if takes_none(&error) => Err(Refusal::SightingsNotKept.into()),
            found => Ok(found.map(|_| ())?),
        }
    }

    /// The hash of an account's id.
    pub fn account(&self, id: &str) -> Result<AccountHash, AccountIdError> {
        self.config.key.hash(id)
    }

    /// Records that an account of a tenant shows a photo and says which others do. `None` for a
    /// photo with too little detail to be compared: it would be a copy of any other such photo.
    ///
    /// # Errors
    /// When the store fails, or the bank is gone.
    pub async fn record(
        &self,
        tenant: TenantId,
        examined: &Examined,
        account: AccountHash,
        now_s: i64,
    ) -> Result<Option<SeenElsewhere>, AppError> {
        if !self.checker.matcher().is_comparable(examined.signals.pdq_quality) {
            return Ok(None);
        }
        let bank = self.bank_of(tenant).await?;
        let copies = examined.seen_copies.iter().filter(|copy| copy.bank.id == bank.id);
        let sighting = NewSighting {
            hashes: examined.hashes,
            views: examined.views.clone(),
            copies: copies.map(|copy| copy.content).collect(),
            account,
            seen_at: now_s,
            expired_before: self.expired_before(now_s),
        };
        let recorded = self.store.record_sighting(&bank, &sighting).await?;
        if recorded.is_new {
            self.live.refresh().await?;
            self.retro_match(tenant, examined).await?;
        }
        Ok(Some(recorded.elsewhere))
    }

    /// Quarantines the banked photos that a photo which was never seen before shows to be hubs.
    async fn retro_match(&self, tenant: TenantId, examined: &Examined) -> Result<(), AppError> {
        for found in &examined.signals.matches {
            let content = found.content;
            let seen = self.seen_near(tenant, content).await?;
            let retro = retro_match::find(&self.store, self.checker.policy(), &seen).await?;
            let Some(reason) = retro.quarantine else { continue };
            let now_s = clock::now_s();
            let event = events::hash_quarantined(&found.bank.name, content, &reason, now_s);
            let event = Some((&event, now_s));
            if self.store.quarantine_telling(tenant, content, &reason, event).await? {
                retro_match::log_quarantine(&found.bank.name, content, &reason);
                self.live.refresh().await?;
            }
        }
        Ok(())
    }

    /// The photos seen on a tenant's accounts that a banked one is a copy of, nearest first.
    async fn seen_near(
        &self,
        tenant: TenantId,
        content: ContentId,
    ) -> Result<Vec<ContentId>, AppError> {
        let hashes = self.store.view_hashes(&[content]).await?;
        let View { index, scope } = self.live.view(tenant);
        let checker = Arc::clone(&self.checker);
        let looked_up = task::spawn_blocking(move || {
            let hashes: Vec<_> = hashes.into_iter().flatten().collect();
            let matcher = checker.matcher();
            let copies = matcher.copies_of_banked(&hashes, &index, &scope);
            retro_match::seen_among(copies.iter().map(|near| (&*near.bank, near.content)))
        });
        Ok(looked_up.await?)
    }

    /// Deletes what is over its time, of all tenants. Lookups no longer find it. A bank where that
    /// fails is logged, and keeps no other from it.
    ///
    /// # Errors
    /// When the banks cannot be listed, or lookups cannot be brought up to date.
    pub async fn delete_expired(&self, now_s: i64) -> Result<Expired, AppError> {
        let mut expired = Expired::default();
        for bank in self.store.banks_named(&self.config.bank).await? {
            if bank.purpose != Purpose::Seen {
                continue;
            }
            match self.store.delete_expired(&bank, self.expired_before(now_s)).await {
                Ok(of_bank) => {
                    expired.sightings += of_bank.sightings;
                    expired.contents += of_bank.contents;
                }
                Err(error) => {
                    let bank = bank.id.0;
                    tracing::error!(bank, %error, "expired sightings could not be deleted");
                }
            }
        }
        if 0 < expired.contents {
            self.live.refresh().await?;
        }
        Ok(expired)
    }

    /// Erases what is kept of an account of a tenant. Lookups no longer find what only it showed.
    ///
    /// # Errors
    /// When the id is outside the limits, the tenant's bank takes no sightings under this key, or
    /// the store fails.
    pub async fn erase_account(&self, caller: &Caller, id: &str) -> Result<Expired, AppError> {
        let account = self.account(id)?;
        let bank = match self.bank_of(caller.tenant).await {
            // A tenant that keeps no sightings has none of it.
            Err(StoreError::Refused(_)) => return Ok(Expired::default()),
            Err(error) if takes_none(&error) => return Err(Refusal::SightingsNotKept.into()),
            found => found?,
        };
        let erased = self.store.by(caller).delete_account(&bank, account).await?;
        if 0 < erased.contents {
            self.live.refresh().await?;
        }
        Ok(erased)
    }

    /// Deletes what is over its time, for ever. Failures are logged and tried again.
    pub async fn follow(&self) {
        loop {
            match self.delete_expired(clock::now_s()).await {
                Ok(Expired { sightings: 0, contents: 0 }) => {}
                Ok(Expired { sightings, contents }) => {
                    tracing::info!(sightings, contents, "deleted what was over its retention");
                }
                Err(error) => tracing::error!(%error, "expired sightings could not be deleted"),
            }
            tokio::time::sleep(DELETE_EVERY).await;
        }
    }

    fn expired_before(&self, now_s: i64) -> i64 {
        now_s - DAY_S * i64::from(self.config.retention_days)
    }
}

/// Whether a tenant's bank is there and takes no sightings under this key: it is for something
/// else, or was filled under another key.
fn takes_none(error: &StoreError) -> bool {
    matches!(error, StoreError::NotForSightings(_) | StoreError::OtherAccountKey(_))
}
