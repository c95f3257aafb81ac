//! A deployment as its operator handles it, with the real binary: moved from SQLite to PostgreSQL
//! and back, backed up while it serves, begun on a server.

use std::fs;

use temp_dir::TempDir;

use crate::banks::{SAME_PERSON, STOLEN};
use crate::support::postgres::PostgresDatabase;
use crate::support::serve::Serve;
use crate::support::{fixture_path, photocheck, temporary_db, temporary_place};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command that must succeed, and returns what it prints.
fn done(db: &str, args: &[&str]) -> String {
    let output = photocheck(db, args.iter().copied());
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn failed(db: &str, args: &[&str]) -> String {
    let output = photocheck(db, args.iter().copied());
    assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stdout));
    text(&output.stderr)
}

fn fill(db: &str) {
    done(db, &["bank", "create", "SCAM", "--create"]);
    for path in [STOLEN, SAME_PERSON] {
        done(db, &["bank", "add", "SCAM", fixture_path(path).to_str().unwrap()]);
    }
}

#[test]
fn a_deployment_moves_to_a_server_and_back() {
    let Some(server) = PostgresDatabase::create() else { return };
    let (_folder, file) = temporary_db();
    let (_other_folder, other) = temporary_place();
    fill(&file);
    let exported = done(&file, &["bank", "export", "SCAM"]);
    let there = done(&file, &["db", "copy", &file, &server.url]);
    assert!(there.contains("content\t2\t"), "{there}");
    assert_eq!(done(&server.url, &["bank", "export", "SCAM"]), exported);
    let check = photocheck(&server.url, ["check", fixture_path(STOLEN).to_str().unwrap()]);
    assert!(text(&check.stdout).contains("[KNOWN_PHOTO"), "{check:?}");

    let refused = failed(&file, &["db", "copy", &file, &server.url]);
    assert!(refused.contains("is not empty; nothing was copied into it"), "{refused}");
    assert!(!refused.contains("postgres@"), "who uses it is nobody's business: {refused}");

    let back = done(&file, &["db", "copy", &server.url, &other]);
    let digests = |printed: &str| printed.lines().take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(digests(&back), digests(&there));
    assert_eq!(done(&other, &["bank", "export", "SCAM"]), exported);
}

#[test]
fn a_backup_is_taken_while_a_service_runs_and_restored() {
    let (folder, db) = temporary_db();
    fill(&db);
    let serve = Serve::start(&db, &[]);
    let backup = folder.path().join("backup.sqlite");
    let name = backup.to_str().unwrap();
    let printed = done(&db, &["db", "backup", name]);
    assert!(printed.starts_with(&format!("wrote {name} (")), "{printed}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(&backup).unwrap();
    assert!(failed(&db, &["db", "backup", name]).contains(name));
    assert_eq!(fs::read(&backup).unwrap(), before, "what is there is not written over");
    let exported = done(&db, &["bank", "export", "SCAM"]);
    done(&db, &["bank", "remove", "SCAM", "--all"]);
    serve.stop();

    // As docs/command-line.md says it.
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(folder.path().join(format!("test.sqlite{ending}")));
    }
    fs::copy(&backup, folder.path().join("test.sqlite")).unwrap();
    assert_eq!(done(&db, &["bank", "export", "SCAM"]), exported);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{names:?}");
}

/// An empty database would clear every photo, on a server too.
#[test]
fn an_empty_server_database_is_not_begun_unsaid() {
    let Some(server) = PostgresDatabase::create() else { return };
    let photo = fixture_path("edge/png-8.png");
    for args in [vec!["check", photo.to_str().unwrap()], vec!["bank", "list"]] {
        let said = failed(&server.url, &args);
        assert!(said.contains("is empty; name another") && said.contains("--create"), "{said}");
    }
    let output = photocheck(&server.url, ["bank", "create", "A"]);
    assert!(text(&output.stderr).starts_with("created the database postgres://127.0.0.1:5432/"));
    assert_eq!(text(&photocheck(&server.url, ["bank", "create", "B"]).stderr), "");
    assert_eq!(photocheck(&server.url, ["check", photo.to_str().unwrap()]).status.code(), Some(0));
}

#[test]
fn a_server_database_of_somebody_else_is_left_alone() {
    let Some(server) = PostgresDatabase::create() else { return };
    server.execute("create table bookmarks (id integer)");
    let said = failed(&server.url, &["bank", "create", "A", "--create"]);
    assert!(said.contains("it is not a database of photocheck"), "{said}");
}

/// What is wrong is said, and no password is shown.
#[test]
fn a_server_that_cannot_be_used_is_said_by_name() {
    let Some(server) = PostgresDatabase::create() else { return };
    let missing = server.url.clone() + "_missing";
    for (url, expected) in [
        (missing.as_str(), "_missing\" does not exist"),
        ("postgres://me:secret@127.0.0.1:1/x", "postgres://127.0.0.1:1/x cannot be opened: the"),
        ("postgres://me:secret@127.0.0.1:1", "it names no database"),
        ("mysql://me:secret@127.0.0.1/x", "must begin with sqlite: or postgres://"),
    ] {
        let said = failed(url, &["bank", "list"]);
        assert!(said.contains(expected) && !said.contains("secret"), "{said}");
    }
    let name = TempDir::new().unwrap().path().join("backup").display().to_string();
    fill(&server.url);
    let said = failed(&server.url, &["db", "backup", &name]);
    assert!(said.contains("is not in a file; its server backs it up"), "{said}");
}

/// There is no file beside which a token could be kept.
#[test]
fn a_service_on_a_server_asks_for_its_token() {
    let Some(server) = PostgresDatabase::create() else { return };
    fill(&server.url);
    let said = failed(&server.url, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("needs PHOTOCHECK_BANK_TOKEN"), "{said}");
}
