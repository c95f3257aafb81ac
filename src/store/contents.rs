//! Contents: the photos of a bank, each kept as its hashes and what is known and thought of it.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::banks::bank_row;
use super::changes::raise_generation;
use super::{BankName, Store, StoreError};
use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::matching::hashes::{PdqHash, PdqQuality, PhotoHashes};
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::views::ViewHashes;

/// What a person wrote beside a content; at most [`Note::BYTES_MAX`] bytes, may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note(String);

/// What somebody else calls a content; at most [`ExternalId::BYTES_MAX`] bytes, may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExternalId(String);

/// A photo to be banked.
#[derive(Debug, Clone)]
pub struct NewContent {
    pub hashes: PhotoHashes,
    /// The hashes of views other than the whole.
    pub views: Vec<ViewHashes>,
    pub note: Note,
    pub external_id: ExternalId,
    pub opinion: Opinion,
    pub enabled: bool,
    /// Why it is not to be looked up although it is enabled; empty when it is.
    pub quarantined: String,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

/// A banked photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub id: ContentId,
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    pub note: String,
    pub external_id: String,
    pub opinion: Opinion,
    /// Whether it is looked up.
    pub enabled: bool,
    /// Why it is not looked up although it is enabled; empty while it is.
    pub quarantined: String,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

/// What is to be changed of a content; `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContentChange {
    pub note: Option<Note>,
    pub external_id: Option<ExternalId>,
    pub opinion: Option<Opinion>,
    pub enabled: Option<bool>,
    /// Out of quarantine, for good.
    pub release: bool,
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

impl ExternalId {
    /// Bytes of an external id.
    pub const BYTES_MAX: usize = 256;

    /// Checks the limit, and that a terminal or a table can show it.
    pub fn new(text: &str) -> Result<Self, StoreError> {
        if text.chars().any(char::is_control) {
            return Err(StoreError::ExternalIdNotPlain);
        }
        if Self::BYTES_MAX < text.len() {
            let (bytes, bytes_max) = (text.len(), Self::BYTES_MAX);
            return Err(StoreError::ExternalIdTooLong { bytes, bytes_max });
        }
        Ok(Self(text.to_owned()))
    }
}

const COLUMNS: &str = "select id, pdq, pdq_quality, note, external_id, opinion, enabled, \
     quarantined, added_at from content";

impl Store {
    /// Banks a photo; one whose hashes the bank already holds is not added again, and stays as it
    /// is. Gives its id and whether it is new.
    ///
    /// # Errors
    /// [`StoreError::BankOfSightings`] when the bank's purpose is `seen`.
    pub async fn add_content(
        &self,
        name: &BankName,
        content: &NewContent,
    ) -> Result<(ContentId, bool), StoreError> {
        let mut transaction = self.begin().await?;
        let generation = raise_generation(&mut transaction).await?;
        let bank = bank_row(&mut transaction, name).await?;
        if bank.purpose == Purpose::Seen {
            return Err(StoreError::BankOfSightings(name.as_str().to_owned()));
        }
        if let Some(held) = held(&mut transaction, bank.id, &content.hashes).await? {
            // Nothing changed: the generation stays as it was.
            transaction.rollback().await?;
            return Ok((held, false));
        }
        let id = insert(&mut transaction, bank.id, content, generation).await?;
        self.commit(transaction).await?;
        Ok((id, true))
    }

    /// Up to `count_max` contents of a bank with ids above `after`, by id.
    pub async fn contents(
        &self,
        name: &BankName,
        after: ContentId,
        count_max: u16,
    ) -> Result<Vec<Content>, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        let bank = bank_row(&mut connection, name).await?.id;
        let statement = format!("{COLUMNS} where bank_id = $1 and $2 < id order by id limit $3");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(bank)
            .bind(after.0)
            .bind(i64::from(count_max))
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(content_of).collect()
    }

    /// One content of a bank.
    pub async fn content(&self, name: &BankName, id: ContentId) -> Result<Content, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        let bank = bank_row(&mut connection, name).await?.id;
        let statement = format!("{COLUMNS} where bank_id = $1 and id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(bank)
            .bind(id.0)
            .fetch_optional(&mut *connection)
            .await?;
        content_of(&row.ok_or_else(|| no_such(name, id))?)
    }

    /// Changes what is known and thought of a content, for the next lookup to show.
    pub async fn change_content(
        &self,
        name: &BankName,
        id: ContentId,
        change: &ContentChange,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let generation = raise_generation(&mut transaction).await?;
        let bank = bank_row(&mut transaction, name).await?.id;
        let statement = "update content set note = coalesce($1, note), \
             external_id = coalesce($2, external_id), opinion = coalesce($3, opinion), \
             enabled = coalesce($4, enabled), \
             quarantined = case when $5 = 1 then '' else quarantined end, \
             released = case when $5 = 1 then 1 else released end \
             where bank_id = $6 and id = $7";
        let changed = sqlx::query(statement)
            .bind(change.note.as_ref().map(|note| note.0.as_str()))
            .bind(change.external_id.as_ref().map(|id| id.0.as_str()))
            .bind(change.opinion.map(Opinion::name))
            .bind(change.enabled.map(i32::from))
            .bind(i32::from(change.release))
            .bind(bank)
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(no_such(name, id));
        }
        replace(&mut transaction, id, generation).await?;
        self.commit(transaction).await
    }

    /// Keeps a content from being looked up, for this reason. Gives whether that changed anything:
    /// one that a person has released stays so.
    pub async fn quarantine(&self, id: ContentId, reason: &str) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let generation = raise_generation(&mut transaction).await?;
        let statement = "update content set quarantined = $1 \
             where id = $2 and quarantined = '' and released = 0";
        let changed =
            sqlx::query(statement).bind(reason).bind(id.0).execute(&mut *transaction).await?;
        if changed.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        replace(&mut transaction, id, generation).await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Removes one banked photo.
    pub async fn remove_content(&self, name: &BankName, id: ContentId) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let generation = raise_generation(&mut transaction).await?;
        let bank = bank_row(&mut transaction, name).await?.id;
        for statement in [
            "delete from view_hash where content_id = \
                 (select id from content where bank_id = $1 and id = $2)",
            "delete from sighting where content_id = \
                 (select id from content where bank_id = $1 and id = $2)",
        ] {
            sqlx::query(statement).bind(bank).bind(id.0).execute(&mut *transaction).await?;
        }
        let removed = sqlx::query("delete from content where bank_id = $1 and id = $2")
            .bind(bank)
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        if removed.rows_affected() == 0 {
            return Err(no_such(name, id));
        }
        note_removal(&mut transaction, id, generation).await?;
        self.commit(transaction).await
    }
}

fn no_such(name: &BankName, id: ContentId) -> StoreError {
    StoreError::NoSuchContent { bank: name.as_str().to_owned(), content: id.0 }
}

/// The content of a bank that has these very hashes.
pub(super) async fn held(
    connection: &mut AnyConnection,
    bank: i64,
    hashes: &PhotoHashes,
) -> Result<Option<ContentId>, StoreError> {
    let statement = "select id from content where bank_id = $1 and pdq = $2 and gradient = $3";
    let row = sqlx::query(statement)
        .bind(bank)
        .bind(bytes_of(hashes.pdq.0))
        .bind(bytes_of(hashes.gradient.0))
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get("id").map(ContentId)).transpose()?)
}

/// Writes a content that the bank does not hold.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    bank: i64,
    content: &NewContent,
    generation: i64,
) -> Result<ContentId, StoreError> {
    let row = sqlx::query(
        "insert into content (bank_id, pdq, pdq_quality, gradient, note, external_id, opinion, \
             enabled, quarantined, added_at, generation) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id",
    )
    .bind(bank)
    .bind(bytes_of(content.hashes.pdq.0))
    .bind(i32::from(content.hashes.pdq_quality.value()))
    .bind(bytes_of(content.hashes.gradient.0))
    .bind(content.note.0.as_str())
    .bind(content.external_id.0.as_str())
    .bind(content.opinion.name())
    .bind(i32::from(content.enabled))
    .bind(content.quarantined.as_str())
    .bind(content.added_at)
    .bind(generation)
    .fetch_one(&mut *connection)
    .await?;
    let id = ContentId(row.try_get("id")?);
    insert_views(connection, id, &content.views).await?;
    Ok(id)
}

async fn insert_views(
    connection: &mut AnyConnection,
    id: ContentId,
    views: &[ViewHashes],
) -> Result<(), StoreError> {
    for ViewHashes { view, hashes } in views {
        sqlx::query(
            "insert into view_hash (content_id, view, pdq, pdq_quality, gradient) \
             values ($1, $2, $3, $4, $5)",
        )
        .bind(id.0)
        .bind(i32::from(view.code()))
        .bind(bytes_of(hashes.pdq.0))
        .bind(i32::from(hashes.pdq_quality.value()))
        .bind(bytes_of(hashes.gradient.0))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Makes indexes take a content anew: what they hold of it goes, what the banks hold of it comes.
pub(super) async fn replace(
    connection: &mut AnyConnection,
    id: ContentId,
    generation: i64,
) -> Result<(), StoreError> {
    sqlx::query("update content set generation = $1 where id = $2")
        .bind(generation)
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    note_removal(connection, id, generation).await
}

async fn note_removal(
    connection: &mut AnyConnection,
    id: ContentId,
    generation: i64,
) -> Result<(), StoreError> {
    let statement = "insert into removal (content_id, generation) values ($1, $2) \
         on conflict (content_id) do update set generation = excluded.generation";
    sqlx::query(statement).bind(id.0).bind(generation).execute(connection).await?;
    Ok(())
}

fn content_of(row: &AnyRow) -> Result<Content, StoreError> {
    let id: i64 = row.try_get("id")?;
    let quality: i64 = row.try_get("pdq_quality")?;
    let opinion: String = row.try_get("opinion")?;
    Ok(Content {
        id: ContentId(id),
        pdq: PdqHash(words_of(row, "pdq", id)?),
        pdq_quality: quality_of(quality, id)?,
        note: row.try_get("note")?,
        external_id: row.try_get("external_id")?,
        opinion: Opinion::from_name(&opinion).ok_or(StoreError::Corrupt(id))?,
        enabled: row.try_get::<i64, _>("enabled")? != 0,
        quarantined: row.try_get("quarantined")?,
        added_at: row.try_get("added_at")?,
    })
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
    Ok(photocheck_core::matching::hashes::words_from(bytes))
}
