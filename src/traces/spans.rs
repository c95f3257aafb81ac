//! Spans of requests and of the stages of a check, exported in batches.
//!
//! Spans that find no room in the queue are dropped, so a collector that is slow or away costs a
//! request nothing. Names and attributes follow OpenTelemetry's semantic conventions for HTTP.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use tokio::runtime::Handle;
use url::Url;

use super::context::{TraceContext, new_span};
use super::sending::{SEND_MAX, Sending};
use crate::share::Share;

/// Where spans go, and how many.
#[derive(Debug, Clone)]
pub struct OtlpConfig {
    pub endpoint: OtlpEndpoint,
    /// Of the traces that begin here. Those of callers are recorded if the callers say so.
    pub share: Share,
}

/// The base URL of a collector, such as `http://collector:4318`.
#[derive(Clone, PartialEq, Eq)]
pub struct OtlpEndpoint(Url);

/// See the module's text. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    /// `None` where nothing is exported.
    exported: Option<Exported>,
}

#[derive(Debug, Clone)]
struct Exported {
    processor: Arc<BatchSpanProcessor>,
    scope: InstrumentationScope,
    share: Share,
}

/// What a span says of a request that was answered.
#[derive(Debug)]
pub struct RequestSpan<'a> {
    /// `None` for one that a caller invented.
    pub method: Option<&'static str>,
    pub route: &'a str,
    pub status: u16,
    pub begun_at: SystemTime,
}

/// Notes one stage of a check after another as a span.
#[derive(Debug)]
pub struct StageSpans {
    to: Option<(Exported, TraceContext)>,
    begun_at: SystemTime,
}

impl FromStr for OtlpEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("a collector is written http://HOST:4318 or https://HOST".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("put secrets into OTEL_EXPORTER_OTLP_HEADERS, not into the URL".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a collector's URL has no part after ? or #".to_owned());
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{path}/v1/traces"));
        Ok(Self(url))
    }
}

impl fmt::Debug for OtlpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Spans {
    /// Exports by OTLP over HTTP with Protobuf. Headers for the collector are read from
    /// `OTEL_EXPORTER_OTLP_HEADERS`, as by all exporters.
    ///
    /// # Errors
    /// When the system has no roots to check certificates by, or outside of a runtime.
    pub fn start(config: &OtlpConfig) -> anyhow::Result<Self> {
        let sending = Sending::new(Handle::try_current()?)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(sending)
            .with_endpoint(config.endpoint.0.as_str())
            .with_timeout(SEND_MAX)
            .build()
            .context("spans cannot be exported")?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        let version = env!("CARGO_PKG_VERSION");
        let resource = Resource::builder()
            .with_service_name("photocheck")
            .with_attribute(KeyValue::new("service.version", version))
            .build();
        processor.set_resource(&resource);
        let scope = InstrumentationScope::builder("photocheck").with_version(version).build();
        let exported = Exported { processor: Arc::new(processor), scope, share: config.share };
        Ok(Self { exported: Some(exported) })
    }

    /// The trace of a request: the caller's, or one that begins here.
    #[must_use]
    pub fn trace_of(&self, traceparent: Option<&str>) -> TraceContext {
        traceparent.and_then(TraceContext::continued).unwrap_or_else(|| {
            let is_sampled = self.exported.as_ref().is_some_and(|to| to.share.draw());
            TraceContext::begun(is_sampled)
        })
    }

    /// Exports the span of a request that was answered.
    pub fn answered(&self, context: TraceContext, request: &RequestSpan<'_>) {
        let Some(exported) = self.exported.as_ref().filter(|_| context.is_sampled()) else {
            return;
        };
        let RequestSpan { method, route, status, begun_at } = *request;
        let verb = method.unwrap_or("HTTP");
        let name = if route.is_empty() { verb.to_owned() } else { format!("{verb} {route}") };
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.unwrap_or("_OTHER")),
            KeyValue::new("http.response.status_code", i64::from(status)),
        ];
        if !route.is_empty() {
            attributes.push(KeyValue::new("http.route", route.to_owned()));
        }
        let is_failed = 500 <= status;
        exported.export(Span {
            trace: context.trace,
            id: context.span,
            parent: context.parent,
            kind: SpanKind::Server,
            name: name.into(),
            begun_at,
            attributes,
            status: if is_failed { Status::error("") } else { Status::Unset },
        });
    }

    /// Notes the stages of a check as parts of the request that this task answers. The first one
    /// begins now.
    #[must_use]
    pub fn stages(&self) -> StageSpans {
        let context = super::context::current().filter(|context| context.is_sampled());
        StageSpans { to: self.exported.clone().zip(context), begun_at: SystemTime::now() }
    }

    /// Sends what is left. Waits for it, so not on a thread of the runtime.
    pub fn finish(&self) {
        if let Some(exported) = &self.exported
            && let Err(error) = exported.processor.shutdown()
        {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

impl StageSpans {
    /// Notes that a stage is done; the next one begins.
    pub fn done(&mut self, stage: &'static str) {
        let Some((exported, context)) = &self.to else { return };
        exported.export(Span {
            trace: context.trace,
            id: new_span(),
            parent: Some(context.span),
            kind: SpanKind::Internal,
            name: stage.into(),
            begun_at: self.begun_at,
            attributes: Vec::new(),
            status: Status::Unset,
        });
        self.begun_at = SystemTime::now();
    }
}

/// A span that ends now.
#[derive(Debug)]
struct Span {
    trace: u128,
    id: u64,
    parent: Option<u64>,
    kind: SpanKind,
    name: Cow<'static, str>,
    begun_at: SystemTime,
    attributes: Vec<KeyValue>,
    status: Status,
}

impl Exported {
    fn export(&self, span: Span) {
        let span_context = SpanContext::new(
            TraceId::from(span.trace),
            SpanId::from(span.id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        self.processor.on_end(SpanData {
            span_context,
            parent_span_id: span.parent.map_or(SpanId::INVALID, SpanId::from),
            parent_span_is_remote: span.kind == SpanKind::Server && span.parent.is_some(),
            span_kind: span.kind,
            name: span.name,
            start_time: span.begun_at,
            end_time: SystemTime::now(),
            attributes: span.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: span.status,
            instrumentation_scope: self.scope.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collectors_url_is_checked() {
        for (text, sent_to) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example.org/", "https://otel.example.org/v1/traces"),
            ("https://otel.example.org/in", "https://otel.example.org/in/v1/traces"),
        ] {
            assert_eq!(text.parse::<OtlpEndpoint>().unwrap().0.as_str(), sent_to);
        }
        for text in ["collector:4318", "grpc://a:4317", "http://me:pw@a", "http://a?b", ""] {
            let refused = text.parse::<OtlpEndpoint>().unwrap_err();
            assert!(!refused.contains("pw"), "{refused}");
        }
    }
}
