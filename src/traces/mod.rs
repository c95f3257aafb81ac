//! Traces: which trace a request is a part of, and its spans, exported by OTLP where the operator
//! asked for it.
//!
//! The ids are those in the log and in the answer's `traceparent` (W3C Trace Context), so a span
//! that a collector shows is found in the log and the other way round. No span has an address, an
//! account, a file's name or a hash in it.

mod context;
mod sending;
mod spans;

pub use context::{TraceContext, current, within};
pub use spans::{OtlpConfig, OtlpEndpoint, RequestSpan, Spans, StageSpans};
