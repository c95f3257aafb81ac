//! Sightings: which accounts showed which photo of a bank, and until when that is kept.

use std::collections::HashMap;

use photocheck_core::bank::{BankFacts, BankId, BankedPhoto, Purpose};
use photocheck_core::matching::hashes::{PdqHash, PhotoHashes};
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::views::{View, ViewHashes};
use photocheck_core::signals::SeenElsewhere;
use sqlx::{AnyConnection, Row};

use super::audit;
use super::banks::ensure_exists;
use super::columns::{read_id, read_pdq, read_view};
use super::contents::{find_existing, insert};
use super::database::Store;
use super::dialect::Dialect;
use super::error::StoreError;
use super::generation;
use crate::accounts::AccountHash;
use crate::audit::Action;

/// A photo that an account shows.
#[derive(Debug, Clone)]
pub struct NewSighting {
    pub hashes: PhotoHashes,
    /// The hashes of views other than the whole.
    pub views: Vec<ViewHashes>,
    /// Photos of the bank that this one is a copy of, nearest first.
    pub copies: Vec<ContentId>,
    pub account: AccountHash,
    /// Seconds since 1970, UTC.
    pub seen_at: i64,
    /// Sightings that were last seen before do not count any more.
    pub expired_before: i64,
}

/// What became of a sighting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub content: ContentId,
    /// Whether the bank held no copy of this photo before.
    pub is_new: bool,
    pub elsewhere: SeenElsewhere,
}

/// A photo that was seen before it was banked elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBefore {
    pub bank: String,
    pub content: ContentId,
    pub accounts: i64,
    /// Seconds since 1970, UTC.
    pub last_seen_at: Option<i64>,
}

/// How much was deleted because its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    pub sightings: u64,
    pub contents: u64,
}

impl Store {
    /// Makes sure that a bank takes sightings, of accounts hashed under the key of this check.
    ///
    /// # Errors
    /// [`StoreError::NotForSightings`] when its purpose is another, [`StoreError::OtherAccountKey`]
    /// when it was filled under another key.
    pub async fn claim_for_sightings(
        &self,
        bank: &BankFacts,
        key_check: &str,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        lock_for_sightings(&mut transaction, self.dialect, bank).await?;
        let claimed_by: String = sqlx::query("select account_key_check from bank where id = $1")
            .bind(bank.id.0)
            .fetch_one(&mut *transaction)
            .await?
            .try_get("account_key_check")?;
        if !claimed_by.is_empty() && claimed_by != key_check {
            return Err(StoreError::OtherAccountKey(bank.name.clone()));
        }
        sqlx::query("update bank set account_key_check = $1 where id = $2")
            .bind(key_check)
            .bind(bank.id.0)
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    /// Records that an account shows a photo: as a sighting of the nearest copy that the bank
    /// holds, or else of a new content. Says on how many other accounts it was seen, over all
    /// copies.
    pub async fn record_sighting(
        &self,
        bank: &BankFacts,
        sighting: &NewSighting,
    ) -> Result<Recorded, StoreError> {
        let mut transaction = self.begin().await?;
        lock_for_sightings(&mut transaction, self.dialect, bank).await?;
        let mut copies = existing_ids(&mut transaction, bank.id, &sighting.copies).await?;
        let PhotoHashes { pdq, gradient, .. } = sighting.hashes;
        let content = match copies.first() {
            Some(nearest) => Some(*nearest),
            None => find_existing(&mut transaction, bank.id, pdq, Some(gradient)).await?,
        };
        let is_new = content.is_none();
        let content = match content {
            Some(content) => content,
            None => insert_seen(&mut transaction, self.dialect, bank.id, sighting).await?,
        };
        if copies.is_empty() {
            copies.push(content);
        }
        let statement = "insert into sighting (content_id, account, first_seen_at, last_seen_at) \
             values ($1, $2, $3, $3) on conflict (content_id, account) \
             do update set last_seen_at = excluded.last_seen_at";
        sqlx::query(statement)
            .bind(content.0)
            .bind(sighting.account.0.to_vec())
            .bind(sighting.seen_at)
            .execute(&mut *transaction)
            .await?;
        let (other_accounts, since_s) = elsewhere(&mut transaction, &copies, sighting).await?;
        self.commit(transaction).await?;
        let elsewhere = SeenElsewhere { bank: bank.name.clone(), other_accounts, since_s };
        Ok(Recorded { content, is_new, elsewhere })
    }

    /// Of each of these contents that is there: its bank, how many accounts showed it, and when
    /// the last did.
    pub async fn seen_before(&self, ids: &[ContentId]) -> Result<Vec<SeenBefore>, StoreError> {
        let statement = format!(
            "select content.id as id, bank.name as bank, count(sighting.account) as accounts, \
                 max(sighting.last_seen_at) as last_seen_at \
             from content join bank on bank.id = content.bank_id \
             left join sighting on sighting.content_id = content.id \
             where content.id in ({}) group by content.id, bank.name",
            id_list(ids)
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.reading()?).await?;
        let mut found = HashMap::new();
        for row in &rows {
            let content = read_id(row)?;
            let (bank, accounts) = (row.try_get("bank")?, row.try_get("accounts")?);
            let last_seen_at = row.try_get("last_seen_at")?;
            found.insert(content, SeenBefore { bank, content, accounts, last_seen_at });
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// The PDQ hash of each view of each of these contents that is there, in the order of `ids`.
    pub async fn view_hashes(
        &self,
        ids: &[ContentId],
    ) -> Result<Vec<Vec<(View, PdqHash)>>, StoreError> {
        let list = id_list(ids);
        let statement = format!(
            "select id, {whole} as view, pdq from content where id in ({list}) union all \
             select content_id, view, pdq from view_hash where content_id in ({list})",
            whole = View::Whole.code(),
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.reading()?).await?;
        let mut found: HashMap<ContentId, Vec<(View, PdqHash)>> = HashMap::new();
        for row in &rows {
            let id = read_id(row)?;
            let hash = (read_view(row, id)?, read_pdq(row, id)?);
            found.entry(id).or_default().push(hash);
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Deletes the sightings of a bank that were last seen before `before`, and then its contents
    /// that no account shows any more.
    pub async fn delete_expired(
        &self,
        bank: &BankFacts,
        before: i64,
    ) -> Result<Expired, StoreError> {
        let mut transaction = self.begin().await?;
        lock_for_sightings(&mut transaction, self.dialect, bank).await?;
        let statement = "delete from sighting where last_seen_at < $1 \
             and content_id in (select id from content where bank_id = $2)";
        let gone =
            sqlx::query(statement).bind(before).bind(bank.id.0).execute(&mut *transaction).await?;
        self.commit(transaction).await?;
        let contents = self.delete_all_unseen(bank.id).await?;
        Ok(Expired { sightings: gone.rows_affected(), contents })
    }

    /// Deletes the sightings of an account in a bank, and then its contents that no account shows
    /// any more.
    pub async fn delete_account(
        &self,
        bank: &BankFacts,
        account: AccountHash,
    ) -> Result<Expired, StoreError> {
        let mut transaction = self.begin().await?;
        lock_for_sightings(&mut transaction, self.dialect, bank).await?;
        let statement = "delete from sighting where account = $1 \
             and content_id in (select id from content where bank_id = $2)";
        let gone = sqlx::query(statement)
            .bind(account.0.to_vec())
            .bind(bank.id.0)
            .execute(&mut *transaction)
            .await?;
        // Which account is nobody's business.
        let (action, subject) = (Action::AccountErased, bank.name.as_str());
        audit::append_of_bank(&mut transaction, self, bank.id, action, subject).await?;
        self.commit(transaction).await?;
        let contents = self.delete_all_unseen(bank.id).await?;
        Ok(Expired { sightings: gone.rows_affected(), contents })
    }

    /// Deletes the contents of a bank that have no sighting; returns how many. In batches: whoever
    /// waits to write waits for one of them.
    async fn delete_all_unseen(&self, bank: BankId) -> Result<u64, StoreError> {
        let (mut after, mut contents) = (ContentId(0), 0);
        while let Some((last, deleted)) = self.delete_unseen(bank, after).await? {
            after = last;
            contents += deleted;
        }
        Ok(contents)
    }

    /// Deletes one batch of contents with ids above `after` that have no sighting. Returns the last
    /// id of the batch, and how many were deleted; `None` when there was none.
    async fn delete_unseen(
        &self,
        bank: BankId,
        after: ContentId,
    ) -> Result<Option<(ContentId, u64)>, StoreError> {
        const BATCH: i64 = 1000;
        const UNSEEN: &str =
            "not exists (select 1 from sighting where sighting.content_id = content.id)";
        let batch = format!(
            "select id from content where bank_id = $1 and $2 < id and {UNSEEN} \
             order by id limit {BATCH}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(batch))
            .bind(bank.0)
            .bind(after.0)
            .fetch_all(self.reading()?)
            .await?;
        let ids = rows.iter().map(read_id).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = ids.last().copied() else { return Ok(None) };
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        // Asked again under the lock: a check may have seen one of them meanwhile.
        let unseen = format!("id in ({}) and {UNSEEN}", id_list(&ids));
        let removal = format!(
            "insert into removal (content_id, generation) \
             select id, $1 from content where {unseen} \
             on conflict (content_id) do update set generation = excluded.generation"
        );
        sqlx::query(sqlx::AssertSqlSafe(removal))
            .bind(generation)
            .execute(&mut *transaction)
            .await?;
        let views = format!(
            "delete from view_hash where content_id in (select id from content where {unseen})"
        );
        sqlx::query(sqlx::AssertSqlSafe(views)).execute(&mut *transaction).await?;
        let contents = format!("delete from content where {unseen}");
        let gone = sqlx::query(sqlx::AssertSqlSafe(contents)).execute(&mut *transaction).await?;
        self.commit(transaction).await?;
        Ok(Some((last, gone.rows_affected())))
    }
}

/// Takes the write lock, and makes sure that the bank is there and takes sightings.
async fn lock_for_sightings(
    connection: &mut AnyConnection,
    dialect: Dialect,
    bank: &BankFacts,
) -> Result<(), StoreError> {
    generation::lock(connection, dialect).await?;
    ensure_exists(connection, bank).await?;
    match bank.purpose {
        Purpose::Seen => Ok(()),
        Purpose::KnownFake | Purpose::Allow => Err(StoreError::NotForSightings(bank.name.clone())),
    }
}

/// Those of `ids` that the bank holds, in their order: an index may be a moment behind.
async fn existing_ids(
    connection: &mut AnyConnection,
    bank: BankId,
    ids: &[ContentId],
) -> Result<Vec<ContentId>, StoreError> {
    let statement =
        format!("select id from content where bank_id = $1 and id in ({})", id_list(ids));
    let rows =
        sqlx::query(sqlx::AssertSqlSafe(statement)).bind(bank.0).fetch_all(connection).await?;
    let found = rows.iter().map(read_id).collect::<Result<Vec<_>, _>>()?;
    Ok(ids.iter().copied().filter(|id| found.contains(id)).collect())
}

async fn insert_seen(
    connection: &mut AnyConnection,
    dialect: Dialect,
    bank: BankId,
    sighting: &NewSighting,
) -> Result<ContentId, StoreError> {
    let generation = generation::raise(connection).await?;
    let photo = BankedPhoto::new(&sighting.hashes, &sighting.views, sighting.seen_at);
    insert(connection, dialect, bank, &photo, generation).await
}

/// How many other accounts show one of the copies, and since when.
async fn elsewhere(
    connection: &mut AnyConnection,
    copies: &[ContentId],
    sighting: &NewSighting,
) -> Result<(u32, Option<i64>), StoreError> {
    let statement = format!(
        "select count(distinct account) as accounts, min(first_seen_at) as since from sighting \
         where content_id in ({}) and account <> $1 and $2 <= last_seen_at",
        id_list(copies)
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(statement))
        .bind(sighting.account.0.to_vec())
        .bind(sighting.expired_before)
        .fetch_one(connection)
        .await?;
    let accounts: i64 = row.try_get("accounts")?;
    Ok((u32::try_from(accounts).unwrap_or(u32::MAX), row.try_get("since")?))
}

/// Writes ids as a list for `in`. They are numbers, so nothing can hide in them. Not every database
/// takes an empty list; nothing is in one of `null` alone.
fn id_list(ids: &[ContentId]) -> String {
    if ids.is_empty() {
        return "null".to_owned();
    }
    let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
    ids.join(", ")
}
