//! A candidate checks photos beside what is in force: its answers are compared, and nobody is shown
//! them.

use std::time::{Duration, Instant};

use photocheck::store::{ShadowAnswer, ShadowSide, Store};
use photocheck::tenancy::{TenantId, TenantName};
use serde_json::{Value, json};

use crate::openapi::said;
use crate::store::{Database, databases};
use crate::support::marks::{png_with, text_chunk};
use crate::support::serve::Serve;
use crate::support::{Place, command, fixture};

/// As a program that makes pictures notes how it made one.
const DECLARED: &str = "a portrait\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 8x8";

fn places() -> impl Iterator<Item = Place> {
    [Some(Place::in_file()), Place::on_server()].into_iter().flatten()
}

fn report(db: &str) -> Value {
    let output = command(db).args(["shadow", "report", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn photos(report: &Value) -> u64 {
    report["counts"].as_array().unwrap().iter().map(|it| it["photos"].as_u64().unwrap()).sum()
}

/// What a program made is fake by `strict`, and clear by `label`, which here is the candidate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_is_compared_and_shown_to_nobody() {
    for place in places() {
        let open = "--banks-open-to-everybody";
        let args = ["--create", open, "--shadow-policy", "label", "--shadow-share", "1"];
        let serve = Serve::start(&place.url, &args);
        let client = reqwest::Client::new();
        let declared = png_with(&[text_chunk("parameters", DECLARED)]);
        let plain = fixture("edge/png-8.png");
        for (count, (photo, verdict)) in [(declared, "fake"), (plain, "clear")].iter().enumerate() {
            let url = format!("{}/v1/check", serve.url);
            let answer = client.post(url).body(photo.clone()).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["verdict"], *verdict, "{answer}");
            assert_eq!(answer["versions"]["policy"]["name"], "strict");
            // It takes one photo at a time, after the answer.
            let begun = Instant::now();
            while photos(&report(&place.url)) <= count as u64 {
                assert!(begun.elapsed() < Duration::from_mins(1), "{}", serve.stop());
            }
        }
        let report = report(&place.url);
        let verdicts = |it: &Value| json!([it["verdict"], it["candidate_verdict"], it["photos"]]);
        let counts: Vec<_> = report["counts"].as_array().unwrap().iter().map(verdicts).collect();
        assert_eq!(counts, [json!(["clear", "clear", 1]), json!(["fake", "clear", 1])], "{report}");
        let changes = report["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{report}");
        assert_eq!(changes[0]["sha256"].as_str().unwrap().len(), 64);
        let candidate = changes[0]["candidate"].as_str().unwrap();
        assert!(candidate.contains(", label ") && !candidate.contains("strict"), "{candidate}");
        let text = command(&place.url).args(["shadow", "report"]).output().unwrap();
        let text = String::from_utf8(text.stdout).unwrap();
        assert!(text.contains("2 photos, 1 with another verdict"), "{text}");
        assert!(text.contains("fake") && text.contains(" -> clear"), "{text}");
        serve.stop();
    }
}

#[test]
fn a_candidate_must_be_another_one() {
    let place = Place::in_file();
    let refused = |args: &[&str]| {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--create"];
        let output = command(&place.url).args(serve).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    let same = refused(&["--shadow-policy", "strict"]);
    assert!(same.contains("the candidate is what is in force"), "{same}");
    let missing = refused(&["--shadow-policy", "none.toml"]);
    assert!(missing.contains("none.toml"), "{missing}");
    let share = refused(&["--shadow-policy", "label", "--shadow-share", "2"]);
    assert!(share.contains("a share is a number from 0 to 1"), "{share}");
}

fn side(verdict: &str, score_thousandths: Option<u16>) -> ShadowSide {
    ShadowSide { verdict: verdict.to_owned(), score_thousandths }
}

/// An answer at a time.
fn answer(at: i64, candidate: ShadowSide) -> ShadowAnswer {
    ShadowAnswer {
        at,
        in_force: "model 1".to_owned(),
        candidate: "model 2".to_owned(),
        sha256: "ab".repeat(32),
        live: side("clear", Some(100)),
        shadow: candidate,
    }
}

async fn counted(store: &Store, tenant: TenantId) -> u64 {
    store.shadow_counts(tenant).await.unwrap().iter().map(|count| count.photos).sum()
}

#[tokio::test]
async fn answers_are_kept_by_tenant_and_go_when_their_time_is_over() {
    const DAY_S: i64 = 24 * 60 * 60;
    for Database { kind, store, .. } in &databases().await {
        let other = store.create_tenant(&TenantName::new("other").unwrap(), 1).await.unwrap();
        let flagged = answer(40 * DAY_S, side("suspect", Some(900)));
        let same = answer(40 * DAY_S + 1, side("clear", None));
        let old = answer(10 * DAY_S, side("fake", Some(999)));
        for answer in [&flagged, &same, &flagged, &old] {
            store.add_shadow(other.id, answer).await.unwrap();
        }
        assert_eq!(counted(store, other.id).await, 4, "{kind}");
        assert_eq!(counted(store, TenantId::DEFAULT).await, 0, "{kind}");
        let changes = store.shadow_changes(other.id, 10).await.unwrap();
        assert_eq!(changes, [flagged.clone(), flagged.clone(), old], "{kind}");
        assert_eq!(store.shadow_changes(other.id, 1).await.unwrap().len(), 1, "{kind}");
        store.delete_old_shadows(40 * DAY_S).await.unwrap();
        assert_eq!(counted(store, other.id).await, 3, "{kind}");
        assert_eq!(store.shadow_changes(other.id, 10).await.unwrap().len(), 2, "{kind}");
        store.erase_tenant(&other).await.unwrap();
        // Its photos may be on their way still.
        store.add_shadow(other.id, &flagged).await.unwrap();
        assert_eq!(counted(store, other.id).await, 0, "{kind}");
    }
}
