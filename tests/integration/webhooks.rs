//! Webhooks: told once it happened, signed as others' libraries verify it, sent until it arrives,
//! and never to where a stranger may not send anything.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use photocheck::fetch::Addresses;
use photocheck::ids;
use photocheck::store::{
    Endpoint, MessageState, NewBatch, NewCheck, Outcome, Sent, Store, WaitsIn, WorkerId,
};
use photocheck::tenancy::{KeyScope, TenantId, TenantName};
use photocheck::webhooks::{EventKind, EventKinds, NewEvent, WebhookSecret};
use reqwest::Response;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use uuid::Uuid;

use crate::store::{Database, databases};
use crate::support::keys::{make_key, make_tenant};
use crate::support::{Service, Setup, fixture, photo_form, root};

const SMALL: &str = "edge/png-8.png";

/// What arrived.
#[derive(Debug, Clone)]
struct Arrived {
    path: String,
    headers: HeaderMap,
    body: String,
}

impl Arrived {
    fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn verify(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(self.body.as_bytes(), &self.headers).is_ok()
    }
}

/// A server of somebody who is told. It answers with these statuses, then with 204.
struct Receiver {
    url: String,
    arrived: UnboundedReceiver<Arrived>,
}

type Answering = (UnboundedSender<Arrived>, Arc<Mutex<Vec<u16>>>);

impl Receiver {
    async fn start(statuses: &[u16]) -> Self {
        async fn receive(
            State((arrived, statuses)): State<Answering>,
            uri: Uri,
            headers: HeaderMap,
            body: Bytes,
        ) -> StatusCode {
            let body = String::from_utf8(body.to_vec()).unwrap();
            let path = uri.path().to_owned();
            let _ = arrived.send(Arrived { path, headers, body });
            let mut statuses = statuses.lock().await;
            let status = if statuses.is_empty() { 204 } else { statuses.remove(0) };
            StatusCode::from_u16(status).unwrap()
        }
        let (sender, arrived) = unbounded_channel();
        let statuses = Arc::new(Mutex::new(statuses.to_vec()));
        let routes = Router::new().fallback(receive).with_state((sender, statuses));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, arrived }
    }

    async fn next(&mut self) -> Arrived {
        let next = tokio::time::timeout(Duration::from_mins(2), self.arrived.recv()).await;
        next.unwrap().unwrap()
    }
}

/// A service that does what waits and tells of it, and an administrator's key.
pub async fn telling(setup: Setup) -> (Service, String) {
    let webhook_addresses =
        Addresses { networks: vec!["127.0.0.1/32".parse().unwrap()], ..Addresses::default() };
    let setup = Setup { require_keys: true, webhook_addresses, ..setup };
    let service = Service::start_with(setup).await;
    let app = service.app.clone();
    tokio::spawn(async move { app.deliver_webhooks().await });
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    let key = make_key(&service, "default", KeyScope::ALL).await;
    (service, key)
}

async fn post(service: &Service, key: &str, path: &str, body: &Value) -> Response {
    let request = service.client.post(service.at(path)).bearer_auth(key);
    request.json(body).send().await.unwrap()
}

async fn get(service: &Service, key: &str, path: &str) -> Value {
    let request = service.client.get(service.at(path)).bearer_auth(key);
    request.send().await.unwrap().json().await.unwrap()
}

/// Registers an endpoint; returns its id and secret.
async fn register(service: &Service, key: &str, url: &str, events: &[&str]) -> (String, String) {
    let body = json!({ "url": url, "events": events });
    let answer = post(service, key, "/v1/webhooks", &body).await;
    assert_eq!(answer.status(), 201);
    let answer: Value = answer.json().await.unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&answer["endpoint"]["id"]), text(&answer["secret"]))
}

async fn start_check(service: &Service, key: &str, callback: Option<&str>) -> Response {
    let mut form = Form::new().part("photo", Part::bytes(fixture(SMALL)).file_name("photo"));
    if let Some(url) = callback {
        form = form.text("callback_url", url.to_owned());
    }
    let request = service.client.post(service.at("/v1/checks")).bearer_auth(key);
    request.multipart(form).send().await.unwrap()
}

/// The Python library of Standard Webhooks; `None`, said in one line, where it is not at hand. In
/// CI it must be.
fn python() -> Option<PathBuf> {
    let tools = std::env::var_os("PHOTOCHECK_API_TOOLS").map(PathBuf::from);
    let python = tools.map(|tools| tools.join("bin/python")).filter(|python| {
        let has = Command::new(python).args(["-c", "import standardwebhooks"]).output();
        has.is_ok_and(|output| output.status.success())
    });
    if python.is_none() {
        assert!(std::env::var_os("CI").is_none(), "in CI standardwebhooks must be installed");
        eprintln!("skipped: PHOTOCHECK_API_TOOLS has no Python with standardwebhooks");
    }
    python
}

/// Whether Python's library takes a message for rightly signed.
fn python_verifies(python: &PathBuf, message: &Arrived, secret: &str) -> bool {
    let header = |name: &str| message.headers[name].to_str().unwrap().to_owned();
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let headers: Value =
        headers.map(|name| (name.to_owned(), Value::from(header(name)))).into_iter().collect();
    let status = Command::new(python)
        .arg(root().join("tests/clients/verify_webhook.py"))
        .args([secret, &headers.to_string(), &message.body])
        .status();
    status.unwrap().success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_check_is_told_and_verified_by_other_libraries() {
    let mut receiver = Receiver::start(&[]).await;
    let (service, key) = telling(Setup::default()).await;
    let (id, secret) = register(&service, &key, &format!("{}/hook", receiver.url), &[]).await;
    let begun: Value = start_check(&service, &key, None).await.json().await.unwrap();
    let told = receiver.next().await;
    assert_eq!(told.path, "/hook");
    assert_eq!(told.headers["content-type"], "application/json");
    assert!(told.verify(&secret));
    let event = told.json();
    assert_eq!(event["type"], "check.finished");
    assert!(event["timestamp"].as_str().unwrap().ends_with('Z'), "{event}");
    let check = begun["checks"][0]["id"].as_str().unwrap();
    assert_eq!(event["data"], get(&service, &key, &format!("/v1/checks/{check}")).await);
    assert_eq!(event["data"]["state"], "done");
    if let Some(python) = python() {
        assert!(python_verifies(&python, &told, &secret));
        let changed = Arrived { body: told.body.replace("done", "gone"), ..told.clone() };
        assert!(!python_verifies(&python, &changed, &secret));
        let other = WebhookSecret::create().unwrap();
        assert!(!python_verifies(&python, &told, other.reveal()));
    }

    // While a secret takes the other's place, messages are signed with both.
    let rotate = format!("/v1/webhooks/{id}/rotate");
    let rotated: Value = post(&service, &key, &rotate, &json!({})).await.json().await.unwrap();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, secret);
    start_check(&service, &key, None).await;
    let told = receiver.next().await;
    assert!(told.verify(&secret) && told.verify(new));
    let listed = get(&service, &key, "/v1/webhooks").await;
    assert!(!listed.to_string().contains("whsec_"), "{listed}");
    assert!(listed["endpoints"][0]["old_secret_until"].is_i64());
}

/// What did not arrive is sent again, with the same id and body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_did_not_arrive_is_sent_again() {
    let mut receiver = Receiver::start(&[500]).await;
    let (service, key) = telling(Setup::default()).await;
    let (id, secret) = register(&service, &key, &receiver.url, &["check.finished"]).await;
    start_check(&service, &key, None).await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    assert!(first.verify(&secret) && second.verify(&secret));
    let path = format!("/v1/webhooks/{id}/messages");
    let begun = Instant::now();
    loop {
        let (listed, metrics) = (get(&service, &key, &path).await, service.metrics().await);
        let message = &listed["messages"][0];
        let is_counted = metrics.contains("deliveries_total{outcome=\"arrived\"} 1\n");
        if message["state"] == "delivered" && is_counted {
            assert!(metrics.contains("deliveries_total{outcome=\"failed\"} 1\n"), "{metrics}");
            assert_eq!((&message["attempts"], &message["id"]), (&json!(2), &json!(first.id())));
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{listed}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        get(&service, &key, "/v1/webhooks").await["endpoints"][0].get("failing_since").is_none()
    );
}

/// A call is told of where it asks to be, at the address of an endpoint only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_told_where_it_asks_to_be() {
    let mut receiver = Receiver::start(&[]).await;
    let (service, key) = telling(Setup::default()).await;
    let callback = format!("{}/photos/7?a=b", receiver.url);
    let refused = start_check(&service, &key, Some(&callback)).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "CALLBACK_NOT_REGISTERED");
    let (_, secret) = register(&service, &key, &receiver.url, &["hash.quarantined"]).await;
    let other = "https://hooks.example.org/";
    let refused = start_check(&service, &key, Some(other)).await;
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "CALLBACK_NOT_REGISTERED");
    assert_eq!(start_check(&service, &key, Some(&callback)).await.status(), 202);
    let told = receiver.next().await;
    assert_eq!((told.path.as_str(), told.verify(&secret)), ("/photos/7", true));
    assert_eq!(told.json()["data"]["state"], "done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_to_private_addresses() {
    let (service, key) = telling(Setup::default()).await;
    for (url, code) in [
        ("http://127.0.0.2:1/", "URL_NOT_ALLOWED"),
        ("https://10.0.0.1/", "URL_NOT_ALLOWED"),
        ("https://[::1]/", "URL_NOT_ALLOWED"),
        ("http://169.254.169.254/", "URL_NOT_ALLOWED"),
        ("http://8.8.8.8/", "URL_NOT_ALLOWED"),
        ("https://me:secret@hooks.example.org/", "URL_NOT_VALID"),
        ("file:///etc/passwd", "URL_NOT_VALID"),
        ("hooks", "URL_NOT_VALID"),
    ] {
        let answer = post(&service, &key, "/v1/webhooks", &json!({ "url": url })).await;
        assert_eq!(answer.status(), 422, "{url}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], code, "{url}");
    }
    // A name is checked when it is resolved, and one that leads nowhere is as a private one.
    let (id, _) = register(&service, &key, "https://no-such-host.invalid/", &[]).await;
    start_check(&service, &key, None).await;
    let path = format!("/v1/webhooks/{id}/messages?state=pending");
    let begun = Instant::now();
    loop {
        let listed = get(&service, &key, &path).await;
        let problem = listed["messages"][0]["problem"].as_str();
        if let Some(problem) = problem {
            assert_eq!(problem, "the URL leads to no public address");
            break;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "{listed}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let unknown = json!({ "url": "https://hooks.example.org/", "events": ["check.begun"] });
    let answer = post(&service, &key, "/v1/webhooks", &unknown).await;
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "EVENT_NOT_VALID");
    for _ in 1..20 {
        register(&service, &key, "https://hooks.example.org/", &[]).await;
    }
    let one_more = json!({ "url": "https://hooks.example.org/" });
    let answer = post(&service, &key, "/v1/webhooks", &one_more).await;
    assert_eq!(answer.status(), 409);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "TOO_MANY_ENDPOINTS");
}

/// Banking a photo that accounts had shown is told, and to nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_banked_photo_that_accounts_showed_before_is_told() {
    let mut receiver = Receiver::start(&[]).await;
    let (service, key) = telling(Setup { sightings_bank: Some("SEEN"), ..Setup::default() }).await;
    let (_, secret) = register(&service, &key, &receiver.url, &["photo.seen_before"]).await;
    make_tenant(&service, "bolt").await;
    let bolt = make_key(&service, "bolt", KeyScope::ALL).await;
    let url = format!("{}/bolt", receiver.url);
    register(&service, &bolt, &url, &[]).await;
    for account in ["1", "2"] {
        let form = photo_form(fixture(SMALL)).text("account_id", account);
        let check = service.client.post(service.at("/v1/check")).bearer_auth(&key);
        assert_eq!(check.multipart(form).send().await.unwrap().status(), 200);
    }
    post(&service, &key, "/v1/banks", &json!({ "name": "SCAM" })).await;
    let banked = service.client.post(service.at("/v1/banks/SCAM/contents")).bearer_auth(&key);
    let banked: Value = banked.body(fixture(SMALL)).send().await.unwrap().json().await.unwrap();
    let told = receiver.next().await;
    assert!(told.verify(&secret) && told.path == "/");
    let event = told.json();
    assert_eq!(event["type"], "photo.seen_before");
    let data = &event["data"];
    assert_eq!((&data["bank"], &data["content_id"]), (&json!("SCAM"), &banked["content_id"]));
    assert_eq!(data["seen_before"][0]["accounts"], 2);
}

fn endpoint(tenant: TenantId) -> Endpoint {
    Endpoint {
        id: ids::new_id(),
        tenant,
        url: "https://hooks.example.org/".to_owned(),
        events: EventKinds::All,
        secret: WebhookSecret::create().unwrap(),
        old_secret: None,
        created_at: 100,
        failing_since: None,
        switched_off_at: None,
    }
}

async fn registered(store: &Store, tenant: TenantId) -> Endpoint {
    let endpoint = endpoint(tenant);
    assert!(store.add_endpoint(&endpoint, 20).await.unwrap());
    endpoint
}

fn event(payload: &str) -> NewEvent {
    NewEvent { kind: EventKind::HashQuarantined, payload: payload.to_owned() }
}

/// Has the tenant `default` told of something, by a check that is finished.
async fn tell(store: &Store, now_s: i64) {
    let batch = NewBatch { id: ids::new_id(), tenant: TenantId::DEFAULT, accepted_at: now_s };
    let new = NewCheck {
        id: ids::new_id(),
        place: 0,
        external_id: String::new(),
        photo_bytes: 1,
        photo: WaitsIn::Sealed(vec![1]),
    };
    store.add_check(&batch, new).await.unwrap();
    assert!(store.accept_batch(&batch, 1, &[], None).await.unwrap());
    let worker = WorkerId::new(ids::new_id());
    let claimed = store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
    let outcome = Outcome::Report("{}".to_owned());
    assert!(store.finish_check(&worker, &claimed, &outcome, &event("{}"), now_s).await.unwrap());
}

async fn states(store: &Store, endpoint: &Endpoint) -> Vec<(MessageState, u32)> {
    let messages = store.messages(endpoint.id, None, 100).await.unwrap();
    messages.into_iter().map(|message| (message.state, message.attempts)).collect()
}

/// From the outbox of every database: taken once, taken over, dead, sent again, and switched off.
#[tokio::test]
async fn a_message_is_kept_until_it_arrives() {
    use MessageState::{Dead, Delivered, Pending};
    for Database { kind, store, .. } in &databases().await {
        let other_tenant =
            store.create_tenant(&TenantName::new("other").unwrap(), 1).await.unwrap();
        let one = registered(store, TenantId::DEFAULT).await;
        let two = registered(store, TenantId::DEFAULT).await;
        let stranger = registered(store, other_tenant.id).await;
        let worker = WorkerId::new(ids::new_id());
        let alive = Duration::from_mins(10);
        store.worker_is_alive(&worker, alive).await.unwrap();

        tell(store, 100).await;
        assert_eq!(states(store, &stranger).await, [], "{kind}");
        let first = store.claim_message(&worker, Uuid::nil(), &[], &[]).await.unwrap().unwrap();
        let second = store.claim_message(&worker, Uuid::nil(), &[], &[]).await.unwrap().unwrap();
        let mut claimed = [first.endpoint, second.endpoint];
        claimed.sort();
        let mut expected = [one.id, two.id];
        expected.sort();
        assert_eq!(claimed, expected, "{kind}: each is told once");
        assert_ne!(first.id, second.id, "{kind}");
        assert_eq!(
            store.claim_message(&worker, Uuid::nil(), &[], &[]).await.unwrap(),
            None,
            "{kind}"
        );

        // The worker is gone: another sends them, and it can note nothing any more.
        store.worker_has_ended(&worker).await.unwrap();
        assert_eq!(store.take_over_messages().await.unwrap(), 2, "{kind}");
        let next = WorkerId::new(ids::new_id());
        store.worker_is_alive(&next, alive).await.unwrap();
        let full = [two.id, stranger.id];
        let taken = store.claim_message(&next, Uuid::nil(), &full, &[]).await.unwrap().unwrap();
        assert_eq!((taken.endpoint, taken.attempt), (one.id, 2), "{kind}");
        let late = if first.endpoint == one.id { first } else { second };
        store.note_sent(&worker, &late, &Sent::Arrived, 200).await.unwrap();
        assert_eq!(states(store, &one).await, [(Pending, 2)], "{kind}");

        let problem = "its server answered 500".to_owned();
        let dead = Sent::Dead { problem: problem.clone() };
        store.note_sent(&next, &taken, &dead, 200).await.unwrap();
        assert_eq!(states(store, &one).await, [(Dead, 2)], "{kind}");
        let failing = store.endpoint(TenantId::DEFAULT, one.id).await.unwrap();
        assert_eq!(failing.failing_since, Some(200), "{kind}");
        assert_eq!(store.replay_messages(&one).await.unwrap(), 1, "{kind}");
        let again = store.claim_message(&next, Uuid::nil(), &full, &[]).await.unwrap().unwrap();
        assert_eq!((&again.id, again.attempt), (&taken.id, 1), "{kind}");
        assert_eq!(again.payload, "{}", "{kind}");
        let later = Sent::Again { due_in_s: 600, problem };
        store.note_sent(&next, &again, &later, 300).await.unwrap();
        let none = store.claim_message(&next, Uuid::nil(), &full, &[]).await.unwrap();
        assert_eq!(none, None, "{kind}: it is not due");
        let failing = store.endpoint(TenantId::DEFAULT, one.id).await.unwrap();
        assert_eq!(failing.failing_since, Some(200), "{kind}: since the first time");

        // Switched off: dead is what was to be sent, and the tenant's other endpoint is told.
        assert!(store.switch_off_endpoint(&failing, &event("off"), 400).await.unwrap(), "{kind}");
        assert!(!store.switch_off_endpoint(&failing, &event("off"), 400).await.unwrap(), "{kind}");
        assert_eq!(states(store, &one).await, [(Dead, 1)], "{kind}");
        assert_eq!(states(store, &two).await.len(), 2, "{kind}");
        tell(store, 500).await;
        assert_eq!(states(store, &one).await.len(), 1, "{kind}: nothing more is for it");
        store.switch_on_endpoint(TenantId::DEFAULT, one.id).await.unwrap();
        let on = store.endpoint(TenantId::DEFAULT, one.id).await.unwrap();
        assert_eq!((on.switched_off_at, on.failing_since), (None, None), "{kind}");

        let mut arrived = 0;
        while let Some(message) = store.claim_message(&next, Uuid::nil(), &[], &[]).await.unwrap() {
            assert_eq!(message.endpoint, two.id, "{kind}");
            store.note_sent(&next, &message, &Sent::Arrived, 600).await.unwrap();
            arrived += 1;
        }
        assert_eq!(arrived, 3, "{kind}");
        assert!(states(store, &two).await.iter().all(|(state, _)| *state == Delivered), "{kind}");
        assert_eq!(store.delete_old_messages(601).await.unwrap(), 4, "{kind}");
        let missing = store.endpoint(other_tenant.id, one.id).await.unwrap_err();
        assert_eq!(missing.code(), "NO_SUCH_ENDPOINT", "{kind}");
        let missing = store.remove_endpoint(other_tenant.id, one.id).await.unwrap_err();
        assert_eq!(missing.code(), "NO_SUCH_ENDPOINT", "{kind}");
        store.remove_endpoint(TenantId::DEFAULT, one.id).await.unwrap();
    }
}

/// The program for developers prints what arrives, and whether it is signed rightly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_listens_and_verifies() {
    use std::io::{BufRead, BufReader};
    let secret = WebhookSecret::create().unwrap();
    let mut listening = Command::new(env!("CARGO_BIN_EXE_photocheck"))
        .args(["webhook", "listen", "--listen", "127.0.0.1:0"])
        .env("PHOTOCHECK_WEBHOOK_SECRET", secret.reveal())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(listening.stderr.take().unwrap()).read_line(&mut said).unwrap();
    let url = said.trim().rsplit(' ').next().unwrap().to_owned();
    let mut printed = BufReader::new(listening.stdout.take().unwrap());
    let client = reqwest::Client::new();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().try_into().unwrap();
    let body = r#"{"type":"check.finished"}"#;
    let signed = photocheck::webhooks::signatures(&[secret], "msg_1", now, body).unwrap();
    for (body, status, verified) in [(body, 204, true), (r#"{"type":"\u001b"}"#, 401, false)] {
        let request = client.post(&url).header("webhook-id", "msg_1").body(body);
        let request = request.header("webhook-timestamp", now.to_string());
        let answer = request.header("webhook-signature", &signed).send().await.unwrap();
        assert_eq!(answer.status(), status);
        let mut line = String::new();
        printed.read_line(&mut line).unwrap();
        assert!(!line.contains('\u{1b}'));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["id"], &line["verified"]), (&json!("msg_1"), &json!(verified)));
        assert_eq!(line["event"], serde_json::from_str::<Value>(body).unwrap());
    }
    listening.kill().unwrap();
    listening.wait().unwrap();
    let without = Command::new(env!("CARGO_BIN_EXE_photocheck"))
        .args(["webhook", "listen"])
        .env("PHOTOCHECK_WEBHOOK_SECRET", "geheim")
        .output()
        .unwrap();
    let said = String::from_utf8(without.stderr).unwrap();
    assert!(said.contains("begins with whsec_") && !said.contains("geheim"), "{said}");
}
