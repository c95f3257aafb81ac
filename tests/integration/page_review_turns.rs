//! The page for moderators where several act on one photo: nobody takes anything from another.

use std::time::Duration;

use photocheck::store::{ItemState, Ruling};
use photocheck::tenancy::TenantId;
use photocheck_core::bank::{Note, Purpose};
use photocheck_core::matching::index::ContentId;
use reqwest::StatusCode;
use serde_json::json;

use crate::banks::{STOLEN, banked};
use crate::page_review::{SMALL, flagged, flagging};
use crate::store::{Database, databases};
use crate::support::reviewing::{Reviewer, check, check_in, checked};
use crate::support::{Place, create_bank};

const TENANT: TenantId = TenantId::DEFAULT;
const LEASE: Duration = Duration::from_mins(1);

/// Neither what somebody decided since, nor what they have open.
#[tokio::test]
async fn undoing_takes_nothing_from_others() {
    for Database { kind, store, .. } in &databases().await {
        let id = flagged(store, "fake").await;
        let reason = Note::new("why").unwrap();
        let decide = async |session: &str, state| {
            assert!(store.take_item(TENANT, session, id, LEASE).await.unwrap(), "{kind}");
            let (decided_at, banked) = (300, None);
            let ruling =
                Ruling { session, by: session, state, reason: &reason, decided_at, banked };
            store.decide_review(TENANT, id, ruling).await.unwrap().unwrap()
        };
        let undo = async |session: &str, decision| {
            store.undo_review(TENANT, session, decision, LEASE).await.unwrap().is_some()
        };
        let first = decide("one", ItemState::Escalated).await;
        assert!(store.take_item(TENANT, "two", id, LEASE).await.unwrap());
        assert!(!undo("one", first).await, "{kind}: another has it open");
        let second = decide("two", ItemState::Escalated).await;
        assert!(!undo("one", first).await, "{kind}: another decided since");
        assert!(undo("two", second).await, "{kind}");
        assert!(store.skip_item(TENANT, "two", id).await.unwrap());
        assert!(undo("one", first).await, "{kind}: nobody else has to do with it now");
    }
}

/// A photo that two decisions allow stays allowed until both are undone, and one that was banked
/// before is nobody's to take out. The audit log has each.
#[tokio::test]
async fn what_another_decision_allows_stays_allowed() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, "FINE", Purpose::Allow).await;
        let (photo, reason) = (banked(STOLEN), Note::new("").unwrap());
        let allow = async || {
            let id = flagged(store, "fake").await;
            assert!(store.take_item(TENANT, "one", id, LEASE).await.unwrap(), "{kind}");
            let (state, banked) = (ItemState::Rejected, Some((&bank, &photo)));
            let (session, by, decided_at) = ("one", "one", 300);
            let ruling = Ruling { session, by, state, reason: &reason, decided_at, banked };
            store.decide_review(TENANT, id, ruling).await.unwrap().unwrap()
        };
        let undo = async |decision| {
            let undone = store.undo_review(TENANT, "one", decision, LEASE).await.unwrap();
            let left = store.contents(&bank, ContentId(0), 9).await.unwrap().len();
            (undone.unwrap().is_removed, left)
        };
        let begun = store.audit_head(TENANT).await.unwrap().number;
        let (first, second) = (allow().await, allow().await);
        assert_eq!(undo(first).await, (false, 1), "{kind}: the second allows it");
        assert_eq!(undo(second).await, (true, 0), "{kind}");
        let entries = store.audit_entries(TENANT, begun, 9).await.unwrap();
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        let expected = [
            "content.added",
            "review.rejected",
            "review.rejected",
            "review.undone",
            "content.removed",
            "review.undone",
        ];
        assert_eq!(actions, expected, "{kind}");
        assert!(entries[0].subject.starts_with("FINE/"), "{}", entries[0].subject);
        assert_eq!(entries[0].subject, entries[4].subject, "{kind}");

        store.add_photo(&bank, &photo).await.unwrap();
        let third = allow().await;
        assert_eq!(undo(third).await, (false, 1), "{kind}: it was there before");
    }
}

/// An appeal that comes while somebody reads is not decided by the buttons that they see, and one
/// that is escalated goes to others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_appeal_is_decided_by_who_saw_it() {
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    let mut reviewer = Reviewer::logged_in(&service, &key).await;
    let seen = checked(&service, &key, SMALL, "disputed").await;
    let id = seen["id"].as_str().unwrap();
    let send = |action: &'static str| [("check", id), ("action", action), ("reason", "why")];
    let at = reviewer.act("review", &[("action", "next")]).await.location;
    assert_eq!(check_in(&at), id);
    let page = reviewer.act(&at, &send("uphold")).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "there is no appeal");

    let appeal = service.client.post(service.at(&format!("/v1/checks/{id}/appeal")));
    let appeal = appeal.bearer_auth(&key).json(&json!({ "reason": "it is me" }));
    assert!(appeal.send().await.unwrap().status().is_success());
    for action in ["confirm", "reject"] {
        let page = reviewer.act(&at, &send(action)).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{action}");
        assert!(page.html.contains("was appealed") && page.html.contains("value=\"uphold\""));
        assert_eq!(check(&service, &key, id).await["appeal"]["state"], "open", "{action}");
    }
    let page = reviewer.act(&at, &send("escalate")).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert!(!reviewer.open("review?state=appeals").await.html.contains("Photo disputed"));
    let at = reviewer.act("review?state=escalated", &[("action", "next")]).await.location;
    let page = reviewer.act(&at, &send("uphold")).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert_eq!(check(&service, &key, id).await["appeal"]["state"], "upheld");

    // What was decided and then appealed can be escalated too.
    let again = checked(&service, &key, SMALL, "again").await;
    let id = again["id"].as_str().unwrap();
    let send = |action: &'static str| [("check", id), ("action", action), ("reason", "why")];
    let at = reviewer.act("review", &[("action", "next")]).await.location;
    assert_eq!(reviewer.act(&at, &send("confirm")).await.status, StatusCode::SEE_OTHER);
    let appeal = service.client.post(service.at(&format!("/v1/checks/{id}/appeal")));
    let appeal = appeal.bearer_auth(&key).json(&json!({ "reason": "it is me" }));
    assert!(appeal.send().await.unwrap().status().is_success());
    let at = reviewer.act("review?state=appeals", &[("action", "next")]).await.location;
    let page = reviewer.act(&at, &send("escalate")).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
    assert!(reviewer.open("review?state=escalated").await.html.contains("Photo again"));
    service.app.close().await;
}

/// A browser that comes by a link of another site sends no cookie; a new one would replace it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_from_elsewhere_ends_no_log_in() {
    let (service, _) = flagging(&Place::in_file()).await;
    let ask = async |site: &str| {
        let address = service.at("/review?lang=es&state=appeals");
        let answer = service.client.get(address).header("sec-fetch-site", site).send().await;
        let answer = answer.unwrap();
        let again = answer.headers().get("refresh").map(|it| it.to_str().unwrap().to_owned());
        (answer.headers().contains_key("set-cookie"), again)
    };
    for site in ["cross-site", "same-site"] {
        let again = Some("0; url=review?lang=es&state=appeals".to_owned());
        assert_eq!(ask(site).await, (false, again), "{site}");
    }
    for site in ["same-origin", "none"] {
        assert_eq!(ask(site).await, (true, None), "{site}");
    }
    for address in ["/insight", "/insight.csv?table=checks"] {
        let asked = service.client.get(service.at(address)).header("sec-fetch-site", "cross-site");
        let answer = asked.send().await.unwrap();
        assert!(!answer.headers().contains_key("set-cookie"), "{address}");
    }
}

/// Confirmed and banked in one step, and taken back in one; on every database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_photo_is_banked_and_that_is_undone() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let (service, key) = flagging(&place).await;
        create_bank(&service.store, "ROMANCE", Purpose::KnownFake).await;
        create_bank(&service.store, "STOCK", Purpose::Allow).await;
        let held = async || {
            let banks = service.store.banks(TENANT).await.unwrap();
            banks.iter().find(|bank| bank.facts.name == "ROMANCE").unwrap().contents
        };
        let id = checked(&service, &key, SMALL, "one").await["id"].as_str().unwrap().to_owned();
        let mut reviewer = Reviewer::logged_in(&service, &key).await;
        let at = reviewer.act("review", &[("action", "next")]).await.location;
        let html = reviewer.open(&at).await.html;
        assert!(html.contains("<option>ROMANCE</option>"), "{html}");
        assert!(!html.contains("<option>STOCK</option>"), "nothing is flagged by it: {html}");
        let into = |bank| [("check", id.as_str()), ("action", "confirm"), ("bank", bank)];
        for wrong in ["STOCK", "NOWHERE", "no name"] {
            let page = reviewer.act(&at, &into(wrong)).await;
            assert_eq!(page.status, StatusCode::CONFLICT, "{wrong}");
            assert!(page.html.contains("that bank is not there"), "{wrong}: {}", page.html);
        }
        assert_eq!(held().await, 0);
        let page = reviewer.act(&at, &into("ROMANCE")).await;
        assert_eq!(held().await, 1);
        let done = reviewer.open(&page.location).await.html;
        assert!(done.contains("and put it into a bank."), "{done}");
        let decided = reviewer.open(&format!("review?check={id}")).await.html;
        assert!(decided.contains("hashes are in a bank."), "{decided}");
        let again = checked(&service, &key, SMALL, "two").await;
        let banks: Vec<_> = again["report"]["evidence"]["matches"]
            .as_array()
            .unwrap()
            .iter()
            .map(|found| found["bank"].as_str().unwrap())
            .collect();
        assert!(banks.contains(&"ROMANCE"), "{banks:?}");

        let decision = page.location.split("done=").nth(1).unwrap().to_owned();
        let undo = [("action", "undo"), ("decision", decision.as_str())];
        assert_eq!(reviewer.act("review", &undo).await.status, StatusCode::SEE_OTHER);
        assert_eq!(held().await, 0, "it is taken out again");
        let log = service.store.audit_entries(TENANT, 0, 100).await.unwrap();
        let last: Vec<_> = log.iter().rev().take(4).map(|it| it.action.as_str()).collect();
        assert_eq!(last, ["review.undone", "content.removed", "review.confirmed", "content.added"]);
        service.app.close().await;
    }
}
