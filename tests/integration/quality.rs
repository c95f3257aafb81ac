//! How good verdicts are by what people made of them, and what becomes of a banked photo that
//! mostly led to wrong ones.

use std::time::Duration;

use photocheck::ids;
use photocheck::store::{
    Appeal, AppealRuling, Decision, Feedback, ItemState, Judged, Judgements, Judges, NewBatch,
    NewCheck, Outcome, Ruling, Store, WaitsIn, WorkerId,
};
use photocheck::tenancy::{KeyScope, TenantId, TenantName};
use photocheck::webhooks::{EventKind, NewEvent};
use photocheck_core::bank::{Note, Purpose};
use photocheck_core::matching::index::ContentId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::appeals::answer;
use crate::banks::{STOLEN, banked};
use crate::store::{Database, databases};
use crate::support::keys::make_key;
use crate::support::{Place, Service, Setup, create_bank, fixture, new_bank, photocheck};

const TENANT: TenantId = TenantId::DEFAULT;
const SESSION: &str = "a log-in";

/// A check that is done, whose verdict is `fake` because of this banked photo.
async fn flagged(store: &Store, tenant: TenantId, content: ContentId) -> Uuid {
    let batch = NewBatch { id: ids::new_id(), tenant, accepted_at: 100 };
    let (id, photo) = (ids::new_id(), WaitsIn::Sealed(vec![1]));
    let new = NewCheck { id, place: 0, external_id: String::new(), photo_bytes: 1, photo };
    store.add_check(&batch, new).await.unwrap();
    assert!(store.accept_batch(&batch, 1, &[], None).await.unwrap());
    let worker = WorkerId::new(ids::new_id());
    let claimed = store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
    let report = json!({
        "verdict": "fake",
        "reasons": [
            { "code": "KNOWN_PHOTO", "weight": "fake" },
            { "code": "SYNTHETIC_FACE", "weight": "suspect" },
        ],
        "evidence": { "matches": [{
            "bank": "BEFORE", "purpose": "known_fake", "content_id": content.0,
            "opinion": "confirmed",
        }] },
    });
    let (outcome, told) = (Outcome::Report(report.to_string()), event(EventKind::CheckFinished));
    assert!(store.finish_check(&worker, &claimed, &outcome, &told, 200).await.unwrap());
    id
}

fn event(kind: EventKind) -> NewEvent {
    NewEvent { kind, payload: "{}".to_owned() }
}

async fn say(store: &Store, tenant: TenantId, check: Uuid, is_right: bool) {
    let feedback = Feedback { is_right, note: Note::new("").unwrap() };
    store.give_feedback(tenant, check, &feedback).await.unwrap();
}

/// Decides as a reviewer; returns the decision.
async fn review(store: &Store, check: Uuid, state: ItemState) -> Uuid {
    let minute = Duration::from_mins(1);
    assert!(store.take_item(TENANT, SESSION, check, minute).await.unwrap());
    let reason = &Note::new("").unwrap();
    let ruling =
        Ruling { session: SESSION, by: "a key", state, reason, decided_at: 300, banked: None };
    store.decide_review(TENANT, check, ruling).await.unwrap().unwrap()
}

async fn decide_appeal(store: &Store, check: Uuid, is_overturned: bool) {
    let reason = Note::new("").unwrap();
    store.appeal(TENANT, check, &reason, 400).await.unwrap();
    let open = store.check(TENANT, check).await.unwrap().appeal;
    assert!(matches!(open, Some(Appeal { decision: None, .. })));
    let decision = Decision { is_overturned, reason, decided_at: 500 };
    let event = &event(EventKind::AppealDecided);
    let ruling = AppealRuling { decision: &decision, by: "a key", allowed: None, event };
    store.decide_appeal(TENANT, check, ruling).await.unwrap();
}

const RIGHT: Judged = Judged { right: 1, wrong: 0 };
const WRONG: Judged = Judged { right: 0, wrong: 1 };

/// An appeal that was decided outranks a reviewer, and a reviewer feedback; taken back, what was
/// said before counts again.
#[tokio::test]
async fn each_check_has_one_judgement() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, "BEFORE", Purpose::KnownFake).await;
        let (content, _) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        store.rename_bank(&bank, &new_bank("NOW", Purpose::KnownFake).name).await.unwrap();
        let judged = async || store.judgements(TENANT, 9).await.unwrap();
        let check = flagged(store, TENANT, content).await;
        assert_eq!(judged().await, Judgements::default(), "{kind}: nobody said anything");

        say(store, TENANT, check, true).await;
        say(store, TENANT, check, false).await;
        let Judgements { by, reasons, banks, contents } = judged().await;
        assert_eq!(by, Judges { feedback: WRONG, ..Judges::default() }, "{kind}");
        // The weaker reason did not lead to the verdict.
        let [reason] = reasons.as_slice() else { panic!("{kind}: {reasons:?}") };
        assert_eq!((reason.code.as_str(), reason.judged), ("KNOWN_PHOTO", WRONG), "{kind}");
        let [its_bank] = banks.as_slice() else { panic!("{kind}: {banks:?}") };
        let found = (its_bank.bank.as_str(), its_bank.purpose, its_bank.judged);
        assert_eq!(found, ("NOW", Purpose::KnownFake, WRONG), "{kind}: it was renamed");
        let [photo] = contents.as_slice() else { panic!("{kind}: {contents:?}") };
        let found = (photo.content, photo.judged, photo.is_quarantined);
        assert_eq!(found, (content, WRONG, false), "{kind}");
        assert!(store.decided_with(TENANT, check).await.unwrap().is_empty(), "{kind}: only said");

        let decision = review(store, check, ItemState::Confirmed).await;
        assert_eq!(judged().await.by, Judges { reviewers: RIGHT, ..Judges::default() }, "{kind}");
        say(store, TENANT, check, false).await;
        assert_eq!(judged().await.contents[0].judged, RIGHT, "{kind}: a reviewer outranks it");
        let minute = Duration::from_mins(1);
        assert!(store.undo_review(TENANT, SESSION, decision, minute).await.unwrap().is_some());
        assert_eq!(judged().await.by, Judges { feedback: WRONG, ..Judges::default() }, "{kind}");
        review(store, check, ItemState::Confirmed).await;
        decide_appeal(store, check, true).await;
        assert_eq!(judged().await.by, Judges { appeals: WRONG, ..Judges::default() }, "{kind}");
        assert_eq!(store.decided_with(TENANT, check).await.unwrap()[0].judged, WRONG, "{kind}");

        // An appeal that is upheld needs no feedback. Each check of a photo counts.
        let upheld = flagged(store, TENANT, content).await;
        decide_appeal(store, upheld, false).await;
        let both = Judged { right: 1, wrong: 1 };
        assert_eq!(judged().await.contents[0].judged, both, "{kind}");
        let everywhere = store.judged_everywhere().await.unwrap();
        assert_eq!(everywhere.purposes, [(Purpose::KnownFake, both)], "{kind}");

        // Another tenant's are its own, and go with it; and what was judged goes with its check.
        let name = TenantName::new("acme").unwrap();
        let acme = store.create_tenant(&name, 1).await.unwrap();
        let of_acme = flagged(store, acme.id, content).await;
        say(store, acme.id, of_acme, true).await;
        assert_eq!(judged().await.contents[0].judged, both, "{kind}");
        let of_acme = store.judgements(acme.id, 9).await.unwrap();
        assert_eq!(of_acme.contents[0].bank, "BEFORE", "{kind}: its name is another tenant's");
        store.erase_tenant(&acme).await.unwrap();
        assert_eq!(store.delete_old_checks(1000, 0).await.unwrap(), 2, "{kind}");
        assert_eq!(judged().await, Judgements::default(), "{kind}");
        assert!(store.judged_everywhere().await.unwrap().reasons.is_empty(), "{kind}");
    }
}

/// Small, so that it is checked soon.
const SMALL: &str = "edge/png-8.png";

/// A service in which a photo was checked three times and flagged, a key for everything, and the
/// ids of the checks.
async fn flagged_three_times(place: &Place) -> (Service, String, Vec<String>) {
    let setup = Setup { require_keys: true, db: Some(place.url.clone()), ..Setup::default() };
    let service = Service::start_with(setup).await;
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    let key = make_key(&service, "default", KeyScope::ALL).await;
    answer(&service, &key, "/v1/banks", &json!({ "name": "SCAM" })).await;
    let bank = service.client.post(service.at("/v1/banks/SCAM/contents")).bearer_auth(&key);
    assert!(bank.body(fixture(SMALL)).send().await.unwrap().status().is_success());
    let mut form = reqwest::multipart::Form::new();
    for _ in 0..3 {
        let part = reqwest::multipart::Part::bytes(fixture(SMALL)).file_name("photo");
        form = form.part("photo", part);
    }
    let send = service.client.post(service.at("/v1/checks")).bearer_auth(&key).multipart(form);
    let begun: Value = send.send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/checks?batch_id={}", begun["batch_id"].as_str().unwrap());
    loop {
        let list = get(&service, &key, &path).await;
        let checks = list["checks"].as_array().unwrap();
        if checks.iter().all(|check| check["state"] == "done") {
            let ids = checks.iter().map(|check| check["id"].as_str().unwrap().to_owned());
            return (service, key, ids.collect());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn get(service: &Service, key: &str, path: &str) -> Value {
    let ask = service.client.get(service.at(path)).bearer_auth(key);
    ask.send().await.unwrap().json().await.unwrap()
}

/// Three appeals that are right switch a banked photo off, and the tenant is told; feedback alone,
/// which may come from whoever was flagged, does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_banked_photo_that_was_mostly_wrong_is_quarantined() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let (service, key, checks) = flagged_three_times(&place).await;
        let hook = json!({
            "url": "https://hooks.example.org/", "events": ["hash.quarantined"],
        });
        let hook = answer(&service, &key, "/v1/webhooks", &hook).await;
        let endpoint = Uuid::parse_str(hook["endpoint"]["id"].as_str().unwrap()).unwrap();
        let told = async || service.store.messages(endpoint, None, 9).await.unwrap().len();
        let photo = async || {
            let page = get(&service, &key, "/v1/banks/SCAM/contents").await;
            page["contents"][0].clone()
        };
        let say = async |what: &str, body: Value| {
            for check in &checks {
                answer(&service, &key, &format!("/v1/checks/{check}/{what}"), &body).await;
            }
        };
        say("feedback", json!({ "right": false })).await;
        say("appeal", json!({ "reason": "it is me" })).await;
        let quality = get(&service, &key, "/v1/quality").await;
        assert_eq!(quality["by"]["feedback"]["wrong"], 3, "{quality}");
        assert_eq!((photo().await.get("quarantined"), told().await), (None, 0));
        for check in &checks {
            let state = photo().await;
            assert_eq!(state.get("quarantined"), None, "{state}");
            let why = json!({ "reason": "she showed the original" });
            answer(&service, &key, &format!("/v1/checks/{check}/overturn"), &why).await;
        }
        let reason = "3 of 3 verdicts that it led to were decided to be wrong";
        assert_eq!((photo().await["quarantined"].as_str(), told().await), (Some(reason), 1));
        let entries = service.store.audit_entries(TENANT, 0, 100).await.unwrap();
        let last = entries.last().unwrap();
        let id = photo().await["content_id"].clone();
        let found = (last.actor.as_str(), last.action.as_str(), last.subject.clone());
        assert_eq!(found, ("service", "content.quarantined", format!("SCAM/{id}")));

        let quality = get(&service, &key, "/v1/quality").await;
        let judged = json!({
            "right": 0, "wrong": 3, "precision": 0.0, "interval": { "low": 0.0, "high": 0.561 },
        });
        assert_eq!((&quality["all"], &quality["by"]["appeals"]), (&judged, &judged));
        let mut expected = judged.clone();
        expected["code"] = json!("KNOWN_PHOTO");
        assert_eq!(quality["reasons"], json!([expected]));
        let mut expected = judged.clone();
        expected["bank"] = json!("SCAM");
        expected["purpose"] = json!("known_fake");
        assert_eq!(quality["banks"], json!([expected]));
        expected["content_id"] = id.clone();
        expected["quarantined"] = json!(true);
        assert_eq!(quality["contents"], json!([expected]));
        let run = |args: &[&str]| {
            let args = ["quality"].into_iter().chain(args.iter().copied());
            String::from_utf8(photocheck(&place.url, args).stdout).unwrap()
        };
        let printed: Value = serde_json::from_str(&run(&["--json"])).unwrap();
        assert_eq!(printed, quality);
        let lines = run(&[]);
        let line = "\t0 right\t3 wrong\t0.000\t0.000 to 0.561";
        for what in ["all", "by appeals", "reason KNOWN_PHOTO", "bank SCAM"] {
            assert!(lines.contains(&format!("{what}{line}\n")), "{what}: {lines}");
        }
        assert!(lines.contains(&format!("photo SCAM/{id} (quarantined){line}\n")), "{lines}");

        let metrics = service.metrics().await;
        for series in [
            r#"photocheck_judged_checks{code="KNOWN_PHOTO",judgement="wrong"} 3"#,
            r#"photocheck_judged_checks{code="SYNTHETIC_FACE",judgement="wrong"} 0"#,
            r#"photocheck_judged_copies{judgement="wrong",purpose="known_fake"} 3"#,
        ] {
            assert!(metrics.contains(series), "{series}\n{metrics}");
        }

        // Released by a person, it stays so.
        let release = service.client.patch(service.at(&format!("/v1/banks/SCAM/contents/{id}")));
        let release = release.bearer_auth(&key).json(&json!({ "release": true }));
        assert!(release.send().await.unwrap().status().is_success());
        assert_eq!(photo().await.get("quarantined"), None);
        service.app.close().await;
    }
}
