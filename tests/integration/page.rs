//! The page for people, in a real Chromium: choosing, dropping and pasting a photo.

use photocheck::tenancy::KeyScope;
use serde_json::Value;

use crate::support::browser::{Browser, shows_all_operations};
use crate::support::keys::make_key;
use crate::support::{Service, fixture, fixture_path};

/// Passes the page the photo at `url` as if it had been dropped or pasted.
fn handed_over(event: &str, holder: &str, url: &str) -> String {
    format!(
        "fetch('{url}').then((answer) => answer.blob()).then((blob) => {{
           const data = new DataTransfer();
           data.items.add(new File([blob], 'photo'));
           const event = new Event('{event}', {{ bubbles: true, cancelable: true }});
           Object.defineProperty(event, '{holder}', {{ value: data }});
           document.dispatchEvent(event);
         }})"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_the_answers_about_a_photo() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let service = Service::start().await;
    service.create_bank("ROMANCE_SCAM").await;
    service.bank_photo("ROMANCE_SCAM", fixture("photos/ai-portrait-1.jpg")).await;
    browser.go(&service.at("/")).await;
    browser.screenshot("page-start.png").await;

    browser.choose_file("#file", &fixture_path("photos/ai-portrait-1.jpg")).await;
    browser.until("!document.getElementById('result').hidden").await;
    let said = async |id: &str| {
        let text = browser.value(&format!("document.getElementById('{id}').textContent")).await;
        text.as_str().unwrap().to_owned()
    };
    let (ai, known) = (said("made_by_ai").await, said("known_photo").await);
    assert!(ai.starts_with("Probably made by AI. About 1 in 100 real photos"), "{ai}");
    assert!(known.starts_with("A copy of a photo that is known to be stolen"), "{known}");
    assert_eq!(said("verdict").await, "Verdict by the policy strict: fake.");
    // They stand before the evidence.
    let first = "document.getElementById('known_photo').getBoundingClientRect().bottom <= \
                 document.getElementById('preview').getBoundingClientRect().top";
    assert_eq!(browser.value(first).await, true);
    let reasons = browser.value("document.getElementById('reasons').textContent").await;
    assert!(reasons.as_str().unwrap().contains("ROMANCE_SCAM"), "{reasons}");
    let regions = browser.value("document.querySelectorAll('#boxes rect.match').length").await;
    assert_eq!(regions, 1, "the region that matched is framed");
    browser.until("document.getElementById('preview').naturalWidth > 0").await;
    browser.screenshot("page-fake.png").await;

    browser.choose_file("#file", &fixture_path("photos/real-coffee.jpg")).await;
    let not_judged = "document.getElementById('made_by_ai').textContent === \
                      'Not judged for AI: no face was found.'";
    browser.until(not_judged).await;
    assert!(said("known_photo").await.starts_with("No copy of a known photo."));
    browser.screenshot("page-not-sure.png").await;

    browser.choose_file("#file", &fixture_path("hostile/photo.avif")).await;
    browser.until("document.getElementById('status').textContent.includes('AVIF')").await;
    assert_eq!(browser.value("document.getElementById('result').hidden").await, true);
    browser.screenshot("page-refused.png").await;

    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    assert_eq!(browser.value(wide).await, false, "nothing sticks out on a phone");
    let complaints = browser.complaints().await;
    let serious: Vec<&Value> = complaints
        .iter()
        .filter(|entry| !entry["message"].as_str().unwrap().contains("415"))
        .collect();
    assert!(serious.is_empty(), "{serious:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_can_be_dropped_or_pasted() {
    let Some(browser) = Browser::open(1200, 900).await else { return };
    let service = Service::start().await;
    browser.go(&service.at("/")).await;
    for (event, holder) in [("drop", "dataTransfer"), ("paste", "clipboardData")] {
        browser.value("document.getElementById('result').hidden = true").await;
        // The page's own icon is no photo, so the refusal shows that the file arrived.
        browser.value(&handed_over(event, holder, "/icon.svg")).await;
        browser.until("document.getElementById('status').textContent.includes('SVG')").await;
        browser.value("document.getElementById('status').textContent = ''").await;
    }
    // There is no bank here.
    browser.choose_file("#file", &fixture_path("photos/real-hopper.jpg")).await;
    browser.until("!document.getElementById('result').hidden").await;
    let known = browser.value("document.getElementById('known_photo').textContent").await;
    assert_eq!(known, "Not compared with known photos: there are none here yet.");
}

/// The API page works from what the service itself serves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_page_shows_the_operations() {
    let Some(browser) = Browser::open(1200, 900).await else { return };
    let service = Service::start().await;
    browser.go(&service.at("/docs/")).await;
    let api = service.client.get(service.at("/openapi.json")).send().await.unwrap();
    browser.until(&shows_all_operations(&api.json().await.unwrap())).await;
    browser.screenshot("page-api.png").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// Where calls need a key, the page asks for it and sends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_with_a_key_is_asked_for_it() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let service = Service::start().await;
    let key = make_key(&service, "default", [KeyScope::Check]).await;
    browser.go(&service.at("/")).await;
    assert_eq!(browser.value("document.getElementById('key-row').hidden").await, true);
    browser.choose_file("#file", &fixture_path("photos/real-coffee.jpg")).await;
    browser.until("!document.getElementById('key-row').hidden").await;
    browser.screenshot("page-key.png").await;
    browser.value(&format!("document.getElementById('key').value = '{key}'")).await;
    browser.choose_file("#file", &fixture_path("photos/real-coffee.jpg")).await;
    browser
        .until("document.getElementById('made_by_ai').textContent.startsWith('Not judged')")
        .await;
}
