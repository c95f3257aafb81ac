//! Who may do what, and how often: headers that bind the browser, who may use the banks, and
//! clients that send too many requests.
//!
//! `/v1/banks` asks for a token, always ([`crate::app::access`] says why). An operator may decide
//! that everybody who reaches the port may use the banks; then at least no page of another site
//! does, not even one that rebinds its own name to this machine. A check that names an account is
//! authorized in the same way: it changes a bank, and asks who else shows a photo.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::arrival;
use super::client_limit::Client;
use super::problem::Problem;
use super::service::Service;
use crate::app::access::BankAccess;
use crate::config::Origin;

/// Nothing but what this service itself serves, and no embedding elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
/// The API page's own code styles itself inline and carries its icons as data.
const API_PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Makes sure that the sender of these headers may use the banks.
///
/// # Errors
/// A [`Problem`] that says why not.
pub fn authorize(
    access: &BankAccess,
    origins: &[Origin],
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site");
    let is_other_site = site.is_some_and(|site| site != "same-origin" && site != "none");
    if is_other_site && !is_allowed(origins, headers) {
        return Err(Problem::cross_site());
    }
    if !access.allows(bearer(headers)) {
        return Err(Problem::token_needed());
    }
    let is_open = matches!(access, BankAccess::Everybody);
    if is_open && is_browser(headers) && !is_unbindable(headers) {
        return Err(Problem::banks_closed());
    }
    Ok(())
}

/// Whether the operator lets pages of the origin of this request call.
fn is_allowed(origins: &[Origin], headers: &HeaderMap) -> bool {
    let sent = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    sent.is_some_and(|sent| origins.iter().any(|origin| origin.as_str() == sent))
}

/// Whether the token of the banks was sent.
fn has_token(access: &BankAccess, headers: &HeaderMap) -> bool {
    matches!(access, BankAccess::Token(_)) && access.allows(bearer(headers))
}

/// The token of an `authorization` header. Its scheme may be written in any case (RFC 9110).
fn bearer(headers: &HeaderMap) -> Option<&str> {
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
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Err(problem) = authorize(service.app.access(), &service.origins, request.headers()) {
        arrival::drain(request.into_body());
        return Err(problem);
    }
    Ok(next.run(request).await)
}

/// Turns away clients that send too many requests.
pub async fn limit(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let Some(limiter) = &service.limiter else { return next.run(request).await };
    let is_keeper = has_token(service.app.access(), request.headers());
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
    let client = if is_keeper { Some(Client::Keeper) } else { address.and_then(Client::at) };
    let Some(client) = client else { return next.run(request).await };
    let (goes_on, left) = limiter.count(client);
    let mut response = if goes_on {
        next.run(request).await
    } else {
        arrival::drain(request.into_body());
        Problem::rate_limited(limiter.per_minute(), left.wait_s()).into_response()
    };
    limiter.add_headers(response.headers_mut(), left);
    response
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
    use crate::app::access::BankToken;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        let access = BankAccess::with_token(&BankToken::new("s3cret").unwrap());
        for value in ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret", " Bearer s3cret "] {
            assert!(
                authorize(&access, &[], &headers(&[("authorization", value)])).is_ok(),
                "{value}"
            );
        }
        for value in
            ["s3cret", "Bearer", "Bearer ", "Bearer S3cret", "Basic s3cret", "Bearers3cret"]
        {
            let refused =
                authorize(&access, &[], &headers(&[("authorization", value)])).unwrap_err();
            assert_eq!((refused.status, refused.code), (401, "TOKEN_NEEDED"), "{value}");
        }
    }

    #[test]
    fn without_a_token_no_name_that_could_be_rebound_is_taken_from_a_browser() {
        let by = |host: &str| {
            let sent = headers(&[("host", host), ("sec-fetch-site", "same-origin")]);
            authorize(&BankAccess::Everybody, &[], &sent).is_ok()
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
        assert!(authorize(&BankAccess::Everybody, &[], &plain).is_ok(), "no browser");
    }
}
