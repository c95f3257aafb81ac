//! The audit log: who did what, in a chain in which nothing is changed, removed or moved unseen.

use photocheck::audit::{Broken, Entry, Head};
use photocheck::store::{Store, Tenant};
use photocheck::tenancy::{Caller, KeyScope, TenantId, TenantName};
use photocheck_core::bank::{ExternalId, Note, Purpose};
use photocheck_core::matching::index::ContentId;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::query::Query;
use sqlx::{Any, AnyPool, AssertSqlSafe};

use crate::appeals::{answer, checked};
use crate::banks::{STOLEN, banked};
use crate::store::{Database, databases};
use crate::support::keys::{make_key, make_tenant, operator};
use crate::support::{
    ACCOUNT_KEY, Place, Service, Setup, create_bank, fixture, new_bank, photocheck,
};

const TENANT: TenantId = TenantId::DEFAULT;

type AnyQuery<'q> = Query<'q, Any, <Any as sqlx::Database>::Arguments>;

/// A database with a log of four entries, and a way to write into it beside the program.
struct Log {
    kind: &'static str,
    store: Store,
    beside: AnyPool,
    entries: Vec<Entry>,
    _place: Place,
}

async fn logs() -> Vec<Log> {
    let places = [("SQLite", Some(Place::in_file())), ("PostgreSQL", Place::on_server())];
    let mut logs = Vec::new();
    for (kind, place) in places {
        let Some(place) = place else { continue };
        let store = Store::open(&place.url).await.unwrap();
        let bank = create_bank(&store, "SCAM", Purpose::KnownFake).await;
        let (id, _) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        store.remove_content(&bank, id).await.unwrap();
        store.delete_bank(&bank).await.unwrap();
        let entries = store.audit_entries(TENANT, 0, 10).await.unwrap();
        assert_eq!(entries.len(), 4, "{kind}");
        let beside = AnyPool::connect(&place.url).await.unwrap();
        logs.push(Log { kind, store, beside, entries, _place: place });
    }
    logs
}

impl Log {
    async fn write(&self, statement: &str) {
        self.write_with(statement, |query| query).await;
    }

    async fn write_with<'q>(
        &self,
        statement: &str,
        bind: impl FnOnce(AnyQuery<'q>) -> AnyQuery<'q>,
    ) {
        let query = bind(sqlx::query(AssertSqlSafe(statement.to_owned())));
        query.execute(&self.beside).await.unwrap();
    }

    async fn verified(&self, noted: Option<&Head>) -> Result<Head, Broken> {
        self.store.verify_audit(TENANT, noted.cloned()).await.unwrap()
    }

    /// Writes a text into a column of an entry.
    async fn set(&self, column: &str, number: i64, value: String) {
        let statement = format!("update audit_entry set {column} = $1 where number = $2");
        self.write_with(&statement, |query| query.bind(value).bind(number)).await;
    }
}

/// Any byte of any column of any row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_byte_anywhere_is_found() {
    for log in logs().await {
        let whole = log.verified(None).await.unwrap();
        assert_eq!((whole.number, &whole.hash), (4, &log.entries[3].hash), "{}", log.kind);
        let mut changes = 0;
        for entry in &log.entries {
            let Entry { number, at, actor, action, subject, hash } = entry;
            let columns =
                [("actor", actor), ("action", action), ("subject", subject), ("hash", hash)];
            for (column, value) in columns {
                for place in 0..value.len() {
                    let mut changed = value.clone().into_bytes();
                    changed[place] ^= 1;
                    let changed = String::from_utf8(changed).unwrap();
                    log.set(column, *number, changed).await;
                    let found = log.verified(None).await;
                    let (kind, broken) = (log.kind, Err(Broken::Changed(*number)));
                    assert_eq!(found, broken, "{kind}: byte {place} of {column} of {number}");
                    changes += 1;
                }
                log.set(column, *number, value.clone()).await;
            }
            for bit in 0..40 {
                let statement = "update audit_entry set at = $1 where number = $2";
                log.write_with(statement, |query| query.bind(at ^ (1 << bit)).bind(number)).await;
                assert_eq!(log.verified(None).await, Err(Broken::Changed(*number)), "{bit}");
                log.write_with(statement, |query| query.bind(at).bind(number)).await;
            }
        }
        assert!(300 < changes, "{changes}");
        assert_eq!(log.verified(None).await, Ok(whole.clone()), "{}: all is back", log.kind);

        // The end is a row too.
        log.write("update audit_head set number = 5").await;
        assert_eq!(log.verified(None).await, Err(Broken::CutOff { last: 4, head: 5 }));
        log.write("update audit_head set number = 3").await;
        assert_eq!(log.verified(None).await, Err(Broken::TooMany { last: 4, head: 3 }));
        log.write("update audit_head set number = 4, hash = 'x'").await;
        assert_eq!(log.verified(None).await, Err(Broken::OtherHead(4)));
        log.write("delete from audit_head").await;
        assert_eq!(log.verified(None).await, Err(Broken::TooMany { last: 4, head: 0 }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_a_moved_and_an_invented_entry_are_found() {
    for log in logs().await {
        let renumber = async |from: i64, to: i64| {
            let statement = "update audit_entry set number = $1 where number = $2";
            log.write_with(statement, |query| query.bind(to).bind(from)).await;
        };
        for number in 1..=4 {
            renumber(number, number + 1000).await;
            let missing = Err(Broken::Missing(number));
            assert_eq!(log.verified(None).await, missing, "{}", log.kind);
            renumber(number + 1000, number).await;
        }
        renumber(1, -1).await;
        assert_eq!(log.verified(None).await, Err(Broken::Changed(-1)), "{}", log.kind);
        renumber(-1, 1).await;
        for (one, other) in [(1, 2), (2, 3), (1, 4), (3, 4)] {
            renumber(one, 99).await;
            renumber(other, one).await;
            renumber(99, other).await;
            assert_eq!(log.verified(None).await, Err(Broken::Changed(one)), "{}", log.kind);
            renumber(one, 99).await;
            renumber(other, one).await;
            renumber(99, other).await;
        }
        let whole = log.verified(None).await.unwrap();
        log.write(
            "insert into audit_entry (tenant_id, number, at, actor, action, subject, hash) \
             select tenant_id, 5, at, actor, action, subject, hash from audit_entry \
             where number = 4",
        )
        .await;
        assert_eq!(log.verified(None).await, Err(Broken::Changed(5)), "{}", log.kind);
        log.write("delete from audit_entry where number = 5").await;
        assert_eq!(log.verified(None).await, Ok(whole), "{}", log.kind);
        log.write("delete from audit_entry where number = 4").await;
        let cut_off = Err(Broken::CutOff { last: 3, head: 4 });
        assert_eq!(log.verified(None).await, cut_off, "{}", log.kind);
    }
}

/// What a chain alone cannot prove, and a head that was noted elsewhere can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_can_write_the_whole_log_is_found_by_a_noted_head_only() {
    for log in logs().await {
        let noted = log.verified(None).await.unwrap();
        assert_eq!(log.verified(Some(&noted)).await, Ok(noted.clone()));
        let third = &log.entries[2];
        log.write("delete from audit_entry where number = 4").await;
        let head = "update audit_head set number = 3, hash = $1";
        log.write_with(head, |query| query.bind(third.hash.clone())).await;
        assert!(log.verified(None).await.is_ok(), "{}: cut off with its end", log.kind);
        let found = log.verified(Some(&noted)).await;
        assert_eq!(found, Err(Broken::BeforeNoted { last: 3, noted: 4 }), "{}", log.kind);

        // Written anew from the third on.
        let mut before = log.entries[1].hash.clone();
        log.write("delete from audit_entry where 3 <= number").await;
        for number in [3, 4] {
            let mut entry = Entry { number, subject: "INVENTED".to_owned(), ..third.clone() };
            entry.hash = entry.hash_after(&before, TENANT.0);
            before.clone_from(&entry.hash);
            let insert = "insert into audit_entry \
                 (tenant_id, number, at, actor, action, subject, hash) \
                 values (1, $1, $2, $3, $4, $5, $6)";
            let Entry { at, actor, action, subject, hash, .. } = entry;
            log.write_with(insert, |query| {
                query.bind(number).bind(at).bind(actor).bind(action).bind(subject).bind(hash)
            })
            .await;
        }
        let head = "update audit_head set number = 4, hash = $1";
        log.write_with(head, |query| query.bind(before.clone())).await;
        assert!(log.verified(None).await.is_ok(), "{}: written anew", log.kind);
        assert_eq!(log.verified(Some(&noted)).await, Err(Broken::Rewritten(4)), "{}", log.kind);
    }
}

/// Many machines that write at once: one chain, without a fork, a gap or a lost entry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_once_do_not_fork_the_chain() {
    const WRITERS: i64 = 60;
    for (kind, place) in [("SQLite", Some(Place::in_file())), ("PostgreSQL", Place::on_server())] {
        let Some(place) = place else { continue };
        let store = Store::open(&place.url).await.unwrap();
        let other = TenantName::new("acme").unwrap();
        let acme = store.create_tenant(&other, 1).await.unwrap().id;
        let mut machines = vec![store.clone()];
        for _ in 0..3 {
            machines.push(Store::open(&place.url).await.unwrap());
        }
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let store = machines[usize::try_from(number % 4).unwrap()].clone();
                let tenant = if number % 3 == 0 { acme } else { TENANT };
                tokio::spawn(async move {
                    let new = new_bank(&format!("BANK_{number}"), Purpose::KnownFake);
                    let bank = store.create_bank(tenant, &new).await.unwrap();
                    store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        for (tenant, count) in [(acme, 2 * WRITERS / 3), (TENANT, 2 * (WRITERS - WRITERS / 3) + 1)]
        {
            let head = store.verify_audit(tenant, None).await.unwrap().unwrap();
            assert_eq!(head.number, count, "{kind}");
            let entries = store.audit_entries(tenant, 0, 1000).await.unwrap();
            for number in 0..WRITERS {
                let is_of = (number % 3 == 0) == (tenant == acme);
                let (name, photo) = (format!("BANK_{number}"), format!("BANK_{number}/"));
                let of = entries
                    .iter()
                    .filter(|entry| entry.subject == name || entry.subject.starts_with(&photo));
                assert_eq!(of.count(), if is_of { 2 } else { 0 }, "{kind}: {name}");
            }
        }
        for machine in machines {
            machine.close().await;
        }
    }
}

/// What does not happen leaves no entry, and what a tenant did goes with it.
#[tokio::test]
async fn an_entry_and_what_it_tells_of_are_one() {
    for Database { kind, store, .. } in &databases().await {
        let count = async || store.audit_head(TENANT).await.unwrap().number;
        let bank = create_bank(store, "SCAM", Purpose::KnownFake).await;
        assert_eq!(count().await, 1, "{kind}");
        let again = new_bank("SCAM", Purpose::KnownFake);
        assert!(store.create_bank(TENANT, &again).await.is_err());
        let (id, _) = store.add_photo(&bank, &banked(STOLEN)).await.unwrap();
        assert!(!store.add_photo(&bank, &banked(STOLEN)).await.unwrap().1);
        assert!(store.remove_content(&bank, ContentId(id.0 + 1)).await.is_err());
        assert_eq!(count().await, 2, "{kind}: only what was done");

        let change = photocheck::store::ContentChange {
            note: Some(Note::new("of somebody").unwrap()),
            external_id: Some(ExternalId::new("somebody").unwrap()),
            enabled: Some(false),
            ..Default::default()
        };
        let by = store.by(&Caller::with_bank_token());
        by.change_content(&bank, id, &change).await.unwrap();
        let entries = store.audit_entries(TENANT, 2, 9).await.unwrap();
        let Entry { actor, action, subject, .. } = &entries[0];
        assert_eq!((actor.as_str(), action.as_str()), ("bank_token", "content.changed"));
        assert_eq!(*subject, format!("SCAM/{} note external_id enabled=false", id.0), "{kind}");

        let name = TenantName::new("gone").unwrap();
        let gone: Tenant = store.create_tenant(&name, 1).await.unwrap();
        store.create_bank(gone.id, &again).await.unwrap();
        assert_eq!(store.audit_head(gone.id).await.unwrap().number, 1, "{kind}");
        store.erase_tenant(&gone).await.unwrap();
        assert_eq!(store.audit_head(gone.id).await.unwrap(), Head::none(), "{kind}");
        let last = store.audit_entries(TENANT, 4, 9).await.unwrap().pop().unwrap();
        assert_eq!((last.action.as_str(), last.subject.as_str()), ("tenant.erased", "gone"));
        assert!(store.verify_audit(TENANT, None).await.unwrap().is_ok(), "{kind}");
    }
}

/// What is written down of the walk below, in its order.
const WALK: [&str; 26] = [
    "bank.created",
    "content.added",
    "bank.imported",
    "content.changed",
    "bank.shared",
    "bank.unshared",
    "feedback.given",
    "appeal.made",
    // That of allowed photos.
    "bank.created",
    "content.added",
    "appeal.overturned",
    "account.erased",
    "endpoint.registered",
    "endpoint.secret_rotated",
    "endpoint.switched_on",
    "endpoint.messages_replayed",
    "endpoint.removed",
    "policy.set",
    "policy.reset",
    "key.made",
    "key.revoked",
    "tenant.created",
    "tenant.erased",
    "content.removed",
    "bank.renamed",
    "bank.deleted",
];

/// Every change over HTTP is written down as the caller's, without a hash, a secret, an account or
/// what somebody wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_over_http_names_who_did_it() {
    let setup = Setup { require_keys: true, sightings_bank: Some("SEEN"), ..Setup::default() };
    let service = Service::start_with(setup).await;
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    make_tenant(&service, "bolt").await;
    let key = make_key(&service, "default", KeyScope::ALL).await;
    let begun = service.store.audit_head(TENANT).await.unwrap().number;
    let post = async |path: &str, body: Value| answer(&service, &key, path, &body).await;
    let send = async |method: Method, path: &str| {
        let request = service.client.request(method, service.at(path)).bearer_auth(&key);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    };
    let put = async |path: &str, body: Vec<u8>| {
        let request = service.client.post(service.at(path)).bearer_auth(&key).body(body);
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    post("/v1/banks", json!({ "name": "SCAM" })).await;
    let added = put("/v1/banks/SCAM/contents", fixture("edge/png-8.png")).await;
    put("/v1/banks/SCAM/import", "0123456789abcdef".repeat(4).into_bytes()).await;
    let at = format!("/v1/banks/SCAM/contents/{}", added["content_id"]);
    let change = service.client.patch(service.at(&at)).bearer_auth(&key);
    let change = change.json(&json!({ "note": "written by a person", "opinion": "confirmed" }));
    assert!(change.send().await.unwrap().status().is_success());
    let share = "/v1/admin/tenants/default/banks/SCAM/shares/bolt";
    send(Method::PUT, share).await;
    send(Method::DELETE, share).await;
    let check = checked(&service, &key).await;
    let of = |what: &str| format!("/v1/checks/{}/{what}", check["id"].as_str().unwrap());
    post(&of("feedback"), json!({ "right": false, "note": "written by a person" })).await;
    let why = json!({ "reason": "written by a person" });
    post(&of("appeal"), why.clone()).await;
    post(&of("overturn"), why).await;
    send(Method::DELETE, "/v1/accounts/account-4711").await;
    let hook = post("/v1/webhooks", json!({ "url": "https://hooks.example.org/" })).await;
    let hook_at = format!("/v1/webhooks/{}", hook["endpoint"]["id"].as_str().unwrap());
    let rotated = post(&format!("{hook_at}/rotate"), json!({})).await;
    send(Method::POST, &format!("{hook_at}/switch-on")).await;
    send(Method::POST, &format!("{hook_at}/replay")).await;
    send(Method::DELETE, &hook_at).await;
    let policy = service.client.put(service.at("/v1/policy")).bearer_auth(&key);
    let policy = policy.json(&json!({ "policy": "label" })).send().await.unwrap();
    assert!(policy.status().is_success());
    send(Method::DELETE, "/v1/policy").await;
    // Nothing changes, and nothing is written down.
    send(Method::DELETE, "/v1/policy").await;
    let new = json!({ "name": "more", "scopes": ["check"] });
    let made = post("/v1/admin/keys", new).await;
    let made_id = made["about"]["id"].as_str().unwrap();
    send(Method::DELETE, &format!("/v1/admin/keys/{made_id}")).await;
    post("/v1/admin/tenants", json!({ "name": "third" })).await;
    send(Method::DELETE, "/v1/admin/tenants/third").await;
    send(Method::DELETE, &at).await;
    let rename = service.client.patch(service.at("/v1/banks/SCAM")).bearer_auth(&key);
    rename.json(&json!({ "name": "OLD" })).send().await.unwrap();
    send(Method::DELETE, "/v1/banks/OLD").await;

    let page = service.client.get(service.at(&format!("/v1/audit?after={begun}")));
    let page: Value = page.bearer_auth(&key).send().await.unwrap().json().await.unwrap();
    let entries = page["entries"].as_array().unwrap();
    let actions: Vec<_> = entries.iter().map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions, WALK);
    let id = key.split('_').nth(2).unwrap();
    for entry in entries {
        assert_eq!(entry["actor"], format!("key {id}"), "{entry}");
    }
    let text = page.to_string();
    let report = &check["report"];
    for secret in [
        report["photo"]["sha256"].as_str().unwrap(),
        report["hashes"]["pdq"].as_str().unwrap(),
        hook["secret"].as_str().unwrap(),
        rotated["secret"].as_str().unwrap(),
        &key,
        "account-4711",
        "written by a person",
        ACCOUNT_KEY,
    ] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let head = service.store.verify_audit(TENANT, None).await.unwrap().unwrap();
    assert_eq!(
        (&page["head"]["number"], &page["head"]["hash"]),
        (&json!(head.number), &json!(head.hash))
    );
    assert!(page.get("next_after").is_none());
    let tenants = service.app.tenants();
    assert!(tenants.audit_entries(&operator(), 0, 5).await.unwrap().0.len() == 5);
}

/// The real binary prints the log and the end to be noted, and finds what was changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_shows_and_verifies_the_log() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let run = |args: &[&str]| {
            let output = photocheck(&place.url, args.iter().copied());
            let text = String::from_utf8(output.stdout).unwrap();
            (output.status.code(), text + &String::from_utf8_lossy(&output.stderr))
        };
        assert_eq!(run(&["bank", "create", "SCAM"]).0, Some(0));
        assert_eq!(run(&["tenant", "create", "acme"]).0, Some(0));
        let (_, shown) = run(&["audit", "show"]);
        let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines.len(), 2, "{shown}");
        assert_eq!(lines[0][2..5], ["command_line", "bank.created", "SCAM"]);
        assert_eq!(lines[1][2..5], ["command_line", "tenant.created", "acme"]);
        let (code, verified) = run(&["audit", "verify"]);
        let end = format!("2:{}", lines[1][5]);
        let expected = format!("acme: no entries\ndefault: 2 entries as written, end {end}\n");
        assert_eq!((code, verified.as_str()), (Some(0), expected.as_str()));
        let noted = ["audit", "verify", "--tenant", "default", "--noted"];
        let with = |head: &str| run(&[&noted[..], &[head]].concat());
        assert_eq!(with(&end).0, Some(0));
        let other = format!("1:{}", lines[1][5]);
        let (code, text) = with(&other);
        assert!(code == Some(1) && text.contains("entry 1 is another"), "{text}");
        assert_eq!(with("2:short").0, Some(2));

        let beside = AnyPool::connect(&place.url).await.unwrap();
        sqlx::query("update audit_entry set subject = 'SCAN' where number = 1")
            .execute(&beside)
            .await
            .unwrap();
        beside.close().await;
        let (code, text) = run(&["audit", "verify"]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("default: not as written: entry 1 was changed"), "{text}");
    }
}
