//! Takes the photos of one call, one after the other, so that only one is in memory at a time.
//!
//! In a form each field counts for the photo after it. JSON names URLs, where the operator allows
//! that. Bytes that are no form are one photo.

use std::sync::Arc;

use axum::RequestExt;
use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, Request};
use photocheck_core::bank::ExternalId;
use photocheck_core::limits;
use photocheck_core::photo::PhotoError;
use serde::Deserialize;
use tokio::time::timeout;
use tokio_stream::StreamExt;
use utoipa::ToSchema;

use super::arrival::{self, Arriving as ArrivingBody, Stop};
use super::auth::CountedFor;
use super::extract;
use super::problem::Problem;
use super::room::Share;
use super::service::Service;
use super::upload::{is_json, is_multipart};
use crate::app::error::{AppError, Refusal};
use crate::app::later::{Arriving, CALL_MAX};
use crate::app::waiting_photo::{Source, WaitingPhoto};
use crate::fetch;
use crate::tenancy::Caller;

/// Bytes of the JSON that names URLs.
const JSON_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Bytes of a text field of a form: the longest that any may have, and a little.
const TEXT_BYTES_MAX: usize = 4096;

/// Photos to be fetched and checked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UrlsJson {
    #[schema(min_items = 1, max_items = 500)]
    pub checks: Vec<UrlJson>,
    /// Where to be told of these checks, at one of the tenant's endpoints (docs/webhooks.md).
    #[schema(format = "uri", nullable = false)]
    pub callback_url: Option<String>,
}

/// One of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UrlJson {
    /// `http` or `https`, at a public address.
    #[schema(max_length = 2048, example = "https://photos.example.org/7.jpg")]
    pub url: String,
    /// Your name for the photo, at most 256 bytes; it comes back beside the report.
    #[schema(example = "upload 4711", max_length = 256, nullable = false)]
    pub external_id: Option<String>,
    /// As of `POST /v1/check`.
    #[schema(example = "", max_length = 256, nullable = false)]
    pub account_id: Option<String>,
}

/// Takes the photos of a call.
#[derive(Debug)]
pub struct Taking<'a> {
    pub service: &'a Service,
    pub caller: &'a Caller,
    pub counted: &'a CountedFor,
    pub arriving: &'a mut Arriving,
}

/// What stands before a photo.
#[derive(Debug, Default)]
struct About {
    external_id: Option<String>,
    account_id: Option<String>,
}

impl Taking<'_> {
    /// Takes all of a request.
    ///
    /// # Errors
    /// A [`Problem`] when there is none, or one cannot be taken.
    pub async fn take(mut self, mut request: Request) -> Result<(), Problem> {
        let body = std::mem::take(request.body_mut());
        let pace = self.service.uploads.pace;
        let arriving = arrival::arriving(body, pace, None).await;
        let stopped = Arc::clone(&arriving.stopped);
        let taking = async {
            if is_json(request.headers()) {
                self.take_json(arriving).await
            } else if is_multipart(request.headers()) {
                self.take_form(request, arriving).await
            } else {
                self.take_body(arriving).await
            }
        };
        // What comes for longer would be deleted as what was left behind.
        let taken = timeout(CALL_MAX, taking).await;
        let taken = taken.map_err(|_| Problem::from(&Stop::TooLong { max: CALL_MAX })).flatten();
        // Whoever read it knows only that it came to no end.
        match stopped.get() {
            Some(stop) => Err(stop.into()),
            None => taken,
        }
    }

    async fn take_json(&mut self, mut arriving: ArrivingBody) -> Result<(), Problem> {
        if self.service.app.fetcher().is_none() {
            return Err(AppError::from(Refusal::UrlsNotTaken).into());
        }
        let mut bytes = Vec::new();
        while let Some(piece) = arriving.pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(|stop| Problem::from(&stop))?);
            if JSON_BYTES_MAX < bytes.len() {
                return Err(Problem::body_too_large());
            }
        }
        let UrlsJson { checks, callback_url } = extract::json(&bytes)?;
        if let Some(url) = callback_url {
            self.tell(&url).await?;
        }
        if checks.is_empty() {
            return Err(Problem::json_not_valid("checks has no entry"));
        }
        for UrlJson { url, external_id, account_id } in checks {
            fetch::check_url(&url)?;
            self.add(Source::Url(url), None, About { external_id, account_id }).await?;
        }
        Ok(())
    }

    async fn take_body(&mut self, mut arriving: ArrivingBody) -> Result<(), Problem> {
        let mut photo = Photo::new(self.service);
        while let Some(piece) = arriving.pieces.next().await {
            photo.push(&piece.map_err(|stop| Problem::from(&stop))?).await?;
        }
        let (bytes, share) = photo.into_parts();
        self.add(Source::Bytes(bytes), Some(share), About::default()).await
    }

    async fn take_form(&mut self, request: Request, arriving: ArrivingBody) -> Result<(), Problem> {
        let request = request.map(|_| Body::from_stream(arriving.pieces));
        let multipart = request.extract::<Multipart, _>().await;
        let mut multipart =
            multipart.map_err(|rejected| Problem::multipart_not_valid(rejected.body_text()))?;
        let mut about = About::default();
        while let Some(mut field) = multipart.next_field().await.map_err(|error| broken(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "photo" => {
                    let mut photo = Photo::new(self.service);
                    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
                        photo.push(&piece).await?;
                    }
                    let (bytes, share) = photo.into_parts();
                    let about = std::mem::take(&mut about);
                    self.add(Source::Bytes(bytes), Some(share), about).await?;
                }
                "external_id" => about.external_id = Some(text(&name, field).await?),
                "callback_url" => self.tell(&text(&name, field).await?).await?,
                "account_id" => about.account_id = Some(text(&name, field).await?),
                // Other fields are passed over, a piece at a time.
                _ => while field.chunk().await.map_err(|error| broken(&error))?.is_some() {},
            }
        }
        if self.arriving.is_empty() {
            return Err(Problem::no_photo());
        }
        Ok(())
    }

    async fn tell(&mut self, url: &str) -> Result<(), Problem> {
        let callback = self.service.app.callback(self.caller.tenant, url).await?;
        self.arriving.tell(callback);
        Ok(())
    }

    /// Adds a photo, whose share of the memory stays taken until it is kept.
    async fn add(
        &mut self,
        source: Source,
        _share: Option<Share>,
        about: About,
    ) -> Result<(), Problem> {
        if !self.arriving.is_empty() {
            self.counted.count(self.service).await?;
        }
        if matches!(&source, Source::Bytes(photo) if photo.is_empty()) {
            return Err(PhotoError::Empty.into());
        }
        let external_id = ExternalId::new(about.external_id.as_deref().unwrap_or_default())?;
        let account = match &about.account_id {
            None => None,
            Some(id) => Some(self.service.app.account(self.caller, id).await?),
        };
        Ok(self.arriving.add(WaitingPhoto { source, account }, external_id).await?)
    }
}

/// A photo on its way in; its memory is counted until it is kept.
struct Photo {
    bytes: Vec<u8>,
    share: Share,
    wait_max: std::time::Duration,
}

impl Photo {
    fn new(service: &Service) -> Self {
        let uploads = &service.uploads;
        let (share, wait_max) = (uploads.room.share(), uploads.pace.wait_max);
        Self { bytes: Vec::new(), share, wait_max }
    }

    async fn push(&mut self, piece: &[u8]) -> Result<(), Problem> {
        let bytes = (self.bytes.len() + piece.len()) as u64;
        let bytes_max = limits::PHOTO_BYTES_MAX;
        if bytes_max < bytes {
            return Err(PhotoError::TooManyBytes { bytes: bytes_max + 1, bytes_max }.into());
        }
        let wait_max = self.wait_max;
        let grown = timeout(wait_max, self.share.grow_to(bytes)).await;
        grown.map_err(|_| Problem::from(&Stop::NoMemory { wait_max }))?;
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    fn into_parts(self) -> (Bytes, Share) {
        (self.bytes.into(), self.share)
    }
}

async fn text(name: &str, mut field: Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&piece);
        if TEXT_BYTES_MAX < bytes.len() {
            return Err(Problem::multipart_not_valid(format!(
                "the field {name} has more than {TEXT_BYTES_MAX} bytes"
            )));
        }
    }
    let text = String::from_utf8(bytes);
    text.map_err(|_| Problem::multipart_not_valid(format!("the field {name} is not UTF-8")))
}

fn broken(error: &MultipartError) -> Problem {
    Problem::multipart_not_valid(error.body_text())
}
