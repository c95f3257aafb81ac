//! What API keys are used for: how many requests they sent on a day, and when they were used last.

use sqlx::Row;

use super::database::Store;
use super::error::StoreError;
use crate::tenancy::KeyId;

/// Days whose counts are kept, for whoever asks how much a key is used.
const DAYS_KEPT: i64 = 90;

/// Requests of a key to be added to what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub key: KeyId,
    /// Days since 1970, UTC.
    pub day: i64,
    pub requests: u32,
    /// Seconds since 1970, UTC.
    pub last_used_at: i64,
}

impl Store {
    /// Requests that a key sent on a day, on all machines, as far as they were written down.
    pub async fn requests_of(&self, key: &KeyId, day: i64) -> Result<u64, StoreError> {
        let row = sqlx::query("select requests from key_usage where key_id = $1 and day = $2")
            .bind(key.as_str())
            .bind(day)
            .fetch_optional(self.reading()?)
            .await?;
        let requests: i64 = row.map_or(Ok(0), |row| row.try_get("requests"))?;
        Ok(u64::try_from(requests).unwrap_or_default())
    }

    /// Writes down what keys were used for, in one transaction. A key that was erased meanwhile is
    /// passed over.
    ///
    /// Rows are locked in the order of the keys, so that machines that write at once wait for one
    /// another instead of each for the other.
    pub async fn add_usage(&self, used: &[Used]) -> Result<(), StoreError> {
        let mut used: Vec<_> = used.iter().collect();
        used.sort_by(|a, b| a.key.cmp(&b.key).then(a.day.cmp(&b.day)));
        let mut transaction = self.begin().await?;
        for Used { key, day, requests, last_used_at } in used {
            if 0 < *requests {
                let statement = "insert into key_usage (key_id, day, requests) \
                     select id, $1, $2 from api_key where id = $3 \
                     on conflict (key_id, day) \
                     do update set requests = key_usage.requests + excluded.requests";
                sqlx::query(statement)
                    .bind(*day)
                    .bind(i64::from(*requests))
                    .bind(key.as_str())
                    .execute(&mut *transaction)
                    .await?;
            }
            let statement = "update api_key set last_used_at = $1 \
                 where id = $2 and last_used_at < $1";
            sqlx::query(statement)
                .bind(*last_used_at)
                .bind(key.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        self.commit(transaction).await
    }

    /// Deletes counts of days that are long past.
    pub async fn delete_old_usage(&self, today: i64) -> Result<(), StoreError> {
        sqlx::query("delete from key_usage where day < $1")
            .bind(today - DAYS_KEPT)
            .execute(self.reading()?)
            .await?;
        self.in_place()
    }
}
