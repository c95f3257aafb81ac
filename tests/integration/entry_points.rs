//! One app, several ways in: each returns the same report on the same photo.

use photocheck::wire::{RefusalJson, ReportJson};
use photocheck_core::matching::index::{Index, Scope};
use serde_json::Value;

use crate::support::{Service, checker, fixture, fixture_path, fixtures, photocheck};

/// The report, or the code of the refusal, by the library.
fn by_library(photo: &[u8]) -> Value {
    match checker().check(photo, &Index::default(), &Scope::Everything) {
        Ok(report) => serde_json::to_value(ReportJson::from(&report)).unwrap(),
        Err(error) => Value::from(RefusalJson::from(&error).code),
    }
}

/// The same of a line by the command line.
fn by_command_line(line: &str) -> (String, Value) {
    let mut line: Value = serde_json::from_str(line).unwrap();
    let path = line["path"].as_str().unwrap().to_owned();
    line.as_object_mut().unwrap().remove("path");
    match line.get("error") {
        Some(error) => (path, error["code"].clone()),
        None => (path, line),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_entry_points_return_the_same_report() {
    let fixtures = fixtures();
    let photos = fixtures.photo.iter().map(|it| &it.path);
    let edges = fixtures.edge.iter().map(|it| &it.path);
    let hostile = fixtures.hostile.iter().map(|it| &it.path);
    let paths: Vec<&String> = photos.chain(edges).chain(hostile).collect();

    let service = Service::start().await;
    let root = fixture_path("");
    let root = root.to_str().unwrap();
    let output = photocheck(&service.db, ["check", "--json", root]);
    assert_eq!(output.status.code(), Some(3), "some are AI-made, and hostile ones are not read");
    let output = String::from_utf8(output.stdout).unwrap();
    let lines: std::collections::HashMap<_, _> = output.lines().map(by_command_line).collect();

    let mut compared = 0;
    for path in paths {
        let expected = by_library(&fixture(path));
        let full = fixture_path(path).display().to_string();
        assert_eq!(lines[&full], expected, "{path} by the command line");
        for answer in [service.check(fixture(path)).await, service.check_raw(fixture(path)).await] {
            let ok = answer.status() == 200;
            let body: Value = answer.json().await.unwrap();
            let found = if ok { &body } else { &body["code"] };
            assert_eq!(*found, expected, "{path} by the service");
        }
        compared += 1;
    }
    assert!(60 <= compared);
}

#[test]
fn equal_bytes_have_an_equal_report() {
    let photo = fixture("photos/ai-portrait-1.jpg");
    assert_eq!(by_library(&photo), by_library(&photo));
}

#[test]
fn the_report_has_the_promised_shape() {
    let report = by_library(&fixture("photos/real-collins.png"));
    let photo = &report["photo"];
    let digest = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5";
    assert_eq!(photo["sha256"], digest);
    assert_eq!((&photo["format"], &photo["width"]), (&"png".into(), &512.into()));
    assert_eq!(report["evidence"]["synthetic"]["state"], "evaluated");
    let score = report["evidence"]["synthetic"]["score"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&score));
    assert_eq!(report["evidence"]["matches"], Value::Array(vec![]));
    assert_eq!(report["evidence"]["provenance"], Value::Array(vec![]));
    assert_eq!(report["hashes"]["pdq"].as_str().unwrap().len(), 64);
    assert_eq!(report["hashes"]["pdq_quality"], 100);
    assert!(!report["reasons"].as_array().unwrap().is_empty());
    for version in ["model", "policy"] {
        assert!(!report["versions"][version].as_str().unwrap().is_empty());
    }
    assert_eq!(report["versions"]["index"], 0);
}

#[test]
fn a_photo_without_a_face_is_not_judged_for_ai() {
    let report = by_library(&fixture("photos/real-coffee.jpg"));
    assert_eq!(report["evidence"]["synthetic"]["state"], "not_applicable");
    assert_eq!(report["evidence"]["synthetic"]["code"], "NO_FACE_FOUND");
    assert_eq!(report["verdict"], "inconclusive");
    assert_eq!(report["reasons"][0]["code"], "NO_FACE_FOUND");
}

#[test]
fn a_photo_without_detail_says_so() {
    let report = by_library(&fixture("edge/plain-colour.png"));
    assert_eq!(report["verdict"], "inconclusive");
    let reasons = report["reasons"].as_array().unwrap();
    assert!(reasons.iter().any(|reason| reason["code"] == "LOW_DETAIL" && reason["value"] == 0.0));
}
