//! Photos by URL: fetched from where the operator allows it, and from nowhere else, whatever the
//! other server does.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use photocheck::fetch::{Addresses, FETCHES_MAX};
use photocheck::http::arrival::Pace;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_stream::StreamExt;

use crate::support::{Service, Setup, fixture};

const PHOTO: &str = "edge/png-8.png";

/// Photos may be fetched from here; 127.0.0.2 is as private as any other address.
const ALLOWED: &str = "127.0.0.1";

async fn serve(address: &str, routes: Router) -> String {
    let listener = TcpListener::bind((address.parse::<IpAddr>().unwrap(), 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

fn picture(bytes: impl Into<Body>) -> Response<Body> {
    Response::builder().header(header::CONTENT_TYPE, "image/png").body(bytes.into()).unwrap()
}

/// A server that does what servers do, good and bad.
async fn other_server(private: &str) -> String {
    let private = format!("{private}/photo");
    // Without an end, and without saying how long.
    let endless = || {
        let pieces = tokio_stream::iter(std::iter::repeat_with(|| Bytes::from(vec![7; 1 << 20])));
        picture(Body::from_stream(pieces.map(Ok::<_, std::io::Error>)))
    };
    let silent = || picture(Body::from_stream(tokio_stream::pending::<std::io::Result<Bytes>>()));
    let broken = || {
        let begun = tokio_stream::once(Ok(Bytes::from_static(b"abc")));
        // A moment later, so that the beginning is sent.
        let gone = futures_util::stream::once(async {
            tokio::task::yield_now().await;
            Err(std::io::Error::other("gone"))
        });
        picture(Body::from_stream(begun.chain(gone)))
    };
    let routes = Router::new()
        .route("/photo", get(|| async { picture(fixture(PHOTO)) }))
        .route("/moved", get(|| async { Redirect::temporary("photo") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/inside", get(|| async move { Redirect::permanent(&private) }))
        .route("/local", get(|| async { Redirect::to("file:///etc/passwd") }))
        .route("/page", get(|| async { axum::response::Html("<p>a page") }))
        .route("/text", get(|| async { picture("no picture at all") }))
        .route("/gone", get(|| async { StatusCode::GONE.into_response() }))
        .route("/endless", get(move || async move { endless() }))
        .route("/silent", get(move || async move { silent() }))
        .route("/broken", get(move || async move { broken() }));
    serve(ALLOWED, routes).await
}

async fn fetching() -> Service {
    let networks = vec![format!("{ALLOWED}/32").parse().unwrap()];
    let fetch = Some(Addresses { networks, ..Addresses::default() });
    // A server that says nothing is given up soon.
    let pace = Pace { span: Duration::from_secs(1), bytes_min: 1, ..Pace::default() };
    Service::start_with(Setup { pace, fetch, ..Setup::default() }).await
}

async fn sent(service: &Service, body: &Value) -> (u16, Value) {
    let request = service.client.post(service.at("/v1/check")).json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_by_url_has_the_report_of_its_bytes() {
    let server = other_server("http://127.0.0.2:1").await;
    let service = fetching().await;
    let by_bytes: Value = service.check_raw(fixture(PHOTO)).await.json().await.unwrap();
    for path in ["photo", "moved"] {
        let (status, report) = sent(&service, &json!({ "url": format!("{server}/{path}") })).await;
        assert_eq!((status, &report), (200, &by_bytes), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_fetched_from_private_addresses() {
    let photo = Router::new().route("/photo", get(|| async { picture(fixture(PHOTO)) }));
    let private = serve("127.0.0.2", photo).await;
    let server = other_server(&private).await;
    let port = private.rsplit(':').next().unwrap();
    let service = fetching().await;
    for url in [
        format!("{private}/photo"),
        format!("{server}/inside"),
        // The same address in other clothes.
        format!("http://2130706434:{port}/photo"),
        format!("http://0x7f.2:{port}/photo"),
        format!("http://[::ffff:127.0.0.2]:{port}/photo"),
        format!("http://[::1]:{port}/photo"),
        format!("http://0.0.0.0:{port}/photo"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://10.0.0.1/".to_owned(),
    ] {
        let (status, problem) = sent(&service, &json!({ "url": url })).await;
        assert_eq!((status, &problem["code"]), (422, &json!("URL_NOT_ALLOWED")), "{url}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(!detail.contains("127.0.0.2") && !detail.contains("photo"), "{detail}");
    }
    // A name that leads here: the fetcher without networks of its own connects to no loopback.
    let fetch = Some(Addresses::default());
    let closed = Service::start_with(Setup { fetch, ..Setup::default() }).await;
    let url = format!("http://localhost:{port}/photo");
    let (status, problem) = sent(&closed, &json!({ "url": url })).await;
    assert_eq!((status, &problem["code"]), (422, &json!("URL_NOT_ALLOWED")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_other_server_does_is_said() {
    let server = other_server("http://127.0.0.2:1").await;
    let service = fetching().await;
    let long = format!("{server}/{}", "x".repeat(3000));
    for (url, status, code, said) in [
        (format!("{server}/round"), 422, "URL_NOT_FETCHED", "more than 3 redirects"),
        (format!("{server}/local"), 422, "URL_NOT_VALID", "only http:// and https://"),
        (format!("{server}/page"), 422, "URL_NOT_FETCHED", "\"text/html; charset=utf-8\""),
        (format!("{server}/gone"), 422, "URL_NOT_FETCHED", "answered 410"),
        (format!("{server}/nothing"), 422, "URL_NOT_FETCHED", "answered 404"),
        (format!("{server}/text"), 415, "PHOTO_NOT_AN_IMAGE", ""),
        (format!("{server}/endless"), 413, "PHOTO_TOO_MANY_BYTES", "limit"),
        (format!("{server}/silent"), 422, "URL_NOT_FETCHED", "broke the photo off"),
        (format!("{server}/broken"), 422, "URL_NOT_FETCHED", "broke the photo off"),
        (format!("http://{ALLOWED}:1/"), 422, "URL_NOT_FETCHED", "cannot be reached"),
        ("http://no-such-host.invalid/".into(), 422, "URL_NOT_ALLOWED", "no public address"),
        (server.replace("http://", "http://me:secret@"), 422, "URL_NOT_VALID", "a password"),
        ("ftp://example.org/a.jpg".into(), 422, "URL_NOT_VALID", "only http:// and https://"),
        ("photo.jpg".into(), 422, "URL_NOT_VALID", "the URL is not valid"),
        (long, 422, "URL_NOT_VALID", "the limit is 2048"),
    ] {
        let (found, problem) = sent(&service, &json!({ "url": url })).await;
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{url}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{url}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_fetched_at_once_than_the_limit() {
    // Says when it was asked, and never answers.
    let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
    let silent = move || {
        let asked = asked.clone();
        async move {
            let _ = asked.send(());
            std::future::pending::<()>().await;
        }
    };
    let server = serve(ALLOWED, Router::new().route("/silent", get(silent))).await;
    let service = Arc::new(fetching().await);
    let body = json!({ "url": format!("{server}/silent") });
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..FETCHES_MAX {
        let (service, body) = (Arc::clone(&service), body.clone());
        waiting.spawn(async move { sent(&service, &body).await });
        asks.recv().await.unwrap();
    }
    let (status, problem) = sent(&service, &body).await;
    assert_eq!((status, &problem["code"]), (503, &json!("BUSY")));
    assert_eq!(service.check_raw(fixture(PHOTO)).await.status(), 200);
    // Who goes away leaves its place.
    waiting.shutdown().await;
    loop {
        let (status, problem) = sent(&service, &json!({ "url": format!("{server}/none") })).await;
        if status != 503 {
            assert_eq!((status, &problem["code"]), (422, &json!("URL_NOT_FETCHED")));
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_is_taken_only_where_the_operator_says_so_and_is_written_right() {
    let off = Service::start().await;
    let (status, problem) = sent(&off, &json!({ "url": "http://example.org/" })).await;
    assert_eq!((status, &problem["code"]), (403, &json!("URLS_NOT_TAKEN")));
    let on = fetching().await;
    for (body, said) in [
        ("{}", "the field url is missing"),
        ("[1]", "invalid type"),
        ("{\"url\": 1}", "url is no text"),
        ("{\"url\": \"http://a.example\", \"urls\": \"\"}", "there is no field urls"),
        ("{\"url\"", "EOF"),
    ] {
        let request = on.client.post(on.at("/v1/check")).header(CONTENT_TYPE, "application/json");
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), 422, "{body}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "BAD_REQUEST", "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{body}: {problem}");
    }
    let (status, _) = sent(&on, &json!({ "url": "x".repeat(20_000) })).await;
    assert_eq!(status, 413);
}
