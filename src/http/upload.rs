//! Taking the photo out of a request, within the limit, before it is in memory.
//!
//! Two forms are taken: `multipart/form-data` with the field `photo` (and, where it is asked for, a
//! text field `note`), or the bytes themselves as the body.

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;
use crate::core::errors::PhotoError;
use crate::core::limits;

/// Bytes that multipart wraps around a photo, at the most.
const WRAPPING_BYTES_MAX: u64 = 64 * 1024;

/// Bytes of a request's body, for the layer that cuts off longer ones.
pub const BODY_BYTES_MAX: u64 = limits::PHOTO_BYTES_MAX + WRAPPING_BYTES_MAX;

/// What was sent.
#[derive(Debug)]
pub struct Upload {
    pub photo: Bytes,
    /// Empty when none was sent.
    pub note: String,
}

impl Upload {
    /// Reads a request's body.
    ///
    /// # Errors
    /// A [`Problem`] when there is no photo in it or it is over the limit.
    pub async fn read(request: Request) -> Result<Self, Problem> {
        check_announced(request.headers())?;
        if is_multipart(request.headers()) {
            return read_multipart(request).await;
        }
        let photo =
            request.extract::<Bytes, _>().await.map_err(|rejected| match rejected.status() {
                StatusCode::PAYLOAD_TOO_LARGE => too_many_bytes(None),
                status => Problem::new(status, "BODY_UNREADABLE", rejected.body_text()),
            })?;
        Ok(Self { photo, note: String::new() })
    }
}

fn check_announced(headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.and_then(|text| text.parse::<u64>().ok()) {
        Some(bytes) if BODY_BYTES_MAX < bytes => Err(too_many_bytes(Some(bytes))),
        _ => Ok(()),
    }
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"))
}

async fn read_multipart(request: Request) -> Result<Upload, Problem> {
    let multipart = request.extract::<Multipart, _>().await;
    let mut multipart = multipart.map_err(|rejected| {
        Problem::new(StatusCode::BAD_REQUEST, "MULTIPART_NOT_VALID", rejected.body_text())
    })?;
    let (mut photo, mut note) = (None, String::new());
    while let Some(field) = multipart.next_field().await.map_err(|error| broken(&error))? {
        match field.name() {
            Some("photo") if photo.is_none() => photo = Some(bytes_of(field).await?),
            Some("note") => note = field.text().await.map_err(|error| broken(&error))?,
            // Other fields are passed over; the limit on the body bounds them.
            _ => {}
        }
    }
    let photo = photo.ok_or_else(|| {
        let detail = "the form has no field named photo";
        Problem::new(StatusCode::BAD_REQUEST, "NO_PHOTO", detail)
    })?;
    Ok(Upload { photo, note })
}

async fn bytes_of(field: Field<'_>) -> Result<Bytes, Problem> {
    field.bytes().await.map_err(|error| broken(&error))
}

fn broken(error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_many_bytes(None),
        status => Problem::new(status, "MULTIPART_NOT_VALID", error.body_text()),
    }
}

/// `announced` is the length the client named; without it the body was cut off at the limit.
fn too_many_bytes(announced: Option<u64>) -> Problem {
    let bytes = announced.unwrap_or(BODY_BYTES_MAX + 1);
    PhotoError::TooManyBytes { bytes, bytes_max: limits::PHOTO_BYTES_MAX }.into()
}
