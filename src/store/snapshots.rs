//! Which snapshots of the index were taken of this database.

use photocheck_core::matching::index::snapshot::SnapshotKey;
use sqlx::Row;

use super::database::Store;
use super::error::StoreError;

/// Snapshots that are remembered: one for each machine that serves from one database, and some.
const SNAPSHOTS_MAX: i64 = 32;

impl Store {
    /// Whether a snapshot of that key was taken of this database at that generation.
    pub async fn knows_snapshot(
        &self,
        key: SnapshotKey,
        generation: i64,
    ) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "select count(*) as known from snapshot, generation \
             where snapshot.key = $1 and snapshot.generation = $2 and $2 <= generation.value",
        )
        .bind(hex::encode(key.0))
        .bind(generation)
        .fetch_one(self.reading()?)
        .await?;
        Ok(row.try_get::<i64, _>("known")? == 1)
    }

    /// Remembers a snapshot that is about to be written.
    pub async fn remember_snapshot(
        &self,
        key: SnapshotKey,
        generation: i64,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("insert into snapshot (key, generation) values ($1, $2)")
            .bind(hex::encode(key.0))
            .bind(generation)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("delete from snapshot where id <= (select max(id) from snapshot) - $1")
            .bind(SNAPSHOTS_MAX)
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }
}
