//! `Idempotency-Key`: a call that is sent again is not done again (the IETF's draft
//! draft-ietf-httpapi-idempotency-key-header-07).
//!
//! One layer before all handlers that change something by POST or PATCH; the other methods may be
//! repeated anyhow. The first call goes on by itself when its client goes away, so that it comes to
//! an end and to an answer that is kept. The body is digested as its handler reads it: nothing of
//! it is kept in memory here. What `crate::idempotency` makes of that is the secret of the answer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::response;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use tracing::Instrument;
use uuid::Uuid;

use super::arrival;
use super::auth::{self, Called, bearer};
use super::body_digest::{BodyDigest, Digested, content_type};
use super::errors;
use super::problem::{Problem, ProblemCode};
use super::service::Service;
use crate::app::error::{AppError, Refusal};
use crate::app::idempotency::Begun;
use crate::app::later::CALL_MAX;
use crate::idempotency::{Call, IdempotencyKey, IdempotencyKeyError};
use crate::ids;
use crate::store::{Claim, KeptAnswer};

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says of an answer that it was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Bytes of an answer: far more than that to the most checks of a call.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 3] =
    [header::CONTENT_TYPE, header::LOCATION, HeaderName::from_static("check-id")];

/// Time for what a handler did not read of a body: the end of a form, say.
const REST_MAX: Duration = Duration::from_secs(1);

/// The id of a call, for what it makes. One that is done again has the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallId {
    pub id: Uuid,
    /// Whether it may have been done before, and nobody knows.
    pub is_again: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for CallId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let of_key = parts.extensions.get::<Self>().copied();
        Ok(of_key.unwrap_or_else(|| Self { id: ids::new_id(), is_again: false }))
    }
}

/// Does a call once, if it names a key.
pub async fn answer_once(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    if !concerns(request.method()) || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    // From its claim to its release it goes on by itself: a client that goes away leaves no key
    // behind that nobody answers.
    let done = tokio::spawn(answer(service, request, next).in_current_span()).await;
    done.unwrap_or_else(|error| Problem::ours(&error).into_response())
}

async fn answer(service: Arc<Service>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match begin(&service, &parts).await {
        Ok((call, Begun::First(claim))) => do_once(service, call, claim, (parts, body), next).await,
        Ok((call, Begun::Repeat(kept))) => {
            let repeated = repeat(&service, &call, &kept, (parts, body)).await;
            repeated.unwrap_or_else(IntoResponse::into_response)
        }
        Err(problem) => {
            arrival::drain(body);
            problem.into_response()
        }
    }
}

/// Whether a call by this method may do more when it is sent twice.
#[must_use]
pub fn concerns(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PATCH)
}

async fn begin(service: &Service, parts: &Parts) -> Result<(Call, Begun), Problem> {
    let key = read_key(&parts.headers).map_err(AppError::from)?;
    let called = parts.extensions.get::<Called>();
    let Called(caller) = called.ok_or_else(|| Problem::ours(&"a route is not behind the gate"))?;
    // What was answered is kept.
    auth::ensure_may_keep(caller, &service.origins, &parts.headers)?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let head = [parts.method.as_str(), target, &content_type(&parts.headers)];
    let call = Call::new(bearer(&parts.headers).unwrap_or_default(), &key, head);
    let begun = service.app.idempotent_calls().begin(caller.tenant, &key).await?;
    Ok((call, begun))
}

fn read_key(headers: &HeaderMap) -> Result<IdempotencyKey, IdempotencyKeyError> {
    let mut values = headers.get_all(KEY).iter();
    match (values.next(), values.count()) {
        (Some(value), 0) => IdempotencyKey::read(value.as_bytes()),
        (_, others) => Err(IdempotencyKeyError::NotOne(others + 1)),
    }
}

/// Does a call that nobody did before, or of which nobody knows whether it was done.
async fn do_once(
    service: Arc<Service>,
    call: Call,
    claim: Claim,
    (mut parts, body): (Parts, Body),
    next: Next,
) -> Response {
    let reading = Reading::new(&parts.headers, body);
    parts.extensions.insert(CallId { id: claim.id, is_again: 1 < claim.attempt });
    let request = Request::from_parts(parts, reading.body());
    let (working, claimed) = (Arc::clone(&service), claim.clone());
    let work = async move {
        let response = next.run(request).await;
        keep(&working, &call, &claimed, response, &reading).await
    };
    // A task of its own: what panics there is released too.
    let done = tokio::spawn(work.in_current_span()).await;
    let (response, is_kept) =
        done.unwrap_or_else(|error| (Problem::ours(&error).into_response(), false));
    if is_kept {
        return response;
    }
    if let Err(error) = service.app.release_call(&claim).await {
        tracing::warn!(%error, "a call can be sent again only when this program has ended");
    }
    response
}

/// Keeps an answer, if it is one for good. Returns whether it is kept.
async fn keep(
    service: &Service,
    call: &Call,
    claim: &Claim,
    response: Response,
    reading: &Reading,
) -> (Response, bool) {
    let code = response.extensions().get::<ProblemCode>().map(|code| code.0);
    if !is_for_good(response.status(), code) {
        return (response, false);
    }
    let (head, body) = response.into_parts();
    let body = match to_bytes(body, ANSWER_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => return (Problem::ours(&error).into_response(), false),
    };
    let kept = KeptJson::new(&head, code, &body);
    let response = Response::from_parts(head, Body::from(body));
    let Some(read) = reading.finish().await else { return (response, false) };
    match write_down(service, call, claim, &kept, read).await {
        Ok(()) => (response, true),
        Err(problem) => (problem.into_response(), false),
    }
}

async fn write_down(
    service: &Service,
    call: &Call,
    claim: &Claim,
    kept: &KeptJson,
    Digested { digest, bytes }: Digested,
) -> Result<(), Problem> {
    let kept = serde_json::to_vec(kept).map_err(|error| Problem::ours(&error))?;
    let sealed = call.seal(digest, kept).map_err(|error| Problem::ours(&error))?;
    let kept = KeptAnswer { request_bytes: bytes, sealed };
    Ok(service.app.answer_call(claim, &kept).await?)
}

/// Whether the same call would be answered the same at any time: it was done, or what it says is
/// wrong. What is refused because of how things stand (404, 409), who calls or how much there is to
/// do may go through the next time, and did nothing yet.
fn is_for_good(status: StatusCode, code: Option<&'static str>) -> bool {
    // The other server may have a better day, and its name another address.
    let is_elsewhere = matches!(code, Some("URL_NOT_FETCHED" | "URL_NOT_ALLOWED"));
    let is_wrong = matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    );
    status.is_success() || (is_wrong && !is_elsewhere)
}

/// Answers a call as it was answered before, if it is the same.
async fn repeat(
    service: &Service,
    call: &Call,
    kept: &KeptAnswer,
    (parts, body): (Parts, Body),
) -> Result<Response, Problem> {
    let other = || Problem::from(AppError::from(Refusal::OtherCall));
    let mut digest = BodyDigest::new(&parts.headers);
    let mut pieces = arrival::arriving(body, service.uploads.pace, None).await.pieces;
    let reading = async {
        while let Some(piece) = pieces.next().await {
            digest.add(&piece.map_err(|stop| Problem::from(&stop))?);
            // It is longer than the first one, however long that is.
            if kept.request_bytes < digest.bytes() {
                return Err(other());
            }
        }
        Ok(digest.finish().digest)
    };
    let read = timeout(CALL_MAX, reading).await;
    let read = read.map_err(|_| Problem::from(&arrival::Stop::TooLong { max: CALL_MAX }));
    let digest = match read.flatten() {
        Ok(digest) => digest,
        Err(problem) => {
            arrival::drain(Body::from_stream(pieces));
            return Err(problem);
        }
    };
    let opened = call.open(digest, &kept.sealed).map_err(|_| other())?;
    let kept: KeptJson = serde_json::from_slice(&opened).map_err(|error| Problem::ours(&error))?;
    Ok(kept.into_response())
}

/// What is kept of an answer, before it is encrypted.
#[derive(Debug, Serialize, Deserialize)]
struct KeptJson {
    status: u16,
    /// The code of a problem.
    code: Option<String>,
    headers: Vec<(String, String)>,
    body: String,
}

impl KeptJson {
    fn new(head: &response::Parts, code: Option<&str>, body: &Bytes) -> Self {
        let kept = KEPT_HEADERS.into_iter().filter_map(|name| {
            let value = head.headers.get(&name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        // All answers are JSON.
        let body = String::from_utf8_lossy(body).into_owned();
        let code = code.map(ToOwned::to_owned);
        Self { status: head.status.as_u16(), code, headers: kept.collect(), body }
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                response.headers_mut().insert(name, value);
            }
        }
        if let Some(known) = self.code.as_deref().and_then(errors::find) {
            response.extensions_mut().insert(ProblemCode(known.code));
        }
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// A body that is digested as it is read.
#[derive(Clone)]
struct Reading(Arc<Mutex<ReadBody>>);

struct ReadBody {
    pieces: BodyDataStream,
    digest: BodyDigest,
    /// Whether it came to its end; `None` before that.
    is_whole: Option<bool>,
}

impl Reading {
    fn new(headers: &HeaderMap, body: Body) -> Self {
        let (pieces, digest) = (body.into_data_stream(), BodyDigest::new(headers));
        Self(Arc::new(Mutex::new(ReadBody { pieces, digest, is_whole: None })))
    }

    /// The body for its handler.
    fn body(&self) -> Body {
        Body::from_stream(stream::unfold(self.clone(), |reading| async move {
            let piece = reading.0.lock().await.next().await?;
            Some((piece, reading))
        }))
    }

    /// What was read, once all of it was; `None` when it does not come to its end.
    async fn finish(&self) -> Option<Digested> {
        let rest = async {
            let mut body = self.0.lock().await;
            while body.next().await.is_some() {}
        };
        // What is still on its way then is no part of what was answered.
        let _ = timeout(REST_MAX, rest).await;
        let body = self.0.lock().await;
        (body.is_whole == Some(true)).then(|| body.digest.finish())
    }
}

impl ReadBody {
    async fn next(&mut self) -> Option<Result<Bytes, axum::Error>> {
        if self.is_whole.is_some() {
            return None;
        }
        let piece = self.pieces.next().await;
        match &piece {
            Some(Ok(piece)) => self.digest.add(piece),
            Some(Err(_)) => self.is_whole = Some(false),
            None => self.is_whole = Some(true),
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_so_is_kept() {
        let kept = |status: u16, code| is_for_good(StatusCode::from_u16(status).unwrap(), code);
        for status in [200, 201, 202, 204, 400, 413, 415, 422] {
            assert!(kept(status, Some("PHOTO_DAMAGED")), "{status}");
        }
        for status in [401, 403, 404, 408, 409, 410, 429, 500, 503] {
            assert!(!kept(status, None), "{status}");
        }
        assert!(!kept(422, Some("URL_NOT_FETCHED")));
        assert!(!kept(422, Some("URL_NOT_ALLOWED")));
    }
}
