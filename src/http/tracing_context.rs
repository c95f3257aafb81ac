//! What ties the lines of a log to a request: its id, and the trace that it is a part of.
//!
//! The trace is the caller's, from its `traceparent` (W3C Trace Context, level 1), or begins here;
//! each request is a span of its own, whose `traceparent` is in the answer. Ids are random: they
//! say nothing about who sent what. No address, no name, no hash is logged.

use std::time::{Duration, SystemTime};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Response};
use axum::middleware::Next;
use tower_http::request_id::{MakeRequestId, RequestId};
use tracing::Span;

use super::measuring::known_method;
use crate::ids;
use crate::traces::{self, RequestSpan, Spans, TraceContext};

const TRACEPARENT: &str = "traceparent";

/// Continues the trace of a request, or begins one; says in the answer which it is, and exports the
/// request's span.
pub async fn carry(
    State(spans): State<Spans>,
    mut request: Request,
    next: Next,
) -> axum::response::Response {
    let begun_at = SystemTime::now();
    let sent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let context = spans.trace_of(sent);
    request.extensions_mut().insert(context);
    let (method, route) = (known_method(request.method()), route_of(&request).to_owned());
    let mut response = traces::within(context, next.run(request)).await;
    let status = response.status().as_u16();
    spans.answered(context, &RequestSpan { method, route: &route, status, begun_at });
    if let Ok(value) = HeaderValue::from_str(&context.traceparent()) {
        response.headers_mut().insert(TRACEPARENT, value);
    }
    response
}

/// The route as it is written in the description; empty where there is none.
fn route_of(request: &Request) -> &str {
    request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str)
}

/// Ids of requests that bring none: `UUIDv7`, which sort by time.
#[derive(Debug, Clone, Copy)]
pub struct MakeRequestIdV7;

impl MakeRequestId for MakeRequestIdV7 {
    fn make_request_id<B>(&mut self, _request: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&ids::new_id().to_string()).ok().map(RequestId::new)
    }
}

/// What each line of a request says of it: method, route, id, trace and span.
pub fn span(request: &Request) -> Span {
    let route = route_of(request);
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let id = id.filter(|id| is_plain(id)).unwrap_or_default();
    let context = request.extensions().get::<TraceContext>().copied();
    let context = context.unwrap_or_else(|| TraceContext::begun(false));
    let (trace_id, span_id) = (format!("{:032x}", context.trace), format!("{:016x}", context.span));
    tracing::info_span!("request", method = %request.method(), route, id, trace_id, span_id)
}

/// One line an answer, with its latency as a number.
pub fn log_answer<B>(response: &Response<B>, latency: Duration, _span: &Span) {
    let latency_ms = (latency.as_secs_f64() * 1e6).round() / 1e3;
    tracing::info!(status = response.status().as_u16(), latency_ms, "answered");
}

/// A caller may send an id of its own; what could be anything else than an id is not logged.
fn is_plain(id: &str) -> bool {
    const CHARACTERS_MAX: usize = 64;
    id.len() <= CHARACTERS_MAX && id.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}
