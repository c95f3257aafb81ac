//! Photos seen on accounts: how many others show one, for how long that is kept, what it says of
//! photos that are banked later.

use std::process::Command;

use photocheck::store::Expired;
use photocheck::tenancy::{KeyScope, TenantId};
use photocheck_core::matching::hashes::PdqHash;
use photocheck_core::matching::index::{Index, Scope};
use photocheck_core::report::Examined;
use serde_json::{Value, json};

use crate::support::keys::{make_key, make_tenant};
use crate::support::{
    Service, Setup, checker, codes, fixture, fixture_path, half_size_jpeg, photo_form, photocheck,
    temporary_db,
};

const PHOTO: &str = "photos/real-hopper.jpg";
const OTHER: &str = "photos/real-collins.png";
const DAY_S: i64 = 24 * 60 * 60;

async fn start() -> Service {
    Service::start_with(Setup { sightings_bank: Some("SEEN"), ..Setup::default() }).await
}

async fn checked(service: &Service, photo: Vec<u8>, account: &str) -> Value {
    let answer = service.check_for(photo, account).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn refused(answer: reqwest::Response, status: u16, code: &str) {
    assert_eq!(answer.status(), status);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], code, "{problem}");
}

fn examined(path: &str) -> Examined {
    checker().examine(&fixture(path), &Index::default(), &Scope::Everything).unwrap()
}

#[tokio::test]
async fn a_photo_on_many_accounts_is_suspect() {
    let service = start().await;
    let before: Value = service.check(fixture(PHOTO)).await.json().await.unwrap();
    assert_eq!(before["verdict"], "clear");

    for _ in 0..2 {
        let report = checked(&service, fixture(PHOTO), "account-of-alice").await;
        assert_eq!(report["evidence"]["seen"], json!({"bank": "SEEN", "other_accounts": 0}));
        assert_eq!(report["verdict"], "clear");
    }
    let copy = half_size_jpeg(&fixture(PHOTO), 50);
    let report = checked(&service, copy, "account-of-bob").await;
    assert_eq!(report["evidence"]["seen"]["other_accounts"], 1);
    let since = report["evidence"]["seen"]["since"].as_i64().unwrap();
    assert!((0..600).contains(&(photocheck::clock::now_s() - since)), "{since}");
    assert_eq!(
        (&report["verdict"], codes(&report)[0]),
        (&"suspect".into(), "SEEN_ON_OTHER_ACCOUNTS")
    );
    assert_eq!(report["evidence"]["matches"], json!([]), "a sighting is no known fake");
    let report = checked(&service, fixture(PHOTO), "account-of-carol").await;
    assert_eq!(report["evidence"]["seen"]["other_accounts"], 2);
    assert_eq!(report["reasons"][0]["message"], "2 other accounts show this photo too");

    let report = checked(&service, fixture(OTHER), "account-of-bob").await;
    assert_eq!(report["evidence"]["seen"]["other_accounts"], 0, "another photo");
    let bank = service.bank("SEEN").await;
    assert_eq!(bank.contents, 2, "copies are sightings of one content");

    // Who names no account is told nothing of accounts.
    let mut after: Value = service.check(fixture(PHOTO)).await.json().await.unwrap();
    after["versions"] = before["versions"].clone();
    assert_eq!(after, before);
    service.create_bank_for("OURS", "allow", false).await;
    service.bank_photo("OURS", fixture(PHOTO)).await;
    let report = checked(&service, fixture(PHOTO), "account-of-dave").await;
    assert_eq!((&report["verdict"], codes(&report)[0]), (&"clear".into(), "ALLOWED_PHOTO"));
    assert!(codes(&report).contains(&"SEEN_ON_OTHER_ACCOUNTS"), "still told: {report}");

    // The database names nobody.
    let folder = service.db.strip_prefix("sqlite:").unwrap();
    let mut looked_at = 0;
    for name in [folder.to_owned(), format!("{folder}-wal")] {
        let bytes = std::fs::read(name).unwrap_or_default();
        looked_at += bytes.len();
        assert!(!bytes.windows(10).any(|window| window == b"account-of"));
    }
    assert!(4096 < looked_at);
}

#[tokio::test]
async fn an_account_is_taken_only_where_sightings_are_kept_and_from_who_may() {
    let service = Service::start().await;
    refused(service.check_for(fixture(PHOTO), "1").await, 409, "SIGHTINGS_NOT_KEPT").await;
    let service = start().await;
    refused(service.check_for(fixture(PHOTO), "").await, 422, "ACCOUNT_ID_NOT_VALID").await;
    let long = "x".repeat(257);
    refused(service.check_for(fixture(PHOTO), &long).await, 422, "ACCOUNT_ID_NOT_VALID").await;
    let setup =
        Setup { bank_token: Some("geheim"), sightings_bank: Some("SEEN"), ..Setup::default() };
    let service = Service::start_with(setup).await;
    refused(service.check_for(fixture(PHOTO), "1").await, 401, "TOKEN_NEEDED").await;
    assert_eq!(service.check(fixture(PHOTO)).await.status(), 200);
    let form = photo_form(fixture(PHOTO)).text("account_id", "1");
    let sent = service.client.post(service.at("/v1/check")).multipart(form).bearer_auth("geheim");
    assert_eq!(sent.send().await.unwrap().status(), 200);
}

/// Retention and erasure go by the bank's name.
#[tokio::test]
async fn a_bank_of_sightings_keeps_its_name() {
    let service = start().await;
    let renamed = service.client.patch(service.at("/v1/banks/SEEN")).json(&json!({"name": "OLD"}));
    refused(renamed.send().await.unwrap(), 409, "BANK_OF_SIGHTINGS").await;
    checked(&service, fixture(PHOTO), "alice").await;
    let erased = service.client.delete(service.at("/v1/accounts/alice")).send().await.unwrap();
    assert_eq!(erased.status(), 200);
    assert_eq!(service.bank("SEEN").await.contents, 0);
}

/// A tenant may have a bank of the configured name that is for something else.
#[tokio::test]
async fn a_bank_for_something_else_takes_no_accounts() {
    let service = start().await;
    make_tenant(&service, "acme").await;
    let scopes = [KeyScope::Check, KeyScope::BankRead, KeyScope::BankWrite];
    let key = make_key(&service, "acme", scopes).await;
    let bank = service.client.post(service.at("/v1/banks")).bearer_auth(&key);
    let bank = bank.json(&json!({ "name": "SEEN", "purpose": "known_fake" })).send().await.unwrap();
    assert_eq!(bank.status(), 201);
    let form = photo_form(fixture(PHOTO)).text("account_id", "x");
    let check = service.client.post(service.at("/v1/check")).multipart(form).bearer_auth(&key);
    refused(check.send().await.unwrap(), 409, "SIGHTINGS_NOT_KEPT").await;
    let erase = service.client.delete(service.at("/v1/accounts/x")).bearer_auth(&key);
    refused(erase.send().await.unwrap(), 409, "SIGHTINGS_NOT_KEPT").await;
    let sightings = service.sightings.clone().unwrap();
    assert_eq!(sightings.delete_expired(200 * DAY_S).await.unwrap(), Expired::default());
}

/// A plain colour would be a copy of every other one.
#[tokio::test]
async fn a_photo_without_detail_is_not_kept() {
    let service = start().await;
    let report = checked(&service, fixture("edge/plain-colour.png"), "1").await;
    assert_eq!(report["evidence"].get("seen"), None);
    assert!(codes(&report).contains(&"LOW_DETAIL"));
    assert_eq!(service.bank("SEEN").await.contents, 0);
}

#[tokio::test]
async fn sightings_are_forgotten_when_their_time_is_over() {
    let service = start().await;
    let sightings = service.sightings.clone().unwrap();
    let account = |id: &str| sightings.account(id).unwrap();
    let record = async |id: &str, day: i64| {
        let examined =
            checker().examine(&fixture(PHOTO), &service.live.index(), &Scope::Everything).unwrap();
        sightings
            .record(TenantId::DEFAULT, &examined, account(id), day * DAY_S)
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(record("alice", 100).await.other_accounts, 0);
    let seen = record("bob", 120).await;
    assert_eq!((seen.other_accounts, seen.since_s), (1, Some(100 * DAY_S)));
    // Alice's is over its 30 days, deleted or not.
    let seen = record("carol", 131).await;
    assert_eq!((seen.other_accounts, seen.since_s), (1, Some(120 * DAY_S)));

    let generation = service.store.generation().await.unwrap();
    let expired = sightings.delete_expired(131 * DAY_S).await.unwrap();
    assert_eq!(expired, Expired { sightings: 1, contents: 0 });
    assert_eq!(service.store.generation().await.unwrap(), generation, "no content went");
    assert!(!service.live.index().is_empty());
    let expired = sightings.delete_expired(200 * DAY_S).await.unwrap();
    assert_eq!(expired, Expired { sightings: 2, contents: 1 });
    assert!(service.live.index().is_empty(), "gone from lookups at once");
    assert_eq!(sightings.delete_expired(200 * DAY_S).await.unwrap(), Expired::default());
    assert_eq!(record("dave", 200).await.other_accounts, 0);
}

/// Many accounts at the same moment: one content, and nobody is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_checks_of_one_photo_lose_no_account() {
    let service = start().await;
    let sightings = service.sightings.clone().unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let (sightings, examined) = (sightings.clone(), examined(PHOTO));
            let account = sightings.account(&number.to_string()).unwrap();
            tokio::spawn(async move {
                sightings.record(TenantId::DEFAULT, &examined, account, 7).await.unwrap()
            })
        })
        .collect();
    let mut others = Vec::new();
    for task in tasks {
        others.push(task.await.unwrap().unwrap().other_accounts);
    }
    others.sort_unstable();
    assert_eq!(others, (0..20).collect::<Vec<_>>());
    assert_eq!(service.bank("SEEN").await.contents, 1);
}

#[tokio::test]
async fn a_banked_photo_is_looked_up_among_those_seen_before() {
    let service = start().await;
    checked(&service, half_size_jpeg(&fixture(PHOTO), 50), "alice").await;
    checked(&service, fixture(PHOTO), "bob").await;
    checked(&service, fixture(OTHER), "bob").await;
    service.create_bank("OWN").await;
    let added = service.bank_photo("OWN", fixture(PHOTO)).await;
    let seen = added["seen_before"].as_array().unwrap();
    assert_eq!(seen.len(), 1, "{added}");
    assert_eq!((&seen[0]["bank"], &seen[0]["accounts"]), (&"SEEN".into(), &2.into()));
    assert!(seen[0]["content_id"].is_i64() && seen[0]["last_seen"].is_i64());
    assert_eq!(added.get("quarantined"), None);

    let path = fixture_path(PHOTO);
    let added = photocheck(&service.db, ["bank", "add", "OWN", path.to_str().unwrap()]);
    let lines = String::from_utf8(added.stdout).unwrap();
    let expected = "content 1 of SEEN, 2 accounts, last less than a day ago\n";
    assert!(lines.starts_with("already there\t") && lines.ends_with(expected), "{lines}");

    let added = service.bank_photo("OWN", fixture("photos/real-coffee.jpg")).await;
    assert_eq!(added["seen_before"], json!([]));
}

/// Photo `number` of those that lie 23 bits from `hash` and 46 from one another.
fn around(mut examined: Examined, number: usize) -> Examined {
    let mut words = examined.hashes.pdq.0;
    for bit in 23 * number..23 * (number + 1) {
        words[bit / 64] ^= 1 << (bit % 64);
    }
    examined.hashes.pdq = PdqHash(words);
    examined.views.clear();
    examined
}

#[tokio::test]
async fn a_hash_that_matches_many_different_photos_is_quarantined() {
    let service = start().await;
    let sightings = service.sightings.clone().unwrap();
    let record = async |examined: Examined, id: usize| {
        let account = sightings.account(&id.to_string()).unwrap();
        let now_s = photocheck::clock::now_s();
        sightings.record(TenantId::DEFAULT, &examined, account, now_s).await.unwrap().unwrap();
    };
    let matches = async || -> usize {
        let report: Value = service.check(fixture(PHOTO)).await.json().await.unwrap();
        report["evidence"]["matches"].as_array().unwrap().len()
    };
    service.create_bank("OWN").await;
    service.create_bank("LATE").await;
    for number in 0..10 {
        record(around(examined(PHOTO), number), number).await;
    }
    let added = service.bank_photo("OWN", fixture(PHOTO)).await;
    assert_eq!(added.get("quarantined"), None, "ten are not too many");
    assert_eq!(added["seen_before"].as_array().unwrap().len(), 10);
    assert_eq!(matches().await, 1);

    // The eleventh comes by a check, which matches what was banked.
    let mut eleventh =
        checker().examine(&fixture(PHOTO), &service.live.index(), &Scope::Everything).unwrap();
    eleventh.seen_copies.clear();
    record(around(eleventh.clone(), 10), 10).await;
    assert_eq!(matches().await, 0);
    // Whatever is banked now is quarantined from the beginning.
    let added = service.bank_photo("LATE", fixture(PHOTO)).await;
    let reason = "it matches more than 10 different photos of accounts";
    assert_eq!((&added["added"], &added["quarantined"]), (&true.into(), &reason.into()));
    assert_eq!(matches().await, 0);
    let entries = service.store.audit_entries(TenantId::DEFAULT, 0, 100).await.unwrap();
    let last: Vec<_> = entries.iter().rev().take(3).map(|entry| entry.action.as_str()).collect();
    assert_eq!(last, ["content.quarantined", "content.added", "content.quarantined"]);
    for bank in ["OWN", "LATE"] {
        let url = service.at(&format!("/v1/banks/{bank}"));
        let shown: Value = service.client.get(&url).send().await.unwrap().json().await.unwrap();
        assert_eq!((&shown["contents"], &shown["quarantined"]), (&1.into(), &1.into()));
        let page = service.client.get(format!("{url}/contents")).send().await.unwrap();
        let page: Value = page.json().await.unwrap();
        assert_eq!(page["contents"][0]["quarantined"], reason);
    }
    let list = String::from_utf8(photocheck(&service.db, ["bank", "list"]).stdout).unwrap();
    assert!(list.contains("OWN\tknown_fake\t1 photos, 1 quarantined\n"), "{list}");
    let shown = String::from_utf8(photocheck(&service.db, ["bank", "show", "OWN"]).stdout).unwrap();
    assert!(shown.contains(&format!("\tquarantined: {reason}\t")), "{shown}");
    let path = fixture_path(PHOTO);
    let added = photocheck(&service.db, ["bank", "add", "OWN", path.to_str().unwrap()]);
    let lines = String::from_utf8(added.stdout).unwrap();
    assert!(lines.contains("quarantined\t") && lines.contains(reason), "{lines}");

    // Released by a person, it stays so.
    let id = shown.split('\t').next().unwrap();
    let released = photocheck(&service.db, ["bank", "set", "OWN", id, "--release"]);
    assert!(String::from_utf8(released.stdout).unwrap().contains("\tenabled\t"));
    service.live.refresh().await.unwrap();
    assert_eq!(matches().await, 1);
    let mut twelfth = around(eleventh, 5);
    twelfth.hashes.pdq.0[3] ^= 1 << 62;
    record(twelfth, 12).await;
    assert_eq!(matches().await, 1);
    let added = service.bank_photo("OWN", fixture(PHOTO)).await;
    assert_eq!(added.get("quarantined"), None, "{added}");
}

const OPTED_IN: [&str; 4] = ["--sightings-bank", "SEEN", "--sightings-retention-days", "30"];

fn check_for<'a>(account: &'a str, path: &'a str) -> Vec<&'a str> {
    [vec!["check", "--json", path, "--account-id", account], OPTED_IN.to_vec()].concat()
}

#[test]
fn the_command_line_keeps_sightings_too() {
    let (_folder, db) = temporary_db();
    let path = fixture_path(PHOTO);
    let path = path.to_str().unwrap();
    assert!(photocheck(&db, ["bank", "create", "SEEN", "--purpose", "seen"]).status.success());
    for (account, others, code) in [("alice", 0, 0), ("alice", 0, 0), ("bob", 1, 1)] {
        let output = photocheck(&db, check_for(account, path));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["evidence"]["seen"]["other_accounts"], others, "{account}");
        assert_eq!(output.status.code(), Some(code), "{account}");
    }
    let list = String::from_utf8(photocheck(&db, ["bank", "list"]).stdout).unwrap();
    assert_eq!(list, "SEEN\tseen\t1 photos\n");
}

/// One list, an account for each photo; who has none in it is of `--account-id`.
#[test]
fn a_list_names_an_account_for_each_photo() {
    let (folder, db) = temporary_db();
    photocheck(&db, ["bank", "create", "SEEN", "--purpose", "seen"]);
    let (photo, other) = (fixture_path(PHOTO), fixture_path(OTHER));
    let list = folder.path().join("list.csv");
    let rows = [
        format!("{},alice", photo.display()),
        format!("{},bob", photo.display()),
        format!("{},", photo.display()),
        format!("{},{}", other.display(), "x".repeat(257)),
    ];
    std::fs::write(&list, format!("path,account_id\n{}\n", rows.join("\n"))).unwrap();
    let args = ["check", "--json", "--files-from", list.to_str().unwrap()];
    let refused = photocheck(&db, args);
    assert_eq!(refused.status.code(), Some(2), "accounts without a bank that keeps them");
    let args = args.into_iter().chain(OPTED_IN).chain(["--account-id", "carol"]);
    let output = photocheck(&db, args);
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut others: Vec<i64> = lines
        .iter()
        .filter_map(|line| line["evidence"]["seen"]["other_accounts"].as_i64())
        .collect();
    others.sort_unstable();
    assert_eq!(others, [0, 1, 2], "{lines:?}");
    let account = |id: &str| lines.iter().filter(|line| line["account_id"] == id).count();
    assert_eq!((account("alice"), account("bob"), account("carol")), (1, 1, 0));
    let long = lines.iter().find(|line| line.get("error").is_some()).unwrap();
    assert_eq!(long["error"]["code"], "ACCOUNT_ID_NOT_VALID");
    // Two photos are suspect, one could not be checked.
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn opting_in_needs_a_bank_a_retention_and_a_key() {
    let (_folder, db) = temporary_db();
    let path = fixture_path(PHOTO);
    let path = path.to_str().unwrap();
    photocheck(&db, ["bank", "create", "OWN"]);
    let refused = |args: &[&str], key: Option<&str>, said: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_photocheck"));
        command.args(args).env("PHOTOCHECK_DB", &db).env_remove("PHOTOCHECK_ACCOUNT_KEY");
        let output = command.envs(key.map(|key| ("PHOTOCHECK_ACCOUNT_KEY", key))).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{args:?}: {error}");
    };
    let (key, other) = (Some("0123456789abcdef0123456789abcdef"), Some("another".repeat(9)));
    let check = check_for("1", path);
    refused(&check, None, "PHOTOCHECK_ACCOUNT_KEY is not set");
    refused(&check, Some("short"), "has 5 bytes, at least 32 are needed");
    refused(&check, key, "there is no bank SEEN");
    refused(&check[..5], key, "--sightings-bank");
    refused(&check[..7], key, "--sightings-retention-days");
    refused(&[["check", path].as_slice(), &OPTED_IN].concat(), key, "without --account-id");
    let mut own = check.clone();
    own[6] = "OWN";
    refused(&own, key, "bank OWN does not have the purpose seen");
    refused(&[["serve"].as_slice(), &OPTED_IN].concat(), None, "PHOTOCHECK_ACCOUNT_KEY");
    let long = "x".repeat(257);
    photocheck(&db, ["bank", "create", "SEEN", "--purpose", "seen"]);
    refused(&check_for(&long, path), key, "the account id has 257 bytes, the limit is 256");
    // The first key is the bank's.
    refused(&check, other.as_deref(), "bank SEEN was filled with another account key");
}
