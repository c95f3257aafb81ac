//! What has changed in the banks since a generation, for bringing an index up to date.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::{AnyConnection, Row};

use super::banks::words_of;
use super::{Store, StoreError};
use crate::core::hashes::PdqHash;
use crate::core::index::{Changes, ContentId, Entry};

impl Store {
    /// The generation of the banks; each change of a bank raises it.
    pub async fn generation(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("select value from generation").fetch_one(&self.pool).await?;
        Ok(row.try_get("value")?)
    }

    /// What brings an index from `generation` to now. Contents whose PDQ quality is below
    /// `quality_min` are kept in the banks but not looked up.
    pub async fn changes_since(
        &self,
        generation: i64,
        quality_min: u8,
    ) -> Result<Changes, StoreError> {
        // One transaction: all three answers are of the same moment.
        let mut transaction = self.pool.begin().await?;
        let now: i64 = sqlx::query("select value from generation")
            .fetch_one(&mut *transaction)
            .await?
            .try_get("value")?;
        let added = added_since(&mut transaction, generation, quality_min).await?;
        let removed = removed_since(&mut transaction, generation).await?;
        transaction.commit().await?;
        Ok(Changes { added, removed, generation: now })
    }
}

async fn removed_since(
    connection: &mut AnyConnection,
    generation: i64,
) -> Result<Vec<ContentId>, StoreError> {
    // An index that begins from nothing holds nothing to be removed.
    if generation == 0 {
        return Ok(Vec::new());
    }
    let rows = sqlx::query("select content_id from removal where $1 < generation")
        .bind(generation)
        .fetch_all(connection)
        .await?;
    let ids: Result<_, sqlx::Error> =
        rows.iter().map(|row| row.try_get("content_id").map(ContentId)).collect();
    Ok(ids?)
}

async fn added_since(
    connection: &mut AnyConnection,
    generation: i64,
    quality_min: u8,
) -> Result<Vec<Entry>, StoreError> {
    let rows = sqlx::query(
        "select content.id as id, content.pdq as pdq, bank.name as name from content \
         join bank on bank.id = content.bank_id \
         where $1 < content.generation and $2 <= content.pdq_quality order by content.id",
    )
    .bind(generation)
    .bind(i32::from(quality_min))
    .fetch_all(connection)
    .await?;
    // One text a bank, shared by its entries.
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    let entries = rows.iter().map(|row| {
        let id: i64 = row.try_get("id")?;
        let name: String = row.try_get("name")?;
        let bank =
            Arc::clone(names.entry(name).or_insert_with_key(|name| Arc::from(name.as_str())));
        Ok(Entry { hash: PdqHash(words_of(row, "pdq", id)?), content: ContentId(id), bank })
    });
    entries.collect()
}

/// Raises the generation inside a transaction and gives the new one. Being its first statement, it
/// also takes the database's write lock before anything is read.
pub(super) async fn raise_generation(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("update generation set value = value + 1 returning value")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get("value")?)
}
