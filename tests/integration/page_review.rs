//! The page for moderators: who gets in, who has which photo, and what their decisions change.
//! Forms are sent as a browser without JavaScript sends them.

use std::collections::BTreeSet;
use std::time::Duration;

use photocheck::ids;
use photocheck::store::{
    ItemState, NewBatch, NewCheck, Outcome, QueueFilter, QueueState, Ruling, Store, WaitsIn,
    WorkerId,
};
use photocheck::tenancy::{KeyId, KeyScope, TenantId};
use photocheck::webhooks::{EventKind, NewEvent};
use photocheck_core::bank::Note;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::store::{Database, databases};
use crate::support::keys::{make_key, make_tenant, operator};
use crate::support::reviewing::{Reviewer, check, check_in, checked, token_in};
use crate::support::{Place, Service, Setup, fixture};

/// Small, so that it is checked soon.
pub const SMALL: &str = "edge/png-8.png";

/// A service with keys, in which a small photo is flagged, and a key for everything.
pub async fn flagging(place: &Place) -> (Service, String) {
    let setup = Setup { require_keys: true, db: Some(place.url.clone()), ..Setup::default() };
    let service = Service::start_with(setup).await;
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    let key = make_key(&service, "default", KeyScope::ALL).await;
    let bank = service.client.post(service.at("/v1/banks")).bearer_auth(&key);
    let made = bank.json(&json!({ "name": "SCAM" })).send().await.unwrap();
    assert!(made.status().is_success());
    let add = service.client.post(service.at("/v1/banks/SCAM/contents")).bearer_auth(&key);
    assert!(add.body(fixture(SMALL)).send().await.unwrap().status().is_success());
    (service, key)
}

fn places() -> impl Iterator<Item = Place> {
    [Some(Place::in_file()), Place::on_server()].into_iter().flatten()
}

fn fields<'a>(check: &'a str, action: &'a str, reason: &'a str) -> [(&'a str, &'a str); 3] {
    [("check", check), ("action", action), ("reason", reason)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_needs_a_key_for_reviewing() {
    let setup = Setup { bank_token: Some("geheim"), require_keys: true, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let review = make_key(&service, "default", [KeyScope::Review]).await;
    let other = make_key(&service, "default", [KeyScope::Check, KeyScope::Admin]).await;
    let mut reviewer = Reviewer::new(&service);

    let page = reviewer.open("review").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("Log in to review") && !page.html.contains("class=\"queue\""));
    for (key, status, said) in [
        ("", 401, "This key does not let you in."),
        ("pck_live_x", 401, "This key does not let you in."),
        (&review[..review.len() - 1], 401, "This key does not let you in."),
        ("wrong", 401, "This key does not let you in."),
        (&other, 403, "This key is not for reviewing."),
    ] {
        let page = reviewer.log_in(key).await;
        assert_eq!((page.status.as_u16(), page.html.contains(said)), (status, true), "{key}");
        assert!(page.set_cookie.is_none(), "{key}");
    }
    let before = reviewer.cookie.clone();
    let page = reviewer.log_in(&review).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let cookie = page.set_cookie.unwrap();
    for part in ["; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "on this machine it works without HTTPS: {cookie}");
    assert_ne!(before, reviewer.cookie, "logging in makes a new one");
    let page = reviewer.open("review").await;
    assert!(page.html.contains("Nothing waits here."), "{}", page.html);
    // The secret of the cookie is in no row.
    let secret = reviewer.cookie.split("in.").nth(1).unwrap().to_owned();
    let file = service.store.file().map(|file| std::fs::read(file).unwrap()).unwrap_or_default();
    for stored in [secret.as_bytes(), &hex::decode(&secret).unwrap()] {
        assert!(!file.windows(stored.len()).any(|bytes| bytes == stored));
    }

    // The token of the banks is a moderator of the tenant default, too.
    Reviewer::logged_in(&service, "geheim").await;
    // Another cookie, or none, is nobody.
    let mut stranger = Reviewer::new(&service);
    stranger.cookie = reviewer.cookie.replace("in.", "in.0").chars().take(80).collect();
    assert!(stranger.open("review").await.html.contains("Log in to review"));

    let stale = reviewer.cookie.clone();
    let page = reviewer.act("review", &[("action", "log_out")]).await;
    assert!(page.set_cookie.unwrap().contains("Max-Age=0"));
    let page = reviewer.open(&page.location).await;
    assert!(page.html.contains("You are logged out."), "{}", page.html);
    reviewer.cookie = stale;
    let page = reviewer.open("review").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.html.contains("You are no longer logged in."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_ends_with_its_key() {
    let service = Service::start_with(Setup { require_keys: true, ..Setup::default() }).await;
    let key = make_key(&service, "default", [KeyScope::Review]).await;
    let mut reviewer = Reviewer::logged_in(&service, &key).await;
    assert_eq!(reviewer.open("review").await.status, StatusCode::OK);
    let id = &key["pck_live_".len()..][..KeyId::CHARS];
    service.app.tenants().revoke_key(&operator(), id).await.unwrap();
    assert_eq!(reviewer.open("review").await.status, StatusCode::UNAUTHORIZED);
    let page = reviewer.open("review").await;
    assert!(page.html.contains("Log in to review"), "a log-in that is over is not a dead end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_ins_are_throttled() {
    let service = Service::start_with(Setup { require_keys: true, ..Setup::default() }).await;
    let mut reviewer = Reviewer::new(&service);
    let mut statuses = Vec::new();
    for _ in 0..32 {
        statuses.push(reviewer.log_in("pck_live_x").await.status.as_u16());
    }
    assert_eq!(statuses[..30], [401; 30], "{statuses:?}");
    assert_eq!(statuses[31], 429, "{statuses:?}");
}

/// Without keys it works as the rest does: whoever may use the banks may review.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_this_machine_it_works_without_keys() {
    let service = Service::start().await;
    let mut reviewer = Reviewer::new(&service);
    let page = reviewer.open("review").await;
    assert!(page.html.contains("Nothing waits here."), "{}", page.html);
    assert!(page.set_cookie.is_some());
    assert!(reviewer.open("review").await.set_cookie.is_none(), "it is known again");
    // From the first key on it needs one.
    make_key(&service, "default", [KeyScope::Review]).await;
    assert_eq!(reviewer.open("review").await.status, StatusCode::UNAUTHORIZED);

    let closed =
        Service::start_with(Setup { bank_token: Some("geheim"), ..Setup::default() }).await;
    assert!(Reviewer::new(&closed).open("review").await.html.contains("Log in to review"));
    Reviewer::logged_in(&closed, "geheim").await;
}

/// From the queue to a decision, and back; on every database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_kept_and_can_be_undone() {
    for place in places() {
        let (service, key) = flagging(&place).await;
        let mut reviewer = Reviewer::logged_in(&service, &key).await;
        let flagged = checked(&service, &key, SMALL, "upload-7").await;
        let id = flagged["id"].as_str().unwrap();
        let page = reviewer.open("review").await;
        assert!(page.html.contains("Photo upload-7") && page.html.contains("Flagged"));

        // It must be opened first.
        let here = format!("review?check={id}");
        let page = reviewer.act(&here, &fields(id, "confirm", "")).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.html);
        let page = reviewer.act("review", &[("action", "next")]).await;
        assert_eq!(check_in(&page.location), id);
        let html = reviewer.open(&page.location).await.html;
        for said in [
            "This is a copy of a photo that is known to be stolen",
            "A copy of a photo on a list of known photos",
            "“SCAM”: 0 of 256 bits differ.",
            "At most 1 in 500,000 pairs",
            "This service does not keep photos",
            "rect class=\"match\"",
        ] {
            assert!(html.contains(said), "{said}: {html}");
        }

        // Without a reason nothing is escalated, and a reason that is too long is not cut.
        let page = reviewer.act(&here, &fields(id, "escalate", " \n ")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.html.contains("a reason is missing"));
        let long = "ä".repeat(501);
        let page = reviewer.act(&here, &fields(id, "escalate", &long)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.html.contains(&long), "what was written is not lost");
        let page = reviewer.act(&here, &fields(id, "escalate", "two\nlines")).await;
        let page = reviewer.open(&page.location).await;
        assert!(page.html.contains("You escalated the last photo."), "{}", page.html);
        assert!(page.html.contains("Nothing waits here."));

        // Rejected, with what stops it from being flagged again.
        let there = "review?state=escalated";
        let page = reviewer.act(there, &[("action", "next")]).await;
        let at = page.location;
        assert!(reviewer.open(&at).await.html.contains("“two lines”"));
        let mut wrong = fields(id, "reject", "his own photo").to_vec();
        wrong.push(("allow", "yes"));
        let page = reviewer.act(&at, &wrong).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        let said = check(&service, &key, id).await;
        assert_eq!(said["feedback"], json!({ "right": false, "note": "his own photo" }));
        let after = checked(&service, &key, SMALL, "again").await;
        assert_eq!(after["report"]["verdict"], "clear", "{after}");

        let page = reviewer.open(&page.location).await;
        assert!(page.html.contains("Nothing flags that photo again."), "{}", page.html);
        let (_, rest) = page.html.split_once("name=\"decision\" value=\"").unwrap();
        let decision = rest.split('"').next().unwrap().to_owned();
        let undo = [("action", "undo"), ("decision", decision.as_str())];
        // Nobody else takes it back.
        let mut other = Reviewer::logged_in(&service, &key).await;
        assert_eq!(other.act("review", &undo).await.status, StatusCode::CONFLICT);
        let page = reviewer.act("review", &undo).await;
        assert_eq!((page.status, check_in(&page.location)), (StatusCode::SEE_OTHER, id));
        let page = reviewer.open(&page.location).await;
        assert!(page.html.contains("Your decision was undone."), "{}", page.html);
        assert!(page.html.contains("<s>Rejected: the verdict was wrong</s>"), "{}", page.html);
        assert!(check(&service, &key, id).await.get("feedback").is_none());
        let after = checked(&service, &key, SMALL, "flagged again").await;
        assert_eq!(after["report"]["verdict"], "fake", "{after}");
        assert_eq!(reviewer.act("review", &undo).await.status, StatusCode::CONFLICT, "once");

        // Who decided is kept.
        let page = reviewer.act(&at, &fields(id, "confirm", "")).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        let page = reviewer.open(&here).await;
        assert!(page.html.contains("Confirmed: the verdict was right"));
        let key_id = &key["pck_live_".len()..][..KeyId::CHARS];
        assert!(page.html.contains(&format!("by {key_id}, 20")), "{}", page.html);
        assert_eq!(check(&service, &key, id).await["feedback"]["right"], true);
        let page = reviewer.open("review?state=decided").await;
        assert!(page.html.contains("Photo upload-7"), "{}", page.html);
        service.app.close().await;
    }
}

/// An appeal is in the queue, also of a photo that was not flagged, and decided as over the API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appeals_are_decided_as_over_the_api() {
    for place in places() {
        let (service, key) = flagging(&place).await;
        let mut reviewer = Reviewer::logged_in(&service, &key).await;
        let post = async |id: &str, what: &str| -> Value {
            let url = service.at(&format!("/v1/checks/{id}/{what}"));
            let request = service.client.post(url).bearer_auth(&key);
            let sent = request.json(&json!({ "reason": "it <b>is</b> me" })).send().await.unwrap();
            assert_eq!(sent.status(), 200);
            sent.json().await.unwrap()
        };
        let (first, second) = (
            checked(&service, &key, SMALL, "one").await,
            checked(&service, &key, SMALL, "two").await,
        );
        let (first, second) = (first["id"].as_str().unwrap(), second["id"].as_str().unwrap());
        for id in [first, second] {
            post(id, "appeal").await;
        }
        let page = reviewer.open("review?state=appeals").await;
        assert!(page.html.contains("Photo one") && page.html.contains("Photo two"));
        let page = reviewer.act("review?state=appeals", &[("action", "next")]).await;
        let at = page.location.clone();
        assert_eq!(check_in(&at), first);
        let html = reviewer.open(&at).await.html;
        assert!(html.contains("it &#60;b&#62;is&#60;/b&#62; me"), "{html}");
        assert!(html.contains("Overturn the verdict"), "{html}");

        // Somebody decides the other one over the API.
        post(second, "uphold").await;
        let page = reviewer.act(&at, &fields(first, "overturn", "it is him")).await;
        let page = reviewer.open(&page.location).await;
        assert!(page.html.contains("You decided the appeal."), "{}", page.html);
        assert!(!page.html.contains("value=\"undo\""), "it was told");
        let decided = check(&service, &key, first).await;
        assert_eq!(decided["appeal"]["state"], "overturned");
        assert_eq!(decided["appeal"]["decision_reason"], "it is him");
        let page = reviewer.open("review?state=decided").await;
        assert!(page.html.contains("Photo one") && page.html.contains("Photo two"));
        let html = reviewer.open(&format!("review?check={second}")).await.html;
        assert!(html.contains("Appeal decided: the verdict stands"), "{html}");
        let clear = checked(&service, &key, SMALL, "three").await;
        assert_eq!(clear["report"]["verdict"], "clear", "nothing flags it again");

        // What was not flagged is in the queue only while it is appealed.
        let id = clear["id"].as_str().unwrap();
        assert_eq!(reviewer.open(&format!("review?check={id}")).await.status, 404);
        post(id, "appeal").await;
        assert!(!reviewer.open("review").await.html.contains("Photo three"));
        let page = reviewer.open("review?state=appeals").await;
        assert!(page.html.contains("Photo three"), "{}", page.html);
        service.app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_sees_and_changes_nothing() {
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    make_tenant(&service, "bolt").await;
    let bolt = make_key(&service, "bolt", KeyScope::ALL).await;
    let id = checked(&service, &key, SMALL, "secret-name").await["id"].clone();
    let id = id.as_str().unwrap();
    let mut stranger = Reviewer::logged_in(&service, &bolt).await;
    for state in ["open", "escalated", "decided", "appeals"] {
        let page = stranger.open(&format!("review?state={state}")).await;
        assert!(!page.html.contains("secret-name") && page.html.contains("card empty"));
    }
    let here = format!("review?check={id}");
    let page = stranger.open(&here).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(!page.html.contains("secret-name"));
    for action in ["take", "confirm", "reject", "skip", "escalate"] {
        let page = stranger.act("review", &fields(id, action, "why")).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{action}");
    }
    let page = stranger.act("review", &[("action", "next")]).await;
    assert!(page.location.contains("done=none"), "{}", page.location);

    let mut own = Reviewer::logged_in(&service, &key).await;
    let page = own.act(&here, &fields(id, "take", "")).await;
    let page = own.act(&page.location, &fields(id, "confirm", "")).await;
    let decision = page.location.split("done=").nth(1).unwrap().to_owned();
    let undo = [("action", "undo"), ("decision", decision.as_str())];
    assert_eq!(stranger.act("review", &undo).await.status, StatusCode::CONFLICT);
    assert!(check(&service, &key, id).await["feedback"]["right"] == true);
}

/// A form that did not come from the page of this very log-in changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_form_is_refused() {
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    let id = checked(&service, &key, SMALL, "").await["id"].clone();
    let id = id.as_str().unwrap();
    let mut reviewer = Reviewer::logged_in(&service, &key).await;
    let mut other = Reviewer::logged_in(&service, &key).await;
    let stolen = token_in(&other.open("review").await.html);
    let page = reviewer.act("review", &[("action", "next")]).await;
    let own = token_in(&reviewer.open(&page.location).await.html);
    for token in ["", "00", &stolen, &own[1..]] {
        let mut sent = fields(id, "confirm", "").to_vec();
        sent.push(("token", token));
        let page = reviewer.send("review", &sent).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{token}");
        assert!(page.html.contains("does not come from this page"), "{}", page.html);
    }
    // Without its cookie a token is worth nothing, nor is one sent from another site.
    let mut stranger = Reviewer::new(&service);
    let sent = [("token", own.as_str()), ("action", "confirm"), ("check", id)];
    assert_eq!(stranger.send("review", &sent).await.status, StatusCode::FORBIDDEN);
    let url = service.at("/review");
    let cross = service.client.post(url).header("sec-fetch-site", "cross-site");
    let cross = cross.header("cookie", &reviewer.cookie);
    let body = format!("token={own}&action=confirm&check={id}");
    let cross = cross.header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(cross.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    // What is no form, or too much of one, either.
    let page = reviewer.send("review", &[("token", &own)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let much = "x".repeat(20_000);
    let page =
        reviewer.send("review", &[("token", &own), ("action", "next"), ("reason", &much)]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(check(&service, &key, id).await.get("feedback").is_none());
    let page = reviewer.send("review", &sent).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "the true one is taken");
}

const TENANT: TenantId = TenantId::DEFAULT;
const LEASE: Duration = Duration::from_mins(1);

/// A check that was flagged, without a photo.
pub async fn flagged(store: &Store, verdict: &str) -> Uuid {
    let batch = NewBatch { id: ids::new_id(), tenant: TENANT, accepted_at: 100 };
    let id = ids::new_id();
    let photo = WaitsIn::Sealed(vec![1]);
    let new = NewCheck { id, place: 0, external_id: String::new(), photo_bytes: 1, photo };
    store.add_check(&batch, new).await.unwrap();
    assert!(store.accept_batch(&batch, 1, &[], None).await.unwrap());
    let worker = WorkerId::new(ids::new_id());
    let claimed = store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
    let report = json!({ "verdict": verdict, "reasons": [{ "code": "LOW_DETAIL" }] });
    let report = Outcome::Report(report.to_string());
    let event = NewEvent { kind: EventKind::CheckFinished, payload: "{}".to_owned() };
    assert!(store.finish_check(&worker, &claimed, &report, &event, 200).await.unwrap());
    id
}

/// The most suspicious first, then the oldest; what is clear is no work.
#[tokio::test]
async fn the_queue_is_in_order() {
    for Database { kind, store, .. } in &databases().await {
        let mut all = Vec::new();
        for verdict in ["inconclusive", "clear", "fake", "suspect", "fake"] {
            all.push(flagged(store, verdict).await);
        }
        let listed = async |filter| -> Vec<Uuid> {
            let items = store.review_queue(TENANT, "one", filter).await.unwrap();
            items.iter().map(|queued| queued.item.check).collect()
        };
        let expected = [all[2], all[4], all[3], all[0]];
        assert_eq!(listed(QueueFilter::default()).await, expected, "{kind}");
        let of = |query: &str| {
            let verdict = photocheck_core::verdict::Verdict::from_name(query);
            let reason = photocheck_core::verdict::Code::from_name(query);
            QueueFilter { state: QueueState::Open, verdict, reason }
        };
        assert_eq!(listed(of("suspect")).await, [all[3]], "{kind}");
        assert_eq!(listed(of("LOW_DETAIL")).await, expected, "{kind}");
        assert_eq!(listed(of("NO_FACE_FOUND")).await, Vec::<Uuid>::new(), "{kind}");
        let counts = store.review_counts(TENANT).await.unwrap();
        assert_eq!((counts.open, counts.decided, counts.appeals), (4, 0, 0), "{kind}");

        // What a reviewer skips comes to them last, and to others as before.
        let next = async |session| {
            store.take_next_item(TENANT, session, QueueFilter::default(), LEASE).await.unwrap()
        };
        assert_eq!(next("one").await, Some(all[2]), "{kind}");
        assert_eq!(next("one").await, Some(all[2]), "{kind}: it is still open with them");
        assert!(store.skip_item(TENANT, "one", all[2]).await.unwrap());
        assert_eq!(next("one").await, Some(all[4]), "{kind}");
        assert_eq!(next("two").await, Some(all[2]), "{kind}");
        assert!(!store.skip_item(TENANT, "one", all[2]).await.unwrap(), "{kind}: not theirs");
    }
}

/// Sessions that work at once each get an item of their own, and each item is decided once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_reviewers_never_have_the_same_photo() {
    for Database { kind, store, .. } in &databases().await {
        let mut all = BTreeSet::new();
        for _ in 0..24 {
            all.insert(flagged(store, "suspect").await);
        }
        let reviewing = ["one", "two", "three"].map(|session| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut decided = Vec::new();
                let reason = Note::new("").unwrap();
                let filter = QueueFilter::default();
                while let Some(check) =
                    store.take_next_item(TENANT, session, filter, LEASE).await.unwrap()
                {
                    let (state, banked) = (ItemState::Confirmed, None);
                    let by = session;
                    let ruling =
                        Ruling { session, by, state, reason: &reason, decided_at: 300, banked };
                    let id = store.decide_review(TENANT, check, ruling).await.unwrap();
                    assert!(id.is_some(), "whoever has it open can decide");
                    decided.push(check);
                }
                decided
            })
        });
        let mut decided = Vec::new();
        for reviewer in reviewing {
            decided.extend(reviewer.await.unwrap());
        }
        assert_eq!(decided.len(), all.len(), "{kind}");
        assert_eq!(BTreeSet::from_iter(decided), all, "{kind}");
    }
}

/// A lease that was left lying ends; until then nobody else decides.
#[tokio::test]
async fn a_lease_ends_by_itself() {
    for Database { kind, store, .. } in &databases().await {
        let id = flagged(store, "fake").await;
        let reason = Note::new("").unwrap();
        let ruling = |session| {
            let (state, decided_at, banked) = (ItemState::Rejected, 300, None);
            Ruling { session, by: session, state, reason: &reason, decided_at, banked }
        };
        let filter = QueueFilter::default();
        assert!(store.take_item(TENANT, "one", id, LEASE).await.unwrap());
        assert!(!store.take_item(TENANT, "two", id, LEASE).await.unwrap(), "{kind}");
        let next = store.take_next_item(TENANT, "two", filter, LEASE).await.unwrap();
        assert_eq!(next, None, "{kind}");
        let refused = store.decide_review(TENANT, id, ruling("two")).await.unwrap();
        assert_eq!(refused, None, "{kind}");
        // It is over at once when it lasts no time.
        assert!(store.take_item(TENANT, "one", id, Duration::ZERO).await.unwrap());
        let next = store.take_next_item(TENANT, "two", filter, LEASE).await.unwrap();
        assert_eq!(next, Some(id), "{kind}");
        let late = store.decide_review(TENANT, id, ruling("one")).await.unwrap();
        assert_eq!(late, None, "{kind}: another has it now");
        assert!(store.decide_review(TENANT, id, ruling("two")).await.unwrap().is_some());
        let twice = store.decide_review(TENANT, id, ruling("two")).await.unwrap();
        assert_eq!(twice, None, "{kind}");
        // It goes with its check.
        assert_eq!(store.delete_old_checks(1000, 0).await.unwrap(), 1, "{kind}");
        assert_eq!(store.review_counts(TENANT).await.unwrap().decided, 0, "{kind}");
    }
}
