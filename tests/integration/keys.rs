//! API keys: how each kind of wrong key is answered, when calls need one, and their limits.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::{Duration, Instant};

use photocheck::app::callers;
use photocheck::app::tenants::KeyOrder;
use photocheck::store::{NewKey, Store};
use photocheck::tenancy::{ApiKey, KeyLimits, KeyName, KeyScope, KeyScopes, TenantId, TenantName};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::store::{Database, databases};
use crate::support::keys::{key_order, make_key, make_tenant, operator};
use crate::support::postgres::PostgresDatabase;
use crate::support::serve::Serve;
use crate::support::{Service, Setup, command, fixture, photocheck, temporary_db};

async fn banks(service: &Service, key: &str) -> Response {
    service.client.get(service.at("/v1/banks")).bearer_auth(key).send().await.unwrap()
}

/// The answer must be a problem of this status and code; returns its detail.
async fn refused(answer: Response, status: u16, code: &str) -> String {
    let got = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((got, &body["code"]), (status, &code.into()), "{body}");
    body["detail"].as_str().unwrap().to_owned()
}

async fn made(service: &Service, order: KeyOrder) -> ApiKey {
    service.app.tenants().make_key(&operator(), order).await.unwrap().key
}

#[tokio::test]
async fn each_kind_of_wrong_key_is_told_apart() {
    let service = Service::start().await;
    let order = || key_order("default", [KeyScope::BankRead]);
    let right = made(&service, order()).await;
    assert_eq!(banks(&service, right.reveal()).await.status(), 200);

    let none = service.client.get(service.at("/v1/banks")).send().await.unwrap();
    assert_eq!(none.headers()["www-authenticate"], "Bearer");
    refused(none, 401, "KEY_NEEDED").await;
    for text in ["pck_live_", "nothing", &right.reveal()[..40]] {
        refused(banks(&service, text).await, 401, "KEY_NOT_VALID").await;
    }
    let mut mistyped = right.reveal().to_owned();
    let last = mistyped.pop().unwrap();
    mistyped.push(if last == 'x' { 'y' } else { 'x' });
    let detail = refused(banks(&service, &mistyped).await, 401, "KEY_NOT_VALID").await;
    assert!(detail.contains("checksum") && !detail.contains(&mistyped), "{detail}");

    // Whole, and of nobody here.
    let unknown = ApiKey::create().unwrap();
    refused(banks(&service, unknown.reveal()).await, 401, "KEY_UNKNOWN").await;
    let expired = add_key(&service.store, Some(1)).await;
    refused(banks(&service, expired.reveal()).await, 401, "KEY_EXPIRED").await;
    let revoked = made(&service, order()).await;
    let tenants = service.app.tenants();
    tenants.revoke_key(&operator(), revoked.id().as_str()).await.unwrap();
    refused(banks(&service, revoked.reveal()).await, 401, "KEY_REVOKED").await;
    let other = make_key(&service, "default", [KeyScope::Check]).await;
    let detail = refused(banks(&service, &other).await, 403, "SCOPE_NEEDED").await;
    assert_eq!(detail, "the key lacks the scope bank:read");
}

/// A key as a store keeps it, which expires then.
async fn add_key(store: &Store, expires_at: Option<i64>) -> ApiKey {
    let key = ApiKey::create().unwrap();
    let new = NewKey {
        id: key.id().clone(),
        digest: key.digest(),
        tenant: TenantId::DEFAULT,
        name: KeyName::new("of a test").unwrap(),
        scopes: [KeyScope::BankRead].into_iter().collect(),
        limits: KeyLimits::default(),
        created_at: 1,
        expires_at,
    };
    store.add_key(&new).await.unwrap();
    key
}

/// The id of one key and the secret of another: whoever guesses ids learns nothing.
#[tokio::test]
async fn an_id_without_its_secret_is_an_unknown_key() {
    let service = Service::start().await;
    let revoked = made(&service, key_order("default", [KeyScope::BankRead])).await;
    let id = revoked.id().as_str();
    service.app.tenants().revoke_key(&operator(), id).await.unwrap();
    let other = ApiKey::create().unwrap();
    // With a checksum that is right, as anybody can compute it.
    let start = other.reveal().replace(other.id().as_str(), id);
    let start = &start[..ApiKey::CHARS - 6];
    let forged = format!("{start}{}", base_62(crc32fast::hash(start.as_bytes())));
    assert!(ApiKey::parse(&forged).is_ok());
    refused(banks(&service, &forged).await, 401, "KEY_UNKNOWN").await;
}

fn base_62(mut number: u32) -> String {
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = [b'0'; 6];
    for place in text.iter_mut().rev() {
        *place = alphabet[number as usize % 62];
        number /= 62;
    }
    String::from_utf8(text.to_vec()).unwrap()
}

/// Another machine on the same database.
async fn second(service: &Service) -> Service {
    Service::start_with(Setup { db: Some(service.db.clone()), ..Setup::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_refused_everywhere_within_seconds() {
    let first = Service::start().await;
    let second = second(&first).await;
    let key = made(&first, key_order("default", [KeyScope::BankRead])).await;
    assert_eq!(banks(&second, key.reveal()).await.status(), 200);
    first.app.tenants().revoke_key(&operator(), key.id().as_str()).await.unwrap();
    refused(banks(&first, key.reveal()).await, 401, "KEY_REVOKED").await;
    let begun = Instant::now();
    while banks(&second, key.reveal()).await.status() == 200 {
        assert!(begun.elapsed() < callers::KNOWN_FOR + Duration::from_secs(2), "still valid");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    refused(banks(&second, key.reveal()).await, 401, "KEY_REVOKED").await;
}

/// While the database is away, a key that was valid goes on for as long as lookups do, and nothing
/// else is let in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_valid_key_outlives_a_short_outage() {
    let Some(server) = PostgresDatabase::create() else { return };
    let (there, listener) = ("127.0.0.1:5432", TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = server.url.replace(there, &listener.local_addr().unwrap().to_string());
    let wire = tokio::spawn(async move {
        let mut open = JoinSet::new();
        while let Ok((mut near, _)) = listener.accept().await {
            open.spawn(async move {
                let mut far = TcpStream::connect(there).await.unwrap();
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    let service = Service::start_with(Setup { db: Some(url), ..Setup::default() }).await;
    let key = make_key(&service, "default", [KeyScope::Check]).await;
    let check = || {
        let check = service.client.post(service.at("/v1/check")).bearer_auth(&key);
        check.body(fixture("edge/png-8.png")).send()
    };
    assert_eq!(check().await.unwrap().status(), 200);
    // With it all its connections.
    wire.abort();
    let cut = Instant::now();
    let mut answered = 0;
    while cut.elapsed() < callers::OUTAGE_MAX / 2 {
        assert_eq!(check().await.unwrap().status(), 200, "after {:?}", cut.elapsed());
        answered += 1;
    }
    assert!(0 < answered);
    let unknown = banks(&service, ApiKey::create().unwrap().reveal()).await;
    assert_eq!(unknown.status(), 503);
    while check().await.unwrap().status() == 200 {
        assert!(cut.elapsed() < 4 * callers::OUTAGE_MAX, "for ever");
    }
}

/// Without keys everything is as it was; from the first key on calls need one, and revoking the
/// last does not open the service again.
#[test]
fn the_first_key_closes_the_service_for_good() {
    let (_folder, db) = temporary_db();
    let serve = Serve::start(&db, &[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let check = |key: Option<&str>| {
        let sent = client.post(format!("{}/v1/check", serve.url)).body(fixture("edge/png-8.png"));
        let sent = key.into_iter().fold(sent, reqwest::RequestBuilder::bearer_auth);
        runtime.block_on(sent.send()).unwrap().status().as_u16()
    };
    let until = |status, key| {
        let begun = Instant::now();
        while check(key) != status {
            assert!(begun.elapsed() < Duration::from_secs(30), "not yet {status}");
        }
    };
    assert_eq!(check(None), 200);
    let args = ["key", "create", "--scopes", "check", "--name", "sign-up"];
    let made = photocheck(&db, args.into_iter().chain(["--expires-in-days", "30"]));
    let (key, said) = (text(&made.stdout), text(&made.stderr));
    let key = key.trim();
    assert!(ApiKey::parse(key).is_ok(), "{said}");
    assert!(said.contains("it is shown only now") && !said.contains(key), "{said}");
    until(401, None);
    assert_eq!(check(Some(key)), 200);

    let listed = text(&photocheck(&db, ["key", "list"]).stdout);
    let id = listed.split('\t').next().unwrap().to_owned();
    assert!(listed.contains("\tdefault\tcheck\tvalid for 30 days\t"), "{listed}");
    assert!(listed.trim_end().ends_with("sign-up") && !listed.contains(key), "{listed}");
    assert_eq!(text(&photocheck(&db, ["key", "revoke", &id]).stdout), format!("revoked {id}\n"));
    until(401, Some(key));
    assert_eq!(check(None), 401);
    assert!(text(&photocheck(&db, ["key", "list"]).stdout).contains("\trevoked\t"));
    let none = photocheck(&db, ["key", "revoke", "0123456789ab"]);
    assert_eq!(none.status.code(), Some(2));
    let log = serve.stop();
    assert!(!log.contains("pck_live_"), "{log}");
    let listed = text(&photocheck(&db, ["key", "list"]).stdout);
    assert!(listed.contains("\tused 0 days ago\t"), "{listed}");

    let again = Serve::start(&db, &[]);
    assert_eq!(again.access, "calls need an API key (photocheck key create)");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Whoever steals the database has no key.
#[test]
fn no_secret_of_a_key_is_in_the_database() {
    let (_folder, db) = temporary_db();
    let made = photocheck(&db, ["key", "create", "--scopes", "check", "--name", "x"]);
    let key = text(&made.stdout).trim().to_owned();
    let secret = &key.as_bytes()[key.len() - 38..];
    let id = ApiKey::parse(&key).unwrap().id().clone();
    let file = db.strip_prefix("sqlite:").unwrap();
    let mut found_id = false;
    for ending in ["", "-wal"] {
        let path = format!("{file}{ending}");
        if !Path::new(&path).exists() {
            continue;
        }
        let bytes = std::fs::read(path).unwrap();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        assert!(!holds(secret) && !holds(&secret[..16]), "the secret is in {file}{ending}");
        found_id |= holds(id.as_str().as_bytes());
    }
    assert!(found_id, "the test looks where keys are");
}

/// Beyond this machine nobody is let in by oversight.
#[test]
fn beyond_loopback_a_service_needs_keys_or_the_operators_word() {
    let (_folder, db) = temporary_db();
    let serve = |args: &[&str]| {
        let mut command = command(&db);
        command.args(["serve", "--listen", "0.0.0.0:0"]).args(args);
        // A port that is taken ends the program also where it may listen.
        command.args(["--metrics-listen", "203.0.113.1:1"]).output().unwrap()
    };
    let may_listen = |args: &[&str]| {
        let said = text(&serve(args).stderr);
        assert!(said.contains("cannot listen on") || said.contains("no API key"), "{said}");
        said.contains("cannot listen on 203.0.113.1:1")
    };
    assert!(!may_listen(&[]));
    for word in ["--require-keys", "--checks-open-to-everybody", "--banks-open-to-everybody"] {
        assert!(may_listen(&[word]), "{word}");
    }
    let both = text(&serve(&["--require-keys", "--checks-open-to-everybody"]).stderr);
    assert!(both.contains("require_keys excludes"), "{both}");
    photocheck(&db, ["key", "create", "--scopes", "check", "--name", "x"]);
    assert!(may_listen(&[]));
}

/// The token of the banks still opens them, and makes nobody an administrator.
#[tokio::test]
async fn the_token_of_the_banks_is_no_key_of_an_administrator() {
    let setup = Setup { bank_token: Some("geheim"), require_keys: true, ..Setup::default() };
    let service = Service::start_with(setup).await;
    assert_eq!(banks(&service, "geheim").await.status(), 200);
    let keys = service.client.get(service.at("/v1/admin/keys")).bearer_auth("geheim");
    refused(keys.send().await.unwrap(), 403, "SCOPE_NEEDED").await;
    refused(banks(&service, "wrong").await, 401, "KEY_NOT_VALID").await;
}

/// It would be read as a key, and let nobody in.
#[test]
fn a_token_of_the_banks_that_looks_like_a_key_is_refused_at_start() {
    let (_folder, db) = temporary_db();
    let mut serve = command(&db);
    serve.args(["serve", "--listen", "127.0.0.1:0"]);
    let output = serve.env("PHOTOCHECK_BANK_TOKEN", "pck_live_of_ours").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("begins with pck_live_") && !said.contains("of_ours"), "{said}");
}

#[tokio::test]
async fn an_administrator_manages_the_keys_of_its_tenant() {
    let service = Service::start().await;
    make_tenant(&service, "acme").await;
    let limits = KeyLimits { per_minute: None, per_day: NonZeroU32::new(50) };
    let admin = KeyOrder { limits, ..key_order("acme", [KeyScope::Admin]) };
    let admin = made(&service, admin).await;
    let keys = || service.client.post(service.at("/v1/admin/keys")).bearer_auth(admin.reveal());
    let order = json!({ "name": "sign-up", "scopes": ["check"], "requests_per_day": 70 });
    let answer = keys().json(&order).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let new: Value = answer.json().await.unwrap();
    assert_eq!(
        (&new["about"]["tenant"], &new["about"]["requests_per_day"]),
        (&"acme".into(), &50.into())
    );
    let new = new["key"].as_str().unwrap().to_owned();
    let check = service.client.post(service.at("/v1/check")).bearer_auth(&new);
    assert_eq!(check.body(fixture("edge/png-8.png")).send().await.unwrap().status(), 200);
    for (body, code) in [
        (json!({ "name": "", "scopes": ["check"] }), "KEY_NAME_NOT_VALID"),
        (json!({ "name": "x", "scopes": [] }), "KEY_SCOPE_NOT_VALID"),
        (json!({ "name": "x", "scopes": ["root"] }), "BAD_REQUEST"),
        (json!({ "name": "x", "scopes": ["check"], "tenant": "A" }), "TENANT_NAME_NOT_VALID"),
    ] {
        refused(keys().json(&body).send().await.unwrap(), 422, code).await;
    }
    let list = service.client.get(service.at("/v1/admin/keys")).bearer_auth(admin.reveal());
    let list = list.send().await.unwrap().text().await.unwrap();
    assert!(!list.contains("pck_live_"), "{list}");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["keys"].as_array().unwrap().len(), 2, "{list}");
}

/// What is lent for a time is lent on for no longer.
#[tokio::test]
async fn a_key_expires_no_later_than_the_one_that_made_it() {
    let service = Service::start().await;
    let days = NonZeroU32::new(10);
    let admin = KeyOrder { expires_in_days: days, ..key_order("default", [KeyScope::Admin]) };
    let admin = service.app.tenants().make_key(&operator(), admin).await.unwrap();
    let end = admin.stored.expires_at.unwrap();
    let made_for = async |days: Option<u32>| {
        let keys = service.client.post(service.at("/v1/admin/keys"));
        let order = json!({ "name": "x", "scopes": ["check"], "expires_in_days": days });
        let answer = keys.bearer_auth(admin.key.reveal()).json(&order).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let made: Value = answer.json().await.unwrap();
        made["about"]["expires_at"].as_i64().unwrap()
    };
    assert_eq!(made_for(None).await, end);
    assert_eq!(made_for(Some(11)).await, end);
    assert!(made_for(Some(9)).await < end);
}

/// The quota holds on all machines together, but for what they let in before they look again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_holds_across_machines() {
    let first = Service::start().await;
    let second = second(&first).await;
    let limits = KeyLimits { per_minute: NonZeroU32::new(100), per_day: NonZeroU32::new(5) };
    let order = KeyOrder { limits, ..key_order("default", [KeyScope::BankRead]) };
    let key = made(&first, order).await;
    for left in [4, 3, 2] {
        let answer = banks(&first, key.reveal()).await;
        assert_eq!(answer.status(), 200);
        let headers = answer.headers();
        assert_eq!(headers["ratelimit-policy"], "\"client\";q=100;w=60, \"day\";q=5;w=86400");
        let state = headers["ratelimit"].to_str().unwrap();
        assert!(state.contains(&format!(", \"day\";r={left};t=")), "{state}");
    }
    first.app.usage().write(true).await.unwrap();
    for _ in 0..2 {
        assert_eq!(banks(&second, key.reveal()).await.status(), 200);
    }
    let over = banks(&second, key.reveal()).await;
    let wait: u64 = over.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    assert!(over.headers()["ratelimit"].to_str().unwrap().contains("\"day\";r=0"));
    refused(over, 429, "QUOTA_USED_UP").await;
    second.app.usage().write(true).await.unwrap();
    // What the first one read is believed for two seconds.
    let begun = Instant::now();
    let mut let_in = 0;
    while banks(&first, key.reveal()).await.status() == 200 {
        let_in += 1;
        assert!(begun.elapsed() < Duration::from_secs(4), "the quota does not hold");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(let_in <= 2, "{let_in}: no more than it had left by what it knew");
}

#[tokio::test]
async fn a_key_may_have_a_limit_of_its_own() {
    let setup = Setup { requests_per_minute: NonZeroU32::new(1000), ..Setup::default() };
    let service = Service::start_with(setup).await;
    let limits = KeyLimits { per_minute: NonZeroU32::new(2), per_day: None };
    let slow = KeyOrder { limits, ..key_order("default", [KeyScope::BankRead]) };
    let slow = made(&service, slow).await;
    let usual = made(&service, key_order("default", [KeyScope::BankRead])).await;
    for _ in 0..2 {
        assert_eq!(banks(&service, slow.reveal()).await.status(), 200);
    }
    refused(banks(&service, slow.reveal()).await, 429, "RATE_LIMITED").await;
    let answer = banks(&service, usual.reveal()).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["ratelimit-policy"], "\"client\";q=1000;w=60");
}

/// On every database: what is kept of keys, and of their use.
#[tokio::test]
async fn keys_are_kept_with_their_use() {
    for Database { kind, store, .. } in &databases().await {
        assert!(!store.keys_required().await.unwrap(), "{kind}");
        let key = add_key(store, None).await;
        assert!(store.keys_required().await.unwrap(), "{kind}");
        let kept = store.key(key.id()).await.unwrap().unwrap();
        assert!(kept.digest.is_of(&key), "{kind}");
        assert_eq!((kept.tenant_name.as_str(), kept.expires_at), ("default", None), "{kind}");
        assert_eq!((kept.last_used_at, kept.revoked_at), (None, None), "{kind}");
        let scopes: KeyScopes = [KeyScope::BankRead].into_iter().collect();
        assert_eq!(kept.scopes, scopes, "{kind}");

        let id = || key.id().clone();
        let used = |requests, last_used_at| photocheck::store::Used {
            key: id(),
            day: 20_000,
            requests,
            last_used_at,
        };
        store.add_usage(&[used(3, 50), used(2, 40)]).await.unwrap();
        assert_eq!(store.requests_of(key.id(), 20_000).await.unwrap(), 5, "{kind}");
        assert_eq!(store.requests_of(key.id(), 20_001).await.unwrap(), 0, "{kind}");
        let last = store.key(key.id()).await.unwrap().unwrap().last_used_at;
        assert_eq!(last, Some(50), "{kind}");
        store.delete_old_usage(21_000).await.unwrap();
        assert_eq!(store.requests_of(key.id(), 20_000).await.unwrap(), 0, "{kind}");

        let other = store.create_tenant(&TenantName::new("other").unwrap(), 1).await.unwrap().id;
        let hidden = store.revoke_key(Some(other), key.id(), 9).await.unwrap_err();
        assert_eq!(hidden.code(), "NO_SUCH_KEY", "{kind}");
        store.revoke_key(Some(TenantId::DEFAULT), key.id(), 9).await.unwrap();
        store.revoke_key(None, key.id(), 10).await.unwrap();
        let revoked = store.key(key.id()).await.unwrap().unwrap().revoked_at;
        assert_eq!(revoked, Some(9), "{kind}: it stays as it was");
        assert_eq!(store.keys(Some(other)).await.unwrap().len(), 0, "{kind}");
        assert_eq!(store.keys(None).await.unwrap().len(), 1, "{kind}");
    }
}
