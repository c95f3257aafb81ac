//! Opening a database: what may be created, what is brought up to date, what can only be read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe, Row};
use tokio::sync::Mutex;

use super::database::Store;
use super::dialect::Dialect;
use super::error::StoreError;
use super::file::{self, DatabaseFile};

/// Connections at once; SQLite lets one of them write.
const CONNECTIONS_MAX: u32 = 8;

/// Time for a connection to become free.
const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(10);

/// How a database is opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// Whether it is created where there is none.
    pub create: bool,
    /// Whether it is enough to read it, where it cannot be written.
    pub read_only_will_do: bool,
    /// How long a writer waits for another one.
    pub lock_wait_max: Duration,
}

impl Default for Opening {
    fn default() -> Self {
        let lock_wait_max = Duration::from_secs(5);
        Self { create: false, read_only_will_do: false, lock_wait_max }
    }
}

/// How the file is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    Read,
    /// Nothing can be written beside it, not even what readers share. Nobody may change it.
    ReadUnshared,
}

impl Access {
    fn parameters(self) -> &'static str {
        match self {
            Self::Write => "mode=rw",
            Self::Read => "mode=ro",
            Self::ReadUnshared => "mode=ro&immutable=true",
        }
    }
}

impl Store {
    /// Opens the database at `url`: `sqlite:` and the path of a file, which is created if need be.
    ///
    /// # Errors
    /// [`StoreError`] when the URL is of no supported kind or the database cannot be opened.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, Opening { create: true, ..Opening::default() }).await
    }

    /// Opens the database at `url`: `sqlite:` and the path of a file.
    ///
    /// # Errors
    /// [`StoreError`] when the URL is of no supported kind, there is no database and none may be
    /// created, or it cannot be opened.
    pub async fn open_with(url: &str, opening: Opening) -> Result<Self, StoreError> {
        let (dialect, path) = Dialect::of_url(url).ok_or(StoreError::UnsupportedUrl)?;
        sqlx::any::install_default_drivers();
        if path == ":memory:" {
            // Each connection would have a database of its own.
            let pool = connect(dialect, "sqlite::memory:", 1, opening.lock_wait_max).await?;
            dialect.migrations().run(&pool).await?;
            return Ok(Self { pool, dialect, file: None, anchor: Arc::default(), is_new: true });
        }
        let is_new = file::find_or_create(Path::new(path), opening.create)?;
        let may_begin = is_new || opening.create;
        match open_as(path, Access::Write, opening, may_begin).await {
            Err(error) if opening.read_only_will_do && error.wants_no_writing() => {}
            opened => return opened.map(|store| Self { is_new, ..store }),
        }
        match open_as(path, Access::Read, opening, false).await {
            // Readers of a log share memory beside it, which cannot be had in a read-only folder.
            Err(error) if error.wants_no_writing() && file::log_is_empty(Path::new(path)) => {
                open_as(path, Access::ReadUnshared, opening, false).await
            }
            opened => opened,
        }
    }
}

async fn open_as(
    path: &str,
    access: Access,
    opening: Opening,
    may_begin: bool,
) -> Result<Store, StoreError> {
    let named = |error: StoreError| StoreError::Open { file: path.into(), error: Box::new(error) };
    if access == Access::Write {
        file::ensure_writable(Path::new(path))?;
    }
    let file = DatabaseFile::at(Path::new(path))?;
    let dialect = Dialect::Sqlite;
    let url = format!("sqlite://{}?{}", escape(path), access.parameters());
    let pool = connect(dialect, &url, CONNECTIONS_MAX, opening.lock_wait_max).await;
    let pool = pool.map_err(named)?;
    let prepared = prepare(&pool, dialect, access, may_begin).await;
    let anchored = match prepared {
        Ok(()) => pool.acquire().await.map_err(StoreError::from),
        Err(error) => Err(error),
    };
    let mut anchor = anchored.map_err(named)?.detach();
    // It takes part in the log from its first look at the database.
    let first_look = sqlx::query("select value from generation").execute(&mut anchor).await;
    first_look.map_err(StoreError::from).map_err(named)?;
    let file = Some(file.with_log());
    let anchor = Arc::new(Mutex::new(Some(anchor)));
    let store = Store { pool, dialect, file, anchor, is_new: false };
    store.in_place().map(|()| store)
}

async fn connect(
    dialect: Dialect,
    url: &str,
    connections_max: u32,
    lock_wait_max: Duration,
) -> Result<AnyPool, StoreError> {
    let settings = dialect.connection_settings(lock_wait_max);
    let pool = AnyPoolOptions::new()
        .max_connections(connections_max)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(CONNECTION_WAIT_MAX)
        .after_connect(move |connection, _| {
            let settings = AssertSqlSafe(settings.clone());
            Box::pin(async move { sqlx::query(settings).execute(connection).await.map(|_| ()) })
        })
        .connect(url)
        .await?;
    Ok(pool)
}

/// Brings the schema up to date, or makes sure that it is.
async fn prepare(
    pool: &AnyPool,
    dialect: Dialect,
    access: Access,
    may_begin: bool,
) -> Result<(), StoreError> {
    let row = sqlx::query(dialect.tables_query()).fetch_one(pool).await?;
    let (tables, migrations_of): (i64, i64) = (row.try_get("tables")?, row.try_get("migrations")?);
    // Nothing is written into a database of somebody else.
    if migrations_of == 0 && !(may_begin && tables == 0) {
        return Err(StoreError::NotOurs);
    }
    if access == Access::Write {
        sqlx::query(dialect.write_settings()).execute(pool).await?;
        return Ok(dialect.migrations().run(pool).await?);
    }
    let row = sqlx::query("select max(version) as version from _sqlx_migrations where success")
        .fetch_one(pool)
        .await?;
    let newest = dialect.migrations().iter().map(|migration| migration.version).max();
    if row.try_get::<Option<i64>, _>("version")? != newest {
        return Err(StoreError::OtherVersion);
    }
    Ok(())
}

/// Escapes the three characters of a path that would mean something else inside a URL.
fn escape(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}
