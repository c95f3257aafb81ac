//! Taking the photo out of a request, within the limit, before it is in memory.
//!
//! Three forms are taken: `multipart/form-data` with the field `photo` (and the text fields that
//! are asked for), the bytes themselves as the body, or, where the operator allows it, JSON with a
//! `url` to fetch the photo from. A place at the gate is taken after the body, by the app, so that
//! a slow sender keeps nobody from being checked.

use std::collections::HashMap;
use std::time::Duration;

use axum::RequestExt;
use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};
use tokio_stream::StreamExt;

use super::arrival::{self, Arriving, BODY_BYTES_MAX, BodyShare, Pace};
use super::extract;
use super::problem::Problem;
use super::room::Room;
use crate::app::error::{AppError, Refusal};
use crate::app::gate::Gate;
use crate::fetch::{DOWNLOAD_MAX, FetchError, Fetched, Fetcher};
use crate::tenancy::Caller;
use photocheck_core::limits;
use photocheck_core::photo::PhotoError;

/// Bytes of all photos that are being received, wait or are checked.
const UPLOADS_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Time for a photo that has arrived to be checked: far more than a full queue takes.
const WORK_MAX: Duration = Duration::from_mins(1);

/// Bytes of the JSON that names a URL.
const JSON_BYTES_MAX: usize = 16 * 1024;

const _: () = assert!(2 * BODY_BYTES_MAX < UPLOADS_BYTES_MAX);

/// A photo by itself: JPEG, PNG, WebP, GIF or HEIC, at most 20 MiB.
#[derive(Debug, utoipa::ToSchema)]
#[schema(value_type = String, format = Binary, min_length = 1)]
pub struct PhotoBytes(pub Vec<u8>);

/// What uploads share.
#[derive(Debug, Clone)]
pub struct Uploads {
    pub room: Room,
    pub pace: Pace,
    pub gate: Gate,
    /// `None` where photos are not taken by URL.
    pub fetcher: Option<Fetcher>,
}

impl Uploads {
    /// Uploads that go through this gate, or are fetched.
    #[must_use]
    pub fn new(gate: Gate, fetcher: Option<Fetcher>) -> Self {
        let room = Room::new(UPLOADS_BYTES_MAX, BODY_BYTES_MAX);
        Self { room, pace: Pace::default(), gate, fetcher }
    }

    /// Reads a request's body. Text fields are kept when they have one of the `names`.
    ///
    /// # Errors
    /// A [`Problem`] when there is no photo in it or more than one, it is over the limit, it comes
    /// too slowly, or the queue is full already.
    pub async fn receive(
        &self,
        mut request: Request,
        caller: &Caller,
        names: &[&'static str],
    ) -> Result<Upload, Problem> {
        let body = std::mem::take(request.body_mut());
        let has_place = self.gate.has_place(caller);
        let has_place = has_place.map_err(|full| AppError::from(full).into());
        if let Err(problem) = has_place.and_then(|()| check_announced(request.headers())) {
            arrival::drain(body);
            return Err(problem);
        }
        let share = BodyShare::new(self.room.share().into());
        if is_json(request.headers()) {
            return self.receive_by_url(body, share, names).await;
        }
        let arriving = arrival::arriving(body, self.pace, Some(BodyShare::clone(&share))).await;
        let stopped = std::sync::Arc::clone(&arriving.stopped);
        let read = if is_multipart(request.headers()) {
            read_multipart(request, arriving, names).await
        } else {
            read_whole(arriving).await.map(|photo| (photo, HashMap::new()))
        };
        // Whoever read it knows only that it came to no end.
        let (photo, texts) = match stopped.get() {
            Some(stop) => return Err(stop.into()),
            None => read?,
        };
        Ok(Upload { photo, texts, _share: share })
    }

    /// Fetches the photo at a URL, for this caller.
    ///
    /// # Errors
    /// A [`Problem`] when none are fetched, the queue is full already, or there is no photo to be
    /// had.
    pub async fn fetch(&self, url: &str, caller: &Caller) -> Result<Upload, Problem> {
        self.gate.has_place(caller).map_err(AppError::from)?;
        let fetcher = self.fetcher.as_ref().ok_or(AppError::from(Refusal::UrlsNotTaken))?;
        let share = BodyShare::new(self.room.share().into());
        self.fetch_with(fetcher, url, share).await
    }

    /// Reads a body of JSON that comes with a photo's URL in the address.
    ///
    /// # Errors
    /// A [`Problem`] when it comes too slowly, or is over the limit.
    pub async fn receive_small(&self, request: Request) -> Result<Vec<u8>, Problem> {
        read_small(arrival::arriving(request.into_body(), self.pace, None).await).await
    }

    /// Fetches the photo that a body of JSON names.
    async fn receive_by_url(
        &self,
        body: Body,
        share: BodyShare,
        names: &[&'static str],
    ) -> Result<Upload, Problem> {
        let Some(fetcher) = &self.fetcher else {
            arrival::drain(body);
            return Err(AppError::from(Refusal::UrlsNotTaken).into());
        };
        let (url, texts) = read_json(arrival::arriving(body, self.pace, None).await, names).await?;
        Ok(Upload { texts, ..self.fetch_with(fetcher, &url, share).await? })
    }

    async fn fetch_with(
        &self,
        fetcher: &Fetcher,
        url: &str,
        share: BodyShare,
    ) -> Result<Upload, Problem> {
        let fetched = async {
            let Fetched { body, place: _place } = fetcher.fetch(url).await?;
            let arriving = arrival::arriving(body, self.pace, Some(BodyShare::clone(&share))).await;
            let stopped = std::sync::Arc::clone(&arriving.stopped);
            let read = read_whole(arriving).await;
            match stopped.get() {
                Some(arrival::Stop::NoMemory { .. }) | None => read,
                // It was the other server, not the caller.
                Some(_) => Err(FetchError::BrokeOff.into()),
            }
        };
        let photo = tokio::time::timeout(DOWNLOAD_MAX, fetched).await;
        let photo =
            photo.map_err(|_| FetchError::TooSlow { seconds: DOWNLOAD_MAX.as_secs() })??;
        Ok(Upload { photo, texts: HashMap::new(), _share: share })
    }
}

/// What was sent.
#[derive(Debug)]
pub struct Upload {
    photo: Bytes,
    texts: HashMap<&'static str, String>,
    _share: BodyShare,
}

/// The bytes of the photo; their memory is counted for as long as the upload is there.
impl AsRef<[u8]> for Upload {
    fn as_ref(&self) -> &[u8] {
        &self.photo
    }
}

impl Upload {
    /// The text field of that name, if it was sent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }
}

/// Waits for `work` on a photo that has arrived.
///
/// # Errors
/// A [`Problem`] when it takes too long or fails.
pub async fn in_time<T>(work: impl Future<Output = Result<T, AppError>>) -> Result<T, Problem> {
    match tokio::time::timeout(WORK_MAX, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Problem::work_too_slow(WORK_MAX)),
    }
}

/// Refuses a body by the length that the client says, before one byte of it is read.
fn check_announced(headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let bytes = length.and_then(|text| text.parse::<u64>().ok());
    match bytes {
        Some(bytes) if BODY_BYTES_MAX < bytes && is_multipart(headers) => {
            Err(Problem::form_too_large(bytes, limits::PHOTO_BYTES_MAX))
        }
        Some(bytes) if limits::PHOTO_BYTES_MAX < bytes && !is_multipart(headers) => {
            let bytes_max = limits::PHOTO_BYTES_MAX;
            Err(PhotoError::TooManyBytes { bytes, bytes_max }.into())
        }
        _ => Ok(()),
    }
}

/// Whether a body is a form.
pub(super) fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"))
}

/// Whether a body is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"))
}

/// Reads the URL and the texts that are asked for.
async fn read_json(
    arriving: Arriving,
    names: &[&'static str],
) -> Result<(String, HashMap<&'static str, String>), Problem> {
    let fields: Map<String, Value> = extract::json(&read_small(arriving).await?)?;
    let (mut url, mut texts) = (None, HashMap::new());
    for (field, value) in fields {
        let (name, Value::String(text)) = (field.as_str(), value) else {
            return Err(Problem::json_not_valid(&format!("{field} is no text")));
        };
        if name == "url" {
            url = Some(text);
        } else if let Some(name) = names.iter().find(|asked| **asked == name) {
            texts.insert(*name, text);
        } else {
            return Err(Problem::json_not_valid(&format!("there is no field {field}")));
        }
    }
    Ok((url.ok_or_else(|| Problem::json_not_valid("the field url is missing"))?, texts))
}

/// Reads a body that has no photo.
async fn read_small(mut arriving: Arriving) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(piece) = arriving.pieces.next().await {
        bytes.extend_from_slice(&piece.map_err(|stop| Problem::from(&stop))?);
        if JSON_BYTES_MAX < bytes.len() {
            return Err(Problem::body_too_large());
        }
    }
    Ok(bytes)
}

async fn read_whole(mut arriving: Arriving) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    while let Some(piece) = arriving.pieces.next().await {
        let piece = piece.map_err(|stop| Problem::from(&stop))?;
        if limits::PHOTO_BYTES_MAX < (bytes.len() + piece.len()) as u64 {
            return Err(too_many_bytes().into());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

async fn read_multipart(
    request: Request,
    arriving: Arriving,
    names: &[&'static str],
) -> Result<(Bytes, HashMap<&'static str, String>), Problem> {
    let request = request.map(|_| Body::from_stream(arriving.pieces));
    let multipart = request.extract::<Multipart, _>().await;
    let mut multipart =
        multipart.map_err(|rejected| Problem::multipart_not_valid(rejected.body_text()))?;
    let (mut photo, mut texts, mut twice) = (None, HashMap::new(), None);
    while let Some(field) = multipart.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default();
        if name == "photo" {
            if photo.is_some() {
                // The form is read to its end, so that its sender reads the answer.
                twice.get_or_insert_with(Problem::several_photos);
            } else {
                photo = Some(read_bytes(field).await?);
            }
        } else if let Some(name) = names.iter().find(|asked| **asked == name) {
            let text = field.text().await.map_err(|error| broken(&error))?;
            if texts.insert(*name, text).is_some() {
                twice.get_or_insert_with(|| Problem::field_twice(name));
            }
        }
        // Other fields are passed over; the limit on the body bounds them.
    }
    if let Some(problem) = twice {
        return Err(problem);
    }
    Ok((photo.ok_or_else(Problem::no_photo)?, texts))
}

async fn read_bytes(field: Field<'_>) -> Result<Bytes, Problem> {
    field.bytes().await.map_err(|error| broken(&error))
}

fn broken(error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_many_bytes().into(),
        _ => Problem::multipart_not_valid(error.body_text()),
    }
}

/// Reading stopped at the limit; nobody knows how many bytes there would have been.
fn too_many_bytes() -> PhotoError {
    let bytes_max = limits::PHOTO_BYTES_MAX;
    PhotoError::TooManyBytes { bytes: bytes_max + 1, bytes_max }
}
