//! Policies that tenants have of their own. What is in them is checked before; here they are text.
//!
//! Every version that was ever set is kept, so that equal names and versions are equal policies:
//! reports name no more than that.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{AnyConnection, Row};

use super::audit;
use super::database::Store;
use super::error::{Refusal, StoreError};
use super::generation;
use crate::audit::Action;
use crate::tenancy::TenantId;

/// A policy of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantPolicy {
    pub name: String,
    pub version: String,
    /// As it was set.
    pub text: String,
    /// Seconds since 1970, UTC.
    pub set_at: i64,
}

/// Versions of policies that are kept of one tenant.
const VERSIONS_MAX: i64 = 1000;

impl Store {
    /// Has a policy decide for a tenant from now on. Indexes learn of it as of a change of banks.
    ///
    /// # Errors
    /// [`Refusal::PolicyVersionTaken`] when there was another one of this name and version,
    /// [`Refusal::TooManyPolicies`] when there were too many, [`Refusal::NoSuchTenant`].
    pub async fn set_policy(
        &self,
        tenant: TenantId,
        policy: &TenantPolicy,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        // Also one at a time.
        generation::raise(&mut transaction).await?;
        let TenantPolicy { name, version, text, set_at } = policy;
        let statement = "select count(*) as versions, \
                 count(case when name = $2 and version = $3 then 1 end) as same, \
                 count(case when name = $2 and version = $3 and text <> $4 then 1 end) as others \
             from tenant_policy where tenant_id = $1";
        let row = sqlx::query(statement)
            .bind(tenant.0)
            .bind(name.as_str())
            .bind(version.as_str())
            .bind(text.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if row.try_get::<i64, _>("others")? != 0 {
            let (name, version) = (name.clone(), version.clone());
            return Err(Refusal::PolicyVersionTaken { name, version }.into());
        }
        let (versions, same): (i64, i64) = (row.try_get("versions")?, row.try_get("same")?);
        if same == 0 && VERSIONS_MAX <= versions {
            return Err(Refusal::TooManyPolicies { versions_max: VERSIONS_MAX }.into());
        }
        take_out_of_force(&mut transaction, tenant).await?;
        let statement = "insert into tenant_policy \
                 (tenant_id, name, version, text, set_at, in_force) \
             select id, $2, $3, $4, $5, 1 from tenant where id = $1 \
             on conflict (tenant_id, name, version) do update set \
                 set_at = excluded.set_at, in_force = 1";
        let set = sqlx::query(statement)
            .bind(tenant.0)
            .bind(name.as_str())
            .bind(version.as_str())
            .bind(text.as_str())
            .bind(*set_at)
            .execute(&mut *transaction)
            .await?;
        if set.rows_affected() == 0 {
            return Err(Refusal::NoSuchTenant(tenant.0.to_string()).into());
        }
        let subject = format!("{name} {version}");
        audit::append(&mut transaction, self, tenant, Action::PolicySet, &subject).await?;
        self.commit(transaction).await
    }

    /// The policy that decides for a tenant, if it has one of its own.
    pub async fn policy(&self, tenant: TenantId) -> Result<Option<TenantPolicy>, StoreError> {
        let statement = "select name, version, text, set_at from tenant_policy \
             where tenant_id = $1 and in_force = 1";
        let row = sqlx::query(statement).bind(tenant.0).fetch_optional(self.reading()?).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(TenantPolicy {
            name: row.try_get("name")?,
            version: row.try_get("version")?,
            text: row.try_get("text")?,
            set_at: row.try_get("set_at")?,
        }))
    }

    /// Has the operator's policy decide for a tenant again. Where it does nothing changes.
    pub async fn reset_policy(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        generation::raise(&mut transaction).await?;
        if !take_out_of_force(&mut transaction, tenant).await? {
            return Ok(transaction.rollback().await?);
        }
        audit::append(&mut transaction, self, tenant, Action::PolicyReset, "").await?;
        self.commit(transaction).await
    }
}

/// Returns whether there was one.
async fn take_out_of_force(
    connection: &mut AnyConnection,
    tenant: TenantId,
) -> Result<bool, StoreError> {
    let statement = "update tenant_policy set in_force = 0 where tenant_id = $1 and in_force = 1";
    let taken = sqlx::query(statement).bind(tenant.0).execute(connection).await?;
    Ok(taken.rows_affected() != 0)
}

/// Those that are in force.
pub(super) async fn read_policies(
    connection: &mut AnyConnection,
) -> Result<HashMap<TenantId, Arc<str>>, StoreError> {
    let statement = "select tenant_id, text from tenant_policy where in_force = 1";
    let rows = sqlx::query(statement).fetch_all(connection).await?;
    let policies = rows.iter().map(|row| {
        let text: String = row.try_get("text")?;
        Ok((TenantId(row.try_get("tenant_id")?), text.into()))
    });
    policies.collect()
}
