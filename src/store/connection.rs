//! Connections to a database: how it is to be opened, and the pool that keeps them.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe};

use super::dialect::Dialect;
use super::error::StoreError;

/// Connections at once; SQLite lets one of them write.
pub(super) const CONNECTIONS_MAX: u32 = 8;

/// Time for a connection to become free.
const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(10);

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Whether it is created where there is none.
    pub create: bool,
    /// Whether it is enough to read it, where it cannot be written.
    pub read_only_will_do: bool,
    /// How long a writer waits for another one.
    pub lock_wait_max: Duration,
    /// Folder for the snapshot of the index of a database on a server; that of a file stands
    /// beside it.
    pub snapshot_folder: Option<PathBuf>,
}

impl Default for Opening {
    fn default() -> Self {
        let lock_wait_max = Duration::from_secs(5);
        Self { create: false, read_only_will_do: false, lock_wait_max, snapshot_folder: None }
    }
}

/// A pool of connections, each with the settings of its dialect.
pub(super) async fn connect(
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
