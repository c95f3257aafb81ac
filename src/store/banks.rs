//! Banks: named lists of known photos, each kept as its hashes and a note.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Store, StoreError};
use crate::core::hashes::{GradientHash, PdqHash, PdqQuality, PhotoHashes};
use crate::core::index::ContentId;

/// A bank's name: 1 to 64 of `A`-`Z`, `0`-`9`, `_`, the custom of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankName(String);

/// What a person wrote beside a content; at most [`Note::BYTES_MAX`] bytes, may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note(String);

/// A bank and how much it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    pub name: String,
    pub contents: i64,
    /// Seconds since 1970, UTC.
    pub created_at: i64,
}

/// A photo to be banked.
#[derive(Debug, Clone)]
pub struct NewContent {
    pub hashes: PhotoHashes,
    pub note: Note,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

/// A banked photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub id: ContentId,
    pub hashes: PhotoHashes,
    pub note: String,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

impl BankName {
    /// Checks the rule.
    pub fn new(name: &str) -> Result<Self, StoreError> {
        const CHARACTERS_MAX: usize = 64;
        let allowed = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
        if name.is_empty() || CHARACTERS_MAX < name.len() || !name.bytes().all(allowed) {
            let shown = name.chars().take(CHARACTERS_MAX + 1).collect();
            return Err(StoreError::BankName(shown));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Note {
    /// Bytes of a note.
    pub const BYTES_MAX: usize = 1000;

    /// Checks the limit, and that a terminal or a table can show it.
    pub fn new(text: &str) -> Result<Self, StoreError> {
        if text.chars().any(char::is_control) {
            return Err(StoreError::NoteNotPlain);
        }
        if Self::BYTES_MAX < text.len() {
            let (bytes, bytes_max) = (text.len(), Self::BYTES_MAX);
            return Err(StoreError::NoteTooLong { bytes, bytes_max });
        }
        Ok(Self(text.to_owned()))
    }
}

const BANKS: &str = "select bank.name as name, bank.created_at as created_at, \
     count(content.id) as contents from bank \
     left join content on content.bank_id = bank.id";

impl Store {
    /// Creates an empty bank.
    pub async fn create_bank(&self, name: &BankName, created_at: i64) -> Result<(), StoreError> {
        let statement = "insert into bank (name, created_at) values ($1, $2) \
                         on conflict (name) do nothing";
        let done =
            sqlx::query(statement).bind(name.as_str()).bind(created_at).execute(&self.pool).await?;
        match done.rows_affected() {
            0 => Err(StoreError::BankExists(name.0.clone())),
            _ => Ok(()),
        }
    }

    /// All banks, by name.
    pub async fn banks(&self) -> Result<Vec<Bank>, StoreError> {
        let statement =
            format!("{BANKS} group by bank.id, bank.name, bank.created_at order by bank.name");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&self.pool).await?;
        rows.iter().map(bank_of).collect()
    }

    /// One bank.
    pub async fn bank(&self, name: &BankName) -> Result<Bank, StoreError> {
        let statement =
            format!("{BANKS} where bank.name = $1 group by bank.id, bank.name, bank.created_at");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_optional(&self.pool)
            .await?;
        bank_of(&row.ok_or_else(|| StoreError::NoSuchBank(name.0.clone()))?)
    }

    /// Removes a bank and all its contents.
    pub async fn delete_bank(&self, name: &BankName) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let generation = super::changes::raise_generation(&mut transaction).await?;
        let bank = bank_id(&mut transaction, name).await?;
        sqlx::query(
            "insert into removal (content_id, generation) \
             select id, $1 from content where bank_id = $2",
        )
        .bind(generation)
        .bind(bank)
        .execute(&mut *transaction)
        .await?;
        for statement in [
            "delete from view_hash where content_id in (select id from content where bank_id = $1)",
            "delete from content where bank_id = $1",
            "delete from bank where id = $1",
        ] {
            sqlx::query(statement).bind(bank).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Banks a photo; one whose hashes the bank already holds is not added again. Gives its id and
    /// whether it is new.
    pub async fn add_content(
        &self,
        name: &BankName,
        content: &NewContent,
    ) -> Result<(ContentId, bool), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let generation = super::changes::raise_generation(&mut transaction).await?;
        let bank = bank_id(&mut transaction, name).await?;
        let (pdq, gradient) = (bytes_of(content.hashes.pdq.0), bytes_of(content.hashes.gradient.0));
        let added = sqlx::query(
            "insert into content (bank_id, pdq, pdq_quality, gradient, note, added_at, generation) \
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning id",
        )
        .bind(bank)
        .bind(pdq.clone())
        .bind(i32::from(content.hashes.pdq_quality.value()))
        .bind(gradient.clone())
        .bind(content.note.0.as_str())
        .bind(content.added_at)
        .bind(generation)
        .fetch_optional(&mut *transaction)
        .await?;
        if let Some(row) = added {
            let id = row.try_get("id")?;
            transaction.commit().await?;
            return Ok((ContentId(id), true));
        }
        let row =
            sqlx::query("select id from content where bank_id = $1 and pdq = $2 and gradient = $3")
                .bind(bank)
                .bind(pdq)
                .bind(gradient)
                .fetch_one(&mut *transaction)
                .await?;
        // Nothing changed: the generation stays as it was.
        transaction.rollback().await?;
        Ok((ContentId(row.try_get("id")?), false))
    }

    /// Up to `count_max` contents of a bank with ids above `after`, by id.
    pub async fn contents(
        &self,
        name: &BankName,
        after: ContentId,
        count_max: u16,
    ) -> Result<Vec<Content>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let bank = bank_id(&mut connection, name).await?;
        let rows = sqlx::query(
            "select id, pdq, pdq_quality, gradient, note, added_at from content \
             where bank_id = $1 and $2 < id order by id limit $3",
        )
        .bind(bank)
        .bind(after.0)
        .bind(i64::from(count_max))
        .fetch_all(&mut *connection)
        .await?;
        rows.iter().map(content_of).collect()
    }

    /// Removes one banked photo.
    pub async fn remove_content(&self, name: &BankName, id: ContentId) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        let generation = super::changes::raise_generation(&mut transaction).await?;
        let bank = bank_id(&mut transaction, name).await?;
        let statement = "delete from view_hash where content_id = \
                         (select id from content where bank_id = $1 and id = $2)";
        sqlx::query(statement).bind(bank).bind(id.0).execute(&mut *transaction).await?;
        let removed = sqlx::query("delete from content where bank_id = $1 and id = $2")
            .bind(bank)
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        if removed.rows_affected() == 0 {
            return Err(StoreError::NoSuchContent { bank: name.0.clone(), content: id.0 });
        }
        sqlx::query("insert into removal (content_id, generation) values ($1, $2)")
            .bind(id.0)
            .bind(generation)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }
}

pub(super) async fn bank_id(
    connection: &mut AnyConnection,
    name: &BankName,
) -> Result<i64, StoreError> {
    let row = sqlx::query("select id from bank where name = $1")
        .bind(name.as_str())
        .fetch_optional(connection)
        .await?;
    let row = row.ok_or_else(|| StoreError::NoSuchBank(name.0.clone()))?;
    Ok(row.try_get("id")?)
}

fn bank_of(row: &AnyRow) -> Result<Bank, StoreError> {
    Ok(Bank {
        name: row.try_get("name")?,
        contents: row.try_get("contents")?,
        created_at: row.try_get("created_at")?,
    })
}

fn content_of(row: &AnyRow) -> Result<Content, StoreError> {
    let id: i64 = row.try_get("id")?;
    let quality: i64 = row.try_get("pdq_quality")?;
    let hashes = PhotoHashes {
        pdq: PdqHash(words_of(row, "pdq", id)?),
        pdq_quality: quality_of(quality, id)?,
        gradient: GradientHash(words_of(row, "gradient", id)?),
    };
    let (note, added_at) = (row.try_get("note")?, row.try_get("added_at")?);
    Ok(Content { id: ContentId(id), hashes, note, added_at })
}

pub(super) fn quality_of(value: i64, id: i64) -> Result<PdqQuality, StoreError> {
    let quality = u8::try_from(value).ok().and_then(PdqQuality::new);
    quality.ok_or(StoreError::Corrupt(id))
}

/// Hashes are stored as 32 bytes in the order of their hexadecimal form.
pub(super) fn bytes_of(words: [u64; 4]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub(super) fn words_of(row: &AnyRow, column: &str, id: i64) -> Result<[u64; 4], StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| StoreError::Corrupt(id))?;
    Ok(crate::core::hashes::words_from(bytes))
}
