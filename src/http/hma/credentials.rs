//! How a client of HMA sends its key.
//!
//! HMA asks for none, so its clients know an address and nothing else. Whoever can add a header
//! sends the key as everywhere. For the others the key is the password in the address,
//! `https://hma:KEY@host/`, which HTTP libraries send as basic authentication.
//!
//! Browsers send it by themselves once it was typed, also for pages of other sites. So what such a
//! page sends has no key.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http::browser;

/// Bytes of such a header: many times what a key and a name need.
const BYTES_MAX: usize = 1024;

/// Takes the password of basic authentication for the key.
pub async fn basic_as_bearer(mut request: Request, next: Next) -> Response {
    let sent = request.headers();
    // Over plain HTTP browsers say no more than the origin.
    let is_unmarked = sent.contains_key(header::ORIGIN) && !sent.contains_key("sec-fetch-site");
    let is_from_a_page = is_unmarked || browser::is_of_other_site(sent, &[]);
    let key = password(sent).filter(|_| !is_from_a_page);
    if let Some(bearer) = key.and_then(|key| bearer(&key)) {
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
    }
    next.run(request).await
}

fn bearer(key: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `None` where there is no such header, or it cannot be read: then the key is missing.
fn password(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || BYTES_MAX < encoded.len() {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_key() {
        let read = |value: &str| {
            let headers = [(header::AUTHORIZATION, value.parse().unwrap())];
            password(&headers.into_iter().collect())
        };
        // `hma:pck_live_x`, `:y` and `no colon`.
        assert_eq!(read("Basic aG1hOnBja19saXZlX3g=").as_deref(), Some("pck_live_x"));
        assert_eq!(read("basic  Onk=").as_deref(), Some("y"));
        for value in ["Basic bm8gY29sb24=", "Basic ?", "Bearer pck_live_x", "Basic"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
