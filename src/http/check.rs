//! `POST /v1/check`: one photo in, one report out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};

use super::auth;
use super::problem::Problem;
use super::service::Service;
use super::upload;
use crate::wire::ReportJson;

/// Check a photo.
///
/// Send the photo as the field `photo` of a form, or its bytes as the body. The photo is not kept;
/// with an `account_id` its hashes are, for as long as the operator has decided.
#[utoipa::path(
    post,
    path = "/v1/check",
    tag = "check",
    request_body(content(
        (PhotoForm = "multipart/form-data"),
        (Vec<u8> = "application/octet-stream"),
    )),
    responses(
        (status = 200, description = "the report", body = ReportJson),
        (status = 400, description = "no photo in the request", body = Problem,
         content_type = "application/problem+json"),
        (status = 401, description = "an account_id without the token of the banks",
         body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "an account_id from a page of another site", body = Problem,
         content_type = "application/problem+json"),
        (status = 408, description = "the photo came too slowly", body = Problem,
         content_type = "application/problem+json"),
        (status = 409, description = "an account_id, but no sightings are kept", body = Problem,
         content_type = "application/problem+json"),
        (status = 413, description = "more bytes than the limit", body = Problem,
         content_type = "application/problem+json"),
        (status = 415, description = "a format that is not supported", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "a damaged photo, one outside the limits, or two of them",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the queue is full, or the database cannot be used",
         body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn check(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Json<ReportJson>, Problem> {
    let Service { app, uploads } = &*service;
    // Nobody sends a photo for nothing.
    app.banks.store().in_place()?;
    let authorized = auth::authorize(app.access(), request.headers());
    let upload = uploads.receive(request, &["account_id"]).await?;
    let account = match upload.text("account_id") {
        None => None,
        Some(id) => {
            if app.keeps_sightings() {
                authorized?;
            }
            Some(app.account(id)?)
        }
    };
    let report = upload::in_time(app.check(upload, account)).await?;
    Ok(Json(ReportJson::from(&report)))
}

/// A form with the photo.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's description")]
pub struct PhotoForm {
    /// JPEG, PNG, WebP or GIF, at most 20 MiB.
    #[schema(value_type = String, format = Binary)]
    photo: Vec<u8>,
    /// The account that shows the photo, at most 256 bytes: the report then says on how many
    /// others it was seen. Needs a service that keeps sightings, and the token of the banks.
    account_id: Option<String>,
}
