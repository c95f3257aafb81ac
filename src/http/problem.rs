//! Errors as RFC 9457 problem details, and the one place where status codes are chosen.
//!
//! Whose fault it was decides: what the caller sent is answered with its code, value and limit;
//! what failed here is logged once and answered without its detail.

use std::io::ErrorKind;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::AccountIdError;
use crate::exchange::ExchangeError;
use crate::gate::QueueFull;
use crate::store::StoreError;
use photocheck_core::photo::PhotoError;

/// Seconds after which a caller may try again who waited for something else than the queue.
const RETRY_AFTER_S: u64 = 2;
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error, as RFC 9457 has it, with a stable `code`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the `code` tells the kind.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    pub status: u16,
    /// Stable code.
    #[schema(example = "PHOTO_TOO_MANY_BYTES")]
    pub code: &'static str,
    /// What was wrong, with the value and the limit.
    pub detail: String,
    /// Seconds after which a caller that was turned away may try again.
    #[serde(skip)]
    pub retry_after_s: u64,
}

impl Problem {
    /// A problem of this status.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        let (status, detail) = (status.as_u16(), detail.into());
        let retry_after_s = RETRY_AFTER_S;
        Self { kind: "about:blank", title, status, code, detail, retry_after_s }
    }

    /// Something failed here: `error` goes to the log, the caller is told no more than that.
    #[must_use]
    pub fn ours(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let detail = "something failed here; the request was not at fault";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", detail)
    }

    /// There is room for no more of these at a time.
    #[must_use]
    pub fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY", detail)
    }

    /// The database's file is not the one that was opened.
    #[must_use]
    pub fn database_replaced() -> Self {
        let detail = "the database was moved, deleted or replaced under the service, which must be \
                      started again";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "DATABASE_REPLACED", detail)
    }

    /// A word of the query that means nothing here.
    #[must_use]
    pub fn not_known(field: &str, value: &str, known: &str) -> Self {
        let shown: String = value.chars().take(80).collect();
        let detail = format!("{field} must be one of {known}, not {shown:?}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "QUERY_NOT_VALID", detail)
    }

    /// The body of an import is over the limit.
    #[must_use]
    pub fn import_too_large(bytes_max: u64) -> Self {
        let detail = format!("the import has more bytes than the limit, {bytes_max}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "IMPORT_TOO_LARGE", detail)
    }

    /// An import was stopped at its time limit; `done` tells what it had done.
    #[must_use]
    pub fn import_too_slow(limit: Duration, done: &str) -> Self {
        let detail = format!("the import took longer than {} s; {done}", limit.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, "IMPORT_TOO_SLOW", detail)
    }

    /// An import was stopped by what was sent; `done` tells what it had done.
    #[must_use]
    pub fn import_stopped(error: &ExchangeError, done: &str) -> Self {
        let status = match error {
            ExchangeError::Line { .. }
            | ExchangeError::FormatUnclear { .. }
            | ExchangeError::NothingReadable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            ExchangeError::Read(error) if error.kind() == ErrorKind::FileTooLarge => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            ExchangeError::Read(error) if error.kind() == ErrorKind::TimedOut => {
                let detail = format!("{error}; {done}");
                return Self::new(StatusCode::REQUEST_TIMEOUT, "IMPORT_TOO_SLOW", detail);
            }
            ExchangeError::Read(_) => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.code(), format!("{error}; {done}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_s = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, retry_after_s.into());
        }
        response
    }
}

impl From<PhotoError> for Problem {
    fn from(error: PhotoError) -> Self {
        let status = match error {
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
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::BankName(_)
            | StoreError::NoteTooLong { .. }
            | StoreError::NoteNotPlain
            | StoreError::ExternalIdTooLong { .. }
            | StoreError::ExternalIdNotPlain => StatusCode::UNPROCESSABLE_ENTITY,
            StoreError::BankExists(_) | StoreError::BankOfSightings(_) => StatusCode::CONFLICT,
            StoreError::NoSuchBank(_) | StoreError::NoSuchContent { .. } => StatusCode::NOT_FOUND,
            StoreError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            // Where the database stands is nobody's business.
            StoreError::Replaced(_) => return Self::database_replaced(),
            StoreError::NotForSightings(_)
            | StoreError::OtherAccountKey(_)
            | StoreError::UnsupportedUrl
            | StoreError::NoDatabase(_)
            | StoreError::File { .. }
            | StoreError::Open { .. }
            | StoreError::NotOurs
            | StoreError::OtherVersion
            | StoreError::Database(_)
            | StoreError::Migration(_)
            | StoreError::Apply(_)
            | StoreError::Lookup(_)
            | StoreError::Corrupt(_)
            | StoreError::CorruptBank(_) => return Self::ours(&error),
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl From<AccountIdError> for Problem {
    fn from(error: AccountIdError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error.to_string())
    }
}

impl From<QueueFull> for Problem {
    fn from(full: QueueFull) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "QUEUE_FULL", full.to_string());
        Self { retry_after_s: full.retry_after_s, ..problem }
    }
}

/// Gives every error that a library answered in its own way the form of a [`Problem`].
pub async fn as_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().get(header::CONTENT_TYPE) == Some(&CONTENT_TYPE) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => ("NOT_FOUND", "there is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("METHOD_NOT_ALLOWED", "this address does not take this method")
        }
        StatusCode::SERVICE_UNAVAILABLE => ("TIMEOUT", "the request was not done in time"),
        StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "the body is over the limit"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("CONTENT_TYPE", "the body is not of the content type that is needed")
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
