//! What banks hold, on every database: changes, sightings, pages, snapshots, copies and backups.

use std::fs;
use std::path::Path;
use std::time::Duration;

use photocheck::accounts::AccountHash;
use photocheck::ids;
use photocheck::store::{
    ContentChange, Endpoint, Expired, Feedback, ItemState, NewBatch, NewCheck, NewKey, NewSighting,
    Opening, Outcome, Recorded, Ruling, ShadowAnswer, ShadowSide, Store, StoreError, TenantPolicy,
    Used, WaitsIn, WorkerId,
};
use photocheck::tenancy::{ApiKey, KeyLimits, KeyName, KeyScope, TenantId, TenantName};
use photocheck::webhooks::{EventKind, EventKinds, NewEvent, WebhookSecret};
use photocheck_core::bank::{BankFacts, BankedPhoto, BankedView, Note, Opinion, Purpose};
use photocheck_core::matching::hashes::PhotoHashes;
use photocheck_core::matching::index::ContentId;
use photocheck_core::matching::index::snapshot::SnapshotKey;
use photocheck_core::matching::views::View;
use temp_dir::TempDir;

use crate::banks::{SAME_PERSON, STOLEN, banked};
use crate::drift::add_scores;
use crate::store::{Database, databases};
use crate::support::postgres::PostgresDatabase;
use crate::support::{create_bank, temporary_db};

const BANK: &str = "ROMANCE_SCAM";

/// A fixture with a view beside the whole, and a note.
fn banked_with_view(path: &str) -> BankedPhoto {
    let photo = banked(path);
    let view = (1..=u8::MAX).find_map(View::from_code).unwrap();
    let (pdq, pdq_quality, gradient) = (photo.pdq, photo.pdq_quality, photo.gradient);
    let views = vec![BankedView { view, pdq, pdq_quality, gradient }];
    BankedPhoto { views, note: Note::new("ärger: \u{1f4f7} 'quoted'").unwrap(), ..photo }
}

fn sighting(account: u8, seen_at: i64, copies: &[ContentId]) -> NewSighting {
    let photo = banked(STOLEN);
    let (pdq, pdq_quality) = (photo.pdq, photo.pdq_quality);
    let hashes = PhotoHashes { pdq, pdq_quality, gradient: photo.gradient.unwrap() };
    NewSighting {
        hashes,
        views: Vec::new(),
        copies: copies.to_vec(),
        account: AccountHash([account; 32]),
        seen_at,
        expired_before: 100,
    }
}

#[tokio::test]
async fn what_people_say_is_changed_and_shows_in_the_changes() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, BANK, Purpose::KnownFake).await;
        let (id, _) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        let change = ContentChange {
            note: Some(Note::new("seen twice").unwrap()),
            opinion: Some(Opinion::Disputed),
            ..ContentChange::default()
        };
        store.change_content(&bank, id, &change).await.unwrap();
        let content = store.content(&bank, id).await.unwrap();
        assert_eq!(
            (content.note.as_str(), content.opinion, content.enabled),
            ("seen twice", Opinion::Disputed, true),
            "{kind}"
        );
        let changes = store.changes_since(1, 50).await.unwrap();
        assert_eq!((changes.removed, changes.generation), (vec![id], 2), "{kind}");
        assert_eq!(changes.added[0].opinion, Opinion::Disputed, "{kind}");

        assert!(
            store.quarantine(TenantId::DEFAULT, id, "it matches everything").await.unwrap(),
            "{kind}"
        );
        assert!(!store.quarantine(TenantId::DEFAULT, id, "again").await.unwrap(), "{kind}");
        assert_eq!(store.changes_since(2, 50).await.unwrap().added.len(), 0, "{kind}");
        assert_eq!(store.banks(TenantId::DEFAULT).await.unwrap()[0].quarantined, 1, "{kind}");
        let release = ContentChange { release: true, ..ContentChange::default() };
        store.change_content(&bank, id, &release).await.unwrap();
        assert!(
            !store.quarantine(TenantId::DEFAULT, id, "once more").await.unwrap(),
            "{kind}: released for good"
        );
        assert!(!store.changes_since(2, 50).await.unwrap().added.is_empty(), "{kind}");
        let gone = store.change_content(&bank, ContentId(99), &release).await.unwrap_err();
        assert_eq!(gone.code(), "NO_SUCH_CONTENT", "{kind}");
    }
}

#[tokio::test]
async fn sightings_are_counted_and_forgotten() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, "SEEN", Purpose::Seen).await;
        store.claim_for_sightings(&bank, "a key").await.unwrap();
        let other_key = store.claim_for_sightings(&bank, "another").await.unwrap_err();
        assert!(matches!(other_key, StoreError::OtherAccountKey(_)), "{kind}: {other_key}");

        let Recorded { content, is_new, elsewhere } =
            store.record_sighting(&bank, &sighting(1, 200, &[])).await.unwrap();
        assert!(is_new && elsewhere.other_accounts == 0, "{kind}: {elsewhere:?}");
        // By its hashes, by the copy that an index knows, by the same account again.
        for (account, copies, others) in [(2, vec![], 1), (3, vec![content], 2), (3, vec![], 2)] {
            let new = sighting(account, 200 + i64::from(account), &copies);
            let recorded = store.record_sighting(&bank, &new).await.unwrap();
            assert_eq!((recorded.content, recorded.is_new), (content, false), "{kind}");
            let elsewhere = recorded.elsewhere;
            assert_eq!(
                (elsewhere.other_accounts, elsewhere.since_s),
                (others, Some(200)),
                "{kind}"
            );
        }
        let seen = store.seen_before(&[ContentId(99), content]).await.unwrap();
        assert_eq!((seen.len(), seen[0].accounts), (1, 3), "{kind}");
        assert_eq!(seen[0].last_seen_at, Some(203), "{kind}");
        assert_eq!(store.view_hashes(&[content]).await.unwrap()[0].len(), 1, "{kind}");
        assert!(store.has_sightings().await.unwrap(), "{kind}");

        let expired = store.delete_expired(&bank, 203).await.unwrap();
        assert_eq!(expired, Expired { sightings: 2, contents: 0 }, "{kind}");
        let expired = store.delete_expired(&bank, 204).await.unwrap();
        assert_eq!(expired, Expired { sightings: 1, contents: 1 }, "{kind}");
        let removed = store.changes_since(1, 50).await.unwrap().removed;
        assert_eq!(removed, [content], "{kind}");
    }
}

/// One photo is one content, and each account is counted, also when all come at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sightings_at_once_are_all_counted() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, "SEEN", Purpose::Seen).await;
        let record = |account| {
            let (store, bank) = (store.clone(), bank.clone());
            tokio::spawn(
                async move { store.record_sighting(&bank, &sighting(account, 200, &[])).await },
            )
        };
        let tasks: Vec<_> = (1..=30).map(record).collect();
        let mut others = Vec::new();
        for task in tasks {
            others.push(task.await.unwrap().unwrap().elsewhere.other_accounts);
        }
        others.sort_unstable();
        assert_eq!(others, (0..30).collect::<Vec<u32>>(), "{kind}");
        assert_eq!(store.generation().await.unwrap(), 1, "{kind}: one new content");
    }
}

#[tokio::test]
async fn pages_hold_every_photo_with_its_views() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, BANK, Purpose::KnownFake).await;
        let (one, two) = (banked_with_view(STOLEN), banked(SAME_PERSON));
        store.add_photo(&bank, &one).await.unwrap();
        store.add_photo(&bank, &two).await.unwrap();
        let (mut found, mut after) = (Vec::new(), ContentId(0));
        while let [(id, photo)] = &store.photos(&bank, after, 1).await.unwrap()[..] {
            found.push(photo.clone());
            after = *id;
        }
        assert_eq!(found, [one, two], "{kind}");
        store.delete_bank(&bank).await.unwrap();
        assert_eq!(store.changes_since(0, 50).await.unwrap().added.len(), 0, "{kind}");
        assert_eq!(store.changes_since(2, 50).await.unwrap().removed.len(), 2, "{kind}");
    }
}

#[tokio::test]
async fn only_the_newest_snapshots_are_known() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, BANK, Purpose::KnownFake).await;
        store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        for number in 0..40 {
            store.remember_snapshot(SnapshotKey([number; 16]), 1).await.unwrap();
        }
        for (number, generation, expected) in
            [(0, 1, false), (7, 1, false), (8, 1, true), (39, 1, true), (39, 2, false)]
        {
            let key = SnapshotKey([number; 16]);
            let known = store.knows_snapshot(key, generation).await.unwrap();
            assert_eq!(known, expected, "{kind}: {number} at {generation}");
        }
    }
}

/// Programs of several machines that start at once on an empty database: one makes the tables.
#[test]
fn programs_that_begin_a_database_at_once_all_get_it() {
    let Some(server) = PostgresDatabase::create() else { return };
    let open = |url: String| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { Store::open(&url).await?.generation().await })
    };
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let url = server.url.clone();
            std::thread::spawn(move || open(url))
        })
        .collect();
    for opened in opening {
        assert_eq!(opened.join().unwrap().unwrap(), 0);
    }
}

/// A backup that is put back under running programs takes their changes away.
#[tokio::test]
async fn a_server_database_that_goes_back_is_noticed() {
    let Some(server) = PostgresDatabase::create() else { return };
    let store = Store::open(&server.url).await.unwrap();
    let bank = create_bank(&store, BANK, Purpose::KnownFake).await;
    store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
    server.execute("update generation set value = 0");
    for _ in 0..2 {
        assert_eq!(store.changes_since(1, 50).await.unwrap_err().code(), "DATABASE_REPLACED");
        assert_eq!(store.banks(TenantId::DEFAULT).await.unwrap_err().code(), "DATABASE_REPLACED");
    }
}

/// Something of every kind, and gaps where something was.
async fn fill(store: &Store) -> BankFacts {
    let bank = create_bank(store, BANK, Purpose::KnownFake).await;
    let seen = create_bank(store, "SEEN", Purpose::Seen).await;
    create_bank(store, "EMPTY", Purpose::Allow).await;
    let (first, _) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
    store.add_photo(&bank, &banked_with_view(SAME_PERSON)).await.unwrap();
    store.quarantine(TenantId::DEFAULT, first, "a hub").await.unwrap();
    store.record_sighting(&seen, &sighting(1, 200, &[])).await.unwrap();
    store.record_sighting(&seen, &sighting(255, 300, &[])).await.unwrap();
    let mut last = banked(STOLEN);
    last.pdq.0[0] ^= 1;
    let (last, _) = store.add_photo(&bank, &last).await.unwrap();
    store.remove_content(&bank, last).await.unwrap();
    let other = store.create_tenant(&TenantName::new("other").unwrap(), 7).await.unwrap();
    store.share_bank(&bank, &other).await.unwrap();
    let key = ApiKey::create().unwrap();
    let scopes = [KeyScope::Check].into_iter().collect();
    let name = KeyName::new("sign-up").unwrap();
    let (id, digest, limits) = (key.id().clone(), key.digest(), KeyLimits::default());
    let (tenant, created_at, expires_at) = (other.id, 8, Some(9));
    let new = NewKey { id, digest, tenant, name, scopes, limits, created_at, expires_at };
    store.add_key(&new).await.unwrap();
    let used = Used { key: key.id().clone(), day: 20_000, requests: 3, last_used_at: 10 };
    store.add_usage(&[used]).await.unwrap();
    let batch = NewBatch { id: ids::new_id(), tenant, accepted_at: 11 };
    for place in 0..5 {
        let (id, external_id) = (ids::new_id(), format!("upload {place}"));
        let photo = WaitsIn::Sealed(vec![7; 100]);
        let new = NewCheck { id, place, external_id, photo_bytes: 84, photo };
        store.add_check(&batch, new).await.unwrap();
    }
    assert!(store.accept_batch(&batch, 5, &[], None).await.unwrap());
    let endpoint = Endpoint {
        id: ids::new_id(),
        tenant,
        url: "https://hooks.example.org/".to_owned(),
        events: EventKinds::All,
        secret: WebhookSecret::create().unwrap(),
        old_secret: None,
        created_at: 12,
        failing_since: None,
        switched_off_at: None,
    };
    assert!(store.add_endpoint(&endpoint, 1).await.unwrap());
    assert!(!store.add_endpoint(&endpoint, 1).await.unwrap(), "it has as many as it may");
    let event = NewEvent { kind: EventKind::CheckFinished, payload: "{}".to_owned() };
    let worker = WorkerId::new(ids::new_id());
    let claimed = store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
    let report =
        r#"{"verdict": "suspect", "reasons": [{"code": "SYNTHETIC_FACE", "weight": "suspect"}]}"#;
    let outcome = Outcome::Report(report.to_owned());
    assert!(store.finish_check(&worker, &claimed, &outcome, &event, 13).await.unwrap());
    let feedback = Feedback { is_right: true, note: Note::new("").unwrap() };
    store.give_feedback(tenant, claimed.check.id, &feedback).await.unwrap();
    for version in ["1", "2"] {
        let (name, version, text) = ("ours".to_owned(), version.to_owned(), "x".to_owned());
        let policy = TenantPolicy { name, version, text, set_at: 14 };
        store.set_policy(tenant, &policy).await.unwrap();
    }
    let side = |verdict: &str| ShadowSide { verdict: verdict.into(), score_thousandths: Some(7) };
    let answer = ShadowAnswer {
        at: 14,
        in_force: "a model".to_owned(),
        candidate: "another".to_owned(),
        sha256: "ab".repeat(32),
        live: side("clear"),
        shadow: side("suspect"),
    };
    store.add_shadow(tenant, &answer).await.unwrap();
    add_scores(store, tenant, 15, 0.2, 3).await;
    add_scores(store, tenant, 15, 0.9, 1).await;
    store.claim_call(&worker, tenant, [7; 32], 60).await.unwrap();
    let (tenant, check) = (claimed.tenant, claimed.check.id);
    assert!(store.take_item(tenant, "a log-in", check, Duration::from_mins(1)).await.unwrap());
    let ruling = Ruling {
        session: "a log-in",
        by: "a key",
        state: ItemState::Escalated,
        reason: &Note::new("is it her?").unwrap(),
        decided_at: 14,
        banked: None,
    };
    assert!(store.decide_review(tenant, check, ruling).await.unwrap().is_some());
    bank
}

/// From each kind into each kind: the same rows, and no id is given again.
#[tokio::test]
async fn a_copy_holds_what_was_copied() {
    for source in &databases().await {
        let bank = fill(&source.store).await;
        let expected = source.store.sums().await.unwrap();
        let rows: Vec<_> = expected.iter().map(|sum| (sum.table, sum.rows)).collect();
        let filled = [
            ("generation", 1),
            ("access", 1),
            ("tenant", 2),
            ("bank", 3),
            ("bank_share", 1),
            ("api_key", 1),
            ("key_usage", 1),
            ("content", 3),
            ("removal", 2),
            ("view_hash", 1),
            ("sighting", 2),
            ("photo_check", 5),
            ("review_item", 1),
            ("review_decision", 1),
            ("judged_ground", 1),
            ("waiting_photo", 4),
            ("webhook_endpoint", 1),
            ("webhook_message", 1),
            ("tenant_policy", 2),
            ("score_day", 2),
            ("idempotent_call", 1),
            ("audit_head", 2),
            ("audit_entry", 16),
            ("shadow_count", 1),
            ("shadow_change", 1),
        ];
        assert_eq!(rows, filled, "{}", source.kind);
        for target in &databases().await {
            let case = format!("{} to {}", source.kind, target.kind);
            source.store.copy_into(&target.store).await.unwrap();
            assert_eq!(target.store.sums().await.unwrap(), expected, "{case}");
            let verified = target.store.verify_audit(TenantId::DEFAULT, None).await.unwrap();
            assert_eq!(verified.unwrap().number, 10, "{case}");
            let refused = source.store.copy_into(&target.store).await.unwrap_err();
            assert!(matches!(refused, StoreError::NotEmpty(_)), "{case}: {refused}");
            assert_eq!(target.store.sums().await.unwrap(), expected, "{case}");
            let mut new = banked(STOLEN);
            new.pdq.0[1] ^= 1;
            let (id, _) = target.store.add_photo(&bank, &new).await.unwrap();
            assert_eq!(id, ContentId(5), "{case}: the fourth was removed");
            assert_ne!(target.store.sums().await.unwrap(), expected, "{case}: a sum that is blind");
        }
    }
}

/// Written to all the while, the backup is of one moment, and is used as any database is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_of_one_moment_and_can_be_used() {
    let (folder, url) = temporary_db();
    let store = Store::open(&url).await.unwrap();
    let bank = create_bank(&store, BANK, Purpose::KnownFake).await;
    let writer = {
        let (store, bank) = (store.clone(), bank.clone());
        tokio::spawn(async move {
            for number in 0..400_u64 {
                let mut new = banked_bare(number);
                new.note = Note::new(&format!("photo {number}")).unwrap();
                store.add_photo(&bank, &new).await.unwrap();
            }
        })
    };
    let mut backed_up = Vec::new();
    for number in 0..5 {
        let file = folder.path().join(format!("backup {number}"));
        let bytes = store.back_up(&file).await.unwrap();
        assert_eq!(bytes, fs::metadata(&file).unwrap().len());
        assert!(matches!(store.back_up(&file).await.unwrap_err(), StoreError::File { .. }));
        backed_up.push(restored(&file, &bank).await);
    }
    writer.await.unwrap();
    assert!(backed_up.is_sorted(), "{backed_up:?}");
    let last = folder.path().join("last");
    store.back_up(&last).await.unwrap();
    assert_eq!(restored(&last, &bank).await, 400);
    let in_memory = Store::open("sqlite::memory:").await.unwrap();
    let refused = in_memory.back_up(&folder.path().join("never")).await.unwrap_err();
    assert!(matches!(refused, StoreError::NoFile(_)), "{refused}");
    assert!(!folder.path().join("never").exists());
}

fn banked_bare(number: u64) -> BankedPhoto {
    let mut photo = banked(STOLEN);
    photo.views.clear();
    photo.pdq.0[0] = number;
    photo
}

/// Puts a backup back, in a folder of its own, and counts what it holds: as many contents as there
/// were changes.
async fn restored(backup: &Path, bank: &BankFacts) -> usize {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("photocheck.sqlite");
    fs::copy(backup, &file).unwrap();
    let url = format!("sqlite:{}", file.display());
    let store = Store::open_with(&url, Opening::default()).await.unwrap();
    let contents = store.contents(bank, ContentId(0), 1000).await.unwrap();
    assert_eq!(store.generation().await.unwrap(), i64::try_from(contents.len()).unwrap());
    store.close().await;
    contents.len()
}
