//! What differs between databases: placeholders, settings of connections, sizes of statements,
//! locks and codes of errors.
//!
//! All other statements of this folder are the same for every database. Another one is a variant
//! more, and the compiler names each place that must learn of it.

use std::time::Duration;

use sqlx::postgres::PgDatabaseError;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

/// A query whose values are bound one after the other.
pub(super) type AnyQuery<'q> = Query<'q, Any, <Any as sqlx::Database>::Arguments>;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// Writes the placeholders of a statement, in the order in which their values are bound.
#[derive(Debug)]
pub(super) struct Placeholders {
    dialect: Dialect,
    /// How many were written.
    count: usize,
}

/// What a database says went wrong, as far as the store treats it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Others write for longer than a writer waits.
    Busy,
    /// There is no connection to it, or it was lost.
    Unreachable,
    /// It could perhaps be opened without writing anything.
    CannotWrite,
    Other,
}

impl Dialect {
    /// Photos in one statement. SQLite takes 32,766 values, PostgreSQL 65,535.
    pub(super) fn statement_photos(self) -> usize {
        match self {
            Self::Sqlite => 256,
            Self::Postgres => 1024,
        }
    }

    /// The placeholders of a statement with values for many photos.
    pub(super) fn placeholders(self) -> Placeholders {
        Placeholders { dialect: self, count: 0 }
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
            Self::Postgres => format!("{column} + 0"),
        }
    }

    /// Sets up each connection.
    pub(super) fn connection_settings(self, lock_wait_max: Duration) -> String {
        let ms = lock_wait_max.as_millis();
        match self {
            Self::Sqlite => format!("pragma busy_timeout = {ms}"),
            // A machine that vanishes inside a transaction must not hold its locks for hours.
            Self::Postgres => format!(
                "select set_config('lock_timeout', '{ms}', false), \
                     set_config('idle_in_transaction_session_timeout', '30s', false), \
                     set_config('tcp_keepalives_idle', '30', false), \
                     set_config('tcp_keepalives_interval', '10', false), \
                     set_config('tcp_keepalives_count', '3', false), \
                     set_config('application_name', 'photocheck', false)"
            ),
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
            Self::Postgres => &[],
        }
    }

    /// Begins a transaction whose statements all read the same moment.
    pub(super) fn begin_reading(self) -> &'static str {
        match self {
            Self::Sqlite => "begin",
            Self::Postgres => "begin isolation level repeatable read read only",
        }
    }

    /// Takes the write lock of the banks, and changes nothing.
    pub(super) fn lock(self) -> &'static str {
        match self {
            Self::Sqlite => "update generation set value = value",
            Self::Postgres => "select value from generation for update",
        }
    }

    /// The time in seconds since 1970, by the one clock that all machines share.
    pub(super) fn now_s(self) -> &'static str {
        match self {
            Self::Sqlite => "unixepoch()",
            Self::Postgres => "cast(extract(epoch from clock_timestamp()) as bigint)",
        }
    }

    /// Ends a query for a row to be taken, so that machines that ask at once do not wait for one
    /// another: each gets another row. Of SQLite one writes at a time.
    pub(super) fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "for update skip locked",
        }
    }

    /// Ends a query for a row that nobody is to refer to anew until the transaction ends.
    pub(super) fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "for update",
        }
    }

    /// Asks for the `highest` id that a table of the program ever gave.
    pub(super) fn highest_id_query(self, table: &str) -> String {
        match self {
            Self::Sqlite => {
                format!("select seq as highest from sqlite_sequence where name = '{table}'")
            }
            Self::Postgres => format!(
                "select last_value - case when is_called then 0 else 1 end as highest \
                 from {table}_id_seq"
            ),
        }
    }

    /// Makes a table of the program give higher ids than this one.
    pub(super) fn set_highest_id(self, table: &str, highest: i64) -> Vec<String> {
        match self {
            Self::Sqlite => vec![
                format!("delete from sqlite_sequence where name = '{table}'"),
                format!("insert into sqlite_sequence (name, seq) values ('{table}', {highest})"),
            ],
            // A sequence begins at 1.
            Self::Postgres if highest < 1 => vec![],
            Self::Postgres => vec![format!("select setval('{table}_id_seq', {highest}, true)")],
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
            Self::Postgres => {
                "select count(*) as tables, \
                     count(case when tablename = '_sqlx_migrations' then 1 end) as migrations \
                 from pg_catalog.pg_tables where schemaname = current_schema()"
            }
        }
    }
}

impl Placeholders {
    /// `count` placeholders, for `in` or one row.
    pub(super) fn list(&mut self, count: usize) -> String {
        let next: Vec<String> = (0..count).map(|_| self.next()).collect();
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

    /// `?` where that will do: SQLite finds a numbered parameter by looking through all of them,
    /// which for thousands takes longer than inserting.
    fn next(&mut self) -> String {
        self.count += 1;
        match self.dialect {
            Dialect::Sqlite => "?".to_owned(),
            Dialect::Postgres => format!("${}", self.count),
        }
    }
}

impl Trouble {
    /// Sorts an error of a database by its kind and code.
    pub(super) fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Self::Unreachable,
            sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => of_postgres(error.code()),
                None => error.code().map_or(Self::Other, |code| of_sqlite(&code)),
            },
            _ => Self::Other,
        }
    }
}

/// By SQLite's result code, of which the lowest byte is the kind of trouble.
fn of_sqlite(code: &str) -> Trouble {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const READ_ONLY: i32 = 8;
    const CANNOT_OPEN: i32 = 14;
    match code.parse::<i32>().map(|extended| extended & 0xff) {
        Ok(BUSY | LOCKED) => Trouble::Busy,
        Ok(READ_ONLY | CANNOT_OPEN) => Trouble::CannotWrite,
        _ => Trouble::Other,
    }
}

/// By SQLSTATE.
fn of_postgres(code: &str) -> Trouble {
    const LOCK_NOT_AVAILABLE: &str = "55P03";
    const DEADLOCK: &str = "40P01";
    const TOO_MANY_CONNECTIONS: &str = "53300";
    const IDLE_IN_TRANSACTION: &str = "25P03";
    match code {
        LOCK_NOT_AVAILABLE | DEADLOCK | TOO_MANY_CONNECTIONS => Trouble::Busy,
        IDLE_IN_TRANSACTION => Trouble::Unreachable,
        // The connection was lost; the server shuts down, starts or recovers.
        _ if code.starts_with("08") || code.starts_with("57P") => Trouble::Unreachable,
        _ => Trouble::Other,
    }
}
