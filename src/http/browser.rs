//! What browsers are sent and asked: headers that bind them, and who a page is that calls.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::config::Origin;

/// Nothing but what this service itself serves, and no embedding elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";
/// The API page's own code styles itself inline and carries its icons as data.
const API_PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a page of another site sent this, which the operator did not let in.
#[must_use]
pub fn is_of_other_site(headers: &HeaderMap, origins: &[Origin]) -> bool {
    let site = headers.get("sec-fetch-site");
    let is_other_site = site.is_some_and(|site| site != "same-origin" && site != "none");
    is_other_site && !is_allowed(origins, headers)
}

/// Whether a browser sent this to a name that somebody could bind to another address: a page can
/// rebind its own name to this machine, and its requests then count as of the same origin.
#[must_use]
pub fn may_be_rebound(headers: &HeaderMap) -> bool {
    is_browser(headers) && !is_unbindable(headers)
}

/// Whether the operator lets pages of the origin of this request call.
fn is_allowed(origins: &[Origin], headers: &HeaderMap) -> bool {
    let sent = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    sent.is_some_and(|sent| origins.iter().any(|origin| origin.as_str() == sent))
}

/// Whether a browser marked this request as one of a page.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN)
}

/// Whether the service was called by a name that nobody can bind to another address.
fn is_unbindable(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let port = host.rfind(':').filter(|colon| !host.ends_with(']') && 0 < *colon);
    let name = port.and_then(|colon| host.get(..colon)).unwrap_or(host);
    let inside = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok()
        || inside.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// Adds the headers that bind the browser to every answer.
pub async fn bind(request: Request, next: Next) -> Response {
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

    #[test]
    fn no_name_that_could_be_rebound_is_taken_from_a_browser() {
        let by = |host: &str| {
            let sent = [("host", host), ("sec-fetch-site", "same-origin")];
            let sent = sent.iter().map(|(name, value)| {
                (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap())
            });
            may_be_rebound(&sent.collect())
        };
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1:80", "[::1]", "[::1]:8080", "10.0.0.7"]
        {
            assert!(!by(host), "{host}");
        }
        for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", ":80", "[x]"]
        {
            assert!(by(host), "{host}");
        }
        let plain = [(header::HOST, HeaderValue::from_static("photocheck.example"))];
        assert!(!may_be_rebound(&plain.into_iter().collect()), "no browser");
    }
}
