//! How spans travel to the operator's collector: by HTTP/1.1, on the program's runtime.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// Time for a batch to be sent and answered.
pub(super) const SEND_MAX: Duration = Duration::from_secs(10);

/// Bytes of an answer: a collector says how many spans it did not take, and why.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Sends batches. The thread of the exporter has no runtime of its own, so this one makes the
/// requests.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
}

impl Sending {
    /// Certificates are checked by the system's roots.
    ///
    /// # Errors
    /// When there are none.
    pub(super) fn new(runtime: Handle) -> io::Result<Self> {
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?;
        let connector = tls.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, runtime })
    }
}

#[async_trait]
impl HttpClient for Sending {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let answered = async {
                let answer = client.request(request.map(Full::new)).await?;
                let (parts, body) = answer.into_parts();
                let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
                Ok::<_, HttpError>(Response::from_parts(parts, body))
            };
            tokio::time::timeout(SEND_MAX, answered).await?
        });
        let answer = sent.await?;
        match &answer {
            Ok(answer) if !answer.status().is_success() => {
                tracing::warn!(status = answer.status().as_u16(), "spans were not taken");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "spans could not be sent"),
        }
        answer
    }
}
