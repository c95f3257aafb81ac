//! A reviewer at the page for moderators, without a browser: forms are read from the pages and sent
//! as a browser without JavaScript sends them.

use std::time::Duration;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::{Service, fixture};

/// An answer of the page.
pub struct Page {
    pub status: StatusCode,
    pub html: String,
    /// Where the browser is sent on to.
    pub location: String,
    /// What it is to send from then on, as it came.
    pub set_cookie: Option<String>,
}

/// One browser.
pub struct Reviewer {
    client: Client,
    at: String,
    pub cookie: String,
}

impl Reviewer {
    /// A browser that has not been here.
    pub fn new(service: &Service) -> Self {
        let client = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0);
        let (client, at) = (client.build().unwrap(), format!("{}/", service.url));
        Self { client, at, cookie: String::new() }
    }

    /// A browser that has logged in with this key.
    pub async fn logged_in(service: &Service, key: &str) -> Self {
        let mut reviewer = Self::new(service);
        let page = reviewer.log_in(key).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.html);
        reviewer
    }

    /// Opens the form of the log-in and sends it.
    pub async fn log_in(&mut self, key: &str) -> Page {
        let page = self.open("review").await;
        let token = token_in(&page.html);
        self.send("review", &[("token", &token), ("action", "log_in"), ("key", key)]).await
    }

    pub async fn open(&mut self, address: &str) -> Page {
        let request = self.client.get(format!("{}{address}", self.at));
        self.sent(request.header(COOKIE, &self.cookie)).await
    }

    /// Sends fields, as they are.
    pub async fn send(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(format!("{}{address}", self.at));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.sent(request.header(COOKIE, &self.cookie).body(body)).await
    }

    /// Sends a form of the page at that address, with its token; returns where it leads.
    pub async fn act(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        let token = token_in(&self.open(address).await.html);
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        self.send(address, &all).await
    }

    async fn sent(&mut self, request: reqwest::RequestBuilder) -> Page {
        let answer = request.send().await.unwrap();
        let text = |name| {
            let value = answer.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let (set_cookie, location) = (text(SET_COOKIE), text(LOCATION).unwrap_or_default());
        if let Some(cookie) = &set_cookie {
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        let status = answer.status();
        Page { status, html: answer.text().await.unwrap(), location, set_cookie }
    }
}

/// What the forms of a page carry.
pub fn token_in(html: &str) -> String {
    let (_, rest) = html.split_once("name=\"token\" value=\"").unwrap_or_else(|| panic!("{html}"));
    rest.split('"').next().unwrap().to_owned()
}

/// The check that an address opens.
pub fn check_in(address: &str) -> &str {
    let (_, rest) = address.split_once("check=").unwrap_or_else(|| panic!("{address}"));
    rest.split('&').next().unwrap()
}

/// Has a photo checked later, under a name; returns the check once it is done.
pub async fn checked(service: &Service, key: &str, photo: &str, name: &str) -> Value {
    let form = reqwest::multipart::Form::new().text("external_id", name.to_owned());
    let part = reqwest::multipart::Part::bytes(fixture(photo)).file_name("photo");
    let send = service.client.post(service.at("/v1/checks")).bearer_auth(key);
    let answer = send.multipart(form.part("photo", part)).send().await.unwrap();
    let begun: Value = answer.json().await.unwrap();
    let id = begun["checks"][0]["id"].as_str().unwrap_or_else(|| panic!("{begun}"));
    loop {
        let check = check(service, key, id).await;
        if check["state"] != "waiting" {
            assert_eq!(check["state"], "done", "{check}");
            return check;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A check, over the API.
pub async fn check(service: &Service, key: &str, id: &str) -> Value {
    let ask = service.client.get(service.at(&format!("/v1/checks/{id}"))).bearer_auth(key);
    ask.send().await.unwrap().json().await.unwrap()
}
