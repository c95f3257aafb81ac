//! The generation of the banks: each change of what they hold raises it by one.

use sqlx::{AnyConnection, Row};

use super::database::Store;
use super::dialect::Dialect;
use super::error::StoreError;

impl Store {
    /// The generation of the banks.
    pub async fn generation(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("select value from generation").fetch_one(self.reading()?).await?;
        Ok(row.try_get("value")?)
    }
}

/// Raises the generation inside a transaction and returns the new one. Being its first statement,
/// it also takes the write lock of the banks before anything is read.
pub(super) async fn raise(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("update generation set value = value + 1 returning value")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get("value")?)
}

/// Takes the write lock of the banks inside a transaction, before anything is read.
pub(super) async fn lock(
    connection: &mut AnyConnection,
    dialect: Dialect,
) -> Result<(), StoreError> {
    sqlx::query(dialect.lock()).execute(connection).await?;
    Ok(())
}
