//! Checks that are done later: accepted at once, done by whoever is there, answered by their ids.

use std::time::{Duration, Instant};

use photocheck::app::limits::WAITING_BYTES_MAX;
use photocheck::app::waiting_photo::{Source, WaitingPhoto};
use photocheck::config::{LaterConfig, WaitingPhotos};
use photocheck::fetch::Addresses;
use photocheck::ids;
use photocheck::photo_key::PhotoKey;
use photocheck::store::{
    NewBatch, NewCheck, Outcome, Store, StoredState, TableSum, WaitsIn, WorkerId,
};
use photocheck::tenancy::{KeyLimits, KeyScope, TenantId, TenantName};
use photocheck::webhooks::{EventKind, NewEvent};
use photocheck_core::bank::ExternalId;
use reqwest::multipart::{Form, Part};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::banks::STOLEN;
use crate::store::{Database, databases};
use crate::support::keys::{key_order, make_key, make_tenant, operator};
use crate::support::{ACCOUNT_KEY, Place, Service, Setup, fixture};

const SMALL: &str = "edge/png-8.png";

/// Photos that wait in the database, encrypted.
fn encrypted() -> LaterConfig {
    let key = PhotoKey::new(ACCOUNT_KEY.as_bytes()).unwrap();
    LaterConfig { photos: WaitingPhotos::Encrypted(key), kept_days: 7 }
}

/// A service that does what waits.
async fn working(setup: Setup) -> Service {
    let service = Service::start_with(setup).await;
    begin_to_work(&service);
    service
}

fn begin_to_work(service: &Service) {
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
}

fn photo_part(path: &str) -> Part {
    Part::bytes(fixture(path)).file_name("photo")
}

async fn start(service: &Service, form: Form) -> Response {
    service.client.post(service.at("/v1/checks")).multipart(form).send().await.unwrap()
}

async fn accepted(answer: Response) -> Value {
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 202, "{body}");
    body
}

async fn ask(service: &Service, path: &str) -> Value {
    service.client.get(service.at(path)).send().await.unwrap().json().await.unwrap()
}

/// All checks of a call, once they are finished.
async fn finished(service: &Service, accepted: &Value) -> Vec<Value> {
    let batch = accepted["batch_id"].as_str().unwrap();
    let begun = Instant::now();
    loop {
        let answer = ask(service, &format!("/v1/checks?batch_id={batch}")).await;
        let checks = answer["checks"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        if checks.iter().all(|check| check["state"] != "waiting") {
            return checks;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "{answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn rows(store: &Store, table: &str) -> u64 {
    let sums = store.sums().await.unwrap();
    sums.iter().find(|sum| sum.table == table).map_or(0, |TableSum { rows, .. }| *rows)
}

/// Waits until a table has so many rows.
async fn rows_become(store: &Store, table: &str, count: u64) {
    let begun = Instant::now();
    while rows(store, table).await != count {
        assert!(begun.elapsed() < Duration::from_secs(30), "{table} never has {count} rows");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Both kinds of waiting, on every database: the report is that of `POST /v1/check`, and the photo
/// is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_done_later_has_the_report_of_one_done_at_once() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        for later in [LaterConfig::default(), encrypted()] {
            let is_encrypted = matches!(later.photos, WaitingPhotos::Encrypted(_));
            let db = Some(place.url.clone());
            let service = Service::start_with(Setup { db, later, ..Setup::default() }).await;
            let at_once: Value = service.check_raw(fixture(SMALL)).await.json().await.unwrap();

            let form = Form::new().text("external_id", "upload 7").part("photo", photo_part(SMALL));
            let answer = start(&service, form).await;
            let location = answer.headers()["location"].to_str().unwrap().to_owned();
            let begun = accepted(answer).await;
            let id = begun["checks"][0]["id"].as_str().unwrap();
            let waiting = ask(&service, &format!("/v1/checks/{id}")).await;
            assert_eq!(waiting["state"], "waiting", "{waiting}");
            assert!(waiting.get("report").is_none() && waiting.get("finished_at").is_none());

            // The photo is not in the database as it is.
            let sealed = service.store.sealed_photo(Uuid::parse_str(id).unwrap()).await.unwrap();
            assert_eq!(sealed.is_some(), is_encrypted);
            let photo = fixture(SMALL);
            let shows = |sealed: &[u8]| sealed.windows(16).any(|part| part == &photo[..16]);
            assert!(!sealed.is_some_and(|sealed| shows(&sealed)));

            begin_to_work(&service);
            let checks = finished(&service, &begun).await;
            assert_eq!(checks.len(), 1);
            assert_eq!(checks[0]["state"], "done", "{}", checks[0]);
            assert_eq!(checks[0]["report"], at_once);
            assert_eq!(checks[0]["external_id"], "upload 7");
            assert_eq!(checks[0], ask(&service, &format!("/v1/checks/{id}")).await);
            assert_eq!(ask(&service, &location).await["checks"][0], checks[0]);
            assert_eq!(rows(&service.store, "waiting_photo").await, 0);
            service.app.close().await;
        }
    }
}

/// Each photo is its own check: a bad one fails, and the others do not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_of_one_call_are_checks_of_their_own() {
    let service = working(Setup { later: encrypted(), ..Setup::default() }).await;
    let mut form = Form::new();
    let text = Part::bytes(b"no picture".to_vec()).file_name("photo");
    for (external_id, photo) in [("a", photo_part(SMALL)), ("b", text), ("", photo_part(SMALL))] {
        if !external_id.is_empty() {
            form = form.text("external_id", external_id);
        }
        form = form.text("unknown", "x").part("photo", photo);
    }
    let begun = accepted(start(&service, form).await).await;
    let checks = finished(&service, &begun).await;
    let states: Vec<_> = checks.iter().map(|check| check["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["done", "failed", "done"]);
    assert_eq!((&checks[0]["external_id"], &checks[1]["external_id"]), (&json!("a"), &json!("b")));
    assert!(checks[2].get("external_id").is_none(), "a field counts for the photo after it");
    assert_eq!(checks[1]["problem"]["code"], "PHOTO_NOT_AN_IMAGE");
    assert!(checks[1].get("report").is_none());
    let body = service.client.post(service.at("/v1/checks")).body(fixture(SMALL)).send().await;
    let begun = accepted(body.unwrap()).await;
    assert_eq!(finished(&service, &begun).await[0]["state"], "done");
}

/// What is refused was never there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_a_call_is_accepted_or_nothing() {
    for later in [LaterConfig::default(), encrypted()] {
        let service = Service::start_with(Setup { later, ..Setup::default() }).await;
        let two = || Form::new().part("photo", photo_part(SMALL)).part("photo", photo_part(SMALL));
        let long = "x".repeat(257);
        let huge = Part::bytes(vec![7; 21 * 1024 * 1024]).file_name("photo");
        let mut many = Form::new();
        for _ in 0..501 {
            many = many.part("photo", Part::bytes(vec![7]).file_name("photo"));
        }
        for (form, status, code) in [
            (
                two().text("external_id", long).part("photo", photo_part(SMALL)),
                422,
                "EXTERNAL_ID_TOO_LONG",
            ),
            (two().part("photo", Part::bytes(Vec::new()).file_name("x")), 400, "PHOTO_EMPTY"),
            (two().part("photo", huge), 413, "PHOTO_TOO_MANY_BYTES"),
            (
                two().text("account_id", "7").part("photo", photo_part(SMALL)),
                409,
                "SIGHTINGS_NOT_KEPT",
            ),
            (Form::new().text("external_id", "x"), 400, "NO_PHOTO"),
            (Form::new().text("external_id", "x".repeat(5000)), 400, "MULTIPART_NOT_VALID"),
            (many, 422, "BATCH_TOO_LARGE"),
        ] {
            let answer = start(&service, form).await;
            let got = answer.status();
            let body: Value = answer.json().await.unwrap();
            assert_eq!((got.as_u16(), &body["code"]), (status, &json!(code)), "{body}");
            rows_become(&service.store, "photo_check", 0).await;
            rows_become(&service.store, "waiting_photo", 0).await;
        }
        for path in ["/v1/checks/nothing", "/v1/checks?batch_id=nothing"] {
            assert_eq!(ask(&service, path).await["code"], "NO_SUCH_CHECK");
        }
        let json = service.client.post(service.at("/v1/checks")).json(&json!({ "checks": [] }));
        assert_eq!(json.send().await.unwrap().status(), 403, "URLs are not taken");
    }
}

/// By URL, and what the sender of the URL can do about it is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_by_url_are_fetched_when_their_turn_comes() {
    let photo = axum::Router::new().route(
        "/photo",
        axum::routing::get(|| async { ([("content-type", "image/png")], fixture(SMALL)) }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, photo).await });
    let fetch =
        Some(Addresses { networks: vec!["127.0.0.1/32".parse().unwrap()], ..Addresses::default() });
    let service = working(Setup { later: encrypted(), fetch, ..Setup::default() }).await;
    let at_once: Value = service.check_raw(fixture(SMALL)).await.json().await.unwrap();
    let send = async |body: Value| {
        service.client.post(service.at("/v1/checks")).json(&body).send().await.unwrap()
    };
    let urls = json!({ "checks": [
        { "url": format!("{server}/photo"), "external_id": "first" },
        { "url": format!("{server}/none") },
        { "url": "http://127.0.0.2:1/photo" },
    ] });
    let begun = accepted(send(urls).await).await;
    let checks = finished(&service, &begun).await;
    assert_eq!((&checks[0]["report"], &checks[0]["external_id"]), (&at_once, &json!("first")));
    assert_eq!(checks[1]["problem"]["code"], "URL_NOT_FETCHED");
    assert_eq!(checks[2]["problem"]["code"], "URL_NOT_ALLOWED");
    for (body, code) in [
        (json!({ "checks": [] }), "BAD_REQUEST"),
        (json!({ "checks": [{ "url": "file:///etc/passwd" }] }), "URL_NOT_VALID"),
        (json!({ "checks": [{ "url": "http://me:secret@a.example/" }] }), "URL_NOT_VALID"),
        (json!({ "checks": [{ "urls": "http://a.example/" }] }), "BAD_REQUEST"),
    ] {
        let answer = send(body).await;
        assert_eq!(answer.status(), 422);
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], code);
    }
}

/// A call costs what its photos would cost one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_photo_counts_as_a_request() {
    let service = Service::start_with(Setup { require_keys: true, ..Setup::default() }).await;
    let limited = async |limits| {
        let order = key_order("default", [KeyScope::Check]);
        let order = photocheck::app::tenants::KeyOrder { limits, ..order };
        let made = service.app.tenants().make_key(&operator(), order).await.unwrap();
        made.key.reveal().to_owned()
    };
    let per_day = limited(KeyLimits { per_day: 2.try_into().ok(), per_minute: None }).await;
    let per_minute = limited(KeyLimits { per_day: None, per_minute: 2.try_into().ok() }).await;
    for (key, code) in [(per_day, "QUOTA_USED_UP"), (per_minute, "RATE_LIMITED")] {
        let mut form = Form::new();
        for _ in 0..3 {
            form = form.part("photo", photo_part(SMALL));
        }
        let url = service.at("/v1/checks");
        let answer = service.client.post(url).bearer_auth(&key).multipart(form).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{code}");
        assert!(answer.headers().contains_key("retry-after"), "{code}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], code);
        rows_become(&service.store, "photo_check", 0).await;
    }
}

/// Checks are a tenant's own, and who sends nothing has none kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_sees_its_own_checks_only() {
    let token = Setup { bank_token: Some("geheim"), ..Setup::default() };
    let open = Service::start_with(token).await;
    let nobody = start(&open, Form::new().part("photo", photo_part(SMALL))).await;
    assert_eq!(nobody.json::<Value>().await.unwrap()["code"], "TOKEN_NEEDED");

    let service = working(Setup { require_keys: true, ..Setup::default() }).await;
    make_tenant(&service, "acme").await;
    make_tenant(&service, "bolt").await;
    let acme = make_key(&service, "acme", [KeyScope::Check]).await;
    let bolt = make_key(&service, "bolt", KeyScope::ALL).await;
    let send = service.client.post(service.at("/v1/checks")).bearer_auth(&acme);
    let begun = accepted(send.body(fixture(SMALL)).send().await.unwrap()).await;
    let (batch, id) = (&begun["batch_id"], &begun["checks"][0]["id"]);
    for path in [
        format!("/v1/checks/{}", id.as_str().unwrap()),
        format!("/v1/checks?batch_id={}", batch.as_str().unwrap()),
    ] {
        let status = async |key: &str| {
            let request = service.client.get(service.at(&path)).bearer_auth(key);
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!((status(&acme).await, status(&bolt).await), (200, 404), "{path}");
    }
    let name = TenantName::new("acme").unwrap();
    service.app.tenants().erase(&operator(), &name).await.unwrap();
    assert_eq!(rows(&service.store, "photo_check").await, 0);
}

fn new_check(place: u32, photo: WaitsIn) -> NewCheck {
    NewCheck { id: ids::new_id(), place, external_id: String::new(), photo_bytes: 3, photo }
}

fn new_batch(tenant: TenantId) -> NewBatch {
    NewBatch { id: ids::new_id(), tenant, accepted_at: 100 }
}

async fn accept(store: &Store, tenant: TenantId, photos: &[WaitsIn]) -> Vec<Uuid> {
    let batch = new_batch(tenant);
    let mut accepted = Vec::new();
    for (place, photo) in (0..).zip(photos) {
        let new = new_check(place, photo.clone());
        accepted.push(new.id);
        store.add_check(&batch, new).await.unwrap();
    }
    assert!(store.accept_batch(&batch, photos.len(), &[], None).await.unwrap());
    accepted
}

/// What nobody is told, because no endpoint is registered.
fn told() -> NewEvent {
    NewEvent { kind: EventKind::CheckFinished, payload: "{}".to_owned() }
}

fn sealed() -> WaitsIn {
    WaitsIn::Sealed(vec![1, 2, 3])
}

async fn worker(store: &Store) -> WorkerId {
    let worker = WorkerId::new(ids::new_id());
    store.worker_is_alive(&worker, Duration::from_mins(10)).await.unwrap();
    worker
}

/// What a worker that is gone had is done by another, and finished once.
#[tokio::test]
async fn a_check_is_taken_over_and_finished_once() {
    const NOBODY: TenantId = TenantId(0);
    for Database { kind, store, .. } in &databases().await {
        let (one, other) = (worker(store).await, worker(store).await);
        let id = accept(store, TenantId::DEFAULT, &[sealed()]).await[0];
        let first = store.claim_check(&one, NOBODY, &[]).await.unwrap().unwrap();
        assert_eq!((first.check.id, first.attempt, first.is_in_memory), (id, 1, false), "{kind}");
        assert_eq!(store.claim_check(&other, NOBODY, &[]).await.unwrap(), None, "{kind}");
        assert_eq!(store.take_over_checks().await.unwrap(), 0, "{kind}: it is alive");
        store.worker_has_ended(&one).await.unwrap();
        assert_eq!(store.take_over_checks().await.unwrap(), 1, "{kind}");
        let second = store.claim_check(&other, NOBODY, &[]).await.unwrap().unwrap();
        assert_eq!((second.check.id, second.attempt), (id, 2), "{kind}");

        let (late, right) = (Outcome::Report("1".into()), Outcome::Report("2".into()));
        assert!(!store.finish_check(&one, &first, &late, &told(), 200).await.unwrap(), "{kind}");
        assert_eq!(store.sealed_photo(id).await.unwrap().unwrap(), [1, 2, 3], "{kind}");
        // Given back, and taken by the same worker: its first try may finish nothing either.
        store.release_check(&other, &second, 0, true).await.unwrap();
        let third = store.claim_check(&other, NOBODY, &[]).await.unwrap().unwrap();
        assert!(!store.finish_check(&other, &second, &late, &told(), 200).await.unwrap(), "{kind}");
        assert!(store.finish_check(&other, &third, &right, &told(), 200).await.unwrap(), "{kind}");
        assert!(!store.finish_check(&other, &third, &late, &told(), 300).await.unwrap(), "{kind}");
        let check = store.check(TenantId::DEFAULT, id).await.unwrap();
        assert_eq!(check.state, StoredState::Finished { at: 200, outcome: right }, "{kind}");
        assert_eq!(store.sealed_photo(id).await.unwrap(), None, "{kind}");

        assert_eq!(store.delete_old_checks(200, 0).await.unwrap(), 0, "{kind}");
        assert_eq!(store.delete_old_checks(201, 0).await.unwrap(), 1, "{kind}");
        let gone = store.check(TenantId::DEFAULT, id).await.unwrap_err();
        assert_eq!(gone.code(), "NO_SUCH_CHECK", "{kind}");
    }
}

/// A photo in the memory of a program is its own to check, and lost with it, which is said.
#[tokio::test]
async fn a_photo_in_the_memory_of_a_program_that_ended_is_said_to_be_lost() {
    const NOBODY: TenantId = TenantId(0);
    for Database { kind, store, .. } in &databases().await {
        let (one, other) = (worker(store).await, worker(store).await);
        let photos = [WaitsIn::Memory(one.clone()), WaitsIn::Memory(one.clone()), sealed()];
        let ids = accept(store, TenantId::DEFAULT, &photos).await;
        let claimed = store.claim_check(&other, NOBODY, &[]).await.unwrap().unwrap();
        assert_eq!(claimed.check.id, ids[2], "{kind}: the others are not there for it");
        let claimed = store.claim_check(&one, NOBODY, &[]).await.unwrap().unwrap();
        assert!(ids[..2].contains(&claimed.check.id) && claimed.is_in_memory, "{kind}");
        let lost = Outcome::Problem { code: "PHOTO_LOST".into(), detail: "gone".into() };
        assert_eq!(store.lost_checks().await.unwrap(), [], "{kind}");
        let early = store.finish_lost_check(ids[1], &lost, &told(), 200).await.unwrap();
        assert!(!early, "{kind}: its worker is alive");
        store.worker_has_ended(&one).await.unwrap();
        store.take_over_checks().await.unwrap();
        assert_eq!(store.lost_checks().await.unwrap().len(), 2, "{kind}");
        for id in &ids[..2] {
            let finish = async || store.finish_lost_check(*id, &lost, &told(), 200).await.unwrap();
            assert!(finish().await && !finish().await, "{kind}: once");
            let check = store.check(TenantId::DEFAULT, *id).await.unwrap();
            let outcome = lost.clone();
            assert_eq!(check.state, StoredState::Finished { at: 200, outcome }, "{kind}");
        }
        let third = store.check(TenantId::DEFAULT, ids[2]).await.unwrap();
        assert_eq!(third.state, StoredState::Waiting, "{kind}");
    }
}

/// Tenants take turns, whatever one of them has waiting; and one that has its share is passed over.
#[tokio::test]
async fn tenants_take_turns() {
    for Database { kind, store, .. } in &databases().await {
        let other = store.create_tenant(&TenantName::new("other").unwrap(), 1).await.unwrap().id;
        let worker = worker(store).await;
        accept(store, TenantId::DEFAULT, &[sealed(), sealed(), sealed()]).await;
        accept(store, other, &[sealed()]).await;
        let mut after = TenantId(0);
        let mut taken = Vec::new();
        for _ in 0..4 {
            let next = match store.claim_check(&worker, after, &[]).await.unwrap() {
                Some(next) => next,
                None => store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap(),
            };
            after = next.tenant;
            taken.push(next.tenant);
        }
        assert_eq!(
            taken,
            [TenantId::DEFAULT, other, TenantId::DEFAULT, TenantId::DEFAULT],
            "{kind}"
        );
        let more = accept(store, other, &[sealed()]).await;
        accept(store, TenantId::DEFAULT, &[sealed()]).await;
        let full = [TenantId::DEFAULT];
        let next = store.claim_check(&worker, TenantId(0), &full).await.unwrap().unwrap();
        assert_eq!(next.check.id, more[0], "{kind}");
        assert_eq!(store.claim_check(&worker, TenantId(0), &full).await.unwrap(), None, "{kind}");
    }
}

/// A call that does not come to its end is nobody's work, and one tenant cannot fill the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_bounded_and_what_arrives_is_not_done() {
    let service = Service::start().await;
    let store = &service.store;
    let worker = worker(store).await;
    let mut arriving = service.app.later().begin(TenantId::DEFAULT, ids::new_id()).await.unwrap();
    let batch = new_batch(TenantId::DEFAULT);
    let huge = NewCheck { photo_bytes: WAITING_BYTES_MAX, ..new_check(0, sealed()) };
    store.add_check(&batch, huge.clone()).await.unwrap();
    assert_eq!(store.claim_check(&worker, TenantId(0), &[]).await.unwrap(), None);
    assert!(store.check(TenantId::DEFAULT, huge.id).await.is_err());

    // One that had begun before can add no more either.
    let photo = WaitingPhoto { source: Source::Bytes(fixture(SMALL).into()), account: None };
    let full = arriving.add(photo, ExternalId::new("").unwrap()).await.unwrap_err();
    assert_eq!(full.code(), "TOO_MANY_WAITING");
    let answer = start(&service, Form::new().part("photo", photo_part(SMALL))).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["code"], "TOO_MANY_WAITING");
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains("4294967296") && detail.contains("10000"), "{detail}");
    store.delete_old_checks(0, 101).await.unwrap();
    assert_eq!(rows(store, "photo_check").await, 0);
    assert_eq!(rows(store, "waiting_photo").await, 0);
    let begun = start(&service, Form::new().part("photo", photo_part(STOLEN))).await;
    assert_eq!(begun.status(), 202);
}
