//! Who calls, found out from what it sends.
//!
//! A key is read from the database when it is sent, unless that was done within [`KNOWN_FOR`]: so a
//! key that was revoked on another machine is refused here within that time, and many requests a
//! second cost one read. While the database cannot be reached, keys that were valid go on for as
//! long as lookups do ([`OUTAGE_MAX`]); nothing else is let in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::access::BankAccess;
use super::error::{AppError, Failure};
use super::live_index::LiveIndex;
use crate::clock;
use crate::store::{Store, StoreError, StoredKey};
use crate::tenancy::{ApiKey, Caller, Credential, Denied, KeyFormError, KeyId, KeyScope};

/// For how long what was read of a key counts: revoking it takes this long to be seen everywhere.
pub const KNOWN_FOR: Duration = Duration::from_secs(1);

/// The same while the database cannot be reached: as long as an index may be out of date.
pub const OUTAGE_MAX: Duration = Duration::from_secs(10);

/// Time for a key to be read where an older answer is at hand.
const READ_MAX: Duration = Duration::from_millis(500);

/// Keys that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Callers {
    store: Store,
    live: Option<LiveIndex>,
    banks: BankAccess,
    /// Whether calls need a key although there is none yet.
    require_keys: bool,
    known: Arc<Mutex<HashMap<KeyId, Known>>>,
}

#[derive(Debug, Clone)]
struct Known {
    key: StoredKey,
    read_at: Instant,
    /// When it was read, or could not be.
    asked_at: Instant,
}

impl Callers {
    /// Callers of a program with this database.
    #[must_use]
    pub(super) fn new(
        store: Store,
        live: Option<LiveIndex>,
        banks: BankAccess,
        require_keys: bool,
    ) -> Self {
        Self { store, live, banks, require_keys, known: Arc::default() }
    }

    /// Whether calls need a key.
    #[must_use]
    pub fn need_keys(&self) -> bool {
        self.require_keys || self.live.as_ref().is_some_and(LiveIndex::keys_required)
    }

    /// Who may use the banks without a key.
    #[must_use]
    pub fn banks(&self) -> &BankAccess {
        &self.banks
    }

    /// Finds out who calls, by the bearer token that it sends.
    ///
    /// # Errors
    /// [`Denied`] when it must be known and is not, or the database fails.
    pub async fn identify(&self, bearer: Option<&str>) -> Result<Caller, AppError> {
        match bearer {
            Some(text) if ApiKey::is_meant(text) => self.by_key(text).await,
            Some(token) if self.banks.is_token(token) => Ok(Caller::with_bank_token()),
            Some(_) if self.need_keys() => Err(Denied::KeyNotValid(KeyFormError::Form).into()),
            None if self.need_keys() => Err(Denied::KeyNeeded.into()),
            _ => Ok(self.anybody()),
        }
    }

    /// Whether it takes a read of the database to find out whose token this is.
    #[must_use]
    pub fn must_be_read(&self, bearer: Option<&str>) -> bool {
        let key = bearer.filter(|text| ApiKey::is_meant(text)).map(ApiKey::parse);
        key.is_some_and(|key| key.is_ok_and(|key| !self.known().contains_key(key.id())))
    }

    fn anybody(&self) -> Caller {
        let open = match self.banks {
            BankAccess::Everybody => {
                vec![KeyScope::Check, KeyScope::BankRead, KeyScope::BankWrite, KeyScope::Review]
            }
            BankAccess::Nobody | BankAccess::Token(_) => vec![KeyScope::Check],
        };
        Caller::anybody(open.into_iter().collect())
    }

    async fn by_key(&self, text: &str) -> Result<Caller, AppError> {
        let key = ApiKey::parse(text).map_err(Denied::KeyNotValid)?;
        let stored = self.stored(key.id()).await?.ok_or(Denied::KeyUnknown)?;
        if !stored.digest.is_of(&key) {
            return Err(Denied::KeyUnknown.into());
        }
        caller_of(stored)
    }

    /// Whoever once sent the whole of the key of this id.
    ///
    /// # Errors
    /// [`Denied`] when the key does not count any more, or the database fails.
    pub async fn by_key_id(&self, id: &KeyId) -> Result<Caller, AppError> {
        caller_of(self.stored(id).await?.ok_or(Denied::KeyUnknown)?)
    }

    /// What is kept of a key; `None` where there is none of its id.
    async fn stored(&self, id: &KeyId) -> Result<Option<StoredKey>, AppError> {
        let known = self.known().get(id).cloned();
        match known {
            Some(known) if known.read_at.elapsed() < OUTAGE_MAX => {
                if known.asked_at.elapsed() < KNOWN_FOR {
                    return Ok(Some(known.key));
                }
                let read = tokio::time::timeout(READ_MAX, self.read(id)).await;
                let outage = Failure::Store(StoreError::Busy).into();
                match read.unwrap_or(Err(outage)) {
                    Err(AppError::Failed(Failure::Store(
                        StoreError::Busy | StoreError::Unreachable(_),
                    ))) => {
                        // So that not every request waits for an answer that does not come.
                        if let Some(known) = self.known().get_mut(id) {
                            known.asked_at = Instant::now();
                        }
                        Ok(Some(known.key))
                    }
                    read => read,
                }
            }
            _ => self.read(id).await,
        }
    }

    async fn read(&self, id: &KeyId) -> Result<Option<StoredKey>, AppError> {
        let read_at = Instant::now();
        let stored = self.store.key(id).await?;
        let mut known = self.known();
        match &stored {
            // Only keys that are there: who invents ids takes no memory.
            Some(key) => {
                if REMEMBERED_MAX <= known.len() {
                    known.retain(|_, known| known.read_at.elapsed() < KNOWN_FOR);
                }
                let known_now = Known { key: key.clone(), read_at, asked_at: read_at };
                known.insert(id.clone(), known_now);
            }
            None => drop(known.remove(id)),
        }
        Ok(stored)
    }

    /// Forgets what was read, so that a change shows at once here.
    pub fn forget(&self) {
        self.known().clear();
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<KeyId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has a key, if it counts.
fn caller_of(stored: StoredKey) -> Result<Caller, AppError> {
    if stored.revoked_at.is_some() {
        return Err(Denied::KeyRevoked.into());
    }
    if stored.expires_at.is_some_and(|at| at <= clock::now_s()) {
        return Err(Denied::KeyExpired.into());
    }
    let StoredKey { id, tenant, scopes, limits, .. } = stored;
    Ok(Caller { tenant, credential: Credential::Key { id, limits }, scopes })
}

/// Makes sure that a caller may do this.
///
/// # Errors
/// [`Denied`], which says what it lacks.
pub fn ensure_scope(caller: &Caller, scope: KeyScope) -> Result<(), Denied> {
    match caller.credential {
        _ if caller.may(scope) => Ok(()),
        Credential::Nothing if scope == KeyScope::Admin => Err(Denied::KeyNeeded),
        // Without keys that is what opens the banks.
        Credential::Nothing => Err(Denied::TokenNeeded),
        Credential::BankToken
        | Credential::Key { .. }
        | Credential::CommandLine
        | Credential::Accepted => Err(Denied::ScopeNeeded(scope)),
    }
}
