//! The service: the app over HTTP.

pub mod accounts;
pub mod admin;
pub mod appeals;
pub mod arrival;
pub mod audit;
pub mod auth;
pub mod banks;
pub mod batch;
pub mod body_digest;
pub mod browser;
pub mod check;
pub mod checks;
pub mod client_limit;
pub mod contents;
pub mod description;
pub mod error_code;
pub mod error_codes_of_work;
pub mod errors;
pub mod extract;
pub mod health;
pub mod hma;
pub mod idempotency;
pub mod insight;
pub mod measuring;
pub mod page;
pub mod policy;
pub mod problem;
pub mod quality;
pub mod receipts;
pub mod review;
pub mod room;
pub mod route_scopes;
pub mod server;
pub mod service;
pub mod starting;
pub mod statements;
pub mod tracing_context;
pub mod transfer;
pub mod upload;
pub mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tracing::Level;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::app::metrics::Metrics;
use crate::config::Origin;
use crate::traces::Spans;
use problem::Problem;
use service::Service;

/// A request without a photo or a list that has not been answered after this long is given up.
const REQUEST_MAX: Duration = Duration::from_mins(1);

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "photocheck",
        description = "Is a profile photo a fake: made by AI, or stolen from somebody else?"
    ),
    tags(
        (name = "check", description = "One photo in, one report out"),
        (name = "checks", description = "Photos in, reports later"),
        (name = "webhooks", description = "Where a tenant's events are sent"),
        (name = "banks", description = "Known photos to look for"),
        (name = "accounts", description = "What is kept of an account"),
        (name = "policy", description = "By which policy a tenant's photos are judged"),
        (name = "admin", description = "Tenants, keys, banks that are shared, and the log"),
        (name = "health", description = "Started, alive and ready"),
    ),
    components(schemas(Problem)),
    servers((url = "."))
)]
struct Api;

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    let (metrics, spans) = (Arc::clone(service.app.metrics()), service.app.spans().clone());
    let once = middleware::from_fn_with_state(Arc::clone(&service), idempotency::answer_once);
    let admitted = middleware::from_fn_with_state(Arc::clone(&service), auth::admit);
    let other_origins = cross_origin(&service.origins);
    let in_time = TimeoutLayer::with_status_code(problem::TIMED_OUT, REQUEST_MAX);
    // What takes or sends much has limits of its own: one on the pace, not on the time.
    let managing = OpenApiRouter::new()
        .routes(routes!(banks::list, banks::create))
        .routes(routes!(banks::show, banks::rename, banks::delete))
        .routes(routes!(contents::show, contents::change, contents::remove))
        .routes(routes!(accounts::erase))
        .routes(routes!(checks::list))
        .routes(routes!(checks::show))
        .routes(routes!(statements::show))
        .routes(routes!(receipts::show))
        .routes(routes!(appeals::feedback))
        .routes(routes!(appeals::appeal))
        .routes(routes!(appeals::uphold))
        .routes(routes!(appeals::overturn))
        .routes(routes!(webhooks::list, webhooks::register))
        .routes(routes!(webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::switch_on))
        .routes(routes!(webhooks::messages))
        .routes(routes!(webhooks::replay))
        .routes(routes!(policy::show, policy::set, policy::reset))
        .routes(routes!(admin::list_tenants, admin::create_tenant))
        .routes(routes!(admin::erase_tenant))
        .routes(routes!(admin::share, admin::unshare))
        .routes(routes!(admin::list_keys, admin::make_key))
        .routes(routes!(admin::revoke_key))
        .routes(routes!(audit::list))
        .routes(routes!(quality::show))
        .route_layer(in_time)
        .routes(routes!(contents::list, contents::add))
        .routes(routes!(checks::start).layer(DefaultBodyLimit::disable()))
        .routes(routes!(transfer::import))
        .routes(routes!(transfer::export));
    let (routes, mut api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(check::check))
        .merge(managing)
        .route_layer(once)
        .route_layer(admitted)
        // Who verifies a receipt has no key either.
        .routes(routes!(receipts::public_keys))
        // Probes have no key, and nobody limits them.
        .routes(routes!(health::healthz))
        .routes(routes!(health::startupz))
        .routes(routes!(health::readyz))
        .layer(other_origins)
        .split_for_parts();
    description::complete(&mut api);
    // Addresses are relative, so that all works under a path of a proxy too.
    let api_page = SwaggerUi::new("/docs")
        .url("/openapi.json", api)
        .config(Config::new(["../openapi.json"]).validator_url("none"));
    let others = pages(&service);
    let hma = if service.hma { hma::router(&service, in_time) } else { Router::new() };
    let routes = routes.merge(others).merge(hma).merge(api_page).with_state(service);
    with_layers(routes, metrics, spans)
}

/// The pages, and what they are made of.
fn pages(service: &Arc<Service>) -> Router<Arc<Service>> {
    let form = Router::new()
        .route("/", post(page::check))
        .route_layer(middleware::from_fn_with_state(Arc::clone(service), auth::admit))
        .route_layer(middleware::from_fn_with_state(Arc::clone(service), page::in_words));
    let review = if service.review_page { review_page() } else { Router::new() };
    let insight = if service.insight_page { insight_page() } else { Router::new() };
    let protect = if service.protect_page { protect_page() } else { Router::new() };
    form.merge(review)
        .merge(insight)
        .merge(protect)
        .route("/", get(page::show))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .route("/icon.svg", get(page::icon))
}

/// The page for moderators: log-ins have a gate of their own.
fn review_page() -> Router<Arc<Service>> {
    Router::new()
        .route("/review", get(review::show).post(review::act))
        .layer(DefaultBodyLimit::max(review::FORM_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(problem::TIMED_OUT, REQUEST_MAX))
        .route("/review.js", get(review::script))
}

/// What moderators see of all checks together.
fn insight_page() -> Router<Arc<Service>> {
    Router::new()
        .route("/insight", get(insight::show))
        .route("/insight.csv", get(insight::csv))
        .layer(TimeoutLayer::with_status_code(problem::TIMED_OUT, REQUEST_MAX))
}

/// Fingerprints of one's own photos.
fn protect_page() -> Router<Arc<Service>> {
    Router::new()
        .route("/protect", get(page::protect))
        .route("/protect.js", get(page::protect_script))
        .route("/pdq.js", get(page::pdq_script))
}

/// Lets pages of these origins call the API, and nobody else's.
fn cross_origin(origins: &[Origin]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin.as_str()).ok());
    if origins.clone().count() == 0 {
        return CorsLayer::new();
    }
    let shown = ["check-id", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id"];
    let shown = shown.map(HeaderName::from_static).into_iter().chain([idempotency::REPLAYED]);
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, idempotency::KEY])
        .expose_headers(shown.collect::<Vec<_>>())
}

fn with_layers(routes: Router, metrics: Arc<Metrics>, spans: Spans) -> Router {
    let body_bytes_max = usize::try_from(arrival::BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let trace = TraceLayer::new_for_http()
        .make_span_with(tracing_context::span)
        .on_response(tracing_context::log_answer)
        .on_failure(DefaultOnFailure::new().level(Level::WARN));
    // The last layer added is the first to see a request.
    routes
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(CatchPanicLayer::custom(answer_to_panic))
        .layer(middleware::from_fn(problem::as_problems))
        .layer(middleware::from_fn_with_state(metrics, measuring::measure))
        .layer(middleware::from_fn(browser::bind))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(trace)
        .layer(SetRequestIdLayer::x_request_id(tracing_context::MakeRequestIdV7))
        .layer(middleware::from_fn_with_state(spans, tracing_context::carry))
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn answer_to_panic(cause: Box<dyn std::any::Any + Send>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("no message");
    Problem::ours(&format!("panic: {text}")).into_response()
}
