//! Every route of the API, called with what another tenant has: it answers as if that were not
//! there.

use std::collections::BTreeSet;

use photocheck::tenancy::KeyScope;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::banks::STOLEN;
use crate::support::keys::{key_order, make_key, operator};
use crate::support::{Service, fixture};
use crate::tenants::two_tenants;

/// What is sent.
enum Body {
    None,
    Json(Value),
    Photo,
    List,
}

/// Who may do it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// A key of the tenant that the ids are of.
    Owner,
    /// A key of whoever runs the service.
    Operator,
}

/// An operation of the API, called with what another tenant has.
struct Case {
    operation: &'static str,
    method: Method,
    path: String,
    body: Body,
    needs: KeyScope,
    by: By,
    /// The code of 404 that a stranger gets; `None` where nothing of another is named.
    hidden_as: Option<&'static str>,
}

/// What `acme` has, by its ids.
struct Its {
    content: i64,
    key: String,
    batch: String,
    /// It is done.
    check: String,
    /// It is done, and appealed.
    appealed: String,
    endpoint: String,
}

/// A case: its operation, method, path and body, the scope that it needs, who may do it, and the
/// code of 404 that a stranger gets.
type Entry = (&'static str, &'static str, String, Body, KeyScope, By, Option<&'static str>);

/// Every operation, in an order in which its owner can do all of them.
fn cases(its: &Its) -> Vec<Case> {
    let entries = entries_of_checks(its).into_iter().chain(entries_of_banks(its));
    let cases = entries.map(|(operation, method, path, body, needs, by, hidden_as)| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Case { operation, method, path, body, needs, by, hidden_as }
    });
    cases.collect()
}

/// Those of banks, tenants and keys. The last one erases everything.
fn entries_of_banks(Its { content, key, .. }: &Its) -> Vec<Entry> {
    use By::{Operator, Owner};
    use KeyScope::{Admin, BankRead, BankWrite};
    let bank = Some("NO_SUCH_BANK");
    let tenant = Some("NO_SUCH_TENANT");
    let at = |path: &str| format!("/v1/banks/SCAM{path}");
    let photo = at(&format!("/contents/{content}"));
    let share = "/v1/admin/tenants/acme/banks/SCAM/shares/bolt".to_owned();
    let rename = json!({ "name": "SCAM" });
    let new_key = json!({ "tenant": "acme", "name": "one more", "scopes": ["check"] });
    let own = |path: &str| path.to_owned();
    vec![
        ("list_banks", "GET", own("/v1/banks"), Body::None, BankRead, Owner, None),
        ("create_bank", "POST", own("/v1/banks"), new("NEW"), BankWrite, Owner, None),
        ("show_bank", "GET", at(""), Body::None, BankRead, Owner, bank),
        ("rename_bank", "PATCH", at(""), Body::Json(rename), BankWrite, Owner, bank),
        ("list_contents", "GET", at("/contents"), Body::None, BankRead, Owner, bank),
        ("add_content", "POST", at("/contents"), Body::Photo, BankWrite, Owner, bank),
        ("show_content", "GET", photo.clone(), Body::None, BankRead, Owner, bank),
        (
            "change_content",
            "PATCH",
            photo.clone(),
            Body::Json(json!({ "note": "mine" })),
            BankWrite,
            Owner,
            bank,
        ),
        ("import_bank", "POST", at("/import"), Body::List, BankWrite, Owner, bank),
        ("export_bank", "GET", at("/export"), Body::None, BankRead, Owner, bank),
        ("erase_account", "DELETE", own("/v1/accounts/4711"), Body::None, BankWrite, Owner, None),
        ("remove_content", "DELETE", photo, Body::None, BankWrite, Owner, bank),
        ("list_tenants", "GET", own("/v1/admin/tenants"), Body::None, Admin, Owner, None),
        ("create_tenant", "POST", own("/v1/admin/tenants"), new("third"), Admin, Operator, None),
        ("share_bank", "PUT", share.clone(), Body::None, Admin, Operator, tenant),
        ("unshare_bank", "DELETE", share, Body::None, Admin, Operator, tenant),
        ("list_keys", "GET", own("/v1/admin/keys?tenant=acme"), Body::None, Admin, Owner, tenant),
        ("make_key", "POST", own("/v1/admin/keys"), Body::Json(new_key), Admin, Owner, tenant),
        (
            "revoke_key",
            "DELETE",
            format!("/v1/admin/keys/{key}"),
            Body::None,
            Admin,
            Owner,
            Some("NO_SUCH_KEY"),
        ),
        ("delete_bank", "DELETE", at(""), Body::None, BankWrite, Owner, bank),
        (
            "erase_tenant",
            "DELETE",
            own("/v1/admin/tenants/acme"),
            Body::None,
            Admin,
            Operator,
            tenant,
        ),
    ]
}

/// Those of checks and webhooks.
fn entries_of_checks(Its { batch, check, appealed, endpoint, .. }: &Its) -> Vec<Entry> {
    use By::Owner;
    use KeyScope::{Admin, Check, Review};
    let own = |path: &str| path.to_owned();
    let label = json!({ "policy": "label" });
    let hook = json!({ "url": "https://hooks.example.org/" });
    let hook_at = |path: &str| format!("/v1/webhooks/{endpoint}{path}");
    let no_hook = Some("NO_SUCH_ENDPOINT");
    let said = |what: &str| format!("/v1/checks/{check}/{what}");
    let other = |what: &str| format!("/v1/checks/{appealed}/{what}");
    let (one, all) = (format!("/v1/checks/{check}"), format!("/v1/checks?batch_id={batch}"));
    let (right, no_check) = (json!({ "right": true }), Some("NO_SUCH_CHECK"));
    let why = || Body::Json(json!({ "reason": "it is me" }));
    vec![
        ("check_photo", "POST", own("/v1/check"), Body::Photo, Check, Owner, None),
        ("start_checks", "POST", own("/v1/checks"), Body::Photo, Check, Owner, None),
        ("show_check", "GET", one, Body::None, Check, Owner, no_check),
        ("show_statement", "GET", said("statement"), Body::None, Check, Owner, no_check),
        ("list_checks", "GET", all, Body::None, Check, Owner, no_check),
        ("give_feedback", "POST", said("feedback"), Body::Json(right), Check, Owner, no_check),
        ("appeal", "POST", said("appeal"), why(), Check, Owner, no_check),
        ("uphold", "POST", said("uphold"), why(), Review, Owner, no_check),
        ("overturn", "POST", other("overturn"), why(), Review, Owner, no_check),
        ("show_quality", "GET", own("/v1/quality"), Body::None, Review, Owner, None),
        ("set_policy", "PUT", own("/v1/policy"), Body::Json(label), Admin, Owner, None),
        ("show_policy", "GET", own("/v1/policy"), Body::None, Admin, Owner, None),
        ("reset_policy", "DELETE", own("/v1/policy"), Body::None, Admin, Owner, None),
        ("show_receipt", "GET", said("receipt"), Body::None, Check, Owner, no_check),
        ("list_audit", "GET", own("/v1/audit"), Body::None, Admin, Owner, None),
        ("list_endpoints", "GET", own("/v1/webhooks"), Body::None, Admin, Owner, None),
        ("register_endpoint", "POST", own("/v1/webhooks"), Body::Json(hook), Admin, Owner, None),
        ("list_messages", "GET", hook_at("/messages"), Body::None, Admin, Owner, no_hook),
        ("rotate_secret", "POST", hook_at("/rotate"), Body::None, Admin, Owner, no_hook),
        ("switch_on_endpoint", "POST", hook_at("/switch-on"), Body::None, Admin, Owner, no_hook),
        ("replay_messages", "POST", hook_at("/replay"), Body::None, Admin, Owner, no_hook),
        ("remove_endpoint", "DELETE", hook_at(""), Body::None, Admin, Owner, no_hook),
    ]
}

fn new(name: &str) -> Body {
    Body::Json(json!({ "name": name }))
}

impl Case {
    async fn send(&self, service: &Service, key: Option<&str>) -> Response {
        let mut request = service.client.request(self.method.clone(), service.at(&self.path));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let request = match &self.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Photo => request.body(fixture(STOLEN)),
            Body::List => request.body("0123456789abcdef".repeat(4)),
        };
        request.send().await.unwrap()
    }

    /// The answer must be a problem with this status and code.
    async fn refused(&self, answer: Response, status: u16, code: &str) {
        let got = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        assert_eq!((got, &body["code"]), (status, &code.into()), "{}: {body}", self.operation);
    }
}

/// The operations that the API's description has behind the gate of callers.
async fn operations(service: &Service) -> BTreeSet<String> {
    let api = service.client.get(service.at("/openapi.json")).send().await.unwrap();
    let api: Value = api.json().await.unwrap();
    let paths = api["paths"].as_object().unwrap();
    let gated = paths.iter().filter(|(path, _)| path.starts_with("/v1/"));
    let operations = gated.flat_map(|(_, item)| item.as_object().unwrap().values());
    operations.map(|it| it["operationId"].as_str().unwrap().to_owned()).collect()
}

/// A check of `acme` that is done, and the call that it came in.
async fn check_that_is_done(service: &Service) -> (String, String) {
    let key = make_key(service, "acme", [KeyScope::Check]).await;
    let send = service.client.post(service.at("/v1/checks")).bearer_auth(&key);
    let answer: Value = send.body(fixture(STOLEN)).send().await.unwrap().json().await.unwrap();
    let id = |id: &Value| id.as_str().unwrap().to_owned();
    let (batch, check) = (id(&answer["batch_id"]), id(&answer["checks"][0]["id"]));
    loop {
        let ask = service.client.get(service.at(&format!("/v1/checks/{check}"))).bearer_auth(&key);
        let answer: Value = ask.send().await.unwrap().json().await.unwrap();
        if answer["state"] == "done" {
            return (batch, check);
        }
        assert_eq!(answer["state"], "waiting", "{answer}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Where `acme` is told of what happens.
async fn endpoint(service: &Service) -> String {
    let key = make_key(service, "acme", [KeyScope::Admin]).await;
    let send = service.client.post(service.at("/v1/webhooks")).bearer_auth(key);
    let body = json!({ "url": "https://hooks.example.org/" });
    let answer: Value = send.json(&body).send().await.unwrap().json().await.unwrap();
    answer["endpoint"]["id"].as_str().unwrap().to_owned()
}

/// Every route, also one that is written tomorrow: with a stranger's key, without the scope,
/// without a key, and by those who may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_closed_to_other_tenants() {
    let (service, content) = two_tenants().await;
    let spare = key_order("acme", [KeyScope::Check]);
    let spare = service.app.tenants().make_key(&operator(), spare).await.unwrap();
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    let (batch, check) = check_that_is_done(&service).await;
    let (_, appealed) = check_that_is_done(&service).await;
    let appeal = service.client.post(service.at(&format!("/v1/checks/{appealed}/appeal")));
    let appeal = appeal.bearer_auth(make_key(&service, "acme", [KeyScope::Check]).await);
    let appeal = appeal.json(&json!({ "reason": "it is me" })).send().await.unwrap();
    assert_eq!(appeal.status(), 200);
    let endpoint = endpoint(&service).await;
    let key = spare.stored.id.to_string();
    let cases = cases(&Its { content, key, batch, check, appealed, endpoint });
    let known: BTreeSet<_> = cases.iter().map(|case| case.operation.to_owned()).collect();
    assert_eq!(known, operations(&service).await, "each operation needs a case here");

    let stranger = make_key(&service, "bolt", KeyScope::ALL).await;
    for case in &cases {
        let answer = case.send(&service, Some(&stranger)).await;
        match case.hidden_as {
            Some(code) => case.refused(answer, 404, code).await,
            None if case.by == By::Operator => {
                case.refused(answer, 403, "OPERATOR_NEEDED").await;
            }
            None => {
                assert!(answer.status().is_success(), "{}", case.operation);
                let body = answer.text().await.unwrap();
                assert!(!body.contains("acme") && !body.contains("SCAM"), "{body}");
            }
        }
    }
    for case in &cases {
        let without = KeyScope::ALL.into_iter().filter(|scope| *scope != case.needs);
        let key = make_key(&service, "acme", without).await;
        let answer = case.send(&service, Some(&key)).await;
        case.refused(answer, 403, "SCOPE_NEEDED").await;
        case.refused(case.send(&service, None).await, 401, "KEY_NEEDED").await;
    }
    let running = make_key(&service, "default", [KeyScope::Admin]).await;
    for case in &cases {
        let own = make_key(&service, "acme", [case.needs]).await;
        if case.by == By::Operator {
            let answer = case.send(&service, Some(&own)).await;
            case.refused(answer, 403, "OPERATOR_NEEDED").await;
        }
        let key = if case.by == By::Operator { &running } else { &own };
        let answer = case.send(&service, Some(key)).await;
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{}: {status} {body}", case.operation);
        let shows = ["list_banks", "show_bank", "check_photo"].contains(&case.operation);
        assert!(!shows || body.contains("SCAM"), "{}: {body}", case.operation);
    }
}
