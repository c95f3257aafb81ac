//! What differs between databases: URLs, placeholders, settings of connections, sizes of
//! statements, codes of errors, and the schema.
//!
//! All other statements of this folder are the same for every database. SQLite is the only one so
//! far; another is a variant more, and the compiler names each place that must learn of it.

use std::borrow::Cow;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, SqlStr};

/// A query whose values are bound one after the other.
pub(super) type AnyQuery<'q> = Query<'q, Any, <Any as sqlx::Database>::Arguments>;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
}

/// Writes the placeholders of a statement, in the order in which their values are bound.
#[derive(Debug)]
pub(super) struct Placeholders {
    dialect: Dialect,
}

/// What a database says went wrong, as far as the store treats it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Others write for longer than a writer waits.
    Busy,
    /// It could perhaps be opened without writing anything.
    CannotWrite,
    Other,
}

impl Dialect {
    /// The kind of the database at `url`, and the rest of the URL; `None` for no supported one.
    pub(super) fn of_url(url: &str) -> Option<(Self, &str)> {
        let path = url.strip_prefix("sqlite:")?;
        Some((Self::Sqlite, path.strip_prefix("//").unwrap_or(path)))
    }

    /// Photos in one statement. SQLite takes 32,766 values.
    pub(super) fn statement_photos(self) -> usize {
        match self {
            Self::Sqlite => 256,
        }
    }

    /// The placeholders of a statement with values for many photos.
    pub(super) fn placeholders(self) -> Placeholders {
        Placeholders { dialect: self }
    }

    /// A query with placeholders for `count` photos. Statements of another length than the
    /// usual are not kept.
    pub(super) fn query<'q>(self, statement: String, count: usize) -> AnyQuery<'q> {
        let is_usual = count == self.statement_photos();
        sqlx::query(AssertSqlSafe(statement)).persistent(is_usual)
    }

    /// A column that the database must not look up by an index on it.
    pub(super) fn unindexed(self, column: &str) -> String {
        match self {
            Self::Sqlite => format!("+{column}"),
        }
    }

    /// Sets up each connection.
    pub(super) fn connection_settings(self, lock_wait_max: Duration) -> String {
        match self {
            Self::Sqlite => format!("pragma busy_timeout = {}", lock_wait_max.as_millis()),
        }
    }

    /// Sets up a database that may be written.
    pub(super) fn write_settings(self) -> &'static str {
        match self {
            // Readers go on while one writes; without it a lookup could wait for an import.
            Self::Sqlite => "pragma journal_mode = wal",
        }
    }

    /// Sets up the connection of an import. With a write-ahead log, `synchronous = normal` can lose
    /// the last transactions when the power fails, but cannot damage the file. Hashes are random,
    /// so inserting touches pages all over an index: these are to stay in memory, and to be copied
    /// from the log into the file less often.
    pub(super) fn import_settings(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[
                "pragma synchronous = normal",
                "pragma cache_size = -131072",
                "pragma wal_autocheckpoint = 32768",
            ],
        }
    }

    /// Asks how many `tables` there are, and how many of them are of `migrations`.
    pub(super) fn tables_query(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "select count(*) as tables, \
                     count(case when name = '_sqlx_migrations' then 1 end) as migrations \
                 from sqlite_master where type = 'table'"
            }
        }
    }

    /// The schema, step by step.
    pub(super) fn migrations(self) -> Migrator {
        let all = match self {
            Self::Sqlite => [
                (1, "banks", include_str!("../../migrations/sqlite/0001_banks.sql")),
                (
                    2,
                    "purposes_and_views",
                    include_str!("../../migrations/sqlite/0002_purposes_and_views.sql"),
                ),
                (3, "snapshots", include_str!("../../migrations/sqlite/0003_snapshots.sql")),
                (4, "sightings", include_str!("../../migrations/sqlite/0004_sightings.sql")),
            ],
        };
        let migrations = all.into_iter().map(|(version, name, sql)| {
            let sql = SqlStr::from_static(sql);
            Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
        });
        Migrator::with_migrations(migrations.collect())
    }
}

impl Placeholders {
    /// `count` placeholders, for `in` or one row.
    pub(super) fn list(&mut self, count: usize) -> String {
        let next: Vec<&str> = (0..count).map(|_| self.next()).collect();
        next.join(", ")
    }

    /// `rows` lists of `columns` placeholders each, for `values`.
    pub(super) fn rows(&mut self, rows: usize, columns: usize) -> String {
        let rows = (0..rows).map(|_| format!("({})", self.list(columns)));
        rows.collect::<Vec<_>>().join(", ")
    }

    /// The same with the number of the row, from 0, before its placeholders.
    pub(super) fn numbered_rows(&mut self, rows: usize, columns: usize) -> String {
        let rows = (0..rows).map(|number| format!("({number}, {})", self.list(columns)));
        rows.collect::<Vec<_>>().join(", ")
    }

    /// `?` and not `$1`: SQLite finds a named parameter by looking through all of them, which for
    /// thousands takes longer than inserting.
    fn next(&mut self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "?",
        }
    }
}

impl Trouble {
    /// Sorts an error of a database by its code.
    pub(super) fn of(error: &sqlx::Error) -> Self {
        const BUSY: i32 = 5;
        const LOCKED: i32 = 6;
        const READ_ONLY: i32 = 8;
        const CANNOT_OPEN: i32 = 14;
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        match primary_code(error) {
            Some(BUSY | LOCKED) => Self::Busy,
            Some(READ_ONLY | CANNOT_OPEN) => Self::CannotWrite,
            _ => Self::Other,
        }
    }
}

/// SQLite's primary result code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}
