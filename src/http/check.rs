//! `POST /v1/check`: one photo in, one report out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};

use super::App;
use super::problem::Problem;
use super::upload::Upload;
use crate::wire::ReportJson;

/// Check a photo.
///
/// Send the photo as the field `photo` of a form, or its bytes as the body. The photo is not kept.
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
        (status = 413, description = "more bytes than the limit", body = Problem,
         content_type = "application/problem+json"),
        (status = 415, description = "a format that is not read", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "a damaged photo, or one outside the limits", body = Problem,
         content_type = "application/problem+json"),
        (status = 503, description = "the queue is full", body = Problem,
         content_type = "application/problem+json"),
    )
)]
pub async fn check(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<ReportJson>, Problem> {
    // The place comes before the body: bodies in memory are bounded by places.
    let mut place = app.gate.enter()?;
    let upload = Upload::read(request, &mut place, &[]).await?;
    let (live, checker) = (app.live.clone(), Arc::clone(&app.checker));
    // The index of the moment the work begins: what was banked while it waited counts.
    let checked = place.run(move || checker.check(&upload.photo, &live.index())).await;
    let report = checked.map_err(|error| Problem::ours(&error))??;
    Ok(Json(ReportJson::from(&report)))
}

/// A form with the photo.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's description")]
pub struct PhotoForm {
    /// JPEG, PNG, WebP or GIF, at most 20 MiB.
    #[schema(value_type = String, format = Binary)]
    photo: Vec<u8>,
}
