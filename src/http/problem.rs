//! Errors as RFC 9457 problem details, and the one place where status codes are chosen.
//!
//! Whose fault it was decides: what the caller sent is answered with its code, value and limit;
//! what failed here is logged once and answered without its detail.

use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use photocheck_core::bank::BankError;
use photocheck_core::photo::PhotoError;
use serde::Serialize;
use utoipa::ToSchema;

use super::arrival::Stop;
use super::errors::ErrorCode;
use crate::app::error::{AppError, Failure, Refusal};
use crate::app::transfer::{ImportCause, ImportError};
use crate::exchange::ExchangeError;
use crate::fetch::FetchError;
use crate::store::{self, StoreError};
use crate::tenancy::Denied;

/// Seconds after which a caller may try again who waited for something else than the queue.
const RETRY_AFTER_S: u64 = 2;
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// For the layer that gives requests up.
pub const TIMED_OUT: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// An error, as RFC 9457 has it, with a stable `code` (docs/errors.md lists them).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the `code` tells the kind.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    pub status: u16,
    /// Stable code.
    pub code: &'static str,
    /// What was wrong, with the value and the limit.
    pub detail: String,
    /// Seconds after which a caller that was turned away may try again.
    #[serde(skip)]
    pub retry_after_s: u64,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let (status, detail) = (status.as_u16(), detail.into());
        let retry_after_s = RETRY_AFTER_S;
        Self { kind: "about:blank", title, status, code, detail, retry_after_s }
    }

    /// What an error of the catalogue looks like.
    #[must_use]
    pub fn example(entry: &ErrorCode, status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, entry.code, entry.means)
    }

    /// The models and the banks are not loaded yet.
    #[must_use]
    pub fn starting() -> Self {
        let detail = "the service is starting: models and banks are being loaded";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STARTING", detail)
    }

    /// A client sent more requests than it may.
    #[must_use]
    pub fn rate_limited(per_minute: NonZeroU32, retry_after_s: u64) -> Self {
        let detail = format!("a client may send {per_minute} requests a minute");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", detail);
        Self { retry_after_s, ..problem }
    }

    /// The service was asked to stop.
    #[must_use]
    pub fn stopping() -> Self {
        let detail = "the service is stopping: it finishes what it has accepted";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STOPPING", detail)
    }

    fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// Something failed here: `error` goes to the log, the caller learns no more than that.
    #[must_use]
    pub fn ours(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let detail = "something failed here; the request was not at fault";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    }

    /// The database's file is not the one that was opened. Where it stands is nobody's business.
    fn database_replaced() -> Self {
        let detail = "the database was moved, deleted or replaced under the service, which must be \
                      started again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "DATABASE_REPLACED", detail)
    }

    /// The server of the database does not answer. Where it stands is nobody's business.
    fn database_unreachable(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let detail = "the database cannot be reached at the moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "DATABASE_UNREACHABLE", detail)
    }

    /// An address that takes other methods.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let detail = "this address does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
    }

    /// A page of another site uses the banks through a browser.
    #[must_use]
    pub fn cross_site() -> Self {
        let detail = "another site may not use the banks through your browser";
        Self::new(StatusCode::FORBIDDEN, "CROSS_SITE", detail)
    }

    /// A browser calls banks that are open to everybody by a name that could be anybody's.
    #[must_use]
    pub fn banks_closed() -> Self {
        let detail = "without a token a browser may use the banks only by an IP address or the \
                      name localhost";
        Self::new(StatusCode::FORBIDDEN, "BANKS_CLOSED", detail)
    }

    /// A body of JSON that cannot be used.
    #[must_use]
    pub fn json_not_valid(why: &str) -> Self {
        let start: String = why.chars().take(200).collect();
        Self::unprocessable("BAD_REQUEST", format!("the JSON is not valid here: {start}"))
    }

    /// Something of the request that could not be read, with the status of the library that tried.
    #[must_use]
    pub fn bad_request(status: StatusCode, detail: String) -> Self {
        Self::new(status, "BAD_REQUEST", detail)
    }

    /// A body that must be JSON and does not say so.
    #[must_use]
    pub fn not_json(status: StatusCode) -> Self {
        let detail = "the body must be JSON, sent with content-type: application/json";
        Self::new(status, "CONTENT_TYPE", detail)
    }

    /// A body over the limit of the layer.
    #[must_use]
    pub fn body_too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", "the body is over the limit")
    }

    /// A form that could not be read.
    #[must_use]
    pub fn multipart_not_valid(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MULTIPART_NOT_VALID", detail)
    }

    /// A form that is announced to be larger than any photo.
    #[must_use]
    pub fn form_too_large(bytes: u64, bytes_max: u64) -> Self {
        let code = PhotoError::TooManyBytes { bytes, bytes_max }.code();
        let detail = format!("the form has {bytes} bytes, the limit for a file is {bytes_max}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
    }

    /// A form without a photo.
    #[must_use]
    pub fn no_photo() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "NO_PHOTO", "the form has no field named photo")
    }

    /// A form with more than one photo.
    #[must_use]
    pub fn several_photos() -> Self {
        let detail = "the form has more than one field named photo; a request takes one photo";
        Self::unprocessable("SEVERAL_PHOTOS", detail)
    }

    /// A form with a text field twice.
    #[must_use]
    pub fn field_twice(name: &str) -> Self {
        let detail = format!("the form has more than one field named {name}");
        Self::unprocessable("FIELD_TWICE", detail)
    }

    /// A field whose value means nothing here.
    #[must_use]
    pub fn field_not_valid(code: &'static str, detail: &str) -> Self {
        Self::unprocessable(code, detail)
    }

    /// A value of the query that means nothing here.
    #[must_use]
    pub fn not_known(field: &str, value: &str, known: &str) -> Self {
        let start: String = value.chars().take(80).collect();
        let detail = format!("{field} must be one of {known}, not {start:?}");
        Self::unprocessable("QUERY_NOT_VALID", detail)
    }

    /// Another fault of the query.
    #[must_use]
    pub fn query_not_valid(detail: &str) -> Self {
        Self::unprocessable("QUERY_NOT_VALID", detail)
    }

    /// The body of an import is over the limit.
    #[must_use]
    pub fn import_too_large(bytes_max: u64) -> Self {
        let detail = format!("the import has more bytes than the limit, {bytes_max}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "IMPORT_TOO_LARGE", detail)
    }

    /// A photo that was not checked in time.
    #[must_use]
    pub fn work_too_slow(limit: Duration) -> Self {
        let detail = format!("the photo was not checked within {} s", limit.as_secs());
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "TIMEOUT", detail)
    }
}

/// The code of an answer that is a problem, for whoever counts them.
#[derive(Debug, Clone, Copy)]
pub struct ProblemCode(pub &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (retry_after_s, code) = (self.retry_after_s, ProblemCode(self.code));
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
        response.extensions_mut().insert(code);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
        }
        response
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refused(refusal) => refusal.into(),
            AppError::Failed(failure) => failure.into(),
        }
    }
}

impl From<PhotoError> for Problem {
    fn from(error: PhotoError) -> Self {
        Refusal::Photo(error).into()
    }
}

impl From<BankError> for Problem {
    fn from(error: BankError) -> Self {
        Refusal::Text(error).into()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        AppError::from(error).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Photo(error) => photo_status(error),
            Refusal::Bank(refusal) => bank_status(refusal),
            Refusal::Denied(denied) => denied_status(*denied),
            Refusal::Text(_)
            | Refusal::OtherCall
            | Refusal::PolicyNotValid(_)
            | Refusal::AccountId(_)
            | Refusal::Name(_)
            | Refusal::KeyScope(_)
            | Refusal::BatchTooLarge
            | Refusal::Event(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::IdempotencyKey(_) => StatusCode::BAD_REQUEST,
            Refusal::SightingsNotKept
            | Refusal::CallUnderWay
            | Refusal::TooManyEndpoints
            | Refusal::EndpointOff
            | Refusal::ReceiptsNotSigned
            | Refusal::CallbackNotRegistered => StatusCode::CONFLICT,
            Refusal::UrlsNotTaken => StatusCode::FORBIDDEN,
            Refusal::Fetch(error) => fetch_status(error),
            Refusal::TenantQueueFull(_)
            | Refusal::TooManyWaiting { .. }
            | Refusal::TooManyCalls => StatusCode::TOO_MANY_REQUESTS,
            // Only ever the answer of a check that was accepted.
            Refusal::PhotoLost | Refusal::CheckGivenUp => StatusCode::GONE,
        };
        let problem = Self::new(status, refusal.code(), refusal.to_string());
        match refusal {
            Refusal::TenantQueueFull(full) => Self { retry_after_s: full.retry_after_s, ..problem },
            Refusal::Denied(Denied::QuotaUsedUp { retry_after_s, .. }) => {
                Self { retry_after_s, ..problem }
            }
            _ => problem,
        }
    }
}

fn bank_status(refusal: &store::Refusal) -> StatusCode {
    match refusal {
        store::Refusal::BankExists(_)
        | store::Refusal::BankOfSightings(_)
        | store::Refusal::TenantExists(_)
        | store::Refusal::TenantIsDefault
        | store::Refusal::CheckNotDone(_)
        | store::Refusal::PolicyVersionTaken { .. }
        | store::Refusal::TooManyPolicies { .. }
        | store::Refusal::AppealExists(_)
        | store::Refusal::NoOpenAppeal(_) => StatusCode::CONFLICT,
        store::Refusal::NoSuchBank(_)
        | store::Refusal::NoSuchContent { .. }
        | store::Refusal::NoSuchCheck(_)
        | store::Refusal::NoSuchEndpoint(_)
        | store::Refusal::NoSuchTenant(_)
        | store::Refusal::NoSuchKey(_) => StatusCode::NOT_FOUND,
    }
}

fn denied_status(denied: Denied) -> StatusCode {
    match denied {
        Denied::KeyNeeded
        | Denied::TokenNeeded
        | Denied::KeyNotValid(_)
        | Denied::KeyUnknown
        | Denied::KeyExpired
        | Denied::KeyRevoked => StatusCode::UNAUTHORIZED,
        Denied::ScopeNeeded(_) | Denied::OperatorNeeded => StatusCode::FORBIDDEN,
        Denied::QuotaUsedUp { .. } => StatusCode::TOO_MANY_REQUESTS,
    }
}

fn fetch_status(error: &FetchError) -> StatusCode {
    match error {
        FetchError::Busy { .. } | FetchError::LookupsBusy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn photo_status(error: &PhotoError) -> StatusCode {
    match error {
        PhotoError::Empty => StatusCode::BAD_REQUEST,
        PhotoError::TooManyBytes { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        PhotoError::UnsupportedFormat { .. } | PhotoError::NotAnImage { .. } => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        PhotoError::TooLarge { .. }
        | PhotoError::TooSmall { .. }
        | PhotoError::TooManyPixels { .. }
        | PhotoError::TooManyDecodedBytes { .. }
        | PhotoError::Damaged { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let (code, detail) = (failure.code(), failure.to_string());
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        match failure {
            Failure::QueueFull(full) => Self { retry_after_s: full.retry_after_s, ..problem },
            Failure::PolicyNotUsable { .. } => {
                tracing::error!(error = %failure, "a tenant's photos cannot be judged");
                let detail = "the tenant's policy cannot be used by this version: set it anew";
                Self { detail: detail.to_owned(), ..problem }
            }
            Failure::Store(StoreError::Busy) | Failure::Busy(_) | Failure::IndexStale { .. } => {
                problem
            }
            Failure::Store(StoreError::Replaced(_)) => Self::database_replaced(),
            Failure::Store(StoreError::Unreachable(_)) => Self::database_unreachable(&failure),
            Failure::Store(_)
            | Failure::Work(_)
            | Failure::ReaderGone
            | Failure::Randomness(_)
            | Failure::ReportUnreadable
            | Failure::NotEncrypted
            | Failure::BatchGone
            | Failure::OtherPhotoKey => Self::ours(&failure),
        }
    }
}

impl From<&Stop> for Problem {
    fn from(stop: &Stop) -> Self {
        let (status, code) = match stop {
            Stop::TooSlow { .. } | Stop::TooLong { .. } => {
                (StatusCode::REQUEST_TIMEOUT, "TOO_SLOW")
            }
            Stop::Wanted { .. } | Stop::NoMemory { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "BUSY")
            }
            Stop::BrokeOff { .. } => (StatusCode::BAD_REQUEST, "BODY_UNREADABLE"),
        };
        Self::new(status, code, stop.to_string())
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        let ImportError { cause, progress } = error;
        let detail = format!("{cause}; {progress}");
        match cause {
            ImportCause::App(error) => error.into(),
            ImportCause::TooSlow(_) => {
                Self::new(StatusCode::REQUEST_TIMEOUT, "IMPORT_TOO_SLOW", detail)
            }
            ImportCause::File(ExchangeError::Read(error))
                if error.kind() == ErrorKind::TimedOut =>
            {
                Self::new(StatusCode::REQUEST_TIMEOUT, "IMPORT_TOO_SLOW", detail)
            }
            ImportCause::File(ExchangeError::Read(error))
                if error.kind() == ErrorKind::FileTooLarge =>
            {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "IMPORT_TOO_LARGE", detail)
            }
            ImportCause::File(error) => {
                let status = match &error {
                    ExchangeError::Line { .. }
                    | ExchangeError::FormatUnclear { .. }
                    | ExchangeError::NothingReadable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
                    ExchangeError::Read(_) => StatusCode::BAD_REQUEST,
                };
                Self::new(status, error.code(), detail)
            }
        }
    }
}

/// Turns every error that a library answered in its own way into a [`Problem`].
pub async fn as_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    // A page may have put a problem into words of its own.
    if !is_error || response.extensions().get::<ProblemCode>().is_some() {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => ("NOT_FOUND", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("METHOD_NOT_ALLOWED", "this address does not take this method")
        }
        StatusCode::SERVICE_UNAVAILABLE => ("TIMEOUT", "the request took too long"),
        StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "the body is over the limit"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("CONTENT_TYPE", "the body has the wrong content type")
        }
        _ if status.is_client_error() => ("BAD_REQUEST", "the request could not be read"),
        _ => ("INTERNAL", "something failed here; the request was not at fault"),
    };
    let mut problem = Problem::new(status, code, detail).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        Self::new(fetch_status(&error), error.code(), error.to_string())
    }
}
