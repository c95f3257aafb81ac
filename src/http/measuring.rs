//! `/metrics`: what a Prometheus reads, and the layer that counts answers.
//!
//! It is served on an address of its own: who may check photos need not know how many there are,
//! and a proxy before the service publishes every path of it.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::problem::{Problem, ProblemCode};
use super::service::Service;
use crate::app::metrics::{Answered, Metrics};

/// The route of the metrics, for an address of its own.
pub fn router(service: Arc<Service>) -> Router {
    Router::new().route("/metrics", get(metrics)).with_state(service)
}

async fn metrics(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    let text = service.app.write_metrics().await.map_err(|error| Problem::ours(&error))?;
    Ok(([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response())
}

/// Measures each answer, by route and class of status: never by address.
pub async fn measure(
    State(metrics): State<Arc<Metrics>>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = known_method(request.method()).unwrap_or("other");
    let begun = Instant::now();
    let response = next.run(request).await;
    metrics.answered(Answered {
        method,
        // Files of the API page have a route of their own; what is not there has none.
        route: route.as_ref().map_or("", MatchedPath::as_str),
        status: response.status().as_u16(),
        problem: response.extensions().get::<ProblemCode>().map(|code| code.0),
        took: begun.elapsed(),
    });
    response
}

/// The name of a method; `None` for one that a caller invented.
#[must_use]
pub fn known_method(method: &Method) -> Option<&'static str> {
    Some(match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => return None,
    })
}
