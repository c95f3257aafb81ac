//! What Prometheus reads of a real service is what happened to it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use photocheck::clock;
use photocheck::ids;
use photocheck::store::{Endpoint, NewBatch, NewCheck, Outcome, WaitsIn, WorkerId};
use photocheck::tenancy::TenantId;
use photocheck::webhooks::{EventKind, EventKinds, NewEvent, WebhookSecret};
use photocheck_core::evaluation::drift::{PHOTOS_MIN, ScoreCounts};

use crate::drift::add_scores;
use crate::support::{Place, Service, Setup, fixture};

/// The value of a series, written as Prometheus shows it.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let service = Service::start().await;
    let before = service.metrics().await;
    assert_eq!(value(&before, r#"photocheck_checks_total{verdict="clear"}"#), Some(0.0));
    service.create_bank("SOME").await;
    service.bank_photo("SOME", fixture("photos/ai-portrait-1.jpg")).await;
    for _ in 0..2 {
        let known = service.check(fixture("photos/ai-portrait-1.jpg")).await;
        assert_eq!(known.status(), 200);
    }
    assert_eq!(service.check(fixture("photos/real-hopper.jpg")).await.status(), 200);
    assert_eq!(service.check_raw(fixture("hostile/text.jpg")).await.status(), 415);
    let nowhere = service.at("/nothing/of/this/kind");
    assert_eq!(service.client.get(nowhere).send().await.unwrap().status(), 404);

    let metrics = service.metrics().await;
    let expected = [
        (r#"photocheck_checks_total{verdict="fake"}"#, 2.0),
        (r#"photocheck_checks_total{verdict="clear"}"#, 1.0),
        (r#"photocheck_check_reasons_total{code="KNOWN_PHOTO"}"#, 2.0),
        (r#"photocheck_http_problems_total{code="PHOTO_NOT_AN_IMAGE"}"#, 1.0),
        (r#"photocheck_http_problems_total{code="NOT_FOUND"}"#, 1.0),
        (&request("POST", "/v1/check", "2xx"), 3.0),
        (&request("POST", "/v1/check", "4xx"), 1.0),
        (&request("GET", "", "4xx"), 1.0),
        (r#"photocheck_check_stage_seconds_count{stage="decode"}"#, 3.0),
        (r#"photocheck_check_stage_seconds_count{stage="model"}"#, 3.0),
        (r#"photocheck_check_stage_seconds_count{stage="verdict"}"#, 3.0),
        ("photocheck_gate_wait_seconds_count", 4.0),
        (r#"photocheck_gate_places{state="free"}"#, 66.0),
        (r#"photocheck_gate_places{state="working"}"#, 0.0),
        ("photocheck_index_generation", 1.0),
        ("photocheck_index_hashes", 17.0),
    ];
    for (series, count) in expected {
        assert_eq!(value(&metrics, series), Some(count), "{series}\n{metrics}");
    }
    let scores = value(&metrics, "photocheck_synthetic_score_count").unwrap();
    assert!((1.0..=3.0).contains(&scores), "{scores}");
    // The same ones are written down for their day.
    service.app.scores().write().await.unwrap();
    let days = service.store.scores_of(TenantId::DEFAULT, "synthetic-8", 0).await.unwrap();
    let written: u64 = days.values().map(ScoreCounts::total).sum();
    assert_eq!(written.to_string(), scores.to_string());
    let age = value(&metrics, "photocheck_index_age_seconds").unwrap();
    assert!((0.0..10.0).contains(&age), "{age}");
    let stages = ["decode", "faces", "views", "lookup", "model", "marks", "verdict"];
    let sum = |stage| {
        let series = format!(r#"photocheck_check_stage_seconds_sum{{stage="{stage}"}}"#);
        value(&metrics, &series).unwrap()
    };
    let spent: f64 = stages.into_iter().map(sum).sum();
    let answered =
        format!("photocheck_http_request_seconds_sum{}", labels("POST", "/v1/check", "2xx"));
    let answered = value(&metrics, &answered).unwrap();
    assert!(0.0 < spent && spent <= answered, "stages {spent} s of {answered} s");
    assert!(metrics.contains("photocheck_info{model=\"synthetic-8\""), "{metrics}");
    // No label is of a caller's making.
    assert!(!metrics.contains("nothing") && !metrics.contains("SOME"), "{metrics}");
    check_format(&metrics);
}

/// What waits, on every database, and what came of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_counted_with_its_age() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let setup = Setup { db: Some(place.url.clone()), ..Setup::default() };
        let service = Service::start_with(setup).await;
        let states = |metrics: &str, name: &str| {
            ["waiting", "under_way", "put_back"].map(|state| {
                let count = value(metrics, &format!(r#"{name}{{state="{state}"}}"#)).unwrap();
                count.to_string()
            })
        };
        let (checks, messages) = ("photocheck_waiting_checks", "photocheck_webhook_messages");
        let metrics = service.metrics().await;
        assert_eq!(states(&metrics, checks), ["0"; 3]);
        assert_eq!(value(&metrics, "photocheck_waiting_check_oldest_seconds"), Some(0.0));

        let store = &service.store;
        let endpoint = Endpoint {
            id: ids::new_id(),
            tenant: TenantId::DEFAULT,
            url: "https://hooks.example.org/".to_owned(),
            events: EventKinds::All,
            secret: WebhookSecret::create().unwrap(),
            old_secret: None,
            created_at: 1,
            failing_since: None,
            switched_off_at: None,
        };
        assert!(store.add_endpoint(&endpoint, 9).await.unwrap());
        let hour_ago = clock::now_s() - 3600;
        let batch =
            NewBatch { id: ids::new_id(), tenant: TenantId::DEFAULT, accepted_at: hour_ago };
        for place in 0..4 {
            let (id, photo) = (ids::new_id(), WaitsIn::Sealed(vec![7; 9]));
            let external_id = String::new();
            let new = NewCheck { id, place, external_id, photo_bytes: 9, photo };
            store.add_check(&batch, new).await.unwrap();
        }
        assert_eq!(states(&service.metrics().await, checks), ["0"; 3], "they are arriving");
        assert!(store.accept_batch(&batch, 4, &[], None).await.unwrap());
        let worker = WorkerId::new(ids::new_id());
        let claim = async || store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
        let (done, put_back, _under_way) = (claim().await, claim().await, claim().await);
        store.release_check(&worker, &put_back, 60, true).await.unwrap();
        let event = NewEvent { kind: EventKind::CheckFinished, payload: "{}".to_owned() };
        let outcome = Outcome::Report("{}".to_owned());
        let now_s = clock::now_s();
        assert!(store.finish_check(&worker, &done, &outcome, &event, now_s).await.unwrap());
        let metrics = service.metrics().await;
        assert_eq!(states(&metrics, checks), ["1"; 3]);
        assert_eq!(states(&metrics, messages), ["1", "0", "0"]);
        let oldest = value(&metrics, "photocheck_waiting_check_oldest_seconds").unwrap();
        assert!((3600.0..3660.0).contains(&oldest), "{oldest}");
        assert!(value(&metrics, "photocheck_webhook_message_oldest_seconds").unwrap() < 60.0);
        assert!(value(&metrics, "photocheck_queues_age_seconds").unwrap() < 5.0);

        // The service does what waits; the photos are none that it can open.
        let app = service.app.clone();
        tokio::spawn(async move { app.do_waiting_checks().await });
        let failed = r#"photocheck_waiting_checks_finished_total{outcome="put_back"}"#;
        let begun = Instant::now();
        while value(&service.metrics().await, failed) < Some(1.0) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", service.metrics().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        check_format(&service.metrics().await);
        // While the database is away, the rest is still told.
        service.store.close().await;
        let metrics = service.metrics().await;
        assert!(metrics.contains("photocheck_gate_places") && metrics.contains(checks));
    }
}

fn labels(method: &str, route: &str, status: &str) -> String {
    format!(r#"{{method="{method}",route="{route}",status="{status}"}}"#)
}

fn request(method: &str, route: &str, status: &str) -> String {
    format!("photocheck_http_request_seconds_count{}", labels(method, route, status))
}

/// Lets Prometheus' own tool read it.
fn check_format(metrics: &str) {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut tool) = started else {
        assert!(std::env::var_os("CI").is_none(), "in CI promtool must be there");
        eprintln!("skipped: promtool is not here");
        return;
    };
    tool.stdin.take().unwrap().write_all(metrics.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

/// Who may check photos need not know how many there are.
#[tokio::test]
async fn the_service_itself_does_not_publish_its_metrics() {
    let service = Service::start_with(Setup::default()).await;
    let answer = service.client.get(service.at("/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

/// The rules that wake somebody up are read by Prometheus' own tool, and name metrics that exist.
#[tokio::test]
async fn the_alert_rules_are_valid_and_name_what_there_is() {
    let rules = crate::support::root().join("deploy/prometheus/alerts.yml");
    let text = std::fs::read_to_string(&rules).unwrap();
    let service = Service::start().await;
    assert_eq!(service.check(fixture("photos/ai-portrait-1.jpg")).await.status(), 200);
    assert_eq!(service.check_raw(fixture("hostile/text.jpg")).await.status(), 415);
    add_scores(&service.store, TenantId::DEFAULT, clock::today() - 1, 0.55, PHOTOS_MIN).await;
    service.app.show_drift().await.unwrap();
    let metrics = service.metrics().await;
    assert!(value(&metrics, r#"photocheck_score_drift{tenant="1"}"#) > Some(0.25), "{metrics}");
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let dashboard = crate::support::root().join("deploy/grafana/photocheck.json");
    let dashboard = std::fs::read_to_string(dashboard).unwrap();
    serde_json::from_str::<serde_json::Value>(&dashboard).unwrap();
    let mut named = 0;
    for name in text.split(|c| !word(c)).chain(dashboard.split(|c| !word(c))) {
        if name.starts_with("photocheck_") {
            named += 1;
            assert!(metrics.contains(name), "there is no metric {name}");
        }
    }
    assert!(10 <= named, "only {named} metrics are named");
    let Ok(output) = Command::new("promtool").args(["check", "rules"]).arg(&rules).output() else {
        assert!(std::env::var_os("CI").is_none(), "in CI promtool must be there");
        eprintln!("skipped: promtool is not here");
        return;
    };
    assert!(output.status.success(), "{output:?}");
}
