//! `/healthz` (the process is alive), `/startupz` (it has started) and `/readyz` (it can answer
//! truly, and is not about to stop).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::service::Service;
use crate::app::Readiness;
use crate::wire::KnownPhotoJson;

/// The process is alive, or has started.
#[derive(Debug, Serialize, ToSchema)]
pub struct AliveJson {
    /// `alive` or `started`.
    status: &'static str,
}

/// What answers rest on at the moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyJson {
    model: String,
    policy: String,
    /// What a photo with enough detail is compared with; left out where calls need a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_photo: Option<KnownPhotoJson>,
    index: IndexJson,
}

/// The index of banked photos.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexJson {
    /// Generation of the banks that it shows.
    generation: i64,
    /// Hashes that can be found; left out where calls need a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<usize>,
    /// Milliseconds since it was known to be up to date.
    age_ms: u128,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "health", operation_id = "healthz",
    responses((status = 200, description = "it is", body = AliveJson)))]
pub async fn healthz() -> Json<AliveJson> {
    Json(AliveJson { status: "alive" })
}

/// Has the service started? The models and the banks are loaded then, and stay so.
#[utoipa::path(get, path = "/startupz", tag = "health", operation_id = "startupz",
    responses((status = 200, description = "it has", body = AliveJson)))]
pub async fn startupz() -> Json<AliveJson> {
    Json(AliveJson { status: "started" })
}

/// Are answers true at the moment, and is more work welcome?
#[utoipa::path(get, path = "/readyz", tag = "health", operation_id = "readyz",
    responses((status = 200, description = "what answers rest on", body = ReadyJson)))]
pub async fn readyz(State(service): State<Arc<Service>>) -> Result<Json<ReadyJson>, Problem> {
    if service.is_stopping() {
        return Err(Problem::stopping());
    }
    let Readiness { model, policy, compared, generation, index_age_ms } =
        service.app.readiness()?;
    let hashes = compared.map(|compared| compared.hashes);
    let index = IndexJson { generation, hashes, age_ms: index_age_ms };
    let known_photo = compared.map(|compared| compared.known_photo.into());
    Ok(Json(ReadyJson { model, policy, known_photo, index }))
}
