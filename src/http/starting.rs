//! A service that listens before its models and banks are loaded: probes are answered from the
//! first moment on, and everything else is asked to come again.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::health;
use super::problem::Problem;

/// The routes of a service that is starting. Once `started` has the routes of the open service,
/// these answer.
pub fn router(started: Arc<OnceLock<Router>>) -> Router {
    Router::new().fallback(answer).with_state(started)
}

async fn answer(State(started): State<Arc<OnceLock<Router>>>, request: Request) -> Response {
    match started.get() {
        Some(routes) => match routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        None if request.uri().path() == "/healthz" => health::healthz().await.into_response(),
        None => Problem::starting().into_response(),
    }
}
