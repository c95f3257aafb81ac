//! Reading and verifying the audit log.

use super::error::AppError;
use super::tenants::{Tenants, ensure_admin};
use crate::audit::{Broken, Entry, Head};
use crate::store::Tenant;
use crate::tenancy::Caller;

impl Tenants {
    /// Up to `count_max` entries of the caller's tenant after that number, and the end of its log.
    ///
    /// # Errors
    /// When the caller does not manage its tenant, or the database fails.
    pub async fn audit_entries(
        &self,
        caller: &Caller,
        after: i64,
        count_max: u16,
    ) -> Result<(Vec<Entry>, Head), AppError> {
        ensure_admin(caller)?;
        let entries = self.store().audit_entries(caller.tenant, after, count_max).await?;
        Ok((entries, self.store().audit_head(caller.tenant).await?))
    }

    /// Verifies the log of a tenant, in which the noted entry must be. Returns its end.
    ///
    /// # Errors
    /// When the caller does not manage the tenant, or the database fails.
    pub async fn verify_audit(
        &self,
        caller: &Caller,
        tenant: &Tenant,
        noted: Option<Head>,
    ) -> Result<Result<Head, Broken>, AppError> {
        ensure_admin(caller)?;
        Ok(self.store().verify_audit(tenant.id, noted).await?)
    }
}
