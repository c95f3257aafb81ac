//! How much work waits, of all tenants and machines: for whoever watches over it.

use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::database::Store;
use super::error::StoreError;

/// What of one kind of work is not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// To be begun.
    pub waiting: i64,
    /// To be begun later, since it failed.
    pub put_back: i64,
    pub under_way: i64,
    /// Seconds since the oldest of these came; 0 where there is none.
    pub oldest_s: i64,
}

/// Both kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queues {
    /// Checks that were accepted.
    pub checks: Queue,
    /// Messages of webhooks.
    pub messages: Queue,
}

impl Store {
    /// How much waits at the moment.
    pub async fn queues(&self) -> Result<Queues, StoreError> {
        let checks = self.queue("photo_check", "accepted_at", "state = 'waiting'").await?;
        let messages = self.queue("webhook_message", "created_at", "state = 'pending'").await?;
        Ok(Queues { checks, messages })
    }

    async fn queue(&self, table: &str, since: &str, counts: &str) -> Result<Queue, StoreError> {
        let now_s = self.dialect.now_s();
        let count = |condition: &str| format!("count(case when {condition} then 1 end)");
        let statement = format!(
            "select {} as waiting, {} as put_back, {} as under_way, \
                 coalesce({now_s} - min({since}), 0) as oldest_s \
             from {table} where finished_at = 0 and {counts}",
            count(&format!("owner = '' and due_at <= {now_s}")),
            count(&format!("owner = '' and {now_s} < due_at")),
            count("owner <> ''"),
        );
        let row = sqlx::query(AssertSqlSafe(statement)).fetch_one(self.reading()?).await?;
        read_queue(&row)
    }
}

fn read_queue(row: &AnyRow) -> Result<Queue, StoreError> {
    // The clocks of machines and of the database may differ a little.
    let oldest_s = row.try_get::<i64, _>("oldest_s")?.max(0);
    Ok(Queue {
        waiting: row.try_get("waiting")?,
        put_back: row.try_get("put_back")?,
        under_way: row.try_get("under_way")?,
        oldest_s,
    })
}
