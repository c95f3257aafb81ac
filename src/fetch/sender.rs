//! Sends messages to URLs of tenants: by the rules of fetching, and stricter.
//!
//! `https` goes to public addresses and to networks that the operator names. Plain `http` goes to
//! those networks alone: what is sent tells of people. No redirect is followed, and of an answer
//! only the status is read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ::url::{Host, Url};
use axum::body::Bytes;
use axum::http::{HeaderMap, Request, Uri};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;

use super::address::Addresses;
use super::connector::{client, connector};
use super::error::{self, FetchError};
use super::resolver::Resolver;
use super::url::{check_parts, read_url};

/// Time for a message to be sent and answered.
pub const SEND_MAX: Duration = Duration::from_secs(15);

type Sending = Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>;

/// Sends messages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sender {
    to_all: Sending,
    to_named: Sending,
    addresses: Arc<Addresses>,
}

impl Sender {
    /// A sender to public addresses and these networks.
    ///
    /// # Errors
    /// When the system has no roots to check certificates by.
    pub fn new(addresses: Addresses) -> io::Result<Self> {
        let addresses = Arc::new(addresses);
        let named = Arc::new(addresses.named_alone());
        Ok(Self {
            to_all: client(connector(Arc::clone(&addresses))?),
            to_named: client(connector(named)?),
            addresses,
        })
    }

    /// Sends a body to a URL. Returns the status of the answer.
    ///
    /// # Errors
    /// A [`FetchError`] that says why there is none.
    pub async fn send(
        &self,
        url: &str,
        headers: HeaderMap,
        body: String,
    ) -> Result<u16, FetchError> {
        let url = check_target(url, &self.addresses)?;
        let uri: Uri = url
            .as_str()
            .parse()
            .map_err(|_| FetchError::UrlNotValid("no request can have it".into()))?;
        let mut request = Request::post(uri)
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| FetchError::UrlNotValid(error.to_string()))?;
        *request.headers_mut() = headers;
        let client = if url.scheme() == "https" { &self.to_all } else { &self.to_named };
        let answered = tokio::time::timeout(SEND_MAX, client.request(request)).await;
        let answer = answered.map_err(|_| FetchError::TooSlow { seconds: SEND_MAX.as_secs() })?;
        Ok(answer.map_err(|error| error::connecting(&error))?.status().as_u16())
    }
}

/// Makes sure that something may be sent to a URL, as far as it tells by itself: names are checked
/// once they are resolved.
///
/// # Errors
/// A [`FetchError`] that says why not.
pub fn check_target(text: &str, addresses: &Addresses) -> Result<Url, FetchError> {
    let url = read_url(text)?;
    check_parts(&url)?;
    let is_plain = url.scheme() == "http";
    let allow = |address| {
        if is_plain { addresses.allow_named(address) } else { addresses.allow(address) }
    };
    let is_allowed = match url.host() {
        Some(Host::Ipv4(address)) => allow(address.into()),
        Some(Host::Ipv6(address)) => allow(address.into()),
        Some(Host::Domain(_)) => !is_plain || !addresses.networks.is_empty(),
        None => return Err(FetchError::UrlNotValid("it has no host".into())),
    };
    if is_allowed { Ok(url) } else { Err(FetchError::AddressNotPublic) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_named_networks_alone() {
        let named =
            Addresses { networks: vec!["10.1.0.0/16".parse().unwrap()], ..Addresses::default() };
        for (url, by_default, by_name) in [
            ("https://hooks.example.org/photocheck?a=1", true, true),
            ("https://8.8.8.8/", true, true),
            ("https://10.1.2.3/", false, true),
            ("https://10.2.2.3/", false, false),
            ("https://[::1]/", false, false),
            ("http://hooks.example.org/", false, true),
            ("http://8.8.8.8/", false, false),
            ("http://10.1.2.3:8081/", false, true),
            ("http://127.0.0.1/", false, false),
            ("https://me:secret@hooks.example.org/", false, false),
            ("ftp://hooks.example.org/", false, false),
            ("hooks.example.org", false, false),
        ] {
            assert_eq!(check_target(url, &Addresses::default()).is_ok(), by_default, "{url}");
            assert_eq!(check_target(url, &named).is_ok(), by_name, "{url}");
        }
    }
}
