//! Contents: the photos of a bank, each kept as its hashes and what people say about it.

use photocheck_core::bank::{
    BankFacts, BankId, BankedPhoto, BankedView, ExternalId, Note, Opinion,
};
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality};
use photocheck_core::matching::index::ContentId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::audit;
use super::banks::{ensure_exchanged, ensure_exists};
use super::columns::{
    gradient_bytes, hash_bytes, quarantined_text, read_enabled, read_external_id, read_id,
    read_note, read_opinion, read_pdq, read_quality, read_quarantined,
};
use super::database::Store;
use super::dialect::Dialect;
use super::error::{Refusal, StoreError};
use super::generation;
use super::messages::insert_messages;
use crate::audit::Action;
use crate::tenancy::TenantId;
use crate::webhooks::NewEvent;

/// A banked photo as it is listed: without its hashes, which no list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub id: ContentId,
    pub pdq_quality: PdqQuality,
    pub note: Note,
    pub external_id: ExternalId,
    pub opinion: Opinion,
    /// Whether photos are to be matched against it.
    pub enabled: bool,
    /// Why photos are not matched against it although it is enabled.
    pub quarantined: Option<String>,
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

const COLUMNS: &str = "select id, pdq_quality, note, external_id, opinion, enabled, quarantined, \
     added_at from content";

impl Store {
    /// Banks a photo; one whose hashes the bank already holds is not added again, and stays as it
    /// is. Returns its id and whether it is new.
    ///
    /// # Errors
    /// [`Refusal::BankOfSightings`] when the bank's purpose is `seen`.
    pub async fn add_photo(
        &self,
        bank: &BankFacts,
        photo: &BankedPhoto,
    ) -> Result<(ContentId, bool), StoreError> {
        self.add_photo_telling(bank, photo, |_| Vec::new()).await
    }

    /// The same, and has the bank's tenant told of what that means, if it was added.
    pub async fn add_photo_telling(
        &self,
        bank: &BankFacts,
        photo: &BankedPhoto,
        events: impl FnOnce(ContentId) -> Vec<NewEvent>,
    ) -> Result<(ContentId, bool), StoreError> {
        ensure_exchanged(bank)?;
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        ensure_exists(&mut transaction, bank).await?;
        let existing = find_existing(&mut transaction, bank.id, photo.pdq, photo.gradient).await?;
        if let Some(existing) = existing {
            // Nothing changed: the generation stays as it was.
            transaction.rollback().await?;
            return Ok((existing, false));
        }
        let id = insert(&mut transaction, self.dialect, bank.id, photo, generation).await?;
        let tenant = owner(&mut transaction, bank.id).await?;
        for event in &events(id) {
            insert_messages(&mut transaction, tenant, event, None, photo.added_at).await?;
        }
        let subject = subject_of(bank, id);
        audit::append(&mut transaction, self, tenant, Action::ContentAdded, &subject).await?;
        if photo.quarantined.is_some() {
            let action = Action::ContentQuarantined;
            audit::append(&mut transaction, self, tenant, action, &subject).await?;
        }
        self.commit(transaction).await?;
        Ok((id, true))
    }

    /// Up to `count_max` contents of a bank with ids above `after`, by id.
    pub async fn contents(
        &self,
        bank: &BankFacts,
        after: ContentId,
        count_max: u16,
    ) -> Result<Vec<Content>, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        ensure_exists(&mut connection, bank).await?;
        let statement = format!("{COLUMNS} where bank_id = $1 and $2 < id order by id limit $3");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(bank.id.0)
            .bind(after.0)
            .bind(i64::from(count_max))
            .fetch_all(&mut *connection)
            .await?;
        rows.iter().map(read_content).collect()
    }

    /// One content of a bank.
    pub async fn content(&self, bank: &BankFacts, id: ContentId) -> Result<Content, StoreError> {
        let statement = format!("{COLUMNS} where bank_id = $1 and id = $2");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(bank.id.0)
            .bind(id.0)
            .fetch_optional(self.reading()?)
            .await?;
        read_content(&row.ok_or_else(|| no_such_content(bank, id))?)
    }

    /// The PDQ hash of a content.
    ///
    /// # Errors
    /// [`Refusal::BankOfSightings`] when it is a photo that was seen on an account: its hash is
    /// nobody's who has no such photo.
    pub async fn hash_of(&self, bank: &BankFacts, id: ContentId) -> Result<PdqHash, StoreError> {
        ensure_exchanged(bank)?;
        let row = sqlx::query("select pdq from content where bank_id = $1 and id = $2")
            .bind(bank.id.0)
            .bind(id.0)
            .fetch_optional(self.reading()?)
            .await?;
        read_pdq(&row.ok_or_else(|| no_such_content(bank, id))?, id)
    }

    /// Changes what people say about a content, for the next lookup to show.
    pub async fn change_content(
        &self,
        bank: &BankFacts,
        id: ContentId,
        change: &ContentChange,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        let statement = "update content set note = coalesce($1, note), \
             external_id = coalesce($2, external_id), opinion = coalesce($3, opinion), \
             enabled = coalesce($4, enabled), \
             quarantined = case when $5 = 1 then '' else quarantined end, \
             released = case when $5 = 1 then 1 else released end \
             where bank_id = $6 and id = $7";
        let changed = sqlx::query(statement)
            .bind(change.note.as_ref().map(Note::as_str))
            .bind(change.external_id.as_ref().map(ExternalId::as_str))
            .bind(change.opinion.map(Opinion::name))
            .bind(change.enabled.map(i32::from))
            .bind(i32::from(change.release))
            .bind(bank.id.0)
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        if changed.rows_affected() == 0 {
            return Err(no_such_content(bank, id).into());
        }
        replace(&mut transaction, id, generation).await?;
        let subject = format!("{}{}", subject_of(bank, id), changed_words(change));
        audit::append_of_bank(&mut transaction, self, bank.id, Action::ContentChanged, &subject)
            .await?;
        self.commit(transaction).await
    }

    /// Keeps a content of a tenant's banks from being looked up, for this reason. Returns whether
    /// that changed anything: one that a person has released stays so, and so does one of a bank
    /// that another tenant shares.
    pub async fn quarantine(
        &self,
        tenant: TenantId,
        id: ContentId,
        reason: &str,
    ) -> Result<bool, StoreError> {
        self.quarantine_telling(tenant, id, reason, None).await
    }

    /// The same, and has the tenant told of it, at this time.
    pub async fn quarantine_telling(
        &self,
        tenant: TenantId,
        id: ContentId,
        reason: &str,
        event: Option<(&NewEvent, i64)>,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        let statement = "update content set quarantined = $1 \
             where id = $2 and quarantined = '' and released = 0 \
             and bank_id in (select id from bank where tenant_id = $3) returning bank_id";
        let changed = sqlx::query(statement)
            .bind(reason)
            .bind(id.0)
            .bind(tenant.0)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = changed else {
            transaction.rollback().await?;
            return Ok(false);
        };
        let bank = name_of(&mut transaction, BankId(row.try_get("bank_id")?)).await?;
        replace(&mut transaction, id, generation).await?;
        if let Some((event, now_s)) = event {
            insert_messages(&mut transaction, tenant, event, None, now_s).await?;
        }
        let subject = format!("{bank}/{}", id.0);
        audit::append(&mut transaction, self, tenant, Action::ContentQuarantined, &subject).await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Removes one banked photo.
    pub async fn remove_content(&self, bank: &BankFacts, id: ContentId) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        if !remove_locked(&mut transaction, bank.id, id).await? {
            return Err(no_such_content(bank, id).into());
        }
        let subject = subject_of(bank, id);
        audit::append_of_bank(&mut transaction, self, bank.id, Action::ContentRemoved, &subject)
            .await?;
        self.commit(transaction).await
    }
}

/// Removes a banked photo inside a transaction that has read nothing of the banks, or has their
/// write lock. Returns whether there was one.
pub(super) async fn remove_locked(
    connection: &mut AnyConnection,
    bank: BankId,
    id: ContentId,
) -> Result<bool, StoreError> {
    let generation = generation::raise(&mut *connection).await?;
    for statement in [
        "delete from view_hash where content_id = \
             (select id from content where bank_id = $1 and id = $2)",
        "delete from sighting where content_id = \
             (select id from content where bank_id = $1 and id = $2)",
    ] {
        sqlx::query(statement).bind(bank.0).bind(id.0).execute(&mut *connection).await?;
    }
    let removed = sqlx::query("delete from content where bank_id = $1 and id = $2")
        .bind(bank.0)
        .bind(id.0)
        .execute(&mut *connection)
        .await?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    note_removal(connection, id, generation).await?;
    Ok(true)
}

/// Banks a photo inside a transaction that has the banks' write lock. One whose hashes the bank
/// already holds is not added again, and stays as it is. Returns its id and whether it is new.
pub(super) async fn add_locked(
    connection: &mut AnyConnection,
    dialect: Dialect,
    bank: &BankFacts,
    photo: &BankedPhoto,
) -> Result<(ContentId, bool), StoreError> {
    ensure_exchanged(bank)?;
    ensure_exists(&mut *connection, bank).await?;
    let existing = find_existing(&mut *connection, bank.id, photo.pdq, photo.gradient).await?;
    if let Some(existing) = existing {
        return Ok((existing, false));
    }
    let generation = generation::raise(&mut *connection).await?;
    Ok((insert(connection, dialect, bank.id, photo, generation).await?, true))
}

fn no_such_content(bank: &BankFacts, id: ContentId) -> Refusal {
    Refusal::NoSuchContent { bank: bank.name.clone(), content: id.0 }
}

/// Finds the content of a bank that has these very hashes.
pub(super) async fn find_existing(
    connection: &mut AnyConnection,
    bank: BankId,
    pdq: PdqHash,
    gradient: Option<GradientHash>,
) -> Result<Option<ContentId>, StoreError> {
    let statement = "select id from content where bank_id = $1 and pdq = $2 and gradient = $3";
    let row = sqlx::query(statement)
        .bind(bank.0)
        .bind(hash_bytes(pdq.0))
        .bind(gradient_bytes(gradient))
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read_id).transpose()
}

/// Writes a photo that the bank does not hold.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    dialect: Dialect,
    bank: BankId,
    photo: &BankedPhoto,
    generation: i64,
) -> Result<ContentId, StoreError> {
    let row = sqlx::query(
        "insert into content (bank_id, pdq, pdq_quality, gradient, note, external_id, opinion, \
             enabled, quarantined, added_at, generation) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id",
    )
    .bind(bank.0)
    .bind(hash_bytes(photo.pdq.0))
    .bind(i32::from(photo.pdq_quality.value()))
    .bind(gradient_bytes(photo.gradient))
    .bind(photo.note.as_str())
    .bind(photo.external_id.as_str())
    .bind(photo.opinion.name())
    .bind(i32::from(photo.enabled))
    .bind(quarantined_text(photo.quarantined.as_deref()))
    .bind(photo.added_at)
    .bind(generation)
    .fetch_one(&mut *connection)
    .await?;
    let id = read_id(&row)?;
    insert_views(connection, dialect, id, &photo.views).await?;
    Ok(id)
}

/// Writes the views of a content that has none.
pub(super) async fn insert_views(
    connection: &mut AnyConnection,
    dialect: Dialect,
    id: ContentId,
    views: &[BankedView],
) -> Result<(), StoreError> {
    const COLUMNS_COUNT: usize = 5;
    if views.is_empty() {
        return Ok(());
    }
    // One statement: on a server each is a round trip, while others wait to write.
    let rows = dialect.placeholders().rows(views.len(), COLUMNS_COUNT);
    let statement = format!(
        "insert into view_hash (content_id, view, pdq, pdq_quality, gradient) values {rows}"
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(statement));
    let query = views.iter().fold(query, |query, view| {
        query
            .bind(id.0)
            .bind(i32::from(view.view.code()))
            .bind(hash_bytes(view.pdq.0))
            .bind(i32::from(view.pdq_quality.value()))
            .bind(gradient_bytes(view.gradient))
    });
    query.execute(connection).await?;
    Ok(())
}

/// Makes indexes take a content anew: what they hold of it goes, what the banks hold of it comes.
async fn replace(
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

fn read_content(row: &AnyRow) -> Result<Content, StoreError> {
    let id = read_id(row)?;
    Ok(Content {
        id,
        pdq_quality: read_quality(row, id)?,
        note: read_note(row, id)?,
        external_id: read_external_id(row, id)?,
        opinion: read_opinion(row, id)?,
        enabled: read_enabled(row)?,
        quarantined: read_quarantined(row)?,
        added_at: row.try_get("added_at")?,
    })
}

/// What an entry of the audit log calls a content.
pub(super) fn subject_of(bank: &BankFacts, id: ContentId) -> String {
    format!("{}/{}", bank.name, id.0)
}

/// What of a content was changed, for the audit log: no text that a person wrote.
fn changed_words(change: &ContentChange) -> String {
    let ContentChange { note, external_id, opinion, enabled, release } = change;
    let mut words = String::new();
    for (is_changed, word) in
        [(note.is_some(), "note"), (external_id.is_some(), "external_id"), (*release, "released")]
    {
        if is_changed {
            words = format!("{words} {word}");
        }
    }
    if let Some(opinion) = opinion {
        words = format!("{words} opinion={}", opinion.name());
    }
    enabled.map_or(words.clone(), |enabled| format!("{words} enabled={enabled}"))
}

/// What a bank is called.
pub(super) async fn name_of(
    connection: &mut AnyConnection,
    bank: BankId,
) -> Result<String, StoreError> {
    let row = sqlx::query("select name from bank where id = $1")
        .bind(bank.0)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get("name")?)
}

/// Whose bank it is.
async fn owner(connection: &mut AnyConnection, bank: BankId) -> Result<TenantId, StoreError> {
    let row = sqlx::query("select tenant_id from bank where id = $1")
        .bind(bank.0)
        .fetch_one(connection)
        .await?;
    Ok(TenantId(row.try_get("tenant_id")?))
}
