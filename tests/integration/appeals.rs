//! After the verdict: what is said of it, and what an appeal changes.

use std::time::Duration;

use photocheck::ids;
use photocheck::store::{
    Appeal, AppealRuling, Decision, NewBatch, NewCheck, Outcome, Store, StoreError, WaitsIn,
    WorkerId,
};
use photocheck::tenancy::{KeyScope, TenantId};
use photocheck::webhooks::{EventKind, NewEvent};
use photocheck_core::bank::{BankFacts, Note, Purpose};
use photocheck_core::matching::index::ContentId;
use reqwest::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::banks::{STOLEN, banked};
use crate::store::{Database, databases};
use crate::support::keys::make_key;
use crate::support::{Place, Service, Setup, create_bank, fixture};

/// Small, so that it is checked soon.
const SMALL: &str = "edge/png-8.png";

async fn post(service: &Service, key: &str, path: &str, body: &Value) -> Response {
    let request = service.client.post(service.at(path)).bearer_auth(key);
    request.json(body).send().await.unwrap()
}

pub async fn answer(service: &Service, key: &str, path: &str, body: &Value) -> Value {
    post(service, key, path, body).await.json().await.unwrap()
}

/// The status and the code of a refusal.
async fn refused(service: &Service, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = post(service, key, path, body).await;
    let status = answer.status().as_u16();
    (status, answer.json::<Value>().await.unwrap()["code"].clone())
}

/// Checks a photo later; returns the check once it is finished.
pub async fn checked(service: &Service, key: &str) -> Value {
    let send = service.client.post(service.at("/v1/checks")).bearer_auth(key);
    let begun: Value = send.body(fixture(SMALL)).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/checks/{}", begun["checks"][0]["id"].as_str().unwrap());
    loop {
        let ask = service.client.get(service.at(&path)).bearer_auth(key);
        let check: Value = ask.send().await.unwrap().json().await.unwrap();
        if check["state"] != "waiting" {
            return check;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Flagged, appealed, overturned, and never flagged again; on every database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_was_wrongly_flagged_is_allowed_from_then_on() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let db = Some(place.url.clone());
        let service =
            Service::start_with(Setup { require_keys: true, db, ..Setup::default() }).await;
        let app = service.app.clone();
        tokio::spawn(async move { app.do_waiting_checks().await });
        let key = make_key(&service, "default", KeyScope::ALL).await;
        answer(&service, &key, "/v1/banks", &json!({ "name": "SCAM" })).await;
        let bank = service.client.post(service.at("/v1/banks/SCAM/contents")).bearer_auth(&key);
        assert!(bank.body(fixture(SMALL)).send().await.unwrap().status().is_success());
        let check = checked(&service, &key).await;
        assert_eq!(check["report"]["verdict"], "fake", "{check}");
        let at = |what: &str| format!("/v1/checks/{}/{what}", check["id"].as_str().unwrap());

        let wrong = json!({ "right": false, "note": "my own photo" });
        let said = answer(&service, &key, &at("feedback"), &wrong).await;
        assert_eq!(said["feedback"], wrong);
        let why = json!({ "reason": "it is me" });
        let early = refused(&service, &key, &at("overturn"), &why).await;
        assert_eq!(early, (409, json!("NO_OPEN_APPEAL")));
        let appealed = answer(&service, &key, &at("appeal"), &why).await;
        assert_eq!(appealed["appeal"]["state"], "open");
        assert_eq!(appealed["appeal"]["reason"], why["reason"]);
        let again = refused(&service, &key, &at("appeal"), &why).await;
        assert_eq!(again, (409, json!("APPEAL_EXISTS")));
        let long = json!({ "reason": "x".repeat(1001) });
        let long = refused(&service, &key, &at("overturn"), &long).await;
        assert_eq!(long, (422, json!("NOTE_TOO_LONG")));

        let decided = answer(&service, &key, &at("overturn"), &why).await;
        assert_eq!(decided["appeal"]["state"], "overturned", "{decided}");
        assert!(decided["appeal"]["decided_at"].is_i64());
        let twice = refused(&service, &key, &at("uphold"), &why).await;
        assert_eq!(twice, (409, json!("NO_OPEN_APPEAL")));
        let after = checked(&service, &key).await;
        assert_eq!(after["report"]["verdict"], "clear", "{after}");
        assert!(after["report"].to_string().contains("ALLOWED_PHOTO"), "{after}");

        // One that is upheld changes nothing.
        let at = |what: &str| format!("/v1/checks/{}/{what}", after["id"].as_str().unwrap());
        answer(&service, &key, &at("appeal"), &why).await;
        let upheld = answer(&service, &key, &at("uphold"), &why).await;
        assert_eq!(upheld["appeal"]["state"], "upheld");
        service.app.close().await;
    }
}

const TENANT: TenantId = TenantId::DEFAULT;

/// A check that is done and appealed.
async fn appealed(store: &Store) -> Uuid {
    let batch = NewBatch { id: ids::new_id(), tenant: TENANT, accepted_at: 100 };
    let id = ids::new_id();
    let photo = WaitsIn::Sealed(vec![1]);
    let new = NewCheck { id, place: 0, external_id: String::new(), photo_bytes: 1, photo };
    store.add_check(&batch, new).await.unwrap();
    assert!(store.accept_batch(&batch, 1, &[], None).await.unwrap());
    let worker = WorkerId::new(ids::new_id());
    let claimed = store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
    let (report, told) = (Outcome::Report("{}".to_owned()), event(EventKind::CheckFinished));
    assert!(store.finish_check(&worker, &claimed, &report, &told, 200).await.unwrap());
    store.appeal(TENANT, id, &Note::new("it is me").unwrap(), 300).await.unwrap();
    id
}

fn event(kind: EventKind) -> NewEvent {
    NewEvent { kind, payload: "{}".to_owned() }
}

/// Decides an appeal; where a bank is named, for a photo that it then allows.
async fn decide(store: &Store, id: Uuid, bank: Option<&BankFacts>) -> Result<(), StoreError> {
    let reason = Note::new("seen").unwrap();
    let decision = Decision { is_overturned: bank.is_some(), reason, decided_at: 400 };
    let photo = banked(STOLEN);
    let allowed = bank.map(|bank| (bank, &photo));
    let event = event(EventKind::AppealDecided);
    let ruling = AppealRuling { decision: &decision, by: "a key", allowed, event: &event };
    store.decide_appeal(TENANT, id, ruling).await
}

async fn is_open(store: &Store, id: Uuid) -> bool {
    let appeal = store.check(TENANT, id).await.unwrap().appeal;
    matches!(appeal, Some(Appeal { decision: None, .. }))
}

/// The decision and what it banks are one: neither is there without the other.
#[tokio::test]
async fn only_an_appeal_that_is_overturned_banks_its_photo() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, "ALLOWED", Purpose::Allow).await;
        let count = async || store.contents(&bank, ContentId(0), 10).await.unwrap().len();

        let upheld = appealed(store).await;
        decide(store, upheld, None).await.unwrap();
        let late = decide(store, upheld, Some(&bank)).await.unwrap_err();
        assert_eq!((late.code(), count().await), ("NO_OPEN_APPEAL", 0), "{kind}");

        let overturned = appealed(store).await;
        let gone = create_bank(store, "GONE", Purpose::Allow).await;
        store.delete_bank(&gone).await.unwrap();
        let refused = decide(store, overturned, Some(&gone)).await.unwrap_err();
        assert_eq!(refused.code(), "NO_SUCH_BANK", "{kind}");
        assert!(is_open(store, overturned).await, "{kind}: it is still to be decided");

        let before = store.generation().await.unwrap();
        decide(store, overturned, Some(&bank)).await.unwrap();
        assert!(!is_open(store, overturned).await, "{kind}");
        assert_eq!(count().await, 1, "{kind}");
        assert_eq!(store.generation().await.unwrap(), before + 1, "{kind}");
        let again = appealed(store).await;
        decide(store, again, Some(&bank)).await.unwrap();
        assert_eq!(count().await, 1, "{kind}: it is there already");
    }
}
