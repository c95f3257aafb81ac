//! Messages that wait to be sent, in every database.

use std::time::Duration;

use photocheck::ids;
use photocheck::store::{
    Callback, ClaimedMessage, Endpoint, NewBatch, NewCheck, Outcome, Sent, Store, WaitsIn, WorkerId,
};
use photocheck::tenancy::{TenantId, TenantName};
use photocheck::webhooks::{EventKind, EventKinds, NewEvent, WebhookSecret};
use uuid::Uuid;

use crate::store::{Database, databases};

async fn endpoint(store: &Store, tenant: TenantId) -> Endpoint {
    let endpoint = Endpoint {
        id: ids::new_id(),
        tenant,
        url: "https://hooks.example.org/".to_owned(),
        events: EventKinds::All,
        secret: WebhookSecret::create().unwrap(),
        old_secret: None,
        created_at: 100,
        failing_since: None,
        switched_off_at: None,
    };
    assert!(store.add_endpoint(&endpoint, 20).await.unwrap());
    endpoint
}

async fn add(store: &Store, batch: &NewBatch, place: u32) {
    let new = NewCheck {
        id: ids::new_id(),
        place,
        external_id: String::new(),
        photo_bytes: 1,
        photo: WaitsIn::Sealed(vec![1]),
    };
    store.add_check(batch, new).await.unwrap();
}

/// Finishes a check of a tenant, which has its endpoints told.
async fn tell(store: &Store, tenant: TenantId, callback: Option<&Callback>) {
    let batch = NewBatch { id: ids::new_id(), tenant, accepted_at: 100 };
    add(store, &batch, 0).await;
    assert!(store.accept_batch(&batch, 1, &[], callback).await.unwrap());
    let worker = WorkerId::new(ids::new_id());
    let claimed = store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
    let outcome = Outcome::Report("{}".to_owned());
    let event = NewEvent { kind: EventKind::CheckFinished, payload: "{}".to_owned() };
    assert!(store.finish_check(&worker, &claimed, &outcome, &event, 200).await.unwrap());
}

async fn worker(store: &Store) -> WorkerId {
    let worker = WorkerId::new(ids::new_id());
    store.worker_is_alive(&worker, Duration::from_mins(10)).await.unwrap();
    worker
}

async fn claim(store: &Store, worker: &WorkerId) -> Option<ClaimedMessage> {
    store.claim_message(worker, Uuid::nil(), &[], &[]).await.unwrap()
}

/// Whoever may check photos names that URL, so what it answers says nothing of the endpoint.
#[tokio::test]
async fn what_a_callback_answers_is_not_its_endpoints_answer() {
    for Database { kind, store, .. } in &databases().await {
        let (tenant, worker) = (TenantId::DEFAULT, worker(store).await);
        let endpoint = endpoint(store, tenant).await;
        let failing_since =
            async || store.endpoint(tenant, endpoint.id).await.unwrap().failing_since;
        let url = "https://hooks.example.org/7".to_owned();
        let callback = Callback { endpoint: endpoint.id, url };
        let dead = Sent::Dead { problem: "its server answered 410: gone".to_owned() };
        tell(store, tenant, Some(&callback)).await;
        let called = claim(store, &worker).await.unwrap();
        assert_eq!(called.url.as_ref(), Some(&callback.url), "{kind}");
        store.note_sent(&worker, &called, &dead, 300).await.unwrap();
        assert_eq!(failing_since().await, None, "{kind}");
        tell(store, tenant, None).await;
        let told = claim(store, &worker).await.unwrap();
        store.note_sent(&worker, &told, &dead, 400).await.unwrap();
        assert_eq!(failing_since().await, Some(400), "{kind}");
        tell(store, tenant, Some(&callback)).await;
        let called = claim(store, &worker).await.unwrap();
        store.note_sent(&worker, &called, &Sent::Arrived, 500).await.unwrap();
        assert_eq!(failing_since().await, Some(400), "{kind}");
    }
}

/// What a worker took without learning of it, because the answer was lost, is not stuck with it.
#[tokio::test]
async fn a_worker_frees_what_it_took_and_is_not_doing() {
    for Database { kind, store, .. } in &databases().await {
        let tenant = TenantId::DEFAULT;
        let (one, other) = (worker(store).await, worker(store).await);
        let batch = NewBatch { id: ids::new_id(), tenant, accepted_at: 100 };
        for place in 0..3 {
            add(store, &batch, place).await;
        }
        assert!(store.accept_batch(&batch, 3, &[], None).await.unwrap());
        let take = async |by| store.claim_check(by, TenantId(0), &[]).await.unwrap();
        let (doing, lost) = (take(&one).await.unwrap(), take(&one).await.unwrap());
        let others = take(&other).await.unwrap();
        let freed = async |doing: &[Uuid]| store.free_checks(&one, doing).await.unwrap();
        assert_eq!(freed(&[doing.check.id]).await, 1, "{kind}");
        let again = take(&one).await.unwrap();
        assert_eq!((again.check.id, again.attempt), (lost.check.id, 2), "{kind}");
        assert_eq!(freed(&[again.check.id, doing.check.id]).await, 0, "{kind}");
        // What was put back untried counts as no attempt.
        store.release_check(&other, &others, 0, false).await.unwrap();
        let untried = take(&other).await.unwrap();
        assert_eq!((untried.check.id, untried.attempt), (others.check.id, 1), "{kind}");
        store.release_check(&other, &untried, 0, true).await.unwrap();
        assert_eq!(take(&other).await.unwrap().attempt, 2, "{kind}");
        assert_eq!(freed(&[]).await, 2, "{kind}");

        endpoint(store, tenant).await;
        endpoint(store, tenant).await;
        tell(store, tenant, None).await;
        let sending = claim(store, &one).await.unwrap();
        let lost = claim(store, &one).await.unwrap();
        let freed = store.free_messages(&one, std::slice::from_ref(&sending.id)).await.unwrap();
        assert_eq!(freed, 1, "{kind}");
        let again = claim(store, &other).await.unwrap();
        assert_eq!((again.id, again.attempt), (lost.id, 2), "{kind}");
        assert_eq!(store.free_messages(&one, &[]).await.unwrap(), 1, "{kind}");
    }
}

/// All checks of a call are accepted, or none: also where some were deleted while it came.
#[tokio::test]
async fn a_batch_of_which_a_part_is_gone_is_not_accepted() {
    for Database { kind, store, .. } in &databases().await {
        let tenant = TenantId::DEFAULT;
        let batch = NewBatch { id: ids::new_id(), tenant, accepted_at: 100 };
        add(store, &batch, 0).await;
        store.delete_old_checks(0, 101).await.unwrap();
        assert!(!store.accept_batch(&batch, 1, &[], None).await.unwrap(), "{kind}");
        add(store, &batch, 1).await;
        assert!(!store.accept_batch(&batch, 2, &[], None).await.unwrap(), "{kind}");
        let worker = worker(store).await;
        assert_eq!(store.claim_check(&worker, TenantId(0), &[]).await.unwrap(), None, "{kind}");
        // Others of the same id, of a call that is done again at once, are not its own.
        let strange = ids::new_id();
        assert!(!store.accept_batch(&batch, 1, &[strange], None).await.unwrap(), "{kind}");
        assert!(store.accept_batch(&batch, 1, &[], None).await.unwrap(), "{kind}");
    }
}

/// A tenant that has its share is passed over, and what was not tried counts as no attempt.
#[tokio::test]
async fn messages_of_others_are_sent_and_what_was_not_tried_does_not_count() {
    for Database { kind, store, .. } in &databases().await {
        let other = store.create_tenant(&TenantName::new("other").unwrap(), 1).await.unwrap().id;
        let worker = worker(store).await;
        for tenant in [TenantId::DEFAULT, other] {
            endpoint(store, tenant).await;
            tell(store, tenant, None).await;
        }
        let take = async |full: &[TenantId]| {
            store.claim_message(&worker, Uuid::nil(), &[], full).await.unwrap()
        };
        let first = take(&[TenantId::DEFAULT]).await.unwrap();
        assert_eq!(first.tenant, other, "{kind}");
        assert_eq!(take(&[TenantId::DEFAULT]).await, None, "{kind}");
        let not_tried = Sent::NotTried { due_in_s: 0 };
        store.note_sent(&worker, &first, &not_tried, 300).await.unwrap();
        let again = take(&[TenantId::DEFAULT]).await.unwrap();
        assert_eq!((&again.id, again.attempt), (&first.id, 1), "{kind}");
        let failing_since = store.endpoint(other, first.endpoint).await.unwrap().failing_since;
        assert_eq!(failing_since, None, "{kind}");
    }
}
