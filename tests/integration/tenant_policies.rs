//! Policies that tenants have of their own: each is judged by its own, everywhere and on every
//! machine, and one that is not valid is refused with all its faults.

use std::time::{Duration, Instant};

use photocheck::store::TenantPolicy;
use photocheck::tenancy::{KeyScope, TenantId};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::Connection;

use crate::support::keys::{make_key, make_tenant};
use crate::support::{
    Place, Service, Setup, fixture, fixture_path, photocheck, root, temporary_place,
};

const AI: &str = "photos/ai-portrait-1.jpg";

fn places() -> impl Iterator<Item = Place> {
    [Some(Place::in_file()), Place::on_server()].into_iter().flatten()
}

async fn on(place: &Place) -> Service {
    Service::start_with(Setup { db: Some(place.url.clone()), ..Setup::default() }).await
}

/// The bundled policy `strict`, changed.
fn own(name: &str, version: &str, changes: &[(&str, &str)]) -> String {
    let strict = std::fs::read_to_string(root().join("models/policies/strict.toml")).unwrap();
    let named = strict.replace("name = \"strict\"", &format!("name = \"{name}\""));
    let text = named.replace("version = \"1\"", &format!("version = \"{version}\""));
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// By it a photo that AI made is never more than inconclusive.
fn lenient(version: &str) -> String {
    let strong = ("SYNTHETIC_FACE_STRONG = \"fake\"", "SYNTHETIC_FACE_STRONG = \"inconclusive\"");
    let plain = ("SYNTHETIC_FACE = \"suspect\"", "SYNTHETIC_FACE = \"inconclusive\"");
    own("ours", version, &[strong, plain])
}

async fn call(service: &Service, key: &str, method: Method, policy: Option<&str>) -> Response {
    let request = service.client.request(method, service.at("/v1/policy")).bearer_auth(key);
    let request = match policy {
        None => request,
        Some(policy) => request.json(&json!({ "policy": policy })),
    };
    request.send().await.unwrap()
}

async fn set(service: &Service, key: &str, policy: &str) -> Value {
    let answer = call(service, key, Method::PUT, Some(policy)).await;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    body
}

async fn refused(answer: Response, status: u16, code: &str) -> String {
    let got = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!((got, &body["code"]), (status, &code.into()), "{body}");
    body["detail"].as_str().unwrap().to_owned()
}

async fn check(service: &Service, key: &str, photo: &str) -> Value {
    let check = service.client.post(service.at("/v1/check")).bearer_auth(key);
    check.body(fixture(photo)).send().await.unwrap().json().await.unwrap()
}

/// The verdict, and by which policy.
async fn judged(service: &Service, key: &str) -> [String; 3] {
    said(&check(service, key, AI).await)
}

fn said(report: &Value) -> [String; 3] {
    let policy = &report["versions"]["policy"];
    let said = [&report["verdict"], &policy["name"], &policy["version"]];
    said.map(|it| it.as_str().unwrap_or_else(|| panic!("{report}")).to_owned())
}

/// One photo, judged by the policy of each, at once and later, over HTTP and on the command line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_tenant_is_judged_by_its_own_policy() {
    for place in places() {
        let service = on(&place).await;
        make_tenant(&service, "acme").await;
        make_tenant(&service, "bolt").await;
        let strict = make_key(&service, "default", KeyScope::ALL).await;
        let label = make_key(&service, "acme", KeyScope::ALL).await;
        let ours = make_key(&service, "bolt", KeyScope::ALL).await;
        let before = call(&service, &label, Method::GET, None).await.json::<Value>().await.unwrap();
        assert_eq!((&before["name"], &before["own"]), (&"strict".into(), &false.into()));
        let shown = set(&service, &label, "label").await;
        assert_eq!((&shown["name"], &shown["policy"]), (&"label".into(), &"label".into()));
        let shown = set(&service, &ours, &lenient("2026-12-01")).await;
        assert_eq!((&shown["version"], &shown["own"]), (&"2026-12-01".into(), &true.into()));
        assert_eq!(shown["policy"], lenient("2026-12-01"));
        let again = call(&service, &ours, Method::GET, None).await.json::<Value>().await.unwrap();
        assert_eq!(again, shown);

        assert_eq!(judged(&service, &strict).await, ["suspect", "strict", "1"]);
        assert_eq!(judged(&service, &label).await, ["clear", "label", "1"]);
        assert_eq!(judged(&service, &ours).await, ["inconclusive", "ours", "2026-12-01"]);
        let report = check(&service, &ours, AI).await;
        assert_eq!(report["answers"]["made_by_ai"]["answer"], "likely", "answers stay the same");
        assert_eq!(report["versions"]["policy"]["thresholds"], shown["thresholds"]);

        let app = service.app.clone();
        tokio::spawn(async move { app.do_waiting_checks().await });
        let start = service.client.post(service.at("/v1/checks")).bearer_auth(&label);
        let begun: Value = start.body(fixture(AI)).send().await.unwrap().json().await.unwrap();
        let id = begun["checks"][0]["id"].as_str().unwrap();
        let at = service.at(&format!("/v1/checks/{id}"));
        let later = loop {
            let ask = service.client.get(&at).bearer_auth(&label).send().await.unwrap();
            let check: Value = ask.json().await.unwrap();
            if check["state"] != "waiting" {
                break check;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        assert_eq!(said(&later["report"]), ["clear", "label", "1"]);

        let path = fixture_path(AI);
        let args = ["check", "--json", "--tenant", "bolt", path.to_str().unwrap()];
        let output = photocheck(&place.url, args);
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said(&line), ["inconclusive", "ours", "2026-12-01"]);

        let reset = call(&service, &label, Method::DELETE, None).await;
        assert_eq!(reset.status(), 204);
        assert_eq!(judged(&service, &label).await, ["suspect", "strict", "1"]);
        assert_eq!(judged(&service, &ours).await, ["inconclusive", "ours", "2026-12-01"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_policy_shows_on_another_machine_within_a_second() {
    for place in places() {
        let (one, other) = (on(&place).await, on(&place).await);
        let key = make_key(&one, "default", KeyScope::ALL).await;
        let mut waited = Vec::new();
        for version in ["1", "2", "3", "4", "5"] {
            set(&one, &key, &lenient(version)).await;
            let begun = Instant::now();
            // What decides there, without the time of a check.
            let decides = || {
                let checker = other.app.checker_for(TenantId::DEFAULT).unwrap();
                checker.policy().version().version.clone()
            };
            while decides() != version {
                assert!(begun.elapsed() < Duration::from_secs(30), "it never shows");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            waited.push(begun.elapsed());
        }
        waited.sort();
        assert!(waited[2] < Duration::from_secs(1), "{waited:?}");
        assert_eq!(judged(&other, &key).await, ["inconclusive", "ours", "5"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_not_valid_is_refused_with_all_its_faults() {
    for place in places() {
        let service = on(&place).await;
        let key = make_key(&service, "default", KeyScope::ALL).await;
        let put = async |policy: &str| call(&service, &key, Method::PUT, Some(policy)).await;
        let wrong = own(
            "strict",
            "a b",
            &[
                ("KNOWN_PHOTO = \"fake\"", "KNOWN_FOTO = \"fake\""),
                ("SYNTHETIC_FACE = \"suspect\"", "SYNTHETIC_FACE = \"fake\""),
            ],
        ) + "\n[quarantine]\ndifferent_photos_max = 1\ndistance_min = 46\n[seen]\nsuspect = 1\n";
        let detail = refused(put(&wrong).await, 422, "POLICY_NOT_VALID").await;
        for fault in [
            "version has 1 to 32 characters",
            "weights.KNOWN_FOTO: there is no such reason",
            "weights.KNOWN_PHOTO is missing",
            "weights.SYNTHETIC_FACE is \"fake\", it must be at most \"suspect\"",
            "its name must not be strict",
            "quarantine is the operator's",
            "seen: ",
        ] {
            assert!(detail.contains(fault), "{fault}: {detail}");
        }
        refused(put("neither").await, 422, "POLICY_NOT_VALID").await;
        let long = lenient("1") + &"#".repeat(16 * 1024);
        let detail = refused(put(&long).await, 422, "POLICY_NOT_VALID").await;
        assert!(detail.contains("the limit is 16384"), "{detail}");
        // Nothing of that decides.
        assert_eq!(judged(&service, &key).await, ["suspect", "strict", "1"]);

        // Equal versions decide equally, for good.
        set(&service, &key, &lenient("1")).await;
        let changed = lenient("1")
            .replace("DETECTOR_FAILED = \"inconclusive\"", "DETECTOR_FAILED = \"clear\"");
        refused(put(&changed).await, 409, "POLICY_VERSION_TAKEN").await;
        set(&service, &key, &changed.replace("version = \"1\"", "version = \"2\"")).await;
        refused(put(&changed).await, 409, "POLICY_VERSION_TAKEN").await;
        assert_eq!(set(&service, &key, &lenient("1")).await["version"], "1", "it may come back");
    }
}

/// From which score on a photo is looked at again is the tenant's, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thresholds_of_a_tenant_decide_what_is_examined() {
    let service = Service::start().await;
    let key = make_key(&service, "default", KeyScope::ALL).await;
    let before = check(&service, &key, AI).await;
    assert_eq!(before["answers"]["made_by_ai"]["answer"], "likely");
    assert!(before["evidence"]["synthetic"]["stability"].is_object(), "{before}");
    let high = own("high", "1", &[])
        + "\n[synthetic_face]\nmodel = \"synthetic-8\"\n\
         [synthetic_face.unsure]\nscore = 0.9998\nfalse_positive_rate = 0.0002\n\
         [synthetic_face.suspect]\nscore = 0.9999\nfalse_positive_rate = 0.0001\n";
    set(&service, &key, &high).await;
    let after = check(&service, &key, AI).await;
    assert_eq!(after["answers"]["made_by_ai"]["answer"], "no_sign", "{after}");
    assert!(after["evidence"]["synthetic"].get("stability").is_none(), "{after}");
}

/// One that an earlier version of the program took, and this one does not: no other policy decides
/// in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_policy_decides_in_place_of_one_that_cannot_be_used() {
    let place = Place::in_file();
    let service = on(&place).await;
    let acme = make_tenant(&service, "acme").await;
    let [own, its] = [
        make_key(&service, "default", KeyScope::ALL).await,
        make_key(&service, "acme", KeyScope::ALL).await,
    ];
    let (name, version, text) = ("old".to_owned(), "1".to_owned(), "name = \"old\"".to_owned());
    let old = TenantPolicy { name, version, text, set_at: 1 };
    service.store.set_policy(acme, &old).await.unwrap();
    service.live.refresh().await.unwrap();
    let check_its = service.client.post(service.at("/v1/check")).bearer_auth(&its);
    let answer = check_its.body(fixture(AI)).send().await.unwrap();
    refused(answer, 503, "POLICY_NOT_USABLE").await;
    assert_eq!(judged(&service, &own).await, ["suspect", "strict", "1"]);
    let shown = call(&service, &its, Method::GET, None).await.json::<Value>().await.unwrap();
    assert_eq!((&shown["name"], &shown["version"]), (&"old".into(), &"1".into()));

    // What was accepted waits for another one, without an attempt.
    let start = service.client.post(service.at("/v1/checks")).bearer_auth(&its);
    assert_eq!(start.body(fixture(AI)).send().await.unwrap().status(), 202);
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    while service.store.queues().await.unwrap().checks.put_back == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut beside = sqlx::SqliteConnection::connect(&place.url).await.unwrap();
    let due = "select attempt, due_at - unixepoch() from photo_check";
    let (attempts, due_in_s): (i64, i64) =
        sqlx::query_as(due).fetch_one(&mut beside).await.unwrap();
    assert!(attempts == 0 && (55..=64).contains(&due_in_s), "{attempts} {due_in_s}");

    // A bundled one is shown as this program has it.
    let [name, text] = ["label".to_owned(), "label".to_owned()];
    let earlier = TenantPolicy { name, version: "0".to_owned(), text, set_at: 2 };
    service.store.set_policy(acme, &earlier).await.unwrap();
    let shown = call(&service, &its, Method::GET, None).await.json::<Value>().await.unwrap();
    assert_eq!((&shown["name"], &shown["version"]), (&"label".into(), &"1".into()));
    set(&service, &its, "label").await;
    assert_eq!(judged(&service, &its).await, ["clear", "label", "1"]);
}

/// `photocheck tenant policy`, and a job over many photos.
#[test]
fn the_command_line_sets_and_shows_policies() {
    let (folder, db) = temporary_place();
    let text = |args: &[&str]| {
        let output = photocheck(&db, args.iter().copied());
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), said)
    };
    assert!(text(&["tenant", "create", "acme"]).0);
    let shown = text(&["tenant", "policy", "acme", "--show"]);
    assert_eq!(shown, (true, "acme is judged by the operator's policy\n".to_owned()));
    let file = folder.path().join("ours.toml");
    std::fs::write(&file, lenient("7")).unwrap();
    let file = file.to_str().unwrap();
    let (done, said) = text(&["tenant", "policy", "acme", "--set", file]);
    assert!(done && said == "acme is judged by ours 7\n", "{said}");
    let (_, said) = text(&["tenant", "policy", "acme", "--show"]);
    assert!(said.contains("ours 7\n\n") && said.contains("KNOWN_PHOTO = \"fake\""), "{said}");
    let (done, said) = text(&["tenant", "policy", "nobody", "--set", "label"]);
    assert!(!done && said.contains("there is no tenant nobody"), "{said}");
    std::fs::write(file, "name = \"ours\"").unwrap();
    let (done, said) = text(&["tenant", "policy", "acme", "--set", file]);
    assert!(!done && said.contains("version is missing; weights is missing"), "{said}");

    let job = folder.path().join("job");
    let photo = fixture_path(AI);
    let args = ["bulk", "run", photo.to_str().unwrap(), "--out", job.to_str().unwrap()];
    let (_, said) = text(&[&args[..], &["--tenant", "acme"]].concat());
    assert!(said.contains("policy ours 7") && said.contains("1 inconclusive"), "{said}");

    assert!(text(&["tenant", "policy", "acme", "--reset"]).0);
    let shown = text(&["tenant", "policy", "acme", "--show"]);
    assert_eq!(shown, (true, "acme is judged by the operator's policy\n".to_owned()));
}
