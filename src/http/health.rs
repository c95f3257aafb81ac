//! `/healthz` (the process is alive) and `/readyz` (it can answer truly).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::problem::Problem;
use crate::wire::KnownPhotoJson;
use photocheck_core::report::KnownPhoto;

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
pub async fn readyz(State(app): State<Arc<App>>) -> Result<Json<ReadyJson>, Problem> {
    app.store.in_place()?;
    let age_ms = app.live.age().as_millis();
    if app.live.is_stale() {
        let detail = format!("the index was last known to be up to date {age_ms} ms ago");
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "INDEX_STALE", detail));
    }
    let index = app.live.index();
    Ok(Json(ReadyJson {
        model: app.checker.model().to_owned(),
        policy: app.checker.policy().version().to_owned(),
        known_photo: KnownPhoto::by(&index).into(),
        index: IndexJson { generation: index.generation(), hashes: index.len(), age_ms },
    }))
}
