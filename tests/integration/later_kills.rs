//! Services that are killed while they check what they accepted: real processes, on every database.

use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::support::serve::Serve;
use crate::support::{Place, fixture};

const PHOTOS: usize = 8;

/// A call with photos, accepted by a service.
async fn accepted(client: &Client, service: &Serve) -> String {
    let photo = || Part::bytes(fixture("photos/real-hopper.jpg")).file_name("photo");
    let form = (0..PHOTOS).fold(Form::new(), |form, number| {
        form.text("external_id", number.to_string()).part("photo", photo())
    });
    let url = format!("{}/v1/checks", service.url);
    let answer = client.post(url).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let body: Value = answer.json().await.unwrap();
    body["batch_id"].as_str().unwrap().to_owned()
}

async fn checks(client: &Client, service: &Serve, batch: &str) -> Vec<Value> {
    let url = format!("{}/v1/checks?batch_id={batch}", service.url);
    let answer: Value = client.get(url).send().await.unwrap().json().await.unwrap();
    answer["checks"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

/// The checks, once so many are finished.
async fn finished(client: &Client, service: &Serve, batch: &str, count: usize) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let checks = checks(client, service, batch).await;
        if count <= checks.iter().filter(|check| check["state"] != "waiting").count() {
            return checks;
        }
        assert!(begun.elapsed() < Duration::from_mins(5), "{checks:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Killed in the middle: another machine does the rest, and no check is lost or done twice over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_service_accepted_is_done_by_another() {
    for place in [Some(Place::in_file()), Place::on_server()].into_iter().flatten() {
        let args = ["--banks-open-to-everybody", "--waiting-photos", "encrypted", "--create"];
        let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let first = Serve::start(&place.url, &args);
        let batch = accepted(&client, &first).await;
        finished(&client, &first, &batch, 1).await;
        first.kill();
        let other = Serve::start(&place.url, &args);
        let checks = finished(&client, &other, &batch, PHOTOS).await;
        assert_eq!(checks.len(), PHOTOS);
        for (number, check) in checks.iter().enumerate() {
            assert_eq!(check["state"], "done", "{check}");
            assert_eq!(check["external_id"], number.to_string());
            assert_eq!(check["report"], checks[0]["report"]);
        }
        other.stop();
    }
}

/// Photos that waited in memory alone are lost with it, and each check says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_with_the_memory_of_a_service_is_said() {
    let place = Place::as_asked();
    let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let args = ["--banks-open-to-everybody", "--create"];
    let first = Serve::start(&place.url, &args);
    let batch = accepted(&client, &first).await;
    first.kill();
    let other = Serve::start(&place.url, &args);
    let checks = finished(&client, &other, &batch, PHOTOS).await;
    let lost = checks.iter().filter(|check| check["problem"]["code"] == "PHOTO_LOST").count();
    let done = checks.iter().filter(|check| check["state"] == "done").count();
    assert_eq!((lost + done, checks.len()), (PHOTOS, PHOTOS), "{checks:?}");
    assert!(0 < lost, "it was killed before all of them were done");
}
