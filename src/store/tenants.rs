//! Tenants, and which of their banks others may look photos up in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use photocheck_core::bank::{BankFacts, BankId, Purpose};
use photocheck_core::matching::index::Scope;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::audit;
use super::banks::{ensure_exists, remove_contents};
use super::columns::read_facts;
use super::database::Store;
use super::error::{Refusal, StoreError};
use super::generation;
use super::keys::read_keys_required;
use super::policies::read_policies;
use crate::audit::Action;
use crate::tenancy::{TenantId, TenantName};

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub name: TenantName,
    /// Seconds since 1970, UTC; 0 for the first one.
    pub created_at: i64,
}

/// What was erased with a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    pub banks: u64,
    pub contents: u64,
    pub sightings: u64,
    pub keys: u64,
}

/// Which banks each tenant's photos are looked up in and how it sees them, by which policy of its
/// own they are judged, and whether calls need a key: what each change of the generation brings up
/// to date beside an index. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scopes {
    by_tenant: Arc<HashMap<TenantId, Arc<Scope>>>,
    policies: Arc<HashMap<TenantId, Arc<str>>>,
    keys_required: bool,
}

impl Scopes {
    /// The banks of one tenant, and those that others share with it.
    #[must_use]
    pub fn of(&self, tenant: TenantId) -> Arc<Scope> {
        let found = self.by_tenant.get(&tenant).map(Arc::clone);
        found.unwrap_or_else(|| Arc::new(Scope::Banks(BTreeMap::new())))
    }

    /// The policy that a tenant has of its own, as it was set.
    #[must_use]
    pub fn policy_of(&self, tenant: TenantId) -> Option<Arc<str>> {
        self.policies.get(&tenant).map(Arc::clone)
    }

    /// Whether there ever was a key.
    #[must_use]
    pub fn keys_required(&self) -> bool {
        self.keys_required
    }
}

impl Store {
    /// Creates a tenant that has nothing yet.
    ///
    /// # Errors
    /// [`Refusal::TenantExists`] when there is one of this name.
    pub async fn create_tenant(
        &self,
        name: &TenantName,
        created_at: i64,
    ) -> Result<Tenant, StoreError> {
        let mut transaction = self.begin().await?;
        let statement = "insert into tenant (name, created_at) values ($1, $2) \
             on conflict (name) do nothing returning id";
        let row = sqlx::query(statement)
            .bind(name.as_str())
            .bind(created_at)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Err(Refusal::TenantExists(name.to_string()).into()) };
        let (running, subject) = (TenantId::DEFAULT, name.as_str());
        audit::append(&mut transaction, self, running, Action::TenantCreated, subject).await?;
        self.commit(transaction).await?;
        Ok(Tenant { id: TenantId(row.try_get("id")?), name: name.clone(), created_at })
    }

    /// All tenants, by name.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let rows = sqlx::query("select id, name, created_at from tenant order by name")
            .fetch_all(self.reading()?)
            .await?;
        rows.iter().map(read_tenant).collect()
    }

    /// The tenant of that name.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTenant`] when there is none.
    pub async fn tenant(&self, name: &TenantName) -> Result<Tenant, StoreError> {
        let row = sqlx::query("select id, name, created_at from tenant where name = $1")
            .bind(name.as_str())
            .fetch_optional(self.reading()?)
            .await?;
        read_tenant(&row.ok_or_else(|| Refusal::NoSuchTenant(name.to_string()))?)
    }

    /// Erases a tenant and everything that belongs to it: banks, photos, sightings, shares, checks,
    /// webhooks, policies, counts of scores, answers that are kept, keys and its audit log. All of
    /// it in one transaction, or nothing.
    ///
    /// # Errors
    /// [`Refusal::TenantIsDefault`] for the one that is always there.
    pub async fn erase_tenant(&self, tenant: &Tenant) -> Result<Erased, StoreError> {
        if tenant.id == TenantId::DEFAULT {
            return Err(Refusal::TenantIsDefault.into());
        }
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        // Whoever writes for the tenant has its row before the end of its audit log. Here it must
        // not come after: each would wait for the other.
        let lock = format!("select id from tenant where id = $1 {}", self.dialect.for_update());
        sqlx::query(AssertSqlSafe(lock)).bind(tenant.id.0).execute(&mut *transaction).await?;
        let rows = sqlx::query("select id from bank where tenant_id = $1")
            .bind(tenant.id.0)
            .fetch_all(&mut *transaction)
            .await?;
        let mut erased = Erased::default();
        for row in &rows {
            let bank = BankId(row.try_get("id")?);
            let removed = remove_contents(&mut transaction, bank, generation).await?;
            erased.contents += removed.contents;
            erased.sightings += removed.sightings;
        }
        for (statement, count) in [
            (
                "delete from bank_share where tenant_id = $1 \
                     or bank_id in (select id from bank where tenant_id = $1)",
                None,
            ),
            ("delete from bank where tenant_id = $1", Some(&mut erased.banks)),
            (
                "delete from key_usage where key_id in \
                     (select id from api_key where tenant_id = $1)",
                None,
            ),
            ("delete from api_key where tenant_id = $1", Some(&mut erased.keys)),
            (
                "delete from waiting_photo where check_id in \
                     (select id from photo_check where tenant_id = $1)",
                None,
            ),
            ("delete from review_session where tenant_id = $1", None),
            ("delete from review_decision where tenant_id = $1", None),
            ("delete from review_item where tenant_id = $1", None),
            ("delete from judged_ground where tenant_id = $1", None),
            ("delete from photo_check where tenant_id = $1", None),
            ("delete from webhook_message where tenant_id = $1", None),
            ("delete from webhook_endpoint where tenant_id = $1", None),
            ("delete from tenant_policy where tenant_id = $1", None),
            ("delete from shadow_count where tenant_id = $1", None),
            ("delete from shadow_change where tenant_id = $1", None),
            ("delete from score_day where tenant_id = $1", None),
            ("delete from idempotent_call where tenant_id = $1", None),
            ("delete from audit_entry where tenant_id = $1", None),
            ("delete from audit_head where tenant_id = $1", None),
            ("delete from tenant where id = $1", None),
        ] {
            let done = sqlx::query(statement).bind(tenant.id.0).execute(&mut *transaction).await?;
            if let Some(count) = count {
                *count = done.rows_affected();
            }
        }
        // In the chain of whoever runs the service: the tenant's own is gone.
        let (running, subject) = (TenantId::DEFAULT, tenant.name.as_str());
        audit::append(&mut transaction, self, running, Action::TenantErased, subject).await?;
        self.commit(transaction).await?;
        Ok(erased)
    }
}

impl Store {
    /// Lets another tenant look photos up in a bank. It can neither change nor export it. Sharing
    /// it again changes nothing.
    ///
    /// # Errors
    /// [`Refusal::BankOfSightings`] when its purpose is `seen`: who shows what is nobody else's
    /// business.
    pub async fn share_bank(&self, bank: &BankFacts, with: &Tenant) -> Result<(), StoreError> {
        if bank.purpose == Purpose::Seen {
            return Err(Refusal::BankOfSightings(bank.name.clone()).into());
        }
        let mut transaction = self.begin().await?;
        // Raised, so that indexes learn of it.
        generation::raise(&mut transaction).await?;
        ensure_exists(&mut transaction, bank).await?;
        let statement = "insert into bank_share (bank_id, tenant_id) \
             select bank.id, tenant.id from bank, tenant \
             where bank.id = $1 and tenant.id = $2 and bank.tenant_id <> $2 \
             on conflict (bank_id, tenant_id) do nothing";
        sqlx::query(statement).bind(bank.id.0).bind(with.id.0).execute(&mut *transaction).await?;
        let subject = format!("{} with {}", bank.name, with.name);
        audit::append_of_bank(&mut transaction, self, bank.id, Action::BankShared, &subject)
            .await?;
        self.commit(transaction).await
    }

    /// Ends that. Where it was not shared nothing changes.
    pub async fn unshare_bank(&self, bank: &BankFacts, with: &Tenant) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        generation::raise(&mut transaction).await?;
        sqlx::query("delete from bank_share where bank_id = $1 and tenant_id = $2")
            .bind(bank.id.0)
            .bind(with.id.0)
            .execute(&mut *transaction)
            .await?;
        ensure_exists(&mut transaction, bank).await?;
        let subject = format!("{} with {}", bank.name, with.name);
        audit::append_of_bank(&mut transaction, self, bank.id, Action::BankUnshared, &subject)
            .await?;
        self.commit(transaction).await
    }

    /// Which banks each tenant sees, by which policy it judges, and whether calls need a key.
    pub async fn scopes(&self) -> Result<Scopes, StoreError> {
        let mut transaction = self.begin_reading().await?;
        let scopes = read_scopes(&mut transaction).await?;
        transaction.commit().await?;
        Ok(scopes)
    }
}

async fn read_scopes(connection: &mut AnyConnection) -> Result<Scopes, StoreError> {
    let own = "select id, name, purpose, imported, tenant_id as seen_by from bank";
    let mut seen: HashMap<TenantId, BTreeMap<BankId, Arc<BankFacts>>> = HashMap::new();
    for statement in [own, SHARED] {
        for row in sqlx::query(statement).fetch_all(&mut *connection).await? {
            let (tenant, bank) = (TenantId(row.try_get("seen_by")?), read_facts(&row)?);
            seen.entry(tenant).or_default().insert(bank.id, Arc::new(bank));
        }
    }
    let scopes = seen.into_iter().map(|(tenant, banks)| (tenant, Arc::new(Scope::Banks(banks))));
    let by_tenant = Arc::new(scopes.collect());
    let policies = Arc::new(read_policies(connection).await?);
    Ok(Scopes { by_tenant, policies, keys_required: read_keys_required(connection).await? })
}

/// Banks that are shared, as those who borrow them see them: imported, and under a name that says
/// whose they are and that no bank of their own can have.
const SHARED: &str = "select bank.id as id, tenant.name || '/' || bank.name as name, \
     bank.purpose as purpose, 1 as imported, bank_share.tenant_id as seen_by \
     from bank_share join bank on bank.id = bank_share.bank_id \
     join tenant on tenant.id = bank.tenant_id";

fn read_tenant(row: &AnyRow) -> Result<Tenant, StoreError> {
    let (id, name): (i64, String) = (row.try_get("id")?, row.try_get("name")?);
    let name = TenantName::new(&name).map_err(|_| StoreError::CorruptTenant(id))?;
    Ok(Tenant { id: TenantId(id), name, created_at: row.try_get("created_at")? })
}
