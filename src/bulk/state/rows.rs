//! What is known of entries, and keeping what came of them.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::{Digest, State, set_value};
use crate::bulk::entry::{Entry, Key, Label};
use crate::bulk::examine::Examination;
use photocheck_core::matching::views::kept::KeptViews;

/// What is known of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing, or it has changed since, or its bytes must be read to tell.
    No,
    /// All: it was checked as it is now.
    Done,
    /// It came up before in this run.
    Twice,
}

/// What came of an entry.
#[derive(Debug, Clone)]
pub enum Done {
    /// It was done already.
    Kept(Key),
    Row(Box<DoneRow>),
}

/// An entry that was read.
#[derive(Debug, Clone)]
pub struct DoneRow {
    pub entry: Entry,
    /// `None` where the bytes could not be read.
    pub digest: Option<Digest>,
    /// Why they could not: a code, and words.
    pub error: Option<(String, String)>,
    /// `None` where the same bytes were checked already.
    pub check: Option<Examination>,
}

impl State {
    /// What is known of an entry.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known(&self, entry: &Entry) -> sqlx::Result<Known> {
        let found = sqlx::query(
            "SELECT path, id, account, carried, stamp, run,
                    EXISTS (SELECT 1 FROM checks WHERE checks.digest = rows.digest) AS is_checked
             FROM rows WHERE key = ?",
        )
        .bind(entry.key.0.as_slice())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = found else { return Ok(Known::No) };
        if row.try_get::<i64, _>("run")? == self.run {
            return Ok(Known::Twice);
        }
        let is_same = label_of(&row)? == entry.label
            && entry.stamp.is_some()
            && row.try_get::<Option<String>, _>("stamp")? == entry.stamp;
        Ok(if is_same && row.try_get("is_checked")? { Known::Done } else { Known::No })
    }

    /// Whether these bytes were checked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_checked(&self, digest: &Digest) -> sqlx::Result<bool> {
        let found = sqlx::query("SELECT 1 FROM checks WHERE digest = ?").bind(digest.as_slice());
        Ok(found.fetch_optional(&self.pool).await?.is_some())
    }

    /// Keeps what came of some entries. Returns how many of them came up before in this run, and
    /// are not kept again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep(&self, done: &[Done]) -> anyhow::Result<u64> {
        let mut change = self.pool.begin().await?;
        let mut twice = 0;
        for one in done {
            match one {
                Done::Kept(key) => twice += u64::from(!self.mark(&mut change, *key).await?),
                Done::Row(row) => twice += u64::from(!self.keep_row(&mut change, row).await?),
            }
        }
        change.commit().await?;
        Ok(twice)
    }

    /// False if it came up before in this run.
    async fn mark(&self, change: &mut SqliteConnection, key: Key) -> sqlx::Result<bool> {
        let mark = sqlx::query("UPDATE rows SET run = ?1 WHERE key = ?2 AND run <> ?1");
        let marked = mark.bind(self.run).bind(key.0.as_slice()).execute(change).await?;
        Ok(0 < marked.rows_affected())
    }

    /// False if it came up before in this run.
    async fn keep_row(&self, change: &mut SqliteConnection, row: &DoneRow) -> anyhow::Result<bool> {
        if let (Some(digest), Some(check)) = (&row.digest, &row.check) {
            keep_check(change, digest, check).await?;
        }
        let DoneRow { entry, digest, error, .. } = row;
        let found = sqlx::query(
            "SELECT path, id, account, carried, stamp, digest, error_code, error, run, part
             FROM rows WHERE key = ?",
        )
        .bind(entry.key.0.as_slice())
        .fetch_optional(&mut *change)
        .await?;
        if let Some(found) = found {
            if found.try_get::<i64, _>("run")? == self.run {
                return Ok(false);
            }
            if found.try_get::<Option<i64>, _>("part")?.is_some() {
                let is_same = label_of(&found)? == entry.label
                    && digest_of(&found)? == *digest
                    && error_of(&found)? == *error;
                if is_same {
                    let stamp = sqlx::query("UPDATE rows SET stamp = ? WHERE key = ?");
                    let stamp = stamp.bind(&entry.stamp).bind(entry.key.0.as_slice());
                    stamp.execute(&mut *change).await?;
                    return Ok(self.mark(change, entry.key).await?);
                }
                // What was written of it is no longer so.
                set_value(change, "stale", "1").await?;
            }
        }
        self.write_row(change, row).await?;
        Ok(true)
    }

    async fn write_row(&self, change: &mut SqliteConnection, row: &DoneRow) -> anyhow::Result<()> {
        let DoneRow { entry, digest, error, .. } = row;
        let Label { path, id, account, carried } = &entry.label;
        let (code, message) = error.clone().unzip();
        sqlx::query(
            "INSERT OR REPLACE INTO rows
             (key, path, id, account, carried, file, stamp, digest, error_code, error, run, part)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        )
        .bind(entry.key.0.as_slice())
        .bind(path)
        .bind(id)
        .bind(account)
        .bind(serde_json::to_string(carried)?)
        .bind(&entry.file)
        .bind(&entry.stamp)
        .bind(digest.as_ref().map(Digest::as_slice))
        .bind(code)
        .bind(message)
        .bind(self.run)
        .execute(change)
        .await?;
        Ok(())
    }
}

async fn keep_check(
    change: &mut SqliteConnection,
    digest: &Digest,
    check: &Examination,
) -> anyhow::Result<()> {
    let Examination { outcome, report, views } = check;
    sqlx::query(
        "INSERT OR REPLACE INTO checks (digest, outcome, verdict, error_code, report, views)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(digest.as_slice())
    .bind(serde_json::to_string(outcome)?)
    .bind(&outcome.verdict)
    .bind(&outcome.error_code)
    .bind(report)
    .bind(views.as_ref().map(KeptViews::to_bytes))
    .execute(change)
    .await?;
    Ok(())
}

fn label_of(row: &SqliteRow) -> sqlx::Result<Label> {
    let carried: String = row.try_get("carried")?;
    Ok(Label {
        path: row.try_get("path")?,
        id: row.try_get("id")?,
        account: row.try_get("account")?,
        carried: serde_json::from_str(&carried)
            .map_err(|error| sqlx::Error::Decode(error.into()))?,
    })
}

fn digest_of(row: &SqliteRow) -> sqlx::Result<Option<Digest>> {
    let digest: Option<Vec<u8>> = row.try_get("digest")?;
    Ok(digest.and_then(|digest| digest.try_into().ok()))
}

fn error_of(row: &SqliteRow) -> sqlx::Result<Option<(String, String)>> {
    let code: Option<String> = row.try_get("error_code")?;
    let message: Option<String> = row.try_get("error")?;
    Ok(code.zip(message))
}
