//! After the verdict: what is said of it, and what an appeal changes.

use std::time::Duration;

use photocheck::tenancy::KeyScope;
use reqwest::Response;
use serde_json::{Value, json};

use crate::support::keys::make_key;
use crate::support::{Place, Service, Setup, fixture};

/// Small, so that it is checked soon.
const SMALL: &str = "edge/png-8.png";

async fn post(service: &Service, key: &str, path: &str, body: &Value) -> Response {
    let request = service.client.post(service.at(path)).bearer_auth(key);
    request.json(body).send().await.unwrap()
}

async fn answer(service: &Service, key: &str, path: &str, body: &Value) -> Value {
    post(service, key, path, body).await.json().await.unwrap()
}

/// The status and the code of a refusal.
async fn refused(service: &Service, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = post(service, key, path, body).await;
    let status = answer.status().as_u16();
    (status, answer.json::<Value>().await.unwrap()["code"].clone())
}

/// Checks a photo later; returns the check once it is finished.
async fn checked(service: &Service, key: &str) -> Value {
    let send = service.client.post(service.at("/v1/checks")).bearer_auth(key);
    let begun: Value = send.body(fixture(SMALL)).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/checks/{}", begun["checks"][0]["id"].as_str().unwrap());
    loop {
        let ask = service.client.get(service.at(&path)).bearer_auth(key);
        let check: Value = ask.send().await.unwrap().json().await.unwrap();
        if check["state"] != "waiting" {
            return check;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Flagged, appealed, overturned, and never flagged again; on every database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_was_wrongly_flagged_is_allowed_from_then_on() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let db = Some(place.url.clone());
        let service =
            Service::start_with(Setup { require_keys: true, db, ..Setup::default() }).await;
        let app = service.app.clone();
        tokio::spawn(async move { app.do_waiting_checks().await });
        let key = make_key(&service, "default", KeyScope::ALL).await;
        answer(&service, &key, "/v1/banks", &json!({ "name": "SCAM" })).await;
        let bank = service.client.post(service.at("/v1/banks/SCAM/contents")).bearer_auth(&key);
        assert!(bank.body(fixture(SMALL)).send().await.unwrap().status().is_success());
        let check = checked(&service, &key).await;
        assert_eq!(check["report"]["verdict"], "fake", "{check}");
        let at = |what: &str| format!("/v1/checks/{}/{what}", check["id"].as_str().unwrap());

        let wrong = json!({ "right": false, "note": "my own photo" });
        let said = answer(&service, &key, &at("feedback"), &wrong).await;
        assert_eq!(said["feedback"], wrong);
        let why = json!({ "reason": "it is me" });
        let early = refused(&service, &key, &at("overturn"), &why).await;
        assert_eq!(early, (409, json!("NO_OPEN_APPEAL")));
        let appealed = answer(&service, &key, &at("appeal"), &why).await;
        assert_eq!(appealed["appeal"]["state"], "open");
        assert_eq!(appealed["appeal"]["reason"], why["reason"]);
        let again = refused(&service, &key, &at("appeal"), &why).await;
        assert_eq!(again, (409, json!("APPEAL_EXISTS")));
        let long = json!({ "reason": "x".repeat(1001) });
        let long = refused(&service, &key, &at("overturn"), &long).await;
        assert_eq!(long, (422, json!("NOTE_TOO_LONG")));

        let decided = answer(&service, &key, &at("overturn"), &why).await;
        assert_eq!(decided["appeal"]["state"], "overturned", "{decided}");
        assert!(decided["appeal"]["decided_at"].is_i64());
        let twice = refused(&service, &key, &at("uphold"), &why).await;
        assert_eq!(twice, (409, json!("NO_OPEN_APPEAL")));
        let after = checked(&service, &key).await;
        assert_eq!(after["report"]["verdict"], "clear", "{after}");
        assert!(after["report"].to_string().contains("ALLOWED_PHOTO"), "{after}");

        // One that is upheld changes nothing.
        let at = |what: &str| format!("/v1/checks/{}/{what}", after["id"].as_str().unwrap());
        answer(&service, &key, &at("appeal"), &why).await;
        let upheld = answer(&service, &key, &at("uphold"), &why).await;
        assert_eq!(upheld["appeal"]["state"], "upheld");
        service.app.close().await;
    }
}
