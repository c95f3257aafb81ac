//! `POST /v1/check`: one photo in, one report out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderName;

use super::auth::{self, Called};
use super::problem::Problem;
use super::service::Service;
use super::upload::{self, PhotoBytes};
use crate::ids;
use crate::wire::ReportJson;

/// The header with the id of a check. It is no part of the report: equal photos have equal reports.
const CHECK_ID: HeaderName = HeaderName::from_static("check-id");

type CheckId = [(HeaderName, String); 1];

/// Check a photo.
///
/// Send the photo as the field `photo` of a form, or its bytes as the body; where the operator
/// allows it, a URL to fetch it from as JSON. The photo is not kept;
/// with an `account_id` its hashes are, for as long as the operator has decided.
#[utoipa::path(
    post,
    path = "/v1/check",
    tag = "check",
    operation_id = "check_photo",
    request_body(content(
        (PhotoForm = "multipart/form-data"),
        (PhotoBytes = "application/octet-stream"),
        (PhotoUrl = "application/json"),
    )),
    responses((status = 200, description = "the report", body = ReportJson,
        headers(("check-id" = String, description = "UUIDv7 of this check, also in the log"))))
)]
pub async fn check(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    request: Request,
) -> Result<(CheckId, Json<ReportJson>), Problem> {
    let Service { app, uploads, origins, .. } = &*service;
    // Nobody sends a photo for nothing.
    app.store().in_place()?;
    let authorized = auth::ensure_may_keep(&caller, origins, request.headers());
    let upload = uploads.receive(request, &caller, &["account_id"]).await?;
    let account = match upload.text("account_id") {
        None => None,
        Some(id) => {
            if app.keeps_sightings() {
                authorized?;
            }
            Some(app.account(&caller, id).await?)
        }
    };
    let report = upload::in_time(app.check(&caller, upload, account)).await?;
    let id = ids::new_id().to_string();
    tracing::info!(check_id = id, verdict = report.verdict.name(), "checked");
    Ok(([(CHECK_ID, id)], Json(ReportJson::from(&report))))
}

/// A form with the photo.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's description")]
pub struct PhotoForm {
    /// JPEG, PNG, WebP, GIF or HEIC, at most 20 MiB.
    #[schema(value_type = String, format = Binary)]
    photo: Vec<u8>,
    /// The account that shows the photo, at most 256 bytes: the report then says on how many
    /// others it was seen. Needs a service that keeps sightings, and a key or the token of the
    /// banks. Leave it out otherwise.
    #[schema(example = "", max_length = 256, nullable = false)]
    account_id: Option<String>,
}

/// A photo to be fetched, where the operator allows it.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes the body for the API's description")]
pub struct PhotoUrl {
    /// `http` or `https`, at a public address.
    #[schema(max_length = 2048, example = "https://photos.example.org/7.jpg")]
    url: String,
    /// As in the form.
    #[schema(example = "", max_length = 256, nullable = false)]
    account_id: Option<String>,
}
