//! HMA's interface, compared with what HMA itself answered to the same requests.
//!
//! `hma_recorded.jsonl` has requests in their order, and the statuses and bodies that HMA 1.1.7 (of
//! facebook/ThreatExchange at baefb4ed) answered on PostgreSQL, its index built anew after each
//! change; of messages only that there was one. docs/hma.md says how it was recorded, and where
//! ours answers otherwise on purpose, as [`BETTER`] does.

use std::collections::BTreeMap;

use image::imageops;
use image::{DynamicImage, ImageFormat};
use photocheck::fetch::Addresses;
use photocheck::tenancy::KeyScope;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::keys::{make_key, make_tenant};
use crate::support::{Service, Setup, fixture};

/// A request, and what HMA answered.
#[derive(Debug, Deserialize)]
struct Recorded {
    case: String,
    method: String,
    path: String,
    json: Option<Value>,
    /// Names of fields, and of what they have.
    #[serde(default)]
    files: Vec<(String, String)>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    status: u16,
    body: Value,
}

/// Answers that are others here: copies that HMA does not find or that other views find nearer;
/// bytes that are no photo, which are no fault of the service; a photo that a bank holds already,
/// which is not banked again; and metadata, of which only the id is kept.
const BETTER: [&str; 7] = [
    "lookup smaller",
    "lookup mirror",
    "lookup cropped",
    "hash: no photo",
    "add content: again",
    "content",
    "content, signals",
];

fn cases() -> Vec<Recorded> {
    let lines = include_str!("hma_recorded.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The photos that were sent.
fn photos() -> BTreeMap<&'static str, Vec<u8>> {
    let photo = fixture("photos/real-hopper.jpg");
    let pixels = image::load_from_memory(&photo).unwrap().into_rgb8();
    let (wide, high) = pixels.dimensions();
    let saved = |pixels: image::RgbImage| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(pixels).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    let cropped = imageops::crop_imm(&pixels, wide / 6, high / 6, wide - wide / 3, high - high / 3);
    let smaller = imageops::resize(&pixels, wide / 2, high / 2, imageops::FilterType::CatmullRom);
    BTreeMap::from([
        ("mirror", saved(imageops::flip_horizontal(&pixels))),
        ("cropped", saved(cropped.to_image())),
        ("smaller", saved(smaller)),
        ("other", fixture("photos/ai-portrait-1.jpg")),
        ("no photo", b"no photo".to_vec()),
        ("photo", photo),
    ])
}

impl Recorded {
    async fn send(
        &self,
        service: &Service,
        key: &str,
        photos: &BTreeMap<&'static str, Vec<u8>>,
    ) -> Response {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        // A key in the address: HTTP libraries send it as basic authentication.
        let request = service.client.request(method, service.at(&self.path));
        let request = request.basic_auth("hma", Some(key));
        let request = match &self.json {
            Some(body) => request.json(body),
            None => request,
        };
        if self.files.is_empty() && self.fields.is_empty() {
            return request.send().await.unwrap();
        }
        let mut form = Form::new();
        for (name, value) in &self.fields {
            form = form.text(name.clone(), value.clone());
        }
        for (name, photo) in &self.files {
            let part = Part::bytes(photos[photo.as_str()].clone()).file_name("x.jpg");
            form = form.part(name.clone(), part);
        }
        request.multipart(form).send().await.unwrap()
    }

    /// The answer must be HMA's.
    fn check(&self, status: u16, body: &Value) {
        let case = &self.case;
        assert_eq!(status, self.status, "{case}: {body}");
        if self.body.get("message").is_some() {
            let is_said = body["message"].as_str().is_some_and(|message| !message.is_empty());
            assert!(is_said && body["code"].is_string(), "{case}: {body}");
            return;
        }
        assert_eq!(body, &self.body, "{case}");
    }
}

async fn start(fetch: Option<Addresses>) -> (Service, String) {
    let setup = Setup { require_keys: true, hma: true, fetch, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let key = make_key(&service, "default", KeyScope::ALL).await;
    (service, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_hmas() {
    let (service, key) = start(Some(Addresses::default())).await;
    let (photos, cases) = (photos(), cases());
    let mut better = Vec::new();
    for case in &cases {
        let answer = case.send(&service, &key, &photos).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        if BETTER.contains(&case.case.as_str()) {
            better.push((case, status, body));
        } else {
            case.check(status, &body);
        }
    }
    assert!(40 < cases.len() && better.len() == BETTER.len(), "{}", cases.len());
    for (case, status, body) in better {
        match case.case.as_str() {
            "hash: no photo" => assert_eq!((case.status, status), (500, 400), "{body}"),
            "add content: again" => {
                assert_eq!((&case.body["id"], &body["id"]), (&json!(3), &json!(1)));
            }
            "content" | "content, signals" => {
                let mut expected = case.body.clone();
                expected["metadata"]["content_uri"] = Value::Null;
                expected["metadata"]["json"] = Value::Null;
                assert_eq!(body, expected, "{}", case.case);
            }
            other => {
                let is_found = other == "lookup smaller";
                assert_eq!(case.body["pdq"].get("SCAM").is_some(), is_found, "{other}");
                let found = &body["pdq"]["SCAM"][0]["bank_content_id"];
                assert_eq!(found, &json!(1), "{}: {body}", case.case);
            }
        }
    }
    let status = service.client.get(service.at("/status")).send().await.unwrap();
    assert_eq!((status.status().as_u16(), status.text().await.unwrap().as_str()), (200, ALIVE));
    let live = service.client.get(service.at("/status/live")).send().await.unwrap();
    assert_eq!(live.text().await.unwrap(), ALIVE);
}

const ALIVE: &str = "I-AM-ALIVE";

/// Sends a request and reads the answer.
async fn sent(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Keys, scopes and tenants are as everywhere, and a photo that is allowed is not flagged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_do_what_is_as_everywhere() {
    let (service, key) = start(None).await;
    let client = &service.client;
    let hash = "0f".repeat(32);
    let lookup = format!("/m/lookup?signal={hash}&signal_type=pdq");
    let refused = async |request: reqwest::RequestBuilder, status: u16, code: &str| {
        let (got, body) = sent(request).await;
        assert_eq!((got, &body["code"]), (status, &json!(code)), "{body}");
        assert!(body["message"].is_string() && body.get("detail").is_none(), "{body}");
    };
    refused(client.get(service.at(&lookup)), 401, "KEY_NEEDED").await;
    let unknown = client.get(service.at(&lookup)).basic_auth("hma", Some("secret"));
    refused(unknown, 401, "KEY_NOT_VALID").await;
    let reading = make_key(&service, "default", [KeyScope::BankRead]).await;
    refused(client.get(service.at(&lookup)).bearer_auth(&reading), 403, "SCOPE_NEEDED").await;
    let new = client.post(service.at("/c/banks")).json(&json!({ "name": "SCAM" }));
    refused(new.basic_auth("x", Some(&reading)), 403, "SCOPE_NEEDED").await;
    // A browser sends what was once typed into an address, also for pages of other sites.
    for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")] {
        let forged = client.post(service.at("/c/banks")).json(&json!({ "name": "SCAM" }));
        let (status, _) = sent(forged.basic_auth("x", Some(&key)).header(header, value)).await;
        assert!(status == 401 || status == 403, "{header}: {status}");
    }

    // Another tenant's banks are as if they were not there.
    let small = "edge/png-8.png";
    for name in ["SCAM", "OURS"] {
        let purpose = if name == "SCAM" { "known_fake" } else { "allow" };
        let new = json!({ "name": name, "purpose": purpose });
        let new = client.post(service.at("/v1/banks")).bearer_auth(&key).json(&new);
        assert_eq!(sent(new).await.0, 201);
    }
    let add = async |bank: &str| {
        let form = Form::new().part("photo", Part::bytes(fixture(small)).file_name("x.png"));
        let add = client.post(service.at(&format!("/c/bank/{bank}/content")));
        sent(add.bearer_auth(&key).multipart(form)).await
    };
    let (status, added) = add("SCAM").await;
    assert_eq!(status, 200, "{added}");
    make_tenant(&service, "bolt").await;
    let bolt = make_key(&service, "bolt", KeyScope::ALL).await;
    let pdq = added["signals"]["pdq"].as_str().unwrap();
    let found = async |key: &str, more: &str| {
        let path = format!("/m/lookup?signal={pdq}&signal_type=pdq{more}");
        sent(client.get(service.at(&path)).bearer_auth(key)).await.1
    };
    let id = &added["id"];
    let expected = json!({ "SCAM": [{ "bank_content_id": id, "distance": "0" }] });
    assert_eq!((found(&key, "").await, found(&bolt, "").await), (expected, json!({})));
    let shown = client.get(service.at(&format!("/c/bank/SCAM/content/{id}"))).bearer_auth(&bolt);
    refused(shown, 404, "NO_SUCH_BANK").await;

    assert_eq!(add("OURS").await.0, 200);
    assert_eq!(found(&key, "").await, json!({}), "it is allowed");
    let named = found(&key, "&banks=OURS,SCAM").await;
    assert_eq!(named.as_object().unwrap().keys().collect::<Vec<_>>(), ["OURS"], "{named}");

    // What is looked up always cannot be created otherwise, and no URL is fetched here.
    let off = json!({ "name": "LATER", "enabled": false });
    let off = client.post(service.at("/c/banks")).bearer_auth(&key).json(&off);
    refused(off, 400, "BAD_REQUEST").await;
    let by_url = service.at("/h/hash?url=https://example.org/x.jpg");
    refused(client.get(&by_url).bearer_auth(&key), 403, "URLS_NOT_TAKEN").await;
    let patch = client.patch(service.at("/c/banks")).bearer_auth(&key);
    refused(patch, 405, "METHOD_NOT_ALLOWED").await;

    // Where the operator did not ask for it, there is nothing.
    let other = Service::start().await;
    assert_eq!(Client::new().get(other.at("/status")).send().await.unwrap().status(), 404);
    let gone = Client::new().get(other.at("/c/banks")).send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

/// By URL, where that is on: from the networks that the operator named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_are_fetched_by_url() {
    let networks = vec!["127.0.0.1/32".parse().unwrap()];
    let (service, key) = start(Some(Addresses { networks, ..Addresses::default() })).await;
    let served = axum::Router::new()
        .route("/x.png", axum::routing::get(|| async { fixture("edge/png-8.png") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x.png", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, served).await });
    let get = |path: &str| service.client.get(service.at(path)).bearer_auth(&key);
    let (status, hashed) = sent(get(&format!("/h/hash?url={url}"))).await;
    assert_eq!((status, hashed["pdq"].as_str().map(str::len)), (200, Some(64)), "{hashed}");
    let new = service.client.post(service.at("/c/banks")).bearer_auth(&key);
    assert_eq!(sent(new.json(&json!({ "name": "SCAM" }))).await.0, 201);
    let add = service.at(&format!("/c/bank/SCAM/content?url={url}"));
    let said = json!({ "note": "case 12", "metadata": { "content_id": "77" } });
    let (status, added) = sent(service.client.post(add).bearer_auth(&key).json(&said)).await;
    assert_eq!((status, &added["signals"]), (200, &hashed), "{added}");
    let (_, content) = sent(get(&format!("/c/bank/SCAM/content/{}", added["id"]))).await;
    assert_eq!(
        (&content["note"], &content["metadata"]["content_id"]),
        (&json!("case 12"), &json!("77"))
    );
    let expected = json!({ "SCAM": [{ "bank_content_id": added["id"], "distance": "0" }] });
    let (_, found) = sent(get(&format!("/m/lookup?url={url}"))).await;
    assert_eq!(found, json!({ "pdq": expected.clone() }));
    let (_, found) = sent(get(&format!("/m/lookup?url={url}&signal_type=pdq"))).await;
    assert_eq!(found, expected);
    let (status, refused) = sent(get("/h/hash?url=http://10.0.0.1/x.png")).await;
    assert_eq!((status, &refused["code"]), (400, &json!("URL_NOT_ALLOWED")), "{refused}");
}
