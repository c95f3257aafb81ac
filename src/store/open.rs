//! Opening a database: what may be created, what is brought up to date, what can only be read.
//!
//! What is particular to a file stands in `file.rs`, to a server in `server.rs`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::AnyPool;
use tokio::sync::Mutex;

use super::connection::{CONNECTIONS_MAX, Opening, connect};
use super::database::Store;
use super::dialect::Dialect;
use super::error::StoreError;
use super::file::{self, DatabaseFile};
use super::schema::{self, Found, is_up_to_date, what_is_there};
use super::server;

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
    /// Opens the database at `url`, as [`Self::open_with`] does; begins one where there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the URL is of no supported kind or the database cannot be opened.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, Opening { create: true, ..Opening::default() }).await
    }

    /// Opens the database at `url`: `sqlite:` and the path of a file, or `postgres://` and a
    /// server's address and a database there.
    ///
    /// # Errors
    /// [`StoreError`] when the URL is of no supported kind, there is no database and none may be
    /// created, or it cannot be opened.
    pub async fn open_with(url: &str, opening: Opening) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if server::is_meant(url) {
            return server::open(url, &opening).await;
        }
        let path = url.strip_prefix("sqlite:").ok_or(StoreError::UnsupportedUrl)?;
        match path.strip_prefix("//").unwrap_or(path) {
            ":memory:" => open_in_memory(opening.lock_wait_max).await,
            path => open_file(path, &opening).await,
        }
    }
}

async fn open_in_memory(lock_wait_max: Duration) -> Result<Store, StoreError> {
    // Each connection would have a database of its own.
    let pool = connect(Dialect::Sqlite, "sqlite::memory:", 1, lock_wait_max).await?;
    schema::migrations(Dialect::Sqlite).run(&pool).await?;
    let store = Store::new(pool, Dialect::Sqlite, ":memory:".to_owned());
    Ok(Store { is_new: true, ..store })
}

async fn open_file(path: &str, opening: &Opening) -> Result<Store, StoreError> {
    let is_new = file::find_or_create(Path::new(path), opening.create)?;
    let may_begin = is_new || opening.create;
    match open_as(path, Access::Write, opening.lock_wait_max, may_begin).await {
        Err(error) if opening.read_only_will_do && error.wants_no_writing() => {}
        opened => return opened.map(|store| Store { is_new, ..store }),
    }
    match open_as(path, Access::Read, opening.lock_wait_max, false).await {
        // Readers of a log share memory beside it, which cannot be had in a read-only folder.
        Err(error) if error.wants_no_writing() && file::log_is_empty(Path::new(path)) => {
            open_as(path, Access::ReadUnshared, opening.lock_wait_max, false).await
        }
        opened => opened,
    }
}

async fn open_as(
    path: &str,
    access: Access,
    lock_wait_max: Duration,
    may_begin: bool,
) -> Result<Store, StoreError> {
    let named = |error: StoreError| StoreError::Open { place: path.into(), error: Box::new(error) };
    if access == Access::Write {
        file::ensure_writable(Path::new(path))?;
    }
    let file = DatabaseFile::at(Path::new(path))?;
    let dialect = Dialect::Sqlite;
    let url = format!("sqlite://{}?{}", escape(path), access.parameters());
    let pool = connect(dialect, &url, CONNECTIONS_MAX, lock_wait_max).await;
    let pool = pool.map_err(named)?;
    let prepared = prepare(&pool, access, may_begin).await;
    let anchored = match prepared {
        Ok(()) => pool.acquire().await.map_err(StoreError::from),
        Err(error) => Err(error),
    };
    let mut anchor = anchored.map_err(named)?.detach();
    // It takes part in the log from its first look at the database.
    let first_look = sqlx::query("select value from generation").execute(&mut anchor).await;
    first_look.map_err(StoreError::from).map_err(named)?;
    let snapshot = Some(file::beside(Path::new(path), ".index"));
    let file = Some(file.with_log());
    let anchor = Arc::new(Mutex::new(Some(anchor)));
    let store = Store { file, snapshot, anchor, ..Store::new(pool, dialect, path.to_owned()) };
    store.in_place().map(|()| store)
}

/// Brings the schema up to date, or makes sure that it is.
async fn prepare(pool: &AnyPool, access: Access, may_begin: bool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    // Nothing is written into a database of somebody else.
    match what_is_there(&mut connection, Dialect::Sqlite).await? {
        Found::SomethingElse => return Err(StoreError::NotOurs),
        Found::Nothing if !may_begin => return Err(StoreError::NotOurs),
        Found::Nothing | Found::Ours => {}
    }
    if access == Access::Write {
        // Readers go on while one writes; without it a lookup could wait for an import.
        sqlx::query("pragma journal_mode = wal").execute(&mut *connection).await?;
        return Ok(schema::migrations(Dialect::Sqlite).run(&mut *connection).await?);
    }
    if is_up_to_date(&mut connection, Dialect::Sqlite).await? {
        return Ok(());
    }
    Err(StoreError::OtherVersion)
}

/// Escapes the three characters of a path that would mean something else inside a URL.
fn escape(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}
