//! What a collector is sent of requests: decoded by OpenTelemetry's own schema in Python, which is
//! in the folder of tools that `openapi::` needs too.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::openapi::tools;
use crate::support::serve::Serve;
use crate::support::{fixture, root, temporary_db};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Starts a collector; runs `work` with its address; returns the spans that it was sent.
fn collected(tools: &std::path::Path, work: impl FnOnce(&str)) -> Vec<Value> {
    let mut collector = Command::new(tools.join("bin/python"))
        .arg(root().join("tests/clients/collect_spans.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(collector.stdout.take().unwrap());
    let mut address = String::new();
    out.read_line(&mut address).unwrap();
    work(address.trim_end());
    drop(collector.stdin.take());
    let mut lines = String::new();
    out.read_to_string(&mut lines).unwrap();
    assert!(collector.wait().unwrap().success());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Posts a photo as a part of the caller's trace; returns the answer's `traceparent`.
async fn check(serve: &Serve, flags: &str) -> String {
    let client = reqwest::Client::new();
    let request = client.post(format!("{}/v1/check", serve.url)).body(fixture("edge/png-8.png"));
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-{flags}"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.headers()["traceparent"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_is_sent_the_spans_of_a_request_and_its_stages() {
    let Some(tools) = tools() else { return };
    let (_folder, db) = temporary_db();
    let mut answered = String::new();
    let spans = tokio::task::block_in_place(|| {
        collected(&tools, |address| {
            let serve = Serve::start_with(
                &db,
                &["--otlp-endpoint", address, "--otlp-share", "0"],
                |serve| {
                    serve.env("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=of-the-collector");
                },
            );
            let runtime = tokio::runtime::Handle::current();
            answered = runtime.block_on(check(&serve, "01"));
            // Nobody records this one.
            runtime.block_on(check(&serve, "00"));
            let log = serve.stop();
            assert!(!log.contains("could not be sent") && !log.contains("not taken"), "{log}");
        })
    });
    let request = spans.iter().find(|span| span["name"] == "POST /v1/check").unwrap();
    assert_eq!(answered, format!("00-{TRACE}-{}-01", request["span"].as_str().unwrap()));
    assert_eq!(request["parent"], PARENT);
    // A server's span; nothing failed.
    assert_eq!((&request["kind"], &request["status"]), (&2.into(), &0.into()));
    assert_eq!(request["attributes"]["http.route"], "/v1/check");
    assert_eq!(request["attributes"]["http.response.status_code"], 200);
    let (parts, others): (Vec<_>, Vec<_>) =
        spans.iter().partition(|span| span["parent"] == request["span"]);
    assert_eq!(others, [request], "only the trace that somebody records, and nothing else");
    let stages: BTreeSet<_> = parts.iter().map(|span| span["name"].as_str().unwrap()).collect();
    for stage in ["wait", "decode", "faces", "views", "lookup"] {
        assert!(stages.contains(stage), "{stage} is not in {stages:?}");
    }
    let took = |span: &Value| span["ns"].as_u64().unwrap();
    let in_stages: u64 = parts.iter().map(|span| took(span)).sum();
    assert!(in_stages <= took(request), "{in_stages} ns of {} ns", took(request));
    for span in &spans {
        let (service, secret) = (&span["service"], &span["secret"]);
        assert_eq!((service, secret), (&"photocheck".into(), &"of-the-collector".into()));
        assert_eq!(span["trace"], TRACE);
    }
}

#[test]
fn a_collector_that_is_away_costs_no_request_and_is_logged() {
    let (_folder, db) = temporary_db();
    // Nothing listens on this port.
    let serve = Serve::start(&db, &["--otlp-endpoint", "http://127.0.0.1:9"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(check(&serve, "01"));
    let log = serve.stop();
    assert!(log.contains("spans could not be sent"), "{log}");
}
