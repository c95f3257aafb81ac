//! The store: banks and their contents in a database, the one truth that indexes are made from.
//!
//! All SQL of the program stands in this folder. The statements are the same for every database
//! that is supported; only the migrations differ. Each change of what banks hold is one transaction
//! that raises the generation, so an index can ask for what came since the generation it shows.

mod banks;
mod changes;
mod contents;
mod error;
mod export;
mod import;
mod sightings;
mod snapshots;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};

pub use banks::{Bank, BankName};
pub use contents::{Content, ContentChange, ExternalId, NewContent, Note};
pub use error::StoreError;
pub use import::{BATCH_RECORDS, Import, Imported};
pub use sightings::{Expired, NewSighting, Recorded, SeenBefore};

/// Connections at once; SQLite lets one of them write.
const CONNECTIONS_MAX: u32 = 8;

/// An open database with its migrations applied. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    file: Option<PathBuf>,
}

impl Store {
    /// Opens the database at `url`: `sqlite:` and the path of a file, which is created if need be.
    ///
    /// # Errors
    /// [`StoreError`] when the URL is of no supported kind or the database cannot be opened.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(StoreError::UnsupportedUrl);
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        create_folder_of(Path::new(path))?;
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .connect(&format!("sqlite://{}?mode=rwc", escaped(path)))
            .await?;
        // Readers go on while one writes; without it a lookup could wait for an import.
        sqlx::query("pragma journal_mode = wal").execute(&pool).await?;
        migrations().run(&pool).await?;
        let file = (path != ":memory:").then(|| PathBuf::from(path));
        Ok(Self { pool, file })
    }

    /// Waits for what is under way and closes.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A path is given as it is; inside a URL three of its characters would mean something else.
fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}

fn create_folder_of(file: &Path) -> Result<(), StoreError> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(StoreError::Folder)
        }
        _ => Ok(()),
    }
}

fn migrations() -> Migrator {
    let all = [
        (1, "banks", include_str!("../../migrations/sqlite/0001_banks.sql")),
        (
            2,
            "purposes_and_views",
            include_str!("../../migrations/sqlite/0002_purposes_and_views.sql"),
        ),
        (3, "snapshots", include_str!("../../migrations/sqlite/0003_snapshots.sql")),
        (4, "sightings", include_str!("../../migrations/sqlite/0004_sightings.sql")),
    ];
    let migrations = all.into_iter().map(|(version, name, sql)| {
        let sql = sqlx::SqlStr::from_static(sql);
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}
