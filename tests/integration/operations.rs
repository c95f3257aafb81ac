//! The service as whoever runs it meets it: settings, probes, traces, limits, the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::process::Command;
use std::time::{Duration, Instant};

use photocheck::config::Origin;
use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::serve::Serve;
use crate::support::{Service, Setup, command, fixture, temporary_db, temporary_place};

#[tokio::test]
async fn a_trace_is_taken_over_and_each_check_has_an_id() {
    let service = Service::start().await;
    let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let check = service.client.post(service.at("/v1/check")).body(fixture("edge/png-8.png"));
    let answer = check.header("traceparent", sent).send().await.unwrap();
    let traced = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    assert_eq!(traced[..36], sent[..36]);
    assert_ne!(traced[36..52], sent[36..52]);
    let id = answer.headers()["check-id"].to_str().unwrap().to_owned();
    let again = service.check_raw(fixture("edge/png-8.png")).await;
    assert_ne!(again.headers()["check-id"].to_str().unwrap(), id);
    // Version 7: it sorts by time.
    assert_eq!((id.len(), &id[14..15]), (36, "7"), "{id}");
    let begun = again.headers()["traceparent"].to_str().unwrap();
    assert_ne!(begun[3..35], sent[3..35]);
}

/// Each line of a request has its trace, and its latency is a number.
#[test]
fn the_log_has_the_trace_and_numbers() {
    let (_folder, db) = temporary_db();
    let serve = Serve::start(&db, &[]);
    let address = serve.url.trim_start_matches("http://");
    let photo = fixture("edge/png-8.png");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let head = format!(
        "POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\
         traceparent: 00-{trace}-00f067aa0ba902b7-01\r\n\r\n",
        photo.len()
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&[head.as_bytes(), &photo].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let id = answer.lines().find_map(|line| line.strip_prefix("check-id: ")).unwrap();
    let log = serve.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_request: Vec<_> =
        lines.iter().filter(|line| line["span"]["trace_id"] == trace).collect();
    assert_eq!(of_request.len(), 2, "{log}");
    let checked = &of_request[0]["fields"];
    assert_eq!(checked["check_id"], id);
    let answered = &of_request[1]["fields"];
    assert_eq!(answered["status"], 200);
    assert!(0.0 < answered["latency_ms"].as_f64().unwrap(), "{answered}");
}

/// At the end readiness falls first, what was accepted is answered, and it ends in the stated time.
#[test]
fn readiness_falls_first_and_accepted_work_finishes() {
    let (_folder, db) = temporary_db();
    let serve = Serve::start(&db, &["--stop-delay-s", "2"]);
    let address = serve.url.trim_start_matches("http://").to_owned();
    let status = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for path in ["/startupz", "/readyz", "/healthz"] {
        assert!(status(path).starts_with("HTTP/1.1 200"), "{path}");
    }
    let photo = fixture("photos/ai-selfie-1.jpg");
    let mut accepted = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        photo.len()
    );
    accepted.write_all(head.as_bytes()).unwrap();
    let (first, rest) = photo.split_at(photo.len() / 2);
    accepted.write_all(first).unwrap();
    let asked = Instant::now();
    serve.ask_to_stop();
    // Not ready, and yet alive and answering.
    let ready = loop {
        let ready = status("/readyz");
        if !ready.starts_with("HTTP/1.1 200") {
            break ready;
        }
        assert!(asked.elapsed() < Duration::from_secs(2), "it stays ready");
    };
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("STOPPING"), "{ready}");
    assert!(status("/healthz").starts_with("HTTP/1.1 200"));
    accepted.write_all(rest).unwrap();
    let mut answer = String::new();
    accepted.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    serve.wait_for_end();
    let took = asked.elapsed();
    // The delay, and what docs/operations.md states for what was accepted.
    assert!(Duration::from_secs(2) <= took && took < Duration::from_secs(72), "{took:?}");
}

#[test]
fn settings_are_shown_with_where_they_come_from() {
    let (folder, db) = temporary_place();
    let file = folder.path().join("photocheck.toml");
    std::fs::write(&file, "listen = '127.0.0.1:1'\nstop_delay_s = 7\nbank_token = 'geheim'\n")
        .unwrap();
    let output = command(&db)
        .args(["config", "--listen", "127.0.0.1:2", "--config"])
        .arg(&file)
        .env("PHOTOCHECK_STOP_DELAY_S", "8")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    for line in [
        "listen = \"127.0.0.1:2\"  # --listen",
        "stop_delay_s = \"8\"  # PHOTOCHECK_STOP_DELAY_S",
        &format!("bank_token = \"***\"  # {}", file.display()),
        "banks_open_to_everybody = \"false\"  # default",
        "# metrics_listen is not set",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line}\n{shown}");
    }
    assert!(!shown.contains("geheim"));
}

#[test]
fn a_start_tells_all_that_is_wrong_at_once() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("photocheck.toml");
    std::fs::write(&file, "listne = 1\nrequests_per_minute = 0\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_photocheck"))
        .args(["serve", "--listen", "here", "--cors-origins", "https://a.example/x"])
        .env("PHOTOCHECK_CONFIG", &file)
        .env("PHOTOCHECK_BANK_TOKEN", "two words")
        .env("PHOTOCHECK_SIGHTINGS_BANK", "SEEN")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    for fault in [
        "there is no setting listne",
        "listen (--listen): \"here\"",
        "cors_origins (--cors-origins): \"https://a.example/x\"",
        "requests_per_minute",
        "bank_token (PHOTOCHECK_BANK_TOKEN): the token of the banks may have visible ASCII",
        "sightings_bank needs sightings_retention_days",
        "PHOTOCHECK_ACCOUNT_KEY is not set",
    ] {
        assert!(told.contains(fault), "{fault}\n{told}");
    }
    assert!(!told.contains("two words"), "{told}");
}

#[tokio::test]
async fn pages_of_other_origins_are_let_in_by_name() {
    let closed = Service::start().await;
    let preflight = |service: &Service, origin: &str| {
        let asked = service.client.request(reqwest::Method::OPTIONS, service.at("/v1/check"));
        asked.header("origin", origin.to_owned()).header("access-control-request-method", "POST")
    };
    let refused = preflight(&closed, "https://app.example.org").send().await.unwrap();
    assert!(!refused.headers().contains_key("access-control-allow-origin"));

    let origins = vec![Origin::new("https://app.example.org").unwrap()];
    let open = Service::start_with(Setup { origins, ..Setup::default() }).await;
    let allowed = preflight(&open, "https://app.example.org").send().await.unwrap();
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example.org");
    let other = preflight(&open, "https://evil.example").send().await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    let banks = |origin: &'static str| {
        let asked = open.client.get(open.at("/v1/banks")).header("sec-fetch-site", "cross-site");
        asked.header("origin", origin).header("host", "localhost").send()
    };
    assert_eq!(banks("https://app.example.org").await.unwrap().status(), 200);
    assert_eq!(banks("https://evil.example").await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_client_that_sends_too_much_is_turned_away() {
    let limit = NonZeroU32::new(3);
    let setup =
        Setup { bank_token: Some("geheim"), requests_per_minute: limit, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let banks = || service.client.get(service.at("/v1/banks")).bearer_auth("geheim").send();
    for left in [2, 1, 0] {
        let answer = banks().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["ratelimit-policy"], "\"client\";q=3;w=60");
        assert_eq!(answer.headers()["ratelimit"], format!("\"client\";r={left};t=20"));
    }
    let refused = banks().await.unwrap();
    assert_eq!(refused.status(), 429);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=20).contains(&seconds), "{seconds}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "RATE_LIMITED");
    // Loopback without the token has no limit, and nobody limits probes.
    assert_eq!(service.check_raw(fixture("edge/png-8.png")).await.status(), 200);
    let ready = service.client.get(service.at("/readyz")).bearer_auth("geheim").send();
    assert_eq!(ready.await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_bank_is_renamed_and_a_photo_read_by_itself() {
    let service = Service::start().await;
    service.create_bank("OLD").await;
    service.create_bank("OTHER").await;
    let photo = fixture("photos/ai-portrait-1.jpg");
    let id = service.bank_photo("OLD", photo.clone()).await["content_id"].clone();
    let rename = |from: &str, to: &str| {
        let at = service.at(&format!("/v1/banks/{from}"));
        service.client.patch(at).json(&json!({ "name": to })).send()
    };
    let code = |answer: Value| answer["code"].as_str().unwrap().to_owned();
    let taken = rename("OLD", "OTHER").await.unwrap();
    assert_eq!(taken.status(), 409);
    assert_eq!(code(taken.json().await.unwrap()), "BANK_EXISTS");
    assert_eq!(rename("NONE", "NEW").await.unwrap().status(), 404);
    let renamed = rename("OLD", "NEW").await.unwrap();
    assert_eq!(renamed.status(), 200);
    assert_eq!(renamed.json::<Value>().await.unwrap()["contents"], 1);
    // Lookups show the new name at once.
    let report: Value = service.check(photo).await.json().await.unwrap();
    assert_eq!(report["evidence"]["matches"][0]["bank"], "NEW");
    assert_eq!(report["evidence"]["matches"].as_array().unwrap().len(), 1);
    let show = |bank: &str, id: &Value| {
        service.client.get(service.at(&format!("/v1/banks/{bank}/contents/{id}"))).send()
    };
    let content: Value = show("NEW", &id).await.unwrap().json().await.unwrap();
    assert_eq!((&content["content_id"], &content["opinion"]), (&id, &"confirmed".into()));
    assert_eq!(show("NEW", &json!(999)).await.unwrap().status(), 404);
    assert_eq!(show("OLD", &id).await.unwrap().status(), 404);
}
