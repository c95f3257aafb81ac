//! What holds of the page in every language, width and colour scheme: no barrier, nothing from
//! elsewhere, little to load, and refusals in plain words.

use std::collections::BTreeSet;

use photocheck::tenancy::Caller;
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::marks::{png_with, text_chunk};
use crate::support::{Service, Setup, fixture, fixture_path, fixtures, photo_form};

const WIDTHS: [u32; 3] = [360, 768, 1280];

/// Bytes of all that the page loads before a photo is chosen.
const FIRST_VIEW_BYTES_MAX: usize = 60 * 1024;

async fn sent(service: &Service, photo: Vec<u8>, lang: &str) -> Response {
    let url = service.at(&format!("/?lang={lang}"));
    service.client.post(url).multipart(photo_form(photo)).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_kept_out_at_any_width_in_any_scheme() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let service = Service::start().await;
    service.create_bank("ROMANCE_SCAM").await;
    service.bank_photo("ROMANCE_SCAM", fixture("photos/ai-portrait-3.jpg")).await;
    let mut looked_at = 0;
    for lang in ["en", "es"] {
        browser.go(&service.at(&format!("/?lang={lang}"))).await;
        for (state, file) in [
            ("start", None),
            ("result", Some("photos/ai-portrait-3.jpg")),
            ("refused", Some("hostile/truncated.jpg")),
        ] {
            if let Some(file) = file {
                browser.choose_file("#file", &fixture_path(file)).await;
                let is_there = if state == "result" { ".result" } else { ".refusal" };
                browser.until(&format!("document.querySelector('{is_there}') !== null")).await;
            }
            // Of the six looks three in each language, in turn.
            let schemes =
                if lang == "en" { ["light", "dark", "light"] } else { ["dark", "light", "dark"] };
            for (width, scheme) in WIDTHS.into_iter().zip(schemes) {
                browser.look(width, scheme).await;
                let place = format!("{state}-{lang}-{width}-{scheme}");
                browser.screenshot(&format!("look-{place}.png")).await;
                let wide = "document.documentElement.scrollWidth > innerWidth";
                assert_eq!(browser.value(wide).await, false, "{place}: something sticks out");
                let Some(found) = browser.accessibility_violations().await else { return };
                assert_eq!(found, Vec::<String>::new(), "{place}");
                looked_at += 1;
            }
        }
    }
    assert_eq!(looked_at, 2 * 3 * 3);
    // All that was loaded came from the service, and nothing was refused by the page's policy.
    let loaded = "performance.getEntriesByType('resource').map((it) => it.name)";
    let loaded = browser.value(loaded).await;
    let loaded = loaded.as_array().unwrap();
    assert!(3 <= loaded.len(), "{loaded:?}");
    for name in loaded {
        assert!(name.as_str().unwrap().starts_with(&service.url), "{name}");
    }
    let complaints = browser.complaints().await;
    let is_refusal = |it: &&Value| it["message"].as_str().unwrap().contains("status of 422");
    assert_eq!(complaints.iter().filter(|it| !is_refusal(it)).count(), 0, "{complaints:?}");
}

#[tokio::test]
async fn the_first_view_is_small() {
    let service = Service::start().await;
    let mut bytes = 0;
    for path in ["/", "/page.css", "/page.js", "/icon.svg"] {
        let answer = service.client.get(service.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        bytes += answer.bytes().await.unwrap().len();
    }
    assert!((10_000..FIRST_VIEW_BYTES_MAX).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn the_language_is_the_addresss_or_the_browsers() {
    let service = Service::start().await;
    for (path, accepted, expected) in [
        ("/", "", "en"),
        ("/", "fr", "en"),
        ("/", "es-MX, en;q=0.5", "es"),
        ("/?lang=en", "es", "en"),
        ("/?lang=es", "en", "es"),
        ("/?lang=tlh", "es", "es"),
    ] {
        let request = service.client.get(service.at(path)).header(ACCEPT_LANGUAGE, accepted);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()[CONTENT_LANGUAGE], expected, "{path} {accepted}");
        assert!(answer.headers().get("set-cookie").is_none());
        let html = answer.text().await.unwrap();
        assert!(html.contains(&format!("<html lang=\"{expected}\">")), "{path} {accepted}");
    }
}

/// No sentence is left in the other language.
#[tokio::test]
async fn every_sentence_is_translated() {
    let service = Service::start().await;
    let mut said = Vec::new();
    for lang in ["en", "es"] {
        let answer = sent(&service, fixture("photos/ai-portrait-1.jpg"), lang).await;
        let html = answer.text().await.unwrap();
        let pieces = html.split(['<', '>', '"']).map(str::trim);
        let is_sentence = |it: &&str| 3 < it.split(' ').count() && it.ends_with(['.', '?', ':']);
        said.push(pieces.filter(is_sentence).map(str::to_owned).collect::<BTreeSet<_>>());
    }
    assert!(said.iter().all(|sentences| 40 < sentences.len()), "{said:?}");
    let same: Vec<_> = said[0].intersection(&said[1]).collect();
    assert!(same.is_empty(), "{same:?}");
}

/// Every file that is refused is refused in words, with the status that the API answers.
#[tokio::test]
async fn refusals_say_what_to_do() {
    let service = Service::start().await;
    let mut refused = 0;
    for hostile in fixtures().hostile {
        let Some(code) = hostile.code else { continue };
        let by_api = service.check(fixture(&hostile.path)).await.status();
        let answer = sent(&service, fixture(&hostile.path), "en").await;
        assert_eq!(answer.status(), by_api, "{}", hostile.path);
        assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let html = answer.text().await.unwrap();
        assert!(html.contains(&format!("data-code=\"{code}\"")), "{}: {code}", hostile.path);
        // What is ours is not told as the file's fault, and the other way round.
        assert!(html.contains("<h2 tabindex=\"-1\">This file could not be checked"), "{code}");
        refused += 1;
    }
    assert!(20 <= refused, "{refused}");
    let answer = service.client.post(service.at("/")).body("").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("The file is empty."));
}

#[tokio::test]
async fn a_full_queue_is_not_the_photos_fault() {
    let setup = Setup { cores: 1, waiting_max: 0, ..Setup::default() };
    let service = Service::start_with(setup).await;
    let place = service.app.gate().enter(&Caller::with_bank_token()).unwrap();
    let answer = sent(&service, fixture("photos/real-coffee.jpg"), "en").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key(RETRY_AFTER));
    let html = answer.text().await.unwrap();
    assert!(html.contains("The check could not be done just now"), "{html}");
    assert!(html.contains("There is nothing wrong with yours."), "{html}");
    drop(place);
    let answer = sent(&service, fixture("photos/real-coffee.jpg"), "en").await;
    assert_eq!(answer.status(), StatusCode::OK);
}

/// What strangers named is shown as text.
#[tokio::test]
async fn what_a_file_says_is_escaped() {
    let service = Service::start().await;
    let png = png_with(&[text_chunk("Software", "\"><script>alert(1)</script>")]);
    let html = sent(&service, png, "en").await.text().await.unwrap();
    assert!(html.contains("names a program for pictures (&#34;&#62;&#60;script"), "{html}");
    assert!(!html.contains("<script>alert"), "{html}");
}
