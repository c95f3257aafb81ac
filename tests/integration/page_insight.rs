//! The page of insight: who sees it, what it counts, its tables as CSV, and that nobody is kept
//! out at any width, in both languages, light and dark.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use photocheck::app::models;
use photocheck::clock;
use photocheck::http;
use photocheck::ids;
use photocheck::store::{NewBatch, NewCheck, Outcome, Store, TenantDay, WaitsIn, WorkerId};
use photocheck::tenancy::{KeyScope, TenantId};
use photocheck::webhooks::{EventKind, NewEvent};
use photocheck_core::evaluation::drift::{PHOTOS_MIN, ScoreCounts};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::drift::add_scores;
use crate::page_review::{SMALL, flagging};
use crate::support::browser::Browser;
use crate::support::keys::{make_key, make_tenant};
use crate::support::reviewing::{Reviewer, check_in, checked};
use crate::support::{Place, Service, Setup};

const WIDTHS: [u32; 3] = [360, 768, 1280];

/// Checks of a tenant that were finished on a day, with this report.
async fn finish(store: &Store, tenant: TenantId, day: i64, report: &str, count: u32) {
    let batch = NewBatch { id: ids::new_id(), tenant, accepted_at: day * clock::DAY_S };
    // Of a machine that nobody takes anything from.
    let worker = WorkerId::new(ids::new_id());
    store.worker_is_alive(&worker, Duration::from_mins(10)).await.unwrap();
    for place in 0..count {
        let (id, photo) = (ids::new_id(), WaitsIn::Memory(worker.clone()));
        let new = NewCheck { id, place, external_id: String::new(), photo_bytes: 9, photo };
        store.add_check(&batch, new).await.unwrap();
    }
    assert!(store.accept_batch(&batch, count.try_into().unwrap(), &[], None).await.unwrap());
    for _ in 0..count {
        let claimed = store.claim_check(&worker, TenantId(0), &[]).await.unwrap().unwrap();
        let outcome = Outcome::Report(report.to_owned());
        let event = NewEvent { kind: EventKind::CheckFinished, payload: "{}".to_owned() };
        let finished_at = day * clock::DAY_S;
        assert!(
            store.finish_check(&worker, &claimed, &outcome, &event, finished_at).await.unwrap()
        );
    }
}

/// Some days of a platform, one of which drifted.
async fn fill(store: &Store, tenant: TenantId) {
    let today = clock::today();
    let of = |verdict: &str, code: &str| {
        json!({ "verdict": verdict, "reasons": [{ "code": code }] }).to_string()
    };
    for (day, verdict, code, count) in [
        (today - 3, "clear", "NO_EVIDENCE", 5),
        (today - 2, "suspect", "SYNTHETIC_FACE", 2),
        (today - 2, "clear", "NO_EVIDENCE", 3),
        (today, "inconclusive", "LOW_DETAIL", 1),
    ] {
        finish(store, tenant, day, &of(verdict, code), count).await;
    }
    let card = models::load_card_scores(None).unwrap().unwrap();
    let mut mixed = ScoreCounts::default();
    for (bin, count) in card.real.bins() {
        mixed.add(bin, 9 * count);
    }
    mixed.add_all(&card.ai_made);
    for day in today - 12..today {
        let scores = BTreeMap::from([(TenantDay { tenant, day }, mixed)]);
        store.add_scores("synthetic-8", &scores).await.unwrap();
    }
    add_scores(store, tenant, today - 5, 0.55, PHOTOS_MIN).await;
}

/// The rows of a table, by what stands first in them.
async fn table(reviewer: &mut Reviewer, name: &str) -> BTreeMap<String, Vec<String>> {
    let page = reviewer.open(&format!("insight.csv?table={name}")).await;
    assert_eq!(page.status, StatusCode::OK, "{name}: {}", page.html);
    let mut reader = csv::ReaderBuilder::new().from_reader(page.html.as_bytes());
    let rows = reader.records().map(|row| {
        let cells: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
        (cells[0].clone(), cells[1..].to_vec())
    });
    rows.collect()
}

/// What is counted, on every database, and of one's own tenant alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reviewer_sees_the_numbers_of_their_own_tenant() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let (service, key) = flagging(&place).await;
        let other = make_tenant(&service, "other").await;
        let mut reviewer = Reviewer::logged_in(&service, &key).await;
        let empty = reviewer.open("insight").await;
        assert_eq!(empty.status, StatusCode::OK);
        for said in ["No check was done later", "No photo had a score", "No check was judged"] {
            assert!(empty.html.contains(said), "{said}: {}", empty.html);
        }
        checked(&service, &key, SMALL, "one").await;
        let next = reviewer.act("review", &[("action", "next")]).await;
        let check = check_in(&next.location).to_owned();
        let feedback = service.client.post(service.at(&format!("/v1/checks/{check}/feedback")));
        let feedback = feedback.bearer_auth(&key).json(&json!({ "right": false }));
        assert!(feedback.send().await.unwrap().status().is_success());
        let fields = [("check", check.as_str()), ("action", "confirm"), ("reason", "")];
        reviewer.act(&next.location, &fields).await;
        fill(&service.store, TenantId::DEFAULT).await;
        finish(&service.store, other, clock::today(), r#"{"verdict":"fake","reasons":[]}"#, 9)
            .await;

        let day = |ago: i64| {
            let at = chrono::DateTime::from_timestamp((clock::today() - ago) * clock::DAY_S, 0);
            at.unwrap().format("%Y-%m-%d").to_string()
        };
        let checks = table(&mut reviewer, "checks").await;
        assert_eq!(checks.len(), 7);
        assert_eq!(checks[&day(3)], ["0", "0", "0", "5", "0"]);
        assert_eq!(checks[&day(2)], ["0", "2", "0", "3", "0"]);
        assert_eq!(checks[&day(0)], ["1", "0", "1", "0", "0"]);
        let reasons = table(&mut reviewer, "reasons").await;
        for (code, count) in [("SYNTHETIC_FACE", "2"), ("LOW_DETAIL", "1"), ("KNOWN_PHOTO", "1")] {
            assert_eq!(reasons[code], [count], "{code}");
        }
        assert!(!reasons.contains_key("NO_EVIDENCE"), "{reasons:?}");
        let drift = table(&mut reviewer, "drift").await;
        assert_eq!(drift.len(), 30);
        let distance = |ago| drift[&day(ago)][1].parse::<f64>().ok();
        assert!(distance(1).unwrap() < 0.1 && 0.1 < distance(5).unwrap(), "{drift:?}");
        assert_eq!(distance(20), None, "too few photos");
        let scores = table(&mut reviewer, "scores").await;
        let shares = scores.values().map(|row| row[1].parse::<f64>().unwrap());
        assert!((shares.sum::<f64>() - 1.0).abs() < 1e-3, "{scores:?}");
        assert_eq!(table(&mut reviewer, "banks").await["SCAM"], ["known_fake", "1", "0"]);
        let agreement = table(&mut reviewer, "agreement").await;
        assert_eq!(agreement["platform"], ["1", "0"], "confirmed what was said to be wrong");
        let now = table(&mut reviewer, "now").await;
        assert_eq!((&*now["open"][0], &*now["checks_waiting"][0]), ("3", "0"));
        assert_eq!(table(&mut reviewer, "webhooks").await["endpoints"], ["0"]);
        let unknown = reviewer.open("insight.csv?table=tenants").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);

        let html = reviewer.open("insight").await.html;
        assert!(html.contains("The scores are as") || html.contains("The scores differ"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_logged_in_is_sent_to_the_log_in_and_back() {
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    let mut reviewer = Reviewer::new(&service);
    for address in ["insight?lang=es", "insight.csv?table=banks&lang=es"] {
        let page = reviewer.open(address).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{address}");
        assert_eq!(page.location, "review?lang=es&to=insight", "{address}");
    }
    let checker = make_key(&service, "default", [KeyScope::Check]).await;
    assert_eq!(reviewer.log_in(&checker).await.status, StatusCode::FORBIDDEN);
    assert_eq!(reviewer.open("insight").await.status, StatusCode::SEE_OTHER);
    let at = "review?lang=es&to=insight";
    let page = reviewer.act(at, &[("action", "log_in"), ("key", &key)]).await;
    assert_eq!((page.status, page.location.as_str()), (StatusCode::SEE_OTHER, at));
    let page = reviewer.open(at).await;
    assert_eq!(page.location, "insight?lang=es");
    assert!(reviewer.open("insight?lang=es").await.html.contains("Revisiones por día"));
    assert!(reviewer.open("review").await.html.contains("href=\"insight?lang=en\""));

    // Without keys it is open to whoever reaches the service, as the other page is.
    let open = Service::start_with(Setup::default()).await;
    let page = Reviewer::new(&open).open("insight").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.set_cookie.is_some());
}

/// No sentence is left in the other language.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_is_kept_out_at_any_width_in_any_scheme() {
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    fill(&service.store, TenantId::DEFAULT).await;
    let mut said = Vec::new();
    let mut reviewer = Reviewer::logged_in(&service, &key).await;
    for lang in ["en", "es"] {
        let html = reviewer.open(&format!("insight?lang={lang}")).await.html;
        let pieces = html.split(['<', '>', '"']).map(str::trim).map(str::to_owned);
        let is_sentence = |it: &String| 3 < it.split(' ').count() && it.ends_with('.');
        said.push(pieces.filter(is_sentence).collect::<BTreeSet<_>>());
    }
    assert!(said.iter().all(|sentences| 12 < sentences.len()), "{said:?}");
    assert_eq!(said[0].intersection(&said[1]).count(), 0);

    let Some(browser) = Browser::open(1280, 900).await else { return };
    // Everything works without JavaScript: there is none on the page.
    browser.go(&service.at("/review?to=insight")).await;
    browser.value(&format!("document.querySelector('#review-key').value = '{key}'")).await;
    browser.click("[value=log_in]").await;
    browser.until("document.querySelector('.insight') !== null").await;
    assert_eq!(browser.value("document.scripts.length").await, 0);
    for (lang, schemes) in [("en", ["light", "dark", "light"]), ("es", ["dark", "light", "dark"])] {
        browser.go(&service.at(&format!("/insight?lang={lang}"))).await;
        let closed = lang == "en";
        if !closed {
            browser.click("#checks summary").await;
            browser.click("#scores summary").await;
        }
        for (width, scheme) in WIDTHS.into_iter().zip(schemes) {
            browser.look(width, scheme).await;
            let place = format!("insight-{lang}-{width}-{scheme}");
            browser.screenshot(&format!("{place}.png")).await;
            let wide = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.value(wide).await, false, "{place}: something sticks out");
            if let Some(found) = browser.accessibility_violations().await {
                assert_eq!(found, Vec::<String>::new(), "{place}");
            }
        }
    }
    assert_eq!(browser.complaints().await, Vec::<Value>::new());
}

#[tokio::test]
async fn pages_that_are_switched_off_are_not_there() {
    let started = Service::start().await;
    let mut service = http::service::Service::new(started.app.clone());
    (service.insight_page, service.protect_page) = (false, false);
    let router = http::router(Arc::new(service));
    for (path, status) in [
        ("/insight", 404),
        ("/insight.csv", 404),
        ("/protect", 404),
        ("/protect.js", 404),
        ("/review", 200),
        ("/", 200),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let html = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let html = String::from_utf8(html.to_vec()).unwrap();
        for link in ["href=\"insight?", "href=\"protect?"] {
            assert!(!html.contains(link), "{path} leads to {link}");
        }
    }
}
