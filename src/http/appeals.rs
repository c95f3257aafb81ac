//! `/v1/checks/{check_id}/…`: what people say of a verdict.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use photocheck_core::bank::Note;
use serde::Deserialize;
use utoipa::ToSchema;

use super::auth::{self, Called};
use super::checks::read_id;
use super::extract::{JsonBody, Path};
use super::problem::Problem;
use super::service::Service;
use crate::store::Feedback;
use crate::wire::checks::CheckJson;

/// Whether the verdict was right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFeedbackJson {
    right: bool,
    /// What the photo was: one line of at most 1,000 bytes.
    #[serde(default)]
    #[schema(max_length = 1000, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    note: String,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyJson {
    /// One line of at most 1,000 bytes.
    #[schema(max_length = 1000, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    reason: String,
}

/// Say whether a verdict was right. Saying it again replaces what was said.
#[utoipa::path(post, path = "/v1/checks/{check_id}/feedback", tag = "checks",
    operation_id = "give_feedback", request_body = NewFeedbackJson,
    responses((status = 200, description = "the check, with it", body = CheckJson)))]
pub async fn feedback(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(new): JsonBody<NewFeedbackJson>,
) -> Result<Json<CheckJson>, Problem> {
    auth::ensure_may_keep(&caller, &service.origins, &headers)?;
    let feedback = Feedback { is_right: new.right, note: Note::new(&new.note)? };
    let check = service.app.give_feedback(&caller, read_id(&id)?, &feedback).await?;
    Ok(Json(check.into()))
}

/// Dispute a verdict, once. A reviewer upholds or overturns it.
#[utoipa::path(post, path = "/v1/checks/{check_id}/appeal", tag = "checks",
    operation_id = "appeal", request_body = WhyJson,
    responses((status = 200, description = "the check, with the appeal", body = CheckJson)))]
pub async fn appeal(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    headers: HeaderMap,
    JsonBody(why): JsonBody<WhyJson>,
) -> Result<Json<CheckJson>, Problem> {
    auth::ensure_may_keep(&caller, &service.origins, &headers)?;
    let reason = Note::new(&why.reason)?;
    let check = service.app.appeal(&caller, read_id(&id)?, &reason).await?;
    Ok(Json(check.into()))
}

/// Decide that a verdict stands.
#[utoipa::path(post, path = "/v1/checks/{check_id}/uphold", tag = "checks",
    operation_id = "uphold", request_body = WhyJson,
    responses((status = 200, description = "the check, with the decision", body = CheckJson)))]
pub async fn uphold(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    JsonBody(why): JsonBody<WhyJson>,
) -> Result<Json<CheckJson>, Problem> {
    let (id, reason) = (read_id(&id)?, Note::new(&why.reason)?);
    let why = (reason, caller.name());
    Ok(Json(service.app.decide_appeal(&caller, id, false, why).await?.into()))
}

/// Decide that a verdict was wrong. The hashes of the photo go into the tenant's bank
/// `ALLOWED_ON_APPEAL`, so that nothing flags it again.
#[utoipa::path(post, path = "/v1/checks/{check_id}/overturn", tag = "checks",
    operation_id = "overturn", request_body = WhyJson,
    responses((status = 200, description = "the check, with the decision", body = CheckJson)))]
pub async fn overturn(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    JsonBody(why): JsonBody<WhyJson>,
) -> Result<Json<CheckJson>, Problem> {
    let (id, reason) = (read_id(&id)?, Note::new(&why.reason)?);
    let why = (reason, caller.name());
    Ok(Json(service.app.decide_appeal(&caller, id, true, why).await?.into()))
}
