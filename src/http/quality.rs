//! `/v1/quality`: how often verdicts were right, by those who judged them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::auth::Called;
use super::problem::Problem;
use super::service::Service;
use crate::wire::quality::QualityJson;

/// Show how often verdicts on the tenant's checks that are kept were right, by reason, by bank and
/// by banked photo.
#[utoipa::path(get, path = "/v1/quality", tag = "checks", operation_id = "show_quality",
    responses((status = 200, description = "what was judged", body = QualityJson)))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
) -> Result<Json<QualityJson>, Problem> {
    Ok(Json(service.app.tenants().quality(caller.tenant).await?.into()))
}
