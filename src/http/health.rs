//! `/healthz` (the process is alive) and `/readyz` (it can answer truly).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::service::Service;
use crate::app::Readiness;
use crate::wire::KnownPhotoJson;

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub struct AliveJson {
    status: &'static str,
}

/// What answers rest on at the moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyJson {
    model: String,
    policy: String,
    /// What a photo with enough detail is compared with.
    known_photo: KnownPhotoJson,
    index: IndexJson,
}

/// The index of banked photos.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndexJson {
    /// Generation of the banks that it shows.
    generation: i64,
    /// Hashes that can be found.
    hashes: usize,
    /// Milliseconds since it was known to be up to date.
    age_ms: u128,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = AliveJson)))]
pub async fn healthz() -> Json<AliveJson> {
    Json(AliveJson { status: "alive" })
}

/// Are model and index loaded, and is the index up to date?
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = ReadyJson),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
pub async fn readyz(State(service): State<Arc<Service>>) -> Result<Json<ReadyJson>, Problem> {
    let Readiness { model, policy, known_photo, generation, hashes, index_age_ms } =
        service.app.readiness()?;
    let index = IndexJson { generation, hashes, age_ms: index_age_ms };
    Ok(Json(ReadyJson { model, policy, known_photo: known_photo.into(), index }))
}
