//! Who may do what: headers that bind the browser, and the door to the banks.
//!
//! Banks decide whom a platform throws out, so changing them is for their keeper. With a token set,
//! `/v1/banks` asks for it; without one it answers only while the service listens on a loopback
//! address. A browser that was sent here by another site is turned away in both cases.

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
    /// Everybody who reaches the service, which listens on a loopback address.
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
            Self::Open => true,
            Self::Closed => false,
            // Digests are compared, so that the time taken tells nothing about the token.
            Self::Token(digest) => bearer_of(headers)
                .is_some_and(|shown| <[u8; 32]>::from(Sha256::digest(shown)) == *digest),
        }
    }
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
    let headers = request.headers();
    let other_site = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if other_site {
        let detail = "another site may not use the banks through your browser";
        return Err(Problem::new(StatusCode::FORBIDDEN, "CROSS_SITE", detail));
    }
    if !app.bank_door.admits(headers) {
        return Err(not_admitted(&app.bank_door));
    }
    Ok(next.run(request).await)
}

fn not_admitted(door: &BankDoor) -> Problem {
    match door {
        BankDoor::Closed => {
            let detail = "banks are closed: the service listens beyond this machine and no token \
                          is set (PHOTOCHECK_BANK_TOKEN)";
            Problem::new(StatusCode::FORBIDDEN, "BANKS_CLOSED", detail)
        }
        BankDoor::Open | BankDoor::Token(_) => {
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
