//! Calls with an `Idempotency-Key`: however often one is sent, it is done once and answered alike,
//! on every database, machine and after every end of a program.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use photocheck::app::limits::{IDEMPOTENT_CALLS_MAX, WAITING_BYTES_MAX};
use photocheck::idempotency::IdempotencyKey;
use photocheck::ids;
use photocheck::store::{Claimed, NewBatch, NewCheck, WaitsIn, WorkerId};
use photocheck::tenancy::{KeyScope, TenantId};
use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use sqlx::Connection;

use crate::banks::STOLEN;
use crate::store::{Database, databases};
use crate::support::keys::{make_key, make_tenant};
use crate::support::postgres::PostgresDatabase;
use crate::support::serve::Serve;
use crate::support::{Place, Service, Setup, fixture, temporary_db};

const SMALL: &str = "edge/png-8.png";
const HOOK: &str = "https://hooks.example.org/";

/// One of each kind of database.
fn places() -> impl Iterator<Item = Place> {
    [Some(Place::in_file()), Place::on_server()].into_iter().flatten()
}

async fn on(place: &Place) -> Service {
    Service::start_with(Setup { db: Some(place.url.clone()), ..Setup::default() }).await
}

fn post(service: &Service, path: &str, key: &str) -> RequestBuilder {
    service.client.post(service.at(path)).header("idempotency-key", format!("\"{key}\""))
}

async fn sent(request: RequestBuilder) -> (u16, bool, Value) {
    read(request.send().await.unwrap()).await
}

/// The status, whether it was answered before, and the body.
async fn read(answer: Response) -> (u16, bool, Value) {
    let is_repeat = answer.headers().contains_key("idempotent-replayed");
    let status = answer.status().as_u16();
    (status, is_repeat, answer.json().await.unwrap_or_default())
}

async fn refused(request: RequestBuilder, status: u16, code: &str) -> String {
    let (got, is_repeat, body) = sent(request).await;
    assert_eq!((got, is_repeat, &body["code"]), (status, false, &code.into()), "{body}");
    body["detail"].as_str().unwrap().to_owned()
}

/// A form whose boundary is another each time.
fn photos() -> Form {
    let photo = || Part::bytes(fixture(SMALL)).file_name("photo");
    Form::new().text("external_id", "upload 7").part("photo", photo()).part("photo", photo())
}

async fn rows(service: &Service, table: &str) -> u64 {
    let sums = service.store.sums().await.unwrap();
    sums.iter().find(|sum| sum.table == table).unwrap().rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_sent_again_is_done_once() {
    for place in places() {
        let service = on(&place).await;
        let new = |name: &str| json!({ "name": name });
        let create = |key: &str, name: &str| post(&service, "/v1/banks", key).json(&new(name));
        let (status, is_repeat, first) = sent(create("one", "SCAM")).await;
        assert_eq!((status, is_repeat), (201, false), "{first}");
        assert_eq!(sent(create("one", "SCAM")).await, (201, true, first.clone()));
        // Without quotation marks it is the same key; another key is another call.
        let bare = service.client.post(service.at("/v1/banks")).header("idempotency-key", "one");
        assert_eq!(sent(bare.json(&new("SCAM"))).await, (201, true, first));
        refused(create("two", "SCAM"), 409, "BANK_EXISTS").await;
        assert_eq!(rows(&service, "bank").await, 1);

        // With another body, or at another address, it is another call.
        refused(create("one", "OTHER"), 422, "IDEMPOTENCY_KEY_REUSED").await;
        refused(create("one", "A_MUCH_LONGER_NAME"), 422, "IDEMPOTENCY_KEY_REUSED").await;
        let elsewhere = post(&service, "/v1/banks?x=1", "one").json(&new("SCAM"));
        refused(elsewhere, 422, "IDEMPOTENCY_KEY_REUSED").await;
        let photo = post(&service, "/v1/banks/SCAM/contents", "one").body(fixture(STOLEN));
        refused(photo, 422, "IDEMPOTENCY_KEY_REUSED").await;
        assert_eq!((rows(&service, "bank").await, rows(&service, "content").await), (1, 0));

        // What is wrong stays wrong, and says so again.
        let (status, is_repeat, wrong) = sent(create("three", "a b")).await;
        assert_eq!(
            (status, is_repeat, &wrong["code"]),
            (422, false, &"BANK_NAME_NOT_VALID".into())
        );
        assert_eq!(sent(create("three", "a b")).await, (422, true, wrong));
        // What may go through another time is tried anew.
        let add = || post(&service, "/v1/banks/LATER/contents", "four").body(fixture(STOLEN));
        refused(add(), 404, "NO_SUCH_BANK").await;
        service.create_bank("LATER").await;
        let (status, is_repeat, added) = sent(add()).await;
        assert_eq!((status, is_repeat), (201, false), "{added}");
        assert_eq!(sent(add()).await, (201, true, added));
        // Renaming twice would find nothing the second time.
        let rename = || {
            let patch = service.client.patch(service.at("/v1/banks/LATER"));
            patch.header("idempotency-key", "\"five\"").json(&new("RENAMED"))
        };
        let (status, _, renamed) = sent(rename()).await;
        assert_eq!((status, &renamed["name"]), (200, &"RENAMED".into()));
        assert_eq!(sent(rename()).await, (200, true, renamed));
    }
}

/// A form sent again has another boundary, and is the same call; its checks are there once, on
/// another machine too, and also when the first one is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_of_a_call_are_accepted_once_on_all_machines() {
    for place in places() {
        let (one, other) = (on(&place).await, on(&place).await);
        let start = |service: &Service| post(service, "/v1/checks", "upload").multipart(photos());
        let answer = start(&one).send().await.unwrap();
        let location = answer.headers()["location"].clone();
        let (status, is_repeat, first) = read(answer).await;
        assert_eq!((status, is_repeat), (202, false), "{first}");
        let again = start(&other).send().await.unwrap();
        assert_eq!(again.headers()["location"], location);
        assert_eq!(read(again).await, (202, true, first.clone()));
        assert_eq!(rows(&one, "photo_check").await, 2);
        let more = post(&other, "/v1/checks", "upload").multipart(photos().text("more", "x"));
        refused(more, 422, "IDEMPOTENCY_KEY_REUSED").await;
        drop(one);
        let third = on(&place).await;
        assert_eq!(sent(start(&third)).await, (202, true, first));
        // A check at once has its id again.
        let check = || post(&third, "/v1/check", "check").body(fixture(SMALL)).send();
        let (answer, again) = (check().await.unwrap(), check().await.unwrap());
        assert_eq!(answer.headers()["check-id"], again.headers()["check-id"]);
        assert_eq!(again.headers()["idempotent-replayed"], "true");
        let (report, again) = (read(answer).await.2, read(again).await.2);
        assert_eq!(report, again);
    }
}

/// The first one is half there; the second must wait for its end, and then gets its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_at_once_one_is_done() {
    for place in places() {
        let (service, other) = (on(&place).await, on(&place).await);
        let photo = fixture(SMALL);
        let address = service.url.trim_start_matches("http://").to_owned();
        let (first, rest) = (photo[..9].to_vec(), photo[9..].to_vec());
        let head = format!(
            "POST /v1/checks HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             idempotency-key: \"slow\"\r\ncontent-length: {}\r\n\r\n",
            photo.len()
        );
        let begun = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&first).unwrap();
            stream
        });
        let mut stream = begun.await.unwrap();
        while rows(&service, "idempotent_call").await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let again = |on: &Service| post(on, "/v1/checks", "slow").body(photo.clone());
        refused(again(&service), 409, "IDEMPOTENCY_KEY_IN_USE").await;
        refused(again(&other), 409, "IDEMPOTENCY_KEY_IN_USE").await;
        let answer = tokio::task::spawn_blocking(move || {
            stream.write_all(&rest).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        let (status, is_repeat, body) = sent(again(&other)).await;
        assert_eq!((status, is_repeat), (202, true), "{body}");
        assert!(answer.contains(body["batch_id"].as_str().unwrap()), "{answer}");
        assert_eq!(rows(&service, "photo_check").await, 1);
    }
}

/// A key that is shown once is shown once more to who made the same call, and the database does not
/// show it to anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_answered_again_and_not_kept() {
    for place in places() {
        let service = on(&place).await;
        let admin = make_key(&service, "default", KeyScope::ALL).await;
        let order = json!({ "name": "sign-up", "scopes": ["check"] });
        let make = || post(&service, "/v1/admin/keys", "key").bearer_auth(&admin).json(&order);
        let (status, _, made) = sent(make()).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(sent(make()).await, (201, true, made.clone()));
        let hook = || {
            let request = post(&service, "/v1/webhooks", "hook").bearer_auth(&admin);
            request.json(&json!({ "url": HOOK }))
        };
        let (_, _, registered) = sent(hook()).await;
        assert_eq!(sent(hook()).await, (201, true, registered.clone()));
        let id = registered["endpoint"]["id"].as_str().unwrap();
        let at = format!("/v1/webhooks/{id}/rotate");
        let rotate = || post(&service, &at, "rotate").bearer_auth(&admin);
        let (status, _, rotated) = sent(rotate()).await;
        assert_eq!(status, 200, "{rotated}");
        assert_eq!(sent(rotate()).await, (200, true, rotated.clone()));
        assert_eq!(rows(&service, "api_key").await, 2);
        assert_eq!(rows(&service, "webhook_endpoint").await, 1);

        // Another key of the same tenant learns nothing.
        let stranger = make_key(&service, "default", KeyScope::ALL).await;
        let request = post(&service, "/v1/admin/keys", "key").bearer_auth(&stranger).json(&order);
        refused(request, 422, "IDEMPOTENCY_KEY_REUSED").await;

        let kept = kept_answers(&place.url).await;
        assert_eq!(kept.len(), 3);
        let secret = made["key"].as_str().unwrap();
        for secret in [&secret[..20], "whsec_", "sign-up", "api_key", "secret"] {
            let has = |kept: &Vec<u8>| kept.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!kept.iter().any(has), "{secret} can be read in the database");
        }
    }
}

async fn kept_answers(url: &str) -> Vec<Vec<u8>> {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
    let rows = sqlx::query_scalar::<_, Vec<u8>>("select answer from idempotent_call");
    rows.fetch_all(&mut connection).await.unwrap()
}

/// What one tenant calls a call is nothing to another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_tenants_are_apart() {
    for place in places() {
        let service = on(&place).await;
        make_tenant(&service, "acme").await;
        let own = make_key(&service, "default", KeyScope::ALL).await;
        let its = make_key(&service, "acme", KeyScope::ALL).await;
        let create = |by: &str, name: &str| {
            post(&service, "/v1/banks", "same").bearer_auth(by).json(&json!({ "name": name }))
        };
        assert_eq!(sent(create(&own, "SCAM")).await.0, 201);
        let (status, is_repeat, _) = sent(create(&its, "SCAM")).await;
        assert_eq!((status, is_repeat), (201, false));
        assert_eq!(sent(create(&its, "SCAM")).await.0, 201);
        assert_eq!((rows(&service, "bank").await, rows(&service, "idempotent_call").await), (2, 2));
        let erase = service.client.delete(service.at("/v1/admin/tenants/acme")).bearer_auth(&own);
        assert_eq!(erase.send().await.unwrap().status(), 204);
        assert_eq!(rows(&service, "idempotent_call").await, 1, "they go with their tenant");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_cannot_be_used_are_named() {
    let service =
        Service::start_with(Setup { bank_token: Some("geheim"), ..Setup::default() }).await;
    let create = |keys: &[&str]| {
        let request = service.client.post(service.at("/v1/banks")).bearer_auth("geheim");
        let request = request.json(&json!({ "name": "SCAM" }));
        keys.iter().fold(request, |request, key| request.header("idempotency-key", *key))
    };
    let long = "x".repeat(256);
    for (keys, says) in [
        (vec![""], "0 characters"),
        (vec![long.as_str()], "256 characters; a key has 1 to 255"),
        (vec!["two words"], "printable ASCII"),
        (vec!["\"open"], "printable ASCII"),
        (vec!["one", "two"], "2 times"),
    ] {
        let detail = refused(create(&keys), 400, "IDEMPOTENCY_KEY_NOT_VALID").await;
        assert!(detail.contains(says), "{detail}");
    }
    assert_eq!(rows(&service, "idempotent_call").await, 0);
    // Nothing is kept for whoever sends nothing; without a key it is checked.
    let check = service.client.post(service.at("/v1/check")).body(fixture(SMALL));
    let with_key = check.try_clone().unwrap().header("idempotency-key", "one");
    refused(with_key, 401, "TOKEN_NEEDED").await;
    assert_eq!(sent(check).await.0, 200);
    // What reads may be sent again anyhow.
    let list = service.client.get(service.at("/v1/banks")).bearer_auth("geheim");
    assert_eq!(sent(list.header("idempotency-key", "two words")).await.0, 200);
}

/// What was refused for the moment is not kept, and a client that goes away breaks off nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_for_good_is_done_the_next_time() {
    let service = Service::start().await;
    let batch = NewBatch { id: ids::new_id(), tenant: TenantId::DEFAULT, accepted_at: 100 };
    let full = NewCheck {
        id: ids::new_id(),
        place: 0,
        external_id: String::new(),
        photo_bytes: WAITING_BYTES_MAX,
        photo: WaitsIn::Sealed(vec![7; 9]),
    };
    service.store.add_check(&batch, full).await.unwrap();
    let start = || post(&service, "/v1/checks", "later").multipart(photos());
    refused(start(), 429, "TOO_MANY_WAITING").await;
    refused(start(), 429, "TOO_MANY_WAITING").await;
    service.store.drop_batch(batch.id, &[]).await.unwrap();
    let (status, is_repeat, first) = sent(start()).await;
    assert_eq!((status, is_repeat), (202, false), "{first}");
    assert_eq!(sent(start()).await, (202, true, first));

    // It is sent whole, and nobody reads the answer.
    assert_eq!(after_leaving(&service, "gone", fixture(SMALL).len()).await, (200, true));
    let checks = service.metrics().await;
    let counted =
        checks.lines().find(|line| line.starts_with("photocheck_gate_wait_seconds_count"));
    assert_eq!(counted.unwrap().rsplit(' ').next(), Some("1"), "it was checked once");
    // Half of it is sent: what came to no end does not keep its key.
    assert_eq!(after_leaving(&service, "half", 9).await, (200, false));
}

/// Sends so much of a photo to be checked and goes away; how it is answered when it is sent again.
async fn after_leaving(service: &Service, key: &'static str, bytes_sent: usize) -> (u16, bool) {
    let (photo, before) = (fixture(SMALL), rows(service, "idempotent_call").await);
    let head = format!(
        "POST /v1/check HTTP/1.1\r\nhost: x\r\nidempotency-key: {key}\r\n\
         content-length: {}\r\n\r\n",
        photo.len()
    );
    let address = service.url.trim_start_matches("http://").to_owned();
    let bytes = [head.as_bytes(), &photo[..bytes_sent]].concat();
    let sending = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&bytes).unwrap();
        stream
    };
    let stream = tokio::task::spawn_blocking(sending).await.unwrap();
    while rows(service, "idempotent_call").await == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    for _ in 0..600 {
        let again = post(service, "/v1/check", key).body(photo.clone());
        let (status, is_repeat, _) = sent(again).await;
        if status != 409 {
            return (status, is_repeat);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{key} never comes to its end");
}

/// A program that was killed after it accepted the checks and before it answered: whoever does the
/// call again finds them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_program_accepted_is_not_accepted_again() {
    for place in places() {
        let service = on(&place).await;
        let store = &service.store;
        let digest = IdempotencyKey::read(b"killed").unwrap().digest();
        let gone = WorkerId::new(ids::new_id());
        let claimed = store.claim_call(&gone, TenantId::DEFAULT, digest, 60).await.unwrap();
        let Claimed::Ours(claim) = claimed else { panic!("{claimed:?}") };
        let batch = NewBatch { id: claim.id, tenant: TenantId::DEFAULT, accepted_at: 100 };
        let check = |place| NewCheck {
            id: ids::new_id(),
            place,
            external_id: String::new(),
            photo_bytes: 9,
            photo: WaitsIn::Sealed(vec![7; 9]),
        };
        // One that came to half only is done anew, and what there is of it goes.
        store.add_check(&batch, check(0)).await.unwrap();
        let start = || post(&service, "/v1/checks", "killed").multipart(photos());
        let (status, _, first) = sent(start()).await;
        assert_eq!((status, &first["batch_id"]), (202, &claim.id.to_string().into()), "{first}");
        assert_eq!(rows(&service, "photo_check").await, 2);

        let digest = IdempotencyKey::read(b"killed-later").unwrap().digest();
        let claimed = store.claim_call(&gone, TenantId::DEFAULT, digest, 60).await.unwrap();
        let Claimed::Ours(claim) = claimed else { panic!("{claimed:?}") };
        let batch = NewBatch { id: claim.id, ..batch };
        store.add_check(&batch, check(0)).await.unwrap();
        assert!(store.accept_batch(&batch, 1, &[], None).await.unwrap());
        let start = || post(&service, "/v1/checks", "killed-later").multipart(photos());
        let (status, is_repeat, found) = sent(start()).await;
        assert_eq!((status, is_repeat), (202, false), "{found}");
        assert_eq!(found["batch_id"], claim.id.to_string());
        assert_eq!(sent(start()).await, (202, true, found));
        assert_eq!(rows(&service, "photo_check").await, 3);
    }
}

/// The real program, killed and started again.
#[test]
fn an_answer_outlives_its_program() {
    let (folder, file) = temporary_db();
    let server = PostgresDatabase::create();
    let urls = [Some(file), server.as_ref().map(|server| server.url.clone())];
    for db in urls.into_iter().flatten() {
        let args = ["--create", "--banks-open-to-everybody"];
        let first = Serve::start(&db, &args);
        let send = |serve: &Serve| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let client = reqwest::Client::new();
                let request = client.post(format!("{}/v1/checks", serve.url));
                sent(request.header("idempotency-key", "\"k\"").multipart(photos())).await
            })
        };
        let (status, is_repeat, accepted) = send(&first);
        assert_eq!((status, is_repeat), (202, false), "{accepted}");
        first.kill();
        let second = Serve::start(&db, &args);
        assert_eq!(send(&second), (202, true, accepted));
        second.stop();
    }
    drop(folder);
}

/// Who has a call, for how long it is kept, and how many are.
#[tokio::test]
async fn calls_are_claimed_once_and_end_with_their_time() {
    for Database { kind, store, .. } in &databases().await {
        let worker = || WorkerId::new(ids::new_id());
        let (alive, other) = (worker(), worker());
        store.worker_is_alive(&alive, Duration::from_mins(1)).await.unwrap();
        let claim = async |worker: &WorkerId, kept_s| {
            store.claim_call(worker, TenantId::DEFAULT, [7; 32], kept_s).await.unwrap()
        };
        let Claimed::Ours(first) = claim(&alive, 60).await else { panic!("{kind}") };
        assert_eq!(claim(&other, 60).await, Claimed::UnderWay, "{kind}");
        // One that is gone is taken over, with its id, and can write nothing any more.
        store.worker_has_ended(&alive).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let Claimed::Ours(second) = claim(&other, 60).await else { panic!("{kind}") };
        assert_eq!((second.id, second.attempt), (first.id, 2), "{kind}");
        assert_eq!(store.delete_old_calls(1).await.unwrap(), 0, "{kind}: its time begins anew");
        let answer = photocheck::store::KeptAnswer { request_bytes: 3, sealed: vec![1, 2, 3] };
        store.answer_call(&alive, &first, &answer).await.unwrap();
        store.release_call(&alive, &first).await.unwrap();
        store.worker_is_alive(&other, Duration::from_mins(1)).await.unwrap();
        assert_eq!(claim(&alive, 60).await, Claimed::UnderWay, "{kind}");
        store.answer_call(&other, &second, &answer).await.unwrap();
        assert_eq!(claim(&alive, 60).await, Claimed::Answered(answer.clone()), "{kind}");
        store.release_call(&other, &second).await.unwrap();
        assert_eq!(claim(&alive, 60).await, Claimed::Answered(answer), "{kind}");
        // Over its time it is as if it had never come, deleted or not.
        let Claimed::Ours(third) = claim(&alive, -5).await else { panic!("{kind}") };
        assert!(third.id != first.id && third.attempt == 1, "{kind}");
        assert_eq!(store.calls_of(TenantId::DEFAULT).await.unwrap(), 1, "{kind}");
        assert_eq!(store.delete_old_calls(60).await.unwrap(), 0, "{kind}");
        assert_eq!(store.delete_old_calls(-5).await.unwrap(), 1, "{kind}");
        let nobody = store.claim_call(&alive, TenantId(99), [7; 32], 60).await.unwrap_err();
        assert_eq!(nobody.code(), "NO_SUCH_TENANT", "{kind}");
    }
}

/// One tenant cannot fill the database; what is there is still answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_has_so_many_calls_at_most() {
    let place = Place::in_file();
    let service = on(&place).await;
    let mut connection = sqlx::SqliteConnection::connect(&place.url).await.unwrap();
    let fill = "with recursive n (i) as (select 1 union all select i + 1 from n where i < $1) \
         insert into idempotent_call select 1, cast(i as blob), 'x', '', 1, unixepoch(), 0, x'00' \
         from n";
    let count = i64::try_from(IDEMPOTENT_CALLS_MAX).unwrap() - 1;
    sqlx::query(fill).bind(count).execute(&mut connection).await.unwrap();
    let create = |name: &str| post(&service, "/v1/banks", name).json(&json!({ "name": name }));
    assert_eq!(sent(create("SCAM")).await.0, 201);
    // Counts are believed for two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let detail = refused(create("MORE"), 429, "TOO_MANY_IDEMPOTENCY_KEYS").await;
    assert!(detail.contains("100000") && detail.contains("24 hours"), "{detail}");
    assert!(sent(create("SCAM")).await.1, "it is there");
}
