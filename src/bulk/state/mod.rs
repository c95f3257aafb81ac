//! The state of a job: one SQLite file, and all SQL of it.
//!
//! A row is kept once it is known what came of its photo, so a job that was killed has lost what
//! was under way and nothing else. Checks are kept by the digest of the bytes: equal bytes are
//! checked once. A row's part is set in one transaction with the part itself, after its files have
//! their names; files that the state does not know are removed at the next start.

pub mod facts;
pub mod results;
pub mod rows;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};

use super::outcome::FAILED;

/// The name of the state below the folder of the job.
pub const STATE: &str = "state.sqlite";

/// SHA-256 of a photo's bytes.
pub type Digest = [u8; 32];

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone)]
pub struct State {
    pool: SqlitePool,
    /// The number of this start of the job.
    run: i64,
}

/// What the results depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What photos are checked with. With another, all are checked again.
    pub checked_with: String,
    /// How results are written. In another way, all are written again.
    pub written_as: String,
    /// Whether what is known is forgotten.
    pub force: bool,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS job (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS rows (
        key BLOB PRIMARY KEY, path TEXT NOT NULL, id TEXT, account TEXT, carried TEXT NOT NULL,
        file TEXT, stamp TEXT, digest BLOB, error_code TEXT, error TEXT, run INTEGER NOT NULL,
        part INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS rows_without_part ON rows (path, key) WHERE part IS NULL;
    CREATE INDEX IF NOT EXISTS rows_by_digest ON rows (digest);
    CREATE INDEX IF NOT EXISTS rows_by_path ON rows (path);
    CREATE TABLE IF NOT EXISTS checks (
        digest BLOB PRIMARY KEY, outcome TEXT NOT NULL, verdict TEXT, error_code TEXT, report TEXT,
        views BLOB
    ) STRICT;
    CREATE TABLE IF NOT EXISTS parts (number INTEGER PRIMARY KEY, files TEXT NOT NULL) STRICT;
";

impl State {
    /// Opens the state of a job in a file, or begins it, and starts a run.
    ///
    /// # Errors
    /// When the file is no state of a job, or the database fails.
    pub async fn open(file: &Path, settings: &Settings) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A killed program loses nothing by it; after a power cut the last rows are done again.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(10));
        let connections = std::thread::available_parallelism().map_or(1, usize::from) + 4;
        let pool = SqlitePoolOptions::new()
            .max_connections(u32::try_from(connections).unwrap_or(u32::MAX))
            .connect_with(options)
            .await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        let mut state = Self { pool, run: 0 };
        state.begin(settings).await?;
        Ok(state)
    }

    /// Opens the state of a job that was run, to read it.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn read(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new().filename(file);
        let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await?;
        let run = value(&mut *pool.acquire().await?, "run").await?;
        let run = run.context("the job was never begun")?.parse()?;
        Ok(Self { pool, run })
    }

    async fn begin(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let mut change = self.pool.begin().await?;
        let known = value(&mut change, "checked_with").await?;
        let is_new = known.as_ref().is_some_and(|known| *known != settings.checked_with);
        if is_new || settings.force {
            sqlx::query("DELETE FROM checks").execute(&mut *change).await?;
        }
        let failed = sqlx::query("DELETE FROM checks WHERE error_code = ?").bind(FAILED);
        let failed = failed.execute(&mut *change).await?.rows_affected();
        let written_as = value(&mut change, "written_as").await?;
        let stale = value(&mut change, "stale").await?.is_some();
        let is_as_before = written_as.as_ref() == Some(&settings.written_as);
        if is_new || settings.force || 0 < failed || stale || !is_as_before {
            forget_parts(&mut change).await?;
        }
        let run = value(&mut change, "run").await?;
        self.run = run.map_or(Ok(1), |run| run.parse::<i64>().map(|run| run + 1))?;
        set_value(&mut change, "run", &self.run.to_string()).await?;
        set_value(&mut change, "checked_with", &settings.checked_with).await?;
        set_value(&mut change, "written_as", &settings.written_as).await?;
        change.commit().await?;
        Ok(())
    }

    /// Forgets rows that no longer come up, and the parts if they are no longer right. Returns
    /// whether they are to be written again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tidy(&self) -> anyhow::Result<bool> {
        let mut change = self.pool.begin().await?;
        let gone = sqlx::query("DELETE FROM rows WHERE run <> ?").bind(self.run);
        let gone = gone.execute(&mut *change).await?.rows_affected();
        let is_stale = 0 < gone || value(&mut change, "stale").await?.is_some();
        if is_stale {
            forget_parts(&mut change).await?;
        }
        change.commit().await?;
        Ok(is_stale)
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// What the job keeps under a name.
async fn value(connection: &mut SqliteConnection, name: &str) -> sqlx::Result<Option<String>> {
    let found = sqlx::query_scalar("SELECT value FROM job WHERE name = ?").bind(name);
    found.fetch_optional(connection).await
}

async fn set_value(change: &mut SqliteConnection, name: &str, value: &str) -> sqlx::Result<()> {
    let set = sqlx::query("INSERT OR REPLACE INTO job (name, value) VALUES (?, ?)");
    set.bind(name).bind(value).execute(change).await.map(|_| ())
}

/// All rows are to be written again; the files go when they are not known.
async fn forget_parts(change: &mut SqliteConnection) -> sqlx::Result<()> {
    for forget in [
        "UPDATE rows SET part = NULL WHERE part IS NOT NULL",
        "DELETE FROM parts",
        "DELETE FROM job WHERE name = 'stale'",
    ] {
        sqlx::query(forget).execute(&mut *change).await?;
    }
    Ok(())
}
