//! Who may do what: headers that bind the browser, and the door to the banks.
//!
//! Banks decide whom a platform throws out, so only their keeper changes them: `/v1/banks` asks for
//! a token, always. Where a caller is cannot be told: behind a proxy all come from this machine,
//! and each writes its headers as it likes (docs/decisions/0014-bank-access.md). An operator may
//! say that everybody who reaches the port may use the banks; then at least no page of another site
//! does, not even one that rebinds its own name to this machine. A check that names an account goes
//! through the same door: it changes a bank, and asks who else shows a photo.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::{App, arrival};
use crate::token::BankToken;

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
    /// Whoever sends the token that has this SHA-256.
    Token([u8; 32]),
    /// Everybody who reaches the port.
    Everybody,
}

impl BankDoor {
    /// The door that this token opens.
    #[must_use]
    pub fn with_token(token: &BankToken) -> Self {
        Self::Token(Sha256::digest(token.as_str()).into())
    }

    /// Whether the sender of these headers may use the banks.
    ///
    /// # Errors
    /// A [`Problem`] that says why not.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let site = headers.get("sec-fetch-site");
        if site.is_some_and(|site| site != "same-origin" && site != "none") {
            let detail = "another site may not use the banks through your browser";
            return Err(Problem::new(StatusCode::FORBIDDEN, "CROSS_SITE", detail));
        }
        match self {
            Self::Token(digest) if bearer_of(headers).is_some_and(|it| is_of(it, digest)) => Ok(()),
            Self::Token(_) => {
                let detail = "the banks ask for their token: send it as authorization: Bearer …";
                Err(Problem::new(StatusCode::UNAUTHORIZED, "TOKEN_NEEDED", detail))
            }
            Self::Everybody if is_browser(headers) && !is_unbindable(headers) => {
                let detail = "without a token a browser may use the banks only by an IP address \
                              or the name localhost";
                Err(Problem::new(StatusCode::FORBIDDEN, "BANKS_CLOSED", detail))
            }
            Self::Everybody => Ok(()),
        }
    }
}

/// Whether `token` has this SHA-256; the time taken says nothing about the token.
fn is_of(token: &str, digest: &[u8; 32]) -> bool {
    Sha256::digest(token).ct_eq(digest.as_slice()).into()
}

/// The token of an `authorization` header. Its scheme may be written in any case (RFC 9110).
fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) =
        headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

/// Whether a browser marked this request as one of a page.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN)
}

/// Whether the service was called by a name that nobody can bind to another address: a page can
/// rebind its own name to this machine, and its requests then count as of the same origin.
fn is_unbindable(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rfind(':').filter(|colon| !host.ends_with(']') && 0 < *colon);
    let name = port.and_then(|colon| host.get(..colon)).unwrap_or(host);
    let inside = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok()
        || inside.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// Lets through who may use the banks.
pub async fn banks(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Err(problem) = app.bank_door.admit(request.headers()) {
        arrival::run_out(&mut request).await;
        return Err(problem);
    }
    Ok(next.run(request).await)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        let door = BankDoor::with_token(&BankToken::new("s3cret").unwrap());
        for value in ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret", " Bearer s3cret "] {
            assert!(door.admit(&headers(&[("authorization", value)])).is_ok(), "{value}");
        }
        for value in
            ["s3cret", "Bearer", "Bearer ", "Bearer S3cret", "Basic s3cret", "Bearers3cret"]
        {
            let refused = door.admit(&headers(&[("authorization", value)])).unwrap_err();
            assert_eq!((refused.status, refused.code), (401, "TOKEN_NEEDED"), "{value}");
        }
    }

    #[test]
    fn without_a_token_no_name_that_could_be_rebound_is_taken_from_a_browser() {
        let by = |host: &str| {
            let sent = headers(&[("host", host), ("sec-fetch-site", "same-origin")]);
            BankDoor::Everybody.admit(&sent).is_ok()
        };
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]", "[::1]:8080", "10.0.0.7"]
        {
            assert!(by(host), "{host}");
        }
        for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", ":80", "[x]"]
        {
            assert!(!by(host), "{host}");
        }
        let plain = headers(&[("host", "photocheck.example")]);
        assert!(BankDoor::Everybody.admit(&plain).is_ok(), "no browser");
    }
}
