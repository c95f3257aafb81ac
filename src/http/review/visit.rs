//! The cookie of the page for moderators: what a browser sends to be known again.
//!
//! A browser has one before it logs in too, so that the form of the log-in is tied to it. Logging
//! in makes a new one.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, header};

use crate::http::browser;
use crate::tenancy::SessionSecret;

const COOKIE: &str = "photocheck_review";
const LOGGED_IN: &str = "in.";
const NOT_LOGGED_IN: &str = "out.";

/// Who a browser is, as far as it says so itself.
#[derive(Debug, Clone)]
pub enum Visit {
    New,
    NotLoggedIn(SessionSecret),
    /// It has logged in once. Whether that is over, the app knows.
    LoggedIn(SessionSecret),
}

impl Visit {
    /// What the cookie of a request says.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).into_iter();
        let mut pairs = cookies
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.trim().split_once('='));
        let Some((_, value)) = pairs.find(|(name, _)| *name == COOKIE) else { return Self::New };
        let secret = |start| value.strip_prefix(start).and_then(SessionSecret::parse);
        if let Some(secret) = secret(LOGGED_IN) {
            Self::LoggedIn(secret)
        } else {
            secret(NOT_LOGGED_IN).map_or(Self::New, Self::NotLoggedIn)
        }
    }

    /// Whether a browser that followed a link of another site may have a cookie that it did not
    /// send along. A new one would replace it, and end its log-in.
    #[must_use]
    pub fn is_withheld(&self, headers: &HeaderMap) -> bool {
        matches!(self, Self::New) && browser::is_of_other_site(headers, &[])
    }

    /// The header that makes a browser send it. It ends with the browser. No script reads it, no
    /// page of another site makes a browser send it, and it goes over HTTPS alone, but on this
    /// machine.
    /// Without a path of its own it is sent to the folder of the page, also behind a proxy.
    #[must_use]
    pub fn cookie(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let value = match self {
            Self::New => return HeaderValue::from_str(&format!("{COOKIE}=; Max-Age=0")).ok(),
            Self::NotLoggedIn(secret) => format!("{NOT_LOGGED_IN}{}", secret.reveal()),
            Self::LoggedIn(secret) => format!("{LOGGED_IN}{}", secret.reveal()),
        };
        let is_plain = is_on_this_machine(headers) && !is_forwarded(headers);
        let secure = if is_plain { "" } else { "; Secure" };
        let cookie = format!("{COOKIE}={value}; HttpOnly; SameSite=Strict{secure}");
        let mut cookie = HeaderValue::from_str(&cookie).ok()?;
        cookie.set_sensitive(true);
        Some(cookie)
    }
}

/// Whether the service was called by a name of this machine.
fn is_on_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or(host, |it| it.0);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|it| it.to_canonical().is_loopback())
}

/// Whether a proxy says that it passed this on: it may call the service by a name of this machine.
fn is_forwarded(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| name == header::FORWARDED || name.as_str().starts_with("x-forwarded-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_the_cookie_goes_over_https_alone() {
        let secret = SessionSecret::create().unwrap();
        for (host, expected) in [
            ("127.0.0.1:8080", false),
            ("localhost", false),
            ("[::1]:8080", false),
            ("127.0.0.1.evil.example", true),
            ("review.example:443", true),
            ("10.0.0.7:8080", true),
            ("", true),
        ] {
            let headers = [(header::HOST, HeaderValue::from_str(host).unwrap())];
            let cookie = Visit::LoggedIn(secret.clone()).cookie(&headers.into_iter().collect());
            let cookie = cookie.unwrap().to_str().unwrap().to_owned();
            assert_eq!(cookie.ends_with("; Secure"), expected, "{host}");
            assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
            let sent = [(header::COOKIE, format!("a=b; {cookie}").parse().unwrap())];
            let Visit::LoggedIn(read) = Visit::of(&sent.into_iter().collect()) else { panic!() };
            assert_eq!(read, secret);
        }
        for proxy in ["forwarded", "x-forwarded-for", "x-forwarded-proto"] {
            let sent = [("host", "127.0.0.1:8080"), (proxy, "https")];
            let sent = sent.map(|(name, value)| {
                (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap())
            });
            let cookie = Visit::LoggedIn(secret.clone()).cookie(&sent.into_iter().collect());
            assert!(cookie.unwrap().to_str().unwrap().ends_with("; Secure"), "{proxy}");
        }
        for cookie in ["", "photocheck_review=", "photocheck_review=in.00", "other=in.00"] {
            let sent = [(header::COOKIE, cookie.parse().unwrap())];
            assert!(matches!(Visit::of(&sent.into_iter().collect()), Visit::New), "{cookie}");
        }
    }
}
