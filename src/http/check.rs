//! `POST /v1/check`: one photo in, one report out.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::App;
use super::problem::Problem;
use super::upload::{self, Upload};
use crate::accounts::AccountHash;
use crate::clock;
use crate::sightings::Sightings;
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
        (status = 415, description = "a format that is not read", body = Problem,
         content_type = "application/problem+json"),
        (status = 422, description = "a damaged photo, one outside the limits, or two of them",
         body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "the queue is full, or the database is not to be used",
         body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn check(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<ReportJson>, Problem> {
    // Banks that are no longer the operator's flag nobody.
    app.store.in_place()?;
    let admitted = app.bank_door.admit(request.headers());
    let (upload, place) = app.uploads.receive(request, &["account_id"]).await?;
    let account = account_of(&app, &upload, admitted)?;
    let (live, checker) = (app.live.clone(), Arc::clone(&app.checker));
    // The index of the moment the work begins: what was banked while it waited counts.
    let work = place.run(move || checker.examine(upload.photo(), &live.index()));
    let examined = upload::done(work).await??;
    let seen = match account {
        None => None,
        Some((sightings, account)) => sightings.record(&examined, account, clock::now_s()).await?,
    };
    Ok(Json(ReportJson::from(&app.checker.report(examined, seen))))
}

/// The account that shows the photo, if one was named.
fn account_of<'a>(
    app: &'a App,
    upload: &Upload,
    admitted: Result<(), Problem>,
) -> Result<Option<(&'a Sightings, AccountHash)>, Problem> {
    let Some(id) = upload.text("account_id") else { return Ok(None) };
    let Some(sightings) = &app.sightings else {
        let detail = "this service keeps no sightings, so it takes no account_id; its operator \
                      can opt in by --seen-bank";
        return Err(Problem::new(StatusCode::CONFLICT, "SIGHTINGS_NOT_KEPT", detail));
    };
    admitted?;
    Ok(Some((sightings, sightings.account(id)?)))
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
