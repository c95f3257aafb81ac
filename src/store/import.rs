//! Importing many records: in batches, each one transaction, which may be repeated.
//!
//! A record is there already when the bank holds its external id, or its hashes; one without a
//! gradient hash, when the bank holds its PDQ hash. What is there is left as it is. So a file that
//! is imported twice adds nothing, and an import that was cut off is finished by repeating it.

use std::collections::HashSet;

use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, Connection, Row};

use super::banks::exchanged;
use super::changes::raise_generation;
use super::contents::bytes_of;
use super::{BankName, Store, StoreError};
use crate::exchange::Record;
use photocheck_core::matching::hashes::GradientHash;

/// Records of a batch. A batch touches pages all over an index, so few large ones write less; but
/// other writers wait while one is written.
pub const BATCH_RECORDS: usize = 32_768;

/// Records in one statement. `SQLite` takes 32,766 values.
const STATEMENT_RECORDS: usize = 256;

/// For the connection of an import. With a write-ahead log, `synchronous = normal` can lose the
/// last transactions when the power fails, but cannot damage the file. Hashes are random, so
/// inserting touches pages all over an index: these are to stay in memory, and to be copied from
/// the log into the file less often.
const SETTINGS: [&str; 3] = [
    "pragma synchronous = normal",
    "pragma cache_size = -131072",
    "pragma wal_autocheckpoint = 32768",
];

type AnyQuery<'q> = Query<'q, Any, <Any as sqlx::Database>::Arguments>;

/// An import into one bank, with a connection of its own.
#[derive(Debug)]
pub struct Import {
    store: Store,
    connection: PoolConnection<Any>,
    bank: BankName,
}

/// What became of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    pub added: u64,
    pub already_there: u64,
}

impl Store {
    /// Begins an import into a bank.
    ///
    /// # Errors
    /// [`StoreError::BankOfSightings`] when the bank's purpose is `seen`.
    pub async fn begin_import(&self, bank: &BankName) -> Result<Import, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        exchanged(&mut connection, bank).await?;
        // The settings must not outlive the import.
        connection.close_on_drop();
        for setting in SETTINGS {
            sqlx::query(setting).execute(&mut *connection).await?;
        }
        Ok(Import { store: self.clone(), connection, bank: bank.clone() })
    }
}

impl Import {
    /// Adds those of `records` that are not there already: all of them, or on an error none.
    pub async fn add(&mut self, records: &[Record]) -> Result<Imported, StoreError> {
        self.store.in_place()?;
        let mut transaction = self.connection.begin().await?;
        let generation = raise_generation(&mut transaction).await?;
        let bank = exchanged(&mut transaction, &self.bank).await?;
        let mut new = not_there(&mut transaction, bank, records).await?;
        let added = new.len() as u64;
        // In the order of the index: neighbours share its pages.
        new.sort_by_key(|record| record.pdq.0);
        for records in new.chunks(STATEMENT_RECORDS) {
            insert(&mut transaction, bank, generation, records).await?;
        }
        if added == 0 {
            // Nothing changed: the generation stays as it was.
            transaction.rollback().await?;
        } else {
            self.store.commit(transaction).await?;
        }
        Ok(Imported { added, already_there: records.len() as u64 - added })
    }
}

/// Without those that the bank or an earlier one of them holds.
async fn not_there<'a>(
    connection: &mut AnyConnection,
    bank: i64,
    records: &'a [Record],
) -> Result<Vec<&'a Record>, StoreError> {
    let mut ids = ids_there(connection, bank, records).await?;
    let there = hashes_there(connection, bank, records).await?;
    let (mut pdqs, mut pairs) = (HashSet::new(), HashSet::new());
    let mut new = Vec::with_capacity(records.len());
    for (place, record) in records.iter().enumerate() {
        let Record { pdq, gradient, external_id, .. } = record;
        let known = there.contains(&place)
            || ids.contains(external_id)
            || pairs.contains(&(pdq, gradient))
            || gradient.is_none() && pdqs.contains(pdq);
        if known {
            continue;
        }
        if !external_id.is_empty() {
            ids.insert(external_id.clone());
        }
        pdqs.insert(pdq);
        pairs.insert((pdq, gradient));
        new.push(record);
    }
    Ok(new)
}

/// Those external ids of `records` that the bank holds.
async fn ids_there(
    connection: &mut AnyConnection,
    bank: i64,
    records: &[Record],
) -> Result<HashSet<String>, StoreError> {
    let ids = records.iter().map(|record| &record.external_id);
    let ids: Vec<&String> = ids.filter(|id| !id.is_empty()).collect();
    let mut there = HashSet::new();
    for ids in ids.chunks(STATEMENT_RECORDS) {
        let statement = format!(
            "select external_id from content \
             where bank_id = ? and external_id <> '' and external_id in ({})",
            list(ids.len(), |_| "?".to_owned())
        );
        let query = query_of(statement, ids.len()).bind(bank);
        let query = ids.iter().fold(query, |query, id| query.bind((*id).clone()));
        for row in query.fetch_all(&mut *connection).await? {
            there.insert(row.try_get("external_id")?);
        }
    }
    Ok(there)
}

/// The places of those `records` of which the bank holds the hashes.
async fn hashes_there(
    connection: &mut AnyConnection,
    bank: i64,
    records: &[Record],
) -> Result<HashSet<usize>, StoreError> {
    let mut sorted: Vec<(usize, &Record)> = records.iter().enumerate().collect();
    // In the order of the index: neighbours share its pages.
    sorted.sort_by_key(|(_, record)| record.pdq.0);
    let (pairs, alone): (Vec<_>, Vec<_>) =
        sorted.into_iter().partition(|(_, record)| record.gradient.is_some());
    let mut there = HashSet::new();
    for records in pairs.chunks(STATEMENT_RECORDS) {
        let asked = list(records.len(), |place| format!("({place}, ?, ?)"));
        let statement = format!(
            "with asked (place, pdq, gradient) as (values {asked}) select place from asked \
             where exists (select 1 from content where bank_id = ? \
                 and content.pdq = asked.pdq and content.gradient = asked.gradient)"
        );
        let query =
            records.iter().fold(query_of(statement, records.len()), |query, (_, record)| {
                query.bind(bytes_of(record.pdq.0)).bind(gradient_bytes(record.gradient))
            });
        there.extend(places(connection, query.bind(bank), records).await?);
    }
    for records in alone.chunks(STATEMENT_RECORDS) {
        // Any gradient hash will do: who knows only the PDQ hash tells nothing new.
        let asked = list(records.len(), |place| format!("({place}, ?)"));
        let statement = format!(
            "with asked (place, pdq) as (values {asked}) select place from asked \
             where exists (select 1 from content where bank_id = ? and content.pdq = asked.pdq)"
        );
        let query =
            records.iter().fold(query_of(statement, records.len()), |query, (_, record)| {
                query.bind(bytes_of(record.pdq.0))
            });
        there.extend(places(connection, query.bind(bank), records).await?);
    }
    Ok(there)
}

/// The places that a query gives, which counts within `records`, as places in their file.
async fn places(
    connection: &mut AnyConnection,
    query: AnyQuery<'_>,
    records: &[(usize, &Record)],
) -> Result<Vec<usize>, StoreError> {
    let mut found = Vec::new();
    for row in query.fetch_all(connection).await? {
        let place = usize::try_from(row.try_get::<i64, _>("place")?).unwrap_or(usize::MAX);
        found.extend(records.get(place).map(|(place, _)| *place));
    }
    Ok(found)
}

/// Inserts records none of which is there.
async fn insert(
    connection: &mut AnyConnection,
    bank: i64,
    generation: i64,
    records: &[&Record],
) -> Result<(), StoreError> {
    const COLUMNS: &str = "bank_id, pdq_quality, gradient, note, added_at, generation, \
         external_id, opinion, enabled, quarantined, pdq";
    let Some(first) = records.first() else { return Ok(()) };
    if records.iter().all(|record| rest_of(record) == rest_of(first)) {
        // A list of hashes: what they share is sent once, which halves the time.
        let asked = list(records.len(), |_| "(?)".to_owned());
        let statement = format!(
            "with asked (pdq) as (values {asked}) insert into content ({COLUMNS}) \
             select ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, pdq from asked"
        );
        let query = query_of(statement, records.len());
        let query = records.iter().fold(query, |query, record| query.bind(bytes_of(record.pdq.0)));
        bind_rest(query, bank, generation, first).execute(&mut *connection).await?;
    } else {
        let rows = list(records.len(), |_| "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)".to_owned());
        let statement = format!("insert into content ({COLUMNS}) values {rows}");
        let query = records.iter().fold(query_of(statement, records.len()), |query, record| {
            bind_rest(query, bank, generation, record).bind(bytes_of(record.pdq.0))
        });
        query.execute(&mut *connection).await?;
    }
    for record in records.iter().filter(|record| !record.views.is_empty()) {
        insert_views(connection, bank, record).await?;
    }
    Ok(())
}

/// All that a row holds beside the PDQ hash.
fn rest_of(record: &Record) -> impl PartialEq + '_ {
    let Record { pdq_quality, gradient, note, external_id, quarantined, .. } = record;
    let texts = (note, external_id, quarantined);
    (pdq_quality, gradient, texts, record.opinion, record.enabled, record.added_at)
}

fn bind_rest<'q>(query: AnyQuery<'q>, bank: i64, generation: i64, record: &Record) -> AnyQuery<'q> {
    query
        .bind(bank)
        .bind(i32::from(record.pdq_quality.value()))
        .bind(gradient_bytes(record.gradient))
        .bind(record.note.clone())
        .bind(record.added_at)
        .bind(generation)
        .bind(record.external_id.clone())
        .bind(record.opinion.name())
        .bind(i32::from(record.enabled))
        .bind(record.quarantined.clone())
}

/// Inserts the views of a record that was just inserted.
async fn insert_views(
    connection: &mut AnyConnection,
    bank: i64,
    record: &Record,
) -> Result<(), StoreError> {
    let found =
        sqlx::query("select id from content where bank_id = $1 and pdq = $2 and gradient = $3")
            .bind(bank)
            .bind(bytes_of(record.pdq.0))
            .bind(gradient_bytes(record.gradient))
            .fetch_one(&mut *connection)
            .await?;
    let content: i64 = found.try_get("id")?;
    let rows = list(record.views.len(), |_| "(?, ?, ?, ?, ?)".to_owned());
    let statement = format!(
        "insert into view_hash (content_id, view, pdq, pdq_quality, gradient) values {rows}"
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(statement));
    for view in &record.views {
        query = query
            .bind(content)
            .bind(i32::from(view.view.code()))
            .bind(bytes_of(view.pdq.0))
            .bind(i32::from(view.pdq_quality.value()))
            .bind(gradient_bytes(view.gradient));
    }
    query.execute(connection).await?;
    Ok(())
}

fn gradient_bytes(gradient: Option<GradientHash>) -> Vec<u8> {
    gradient.map(|hash| bytes_of(hash.0)).unwrap_or_default()
}

/// `?` and not `$1`: `SQLite` finds a named parameter by looking through all of them, which for
/// thousands takes longer than inserting. Statements of another length than the usual are not kept.
fn query_of<'q>(statement: String, count: usize) -> AnyQuery<'q> {
    sqlx::query(sqlx::AssertSqlSafe(statement)).persistent(count == STATEMENT_RECORDS)
}

fn list(count: usize, item: impl FnMut(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}
