//! Fingerprints of one's own photos: made in Chromium, the same as the service's.

use photocheck_core::matching::hashes::PdqHash;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::{Service, checker, fixture, fixture_path, shared};

/// Bits of 256 in which two implementations of PDQ may differ on a photo of this quality or more.
const CONFORMANCE_MAX: u16 = 10;
const CONFORMANCE_QUALITY_MIN: u8 = 80;

/// Makes the fingerprints of files that a field of its own takes.
const FINGERPRINTS: &str = "Promise.all([...document.getElementById('probe').files]\
                            .map(fingerprint))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fingerprints_are_the_services_hashes() {
    let Some(data) = shared("data/faces") else { return };
    let Some(browser) = Browser::open(1280, 900).await else { return };
    let service = Service::start().await;
    let labels = std::fs::read_to_string(data.join("val.csv")).unwrap();
    let names = labels.lines().skip(1).map(|line| line.split(',').next().unwrap());
    let every = names.clone().count() / 94;
    let mut files: Vec<_> = names.step_by(every).take(94).map(|name| data.join(name)).collect();
    // Of full size, with a profile, turned by EXIF, with transparency.
    files.extend(
        ["ai-portrait-1.jpg", "ai-portrait-3.jpg", "ai-selfie-1.jpg", "real-coffee.jpg"]
            .map(|name| fixture_path(&format!("photos/{name}"))),
    );
    files.extend(["edge/exif-6.jpg", "edge/alpha-gradient.png"].map(fixture_path));
    browser.go(&service.at("/protect")).await;
    let field = "(() => { const field = document.createElement('input'); field.type = 'file'; \
                 field.id = 'probe'; field.multiple = true; document.body.append(field); \
                 return true })()";
    assert_eq!(browser.value(field).await, true);
    let paths: Vec<_> = files.iter().map(std::path::PathBuf::as_path).collect();
    browser.choose_files("#probe", &paths).await;
    let made = browser.value(FINGERPRINTS).await;
    let made = made.as_array().unwrap();
    assert_eq!(made.len(), 100);
    let (mut compared, mut apart) = (0, 0);
    for (file, made) in files.iter().zip(made) {
        let hashes = checker().hash(&std::fs::read(file).unwrap()).unwrap().hashes;
        if hashes.pdq_quality.value() < CONFORMANCE_QUALITY_MIN {
            continue;
        }
        let pdq = PdqHash::from_hex(made["pdq"].as_str().unwrap()).unwrap();
        let distance = pdq.distance(hashes.pdq);
        assert!(distance.0 <= CONFORMANCE_MAX, "{}: {distance:?}", file.display());
        let quality = made["quality"].as_i64().unwrap();
        assert!((quality - i64::from(hashes.pdq_quality.value())).abs() <= 2, "{quality}");
        (compared, apart) = (compared + 1, apart + u32::from(0 < distance.0));
    }
    eprintln!("{compared} photos compared, of which {apart} differ by a bit or more");
    assert!(60 <= compared, "{compared}");
}

/// What the page saves is what a service imports, as somebody's word that nobody has confirmed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_fingerprints_finds_copies() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let service = Service::start().await;
    for (lang, made) in [("es", "Sus huellas"), ("en", "Your fingerprints")] {
        browser.go(&service.at(&format!("/protect?lang={lang}"))).await;
        let files = ["photos/real-hopper.jpg", "edge/plain-colour.png", "hostile/photo.avif"];
        let files = files.map(fixture_path);
        let paths: Vec<_> = files.iter().map(std::path::PathBuf::as_path).collect();
        browser.choose_files("#file", &paths).await;
        browser.until("!document.getElementById('made').hidden").await;
        let title = browser.value("document.getElementById('made-title').textContent").await;
        assert_eq!(title, made);
        for (width, scheme) in [(360, "dark"), (1280, "light")] {
            browser.look(width, scheme).await;
            browser.screenshot(&format!("protect-{lang}-{width}-{scheme}.png")).await;
            let wide = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.value(wide).await, false, "{width}: something sticks out");
            let Some(found) = browser.accessibility_violations().await else { continue };
            assert_eq!(found, Vec::<String>::new(), "{lang} {width} {scheme}");
        }
    }
    let photos = "[...document.querySelectorAll('#photos li')].map((it) => it.innerText)";
    let expected = json!([
        "real-hopper.jpg: fingerprint made",
        "plain-colour.png: too little detail, so it is left out: it would match other photos too",
        "photo.avif: this browser cannot read it; save it as JPEG and choose that",
    ]);
    assert_eq!(browser.value(photos).await, expected);
    assert_eq!(browser.complaints().await, Vec::<Value>::new());
    // Nothing was sent: only the page and its files were loaded.
    let sent = "performance.getEntriesByType('resource').filter((it) => \
                it.initiatorType === 'fetch' || it.initiatorType === 'xmlhttprequest').length";
    assert_eq!(browser.value(sent).await, 0);

    let list = browser.value("document.getElementById('list').value").await;
    service.create_bank("OWN_PHOTOS").await;
    let url = service.at("/v1/banks/OWN_PHOTOS/import");
    let body = list.as_str().unwrap().to_owned();
    let imported = service.client.post(url).body(body).send().await.unwrap();
    assert!(imported.status().is_success(), "{}", imported.text().await.unwrap());
    let report: Value =
        service.check(fixture("photos/real-hopper.jpg")).await.json().await.unwrap();
    assert_eq!(report["answers"]["known_photo"]["answer"], "unsure", "{report}");
}

/// A browser that adds noise to what a page reads makes no fingerprints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_of_the_browser_is_noticed() {
    let Some(browser) = Browser::open(390, 844).await else { return };
    let service = Service::start().await;
    browser.go(&service.at("/protect")).await;
    // As private modes do: the lowest bit of some pixels.
    let noisy = "(() => { const read = CanvasRenderingContext2D.prototype.getImageData; \
                 CanvasRenderingContext2D.prototype.getImageData = function (...area) { \
                 const pixels = read.apply(this, area); pixels.data[40] ^= 1; return pixels; }; \
                 return true })()";
    assert_eq!(browser.value(noisy).await, true);
    browser.choose_file("#file", &fixture_path("photos/real-hopper.jpg")).await;
    browser.until("document.getElementById('status').innerText.includes('private')").await;
    assert_eq!(browser.value("document.getElementById('made').hidden").await, true);
}
