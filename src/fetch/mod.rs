//! Fetches photos by URL, for callers that have an address instead of the bytes.
//!
//! A URL comes from a stranger, and this service stands where a stranger does not: behind the
//! firewall, beside the database and the cloud's metadata. So only public addresses are connected
//! to, whatever a name resolves to and wherever a redirect leads, and the networks that the
//! operator names. What is connected to is the very address that was checked: a name is resolved
//! once for both. No cookie, credential or proxy is used, and no URL is logged, since many are
//! secrets.

mod address;
mod connector;
mod error;
mod resolver;
mod sender;
mod url;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ::url::{Host, Url};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use photocheck_core::limits;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::address::{Addresses, Network};
use self::connector::{client, connector};
pub use self::error::FetchError;
use self::resolver::Resolver;
pub use self::sender::{Sender, check_target};
pub use self::url::{URL_BYTES_MAX, check_url};
use self::url::{check_parts, read_url};

/// Photos that are fetched at once. Each may wait for a stranger's server for as long as it likes,
/// within the limits of time, and takes a connection meanwhile.
pub const FETCHES_MAX: usize = 64;

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 3;

/// Time until an answer begins, with all redirects.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Time for a photo to be fetched whole.
pub const DOWNLOAD_MAX: Duration = Duration::from_secs(30);

/// Fetches photos. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Empty<Bytes>>,
    addresses: Arc<Addresses>,
    places: Arc<Semaphore>,
}

/// A photo that is being fetched.
#[derive(Debug)]
pub struct Fetched {
    /// Not yet read, and as long as its server makes it.
    pub body: Body,
    /// One of [`FETCHES_MAX`], until this is dropped.
    pub place: OwnedSemaphorePermit,
}

impl Fetcher {
    /// A fetcher that connects to these addresses. Certificates are checked by the system's roots.
    ///
    /// # Errors
    /// When the system has no roots.
    pub fn new(addresses: Addresses) -> io::Result<Self> {
        let addresses = Arc::new(addresses);
        let client = client(connector(Arc::clone(&addresses))?);
        let places = Arc::new(Semaphore::new(FETCHES_MAX));
        Ok(Self { client, addresses, places })
    }

    /// What is at `url`, after redirects.
    ///
    /// # Errors
    /// A [`FetchError`] that says why there is nothing.
    pub async fn fetch(&self, url: &str) -> Result<Fetched, FetchError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| FetchError::Busy { fetches_max: FETCHES_MAX })?;
        let answer = tokio::time::timeout(ANSWER_MAX, self.follow(url)).await;
        let answer =
            answer.map_err(|_| FetchError::TooSlow { seconds: ANSWER_MAX.as_secs() })??;
        check_type(answer.headers())?;
        Ok(Fetched { body: Body::new(answer.into_body()), place })
    }

    /// The photo at `url`, whole.
    ///
    /// # Errors
    /// A [`FetchError`] that says why there is none.
    pub async fn download(&self, url: &str) -> Result<Bytes, FetchError> {
        let Fetched { mut body, place: _place } = self.fetch(url).await?;
        let whole = async {
            let (mut bytes, bytes_max) = (Vec::new(), limits::PHOTO_BYTES_MAX);
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_| FetchError::BrokeOff)?;
                let Ok(data) = frame.into_data() else { continue };
                if bytes_max < (bytes.len() + data.len()) as u64 {
                    return Err(FetchError::TooManyBytes { bytes_max });
                }
                bytes.extend_from_slice(&data);
            }
            Ok(bytes.into())
        };
        let whole = tokio::time::timeout(DOWNLOAD_MAX, whole).await;
        whole.map_err(|_| FetchError::TooSlow { seconds: DOWNLOAD_MAX.as_secs() })?
    }

    async fn follow(&self, url: &str) -> Result<Response<hyper::body::Incoming>, FetchError> {
        let mut url = read_url(url)?;
        for _ in 0..=REDIRECTS_MAX {
            let uri = self.checked(&url)?;
            let request = Request::get(uri)
                .header(header::ACCEPT, "image/*")
                .header(header::ACCEPT_ENCODING, "identity")
                .header(header::USER_AGENT, concat!("photocheck/", env!("CARGO_PKG_VERSION")))
                .body(Empty::new())
                .map_err(|error| FetchError::UrlNotValid(error.to_string()))?;
            let answer = self.client.request(request).await.map_err(|e| error::connecting(&e))?;
            match answer.status() {
                StatusCode::OK => return Ok(answer),
                status if status.is_redirection() => {
                    let location = answer.headers().get(header::LOCATION);
                    let location = location.and_then(|it| it.to_str().ok());
                    let location = location.ok_or(FetchError::Status(status.as_u16()))?;
                    let next = url.join(location);
                    url = next.map_err(|error| FetchError::UrlNotValid(error.to_string()))?;
                }
                status => return Err(FetchError::Status(status.as_u16())),
            }
        }
        Err(FetchError::TooManyRedirects { redirects_max: REDIRECTS_MAX })
    }

    /// A URL that may be asked. Names are checked once they are resolved.
    fn checked(&self, url: &Url) -> Result<Uri, FetchError> {
        check_parts(url)?;
        let is_allowed = match url.host() {
            Some(Host::Ipv4(address)) => self.addresses.allow(address.into()),
            Some(Host::Ipv6(address)) => self.addresses.allow(address.into()),
            Some(Host::Domain(_)) => true,
            None => return Err(FetchError::UrlNotValid("it has no host".into())),
        };
        if !is_allowed {
            return Err(FetchError::AddressNotPublic);
        }
        url.as_str().parse().map_err(|_| FetchError::UrlNotValid("no request can have it".into()))
    }
}

/// Refuses what says of itself that it is something else than a picture, such as a page.
fn check_type(headers: &HeaderMap) -> Result<(), FetchError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    let is_picture = kind.starts_with("image/") || kind.contains("octet-stream");
    let shown = || kind.chars().take(40).collect();
    if is_picture { Ok(()) } else { Err(FetchError::NotAPicture { content_type: shown() }) }
}
