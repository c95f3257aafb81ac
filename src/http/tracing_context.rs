//! What ties the lines of a log to a request: its id, and the trace that it is a part of.
//!
//! The trace is taken over from the caller's `traceparent` (W3C Trace Context, level 1), or begun
//! here; each request is a span of its own, whose `traceparent` is in the answer. Ids are random:
//! they say nothing about who sent what. No address, no name, no hash is logged.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Response};
use axum::middleware::Next;
use tower_http::request_id::{MakeRequestId, RequestId};
use tracing::Span;

use crate::ids;

const TRACEPARENT: &str = "traceparent";

/// A trace, and the span of it that this service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceContext {
    /// What goes on in a `traceparent`, as another span; `None` when it is not valid.
    fn continued(traceparent: &str, span: u64) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let [version, trace, parent, flags] =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
        let is_first_version = version == "00" && parts.next().is_none();
        let is_later_version = version != "00" && version != "ff" && hex_u64(version, 2).is_some();
        if !is_first_version && !is_later_version {
            return None;
        }
        let (high, low) = trace.split_at_checked(16)?;
        let trace = u128::from(hex_u64(high, 16)?) << 64 | u128::from(hex_u64(low, 16)?);
        let parent = hex_u64(parent, 16)?;
        let flags = u8::try_from(hex_u64(flags, 2)?).ok()?;
        // A later version may give the other bits a meaning that nobody knows here.
        (trace != 0 && parent != 0).then_some(Self { trace, span, flags: flags & 1 })
    }

    fn begun(span: u64) -> Self {
        // Not sampled: nobody has decided to record it.
        let trace = u128::from_ne_bytes(ids::random());
        Self { trace: trace.max(1), span, flags: 0 }
    }

    fn traceparent(self) -> String {
        let Self { trace, span, flags } = self;
        format!("00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

/// Lower-case hexadecimal digits, so many of them.
fn hex_u64(text: &str, digits: usize) -> Option<u64> {
    let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let well_formed = text.len() == digits && text.bytes().all(lower);
    well_formed.then(|| u64::from_str_radix(text, 16).ok())?
}

/// Takes the trace of a request over, or begins one, and says in the answer which it is.
pub async fn carry(mut request: Request, next: Next) -> axum::response::Response {
    let span = u64::from_ne_bytes(ids::random()).max(1);
    let sent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let context = sent.and_then(|sent| TraceContext::continued(sent, span));
    let context = context.unwrap_or_else(|| TraceContext::begun(span));
    request.extensions_mut().insert(context);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&context.traceparent()) {
        response.headers_mut().insert(TRACEPARENT, value);
    }
    response
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
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok());
    let id = id.filter(|id| is_plain(id)).unwrap_or_default();
    let context = request.extensions().get::<TraceContext>().copied();
    let context = context.unwrap_or_else(|| TraceContext::begun(0));
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

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_goes_on_as_another_span() {
        let context = TraceContext::continued(SENT, 7).unwrap();
        let expected = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000007-01";
        assert_eq!(context.traceparent(), expected);
        // A later version may say more.
        let later = format!("cc{}-more", &SENT[2..]);
        assert_eq!(TraceContext::continued(&later, 7), Some(context));
    }

    #[test]
    fn what_is_no_trace_begins_a_new_one() {
        let upper = SENT.to_uppercase();
        let (version_ff, more) = (SENT.replacen("00", "ff", 1), format!("{SENT}-more"));
        let no_trace = SENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let no_parent = SENT.replace("00f067aa0ba902b7", &"0".repeat(16));
        let sent: [&str; 9] =
            ["", "00", &SENT[1..], &upper, &version_ff, &more, &no_trace, &no_parent, "é-é-é-é"];
        for sent in sent {
            assert_eq!(TraceContext::continued(sent, 7), None, "{sent}");
        }
    }
}
