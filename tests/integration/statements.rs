//! Statements of reasons: what is said to the person concerned, in every language and form.

use photocheck::tenancy::KeyScope;
use reqwest::Response;
use serde_json::{Value, json};

use crate::appeals::{answer, checked};
use crate::support::keys::make_key;
use crate::support::{Service, Setup, fixture, fixture_path, photocheck, temporary_db};

const SMALL: &str = "edge/png-8.png";

async fn asked(service: &Service, key: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = service.client.get(service.at(path)).bearer_auth(key);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_says_why_and_what_the_platform_has_to_add() {
    let service = Service::start_with(Setup { require_keys: true, ..Setup::default() }).await;
    let app = service.app.clone();
    tokio::spawn(async move { app.do_waiting_checks().await });
    let key = make_key(&service, "default", KeyScope::ALL).await;
    answer(&service, &key, "/v1/banks", &json!({ "name": "REPORTED_BY_BOB" })).await;
    let bank = service.client.post(service.at("/v1/banks/REPORTED_BY_BOB/contents"));
    let banked = bank.bearer_auth(&key).body(fixture(SMALL)).send().await.unwrap();
    assert!(banked.status().is_success());
    let check = checked(&service, &key).await;
    let at = format!("/v1/checks/{}/statement", check["id"].as_str().unwrap());

    let statement: Value = asked(&service, &key, &at, &[]).await.json().await.unwrap();
    assert_eq!((&statement["check_id"], &statement["verdict"]), (&check["id"], &"fake".into()));
    assert_eq!(statement["checked_at"], check["finished_at"]);
    assert_eq!(statement["photo_sha256"], check["report"]["photo"]["sha256"]);
    let fact = &statement["facts"][0];
    assert_eq!((&fact["code"], &fact["relied_on"]), (&"KNOWN_PHOTO".into(), &true.into()));
    assert_eq!(statement["automated_means"]["judged"], true);
    assert_eq!(statement["ground"]["policy"], check["report"]["versions"]["policy"]);
    assert_eq!(statement["decision"]["left_to_platform"].as_array().unwrap().len(), 5);
    assert_eq!(statement["redress"]["appeal"], "none");
    let appeal = statement["redress"]["path"].as_str().unwrap().to_owned();
    assert!(!statement.to_string().contains("REPORTED_BY_BOB"), "{statement}");

    let spanish = [("accept", "text/plain"), ("accept-language", "es-MX,es;q=0.9")];
    let text = asked(&service, &key, &at, &spanish).await;
    assert_eq!(text.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(text.headers()["content-language"], "es");
    let text = text.text().await.unwrap();
    assert!(text.starts_with("Declaración de motivos\n"), "{text}");
    for part in ["copia de una foto que se sabe", "Uso de medios automatizados", "impugnarlo"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // What the address says outranks the browser.
    let english = asked(&service, &key, &format!("{at}?language=en"), &spanish).await;
    assert!(english.text().await.unwrap().starts_with("Statement of reasons\n"));
    let other = asked(&service, &key, &format!("{at}?language=de"), &[]).await;
    assert_eq!(other.status(), 422);
    let other: Value = other.json().await.unwrap();
    assert_eq!(other["code"], "QUERY_NOT_VALID");
    assert!(other["detail"].as_str().unwrap().contains("en, es"), "{other}");

    let why = json!({ "reason": "it is me" });
    answer(&service, &key, &appeal, &why).await;
    let open: Value = asked(&service, &key, &at, &[]).await.json().await.unwrap();
    assert_eq!(open["redress"]["appeal"], "open");
    answer(&service, &key, &at.replace("statement", "overturn"), &why).await;
    let decided: Value = asked(&service, &key, &at, &[]).await.json().await.unwrap();
    assert_eq!(decided["redress"]["appeal"], "overturned");
    assert_eq!(decided["automated_means"]["judged"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_without_a_report_has_no_statement() {
    let service = Service::start_with(Setup { require_keys: true, ..Setup::default() }).await;
    let key = make_key(&service, "default", KeyScope::ALL).await;
    let send = service.client.post(service.at("/v1/checks")).bearer_auth(&key);
    let begun: Value = send.body(fixture(SMALL)).send().await.unwrap().json().await.unwrap();
    let at = format!("/v1/checks/{}/statement", begun["checks"][0]["id"].as_str().unwrap());
    let refused = asked(&service, &key, &at, &[]).await;
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "CHECK_NOT_DONE");
}

#[test]
fn the_command_line_prints_the_same() {
    let (_folder, db) = temporary_db();
    let photo = fixture_path("photos/ai-selfie-1.jpg");
    let photo = photo.to_str().unwrap();
    let output = photocheck(&db, ["check", "--statement", "es", photo]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nDeclaración de motivos\n"), "{text}");
    assert!(text.contains("- Una cara de la foto parece"), "{text}");
    let output = photocheck(&db, ["check", "--statement", "en", "--json", photo]);
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["statement"]["verdict"], line["verdict"]);
    assert_eq!(line["statement"]["photo_sha256"], line["photo"]["sha256"]);
    assert!(line["statement"].get("check_id").is_none());
    let refused = photocheck(&db, ["check", "--statement", "de", photo]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("must be en or es"));
}
