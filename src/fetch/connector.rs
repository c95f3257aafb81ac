//! Connections to addresses that are allowed: what fetching and sending share.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::address::Addresses;
use super::resolver::Resolver;

/// Time to connect to one address.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Connects to these addresses. Certificates are checked by the system's roots.
pub(super) fn connector(
    addresses: Arc<Addresses>,
) -> io::Result<HttpsConnector<HttpConnector<Resolver>>> {
    let mut tcp = HttpConnector::new_with_resolver(Resolver::new(addresses));
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_MAX));
    let tls = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?;
    Ok(tls.https_or_http().enable_http1().wrap_connector(tcp))
}

/// A client whose every request has a connection of its own: none stays open to a stranger's
/// server.
pub(super) fn client<B>(
    connector: HttpsConnector<HttpConnector<Resolver>>,
) -> Client<HttpsConnector<HttpConnector<Resolver>>, B>
where
    B: HttpBody<Data = Bytes> + Send,
{
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}
