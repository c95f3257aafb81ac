//! Exporting banks: what they keep of their photos, page by page.

use std::collections::HashMap;

use photocheck_core::bank::{BankFacts, BankedPhoto, BankedView};
use photocheck_core::matching::index::ContentId;
use sqlx::AnyConnection;

use super::banks::{ensure_exchanged, ensure_exists};
use super::columns::{read_banked_view, read_id, read_photo};
use super::database::Store;
use super::dialect::Dialect;
use super::error::StoreError;

impl Store {
    /// Up to `count_max` contents of a bank with ids above `after`, by id, with all their hashes.
    /// Each page is of one moment; a content that comes or goes meanwhile may be in or not.
    ///
    /// # Errors
    /// [`super::Refusal::BankOfSightings`] when the bank's purpose is `seen`.
    pub async fn photos(
        &self,
        bank: &BankFacts,
        after: ContentId,
        count_max: u16,
    ) -> Result<Vec<(ContentId, BankedPhoto)>, StoreError> {
        ensure_exchanged(bank)?;
        // Contents and views are of the same moment.
        let mut transaction = self.begin_reading().await?;
        ensure_exists(&mut transaction, bank).await?;
        // By id and not by the index on banks, which would sort all of the bank for each page.
        let statement = format!(
            "select id, pdq, pdq_quality, gradient, note, external_id, opinion, enabled, \
                 quarantined, added_at \
             from content where {bank_id} = $1 and $2 < id order by id limit $3",
            bank_id = self.dialect.unindexed("bank_id"),
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(bank.id.0)
            .bind(after.0)
            .bind(i64::from(count_max))
            .fetch_all(&mut *transaction)
            .await?;
        let photos: Result<Vec<_>, _> = rows.iter().map(read_photo).collect();
        let mut photos = photos?;
        let ids: Vec<ContentId> = photos.iter().map(|(id, _)| *id).collect();
        let mut views = views(&mut transaction, self.dialect, &ids).await?;
        for (id, photo) in &mut photos {
            photo.views = views.remove(id).unwrap_or_default();
        }
        transaction.commit().await?;
        Ok(photos)
    }
}

/// The views of contents, by id.
async fn views(
    connection: &mut AnyConnection,
    dialect: Dialect,
    ids: &[ContentId],
) -> Result<HashMap<ContentId, Vec<BankedView>>, StoreError> {
    if ids.is_empty() {
        // Not every database takes an empty list.
        return Ok(HashMap::new());
    }
    let statement = format!(
        "select content_id as id, view, pdq, pdq_quality, gradient from view_hash \
         where content_id in ({}) order by content_id, view",
        dialect.placeholders().list(ids.len())
    );
    let query = dialect.query(statement, ids.len());
    let rows = ids.iter().fold(query, |query, id| query.bind(id.0)).fetch_all(connection).await?;
    let mut views: HashMap<ContentId, Vec<BankedView>> = HashMap::new();
    for row in &rows {
        let id = read_id(row)?;
        views.entry(id).or_default().push(read_banked_view(row, id)?);
    }
    Ok(views)
}
