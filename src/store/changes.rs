//! What has changed in the banks since a generation, for bringing an index up to date.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use photocheck_core::bank::{BankFacts, BankId};
use photocheck_core::matching::hashes::GradientHash;
use photocheck_core::matching::index::{Changes, ContentId, Entry};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::columns::{read_facts, read_gradient, read_id, read_opinion, read_pdq, read_view};
use super::database::Store;
use super::error::StoreError;

impl Store {
    /// What brings an index from `generation` to now. Contents whose PDQ quality is below
    /// `quality_min` are kept in the banks but not looked up.
    pub async fn changes_since(
        &self,
        generation: i64,
        quality_min: u8,
    ) -> Result<Changes, StoreError> {
        // All three answers are of the same moment.
        let mut transaction = self.begin_reading().await?;
        let now: i64 = sqlx::query("select value from generation")
            .fetch_one(&mut *transaction)
            .await?
            .try_get("value")?;
        if now < generation {
            // Another content was written over the one that the index shows.
            self.note_that_it_went_back();
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
    let rows = sqlx::query("select content_id as id from removal where $1 < generation")
        .bind(generation)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_id).collect()
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
    // One at a time: millions of rows as the database returns them would take gigabytes.
    let mut entries = Vec::new();
    while let Some(row) = rows.try_next().await? {
        entries.push(read_entry(&row, &banks)?);
    }
    Ok(entries)
}

fn read_entry(row: &AnyRow, banks: &HashMap<BankId, Arc<BankFacts>>) -> Result<Entry, StoreError> {
    let content = read_id(row)?;
    let bank = BankId(row.try_get("bank_id")?);
    Ok(Entry {
        hash: read_pdq(row, content)?,
        gradient: read_gradient(row, content)?.map(GradientHash::sample),
        content,
        view: read_view(row, content)?,
        opinion: read_opinion(row, content)?,
        bank: Arc::clone(banks.get(&bank).ok_or(StoreError::Corrupt(content.0))?),
    })
}

/// All banks by their ids; one value each, shared by the entries.
async fn bank_facts(
    connection: &mut AnyConnection,
) -> Result<HashMap<BankId, Arc<BankFacts>>, StoreError> {
    let rows =
        sqlx::query("select id, name, purpose, imported from bank").fetch_all(connection).await?;
    let facts = rows.iter().map(|row| read_facts(row).map(|facts| (facts.id, Arc::new(facts))));
    facts.collect()
}
