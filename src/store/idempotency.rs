//! Calls that came with an `Idempotency-Key`: who does each, and what was answered.
//!
//! A call is claimed before anything of it is done, by the worker that does it; until it is
//! answered nobody else does. What a worker that is gone had, or what could not be answered for
//! good, may be claimed again, and keeps its id. Answers come encrypted and leave so.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::database::Store;
use super::error::{Refusal, StoreError};
use super::workers::{DELETED_MAX, WorkerId, is_gone};
use crate::ids;
use crate::tenancy::TenantId;

/// A call that is to be done by whoever claimed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub tenant: TenantId,
    pub key_digest: [u8; 32],
    /// Of what the call makes: the same for whoever does it again.
    pub id: Uuid,
    /// How often it was claimed, with this time.
    pub attempt: i64,
}

/// What is kept of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Of the body of the call, as it was counted.
    pub request_bytes: u64,
    /// Encrypted under the call.
    pub sealed: Vec<u8>,
}

/// What is known of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is to be done now.
    Ours(Claim),
    /// Somebody does it.
    UnderWay,
    Answered(KeptAnswer),
}

/// The call of a tenant by its key.
const OF_KEY: &str = "where tenant_id = $1 and key_digest = $2";

impl Store {
    /// Claims a call, unless it is under way or was answered. What is older than `kept_s` is
    /// forgotten.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTenant`] when its tenant was erased meanwhile.
    pub async fn claim_call(
        &self,
        worker: &WorkerId,
        tenant: TenantId,
        key_digest: [u8; 32],
        kept_s: i64,
    ) -> Result<Claimed, StoreError> {
        let now_s = self.dialect.now_s();
        let is_old = format!("idempotent_call.created_at < {now_s} - $3");
        let gone = is_gone("idempotent_call.owner", now_s);
        let statement = format!(
            "insert into idempotent_call \
                 (tenant_id, key_digest, id, owner, attempt, created_at, request_bytes, answer) \
             select id, $2, $4, $5, 1, {now_s}, 0, $6 from tenant where id = $1 \
             on conflict (tenant_id, key_digest) do update set \
                 id = case when {is_old} then excluded.id else idempotent_call.id end, \
                 attempt = case when {is_old} then 1 else idempotent_call.attempt + 1 end, \
                 created_at = excluded.created_at, owner = excluded.owner, request_bytes = 0, \
                 answer = excluded.answer \
             where {is_old} or (length(idempotent_call.answer) = 0 \
                 and (idempotent_call.owner = '' or {gone})) \
             returning id, attempt"
        );
        let claimed = sqlx::query(AssertSqlSafe(statement))
            .bind(tenant.0)
            .bind(key_digest.to_vec())
            .bind(kept_s)
            .bind(ids::new_id().to_string())
            .bind(worker.as_str())
            .bind(Vec::<u8>::new())
            .fetch_optional(self.reading()?)
            .await?;
        self.in_place()?;
        if let Some(row) = claimed {
            let (id, attempt) = (read_id(&row)?, row.try_get("attempt")?);
            return Ok(Claimed::Ours(Claim { tenant, key_digest, id, attempt }));
        }
        let statement = format!("select request_bytes, answer from idempotent_call {OF_KEY}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(tenant.0)
            .bind(key_digest.to_vec())
            .fetch_optional(self.reading()?)
            .await?;
        let row = row.ok_or_else(|| Refusal::NoSuchTenant(tenant.0.to_string()))?;
        let (bytes, sealed): (i64, Vec<u8>) =
            (row.try_get("request_bytes")?, row.try_get("answer")?);
        if sealed.is_empty() {
            return Ok(Claimed::UnderWay);
        }
        let request_bytes = u64::try_from(bytes).unwrap_or_default();
        Ok(Claimed::Answered(KeptAnswer { request_bytes, sealed }))
    }

    /// Keeps the answer of a call. Changes nothing when it was claimed by another meanwhile.
    pub async fn answer_call(
        &self,
        worker: &WorkerId,
        claim: &Claim,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        let statement = format!(
            "update idempotent_call set owner = '', request_bytes = $5, answer = $6 \
             {OF_KEY} and owner = $3 and attempt = $4"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(claim.tenant.0)
            .bind(claim.key_digest.to_vec())
            .bind(worker.as_str())
            .bind(claim.attempt)
            .bind(i64::try_from(answer.request_bytes).unwrap_or(i64::MAX))
            .bind(answer.sealed.clone())
            .execute(self.reading()?)
            .await?;
        self.in_place()
    }

    /// Lets a call be done again: it was not answered for good.
    pub async fn release_call(&self, worker: &WorkerId, claim: &Claim) -> Result<(), StoreError> {
        let statement = format!(
            "update idempotent_call set owner = '' {OF_KEY} and owner = $3 and attempt = $4"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(claim.tenant.0)
            .bind(claim.key_digest.to_vec())
            .bind(worker.as_str())
            .bind(claim.attempt)
            .execute(self.reading()?)
            .await?;
        self.in_place()
    }

    /// Whether a call of this key is kept.
    pub async fn knows_call(
        &self,
        tenant: TenantId,
        key_digest: [u8; 32],
    ) -> Result<bool, StoreError> {
        let statement = format!("select attempt from idempotent_call {OF_KEY}");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(tenant.0)
            .bind(key_digest.to_vec())
            .fetch_optional(self.reading()?)
            .await?;
        Ok(row.is_some())
    }

    /// How many calls of a tenant are kept.
    pub async fn calls_of(&self, tenant: TenantId) -> Result<u64, StoreError> {
        let statement = "select count(*) as calls from idempotent_call where tenant_id = $1";
        let row = sqlx::query(statement).bind(tenant.0).fetch_one(self.reading()?).await?;
        Ok(u64::try_from(row.try_get::<i64, _>("calls")?).unwrap_or_default())
    }

    /// Deletes calls that are older than this; returns how many. Some at a time, so that others
    /// write in between.
    pub async fn delete_old_calls(&self, kept_s: i64) -> Result<u64, StoreError> {
        let statement = format!(
            "delete from idempotent_call where (tenant_id, key_digest) in \
                 (select tenant_id, key_digest from idempotent_call \
                  where created_at < {} - $1 limit {DELETED_MAX})",
            self.dialect.now_s()
        );
        let mut all = 0;
        loop {
            let query = sqlx::query(AssertSqlSafe(statement.clone())).bind(kept_s);
            let deleted = query.execute(self.reading()?).await?.rows_affected();
            all += deleted;
            if deleted < DELETED_MAX {
                self.in_place()?;
                return Ok(all);
            }
        }
    }
}

fn read_id(row: &AnyRow) -> Result<Uuid, StoreError> {
    let id: String = row.try_get("id")?;
    Uuid::parse_str(&id).map_err(|_| StoreError::CorruptCheck(id))
}
