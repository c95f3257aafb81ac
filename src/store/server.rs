//! A database on a PostgreSQL server: how its URL is read, how it is opened, how its connection is
//! kept safe.
//!
//! The server must have the database; photocheck makes its tables in it. Programs that start at
//! once wait for each other: one brings the schema up to date under a lock. Beyond this machine
//! the connection is encrypted and the server must prove who it is, unless the URL says otherwise.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use sqlx::postgres::PgPoolOptions;
use sqlx::{AnyConnection, Connection};
use url::{Host, Url};

use super::connection::{CONNECTIONS_MAX, Opening, connect};
use super::database::Store;
use super::dialect::Dialect;
use super::error::StoreError;
use super::schema::{self, Found, is_up_to_date, what_is_there};

/// Whether the URL names a server.
pub(super) fn is_meant(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Opens the database.
///
/// # Errors
/// [`StoreError`] when the URL is not valid, the server or the database is not there, or the
/// database is empty and none may be begun.
pub(super) async fn open(url: &str, opening: &Opening) -> Result<Store, StoreError> {
    let url = read_url(url)?;
    let place = place(&url);
    let named = |error| match error {
        StoreError::EmptyDatabase(_) => error,
        _ => StoreError::Open { place: place.clone(), error: Box::new(error) },
    };
    let dialect = Dialect::Postgres;
    let is_new = prepare(url.as_str(), &place, opening).await.map_err(named)?;
    let pool = connect(dialect, url.as_str(), CONNECTIONS_MAX, opening.lock_wait_max).await;
    let pool = pool.map_err(named)?;
    // Connected to when somebody listens.
    let announcements = PgPoolOptions::new().max_connections(1).connect_lazy(url.as_str());
    let snapshot = opening.snapshot_folder.as_deref().map(|folder| snapshot_in(folder, &place));
    Ok(Store {
        is_new,
        announcements: Some(announcements.map_err(StoreError::from).map_err(named)?),
        snapshot,
        ..Store::new(pool, dialect, place)
    })
}

/// Brings the schema up to date, and says whether it is new. Who may only read gets by where it is.
///
/// It has a connection of its own: a pool would try a server that is not there again and again, and
/// would not wait for minutes while another program changes the schema.
async fn prepare(url: &str, place: &str, opening: &Opening) -> Result<bool, StoreError> {
    let dialect = Dialect::Postgres;
    let mut connection = AnyConnection::connect(url).await?;
    let found = what_is_there(&mut connection, dialect).await?;
    match found {
        Found::SomethingElse => return Err(StoreError::NotOurs),
        Found::Nothing if !opening.create => {
            return Err(StoreError::EmptyDatabase(place.to_owned()));
        }
        Found::Nothing | Found::Ours => {}
    }
    if found == Found::Nothing || !is_up_to_date(&mut connection, dialect).await? {
        schema::migrations(dialect).run(&mut connection).await?;
    }
    connection.close().await?;
    Ok(found == Found::Nothing)
}

/// Reads a URL, and makes the connection safe where it does not say how safe it is to be.
fn read_url(url: &str) -> Result<Url, StoreError> {
    let not_valid = |why: &str| StoreError::UrlNotValid(why.to_owned());
    let mut url = Url::parse(url).map_err(|error| not_valid(&error.to_string()))?;
    if url.path().len() < 2 {
        return Err(not_valid("it names no database: postgres://USER@HOST/DATABASE"));
    }
    let says_how = |name: &str| matches!(name, "sslmode" | "ssl-mode" | "ssl_mode");
    let is_said = url.query_pairs().any(|(name, _)| says_how(&name));
    if !is_said && !is_this_machine(&url) {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    Ok(url)
}

/// Whether the server is on this machine: by its loopback address, or by a socket's path, which is
/// written in place of the host with its slashes escaped, or as a parameter.
fn is_this_machine(url: &Url) -> bool {
    if let Some((_, host)) =
        url.query_pairs().find(|(name, _)| name == "host" || name == "hostaddr")
    {
        return host.starts_with('/') || is_loopback(&host);
    }
    match url.host() {
        None => true,
        Some(Host::Domain(name)) => name.starts_with("%2F") || is_loopback(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What the database is called in messages: without user and password.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{host}{port}{}", url.path())
}

/// Where the snapshot of its index stands. Other databases have other names.
fn snapshot_in(folder: &Path, place: &str) -> PathBuf {
    let name = place.trim_start_matches("postgres://");
    let keep = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    folder.join(name.chars().map(keep).collect::<String>() + ".index")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: &str, is_called: &str) {
        let url = read_url(url).unwrap();
        assert_eq!((url.as_str(), place(&url).as_str()), (expected, is_called));
    }

    #[test]
    fn beyond_this_machine_the_connection_is_encrypted() {
        let far = "postgres://user:secret@db.example/photos";
        check(far, &format!("{far}?sslmode=verify-full"), "postgres://db.example/photos");
        let far = "postgresql://10.0.0.7:5433/photos?application_name=x";
        check(far, &format!("{far}&sslmode=verify-full"), "postgres://10.0.0.7:5433/photos");
    }

    #[test]
    fn what_the_url_says_is_done() {
        for url in [
            "postgres://db.example/photos?sslmode=disable",
            "postgres://db.example/photos?ssl-mode=require",
            "postgres://127.0.0.1/photos",
            "postgres://user@localhost:5433/photos",
            "postgres://[::1]/photos",
            "postgres:///photos",
            "postgres:///photos?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun%2Fpostgresql/photos",
        ] {
            assert_eq!(read_url(url).unwrap().as_str(), url);
        }
        let far = read_url("postgres:///photos?host=db.example").unwrap();
        assert!(far.as_str().ends_with("sslmode=verify-full"), "{far}");
    }

    #[test]
    fn a_url_that_is_not_valid_is_refused_without_being_shown() {
        for url in ["postgres://user:secret@host:port/photos", "postgres://user:secret@host"] {
            let error = read_url(url).unwrap_err().to_string();
            assert!(error.starts_with("the database's URL is not valid: "), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn each_database_has_a_snapshot_of_its_own() {
        let path = |place| snapshot_in(Path::new("/cache"), place);
        assert_eq!(path("postgres://[::1]:5433/a"), Path::new("/cache/---1--5433-a.index"));
        assert_ne!(path("postgres://x/a"), path("postgres://x/b"));
    }
}
