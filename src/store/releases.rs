//! Putting a check back that a worker took.

use sqlx::AssertSqlSafe;

use super::checks::ClaimedCheck;
use super::database::Store;
use super::error::StoreError;
use super::workers::WorkerId;

impl Store {
    /// Puts a check back, to be taken again after so many seconds. What was not tried counts as no
    /// attempt.
    pub async fn release_check(
        &self,
        worker: &WorkerId,
        claimed: &ClaimedCheck,
        due_in_s: u32,
        was_tried: bool,
    ) -> Result<(), StoreError> {
        let statement = format!(
            "update photo_check set owner = '', due_at = {} + $1, attempt = attempt - $5 \
             where id = $2 and owner = $3 and attempt = $4 and finished_at = 0",
            self.dialect.now_s()
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(i64::from(due_in_s))
            .bind(claimed.check.id.to_string())
            .bind(worker.as_str())
            .bind(i64::from(claimed.attempt))
            .bind(i64::from(!was_tried))
            .execute(self.reading()?)
            .await?;
        self.in_place()
    }
}
