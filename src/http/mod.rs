//! The service: the app over HTTP.

pub mod arrival;
pub mod auth;
pub mod banks;
pub mod check;
pub mod contents;
pub mod extract;
pub mod health;
pub mod page;
pub mod problem;
pub mod room;
pub mod server;
pub mod service;
pub mod transfer;
pub mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnFailure, DefaultOnResponse, TraceLayer};
use tracing::Level;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder, SecurityRequirement};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerUi};

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
        (name = "banks", description = "Known photos to look for"),
        (name = "health", description = "Alive and ready"),
    ),
    servers((url = "."))
)]
struct Api;

/// All routes.
pub fn router(service: Arc<Service>) -> Router {
    let token = middleware::from_fn_with_state(Arc::clone(&service), auth::banks);
    let in_time = TimeoutLayer::with_status_code(problem::TIMED_OUT, REQUEST_MAX);
    // What takes or sends much has limits of its own: one on the pace, not on the time.
    let banks = OpenApiRouter::new()
        .routes(routes!(banks::list, banks::create))
        .routes(routes!(banks::show, banks::delete))
        .routes(routes!(contents::change, contents::remove))
        .route_layer(in_time)
        .routes(routes!(contents::list, contents::add))
        .routes(routes!(transfer::import))
        .routes(routes!(transfer::export))
        .route_layer(token);
    let (routes, mut api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(check::check))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .merge(banks)
        .split_for_parts();
    describe_token(&mut api);
    // Addresses are relative, so that all works under a path of a proxy too.
    let api_page = SwaggerUi::new("/docs")
        .url("/openapi.json", api)
        .config(Config::new(["../openapi.json"]).validator_url("none"));
    let routes = routes
        .route("/", get(page::index))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .route("/icon.svg", get(page::icon))
        .merge(api_page)
        .with_state(service);
    with_layers(routes)
}

/// Adds to each operation on banks that it asks for the token, and what all of them may answer; to
/// the check, that it takes the token.
fn describe_token(api: &mut utoipa::openapi::OpenApi) {
    const SCHEME: &str = "bank_token";
    let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    api.components.get_or_insert_default().add_security_scheme(SCHEME, scheme);
    let problem = |description: &str| {
        let schema = Some(Ref::from_schema_name("Problem"));
        let content = ContentBuilder::new().schema(schema).build();
        let response = ResponseBuilder::new().description(description);
        response.content("application/problem+json", content).build().into()
    };
    for (path, item) in &mut api.paths.paths {
        let needed = SecurityRequirement::new(SCHEME, Vec::<String>::new());
        if path == "/v1/check"
            && let Some(check) = &mut item.post
        {
            check.security = Some(vec![SecurityRequirement::default(), needed]);
            continue;
        }
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete];
        let operations = operations.into_iter().flatten();
        for operation in operations.filter(|_| path.starts_with("/v1/banks")) {
            operation.security = Some(vec![needed.clone()]);
            let answers = &mut operation.responses.responses;
            answers.insert("401".to_owned(), problem("without the token of the banks"));
            let unusable = || problem("the database is locked by others, or was replaced");
            answers.entry("503".to_owned()).or_insert_with(unusable);
        }
    }
}

fn with_layers(routes: Router) -> Router {
    let body_bytes_max = usize::try_from(arrival::BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let trace = TraceLayer::new_for_http()
        .make_span_with(request_span)
        .on_response(DefaultOnResponse::new().level(Level::INFO))
        .on_failure(DefaultOnFailure::new().level(Level::WARN));
    // The last layer added is the first to see a request.
    routes
        .layer(DefaultBodyLimit::max(body_bytes_max))
        .layer(CatchPanicLayer::custom(answer_to_panic))
        .layer(middleware::from_fn(problem::as_problems))
        .layer(middleware::from_fn(auth::browser_headers))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(trace)
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// What the log says of a request: method, route and id. No address, no name, no hash.
fn request_span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let id = id.filter(|id| is_plain(id)).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), route, id)
}

/// A caller may send an id of its own; what could be anything else than an id is not logged.
fn is_plain(id: &str) -> bool {
    const CHARACTERS_MAX: usize = 64;
    id.len() <= CHARACTERS_MAX && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
fn answer_to_panic(cause: Box<dyn std::any::Any + Send>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("no message");
    Problem::ours(&format!("panic: {text}")).into_response()
}
