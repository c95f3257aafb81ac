//! Who may do what: headers that bind the browser, and the door to the banks.
//!
//! Banks decide whom a platform throws out, so changing them is for their keeper. With a token set,
//! `/v1/banks` asks for it. Without one it answers only a caller on this machine: the service must
//! listen on a loopback address, be called by a loopback name (a page that rebinds its own name to
//! this machine is not), not through a proxy, and not by a page of another site. A check that names
//! an account goes through the same door: it changes a bank, and asks who else shows a photo.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::App;
use super::problem::Problem;

/// Nothing but what this service itself serves, and no embedding elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
/// The API page's own code styles itself inline and carries its icons as data.
const API_PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Who may use `/v1/banks`.
#[derive(Debug, Clone)]
pub enum BankDoor {
    /// Callers on this machine; the service listens on a loopback address.
    Open,
    /// Who shows the token of which this is the SHA-256.
    Token([u8; 32]),
    /// Nobody.
    Closed,
}

impl BankDoor {
    /// `token` as configured; `loopback`: whether the service listens on a loopback address.
    #[must_use]
    pub fn new(token: Option<&str>, loopback: bool) -> Self {
        match token {
            Some(token) => Self::Token(Sha256::digest(token).into()),
            None if loopback => Self::Open,
            None => Self::Closed,
        }
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Open => is_from_this_machine(headers),
            Self::Closed => false,
            // Digests are compared, so that the time taken tells nothing about the token.
            Self::Token(digest) => bearer_of(headers)
                .is_some_and(|shown| <[u8; 32]>::from(Sha256::digest(shown)) == *digest),
        }
    }
}

fn is_from_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rfind(':').filter(|colon| !host.ends_with(']') && *colon > 0);
    let name = port.and_then(|colon| host.get(..colon)).unwrap_or(host);
    let proxied = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
        && proxied.iter().all(|name| !headers.contains_key(*name))
}

fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Lets through who may use the banks.
pub async fn banks(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    admit(&app.bank_door, request.headers())?;
    Ok(next.run(request).await)
}

/// Whether the sender of these headers may use the banks.
///
/// # Errors
/// A [`Problem`] that says why not.
pub fn admit(door: &BankDoor, headers: &HeaderMap) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        let detail = "another site may not use the banks through your browser";
        return Err(Problem::new(StatusCode::FORBIDDEN, "CROSS_SITE", detail));
    }
    if !door.admits(headers) {
        return Err(not_admitted(door));
    }
    Ok(())
}

fn not_admitted(door: &BankDoor) -> Problem {
    match door {
        BankDoor::Closed | BankDoor::Open => {
            let detail = "without a token (PHOTOCHECK_BANK_TOKEN) banks are open only to callers \
                          on this machine, by the name localhost or 127.0.0.1 and no proxy";
            Problem::new(StatusCode::FORBIDDEN, "BANKS_CLOSED", detail)
        }
        BankDoor::Token(_) => {
            let detail = "send the token as authorization: Bearer …";
            Problem::new(StatusCode::UNAUTHORIZED, "TOKEN_NEEDED", detail)
        }
    }
}

/// Adds the headers that bind the browser to every answer.
pub async fn browser_headers(request: Request, next: Next) -> Response {
    let api_page = request.uri().path().starts_with("/docs");
    let mut response = next.run(request).await.into_response();
    let policy = if api_page { API_PAGE_POLICY } else { POLICY };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
