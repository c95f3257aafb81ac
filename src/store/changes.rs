//! What has changed in the banks since a generation, for bringing an index up to date.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::banks::purpose_of;
use super::contents::words_of;
use super::{Store, StoreError};
use photocheck_core::bank::{BankFacts, BankId, Opinion};
use photocheck_core::matching::hashes::{GradientHash, PdqHash};
use photocheck_core::matching::index::{Changes, ContentId, Entry};
use photocheck_core::matching::views::View;

impl Store {
    /// The generation of the banks; each change of a bank raises it.
    pub async fn generation(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("select value from generation").fetch_one(self.reading()?).await?;
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
        let mut transaction = self.begin().await?;
        let now: i64 = sqlx::query("select value from generation")
            .fetch_one(&mut *transaction)
            .await?
            .try_get("value")?;
        if now < generation
            && let Some(file) = &self.file
        {
            // Another content was written over the one that the index shows.
            file.note_that_it_went_back();
            self.in_place()?;
        }
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
    let banks = bank_facts(connection).await?;
    let mut rows = sqlx::query(
        "select content.id as id, 0 as view, content.pdq as pdq, content.gradient as gradient, \
             content.opinion as opinion, \
             content.bank_id as bank_id from content \
         where $1 < generation and $2 <= pdq_quality and enabled = 1 and quarantined = '' \
         union all \
         select content.id, view_hash.view, view_hash.pdq, view_hash.gradient, \
             content.opinion, content.bank_id \
         from content join view_hash on view_hash.content_id = content.id \
         where $1 < content.generation and $2 <= view_hash.pdq_quality \
             and content.enabled = 1 and content.quarantined = ''",
    )
    .bind(generation)
    .bind(i32::from(quality_min))
    .fetch(connection);
    // One at a time: millions of rows as the database gives them would take gigabytes.
    let mut entries = Vec::new();
    while let Some(row) = rows.try_next().await? {
        entries.push(entry_of(&row, &banks)?);
    }
    Ok(entries)
}

fn entry_of(row: &AnyRow, banks: &HashMap<i64, Arc<BankFacts>>) -> Result<Entry, StoreError> {
    let id: i64 = row.try_get("id")?;
    let corrupt = || StoreError::Corrupt(id);
    let view: i64 = row.try_get("view")?;
    let view = u8::try_from(view).ok().and_then(View::from_code).ok_or_else(corrupt)?;
    let opinion: String = row.try_get("opinion")?;
    let opinion = Opinion::from_name(&opinion).ok_or_else(corrupt)?;
    let bank: i64 = row.try_get("bank_id")?;
    let bank = Arc::clone(banks.get(&bank).ok_or_else(corrupt)?);
    let hash = PdqHash(words_of(row, "pdq", id)?);
    let gradient = match row.try_get::<Vec<u8>, _>("gradient")?.as_slice() {
        [] => None,
        _ => Some(GradientHash(words_of(row, "gradient", id)?).sample()),
    };
    Ok(Entry { hash, gradient, content: ContentId(id), view, opinion, bank })
}

/// All banks by their ids; one value each, shared by the entries.
async fn bank_facts(
    connection: &mut AnyConnection,
) -> Result<HashMap<i64, Arc<BankFacts>>, StoreError> {
    let rows =
        sqlx::query("select id, name, purpose, imported from bank").fetch_all(connection).await?;
    let facts = rows.iter().map(|row| {
        let id: i64 = row.try_get("id")?;
        let purpose = purpose_of(row, id)?;
        let imported = row.try_get::<i64, _>("imported")? != 0;
        let name = row.try_get("name")?;
        Ok((id, Arc::new(BankFacts { id: BankId(id), name, purpose, imported })))
    });
    facts.collect()
}

/// Takes the database's write lock inside a transaction, before anything is read.
pub(super) async fn take_write_lock(connection: &mut AnyConnection) -> Result<(), StoreError> {
    sqlx::query("update generation set value = value").execute(connection).await?;
    Ok(())
}

/// Raises the generation inside a transaction and gives the new one. Being its first statement, it
/// also takes the database's write lock before anything is read.
pub(super) async fn raise_generation(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = sqlx::query("update generation set value = value + 1 returning value")
        .fetch_one(connection)
        .await?;
    Ok(row.try_get("value")?)
}
