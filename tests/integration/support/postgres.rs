//! PostgreSQL on this machine: databases that tests make for themselves, and drop.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A server whose user `postgres` needs no password.
const SERVER: &str = "postgres://postgres@127.0.0.1:5432";

/// An empty database that is dropped with this value.
#[derive(Debug)]
pub struct PostgresDatabase {
    pub url: String,
    name: String,
}

impl PostgresDatabase {
    /// Makes one; `None`, said in one line, where there is no server. In CI there must be one.
    pub fn create() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !is_there() {
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("photocheck_test_{}_{number}", std::process::id());
        // One of this name was left by a run that was killed.
        execute("postgres", &format!("drop database if exists {name} with (force)"));
        execute("postgres", &format!("create database {name}"));
        Some(Self { url: format!("{SERVER}/{name}"), name })
    }

    /// Runs a statement in it, as somebody beside the program.
    pub fn execute(&self, statement: &str) {
        execute(&self.name, statement);
    }

    /// Ends all connections to it.
    pub fn end_connections(&self) {
        let statement = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'",
            self.name
        );
        execute("postgres", &statement);
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        let statement = format!("drop database if exists {} with (force)", self.name);
        // A test that fails is to tell why, and not that this fails too.
        let _ = try_execute("postgres", &statement);
    }
}

fn is_there() -> bool {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    *IS_THERE.get_or_init(|| match try_execute("postgres", "select 1") {
        Ok(()) => true,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "in CI PostgreSQL must be there: {error}");
            eprintln!("skipped: there is no PostgreSQL at {SERVER}: {error}");
            false
        }
    })
}

fn execute(database: &str, statement: &str) {
    try_execute(database, statement).unwrap();
}

/// On a thread of its own: the test may have a runtime, and one inside another cannot wait.
fn try_execute(database: &str, statement: &str) -> sqlx::Result<()> {
    let (url, statement) = (format!("{SERVER}/{database}"), statement.to_owned());
    let work = async move {
        let mut connection = PgConnection::connect(&url).await?;
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await
    };
    let run = || tokio::runtime::Runtime::new().unwrap().block_on(work);
    std::thread::spawn(run).join().unwrap()
}
