//! The service as a client meets it: limits, problems, the full queue, access to the banks,
//! shutting down.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use photocheck::http::errors;
use reqwest::Response;
use serde_json::{Value, json};

use crate::support::{Service, Setup, fixture, temporary_db};

/// The answer must be a problem of this status and code; returns its detail.
async fn problem(answer: Response, status: u16, code: &str) -> String {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body: Value = answer.json().await.unwrap();
    assert_eq!((&body["code"], &body["status"]), (&code.into(), &status.into()), "{body}");
    assert_eq!(body["type"], "about:blank");
    let known = errors::find(code).is_some_and(|entry| entry.statuses.contains(&status));
    assert!(known, "docs/errors.md does not have {code} with {status}");
    body["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bad_input_is_answered_with_its_code_value_and_limit() {
    let service = Service::start().await;
    let raw = |path: &str| service.check_raw(fixture(path));
    problem(raw("hostile/empty.jpg").await, 400, "PHOTO_EMPTY").await;
    problem(raw("hostile/text.jpg").await, 415, "PHOTO_NOT_AN_IMAGE").await;
    let detail = problem(raw("hostile/photo.avif").await, 415, "PHOTO_UNSUPPORTED_FORMAT").await;
    assert!(detail.contains("AVIF"), "{detail}");
    problem(raw("hostile/truncated.jpg").await, 422, "PHOTO_DAMAGED").await;
    let detail = problem(raw("hostile/pixel-bomb.png").await, 422, "PHOTO_TOO_MANY_PIXELS").await;
    assert!(detail.contains("256000000") && detail.contains("64000000"), "{detail}");

    let form = reqwest::multipart::Form::new().text("other", "x");
    let sent = service.client.post(service.at("/v1/check")).multipart(form).send().await.unwrap();
    problem(sent, 400, "NO_PHOTO").await;
    let broken = service.client.post(service.at("/v1/check")).body("x");
    let sent = broken.header("content-type", "multipart/form-data").send().await.unwrap();
    problem(sent, 400, "MULTIPART_NOT_VALID").await;

    let get = service.client.get(service.at("/v1/check")).send().await.unwrap();
    assert_eq!(get.headers()["allow"], "POST");
    problem(get, 405, "METHOD_NOT_ALLOWED").await;
    let missing = service.client.get(service.at("/nothing")).send().await.unwrap();
    problem(missing, 404, "NOT_FOUND").await;
    let missing = service.client.get(service.at("/v1/banks/NONE")).send().await.unwrap();
    problem(missing, 404, "NO_SUCH_BANK").await;
    let wrong =
        service.client.post(service.at("/v1/banks")).json(&serde_json::json!({"name": "a b"}));
    problem(wrong.send().await.unwrap(), 422, "BANK_NAME_NOT_VALID").await;
    let wrong = service.client.post(service.at("/v1/banks")).json(&serde_json::json!({"nome": 1}));
    problem(wrong.send().await.unwrap(), 422, "BAD_REQUEST").await;
}

/// A length over the limit is refused by its announcement alone: not one byte of the body is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announced_body_over_the_limit_is_refused_unread() {
    let service = Service::start().await;
    let address = service.url.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = "POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                    content-length: 99000000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        // The connection may be reset after the answer, because the body never comes.
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("PHOTO_TOO_MANY_BYTES") && answer.contains("99000000"), "{answer}");
}

/// Without an announcement, reading stops at the limit: the chunks that follow are never asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_body_over_the_limit_is_cut_off() {
    let service = Service::start().await;
    let address = service.url.trim_start_matches("http://").to_owned();
    let (answer, sent) = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = "POST /v1/check HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let chunk = [b"100000\r\n".as_slice(), &vec![0xFF; 0x10_0000], b"\r\n"].concat();
        let mut sent = 0;
        // Writing fails when the service has closed; far more than the limit is never taken.
        while sent < 200 && stream.write_all(&chunk).is_ok() {
            sent += 1;
        }
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).unwrap_or_default();
        (String::from_utf8_lossy(&answer[..read]).into_owned(), sent)
    })
    .await
    .unwrap();
    assert!(sent < 100, "{sent} MiB were taken");
    // The answer may be lost when the connection is reset under it.
    assert!(answer.is_empty() || answer.contains("PHOTO_TOO_MANY_BYTES"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_turns_away_with_retry_after() {
    let setup = Setup { cores: 1, waiting_max: 1, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let photo = fixture("photos/ai-selfie-1.jpg");
        requests.spawn(service.client.post(service.at("/v1/check")).body(photo).send());
    }
    let (mut served, mut turned_away) = (0, 0);
    while let Some(answer) = requests.join_next().await {
        let answer = answer.unwrap().unwrap();
        match answer.status().as_u16() {
            200 => served += 1,
            503 => {
                let seconds: u64 =
                    answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
                assert!((1..=60).contains(&seconds), "{seconds}");
                problem(answer, 503, "QUEUE_FULL").await;
                turned_away += 1;
            }
            other => panic!("status {other}"),
        }
    }
    assert_eq!(served + turned_away, 24);
    assert!(1 <= served && 1 <= turned_away, "{served} served, {turned_away} turned away");
    assert_eq!(service.check(fixture("edge/png-8.png")).await.status(), 200, "and goes on");
}

#[tokio::test]
async fn health_and_readiness_tell_what_answers_rest_on() {
    let service = Service::start().await;
    let alive = service.client.get(service.at("/healthz")).send().await.unwrap();
    assert_eq!(alive.json::<Value>().await.unwrap()["status"], "alive");
    service.create_bank("SOME").await;
    service.bank_photo("SOME", fixture("photos/ai-portrait-1.jpg")).await;
    let ready = service.client.get(service.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    // The whole, its upper part, three squares over the face, twelve over keypoints.
    assert_eq!((&ready["index"]["hashes"], &ready["index"]["generation"]), (&17.into(), &1.into()));
    assert!(ready["model"].is_string() && ready["policy"]["name"] == "strict");
}

#[tokio::test]
async fn every_answer_carries_an_id_and_binds_the_browser() {
    let service = Service::start().await;
    for path in ["/", "/healthz", "/nothing"] {
        let answer = service.client.get(service.at(path)).send().await.unwrap();
        let headers = answer.headers();
        assert!(!headers["x-request-id"].is_empty(), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn the_api_describes_itself_without_outside_help() {
    let service = Service::start().await;
    let api = service.client.get(service.at("/openapi.json")).send().await.unwrap();
    let api: Value = api.json().await.unwrap();
    let mut paths: Vec<_> = api["paths"].as_object().unwrap().keys().cloned().collect();
    paths.sort();
    let expected = [
        "/.well-known/jwks.json",
        "/healthz",
        "/readyz",
        "/startupz",
        "/v1/accounts/{account_id}",
        "/v1/admin/keys",
        "/v1/admin/keys/{key_id}",
        "/v1/admin/tenants",
        "/v1/admin/tenants/{tenant}",
        "/v1/admin/tenants/{tenant}/banks/{name}/shares/{with}",
        "/v1/audit",
        "/v1/banks",
        "/v1/banks/{name}",
        "/v1/banks/{name}/contents",
        "/v1/banks/{name}/contents/{content_id}",
        "/v1/banks/{name}/export",
        "/v1/banks/{name}/import",
        "/v1/check",
        "/v1/checks",
        "/v1/checks/{check_id}",
        "/v1/checks/{check_id}/appeal",
        "/v1/checks/{check_id}/feedback",
        "/v1/checks/{check_id}/overturn",
        "/v1/checks/{check_id}/receipt",
        "/v1/checks/{check_id}/statement",
        "/v1/checks/{check_id}/uphold",
        "/v1/policy",
        "/v1/quality",
        "/v1/webhooks",
        "/v1/webhooks/{endpoint_id}",
        "/v1/webhooks/{endpoint_id}/messages",
        "/v1/webhooks/{endpoint_id}/replay",
        "/v1/webhooks/{endpoint_id}/rotate",
        "/v1/webhooks/{endpoint_id}/switch-on",
    ];
    assert_eq!(paths, expected);
    // Each operation names the scope that it needs; without keys the token will do for the banks,
    // and a check needs nothing.
    for (path, operations) in api["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let (security, answers) = (&operation["security"], &operation["responses"]);
            let of_banks = if method == "get" { "bank:read" } else { "bank:write" };
            let token = json!({ "bank_token": [] });
            let expected = match path.as_str() {
                "/v1/checks/{check_id}/uphold"
                | "/v1/checks/{check_id}/overturn"
                | "/v1/quality" => {
                    json!([{ "api_key": ["review"] }, token])
                }
                _ if path.starts_with("/v1/check") => {
                    json!([{}, { "api_key": ["check"] }, token])
                }
                _ if path.starts_with("/v1/banks") => json!([{ "api_key": [of_banks] }, token]),
                "/v1/accounts/{account_id}" => json!([{ "api_key": ["bank:write"] }, token]),
                "/v1/policy" => json!([{ "api_key": ["admin"] }]),
                _ if ["/v1/admin", "/v1/audit", "/v1/webhooks"]
                    .iter()
                    .any(|it| path.starts_with(it)) =>
                {
                    json!([{ "api_key": ["admin"] }])
                }
                _ => Value::Null,
            };
            assert_eq!(*security, expected, "{method} {path}");
            for status in ["401", "403", "429", "503"].into_iter().filter(|_| !expected.is_null()) {
                assert!(answers[status].is_object(), "{method} {path} {status}");
            }
        }
    }
    let page = service.client.get(service.at("/docs/")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
}

#[tokio::test]
async fn the_banks_ask_for_their_token() {
    let setup = Setup { bank_token: Some("geheim"), ..Setup::default() };
    let service = Service::start_with(setup).await;
    let banks = || service.client.get(service.at("/v1/banks"));
    let refused = banks().send().await.unwrap();
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    problem(refused, 401, "TOKEN_NEEDED").await;
    problem(banks().bearer_auth("wrong").send().await.unwrap(), 401, "TOKEN_NEEDED").await;
    assert_eq!(banks().bearer_auth("geheim").send().await.unwrap().status(), 200);
    let lower = banks().header("authorization", "bearer geheim").send().await.unwrap();
    assert_eq!(lower.status(), 200);
    // What a client writes of itself opens nothing.
    for host in ["localhost", "127.0.0.1", "[::1]:8080"] {
        problem(banks().header("host", host).send().await.unwrap(), 401, "TOKEN_NEEDED").await;
    }
    let other = banks().bearer_auth("geheim").header("sec-fetch-site", "cross-site");
    problem(other.send().await.unwrap(), 403, "CROSS_SITE").await;
    assert_eq!(service.check(fixture("edge/png-8.png")).await.status(), 200);
}

/// Where the operator opened the banks: no page of another site, and none that rebinds its name.
#[tokio::test]
async fn open_banks_are_not_open_to_pages_of_other_sites() {
    let service = Service::start().await;
    let banks = || service.client.get(service.at("/v1/banks"));
    assert_eq!(banks().send().await.unwrap().status(), 200);
    for site in ["cross-site", "same-site"] {
        let sent = banks().header("sec-fetch-site", site).send().await.unwrap();
        problem(sent, 403, "CROSS_SITE").await;
    }
    let by_browser = || banks().header("sec-fetch-site", "same-origin");
    let rebound = by_browser().header("host", "evil.example").send().await.unwrap();
    problem(rebound, 403, "BANKS_CLOSED").await;
    assert_eq!(by_browser().header("host", "localhost:80").send().await.unwrap().status(), 200);
}

/// The real binary: asked to stop while it works, it answers what it has accepted and exits.
#[cfg(unix)]
#[test]
fn stopping_finishes_what_was_accepted() {
    let (_folder, db) = temporary_db();
    let mut serve = Command::new(env!("CARGO_BIN_EXE_photocheck"))
        .args(["serve", "--listen", "127.0.0.1:0", "--db", &db])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(serve.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit('/').next().unwrap().to_owned();

    let photo = fixture("photos/ai-selfie-1.jpg");
    let mut stream = TcpStream::connect(&address).unwrap();
    let head = format!(
        "POST /v1/check HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        photo.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let (first, rest) = photo.split_at(photo.len() / 2);
    stream.write_all(first).unwrap();
    // Another request is answered, so the half one has been accepted too.
    let mut probe = TcpStream::connect(&address).unwrap();
    probe.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    probe.read_to_string(&mut String::new()).unwrap();
    // A client that never finishes its header must not hold the service.
    let mut stuck = TcpStream::connect(&address).unwrap();
    stuck.write_all(b"GET /healthz HTT").unwrap();
    let asked = Command::new("kill").args(["-TERM", &serve.id().to_string()]).status().unwrap();
    assert!(asked.success());
    stream.write_all(rest).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(serve.wait().unwrap().success());
    let mut log = String::new();
    serve.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("\"route\":\"/v1/check\""), "{log}");
    assert!(!log.contains("127.0.0.1:") || log.matches("127.0.0.1:").count() == 1, "{log}");
}
