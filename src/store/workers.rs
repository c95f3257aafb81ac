//! Workers: programs that do work which waits, and how the others learn that one is gone.
//!
//! A worker says regularly that it is alive, by the clock of the database: the clocks of machines
//! may differ. Once it has not for as long as it said, what it had is anybody's. What a worker took
//! and is not doing, because the answer of the database was lost, it frees itself.

use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::database::Store;
use super::error::StoreError;

/// Rows of work over its retention that are deleted at a time.
pub(super) const DELETED_MAX: u64 = 1000;

/// One run of one program. Another run has another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerId(String);

impl WorkerId {
    /// That of a run with this id.
    #[must_use]
    pub fn new(id: uuid::Uuid) -> Self {
        Self(id.to_string())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A condition on a column with a worker's id: it is not alive.
pub(super) fn is_gone(column: &str, now_s: &str) -> String {
    format!("{column} not in (select id from worker where {now_s} <= alive_until)")
}

impl Store {
    /// Says that a worker is alive, and will be for this long.
    pub async fn worker_is_alive(&self, id: &WorkerId, lasts: Duration) -> Result<(), StoreError> {
        let until = format!("{} + $2", self.dialect.now_s());
        let statement = format!(
            "insert into worker (id, alive_until) values ($1, {until}) \
             on conflict (id) do update set alive_until = excluded.alive_until"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(id.as_str())
            .bind(i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX))
            .execute(self.reading()?)
            .await?;
        self.in_place()
    }

    /// Says that a worker has ended: what it had is anybody's at once.
    pub async fn worker_has_ended(&self, id: &WorkerId) -> Result<(), StoreError> {
        sqlx::query("delete from worker where id = $1")
            .bind(id.as_str())
            .execute(self.reading()?)
            .await?;
        self.in_place()
    }

    /// Forgets workers that are gone.
    pub async fn delete_gone_workers(&self) -> Result<(), StoreError> {
        let statement = format!("delete from worker where alive_until < {}", self.dialect.now_s());
        sqlx::query(AssertSqlSafe(statement)).execute(self.reading()?).await?;
        self.in_place()
    }

    /// Frees the checks that a worker took, but for those that it is doing; returns how many.
    pub async fn free_checks(&self, of: &WorkerId, doing: &[Uuid]) -> Result<u64, StoreError> {
        let doing: Vec<_> = doing.iter().map(Uuid::to_string).collect();
        self.free("photo_check", of, &doing).await
    }

    /// Frees the messages that a worker took, but for those that it is sending; returns how many.
    pub async fn free_messages(
        &self,
        of: &WorkerId,
        sending: &[String],
    ) -> Result<u64, StoreError> {
        self.free("webhook_message", of, sending).await
    }

    /// The checks whose photos wait in the memory of a worker.
    pub async fn held_checks(&self, holder: &WorkerId) -> Result<Vec<Uuid>, StoreError> {
        let statement = "select id from photo_check where finished_at = 0 and holder = $1";
        let query = sqlx::query(statement).bind(holder.as_str());
        let rows = query.fetch_all(self.reading()?).await?;
        let read = |row: &AnyRow| {
            let id: String = row.try_get("id")?;
            Uuid::parse_str(&id).map_err(|_| StoreError::CorruptCheck(id))
        };
        rows.iter().map(read).collect()
    }

    async fn free(&self, table: &str, of: &WorkerId, but: &[String]) -> Result<u64, StoreError> {
        let places: Vec<_> = (2..).take(but.len()).map(|place| format!("${place}")).collect();
        let others = match places.as_slice() {
            [] => String::new(),
            _ => format!("and id not in ({})", places.join(", ")),
        };
        let statement =
            format!("update {table} set owner = '' where finished_at = 0 and owner = $1 {others}");
        let query = sqlx::query(AssertSqlSafe(statement)).persistent(false).bind(of.as_str());
        let query = but.iter().fold(query, |query, id| query.bind(id.as_str()));
        let freed = query.execute(self.reading()?).await?;
        self.in_place()?;
        Ok(freed.rows_affected())
    }
}
