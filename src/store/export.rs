//! Exporting banks: their contents as records, page by page.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::banks::exchanged;
use super::contents::{quality_of, words_of};
use super::{BankName, Store, StoreError};
use crate::exchange::{Record, RecordView};
use photocheck_core::bank::Opinion;
use photocheck_core::matching::hashes::{GradientHash, PdqHash};
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::views::View;

impl Store {
    /// Up to `count_max` contents of a bank with ids above `after`, by id, with all their hashes.
    /// Each page is of one moment; a content that comes or goes meanwhile may be in or not.
    ///
    /// # Errors
    /// [`StoreError::BankOfSightings`] when the bank's purpose is `seen`.
    pub async fn records(
        &self,
        bank: &BankName,
        after: ContentId,
        count_max: u16,
    ) -> Result<Vec<(ContentId, Record)>, StoreError> {
        // One transaction: contents and views are of the same moment.
        let mut transaction = self.begin().await?;
        let bank = exchanged(&mut transaction, bank).await?;
        // `+`: by id and not by the index on banks, which would sort all of the bank for each page.
        let rows = sqlx::query(
            "select id, pdq, pdq_quality, gradient, note, external_id, opinion, enabled, \
                 quarantined, added_at \
             from content where +bank_id = $1 and $2 < id order by id limit $3",
        )
        .bind(bank)
        .bind(after.0)
        .bind(i64::from(count_max))
        .fetch_all(&mut *transaction)
        .await?;
        let records: Result<Vec<_>, _> = rows.iter().map(record_of).collect();
        let mut records = records?;
        let mut views = views_of(&mut transaction, &records).await?;
        for (id, record) in &mut records {
            record.views = views.remove(&id.0).unwrap_or_default();
        }
        transaction.commit().await?;
        Ok(records)
    }
}

/// The views of contents, by id.
async fn views_of(
    connection: &mut AnyConnection,
    records: &[(ContentId, Record)],
) -> Result<HashMap<i64, Vec<RecordView>>, StoreError> {
    let statement = format!(
        "select content_id as id, view, pdq, pdq_quality, gradient from view_hash \
         where content_id in ({}) order by content_id, view",
        vec!["?"; records.len()].join(", ")
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(statement)).persistent(false);
    let query = records.iter().fold(query, |query, (id, _)| query.bind(id.0));
    let rows = query.fetch_all(connection).await?;
    let mut views: HashMap<i64, Vec<RecordView>> = HashMap::new();
    for row in &rows {
        let id: i64 = row.try_get("id")?;
        let view: i64 = row.try_get("view")?;
        let view = u8::try_from(view).ok().and_then(View::from_code);
        views.entry(id).or_default().push(RecordView {
            view: view.ok_or(StoreError::Corrupt(id))?,
            pdq: PdqHash(words_of(row, "pdq", id)?),
            pdq_quality: quality_of(row.try_get("pdq_quality")?, id)?,
            gradient: gradient_of(row, id)?,
        });
    }
    Ok(views)
}

fn record_of(row: &AnyRow) -> Result<(ContentId, Record), StoreError> {
    let id: i64 = row.try_get("id")?;
    let opinion: String = row.try_get("opinion")?;
    let record = Record {
        pdq: PdqHash(words_of(row, "pdq", id)?),
        pdq_quality: quality_of(row.try_get("pdq_quality")?, id)?,
        gradient: gradient_of(row, id)?,
        views: Vec::new(),
        note: row.try_get("note")?,
        external_id: row.try_get("external_id")?,
        opinion: Opinion::from_name(&opinion).ok_or(StoreError::Corrupt(id))?,
        enabled: row.try_get::<i64, _>("enabled")? != 0,
        quarantined: row.try_get("quarantined")?,
        added_at: row.try_get("added_at")?,
    };
    Ok((ContentId(id), record))
}

/// Empty for contents that came as PDQ hashes alone.
fn gradient_of(row: &AnyRow, id: i64) -> Result<Option<GradientHash>, StoreError> {
    if row.try_get::<Vec<u8>, _>("gradient")?.is_empty() {
        return Ok(None);
    }
    Ok(Some(GradientHash(words_of(row, "gradient", id)?)))
}
