//! Receipts: signed by the service and the command line, verified without either and by another
//! library.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use photocheck::receipts::KeyFile;
use photocheck::tenancy::KeyScope;
use reqwest::StatusCode;
use serde_json::Value;
use temp_dir::TempDir;

use crate::appeals::checked;
use crate::support::keys::make_key;
use crate::support::{Service, Setup, command, fixture_path, root, temporary_db};

const SMALL: &str = "edge/png-8.png";

/// A folder with a file of keys that the real binary made.
struct Keys {
    folder: TempDir,
    db: String,
    _db: TempDir,
}

impl Keys {
    fn make() -> Self {
        let (db_folder, db) = temporary_db();
        let keys = Self { folder: TempDir::new().unwrap(), db, _db: db_folder };
        let made = keys.run(&["receipt", "new-key", &keys.at("keys.json")]);
        assert!(made.status.success(), "{}", said(&made));
        keys
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.at(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The real binary, with the keys in its environment.
    fn run(&self, args: &[&str]) -> Output {
        self.with_key(&self.at("keys.json"), args)
    }

    fn with_key(&self, key: &str, args: &[&str]) -> Output {
        let mut command = command(&self.db);
        command.args(args).env("PHOTOCHECK_RECEIPT_KEY", key).output().unwrap()
    }

    fn verify(&self, receipt: &str, more: &[&str]) -> (Option<i32>, String) {
        let args: Vec<_> = ["receipt", "verify", receipt].iter().chain(more).copied().collect();
        let output = self.run(&args);
        (output.status.code(), said(&output))
    }
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// Python with joserfc; `None`, said in one line, where it is not at hand. In CI it must be.
fn python() -> Option<PathBuf> {
    let tools = std::env::var_os("PHOTOCHECK_API_TOOLS").map(PathBuf::from);
    let python = tools.map(|tools| tools.join("bin/python")).filter(|python| {
        let has = Command::new(python).args(["-c", "import joserfc"]).output();
        has.is_ok_and(|output| output.status.success())
    });
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "in CI joserfc must be installed");
        eprintln!("skipped: PHOTOCHECK_API_TOOLS has no Python with joserfc");
    }
    python
}

/// What joserfc reads in a receipt; `None` when it does not verify it.
fn by_joserfc(python: &Path, keys: &str, receipt: &str) -> Option<Value> {
    let script = root().join("tests/clients/verify_receipt.py");
    let output = Command::new(python).arg(script).args([keys, receipt]).output().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// The whole way: the service signs, its keys are public, and others verify what it signed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_of_the_service_is_verified_offline_and_by_another_library() {
    let keys = Keys::make();
    let file = std::fs::read_to_string(keys.at("keys.json")).unwrap();
    let receipt_keys = Some(KeyFile::read(&file).unwrap().signing().unwrap());
    let setup = Setup { require_keys: true, receipt_keys, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    let key = make_key(&service, "default", KeyScope::ALL).await;
    let check = checked(&service, &key).await;
    let at = format!("/v1/checks/{}/receipt", check["id"].as_str().unwrap());
    let ask = async || {
        let request = service.client.get(service.at(&at)).bearer_auth(&key);
        request.send().await.unwrap()
    };
    let answer = ask().await;
    assert_eq!(answer.headers()["content-type"], "application/jose+json");
    let receipt = answer.text().await.unwrap();
    assert_eq!(receipt, ask().await.text().await.unwrap(), "it is the same each time");
    // The keys are for everybody.
    let public = service.client.get(service.at("/.well-known/jwks.json")).send().await.unwrap();
    let public = public.text().await.unwrap();
    assert!(!public.contains("\"d\""), "{public}");

    let signed = keys.write("receipt.json", &receipt);
    let published = keys.write("jwks.json", &public);
    let photo = fixture_path(SMALL).display().to_string();
    let (code, text) = keys.verify(&signed, &["--photo", &photo, "--keys", &published]);
    assert_eq!(code, Some(0), "{text}");
    let report = &check["report"];
    for part in [
        "verified: signed with the key ",
        check["id"].as_str().unwrap(),
        report["photo"]["sha256"].as_str().unwrap(),
        report["versions"]["model"].as_str().unwrap(),
        &format!("verdict   {}", report["verdict"].as_str().unwrap()),
        concat!("photocheck ", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Nothing changed since then; of another photo it says nothing.
    let replay = |photo: &str| {
        let id = check["id"].as_str().unwrap();
        let output = command(&service.db).args(["replay", "--json", "--check", id, photo]).output();
        output.unwrap()
    };
    let replayed = replay(&photo);
    assert_eq!(replayed.status.code(), Some(0), "{}", said(&replayed));
    let replayed: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!((&replayed["changed"], &replayed["check_id"]), (&false.into(), &check["id"]));
    assert_eq!(replayed["verdict"]["now"], report["verdict"]);
    let other = replay(&fixture_path("photos/real-coffee.jpg").display().to_string());
    assert_eq!(other.status.code(), Some(2), "{}", said(&other));

    if let Some(python) = python() {
        let read = by_joserfc(&python, &public, &receipt).unwrap();
        assert_eq!(read["photo"]["sha256"], report["photo"]["sha256"]);
        assert_eq!((&read["answers"], &read["verdict"]), (&report["answers"], &report["verdict"]));
        assert_eq!((&read["check_id"], &read["checked_at"]), (&check["id"], &check["finished_at"]));
        assert_eq!(read["versions"], report["versions"]);
        let other = KeyFile::create().unwrap().signing().unwrap().public_set().to_string();
        assert!(by_joserfc(&python, &other, &receipt).is_none());
        let mut changed: Value = serde_json::from_str(&receipt).unwrap();
        let payload = changed["payload"].as_str().unwrap().replacen('e', "f", 1);
        changed["payload"] = payload.into();
        assert!(by_joserfc(&python, &public, &changed.to_string()).is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_a_key_signs_nothing() {
    let service = Service::start_with(Setup { require_keys: true, ..Setup::default() }).await;
    let key = make_key(&service, "default", KeyScope::ALL).await;
    let at = "/v1/checks/019abf5e-0000-7000-8000-000000000000/receipt";
    let refused = service.client.get(service.at(at)).bearer_auth(&key).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "RECEIPTS_NOT_SIGNED");
    let public = service.client.get(service.at("/.well-known/jwks.json")).send().await.unwrap();
    assert_eq!(public.json::<Value>().await.unwrap()["keys"], Value::Array(vec![]));
}

/// Each thing that can be wrong has its own answer.
#[test]
fn the_command_line_writes_receipts_and_says_what_is_wrong_with_others() {
    let keys = Keys::make();
    let (photo, receipt) = (fixture_path(SMALL).display().to_string(), keys.at("receipt.json"));
    let checked = keys.run(&["check", "--receipt", &receipt, &photo]);
    assert!(checked.status.code().is_some_and(|code| code < 2), "{}", said(&checked));
    assert_eq!(keys.verify(&receipt, &["--photo", &photo]).0, Some(0));
    let again = keys.run(&["check", "--receipt", &receipt, &photo]);
    assert_eq!(again.status.code(), Some(2), "a receipt is never written over");
    let two = keys.run(&["check", "--receipt", &keys.at("two.json"), &photo, &photo]);
    assert!(said(&two).contains("--receipt is of one photo, and there are 2"), "{}", said(&two));

    // Since then the photo was banked.
    let bank = ["bank", "create", "SCAM"];
    assert!(keys.run(&bank).status.success());
    assert!(keys.run(&["bank", "add", "SCAM", &photo]).status.success());
    let replayed = keys.run(&["replay", "--receipt", &receipt, &photo]);
    let text = said(&replayed);
    assert_eq!(replayed.status.code(), Some(1), "{text}");
    for line in [
        "answer    known_photo: not_compared -> match\n",
        "version   index: 0 -> 1\n",
        &format!("version   photocheck: {}, as before\n", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("verdict   ") && text.contains(" -> fake\n"), "{text}");

    let wrong = |file: &str, more: &[&str], expected: &str| {
        let (code, text) = keys.verify(file, more);
        assert_eq!(code, Some(1), "{expected}: {text}");
        assert!(text.starts_with(&format!("not verified, {expected}")), "{text}");
    };
    let other = fixture_path("photos/real-coffee.jpg").display().to_string();
    wrong(&receipt, &["--photo", &other], "another photo");
    let strange = KeyFile::create().unwrap().signing().unwrap().public_set().to_string();
    wrong(&receipt, &["--keys", &keys.write("strange.json", strange)], "unknown key");
    let whole: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
    let mut changed = whole.clone();
    changed["payload"] = "e30".into();
    wrong(&keys.write("changed.json", changed.to_string()), &[], "wrong signature");
    let text = whole.to_string();
    wrong(&keys.write("cut.json", &text[..text.len() / 2]), &[], "damaged");
    wrong(&keys.write("bytes.json", [0xFF, 0xFE]), &[], "damaged");
    let (code, text) = keys.verify(&keys.at("none.json"), &[]);
    assert!(code == Some(2) && text.contains("cannot read"), "{text}");
    let (code, text) = keys.verify(&receipt, &["--keys", &receipt]);
    assert!(code == Some(2) && text.contains("no JSON Web Key Set"), "{text}");
}

/// While a key takes another's place, receipts of both are verified.
#[test]
fn keys_take_each_others_place_without_a_gap() {
    let keys = Keys::make();
    let (photo, file) = (fixture_path(SMALL).display().to_string(), keys.at("keys.json"));
    let receipt = |name: &str| {
        let path = keys.at(name);
        keys.run(&["check", "--receipt", &path, &photo]);
        path
    };
    let published = |name: &str| keys.write(name, keys.run(&["receipt", "keys", &file]).stdout);
    let (first, before) = (receipt("first.json"), published("before.json"));
    assert!(keys.run(&["receipt", "new-key", &file]).status.success());
    let waiting = published("waiting.json");
    let who = || {
        let file = std::fs::metadata(&file).unwrap();
        (file.uid(), file.gid(), file.mode() & 0o777)
    };
    assert_eq!(who().2, 0o600);
    // The service is another user, where whoever rotates may give files away, and its group reads.
    let _ = std::os::unix::fs::chown(&file, Some(65_534), None);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let before_rotation = who();
    assert!(keys.run(&["receipt", "rotate", &file]).status.success());
    assert_eq!(who(), before_rotation);
    let second = receipt("second.json");
    let verified = |receipt: &str, keys_file: &str| keys.verify(receipt, &["--keys", keys_file]).0;
    assert_eq!(verified(&second, &waiting), Some(0), "it was published before it signed");
    assert_eq!(verified(&second, &before), Some(1));
    assert_eq!(verified(&first, &published("after.json")), Some(0));
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let refused = said(&keys.run(&["receipt", "keys", &file]));
    assert!(refused.contains("everybody on this machine can read"), "{refused}");
    // A service tells it at the start, and shows no part of what it names.
    let started = keys.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(started.status.code(), Some(2));
    assert!(said(&started).contains("receipt_key"), "{}", said(&started));
    let pasted = std::fs::read_to_string(&file).unwrap();
    let started = keys.with_key(&pasted, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(started.status.code(), Some(2));
    let text = said(&started);
    assert!(text.contains("receipt_key") && !text.contains("\"d\""), "{text}");
}
