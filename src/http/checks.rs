//! `/v1/checks`: photos that are accepted now and checked later.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::arrival;
use super::auth::{self, Called, CountedFor};
use super::batch::{Taking, UrlsJson};
use super::extract::{Path, Query};
use super::idempotency::CallId;
use super::problem::Problem;
use super::service::Service;
use super::upload::PhotoBytes;
use crate::app::later::Arriving;
use crate::store::{Refusal, StoreError, StoredCheck};
use crate::wire::checks::CheckJson;

/// Photos in a form. Each field counts for the photo after it.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form for the API's description")]
pub struct PhotosForm {
    /// JPEG, PNG, WebP, GIF or HEIC, at most 20 MiB each; at most 500 fields of this name.
    #[schema(min_items = 1, max_items = 500)]
    photo: Vec<PhotoBytes>,
    /// Your name for the photo after it, at most 256 bytes; it comes back beside the report.
    #[schema(example = "upload 4711", max_length = 256, nullable = false)]
    external_id: Option<String>,
    /// The account that shows the photo after it, as of `POST /v1/check`. Leave it out otherwise.
    #[schema(example = "", max_length = 256, nullable = false)]
    account_id: Option<String>,
    /// Where to be told of all of them, at one of the tenant's endpoints (docs/webhooks.md). Leave
    /// it out otherwise.
    #[schema(example = "https://hooks.example.org/7", format = "uri", nullable = false)]
    callback_url: Option<String>,
}

/// Checks of one call, in the order in which they came.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChecksJson {
    #[schema(format = "uuid", example = "019abf5e-0000-7000-8000-000000000001")]
    batch_id: String,
    checks: Vec<CheckJson>,
}

/// The answer to a call that was accepted.
type Accepted = (StatusCode, [(HeaderName, String); 1], Json<ChecksJson>);

/// Which call.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ChecksQuery {
    /// As its answer named it.
    #[param(format = "uuid")]
    batch_id: String,
}

/// Have photos checked later.
///
/// Send one photo or up to 500, as fields `photo` of a form, or one as the body; where the operator
/// allows it, URLs as JSON. All are accepted, or none is; each is a check of its own, and counts as
/// a request for limits and quotas. Needs a key or the token of the banks, since what came of a
/// check is kept for the operator's number of days. The photo is not kept longer than it waits.
#[utoipa::path(
    post,
    path = "/v1/checks",
    tag = "checks",
    operation_id = "start_checks",
    request_body(content(
        (PhotosForm = "multipart/form-data"),
        (PhotoBytes = "application/octet-stream"),
        (UrlsJson = "application/json"),
    )),
    responses((status = 202, description = "accepted: ask for the checks by their ids",
        body = ChecksJson,
        headers(("location" = String, description = "where to ask for all of them"))))
)]
pub async fn start(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    counted: CountedFor,
    call: CallId,
    request: Request,
) -> Result<Accepted, Problem> {
    let allowed = auth::ensure_may_keep(&caller, &service.origins, request.headers());
    let begun = async {
        allowed?;
        if service.is_stopping() && service.app.later().loses_photos() {
            return Err(Problem::stopping());
        }
        let (later, tenant) = (service.app.later(), caller.tenant);
        if call.is_again
            && let Some(checks) = later.accepted_before(tenant, call.id).await?
        {
            return Ok(Begun::Accepted(checks));
        }
        Ok(Begun::Arriving(Box::new(later.begin(tenant, call.id).await?)))
    };
    let mut arriving = match begun.await {
        Ok(Begun::Arriving(arriving)) => arriving,
        Ok(Begun::Accepted(checks)) => {
            arrival::drain(request.into_body());
            return Ok(accepted(call.id, checks));
        }
        Err(problem) => {
            arrival::drain(request.into_body());
            return Err(problem);
        }
    };
    let taking =
        Taking { service: &service, caller: &caller, counted: &counted, arriving: &mut arriving };
    taking.take(request).await?;
    let (batch, checks) = arriving.accept().await?;
    tracing::info!(batch_id = %batch, checks = checks.len(), "accepted checks");
    Ok(accepted(batch, checks))
}

/// What a call has to do.
enum Begun {
    Arriving(Box<Arriving>),
    /// It was done before, and nobody got the answer.
    Accepted(Vec<StoredCheck>),
}

fn accepted(batch: Uuid, checks: Vec<StoredCheck>) -> Accepted {
    let location = format!("/v1/checks?batch_id={batch}");
    let checks = checks.into_iter().map(CheckJson::from).collect();
    let answer = ChecksJson { batch_id: batch.to_string(), checks };
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(answer))
}

/// Ask for a check.
#[utoipa::path(get, path = "/v1/checks/{check_id}", tag = "checks", operation_id = "show_check",
    responses((status = 200, description = "how far it is, and its report once there is one",
        body = CheckJson)))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<CheckJson>, Problem> {
    auth::ensure_may_keep(&caller, &service.origins, &headers)?;
    let check = service.app.later().check(caller.tenant, read_id(&id)?).await?;
    Ok(Json(check.into()))
}

/// Ask for all checks of one call.
#[utoipa::path(get, path = "/v1/checks", tag = "checks", params(ChecksQuery),
    operation_id = "list_checks",
    responses((status = 200, description = "them, in the order in which they came",
        body = ChecksJson)))]
pub async fn list(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(query): Query<ChecksQuery>,
    headers: HeaderMap,
) -> Result<Json<ChecksJson>, Problem> {
    auth::ensure_may_keep(&caller, &service.origins, &headers)?;
    let batch = read_id(&query.batch_id)?;
    let checks = service.app.later().batch(caller.tenant, batch).await?;
    let checks = checks.into_iter().map(CheckJson::from).collect();
    Ok(Json(ChecksJson { batch_id: batch.to_string(), checks }))
}

/// An id; whatever is none is no check's.
pub(super) fn read_id(text: &str) -> Result<Uuid, Problem> {
    let none = |_| StoreError::from(Refusal::NoSuchCheck(text.chars().take(40).collect()));
    Ok(Uuid::parse_str(text).map_err(none)?)
}
