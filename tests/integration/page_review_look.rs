//! The page for moderators in a real Chromium: the whole path of one photo, the keys, and that
//! nobody is kept out at any width, in both languages, light and dark.

use photocheck::tenancy::KeyScope;
use serde_json::{Value, json};

use crate::page_review::{SMALL, flagging};
use crate::support::browser::Browser;
use crate::support::keys::make_key;
use crate::support::reviewing::checked;
use crate::support::{Place, Service};

const WIDTHS: [u32; 3] = [360, 768, 1280];
const PORTRAIT: &str = "photos/ai-portrait-1.jpg";

/// What the browser shows of the first element of that kind.
async fn shown(browser: &Browser, selector: &str) -> String {
    let text = browser.value(&format!("document.querySelector('{selector}').innerText")).await;
    text.as_str().unwrap_or_else(|| panic!("{selector}: {text}")).to_owned()
}

async fn log_in(browser: &Browser, service: &Service, key: &str, lang: &str) {
    browser.go(&service.at(&format!("/review?lang={lang}"))).await;
    browser.value(&format!("document.querySelector('#review-key').value = '{key}'")).await;
    browser.click("[value=log_in]").await;
    browser.until("document.querySelector('.parts') !== null").await;
}

/// Waits for the page that a button or a key leads to.
async fn after(browser: &Browser, selector: &str) {
    browser.until(&format!("document.querySelector('{selector}') !== null")).await;
}

async fn press(browser: &Browser, key: &str) {
    let press = format!(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', \
             {{ key: '{key}', bubbles: true, cancelable: true }}))"
    );
    browser.value(&press).await;
}

/// What the browser complained of, but for the refusals that the service was asked for.
async fn serious_complaints(browser: &Browser) -> Vec<Value> {
    let mut complaints = browser.complaints().await;
    complaints.retain(|entry| !entry["message"].as_str().unwrap().contains("status of 4"));
    complaints
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moderator_decides_with_keys_and_takes_it_back() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    checked(&service, &key, SMALL, "first").await;
    checked(&service, &key, PORTRAIT, "second").await;
    log_in(&browser, &service, &key, "en").await;
    assert_eq!(browser.value("document.querySelectorAll('.queue > li').length").await, 2);

    press(&browser, "n").await;
    after(&browser, "#decision").await;
    assert_eq!(shown(&browser, "h1").await, "Photo first");
    press(&browser, "?").await;
    assert_eq!(browser.value("document.querySelector('#keys').open").await, true);
    browser.screenshot("review-keys-1280.png").await;
    press(&browser, "c").await;
    assert_eq!(shown(&browser, "h1").await, "Photo first", "not while the list is open");
    press(&browser, "?").await;
    // A letter that is written is no command.
    browser.value("document.querySelector('#why').focus()").await;
    let write = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', \
                 { key: 'c', bubbles: true, cancelable: true }))";
    browser.value(write).await;
    assert_eq!(shown(&browser, "h1").await, "Photo first");
    browser.value("document.activeElement.blur()").await;

    press(&browser, "s").await;
    browser.until("document.querySelector('h1').innerText === 'Photo second'").await;
    let evidence = shown(&browser, ".evidence-all").await;
    assert!(evidence.contains("This photo looks as if AI made it."), "{evidence}");
    for said in ["Score 0.9", "Of 100 real photos, about 1 is flagged for this."] {
        assert!(evidence.contains(said), "{said}: {evidence}");
    }
    let shapes = "document.querySelectorAll('.drawing rect.other').length";
    assert_eq!(browser.value(shapes).await, 1, "the face is outlined");
    press(&browser, "e").await;
    assert_eq!(browser.value("document.activeElement.id").await, "why", "a reason is needed");
    browser.value("document.querySelector('#why').value = 'is it her?'").await;
    browser.value("document.activeElement.blur()").await;
    press(&browser, "e").await;
    browser.until("document.querySelector('h1').innerText === 'Photo first'").await;
    press(&browser, "r").await;
    after(&browser, ".empty").await;
    assert!(shown(&browser, ".said-done").await.contains("You rejected the verdict"));
    press(&browser, "u").await;
    after(&browser, "#decision").await;
    assert!(shown(&browser, ".said-done").await.contains("Your decision was undone."));

    // The keys can be switched off, which is remembered.
    press(&browser, "?").await;
    browser.click("#keys-on").await;
    browser.click("#hide-keys").await;
    press(&browser, "c").await;
    browser.go(&service.at("/review?lang=en")).await;
    press(&browser, "n").await;
    assert_eq!(shown(&browser, "h1").await, "Review", "no key does anything");
    browser.click("[value=log_out]").await;
    after(&browser, ".log-in").await;
    assert_eq!(serious_complaints(&browser).await, Vec::<Value>::new());
}

/// With JavaScript off, every step is a form.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moderator_decides_without_javascript() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    checked(&service, &key, SMALL, "only").await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    log_in(&browser, &service, &key, "es").await;
    browser.click("[value=next]").await;
    after(&browser, "#decision").await;
    browser.click("[name=allow]").await;
    browser.click("[value=reject]").await;
    after(&browser, ".empty").await;
    assert!(shown(&browser, ".said-done").await.contains("Esa foto ya no se marcará."));
    browser.click("[value=undo]").await;
    after(&browser, "#decision").await;
    assert_eq!(serious_complaints(&browser).await, Vec::<Value>::new());
}

/// No barrier on any screen, nothing that sticks out, and nothing from elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_moderator_is_kept_out_at_any_width_in_any_scheme() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let place = Place::in_file();
    let (service, key) = flagging(&place).await;
    let name = "an-upload-with-a-name-that-is-longer-than-any-line-of-a-phone-could-be-0123456789";
    checked(&service, &key, SMALL, name).await;
    let disputed = checked(&service, &key, PORTRAIT, "disputed").await;
    let disputed = disputed["id"].as_str().unwrap();
    let appeal = service.client.post(service.at(&format!("/v1/checks/{disputed}/appeal")));
    let appeal = appeal.bearer_auth(&key).json(&json!({ "reason": "it is me" }));
    assert!(appeal.send().await.unwrap().status().is_success());
    let wrong = make_key(&service, "default", [KeyScope::Check]).await;
    let mut looked_at = 0;
    for lang in ["en", "es"] {
        let look = async |state: &str| {
            // The others differ in their words alone.
            if lang == "es" && !["log-in", "queue", "appeal", "item"].contains(&state) {
                return 0;
            }
            let schemes =
                if lang == "en" { ["light", "dark", "light"] } else { ["dark", "light", "dark"] };
            for (width, scheme) in WIDTHS.into_iter().zip(schemes) {
                browser.look(width, scheme).await;
                let place = format!("review-{state}-{lang}-{width}-{scheme}");
                browser.screenshot(&format!("{place}.png")).await;
                let wide = "document.documentElement.scrollWidth > innerWidth";
                assert_eq!(browser.value(wide).await, false, "{place}: something sticks out");
                if let Some(found) = browser.accessibility_violations().await {
                    assert_eq!(found, Vec::<String>::new(), "{place}");
                }
            }
            let html = browser.value("document.documentElement.lang").await;
            assert_eq!(html, lang);
            WIDTHS.len()
        };
        let at = |query: &str| service.at(&format!("/review?lang={lang}{query}"));
        browser.go(&at("")).await;
        looked_at += look("log-in").await;
        browser.value(&format!("document.querySelector('#review-key').value = '{wrong}'")).await;
        browser.click("[value=log_in]").await;
        after(&browser, ".notice").await;
        looked_at += look("refused").await;
        log_in(&browser, &service, &key, lang).await;
        looked_at += look("queue").await;
        browser.go(&at("&state=decided")).await;
        looked_at += look("empty").await;
        browser.go(&at("&check=019abf5e-0000-7000-8000-000000000000")).await;
        after(&browser, ".notice").await;
        looked_at += look("not-there").await;
        browser.go(&at(&format!("&check={disputed}"))).await;
        looked_at += look("not-open").await;
        browser.click("[value=take]").await;
        after(&browser, "#decision").await;
        looked_at += look("appeal").await;
        browser.go(&at("")).await;
        // What is open with one comes first, so the disputed photo is passed on.
        browser.click("[value=next]").await;
        after(&browser, "#decision").await;
        browser.click("[value=skip]").await;
        browser.until(&format!("document.querySelector('h1').innerText.includes('{name}')")).await;
        looked_at += look("item").await;
        browser.click("[value=escalate]").await;
        after(&browser, ".notice").await;
        looked_at += look("reason-missing").await;
        browser.click("[value=log_out]").await;
        after(&browser, ".log-in").await;
    }
    assert_eq!(looked_at, (9 + 4) * 3);
    let loaded =
        browser.value("performance.getEntriesByType('resource').map((it) => it.name)").await;
    let loaded = loaded.as_array().unwrap();
    assert!(2 <= loaded.len(), "{loaded:?}");
    for name in loaded {
        assert!(name.as_str().unwrap().starts_with(&service.url), "{name}");
    }
    assert_eq!(serious_complaints(&browser).await, Vec::<Value>::new());
}
