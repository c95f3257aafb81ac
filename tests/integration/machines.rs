//! Many machines on one PostgreSQL: each real service shows what was changed on another, whatever
//! happens to connections and machines.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::banks::{SAME_PERSON, STOLEN};
use crate::support::postgres::PostgresDatabase;
use crate::support::serve::Serve;
use crate::support::{codes, fixture, photo_form};

const BANK: &str = "ROMANCE_SCAM";

/// Services on one database, as many machines would run them.
struct Machines {
    services: Vec<Serve>,
    client: Client,
    // After the services, which use it.
    server: PostgresDatabase,
}

impl Machines {
    /// `None`, said in one line, where there is no PostgreSQL.
    async fn start(count: usize) -> Option<Self> {
        let server = PostgresDatabase::create()?;
        let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let start = || Serve::start(&server.url, &["--create", "--banks-open-to-everybody"]);
        let services = (0..count).map(|_| start()).collect();
        let machines = Self { services, client, server };
        let url = machines.at(0, "/v1/banks");
        let made = machines.client.post(url).json(&json!({ "name": BANK })).send().await.unwrap();
        assert_eq!(made.status(), 201);
        Some(machines)
    }

    fn at(&self, machine: usize, path: &str) -> String {
        format!("{}{path}", self.services[machine].url)
    }

    /// Banks a photo on one of them; returns its id. Tries again while the database is away.
    async fn bank(&self, machine: usize, path: &str) -> i64 {
        let url = self.at(machine, &format!("/v1/banks/{BANK}/contents"));
        let begun = Instant::now();
        loop {
            let answer = self.client.post(&url).body(fixture(path)).send().await.unwrap();
            if answer.status().is_success() {
                let body: Value = answer.json().await.unwrap();
                return body["content_id"].as_i64().unwrap();
            }
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(begun.elapsed() < Duration::from_secs(30), "{}", answer.text().await.unwrap());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn unbank(&self, machine: usize, id: i64) {
        let url = self.at(machine, &format!("/v1/banks/{BANK}/contents/{id}"));
        assert_eq!(self.client.delete(url).send().await.unwrap().status(), 204);
    }

    /// The generation that a machine's lookups show.
    async fn generation(&self, machine: usize) -> i64 {
        let answer = self.client.get(self.at(machine, "/readyz")).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        // A machine that is not ready shows nothing.
        body["index"]["generation"].as_i64().unwrap_or(-1)
    }

    /// How long the slowest machine takes to show what the first of them shows.
    async fn time_until_all_show(&self, first: usize) -> Duration {
        let begun = Instant::now();
        let generation = self.generation(first).await;
        for machine in 0..self.services.len() {
            while self.generation(machine).await < generation {
                assert!(begun.elapsed() < Duration::from_secs(30), "machine {machine} never did");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        begun.elapsed()
    }

    /// Whether each of them finds the photo in a bank.
    async fn found(&self, path: &str) -> Vec<bool> {
        let mut found = Vec::new();
        for machine in 0..self.services.len() {
            let form = photo_form(fixture(path));
            let check = self.client.post(self.at(machine, "/v1/check")).multipart(form);
            let report: Value = check.send().await.unwrap().json().await.unwrap();
            found.push(codes(&report).contains(&"KNOWN_PHOTO"));
        }
        found
    }
}

/// Half of them: a machine that is busy with other tests may be late now and then.
fn median(mut waited: Vec<Duration>) -> Duration {
    waited.sort();
    waited[waited.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_machine_shows_a_change_within_a_second() {
    let Some(machines) = Machines::start(3).await else { return };
    let mut waited = Vec::new();
    for machine in [0, 1, 2, 0, 1] {
        let id = machines.bank(machine, STOLEN).await;
        waited.push(machines.time_until_all_show(machine).await);
        if waited.len() == 1 {
            assert_eq!(machines.found(STOLEN).await, [true; 3]);
        }
        machines.unbank(machine, id).await;
        waited.push(machines.time_until_all_show(machine).await);
    }
    assert_eq!(machines.found(STOLEN).await, [false; 3]);
    assert!(median(waited.clone()) < Duration::from_secs(1), "{waited:?}");
}

/// Connections drop, also the one that listens: nothing is missed, and after that all are as quick
/// as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_cost_seconds_and_no_change() {
    let Some(machines) = Machines::start(3).await else { return };
    for round in 0..3 {
        machines.server.end_connections();
        let id = machines.bank(0, STOLEN).await;
        let waited = machines.time_until_all_show(0).await;
        assert!(waited < Duration::from_secs(10), "{waited:?}");
        if round == 0 {
            assert_eq!(machines.found(STOLEN).await, [true; 3]);
        }
        machines.unbank(0, id).await;
        machines.time_until_all_show(0).await;
    }
    // All listen again, at the latest when a lost connection was tried again.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut waited = Vec::new();
    for _ in 0..5 {
        let id = machines.bank(0, STOLEN).await;
        waited.push(machines.time_until_all_show(0).await);
        machines.unbank(0, id).await;
        waited.push(machines.time_until_all_show(0).await);
    }
    assert!(median(waited.clone()) < Duration::from_secs(1), "{waited:?}");
}

/// Announcements are only a reason to look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_nobody_announced_shows_within_seconds() {
    let Some(machines) = Machines::start(2).await else { return };
    machines.server.execute("alter table generation disable trigger generation_is_announced");
    machines.bank(0, STOLEN).await;
    let waited = machines.time_until_all_show(0).await;
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    assert_eq!(machines.found(STOLEN).await, [true; 2]);
}

/// A machine that dies holds nothing that others need, and one that starts shows what there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_machine_is_missed_by_nobody() {
    let Some(mut machines) = Machines::start(3).await else { return };
    machines.bank(0, STOLEN).await;
    machines.services.remove(0).kill();
    machines.bank(0, SAME_PERSON).await;
    let waited = machines.time_until_all_show(0).await;
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    let url = machines.server.url.clone();
    machines.services.push(Serve::start(&url, &["--banks-open-to-everybody"]));
    for path in [STOLEN, SAME_PERSON] {
        assert_eq!(machines.found(path).await, [true; 3]);
    }
}
