//! Databases as operators treat them: replaced under the service, mistyped, locked, read-only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use photocheck::store::{Opening, Store};
use photocheck::tenancy::TenantId;
use reqwest::Response;
use serde_json::Value;
use temp_dir::TempDir;

use crate::banks::{SAME_PERSON, STOLEN};
use crate::support::serve::Serve;
use crate::support::{
    Service, Setup, codes, fixture, fixture_path, photocheck, temporary_db, temporary_place,
};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

async fn refused(answer: Response, code: &str) {
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["code"], code, "{body}");
    assert!(!body["detail"].as_str().unwrap().contains(".sqlite"), "a path is nobody's business");
}

/// A service over a database of which there is a backup from before it began.
async fn service_and_backup() -> (Service, TempDir, PathBuf, PathBuf) {
    let (folder, db) = temporary_db();
    let file = folder.path().join("test.sqlite");
    assert!(photocheck(&db, ["bank", "create", "A"]).status.success());
    let backup = folder.path().join("backup");
    fs::copy(&file, &backup).unwrap();
    let service = Service::start_with(Setup { db: Some(db), ..Setup::default() }).await;
    service.bank_photo("A", fixture(STOLEN)).await;
    (service, folder, file, backup)
}

async fn is_refused_everywhere(service: &Service, how: &str) {
    let client = &service.client;
    let contents = service.at("/v1/banks/A/contents");
    for answer in [
        client.get(service.at("/readyz")).send().await.unwrap(),
        client.post(&contents).body(fixture(SAME_PERSON)).send().await.unwrap(),
        client.get(&contents).send().await.unwrap(),
        client.get(service.at("/v1/banks")).send().await.unwrap(),
        client.delete(service.at("/v1/banks/A")).send().await.unwrap(),
        client.post(service.at("/v1/banks/A/import")).body("ab".repeat(32)).send().await.unwrap(),
        service.check(fixture(STOLEN)).await,
    ] {
        assert_eq!(answer.status(), 503, "{how}: {}", answer.url());
        refused(answer, "DATABASE_REPLACED").await;
    }
    let alive = client.get(service.at("/healthz")).send().await.unwrap();
    assert_eq!(alive.status(), 200, "{how}");
}

/// Nothing is answered from, and nothing is written to, a file that nobody will open again.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_replaced_is_noticed() {
    for how in ["a backup moved into its place", "a backup copied over it", "deleted", "log gone"] {
        let (service, folder, file, backup) = service_and_backup().await;
        let remove_logs = || {
            for ending in ["-wal", "-shm"] {
                fs::remove_file(beside(&file, ending)).unwrap();
            }
        };
        match how {
            "a backup moved into its place" => {
                let new = folder.path().join("new");
                fs::copy(&backup, &new).unwrap();
                fs::rename(&new, &file).unwrap();
                remove_logs();
            }
            "a backup copied over it" => {
                fs::copy(&backup, &file).unwrap();
                remove_logs();
            }
            "deleted" => fs::remove_file(&file).unwrap(),
            _ => remove_logs(),
        }
        is_refused_everywhere(&service, how).await;
    }
}

/// Of a link the file counts that it led to, and the log stands beside that one.
#[cfg(unix)]
#[tokio::test]
async fn a_link_that_is_turned_is_noticed() {
    for turned in [true, false] {
        let (folder, _db) = temporary_db();
        let (file, link) = (folder.path().join("test.sqlite"), folder.path().join("link"));
        let backup = folder.path().join("backup");
        fs::copy(&file, &backup).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let url = format!("sqlite:{}", link.display());
        let store = Store::open_with(&url, Opening::default()).await.unwrap();
        store.in_place().unwrap();
        if turned {
            fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink(&backup, &link).unwrap();
        } else {
            fs::remove_file(beside(&file, "-wal")).unwrap();
        }
        assert_eq!(store.in_place().unwrap_err().code(), "DATABASE_REPLACED");
        assert_eq!(store.banks(TenantId::DEFAULT).await.unwrap_err().code(), "DATABASE_REPLACED");
    }
}

/// What was put in its place is as it was put, also after the service has stopped.
#[cfg(unix)]
#[test]
fn a_backup_that_is_put_back_stays_as_it_is() {
    for moved in [true, false] {
        let (folder, db) = temporary_db();
        let file = folder.path().join("test.sqlite");
        let backup = folder.path().join("backup");
        fs::copy(&file, &backup).unwrap();
        let serve = Serve::start(&db, &[]);
        assert!(photocheck(&db, ["bank", "create", "LATER"]).status.success());
        let new = if moved { folder.path().join("new") } else { file.clone() };
        fs::copy(&backup, &new).unwrap();
        fs::rename(&new, &file).unwrap();
        fs::remove_file(beside(&file, "-wal")).unwrap();
        fs::remove_file(beside(&file, "-shm")).unwrap();
        let log = serve.stop();
        assert_eq!(fs::read(&file).unwrap(), fs::read(&backup).unwrap(), "moved: {moved}");
        assert_eq!(text(&photocheck(&db, ["bank", "list"]).stdout), "", "{log}");
    }
}

/// What was acknowledged is there after the file was away for a moment.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_comes_back_is_used_again() {
    let (service, folder, file, _) = service_and_backup().await;
    let aside = folder.path().join("aside");
    fs::rename(&file, &aside).unwrap();
    is_refused_everywhere(&service, "moved away").await;
    fs::rename(&aside, &file).unwrap();
    let ready = service.client.get(service.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let report: Value = service.check(fixture(STOLEN)).await.json().await.unwrap();
    assert_eq!(report["verdict"], "fake");
    service.bank_photo("A", fixture(SAME_PERSON)).await;
    let shown = text(&photocheck(&service.db, ["bank", "show", "A"]).stdout);
    assert_eq!(shown.lines().count(), 2, "{shown}");
}

/// An empty database would clear every stolen photo.
#[test]
fn a_mistyped_database_is_not_created() {
    let (folder, _) = temporary_place();
    let photo = fixture_path("edge/png-8.png");
    let photo = photo.to_str().unwrap();
    let missing = folder.path().join("unmounted/x.sqlite");
    let empty = folder.path().join("empty.sqlite");
    fs::write(&empty, b"").unwrap();
    for file in [&missing, &empty] {
        let db = format!("sqlite:{}", file.display());
        for args in [
            vec!["check", photo],
            vec!["check", "--json", photo],
            vec!["serve", "--listen", "127.0.0.1:0"],
            vec!["bank", "list"],
            vec!["bank", "show", "A"],
            vec!["bank", "add", "A", photo],
            vec!["bank", "export", "A"],
            vec!["bank", "remove", "A", "--all"],
        ] {
            let output = photocheck(&db, args.clone());
            assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()));
            let said = text(&output.stderr);
            assert!(said.contains(&format!("there is no database {}", file.display())), "{said}");
            assert!(said.contains("PHOTOCHECK_DB") && said.contains("--create"), "{said}");
        }
    }
    assert!(!missing.parent().unwrap().exists());
    assert_eq!(fs::metadata(&empty).unwrap().len(), 0);

    let db = format!("sqlite:{}", missing.display());
    assert_eq!(photocheck(&db, ["check", "--create", photo]).status.code(), Some(0));
    assert_eq!(photocheck(&db, ["bank", "list"]).status.code(), Some(0));
    let other = format!("sqlite:{}", folder.path().join("other.sqlite").display());
    let created = photocheck(&other, ["bank", "create", "A"]);
    assert!(created.status.success());
    let said = text(&created.stderr);
    assert!(said.starts_with("created the database") && said.contains("other.sqlite"), "{said}");
    assert_eq!(text(&photocheck(&other, ["bank", "create", "B"]).stderr), "");
}

/// Of the user's own folder nobody can mistype the name.
#[test]
fn the_default_database_is_created() {
    let (folder, _) = temporary_place();
    let photo = fixture_path("edge/png-8.png");
    let output = Command::new(env!("CARGO_BIN_EXE_photocheck"))
        .arg("check")
        .arg(&photo)
        .env_remove("PHOTOCHECK_DB")
        .env("HOME", folder.path())
        .env("XDG_DATA_HOME", folder.path().join("data"))
        .output()
        .unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert!(text(&output.stdout).contains("known_photo: not_compared, NO_BANKS]"), "{output:?}");
}

#[tokio::test]
async fn nothing_is_written_into_a_database_of_somebody_else() {
    let (folder, db) = temporary_place();
    let file = folder.path().join("test.sqlite");
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&format!("{db}?mode=rwc")).await.unwrap();
    sqlx::query("create table bookmarks (id integer)").execute(&pool).await.unwrap();
    pool.close().await;
    let before = fs::read(&file).unwrap();
    let photo = fixture_path("edge/png-8.png");
    for args in [vec!["check", photo.to_str().unwrap()], vec!["bank", "create", "A"]] {
        let output = photocheck(&db, args);
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        let expected =
            format!("{} cannot be opened: it is not a database of photo", file.display());
        assert!(said.contains(&expected), "{said}");
    }
    assert_eq!(fs::read(&file).unwrap(), before);
    fs::write(&file, b"no database at all, but long enough to be taken for one").unwrap();
    let said = text(&photocheck(&db, ["bank", "list"]).stderr);
    assert!(said.contains("test.sqlite cannot be opened") && said.contains("not a database"));
}

/// The report, the command line and the readiness say what photos are compared with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_without_known_photos_says_so() {
    let service = Service::start().await;
    let known = async || {
        let report: Value = service.check(fixture(STOLEN)).await.json().await.unwrap();
        let ready = service.client.get(service.at("/readyz")).send().await.unwrap();
        assert_eq!(ready.status(), 200);
        let ready: Value = ready.json().await.unwrap();
        assert_eq!(report["evidence"]["known_photo"], ready["known_photo"]);
        (report["evidence"]["known_photo"].clone(), report)
    };
    let none = serde_json::json!({ "state": "not_compared", "code": "NO_BANKS" });
    assert_eq!(known().await.0, none);
    // What is never flagged and what was seen is nothing that a fake could be a copy of.
    service.create_bank_for("OURS", "allow", false).await;
    service.bank_photo("OURS", fixture(SAME_PERSON)).await;
    assert_eq!(known().await.0, none);
    service.create_bank("SCAM").await;
    assert_eq!(known().await.0, none, "an empty bank");
    let path = fixture_path("photos/real-coffee.jpg");
    let line = text(&photocheck(&service.db, ["check", path.to_str().unwrap()]).stdout);
    assert!(line.contains("[known_photo: not_compared, NO_BANKS]"), "{line}");

    let added = service.bank_photo("SCAM", fixture(STOLEN)).await;
    let (compared, report) = known().await;
    assert_eq!(compared["state"], "compared");
    assert!(1 < compared["hashes"].as_u64().unwrap(), "{compared}");
    assert!(codes(&report).contains(&"KNOWN_PHOTO"));
    let line = text(&photocheck(&service.db, ["check", path.to_str().unwrap()]).stdout);
    assert!(!line.contains("NO_BANKS"), "{line}");
    let blank: Value = service.check(fixture("edge/plain-colour.png")).await.json().await.unwrap();
    let low = serde_json::json!({ "state": "not_compared", "code": "LOW_DETAIL" });
    assert_eq!(blank["evidence"]["known_photo"], low);

    let url = service.at(&format!("/v1/banks/SCAM/contents/{}", added["content_id"]));
    assert_eq!(service.client.delete(url).send().await.unwrap().status(), 204);
    assert_eq!(known().await.0, none, "removed is gone");
}

/// A write that another one keeps waiting is to be tried again, and is no fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_waits_too_long_is_to_be_tried_again() {
    let lock_wait_max = Duration::from_millis(50);
    let opening = Opening { create: true, lock_wait_max, ..Opening::default() };
    let setup = Setup { opening, sightings_bank: Some("SEEN"), ..Setup::default() };
    let service = Service::start_with(setup).await;
    service.create_bank("A").await;
    let pool = sqlx::AnyPool::connect(&service.db).await.unwrap();
    let mut other = pool.begin().await.unwrap();
    sqlx::query("update generation set value = value").execute(&mut *other).await.unwrap();
    let client = &service.client;
    let new = serde_json::json!({ "name": "B" });
    let change = serde_json::json!({ "enabled": false });
    let contents = service.at("/v1/banks/A/contents");
    for answer in [
        client.post(service.at("/v1/banks")).json(&new).send().await.unwrap(),
        client.delete(service.at("/v1/banks/A")).send().await.unwrap(),
        client.post(&contents).body(fixture(STOLEN)).send().await.unwrap(),
        client.patch(format!("{contents}/1")).json(&change).send().await.unwrap(),
        client.post(service.at("/v1/banks/A/import")).body("ab".repeat(32)).send().await.unwrap(),
        service.check_for(fixture(STOLEN), "1").await,
    ] {
        refused(answer, "DATABASE_BUSY").await;
    }
    // Readers go on.
    assert_eq!(client.get(service.at("/v1/banks")).send().await.unwrap().status(), 200);
    assert_eq!(service.check(fixture(STOLEN)).await.status(), 200);
    other.rollback().await.unwrap();
    service.create_bank("B").await;
}

/// One instance is told, the other looks by itself: "within a second", as the docs say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_instance_shows_a_change_within_a_second() {
    let first = Service::start().await;
    let setup = Setup { db: Some(first.db.clone()), ..Setup::default() };
    let second = Service::start_with(setup).await;
    let mut waited = Vec::new();
    for _ in 0..5 {
        for there in [true, false] {
            if there {
                first.create_bank("A").await;
                first.bank_photo("A", fixture(STOLEN)).await;
            } else {
                let gone = first.client.delete(first.at("/v1/banks/A")).send().await.unwrap();
                assert_eq!(gone.status(), 204);
            }
            let changed = Instant::now();
            while second.live.index().is_empty() == there {
                assert!(changed.elapsed() < Duration::from_secs(30), "it never showed");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            waited.push(changed.elapsed());
        }
    }
    waited.sort();
    // Half of them: a machine that is busy with other tests may be late now and then.
    assert!(waited[waited.len() / 2] < Duration::from_secs(1), "{waited:?}");
}

#[cfg(unix)]
fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Hashes of photos of people, and the token: for their owner only.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_files_are_their_owners_own() {
    let (folder, _) = temporary_place();
    let file = folder.path().join("inner/x.sqlite");
    let db = format!("sqlite:{}", file.display());
    let serve = Serve::start(&db, &["--create"]);
    assert!(photocheck(&db, ["bank", "create", "A"]).status.success());
    for ending in ["", "-wal", "-shm", ".token"] {
        assert_eq!(mode_of(&beside(&file, ending)), 0o600, "{ending}");
    }
    assert_eq!(mode_of(file.parent().unwrap()), 0o700);
    serve.stop();
}

/// Runs the real binary as somebody who may write nothing there: root may write everywhere.
#[cfg(unix)]
fn as_reader(folder: &Path, db: &str, args: &[&str]) -> std::process::Output {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    let program = Path::new(env!("CARGO_BIN_EXE_photocheck"));
    if fs::metadata(folder).unwrap().uid() != 0 {
        return photocheck(db, args.iter().copied());
    }
    // The build's folder may be closed to others.
    let copy = folder.join("program");
    if !copy.exists() {
        fs::copy(program, &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(copy);
    command.args(args).env("PHOTOCHECK_DB", db).current_dir("/");
    command.uid(NOBODY).gid(NOBODY).output().unwrap()
}

/// A database on a read-only disk is compared with, and said by name where it would be changed.
#[cfg(unix)]
#[test]
fn a_read_only_database_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let (folder, _) = temporary_place();
    set(folder.path(), 0o755);
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let file = inner.join("x.sqlite");
    let db = format!("sqlite:{}", file.display());
    assert!(photocheck(&db, ["bank", "create", "A"]).status.success());
    assert!(
        photocheck(&db, ["bank", "add", "A", fixture_path(STOLEN).to_str().unwrap()])
            .status
            .success()
    );
    let photo = folder.path().join("photo.jpg");
    fs::write(&photo, fixture(STOLEN)).unwrap();
    let photo = photo.to_str().unwrap();
    // A folder and a file; a folder alone, as one of somebody else; a file alone.
    for (folder_mode, file_mode) in [(0o555, 0o444), (0o555, 0o666), (0o777, 0o444)] {
        set(&file, file_mode);
        set(&inner, folder_mode);
        let case = format!("{folder_mode:o} {file_mode:o}");
        let checked = as_reader(folder.path(), &db, &["check", photo]);
        let said = text(&checked.stdout);
        assert_eq!(checked.status.code(), Some(1), "{case}: {checked:?}");
        assert!(said.contains("[KNOWN_PHOTO"), "{case}: {said}");
        let listed = as_reader(folder.path(), &db, &["bank", "list"]);
        assert!(text(&listed.stdout).starts_with("A\t"), "{case}: {listed:?}");
        for args in [
            vec!["bank", "create", "B"],
            vec!["bank", "add", "A", photo],
            vec!["serve", "--listen", "127.0.0.1:0"],
        ] {
            let failed = as_reader(folder.path(), &db, &args);
            assert_eq!(failed.status.code(), Some(2), "{case} {args:?}: {failed:?}");
            let said = text(&failed.stderr);
            assert!(said.contains(&file.display().to_string()), "{case} {args:?}: {said}");
        }
        set(&inner, 0o755);
    }
}

/// It is closed as it was opened: the log is moved into the file, and the next one begins with it.
#[tokio::test]
async fn a_closed_database_is_one_file() {
    let (folder, db) = temporary_place();
    let store = Store::open(&db).await.unwrap();
    assert!(store.is_new());
    store.close().await;
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["test.sqlite"]);
    assert!(!Store::open(&db).await.unwrap().is_new());
}
