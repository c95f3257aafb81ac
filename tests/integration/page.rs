//! The page for people, in a real Chromium: what it says, and how one sends it photos.

use photocheck::tenancy::KeyScope;
use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::browser::{Browser, shows_all_operations};
use crate::support::keys::make_key;
use crate::support::{Service, fixture, fixture_path, half_size_jpeg, photo_form};

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

const IS_DONE: &str = "document.querySelector('#results > article') !== null && \
                       !document.getElementById('results').hasAttribute('aria-busy')";

/// What the browser shows of the first element of that kind.
async fn shown(browser: &Browser, selector: &str) -> String {
    let text = browser.value(&format!("document.querySelector('{selector}').innerText")).await;
    text.as_str().unwrap_or_else(|| panic!("{selector}: {text}")).to_owned()
}

async fn count(browser: &Browser, selector: &str) -> Value {
    browser.value(&format!("document.querySelectorAll('{selector}').length")).await
}

/// What the browser complained of, but for the refusals that the service was asked for.
async fn serious_complaints(browser: &Browser) -> Vec<Value> {
    let mut complaints = browser.complaints().await;
    let is_refusal = |text: &str| text.contains("status of 4") || text.contains("status of 5");
    complaints.retain(|entry| !is_refusal(entry["message"].as_str().unwrap()));
    complaints
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_the_answers_about_a_photo() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let service = Service::start().await;
    service.create_bank("ROMANCE_SCAM").await;
    service.bank_photo("ROMANCE_SCAM", fixture("photos/ai-portrait-1.jpg")).await;
    browser.go(&service.at("/")).await;
    assert!(shown(&browser, ".lead").await.contains("compares it with lists of photos"));
    browser.screenshot("check-start-390.png").await;

    browser.choose_file("#file", &fixture_path("photos/ai-portrait-1.jpg")).await;
    browser.until(IS_DONE).await;
    let ai = shown(&browser, ".answer").await;
    assert!(ai.contains("This photo looks as if AI made it."), "{ai}");
    // The threshold that it passes costs one real photo of a hundred or of a thousand.
    let report: Value =
        service.check(fixture("photos/ai-portrait-1.jpg")).await.json().await.unwrap();
    let rate = report["answers"]["made_by_ai"]["false_positive_rate"].as_f64().unwrap();
    let of = (1.0 / rate).round();
    assert!(ai.contains(&format!("Of {of} real photos, about 1 looks like this")), "{ai}");
    let dots = "document.querySelector('.dots .filled').getAttribute('d').match(/M/g).length";
    assert_eq!(browser.value(dots).await, 1, "one dot of all is filled");
    let known = shown(&browser, ".answer + .answer").await;
    assert!(known.contains("This is a copy of a photo that is known to be stolen"), "{known}");
    assert!(known.contains("fewer than 1 in 500,000 pairs"), "{known}");
    assert!(known.contains("does not mean that the person in the photo did anything"), "{known}");
    let whole = shown(&browser, "main").await;
    assert!(!whole.to_lowercase().contains("fake") && !whole.contains('%'), "{whole}");
    assert!(shown(&browser, ".result .name").await.contains("ai-portrait-1.jpg"));

    // The answers come first, then what there is to look at, then what it does not say.
    let order = "['.answer', '.evidence', '.who', '.situations', '.countries'].map((it) => \
                 document.querySelector(it).getBoundingClientRect().top) \
                 .every((top, place, all) => place === 0 || all[place - 1] < top)";
    assert_eq!(browser.value(order).await, true);
    assert_eq!(count(&browser, ".photo rect.match").await, 1, "what matched is outlined");
    assert_eq!(count(&browser, ".photo rect.face").await, 1);
    assert!(shown(&browser, "figcaption").await.contains("“ROMANCE_SCAM”"));
    // The slider changes how strongly the map is shown.
    let slide = "(() => { const slider = document.querySelector('.slider input'); \
                 slider.value = 20; slider.dispatchEvent(new Event('input', { bubbles: true })); \
                 return document.querySelector('.heat').getAttribute('opacity') })()";
    assert_eq!(browser.value(slide).await, "0.2");
    assert_eq!(browser.value("document.activeElement.textContent").await, "Result");
    browser.screenshot("check-result-390.png").await;

    browser.choose_file("#file", &fixture_path("photos/real-coffee.jpg")).await;
    browser.until("document.querySelector('.answer.open') !== null").await;
    assert!(shown(&browser, ".answer").await.contains("because no face was found"));
    let known = shown(&browser, ".answer + .answer").await;
    assert!(known.contains("A stolen photo that nobody has reported here is on no list."));

    browser.choose_file("#file", &fixture_path("hostile/photo.avif")).await;
    browser.until("document.querySelector('.refusal') !== null").await;
    let refused = shown(&browser, ".refusal").await;
    assert!(refused.contains("(AVIF) cannot be read here"), "{refused}");
    assert!(refused.contains("screenshot"), "{refused}");
    assert_eq!(count(&browser, ".result").await, 0);
    browser.screenshot("check-refused-390.png").await;

    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    assert_eq!(browser.value(wide).await, false, "nothing sticks out on a phone");
    assert_eq!(serious_complaints(&browser).await, Vec::<Value>::new());
}

/// Nothing found is said with the share that it misses, and a service without lists does not
/// promise any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_found_is_not_called_safe() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let service = Service::start().await;
    browser.go(&service.at("/?lang=es")).await;
    assert_eq!(browser.value("document.documentElement.lang").await, "es");
    assert!(shown(&browser, ".lead").await.contains("no tiene ninguna lista"));
    browser.choose_file("#file", &fixture_path("photos/real-hopper.jpg")).await;
    browser.until(IS_DONE).await;
    let ai = shown(&browser, ".answer.none").await;
    assert!(ai.contains("De cada 100 fotos hechas con IA, unas 37 también"), "{ai}");
    let known = shown(&browser, ".answer.open").await;
    assert!(known.contains("no se comparó con ninguna otra"), "{known}");
    browser.screenshot("check-nothing-es-1280.png").await;
    assert_eq!(serious_complaints(&browser).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_photos_are_compared_with_each_other() {
    let Some(browser) = Browser::open(768, 1024).await else { return };
    let service = Service::start().await;
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("copy.jpg");
    std::fs::write(&copy, half_size_jpeg(&fixture("photos/real-hopper.jpg"), 85)).unwrap();
    let [hopper, coffee] = ["photos/real-hopper.jpg", "photos/real-coffee.jpg"].map(fixture_path);
    browser.go(&service.at("/")).await;
    browser.choose_files("#file", &[&hopper, &coffee, &copy, &hopper]).await;
    browser.until("!document.getElementById('common').hidden").await;
    assert_eq!(count(&browser, ".result").await, 4);
    let common = shown(&browser, "#common").await;
    for line in
        ["4 photos were checked.", "The very same file: 1, 4.", "Copies of one picture: 1, 3, 4."]
    {
        assert!(common.contains(line), "{common}");
    }
    browser.screenshot("check-several-768.png").await;
    assert_eq!(serious_complaints(&browser).await, Vec::<Value>::new());
}

/// The saved file opens without the service, and shows what the page showed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_is_saved_as_one_file() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let service = Service::start().await;
    let folder = TempDir::new().unwrap();
    let place = json!({ "behavior": "allow", "downloadPath": folder.path() });
    browser.devtools("Browser.setDownloadBehavior", place).await;
    browser.go(&service.at("/")).await;
    browser.choose_file("#file", &fixture_path("photos/ai-portrait-1.jpg")).await;
    browser.until(IS_DONE).await;
    browser.click("#save").await;
    let saved = async || loop {
        let files = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
        let mut names = files.map(|file| file.path());
        if let Some(file) = names.find(|it| it.extension().is_some_and(|kind| kind == "html")) {
            return file;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let limit = std::time::Duration::from_mins(1);
    let file = tokio::time::timeout(limit, saved()).await.expect("a file is saved");
    browser.go(&format!("file://{}", file.display())).await;
    let text = shown(&browser, "body").await;
    for part in ["looks as if AI made it", "SHA-256", "ai-portrait-1.jpg", "econsumer.gov"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(count(&browser, "script, link, form, details:not([open])").await, 0);
    assert_eq!(browser.value("document.styleSheets.length").await, 1);
    browser.screenshot("check-saved-1280.png").await;

    browser.go(&service.at("/")).await;
    browser.choose_file("#file", &fixture_path("photos/ai-selfie-1.jpg")).await;
    browser.until(IS_DONE).await;
    browser.devtools("Emulation.setEmulatedMedia", json!({ "media": "print" })).await;
    browser.screenshot("check-print-1280.png").await;
    let is_printed = "['.answer', '.evidence', '.facts', '.who', 'details li', '#form', '#keep']\
                      .map((it) => document.querySelector(it).checkVisibility({ \
                      contentVisibilityAuto: true }))";
    let expected = json!([true, true, true, true, true, false, false]);
    assert_eq!(browser.value(is_printed).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_can_be_dropped_or_pasted() {
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let service = Service::start().await;
    browser.go(&service.at("/")).await;
    for (event, holder) in [("drop", "dataTransfer"), ("paste", "clipboardData")] {
        // The page's own icon is no photo, so the refusal shows that the file arrived.
        browser.value(&handed_over(event, holder, "/icon.svg")).await;
        browser.until("document.querySelector('.refusal')?.innerText.includes('SVG')").await;
        browser.value("document.getElementById('results').replaceChildren()").await;
    }
}

/// With JavaScript off, the browser sends the form and shows the page that comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_is_checked_without_javascript() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let service = Service::start().await;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    browser.go(&service.at("/?lang=es")).await;
    browser.choose_file("#file", &fixture_path("photos/ai-portrait-1.jpg")).await;
    browser.click("#send").await;
    browser.until("document.querySelector('.result') !== null").await;
    assert!(shown(&browser, ".answer").await.contains("Esta foto parece hecha con IA."));
    assert_eq!(count(&browser, ".photo image").await, 1, "the photo itself is shown");
    assert!(shown(&browser, ".save-hint").await.contains("imprima esta página"));
    browser.screenshot("check-no-script-390.png").await;
    browser.choose_file("#file", &fixture_path("hostile/truncated.jpg")).await;
    browser.click("#send").await;
    browser.until("document.querySelector('.refusal') !== null").await;
    assert!(shown(&browser, ".refusal").await.contains("El archivo está dañado"));
}

/// The page names the list that decided, and says in its title that there is a result.
#[tokio::test]
async fn a_result_shows_the_match_that_the_answer_is_about() {
    let service = Service::start().await;
    let photo = fixture("photos/real-hopper.jpg");
    for (bank, purpose, imported) in
        [("TAKEN_OVER", "known_fake", true), ("REPORTED", "known_fake", false)]
    {
        service.create_bank_for(bank, purpose, imported).await;
        service.bank_photo(bank, photo.clone()).await;
    }
    let result = async || {
        let form = photo_form(photo.clone());
        let sent = service.client.post(service.at("/?lang=en")).multipart(form).send().await;
        sent.unwrap().text().await.unwrap()
    };
    let flagged = result().await;
    assert!(flagged.contains("REPORTED") && !flagged.contains("TAKEN_OVER"), "{flagged}");
    assert!(flagged.contains("<title>Result"), "{flagged}");
    service.create_bank_for("OURS", "allow", false).await;
    service.bank_photo("OURS", photo.clone()).await;
    let allowed = result().await;
    assert!(allowed.contains("Listed as harmless") && allowed.contains("OURS"), "{allowed}");
    assert!(!allowed.contains("REPORTED"), "{allowed}");
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
    browser.go(&service.at("/")).await;
    assert_eq!(count(&browser, "#key").await, 0);
    // The first key is made while the page is open.
    let key = make_key(&service, "default", [KeyScope::Check]).await;
    browser.choose_file("#file", &fixture_path("photos/real-coffee.jpg")).await;
    browser.until("document.querySelector('.refusal') !== null").await;
    assert!(shown(&browser, ".refusal").await.contains("those who have a key"));
    browser.screenshot("check-key-390.png").await;
    browser.value(&format!("document.getElementById('key').value = '{key}'")).await;
    browser.choose_file("#file", &fixture_path("photos/real-coffee.jpg")).await;
    browser.until("document.querySelector('.result') !== null").await;
    browser.go(&service.at("/")).await;
    assert_eq!(count(&browser, "#key").await, 1, "it is known from the start now");
    let lead = shown(&browser, ".lead").await;
    assert!(lead.contains("if this service has any"), "{lead}");
}
