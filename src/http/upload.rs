//! Taking the photo out of a request, within the limit, before it is in memory.
//!
//! Two forms are taken: `multipart/form-data` with the field `photo` (and the text fields that are
//! asked for), or the bytes themselves as the body.

use std::collections::HashMap;
use std::time::Duration;

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use tokio_stream::StreamExt;

use super::problem::Problem;
use crate::core::errors::PhotoError;
use crate::core::limits;
use crate::gate::{Gate, Place};

/// Bytes that multipart wraps around a photo, at the most.
const WRAPPING_BYTES_MAX: u64 = 64 * 1024;

/// A photo that takes longer to arrive is given up: a place in the queue is not to be squatted.
const ARRIVAL_MAX: Duration = Duration::from_secs(20);

/// Time that the body of a request may go on coming that is turned away.
const RUNNING_OUT_MAX: Duration = Duration::from_secs(5);

/// Bytes of a request's body, for the layer that cuts off longer ones.
pub const BODY_BYTES_MAX: u64 = limits::PHOTO_BYTES_MAX + WRAPPING_BYTES_MAX;

/// What was sent.
#[derive(Debug)]
pub struct Upload {
    pub photo: Bytes,
    texts: HashMap<&'static str, String>,
}

/// Takes a place for a request. Where none is free, the body is let run out first: a client that
/// is still sending would otherwise find its connection gone before it reads why.
///
/// # Errors
/// [`crate::gate::QueueFull`] as a [`Problem`].
pub async fn place_for(gate: &Gate, request: &mut Request) -> Result<Place, Problem> {
    let refused = match gate.enter() {
        Ok(place) => return Ok(place),
        Err(refused) => refused,
    };
    let mut pieces = std::mem::take(request.body_mut()).into_data_stream();
    // Each piece is let go as it comes.
    let running_out = async {
        let mut bytes = 0;
        while let Some(Ok(piece)) = pieces.next().await {
            bytes += piece.len() as u64;
            if BODY_BYTES_MAX < bytes {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(RUNNING_OUT_MAX, running_out).await;
    Err(refused.into())
}

impl Upload {
    /// Reads a request's body into the room that `place` keeps for it. Text fields are kept when
    /// they have one of the `names`.
    ///
    /// # Errors
    /// A [`Problem`] when there is no photo in it, it is over the limit, or it comes too slowly.
    pub async fn read(
        request: Request,
        place: &mut Place,
        names: &[&'static str],
    ) -> Result<Self, Problem> {
        let announced = announced_bytes(request.headers())?;
        place.make_room(announced.unwrap_or(BODY_BYTES_MAX)).await;
        tokio::time::timeout(ARRIVAL_MAX, Self::arrived(request, names)).await.unwrap_or_else(
            |_| {
                let detail = format!("the photo did not arrive within {} s", ARRIVAL_MAX.as_secs());
                Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "TOO_SLOW", detail))
            },
        )
    }

    /// The text field of that name, if it was sent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    async fn arrived(request: Request, names: &[&'static str]) -> Result<Self, Problem> {
        if is_multipart(request.headers()) {
            return read_multipart(request, names).await;
        }
        let photo =
            request.extract::<Bytes, _>().await.map_err(|rejected| match rejected.status() {
                StatusCode::PAYLOAD_TOO_LARGE => cut_off(),
                status => Problem::new(status, "BODY_UNREADABLE", rejected.body_text()),
            })?;
        Ok(Self { photo, texts: HashMap::new() })
    }
}

/// The body's length, if the client says it.
fn announced_bytes(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let bytes = length.and_then(|text| text.parse::<u64>().ok());
    match bytes {
        Some(bytes) if BODY_BYTES_MAX < bytes => {
            let bytes_max = limits::PHOTO_BYTES_MAX;
            Err(PhotoError::TooManyBytes { bytes, bytes_max }.into())
        }
        _ => Ok(bytes),
    }
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"))
}

async fn read_multipart(request: Request, names: &[&'static str]) -> Result<Upload, Problem> {
    let multipart = request.extract::<Multipart, _>().await;
    let mut multipart = multipart.map_err(|rejected| {
        Problem::new(StatusCode::BAD_REQUEST, "MULTIPART_NOT_VALID", rejected.body_text())
    })?;
    let (mut photo, mut texts) = (None, HashMap::new());
    while let Some(field) = multipart.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default();
        if name == "photo" && photo.is_none() {
            photo = Some(bytes_of(field).await?);
        } else if let Some(name) = names.iter().find(|asked| **asked == name) {
            texts.insert(*name, field.text().await.map_err(|error| broken(&error))?);
        }
        // Other fields are passed over; the limit on the body bounds them.
    }
    let photo = photo.ok_or_else(|| {
        let detail = "the form has no field named photo";
        Problem::new(StatusCode::BAD_REQUEST, "NO_PHOTO", detail)
    })?;
    Ok(Upload { photo, texts })
}

async fn bytes_of(field: Field<'_>) -> Result<Bytes, Problem> {
    field.bytes().await.map_err(|error| broken(&error))
}

fn broken(error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => cut_off(),
        status => Problem::new(status, "MULTIPART_NOT_VALID", error.body_text()),
    }
}

/// The body was cut off at the limit; nobody knows how long it would have been.
fn cut_off() -> Problem {
    let code = PhotoError::TooManyBytes { bytes: 0, bytes_max: 0 }.code();
    let detail = format!("the file has more bytes than the limit, {}", limits::PHOTO_BYTES_MAX);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
}
