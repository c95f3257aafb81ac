//! Answers and policies: the same answers by every policy, the verdict that the chosen one makes of
//! them, and policies of one's own.

use std::fmt::Write;

use photocheck::app::models::load_policy;
use photocheck::config::{BundledPolicy, PolicyChoice};
use photocheck::wire::ReportJson;
use photocheck_core::matching::index::{Index, Scope};
use serde_json::{Value, json};

use crate::support::{
    Service, Setup, checker, checker_by, fixture, fixture_path, fixtures, photocheck, root,
    temporary_db,
};

const AI: &str = "photos/ai-portrait-1.jpg";
const REAL: &str = "photos/real-hopper.jpg";

fn by_library(policy: BundledPolicy, photo: &[u8]) -> Value {
    let report = checker_by(policy).check(photo, &Index::default(), &Scope::Everything).unwrap();
    serde_json::to_value(ReportJson::from(&report)).unwrap()
}

fn by_command_line(db: &str, args: &[&str]) -> Value {
    let output = photocheck(db, ["check", "--json"].iter().chain(args).copied());
    let mut line: Value = serde_json::from_slice(&output.stdout).unwrap();
    line.as_object_mut().unwrap().remove("path");
    line
}

#[test]
fn both_questions_are_answered_with_reasons_and_cost() {
    let report = by_library(BundledPolicy::Strict, &fixture(AI));
    let made_by_ai = &report["answers"]["made_by_ai"];
    assert_eq!(made_by_ai["answer"], "likely");
    assert_eq!(made_by_ai["reasons"], json!(["SYNTHETIC_FACE"]));
    assert_eq!(made_by_ai["false_positive_rate"], 0.01);
    assert_eq!(made_by_ai.get("code"), None);
    let known = &report["answers"]["known_photo"];
    assert_eq!((&known["answer"], &known["code"]), (&"not_compared".into(), &"NO_BANKS".into()));
    assert_eq!((&known["reasons"], &known["false_match_rate"]), (&json!([]), &Value::Null));
    assert_eq!(report["answers"].get("seen_elsewhere"), None);
    assert_eq!(report["reasons"][0]["weight"], "suspect");
    let policy = &report["versions"]["policy"];
    assert_eq!((&policy["name"], &policy["version"]), (&"strict".into(), &"1".into()));
    assert!(!policy["thresholds"].as_str().unwrap().is_empty());

    let report = by_library(BundledPolicy::Strict, &fixture("photos/real-coffee.jpg"));
    let made_by_ai = &report["answers"]["made_by_ai"];
    let expected = ("not_judged".into(), "NO_FACE_FOUND".into());
    assert_eq!((&made_by_ai["answer"], &made_by_ai["code"]), (&expected.0, &expected.1));
    let report = by_library(BundledPolicy::Strict, &fixture(REAL));
    assert_eq!(report["answers"]["made_by_ai"]["answer"], "no_sign");
    assert_eq!(report["answers"]["made_by_ai"]["reasons"], json!([]));
}

#[test]
fn by_label_the_same_answers_weigh_less() {
    let mut lighter = 0;
    for photo in fixtures().photo {
        let [strict, label] = BundledPolicy::ALL.map(|it| by_library(it, &fixture(&photo.path)));
        assert_eq!(label["answers"], strict["answers"], "{}", photo.path);
        assert_eq!(label["evidence"], strict["evidence"], "{}", photo.path);
        assert_eq!(label["verdict"], "clear", "{}: no bank, so nothing else counts", photo.path);
        lighter += usize::from(strict["verdict"] != "clear");
    }
    assert!(3 <= lighter);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn label_holds_at_every_entry_point_and_a_stolen_photo_stays_fake() {
    let label = BundledPolicy::Label;
    let service = Service::start_with(Setup { policy: label, ..Setup::default() }).await;
    let path = fixture_path(AI);
    let args = ["--policy", "label", path.to_str().unwrap()];
    let expected = by_library(label, &fixture(AI));
    assert_eq!(by_command_line(&service.db, &args), expected);
    assert_eq!(expected["versions"]["policy"]["name"], "label");
    let answer: Value = service.check(fixture(AI)).await.json().await.unwrap();
    assert_eq!(answer, expected);
    let ready: Value =
        service.client.get(service.at("/readyz")).send().await.unwrap().json().await.unwrap();
    assert_eq!(ready["policy"], expected["versions"]["policy"]);
    let checked = photocheck(&service.db, ["check"].iter().chain(&args).copied());
    assert_eq!(checked.status.code(), Some(0), "nothing counts against it");
    let text = String::from_utf8(checked.stdout).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert!(lines[0].starts_with("clear "), "{text}");
    let ai = "Probably made by AI. About 1 in 100 real photos scores as high. [made_by_ai: likely]";
    assert_eq!(lines[1], ai);
    assert!(lines[2].ends_with("[known_photo: not_compared, NO_BANKS]"), "{text}");
    assert!(lines[3].contains("[SYNTHETIC_FACE, "), "{text}");

    service.create_bank("OWN").await;
    service.bank_photo("OWN", fixture(AI)).await;
    let answer: Value = service.check(fixture(AI)).await.json().await.unwrap();
    assert_eq!(answer["verdict"], "fake");
    let known = &answer["answers"]["known_photo"];
    assert_eq!((&known["answer"], &known["reasons"]), (&"match".into(), &json!(["KNOWN_PHOTO"])));
    assert!(known["false_match_rate"].as_f64().unwrap() < 1e-5);
    assert_eq!(answer["answers"]["made_by_ai"], expected["answers"]["made_by_ai"]);
    assert_eq!(by_command_line(&service.db, &args), answer);
    let allowed = service.create_bank_for("OURS", "allow", false).await;
    assert_eq!(allowed["purpose"], "allow");
    service.bank_photo("OURS", fixture(AI)).await;
    let answer: Value = service.check(fixture(AI)).await.json().await.unwrap();
    assert_eq!(answer["answers"]["known_photo"]["answer"], "allowed");
    assert_eq!(answer["verdict"], "clear");
}

#[tokio::test]
async fn sightings_are_an_answer_of_their_own() {
    let setup = Setup { sightings_bank: Some("SEEN"), ..Setup::default() };
    let service = Service::start_with(setup).await;
    let mut answers = Vec::new();
    for account in ["alice", "bob"] {
        let report: Value = service.check_for(fixture(REAL), account).await.json().await.unwrap();
        answers.push(report["answers"]["seen_elsewhere"].clone());
    }
    assert_eq!(answers[0]["answer"], "no");
    assert_eq!(
        answers[1],
        json!({
            "answer": "yes",
            "other_accounts": 1,
            "message": "1 other account shows this photo too.",
            "reasons": ["SEEN_ON_OTHER_ACCOUNTS"],
            "false_positive_rate": null,
        })
    );
}

#[test]
fn eval_by_label_flags_nothing_and_answers_the_same() {
    let (folder, db) = temporary_db();
    let labels = folder.path().join("labels.csv");
    let mut csv = String::from("path,label,source\n");
    for photo in fixtures().photo {
        let path = fixture_path(&photo.path).display().to_string();
        writeln!(csv, "{path},{},fixtures", photo.label).unwrap();
    }
    std::fs::write(&labels, csv).unwrap();
    let [strict, label] = ["strict", "label"].map(|policy| {
        let args = ["eval", labels.to_str().unwrap(), "--json", "--policy", policy];
        let output = photocheck(&db, args);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    });
    assert!(strict["policy"].as_str().unwrap().starts_with("strict 1, thresholds "), "{strict}");
    assert!(label["policy"].as_str().unwrap().starts_with("label 1, thresholds "), "{label}");
    let (strict, label) = (&strict["summary"], &label["summary"]);
    assert!(0.5 < strict["flagged_synthetic"].as_f64().unwrap());
    assert_eq!(strict["likely_synthetic"], strict["flagged_synthetic"]);
    assert_eq!((&label["flagged_synthetic"], &label["flagged_real"]), (&0.0.into(), &0.0.into()));
    for figure in ["likely_synthetic", "likely_real", "auroc", "tpr", "fpr"] {
        assert_eq!(label[figure], strict[figure], "{figure}");
    }
}

#[test]
fn a_policy_of_ones_own_decides_and_its_faults_are_named() {
    let (folder, db) = temporary_db();
    let own = folder.path().join("ours.toml");
    let strict = std::fs::read_to_string(root().join("models/policies/strict.toml")).unwrap();
    let photo = fixture_path("photos/real-coffee.jpg");
    let check = |text: &str| {
        std::fs::write(&own, text).unwrap();
        let policy = own.to_str().unwrap();
        photocheck(&db, ["check", "--json", photo.to_str().unwrap(), "--policy", policy])
    };
    let ours = strict
        .replace("\"strict\"", "\"ours\"")
        .replace("NO_FACE_FOUND = \"inconclusive\"", "NO_FACE_FOUND = \"suspect\"");
    let output = check(&ours);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["verdict"], &report["versions"]["policy"]["name"]),
        (&"suspect".into(), &"ours".into())
    );

    let refused = |text: &str, faults: &[&str]| {
        let output = check(text);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        for fault in faults.iter().chain(&["ours.toml"]) {
            assert!(error.contains(fault), "{fault}: {error}");
        }
    };
    refused(&strict, &["its name must not be strict"]);
    let two = ours.replace("\"clear\"", "\"maybe\"").replace("version = \"1\"", "");
    refused(&two, &["version is missing", "weights.THUMBNAIL_DIFFERS is \"maybe\""]);
    refused("name", &["it is not TOML"]);
    let output = photocheck(&db, ["check", photo.to_str().unwrap(), "--policy", "lable"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("lable (bundled are strict and label)"), "{error}");
    for policy in BundledPolicy::ALL {
        let loaded = load_policy(&PolicyChoice::Bundled(policy), checker().model()).unwrap();
        assert_eq!(loaded.version().name, policy.name());
    }
}

/// `docs/answers.md` has every weight of the bundled policies.
#[test]
fn the_docs_have_every_weight() {
    let docs = std::fs::read_to_string(root().join("docs/answers.md")).unwrap();
    let weights = |policy: BundledPolicy| {
        let file = root().join(format!("models/policies/{}.toml", policy.name()));
        let table: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
        table["weights"].as_table().unwrap().clone()
    };
    let [strict, label] = BundledPolicy::ALL.map(weights);
    for (code, weight) in &strict {
        let [strict, label] = [weight, &label[code]].map(|it| it.as_str().unwrap());
        let ends = format!("| `{strict}` | `{label}` |");
        let is_there = |line: &&str| line.contains(&format!("`{code}`")) && line.ends_with(&ends);
        assert_eq!(docs.lines().filter(is_there).count(), 1, "{code}");
    }
}

/// The example of a report in the API's description has all that a real one has, and nothing else.
#[tokio::test]
async fn the_example_of_a_report_is_true() {
    let service = Service::start().await;
    let api = service.client.get(service.at("/openapi.json")).send().await.unwrap();
    let api: Value = api.json().await.unwrap();
    let answer = &api["paths"]["/v1/check"]["post"]["responses"]["200"];
    let example = &answer["content"]["application/json"]["example"];
    let report = by_library(BundledPolicy::Strict, &fixture(AI));
    assert_eq!(shape(example), shape(&report));
    assert_eq!(example["answers"], report["answers"]);
    let schemas = &api["components"]["schemas"];
    let values = |schema: &str| schemas[schema]["properties"]["answer"]["enum"].clone();
    let made_by_ai = json!(["declared", "likely", "unsure", "no_sign", "not_judged"]);
    assert_eq!(values("MadeByAiJson"), made_by_ai);
    let known = json!(["match", "unsure", "allowed", "no_match", "not_compared"]);
    assert_eq!(values("KnownCopyJson"), known);
    assert_eq!(values("SeenOnJson"), json!(["yes", "no"]));
}

/// The names and types of a value, whatever numbers and texts there are.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "text".into(),
        Value::Array(values) => values.iter().take(1).map(shape).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect()
        }
    }
}
