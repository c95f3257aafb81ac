//! Behind a real nginx: no bank opens without the token, and all works under a path.

use photocheck::app::access;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::{Value, json};

use crate::banks::STOLEN;
use crate::support::browser::{Browser, shows_all_operations};
use crate::support::nginx::Nginx;
use crate::support::serve::Serve;
use crate::support::{Service, fixture, fixture_path, photo_form, temporary_place};

/// The least that makes nginx a proxy, and what its manuals and Debian's `proxy_params` advise.
fn configurations(upstream: &str) -> [String; 3] {
    let pass = format!("location / {{ proxy_pass {upstream}; ");
    [
        format!("{pass} }}"),
        format!(
            "client_max_body_size 21m; {pass} proxy_set_header Host $host; \
             proxy_set_header X-Real-IP $remote_addr; \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; \
             proxy_set_header X-Forwarded-Proto $scheme; }}"
        ),
        format!("{pass} include /etc/nginx/proxy_params; proxy_request_buffering off; }}"),
    ]
}

/// What is done with banks, one after the other: method, path, body.
const OPERATIONS: [(&str, &str, &str); 7] = [
    ("GET", "/v1/banks", ""),
    ("POST", "/v1/banks", r#"{"name":"A"}"#),
    ("GET", "/v1/banks/A", ""),
    (
        "POST",
        "/v1/banks/A/import",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    ),
    ("GET", "/v1/banks/A/export?format=text", ""),
    ("GET", "/v1/banks/A/contents", ""),
    ("DELETE", "/v1/banks/A", ""),
];

/// What else is done with them.
const MORE: [(&str, &str, &str); 3] = [
    ("POST", "/v1/banks/A/contents", "a photo"),
    ("PATCH", "/v1/banks/A/contents/1", "{}"),
    ("DELETE", "/v1/banks/A/contents/1", ""),
];

/// What a client may write to seem to be on this machine, or to come from nowhere else.
const DISGUISES: [&[(&str, &str)]; 5] = [
    &[],
    &[("host", "localhost")],
    &[("host", "127.0.0.1:8080"), ("x-forwarded-for", "127.0.0.1")],
    &[("forwarded", "for=127.0.0.1;host=localhost"), ("x-real-ip", "::1")],
    &[("connection", "x-real-ip, x-forwarded-for"), ("authorization", "Bearer")],
];

async fn sent(
    client: &Client,
    base: &str,
    operation: (&str, &str, &str),
    headers: &[(&str, &str)],
) -> Response {
    let (method, path, body) = operation;
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client.request(method, format!("{base}{path}")).body(body.to_owned());
    if body.starts_with('{') {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// The program as it is started in the first minute, and nginx before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bank_opens_without_the_token() {
    let (folder, db) = temporary_place();
    let serve = Serve::start(&db, &["--create"]);
    let file = access::path_beside(&folder.path().join("test.sqlite"));
    assert_eq!(serve.access, format!("the banks need the token in {}", file.display()));
    let secret = std::fs::read_to_string(&file).unwrap();
    let bearer = format!("Bearer {}", secret.trim());
    let client = Client::new();
    let mut bases = vec![(serve.url.clone(), None)];
    for directives in configurations(&serve.url) {
        let Some(nginx) = Nginx::start(&directives).await else { return };
        bases.push((nginx.url.clone(), Some(nginx)));
    }
    for (base, _nginx) in &bases {
        for operation in OPERATIONS.into_iter().chain(MORE) {
            for headers in DISGUISES {
                let refused = sent(&client, base, operation, headers).await;
                assert_eq!(refused.status(), 401, "{base} {operation:?} {headers:?}");
                let body: Value = refused.json().await.unwrap();
                assert_eq!(body["code"], "TOKEN_NEEDED");
            }
        }
        let named = photo_form(fixture("edge/png-8.png"));
        let checked = client.post(format!("{base}/v1/check")).multipart(named).send().await;
        assert_eq!(checked.unwrap().status(), 200, "the check is open to all");
        for operation in OPERATIONS {
            let done = sent(&client, base, operation, &[("authorization", &bearer)]).await;
            assert!(done.status().is_success(), "{base} {operation:?}: {}", done.status());
        }
    }
    assert_eq!(bases.len(), 4);
    let log = serve.stop();
    assert!(log.contains("/v1/banks") && !log.contains(secret.trim()), "{log}");
}

/// The operator's own token, and the word that opens the banks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_operators_word_opens_the_banks_to_everybody() {
    let (folder, db) = temporary_place();
    let serve = Serve::start(&db, &["--create", "--bank-token", "geheim"]);
    assert_eq!(serve.access, "the banks need the token in PHOTOCHECK_BANK_TOKEN");
    let client = Client::new();
    let list = OPERATIONS[0];
    assert_eq!(sent(&client, &serve.url, list, &[]).await.status(), 401);
    let own = [("authorization", "bearer geheim")];
    assert_eq!(sent(&client, &serve.url, list, &own).await.status(), 200);
    serve.stop();
    let serve = Serve::start(&db, &["--banks-open-to-everybody"]);
    assert_eq!(serve.access, "the banks are open to everybody who reaches this port");
    assert_eq!(sent(&client, &serve.url, list, &[]).await.status(), 200);
    serve.stop();
    assert!(!access::path_beside(&folder.path().join("test.sqlite")).exists(), "none was needed");
}

/// What the page and the API page name, all by relative addresses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_works_under_a_path_of_a_proxy() {
    let service = Service::start().await;
    service.create_bank("ROMANCE_SCAM").await;
    service.bank_photo("ROMANCE_SCAM", fixture(STOLEN)).await;
    let directives = format!(
        "location /tools/photocheck/ {{ proxy_pass {}/; client_max_body_size 21m; }}",
        service.url
    );
    let Some(nginx) = Nginx::start(&directives).await else { return };
    let base = format!("{}/tools/photocheck/", nginx.url);
    let get = async |url: &str| {
        let answer = service.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{url}");
        answer.text().await.unwrap()
    };
    let mut followed = 0;
    for page in [base.clone(), format!("{base}docs/")] {
        let (html, url) = (get(&page).await, Url::parse(&page).unwrap());
        for attribute in ["href=\"", "src=\""] {
            for piece in html.split(attribute).skip(1) {
                let link = piece.split('"').next().unwrap();
                // Pictures in the page itself, and where people report.
                if ["data:", "https:", "tel:"].iter().any(|other| link.starts_with(other)) {
                    continue;
                }
                get(url.join(link).unwrap().as_str()).await;
                followed += 1;
            }
        }
    }
    assert!(8 <= followed, "{followed}");
    let api: Value = serde_json::from_str(&get(&format!("{base}openapi.json")).await).unwrap();
    assert_eq!(api["servers"][0]["url"], ".");

    let Some(browser) = Browser::open(390, 844).await else { return };
    browser.go(&base).await;
    browser.choose_file("#file", &fixture_path(STOLEN)).await;
    browser.until("document.querySelector('.result') !== null").await;
    let labels = "[...document.querySelectorAll('.label')].map((it) => it.textContent)";
    assert_eq!(browser.value(labels).await, json!(["Signs found", "Copy found"]));
    browser.go(&format!("{base}docs/")).await;
    browser.until(&shows_all_operations(&api)).await;
    assert_eq!(browser.complaints().await, Vec::<Value>::new());
}
