//! The store, on every database that is supported: each test runs over [`databases`].
//!
//! Tests of the whole service run on PostgreSQL with `PHOTOCHECK_TEST_DB=postgres`.

use photocheck::app::live_index::LiveIndex;
use photocheck::store::{Imported, NewBank, Refusal, Store, StoreError};
use photocheck::tenancy::TenantId;
use photocheck_core::bank::{
    BankFacts, BankId, BankedPhoto, BankedView, ExternalId, Note, Opinion, Purpose,
};
use photocheck_core::matching::hashes::{Distance, GradientHash, PdqHash, PdqQuality};
use photocheck_core::matching::index::{ContentId, Scope};
use photocheck_core::matching::views::{Kind, View};
use proptest::prelude::*;

use crate::banks::{SAME_PERSON, STOLEN, banked};
use crate::support::{Place, create_bank, new_bank};

const BANK: &str = "ROMANCE_SCAM";

/// An empty database that goes away with the test.
pub struct Database {
    pub kind: &'static str,
    pub store: Store,
    /// Whether it has more than one connection: an import takes one of its own.
    pub is_shared: bool,
    _place: Option<Place>,
}

/// One of each kind.
pub async fn databases() -> Vec<Database> {
    let in_memory = Store::open("sqlite::memory:").await.unwrap();
    let mut databases = vec![Database {
        kind: "SQLite in memory",
        store: in_memory,
        is_shared: false,
        _place: None,
    }];
    let in_file = ("SQLite in a file", Some(Place::in_file()));
    for (kind, place) in [in_file, ("PostgreSQL", Place::on_server())] {
        let Some(place) = place else { continue };
        let store = Store::open(&place.url).await.unwrap();
        databases.push(Database { kind, store, is_shared: true, _place: Some(place) });
    }
    databases
}

/// Writers in parallel: every photo is banked once, every change is counted, none is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_writers_lose_nothing() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, BANK, Purpose::KnownFake).await;
        let writers: Vec<_> = (0..40_u64)
            .map(|number| {
                let (store, bank, mut new) = (store.clone(), bank.clone(), banked(STOLEN));
                new.pdq.0[0] = number % 20;
                tokio::spawn(async move { store.add_photo(&bank, &new).await.unwrap().1 })
            })
            .collect();
        let mut added = 0;
        for writer in writers {
            added += u32::from(writer.await.unwrap());
        }
        assert_eq!(added, 20, "{kind}");
        let contents = store.contents(&bank, ContentId(0), 100).await.unwrap();
        assert_eq!(contents.len(), 20, "{kind}");
        assert_eq!(store.generation().await.unwrap(), 20, "{kind}");
        let live = LiveIndex::load(store.clone(), 50).await.unwrap();
        assert_eq!(live.index().len(), 20, "{kind}");
    }
}

/// An index brought up to date answers as one loaded anew.
#[tokio::test]
async fn the_live_index_follows_the_store() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, BANK, Purpose::KnownFake).await;
        let live = LiveIndex::load(store.clone(), 50).await.unwrap();
        let before = live.index();
        let (first, _) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        store.add_photo(&bank, &banked(SAME_PERSON)).await.unwrap();
        store.remove_content(&bank, first).await.unwrap();
        live.refresh().await.unwrap();
        let fresh = LiveIndex::load(store.clone(), 50).await.unwrap();
        for path in [STOLEN, SAME_PERSON] {
            let found = |live: &LiveIndex| {
                live.index().lookup(Kind::All, banked(path).pdq, Distance(31), &Scope::Everything)
            };
            assert_eq!(found(&live), found(&fresh), "{kind}");
        }
        assert_eq!((live.index().len(), live.index().generation()), (1, 3), "{kind}");
        assert!(before.is_empty(), "{kind}: who holds an older index still sees what it showed");
    }
}

#[tokio::test]
async fn ids_are_never_given_again() {
    for Database { kind, store, .. } in &databases().await {
        let bank = create_bank(store, BANK, Purpose::KnownFake).await;
        let (first, _) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        store.remove_content(&bank, first).await.unwrap();
        let (second, added) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        assert!(added, "{kind}");
        assert!(first < second, "{kind}: {first:?} and {second:?}");
        store.delete_bank(&bank).await.unwrap();
        let again = create_bank(store, BANK, Purpose::Allow).await;
        assert!(bank.id < again.id, "{kind}");
        // Who still means the old one does not change the new one.
        let refused = store.add_photo(&bank, &banked(STOLEN)).await.unwrap_err();
        assert_eq!(refused.code(), "NO_SUCH_BANK", "{kind}");
        assert_eq!(store.contents(&again, ContentId(0), 9).await.unwrap(), [], "{kind}");
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_said_by_name() {
    for Database { kind, store, .. } in &databases().await {
        let NewBank { name, purpose, .. } = new_bank(BANK, Purpose::KnownFake);
        let found = store.resolve(TenantId::DEFAULT, &name).await.unwrap_err();
        assert!(matches!(found, StoreError::Refused(Refusal::NoSuchBank(_))), "{kind}: {found}");
        let (id, imported) = (BankId(7), false);
        let gone = BankFacts { id, name: BANK.into(), purpose, imported };
        let found = store.add_photo(&gone, &banked(STOLEN)).await.unwrap_err();
        assert_eq!(found.to_string(), "there is no bank ROMANCE_SCAM", "{kind}");
        assert_eq!(store.generation().await.unwrap(), 0, "{kind}: what failed is no change");
        let bank = create_bank(store, BANK, Purpose::KnownFake).await;
        let again = store
            .create_bank(TenantId::DEFAULT, &new_bank(BANK, Purpose::Allow))
            .await
            .unwrap_err();
        assert_eq!(again.code(), "BANK_EXISTS", "{kind}");
        let found = store.remove_content(&bank, ContentId(9)).await.unwrap_err();
        assert_eq!(found.to_string(), "bank ROMANCE_SCAM has no content 9", "{kind}");
    }
    assert!(matches!(Store::open("mysql://x").await.unwrap_err(), StoreError::UnsupportedUrl));
}

fn any_photo() -> impl Strategy<Value = BankedPhoto> {
    // Small numbers, so that hashes and ids meet.
    (0..5_u64, proptest::option::of(0..2_u64), 0..5_u8, any::<bool>(), any::<bool>()).prop_map(
        |(pdq, gradient, id, enabled, with_view)| {
            let view = (1..=u8::MAX).find_map(View::from_code).filter(|_| with_view);
            let views = view.map(|view| BankedView {
                view,
                pdq: PdqHash([pdq + 7; 4]),
                pdq_quality: PdqQuality::BEST,
                gradient: None,
            });
            let id = if id < 2 { String::new() } else { format!("id {id}") };
            BankedPhoto {
                pdq: PdqHash([pdq; 4]),
                pdq_quality: PdqQuality::BEST,
                gradient: gradient.map(|gradient| GradientHash([gradient; 4])),
                views: views.into_iter().collect(),
                note: Note::new(&format!("note {pdq}")).unwrap(),
                external_id: ExternalId::new(&id).unwrap(),
                opinion: Opinion::Confirmed,
                enabled,
                quarantined: None,
                added_at: 7,
            }
        },
    )
}

/// What the import promises, said one photo at a time.
fn adds(existing: &[BankedPhoto], new: &BankedPhoto) -> bool {
    !existing.iter().any(|old| {
        let has_id = new.external_id != ExternalId::default();
        let same_hashes = new.pdq == old.pdq && new.gradient == old.gradient;
        has_id && new.external_id == old.external_id
            || same_hashes
            || new.pdq == old.pdq && new.gradient.is_none()
    })
}

async fn check_import(store: &Store, batches: &[Vec<BankedPhoto>]) {
    let bank = create_bank(store, BANK, Purpose::KnownFake).await;
    // What another bank holds is no concern of this one.
    let other = create_bank(store, "OTHER", Purpose::Allow).await;
    let mut import = store.begin_import(&other).await.unwrap();
    import.add(&batches.concat()).await.unwrap();

    let mut expected = Vec::new();
    let mut import = store.begin_import(&bank).await.unwrap();
    for batch in batches {
        let before = expected.len();
        for photo in batch {
            if adds(&expected, photo) {
                expected.push(photo.clone());
            }
        }
        let added = (expected.len() - before) as u64;
        let imported = Imported { added, already_there: batch.len() as u64 - added };
        assert_eq!(import.add(batch).await.unwrap(), imported);
    }
    let generation = store.generation().await.unwrap();
    for batch in batches {
        let imported = Imported { added: 0, already_there: batch.len() as u64 };
        assert_eq!(import.add(batch).await.unwrap(), imported);
    }
    assert_eq!(store.generation().await.unwrap(), generation, "a repeat is no change");

    let (mut found, mut after) = (Vec::new(), ContentId(0));
    while let [page @ .., (last, photo)] = &store.photos(&bank, after, 2).await.unwrap()[..] {
        found.extend(page.iter().map(|(_, photo)| photo.clone()));
        found.push(photo.clone());
        after = *last;
    }
    let order = |photo: &BankedPhoto| (photo.pdq.0, photo.gradient.map(|hash| hash.0));
    found.sort_by_key(order);
    expected.sort_by_key(order);
    assert_eq!(found, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn an_import_adds_what_is_not_there_and_a_repeat_nothing(
        batches in proptest::collection::vec(proptest::collection::vec(any_photo(), 0..12), 0..4)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for database in databases().await.iter().filter(|database| database.is_shared) {
                check_import(&database.store, &batches).await;
            }
        });
    }
}
