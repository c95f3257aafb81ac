//! The interface of HMA (Hasher-Matcher-Actioner, of the repository facebook/ThreatExchange), so
//! that its clients can look photos up here. docs/hma.md says what is other than there.

mod asked;
mod credentials;
mod curation;
mod hashing;
mod matching;
mod refusals;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Router, middleware};
use tower_http::timeout::TimeoutLayer;

use super::auth;
use super::service::Service;

/// What a service says that can do its work.
const ALIVE: &str = "I-AM-ALIVE";

/// Its routes. `in_time` is for those that neither take nor fetch a photo.
pub fn router(service: &Arc<Service>, in_time: TimeoutLayer) -> Router<Arc<Service>> {
    let admitted = middleware::from_fn_with_state(Arc::clone(service), auth::admit);
    Router::new()
        .route("/m/raw_lookup", get(matching::raw_lookup))
        .route("/m/compare", post(matching::compare))
        .route("/c/banks", get(curation::list).post(curation::create))
        .route("/c/bank/{name}", get(curation::show))
        .route(
            "/c/bank/{name}/content/{content_id}",
            get(curation::content).delete(curation::remove),
        )
        .route_layer(in_time)
        .route("/h/hash", get(hashing::by_url).post(hashing::of_file))
        .route("/m/lookup", get(matching::lookup).post(matching::lookup_file))
        .route("/c/bank/{name}/content", post(curation::add))
        .route_layer(admitted)
        .route_layer(middleware::from_fn(credentials::basic_as_bearer))
        .route_layer(middleware::from_fn(refusals::as_messages))
        // Probes have no key, and nobody limits them.
        .route("/status", get(status))
        .route("/status/live", get(live))
}

/// Whether answers are true at the moment, and more work is welcome.
async fn status(State(service): State<Arc<Service>>) -> (StatusCode, &'static str) {
    if !service.is_stopping() && service.app.readiness().is_ok() {
        (StatusCode::OK, ALIVE)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "INDEX-STALE")
    }
}

/// Whether the process is alive.
async fn live() -> &'static str {
    ALIVE
}
