//! Copying a whole database into an empty one, of the same kind or another, and summing up what one
//! holds so that two can be compared.
//!
//! Everything is copied, with its ids and generations, but for the list of snapshots of the index,
//! which were taken of the other database, that of workers, which are alive there, and that of
//! sessions of reviewers, who log in again. The copy is one transaction: all of it, or nothing.

use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::copy_tables::{Kind, TABLES, Table};
use super::database::Store;
use super::dialect::{AnyQuery, Dialect};
use super::error::StoreError;
use super::generation;

/// What a table holds: how many rows, and a digest of their values in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSum {
    pub table: &'static str,
    pub rows: u64,
    /// SHA-256.
    pub digest: [u8; 32],
}

#[derive(Debug, Clone)]
enum Value {
    Int(i32),
    BigInt(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Store {
    /// Copies everything into an empty database, as it is at one moment.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] when `to` holds anything; then, as on any other error, it stays as
    /// it is.
    pub async fn copy_into(&self, to: &Store) -> Result<(), StoreError> {
        let mut reading = self.begin_reading().await?;
        let mut writing = to.begin().await?;
        generation::lock(&mut writing, to.dialect).await?;
        if !is_empty(&mut writing).await? {
            return Err(StoreError::NotEmpty(to.place.clone()));
        }
        // What a new database begins with.
        for begun in ["delete from generation", "delete from access", "delete from tenant"] {
            sqlx::query(begun).execute(&mut *writing).await?;
        }
        for table in &TABLES {
            let mut after = None;
            while let Some(rows) = table.page(&mut reading, after.as_deref()).await? {
                table.insert(&mut writing, to.dialect, &rows).await?;
                after = rows.last().map(|row| table.key(row).to_vec());
            }
            if table.gives_ids {
                let highest = highest_id(&mut reading, self.dialect, table.name).await?;
                set_highest_id(&mut writing, to.dialect, table.name, highest).await?;
            }
        }
        to.commit(writing).await?;
        Ok(reading.commit().await?)
    }

    /// Sums up all tables that are copied, as they are at one moment.
    pub async fn sums(&self) -> Result<Vec<TableSum>, StoreError> {
        let mut reading = self.begin_reading().await?;
        let mut sums = Vec::new();
        for table in &TABLES {
            let (mut digest, mut count, mut after) = (Sha256::new(), 0, None);
            while let Some(rows) = table.page(&mut reading, after.as_deref()).await? {
                rows.iter().flatten().for_each(|value| value.digest(&mut digest));
                count += rows.len() as u64;
                after = rows.last().map(|row| table.key(row).to_vec());
            }
            let digest = digest.finalize().into();
            sums.push(TableSum { table: table.name, rows: count, digest });
        }
        reading.commit().await?;
        Ok(sums)
    }
}

/// Whether nothing was ever written to a database.
async fn is_empty(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "select (select count(*) from bank) + (select value from generation) \
             + (select count(*) from tenant where id <> 1) \
             + (select count(*) from photo_check) \
             + (select count(*) from webhook_endpoint) \
             + (select count(*) from tenant_policy) + (select count(*) from idempotent_call) \
             + (select count(*) from audit_entry) \
             + (select keys_required from access) as changes",
    )
    .fetch_one(connection)
    .await?;
    Ok(row.try_get::<i64, _>("changes")? == 0)
}

impl Table {
    /// Rows that are in memory at once; fewer where each may be a whole photo.
    fn page_rows(&self) -> usize {
        if self.name == "waiting_photo" { 4 } else { 4096 }
    }

    /// The key of a row.
    fn key<'r>(&self, row: &'r [Value]) -> &'r [Value] {
        row.get(..self.key_columns).unwrap_or(row)
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// The next rows after a key, in the order of keys; `None` when there are no more.
    async fn page(
        &self,
        connection: &mut AnyConnection,
        after: Option<&[Value]>,
    ) -> Result<Option<Vec<Vec<Value>>>, StoreError> {
        let key: Vec<&str> =
            self.columns.iter().take(self.key_columns).map(|(name, _)| *name).collect();
        let key = key.join(", ");
        let begin = after.map_or_else(String::new, |after| {
            let values: Vec<_> = (1..=after.len()).map(|place| format!("${place}")).collect();
            format!("where ({key}) > ({})", values.join(", "))
        });
        let statement = format!(
            "select {} from {} {begin} order by {key} limit {}",
            self.names(),
            self.name,
            self.page_rows()
        );
        let query = sqlx::query(AssertSqlSafe(statement));
        let query = after.unwrap_or_default().iter().fold(query, |query, value| value.bind(query));
        let rows = query.fetch_all(connection).await?;
        let rows: Result<Vec<_>, _> = rows.iter().map(|row| self.read(row)).collect();
        Ok(Some(rows?).filter(|rows| !rows.is_empty()))
    }

    fn read(&self, row: &AnyRow) -> Result<Vec<Value>, StoreError> {
        let values = self.columns.iter().map(|(name, kind)| {
            Ok(match kind {
                Kind::Int => {
                    let value: i64 = row.try_get(name)?;
                    Value::Int(i32::try_from(value).map_err(|_| StoreError::Corrupt(value))?)
                }
                Kind::BigInt => Value::BigInt(row.try_get(name)?),
                Kind::Text => Value::Text(row.try_get(name)?),
                Kind::Bytes => Value::Bytes(row.try_get(name)?),
            })
        });
        values.collect()
    }

    async fn insert(
        &self,
        connection: &mut AnyConnection,
        dialect: Dialect,
        rows: &[Vec<Value>],
    ) -> Result<(), StoreError> {
        for rows in rows.chunks(dialect.statement_photos()) {
            let statement = format!(
                "insert into {} ({}) values {}",
                self.name,
                self.names(),
                dialect.placeholders().rows(rows.len(), self.columns.len())
            );
            let query = dialect.query(statement, rows.len());
            let query = rows.iter().flatten().fold(query, |query, value| value.bind(query));
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }
}

impl Value {
    fn bind<'q>(&self, query: AnyQuery<'q>) -> AnyQuery<'q> {
        match self {
            Self::Int(value) => query.bind(*value),
            Self::BigInt(value) => query.bind(*value),
            Self::Text(value) => query.bind(value.clone()),
            Self::Bytes(value) => query.bind(value.clone()),
        }
    }

    /// Adds the value with its length, so that no two rows read alike.
    fn digest(&self, digest: &mut Sha256) {
        let mut add = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        match self {
            Self::Int(value) => add(&value.to_le_bytes()),
            Self::BigInt(value) => add(&value.to_le_bytes()),
            Self::Text(value) => add(value.as_bytes()),
            Self::Bytes(value) => add(value),
        }
    }
}

/// The highest id that a table ever gave.
async fn highest_id(
    connection: &mut AnyConnection,
    dialect: Dialect,
    table: &str,
) -> Result<i64, StoreError> {
    let statement = AssertSqlSafe(dialect.highest_id_query(table));
    let row = sqlx::query(statement).fetch_optional(connection).await?;
    row.map_or(Ok(0), |row| Ok(row.try_get("highest")?))
}

/// Makes a table give higher ids than this one.
async fn set_highest_id(
    connection: &mut AnyConnection,
    dialect: Dialect,
    table: &str,
    highest: i64,
) -> Result<(), StoreError> {
    for statement in dialect.set_highest_id(table, highest) {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}
