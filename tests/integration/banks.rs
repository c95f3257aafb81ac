//! Banks: a copy of a banked photo is found by every way in, another photo is not, removed is gone.

use std::time::{Duration, Instant};

use photocheck_core::bank::BankedPhoto;
use photocheck_core::matching::hashes::PhotoHashes;
use photocheck_core::photo::Photo;
use serde_json::Value;

use crate::support::{
    Service, codes, fixture, fixture_path, half_size_jpeg, photocheck, shared, temporary_db,
};

const BANK: &str = "ROMANCE_SCAM";
pub const STOLEN: &str = "photos/ai-portrait-1.jpg";
pub const SAME_PERSON: &str = "photos/ai-selfie-1.jpg";

#[tokio::test]
async fn a_copy_of_a_banked_photo_is_fake_over_http() {
    let service = Service::start().await;
    service.create_bank(BANK).await;
    let added = service.bank_photo(BANK, fixture(STOLEN)).await;
    assert_eq!((&added["added"], &added["matchable"]), (&true.into(), &true.into()));

    let copy = half_size_jpeg(&fixture(STOLEN), 50);
    let report: Value = service.check(copy).await.json().await.unwrap();
    assert_eq!(report["verdict"], "fake");
    assert!(codes(&report).contains(&"KNOWN_PHOTO"), "{report}");
    let found = &report["evidence"]["matches"][0];
    assert_eq!((&found["bank"], &found["content_id"]), (&BANK.into(), &added["content_id"]));
    // Which view lies nearest is chance; a copy of the whole meets in one like it.
    assert_eq!((&found["signal"], &found["view"]), (&"pdq".into(), &found["banked_view"]));
    assert_eq!(found["mirrored"], false);
    assert!(0.5 < found["region"]["width"].as_f64().unwrap());
    assert!(found["distance"].as_u64().unwrap() <= 31);

    let other: Value = service.check(fixture(SAME_PERSON)).await.json().await.unwrap();
    assert_eq!(other["evidence"]["matches"], Value::Array(vec![]));
    assert!(!codes(&other).contains(&"KNOWN_PHOTO"), "{other}");
}

#[test]
fn a_copy_of_a_banked_photo_is_fake_on_the_command_line() {
    let (folder, db) = temporary_db();
    let copy = folder.path().join("copy.jpg");
    std::fs::write(&copy, half_size_jpeg(&fixture(STOLEN), 50)).unwrap();
    let (copy, stolen) = (copy.to_str().unwrap(), fixture_path(STOLEN));
    let stolen = stolen.to_str().unwrap();

    assert!(photocheck(&db, ["bank", "create", BANK]).status.success());
    let added = photocheck(&db, ["bank", "add", BANK, stolen, "--note", "case 12"]);
    assert!(added.status.success(), "{added:?}");
    let again = photocheck(&db, ["bank", "add", BANK, stolen]);
    assert!(String::from_utf8(again.stdout).unwrap().starts_with("already there"));

    let checked = photocheck(&db, ["check", "--json", copy]);
    assert_eq!(checked.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&report["verdict"], &report["path"]), (&"fake".into(), &copy.into()));
    assert!(codes(&report).contains(&"KNOWN_PHOTO"));

    let other = fixture_path(SAME_PERSON);
    let checked = photocheck(&db, ["check", "--json", other.to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(report["evidence"]["matches"], Value::Array(vec![]));

    let shown = String::from_utf8(photocheck(&db, ["bank", "show", BANK]).stdout).unwrap();
    assert!(shown.contains("case 12"), "{shown}");
    let id = shown.split('\t').next().unwrap();
    assert!(photocheck(&db, ["bank", "remove", BANK, id]).status.success());
    let checked = photocheck(&db, ["check", "--json", copy]);
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(report["evidence"]["matches"], Value::Array(vec![]));
}

#[tokio::test]
async fn removing_a_photo_or_its_bank_shows_at_once() {
    let service = Service::start().await;
    service.create_bank(BANK).await;
    let added = service.bank_photo(BANK, fixture(STOLEN)).await;
    let again = service.bank_photo(BANK, fixture(STOLEN)).await;
    assert_eq!((&again["added"], &again["content_id"]), (&false.into(), &added["content_id"]));

    let url = service.at(&format!("/v1/banks/{BANK}/contents/{}", added["content_id"]));
    assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(matches(&service).await, 0);
    assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 404);

    service.bank_photo(BANK, fixture(STOLEN)).await;
    assert_eq!(matches(&service).await, 1);
    let url = service.at(&format!("/v1/banks/{BANK}"));
    assert_eq!(service.client.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(matches(&service).await, 0);
    assert_eq!(service.client.get(&url).send().await.unwrap().status(), 404);
}

/// How many matches the stolen photo has.
async fn matches(service: &Service) -> usize {
    let report: Value = service.check(fixture(STOLEN)).await.json().await.unwrap();
    report["evidence"]["matches"].as_array().unwrap().len()
}

/// The command line beside a running service: its change shows without being asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_service_sees_what_the_command_line_banks() {
    let service = Service::start().await;
    assert!(photocheck(&service.db, ["bank", "create", BANK]).status.success());
    let stolen = fixture_path(STOLEN);
    let added = photocheck(&service.db, ["bank", "add", BANK, stolen.to_str().unwrap()]);
    assert!(added.status.success());
    let begun = Instant::now();
    while matches(&service).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the change never showed");
    }
}

#[tokio::test]
async fn contents_are_listed_in_pages_without_hashes() {
    let service = Service::start().await;
    service.create_bank(BANK).await;
    service.bank_photo(BANK, fixture(STOLEN)).await;
    service.bank_photo(BANK, fixture(SAME_PERSON)).await;
    let url = service.at(&format!("/v1/banks/{BANK}/contents"));
    let page: Value = service.client.get(&url).send().await.unwrap().json().await.unwrap();
    let contents = page["contents"].as_array().unwrap();
    assert_eq!(contents.len(), 2);
    assert!(contents.iter().all(|content| content.get("pdq").is_none()));
    let next = format!("{url}?after={}", contents[0]["content_id"]);
    let page: Value = service.client.get(next).send().await.unwrap().json().await.unwrap();
    assert_eq!(page["contents"].as_array().unwrap().len(), 1);
}

/// A plain colour is stored, but never looked up: its hash says nothing.
#[tokio::test]
async fn a_photo_without_detail_is_stored_and_never_matched() {
    let service = Service::start().await;
    service.create_bank(BANK).await;
    let added = service.bank_photo(BANK, fixture("edge/plain-colour.png")).await;
    assert_eq!((&added["added"], &added["matchable"]), (&true.into(), &false.into()));
    let report: Value = service.check(fixture("edge/plain-colour.png")).await.json().await.unwrap();
    assert_eq!(report["evidence"]["matches"], Value::Array(vec![]));
}

/// A fixture, to be banked by the store.
pub fn banked(path: &str) -> BankedPhoto {
    let photo = Photo::decode(&fixture(path)).unwrap();
    BankedPhoto::new(&PhotoHashes::hash(photo.pixels()), &[], 7)
}

/// Different photos of the shared data do not match each other at the policy's distance.
#[test]
fn different_photos_do_not_match() {
    let Some(folder) = shared("data/faces/val/real/18f-team") else { return };
    let mut hashes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        hashes.push(PhotoHashes::hash(Photo::decode(&bytes).unwrap().pixels()).pdq);
    }
    let mut pairs = 0;
    for (place, first) in hashes.iter().enumerate() {
        for second in &hashes[place + 1..] {
            assert!(31 < first.distance(*second).0);
            pairs += 1;
        }
    }
    assert!(100 <= pairs);
}
