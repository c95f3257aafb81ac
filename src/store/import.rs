//! Importing many photos: in batches, each one transaction, which may be repeated.
//!
//! A photo exists already when the bank holds its external id, or its hashes; one without a
//! gradient hash, when the bank holds its PDQ hash. What exists is left as it is. So a file that is
//! imported twice adds nothing, and an import that was cut off is finished by repeating it.

use std::collections::HashSet;

use photocheck_core::bank::{BankFacts, BankId, BankedPhoto, ExternalId};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, Connection, Row};

use super::audit;
use super::banks::{ensure_exchanged, ensure_exists};
use super::columns::{gradient_bytes, hash_bytes, quarantined_text};
use super::contents::{find_existing, insert_views};
use super::database::Store;
use super::dialect::{AnyQuery, Dialect};
use super::error::StoreError;
use super::generation;
use crate::audit::Action;

/// Photos of a batch. A batch touches pages all over an index, so few large ones write less; but
/// other writers wait while one is written.
pub const BATCH_PHOTOS: usize = 32_768;

/// An import into one bank, with a connection of its own.
#[derive(Debug)]
pub struct Import {
    store: Store,
    connection: PoolConnection<Any>,
    bank: BankFacts,
}

/// What became of photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    pub added: u64,
    pub already_there: u64,
}

impl Store {
    /// Begins an import into a bank.
    ///
    /// # Errors
    /// [`super::Refusal::BankOfSightings`] when the bank's purpose is `seen`.
    pub async fn begin_import(&self, bank: &BankFacts) -> Result<Import, StoreError> {
        ensure_exchanged(bank)?;
        let mut connection = self.reading()?.acquire().await?;
        // The settings must not outlive the import.
        connection.close_on_drop();
        for setting in self.dialect.import_settings() {
            sqlx::query(*setting).execute(&mut *connection).await?;
        }
        Ok(Import { store: self.clone(), connection, bank: bank.clone() })
    }
}

impl Import {
    /// Adds those of `photos` that do not exist already: all of them, or on an error none.
    pub async fn add(&mut self, photos: &[BankedPhoto]) -> Result<Imported, StoreError> {
        self.store.in_place()?;
        let mut transaction = self.connection.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        ensure_exists(&mut transaction, &self.bank).await?;
        let dialect = self.store.dialect;
        let mut batch = Batch { connection: &mut transaction, dialect, bank: self.bank.id };
        let mut new = batch.without_existing(photos).await?;
        let added = new.len() as u64;
        // In the order of the index: neighbours share its pages.
        new.sort_by_key(|photo| photo.pdq.0);
        for photos in new.chunks(dialect.statement_photos()) {
            batch.insert(generation, photos).await?;
        }
        if added == 0 {
            // Nothing changed: the generation stays as it was.
            transaction.rollback().await?;
        } else {
            let subject = format!("{} {added} photos", self.bank.name);
            let (store, bank, action) = (&self.store, self.bank.id, Action::BankImported);
            audit::append_of_bank(&mut transaction, store, bank, action, &subject).await?;
            self.store.commit(transaction).await?;
        }
        Ok(Imported { added, already_there: photos.len() as u64 - added })
    }
}

/// A transaction in which one batch is written.
struct Batch<'a> {
    connection: &'a mut AnyConnection,
    dialect: Dialect,
    bank: BankId,
}

impl Batch<'_> {
    /// Leaves out those that the bank or an earlier one of them holds.
    async fn without_existing<'p>(
        &mut self,
        photos: &'p [BankedPhoto],
    ) -> Result<Vec<&'p BankedPhoto>, StoreError> {
        let mut ids = self.existing_ids(photos).await?;
        let existing = self.existing_positions(photos).await?;
        let (mut pdqs, mut pairs) = (HashSet::new(), HashSet::new());
        let mut new = Vec::with_capacity(photos.len());
        for (position, photo) in photos.iter().enumerate() {
            let BankedPhoto { pdq, gradient, external_id, .. } = photo;
            let exists = existing.contains(&position)
                || ids.contains(external_id.as_str())
                || pairs.contains(&(pdq, gradient))
                || gradient.is_none() && pdqs.contains(pdq);
            if exists {
                continue;
            }
            if *external_id != ExternalId::default() {
                ids.insert(external_id.as_str().to_owned());
            }
            pdqs.insert(pdq);
            pairs.insert((pdq, gradient));
            new.push(photo);
        }
        Ok(new)
    }

    /// Those external ids of `photos` that the bank holds.
    async fn existing_ids(
        &mut self,
        photos: &[BankedPhoto],
    ) -> Result<HashSet<String>, StoreError> {
        let ids = photos.iter().map(|photo| photo.external_id.as_str());
        let ids: Vec<&str> = ids.filter(|id| !id.is_empty()).collect();
        let mut existing = HashSet::new();
        for ids in ids.chunks(self.dialect.statement_photos()) {
            let mut placeholders = self.dialect.placeholders();
            let statement = format!(
                "select external_id from content \
                 where bank_id = {} and external_id <> '' and external_id in ({})",
                placeholders.list(1),
                placeholders.list(ids.len())
            );
            let query = self.dialect.query(statement, ids.len()).bind(self.bank.0);
            let query = ids.iter().fold(query, |query, id| query.bind((*id).to_owned()));
            for row in query.fetch_all(&mut *self.connection).await? {
                existing.insert(row.try_get("external_id")?);
            }
        }
        Ok(existing)
    }

    /// The positions of those `photos` of which the bank holds the hashes.
    async fn existing_positions(
        &mut self,
        photos: &[BankedPhoto],
    ) -> Result<HashSet<usize>, StoreError> {
        let mut sorted: Vec<(usize, &BankedPhoto)> = photos.iter().enumerate().collect();
        // In the order of the index: neighbours share its pages.
        sorted.sort_by_key(|(_, photo)| photo.pdq.0);
        let (pairs, alone): (Vec<_>, Vec<_>) =
            sorted.into_iter().partition(|(_, photo)| photo.gradient.is_some());
        let dialect = self.dialect;
        let mut existing = HashSet::new();
        for photos in pairs.chunks(dialect.statement_photos()) {
            let mut placeholders = dialect.placeholders();
            let statement = format!(
                "with asked (number, pdq, gradient) as (values {}) select number from asked \
                 where exists (select 1 from content where bank_id = {} \
                     and content.pdq = asked.pdq and content.gradient = asked.gradient)",
                placeholders.numbered_rows(photos.len(), 2),
                placeholders.list(1)
            );
            let query = dialect.query(statement, photos.len());
            let query = photos.iter().fold(query, |query, (_, photo)| {
                query.bind(hash_bytes(photo.pdq.0)).bind(gradient_bytes(photo.gradient))
            });
            existing.extend(self.positions(query, photos).await?);
        }
        for photos in alone.chunks(dialect.statement_photos()) {
            // Any gradient hash will do: who knows only the PDQ hash brings nothing new.
            let mut placeholders = dialect.placeholders();
            let statement = format!(
                "with asked (number, pdq) as (values {}) select number from asked \
                 where exists (select 1 from content where bank_id = {} \
                     and content.pdq = asked.pdq)",
                placeholders.numbered_rows(photos.len(), 1),
                placeholders.list(1)
            );
            let query = dialect.query(statement, photos.len());
            let query =
                photos.iter().fold(query, |query, (_, photo)| query.bind(hash_bytes(photo.pdq.0)));
            existing.extend(self.positions(query, photos).await?);
        }
        Ok(existing)
    }

    /// Runs a query that returns numbers within `photos`, and returns positions in their file.
    async fn positions(
        &mut self,
        query: AnyQuery<'_>,
        photos: &[(usize, &BankedPhoto)],
    ) -> Result<Vec<usize>, StoreError> {
        let mut found = Vec::new();
        for row in query.bind(self.bank.0).fetch_all(&mut *self.connection).await? {
            let number = usize::try_from(row.try_get::<i64, _>("number")?).unwrap_or(usize::MAX);
            found.extend(photos.get(number).map(|(position, _)| *position));
        }
        Ok(found)
    }

    /// Inserts photos none of which exists.
    async fn insert(&mut self, generation: i64, photos: &[&BankedPhoto]) -> Result<(), StoreError> {
        const COLUMNS: &str = "bank_id, pdq_quality, gradient, note, added_at, generation, \
             external_id, opinion, enabled, quarantined, pdq";
        const COLUMNS_COUNT: usize = 11;
        let Some(first) = photos.first() else { return Ok(()) };
        let (dialect, bank) = (self.dialect, self.bank);
        let mut placeholders = dialect.placeholders();
        if photos.iter().all(|photo| shared_columns(photo) == shared_columns(first)) {
            // A list of hashes: what they share is sent once, which halves the time.
            let statement = format!(
                "with asked (pdq) as (values {}) insert into content ({COLUMNS}) \
                 select {}, pdq from asked",
                placeholders.rows(photos.len(), 1),
                placeholders.list(COLUMNS_COUNT - 1)
            );
            let query = dialect.query(statement, photos.len());
            let query =
                photos.iter().fold(query, |query, photo| query.bind(hash_bytes(photo.pdq.0)));
            bind_shared(query, bank, generation, first).execute(&mut *self.connection).await?;
        } else {
            let rows = placeholders.rows(photos.len(), COLUMNS_COUNT);
            let statement = format!("insert into content ({COLUMNS}) values {rows}");
            let query = dialect.query(statement, photos.len());
            let query = photos.iter().fold(query, |query, photo| {
                bind_shared(query, bank, generation, photo).bind(hash_bytes(photo.pdq.0))
            });
            query.execute(&mut *self.connection).await?;
        }
        for photo in photos.iter().filter(|photo| !photo.views.is_empty()) {
            self.insert_views(photo).await?;
        }
        Ok(())
    }

    /// Inserts the views of a photo that was just inserted.
    async fn insert_views(&mut self, photo: &BankedPhoto) -> Result<(), StoreError> {
        let id = find_existing(self.connection, self.bank, photo.pdq, photo.gradient).await?;
        // It was just written: the bank holds it.
        let id = id.ok_or(sqlx::Error::RowNotFound)?;
        insert_views(self.connection, self.dialect, id, &photo.views).await
    }
}

/// All that a row holds beside the PDQ hash.
fn shared_columns(photo: &BankedPhoto) -> impl PartialEq + '_ {
    let BankedPhoto { pdq_quality, gradient, note, external_id, quarantined, .. } = photo;
    let texts = (note, external_id, quarantined);
    (pdq_quality, gradient, texts, photo.opinion, photo.enabled, photo.added_at)
}

fn bind_shared<'q>(
    query: AnyQuery<'q>,
    bank: BankId,
    generation: i64,
    photo: &BankedPhoto,
) -> AnyQuery<'q> {
    query
        .bind(bank.0)
        .bind(i32::from(photo.pdq_quality.value()))
        .bind(gradient_bytes(photo.gradient))
        .bind(photo.note.as_str().to_owned())
        .bind(photo.added_at)
        .bind(generation)
        .bind(photo.external_id.as_str().to_owned())
        .bind(photo.opinion.name())
        .bind(i32::from(photo.enabled))
        .bind(quarantined_text(photo.quarantined.as_deref()))
}
