//! API keys: what is kept of them, and whether calls need one.

use std::num::NonZeroU32;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::audit;
use super::database::Store;
use super::error::{Refusal, StoreError};
use super::generation;
use crate::audit::Action;
use crate::tenancy::{KeyDigest, KeyId, KeyLimits, KeyName, KeyScopes, TenantId, TenantName};

/// A key that was made.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub id: KeyId,
    pub digest: KeyDigest,
    pub tenant: TenantId,
    pub name: KeyName,
    pub scopes: KeyScopes,
    pub limits: KeyLimits,
    /// Seconds since 1970, UTC, as all times here.
    pub created_at: i64,
    pub expires_at: Option<i64>,
}

/// A key as it is kept.
#[derive(Debug, Clone)]
pub struct StoredKey {
    pub id: KeyId,
    pub digest: KeyDigest,
    pub tenant: TenantId,
    pub tenant_name: TenantName,
    pub name: KeyName,
    pub scopes: KeyScopes,
    pub limits: KeyLimits,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    /// To the minute.
    pub last_used_at: Option<i64>,
}

const KEYS: &str = "select api_key.id as id, api_key.tenant_id as tenant_id, \
     tenant.name as tenant_name, api_key.name as name, api_key.scopes as scopes, \
     api_key.digest as digest, api_key.created_at as created_at, \
     api_key.expires_at as expires_at, api_key.revoked_at as revoked_at, \
     api_key.last_used_at as last_used_at, \
     api_key.requests_per_minute as requests_per_minute, \
     api_key.requests_per_day as requests_per_day \
     from api_key join tenant on tenant.id = api_key.tenant_id";

impl Store {
    /// Keeps a key. From then on calls need one, on every machine.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTenant`] when its tenant was erased meanwhile.
    pub async fn add_key(&self, new: &NewKey) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = "insert into api_key (id, tenant_id, name, scopes, digest, created_at, \
                 expires_at, revoked_at, last_used_at, requests_per_minute, requests_per_day) \
             select $1, id, $2, $3, $4, $5, $6, 0, 0, $7, $8 from tenant where id = $9";
        let added = sqlx::query(statement)
            .bind(new.id.as_str())
            .bind(new.name.as_str())
            .bind(new.scopes.to_string())
            .bind(new.digest.0.to_vec())
            .bind(new.created_at)
            .bind(new.expires_at.unwrap_or_default())
            .bind(limit_value(new.limits.per_minute))
            .bind(limit_value(new.limits.per_day))
            .bind(new.tenant.0)
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            return Err(Refusal::NoSuchTenant(new.tenant.0.to_string()).into());
        }
        let first = sqlx::query("update access set keys_required = 1 where keys_required = 0")
            .execute(&mut *transaction)
            .await?;
        if 0 < first.rows_affected() {
            // Raised, so that every machine learns of it.
            generation::raise(&mut transaction).await?;
        }
        let subject = format!("{} for {}", new.id, new.scopes);
        audit::append(&mut transaction, self, new.tenant, Action::KeyMade, &subject).await?;
        self.commit(transaction).await
    }

    /// Whether there ever was a key, so that calls need one.
    pub async fn keys_required(&self) -> Result<bool, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        read_keys_required(&mut connection).await
    }

    /// The key of that id; `None` where there is none.
    pub async fn key(&self, id: &KeyId) -> Result<Option<StoredKey>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{KEYS} where api_key.id = $1")))
            .bind(id.as_str())
            .fetch_optional(self.reading()?)
            .await?;
        row.as_ref().map(read_key).transpose()
    }

    /// The keys of a tenant, or all, the oldest first.
    pub async fn keys(&self, tenant: Option<TenantId>) -> Result<Vec<StoredKey>, StoreError> {
        let statement = format!(
            "{KEYS} where $1 in (0, api_key.tenant_id) order by api_key.created_at, api_key.id"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(tenant.map_or(0, |tenant| tenant.0))
            .fetch_all(self.reading()?)
            .await?;
        rows.iter().map(read_key).collect()
    }

    /// Revokes a key of a tenant, or of any, for good. One that was revoked before stays so.
    ///
    /// # Errors
    /// [`Refusal::NoSuchKey`] when there is none.
    pub async fn revoke_key(
        &self,
        tenant: Option<TenantId>,
        id: &KeyId,
        now_s: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = "update api_key set revoked_at = \
                 case when revoked_at = 0 then $1 else revoked_at end \
             where id = $2 and $3 in (0, tenant_id) returning tenant_id";
        let revoked = sqlx::query(statement)
            .bind(now_s)
            .bind(id.as_str())
            .bind(tenant.map_or(0, |tenant| tenant.0))
            .fetch_optional(&mut *transaction)
            .await?;
        let id = id.to_string();
        let Some(row) = revoked else { return Err(Refusal::NoSuchKey(id).into()) };
        let tenant = TenantId(row.try_get("tenant_id")?);
        audit::append(&mut transaction, self, tenant, Action::KeyRevoked, &id).await?;
        self.commit(transaction).await
    }
}

pub(super) async fn read_keys_required(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let row = sqlx::query("select keys_required from access").fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>("keys_required")? != 0)
}

fn limit_value(limit: Option<NonZeroU32>) -> i64 {
    limit.map_or(0, |limit| limit.get().into())
}

fn read_key(row: &AnyRow) -> Result<StoredKey, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let time = |column| row.try_get::<i64, _>(column).map(|at| Some(at).filter(|at| *at != 0));
    let limit = |column| {
        let value = row.try_get::<i64, _>(column)?;
        Ok::<_, sqlx::Error>(u32::try_from(value).ok().and_then(NonZeroU32::new))
    };
    let id = text("id")?;
    let corrupt = || StoreError::CorruptKey(id.clone());
    let digest: Vec<u8> = row.try_get("digest")?;
    Ok(StoredKey {
        id: KeyId::new(&id).ok_or_else(corrupt)?,
        digest: KeyDigest(digest.try_into().map_err(|_| corrupt())?),
        tenant: TenantId(row.try_get("tenant_id")?),
        tenant_name: TenantName::new(&text("tenant_name")?).map_err(|_| corrupt())?,
        name: KeyName::new(&text("name")?).map_err(|_| corrupt())?,
        scopes: KeyScopes::from_names(text("scopes")?.split(',')).map_err(|_| corrupt())?,
        limits: KeyLimits {
            per_minute: limit("requests_per_minute")?,
            per_day: limit("requests_per_day")?,
        },
        created_at: row.try_get("created_at")?,
        expires_at: time("expires_at")?,
        revoked_at: time("revoked_at")?,
        last_used_at: time("last_used_at")?,
    })
}
