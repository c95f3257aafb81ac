//! Tenants: what one has is to another as if it were not there, unless it is shared.

use photocheck::app::live_index::LiveIndex;
use photocheck::receipts::KeyFile;
use photocheck::store::{Refusal, Store, StoreError, TableSum};
use photocheck::tenancy::{KeyScope, TenantId, TenantName};
use photocheck_core::bank::Purpose;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::banks::{SAME_PERSON, STOLEN, banked};
use crate::drift::add_scores;
use crate::store::{Database, databases};
use crate::support::keys::{make_key, make_tenant};
use crate::support::postgres::PostgresDatabase;
use crate::support::{Service, Setup, codes, fixture, new_bank, photo_form, root};

/// The tenants `acme`, with a bank and a photo in it, and `bolt`, with nothing.
pub async fn two_tenants() -> (Service, i64) {
    let receipt_keys = Some(KeyFile::create().unwrap().signing().unwrap());
    let sightings_bank = Some("SEEN");
    let setup = Setup { require_keys: true, sightings_bank, receipt_keys, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let acme = make_tenant(&service, "acme").await;
    make_tenant(&service, "bolt").await;
    let bank = service.store.create_bank(acme, &new_bank("SCAM", Purpose::KnownFake)).await;
    let added = service.store.add_photo(&bank.unwrap(), &banked(STOLEN)).await.unwrap();
    service.live.refresh().await.unwrap();
    (service, added.0.0)
}

async fn check(service: &Service, key: &str, photo: &str) -> Value {
    let check = service.client.post(service.at("/v1/check")).bearer_auth(key);
    check.body(fixture(photo)).send().await.unwrap().json().await.unwrap()
}

async fn banks(service: &Service, key: &str) -> Value {
    let list = service.client.get(service.at("/v1/banks")).bearer_auth(key);
    list.send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_bank_is_looked_up_and_not_handed_out() {
    let (service, _) = two_tenants().await;
    let (acme, bolt) = (
        make_key(&service, "acme", KeyScope::ALL).await,
        make_key(&service, "bolt", KeyScope::ALL).await,
    );
    let running = make_key(&service, "default", [KeyScope::Admin]).await;
    let share = |method: Method| {
        let at = service.at("/v1/admin/tenants/acme/banks/SCAM/shares/bolt");
        service.client.request(method, at).bearer_auth(&running).send()
    };
    let unknown = check(&service, &bolt, STOLEN).await;
    assert!(!codes(&unknown).contains(&"KNOWN_PHOTO"), "{unknown}");
    assert_eq!(unknown["evidence"]["known_photo"]["code"], "NO_BANKS", "{unknown}");

    assert_eq!(share(Method::PUT).await.unwrap().status(), 204);
    let known = check(&service, &bolt, STOLEN).await;
    assert!(codes(&known).contains(&"KNOWN_PHOTO"), "{known}");
    assert_eq!(known["evidence"]["matches"][0]["bank"], "acme/SCAM");
    assert_eq!(known["evidence"]["known_photo"]["hashes"], 1);
    let listed = banks(&service, &bolt).await;
    let entry = &listed["banks"][0];
    assert_eq!((&entry["name"], &entry["shared_by"]), (&"acme/SCAM".into(), &"acme".into()));
    assert_eq!((&entry["imported"], &entry["contents"]), (&true.into(), &1.into()));
    let own = banks(&service, &acme).await;
    assert_eq!(own["banks"][0]["shared_with"], json!(["bolt"]));
    assert_eq!(own["banks"][0]["imported"], false);
    for name in ["SCAM", "acme%2FSCAM"] {
        let at = service.at(&format!("/v1/banks/{name}/export"));
        let export = service.client.get(at).bearer_auth(&bolt).send().await.unwrap();
        assert!(export.status().is_client_error(), "{name}: {}", export.status());
    }

    assert_eq!(share(Method::DELETE).await.unwrap().status(), 204);
    assert_eq!(check(&service, &bolt, STOLEN).await["evidence"]["matches"], json!([]));
    assert_eq!(banks(&service, &bolt).await, json!({ "banks": [] }));
    let owner = check(&service, &acme, STOLEN).await;
    assert_eq!(owner["evidence"]["matches"][0]["bank"], "SCAM");
}

async fn check_for(service: &Service, key: &str, account: &str) -> Response {
    let form = photo_form(fixture(STOLEN)).text("account_id", account.to_owned());
    let check = service.client.post(service.at("/v1/check")).bearer_auth(key);
    check.multipart(form).send().await.unwrap()
}

/// Who showed a photo on one platform is nothing to another, though the ids may be the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sightings_stay_with_their_tenant() {
    let (service, _) = two_tenants().await;
    let acme = service.store.tenant(&name("acme")).await.unwrap().id;
    service.store.create_bank(acme, &new_bank("SEEN", Purpose::Seen)).await.unwrap();
    let [acme, bolt, own] = [
        make_key(&service, "acme", [KeyScope::Check, KeyScope::BankWrite]).await,
        make_key(&service, "bolt", KeyScope::ALL).await,
        make_key(&service, "default", [KeyScope::Check]).await,
    ];
    let others = async |key: &str, account: &str| {
        let report: Value = check_for(&service, key, account).await.json().await.unwrap();
        report["evidence"]["seen"]["other_accounts"].as_i64().unwrap()
    };
    assert_eq!(others(&acme, "1").await, 0);
    assert_eq!(others(&acme, "2").await, 1);
    assert_eq!(others(&own, "3").await, 0, "those of another tenant do not count");
    let none: Value = check_for(&service, &bolt, "1").await.json().await.unwrap();
    assert_eq!(none["code"], "SIGHTINGS_NOT_KEPT");

    let erase = async |key: &str| -> Value {
        let erase = service.client.delete(service.at("/v1/accounts/1")).bearer_auth(key);
        erase.send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(erase(&bolt).await, json!({ "sightings": 0, "photos": 0 }));
    assert_eq!(others(&acme, "2").await, 1, "a stranger erased nothing");
    assert_eq!(erase(&acme).await, json!({ "sightings": 1, "photos": 0 }));
    assert_eq!(erase(&acme).await, json!({ "sightings": 0, "photos": 0 }));
    assert_eq!(others(&acme, "2").await, 0);
}

/// Nobody learns how much there is of all tenants together.
#[tokio::test]
async fn readiness_tells_nothing_of_tenants() {
    let (service, _) = two_tenants().await;
    let ready = service.client.get(service.at("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let ready: Value = ready.json().await.unwrap();
    let told: Vec<_> = ready.as_object().unwrap().keys().collect();
    assert_eq!(told, ["model", "policy", "index"], "{ready}");
    let told: Vec<_> = ready["index"].as_object().unwrap().keys().collect();
    assert_eq!(told, ["generation", "age_ms"], "{ready}");
    assert!(!service.metrics().await.contains("acme"));
}

fn name(name: &str) -> TenantName {
    TenantName::new(name).unwrap()
}

async fn rows(store: &Store) -> Vec<(&'static str, u64)> {
    let sums = store.sums().await.unwrap();
    sums.into_iter().map(|TableSum { table, rows, .. }| (table, rows)).collect()
}

/// All of it, on every database, and nothing of anybody else's; indexes follow.
#[tokio::test]
async fn an_erased_tenant_leaves_nothing() {
    for Database { kind, store, .. } in &databases().await {
        let other = store.create_tenant(&name("other"), 1).await.unwrap();
        let kept = store.create_bank(other.id, &new_bank("SCAM", Purpose::KnownFake)).await;
        store.add_photo(&kept.unwrap(), &banked(SAME_PERSON)).await.unwrap();
        let before = rows(store).await;
        let live = LiveIndex::load(store.clone(), 50).await.unwrap();

        let gone = store.create_tenant(&name("gone"), 1).await.unwrap();
        let again = store.create_tenant(&name("gone"), 1).await.unwrap_err();
        assert_eq!(again.code(), "TENANT_EXISTS", "{kind}");
        let bank = store.create_bank(gone.id, &new_bank("SCAM", Purpose::KnownFake)).await.unwrap();
        store.create_bank(gone.id, &new_bank("SEEN", Purpose::Seen)).await.unwrap();
        store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        store.share_bank(&bank, &other).await.unwrap();
        add_scores(store, gone.id, 1, 0.5, 9).await;
        live.refresh().await.unwrap();
        assert_eq!(live.index().len(), 2, "{kind}");
        assert!(live.view(other.id).scope.includes(bank.id), "{kind}: it is shared");

        let erased = store.erase_tenant(&gone).await.unwrap();
        assert_eq!((erased.banks, erased.contents), (2, 1), "{kind}");
        live.refresh().await.unwrap();
        assert_eq!(live.index().len(), 1, "{kind}");
        assert!(!live.view(other.id).scope.includes(bank.id), "{kind}");
        // That it was there stands in the log of whoever runs the service.
        let noted = ["removal", "audit_entry"];
        let left = rows(store).await.into_iter().filter(|(table, _)| !noted.contains(table));
        let expected: Vec<_> =
            before.into_iter().filter(|(table, _)| !noted.contains(table)).collect();
        assert_eq!(left.collect::<Vec<_>>(), expected, "{kind}");
        assert_eq!(store.audit_entries(gone.id, 0, 9).await.unwrap(), [], "{kind}");
        assert_eq!(store.tenant(&name("gone")).await.unwrap_err().code(), "NO_SUCH_TENANT");
        let default = store.tenant(&name("default")).await.unwrap();
        assert_eq!(default.id, TenantId::DEFAULT, "{kind}");
        let refused = store.erase_tenant(&default).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(Refusal::TenantIsDefault)), "{kind}");
    }
}

/// One name, two banks; neither tenant reaches the other's by it.
#[tokio::test]
async fn names_of_banks_belong_to_their_tenant() {
    for Database { kind, store, .. } in &databases().await {
        let other = store.create_tenant(&name("other"), 1).await.unwrap().id;
        let new = new_bank("SCAM", Purpose::KnownFake);
        let one = store.create_bank(TenantId::DEFAULT, &new).await.unwrap();
        let its = store.create_bank(other, &new).await.unwrap();
        assert_ne!(one.id, its.id, "{kind}");
        assert_eq!(store.create_bank(other, &new).await.unwrap_err().code(), "BANK_EXISTS");
        assert_eq!(store.resolve(other, &new.name).await.unwrap().id, its.id, "{kind}");
        let (content, _) = store.add_photo(&one, &banked(STOLEN)).await.unwrap();
        let stranger = store.content(&its, content).await.unwrap_err();
        assert_eq!(stranger.code(), "NO_SUCH_CONTENT", "{kind}");
        assert!(!store.quarantine(other, content, "a hub").await.unwrap(), "{kind}");
        assert!(store.quarantine(TenantId::DEFAULT, content, "a hub").await.unwrap(), "{kind}");
        assert_eq!(store.banks(other).await.unwrap()[0].contents, 0, "{kind}");
        // A name that another tenant has is free.
        let free = new_bank("MINE", Purpose::Allow);
        store.create_bank(TenantId::DEFAULT, &free).await.unwrap();
        store.rename_bank(&its, &free.name).await.unwrap();
        let taken = store.rename_bank(&one, &free.name).await.unwrap_err();
        assert_eq!(taken.code(), "BANK_EXISTS", "{kind}");
        let seen = store.create_bank(other, &new_bank("SEEN", Purpose::Seen)).await.unwrap();
        let default = store.tenant(&name("default")).await.unwrap();
        let refused = store.share_bank(&seen, &default).await.unwrap_err();
        assert_eq!(refused.code(), "BANK_OF_SIGHTINGS", "{kind}");
    }
}

/// A server's database of the step before: what was there belongs to the first tenant. That of a
/// file is tried from each of its steps beside the schema.
#[tokio::test]
async fn what_was_there_belongs_to_the_first_tenant() {
    let Some(server) = PostgresDatabase::create() else { return };
    let (steps, folder) = (root().join("migrations/postgres"), TempDir::new().unwrap());
    let file = "0004_tables.sql";
    std::fs::copy(steps.join(file), folder.path().join(file)).unwrap();
    let before = sqlx::migrate::Migrator::new(folder.path()).await.unwrap();
    let pool = sqlx::PgPool::connect(&server.url).await.unwrap();
    before.run(&pool).await.unwrap();
    pool.close().await;
    server.execute(
        "insert into bank (name, created_at, purpose, imported) \
         values ('GONE', 1, 'allow', 0), ('OLD', 1, 'known_fake', 1)",
    );
    server.execute("delete from bank where name = 'GONE'");

    let store = Store::open(&server.url).await.unwrap();
    let old = new_bank("OLD", Purpose::KnownFake);
    let bank = store.resolve(TenantId::DEFAULT, &old.name).await.unwrap();
    assert_eq!((bank.id.0, bank.imported), (2, true));
    let other = store.create_tenant(&name("other"), 1).await.unwrap().id;
    assert_eq!(other, TenantId(2));
    assert_eq!(store.create_bank(other, &old).await.unwrap().id.0, 3);
    assert!(!store.keys_required().await.unwrap());
}
