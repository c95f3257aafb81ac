//! Log-ins at the review page: what is kept of them, until they end.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row};

use super::database::Store;
use super::error::StoreError;
use super::reviews::seconds;
use crate::tenancy::{SessionDigest, TenantId};

/// A log-in that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewSession {
    pub tenant: TenantId,
    /// What it was begun with.
    pub credential: String,
}

impl Store {
    /// Keeps a log-in for this long, and forgets those that are over.
    pub async fn add_review_session(
        &self,
        digest: SessionDigest,
        new: &ReviewSession,
        lasts: Duration,
    ) -> Result<(), StoreError> {
        let now = self.dialect.now_s();
        let mut transaction = self.begin().await?;
        let over = format!("delete from review_session where expires_at <= {now}");
        sqlx::query(AssertSqlSafe(over)).execute(&mut *transaction).await?;
        let statement = format!(
            "insert into review_session (digest, tenant_id, credential, expires_at) \
             values ($1, $2, $3, {now} + $4)"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(digest.0.to_vec())
            .bind(new.tenant.0)
            .bind(new.credential.as_str())
            .bind(seconds(lasts))
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    /// The log-in with that secret; `None` where there is none, or it is over.
    pub async fn review_session(
        &self,
        digest: SessionDigest,
    ) -> Result<Option<ReviewSession>, StoreError> {
        let statement = format!(
            "select tenant_id, credential from review_session \
             where digest = $1 and {} < expires_at",
            self.dialect.now_s()
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(digest.0.to_vec())
            .fetch_optional(self.reading()?)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let tenant = TenantId(row.try_get("tenant_id")?);
        Ok(Some(ReviewSession { tenant, credential: row.try_get("credential")? }))
    }

    /// Ends a log-in; what it had open is anybody's.
    pub async fn end_review_session(
        &self,
        digest: SessionDigest,
        session: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("delete from review_session where digest = $1")
            .bind(digest.0.to_vec())
            .execute(&mut *transaction)
            .await?;
        let free = "update review_item set leased_by = '', leased_until = 0 \
             where leased_by = $1 and leased_by <> ''";
        sqlx::query(free).bind(session).execute(&mut *transaction).await?;
        self.commit(transaction).await
    }
}
