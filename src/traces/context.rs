//! The trace that a request is a part of, as `traceparent` says it (W3C Trace Context, level 1).

use std::future::Future;

use crate::ids;

/// The bit of the flags that says that somebody records the trace.
const SAMPLED: u8 = 1;

/// A trace, and the span of it that a request is here. Ids are random: they say nothing about who
/// sent what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    pub trace: u128,
    pub span: u64,
    /// The caller's span; `None` where the trace begins here.
    pub parent: Option<u64>,
    flags: u8,
}

tokio::task_local! {
    static CURRENT: TraceContext;
}

/// The trace of the request that this task answers; `None` in other tasks.
#[must_use]
pub fn current() -> Option<TraceContext> {
    CURRENT.try_with(|context| *context).ok()
}

/// Answers a request as a part of its trace.
pub async fn within<T>(context: TraceContext, answer: impl Future<Output = T>) -> T {
    CURRENT.scope(context, answer).await
}

impl TraceContext {
    /// The caller's trace, of which this request is a span; `None` when its `traceparent` is not
    /// valid.
    #[must_use]
    pub fn continued(traceparent: &str) -> Option<Self> {
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
        let flags = flags & SAMPLED;
        let context = Self { trace, span: new_span(), parent: Some(parent), flags };
        (trace != 0 && parent != 0).then_some(context)
    }

    /// A trace that begins here, recorded or not.
    #[must_use]
    pub fn begun(is_sampled: bool) -> Self {
        let trace = u128::from_ne_bytes(ids::random()).max(1);
        Self { trace, span: new_span(), parent: None, flags: u8::from(is_sampled) * SAMPLED }
    }

    /// Whether somebody records the trace.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// What the caller and whoever is called next are to know of it.
    #[must_use]
    pub fn traceparent(self) -> String {
        let Self { trace, span, flags, .. } = self;
        format!("00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

/// The id of a new span.
pub(super) fn new_span() -> u64 {
    u64::from_ne_bytes(ids::random()).max(1)
}

/// Lower-case hexadecimal digits, so many of them.
fn hex_u64(text: &str, digits: usize) -> Option<u64> {
    let lower = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let well_formed = text.len() == digits && text.bytes().all(lower);
    well_formed.then(|| u64::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_goes_on_as_another_span() {
        let context = TraceContext::continued(SENT).unwrap();
        assert_eq!(context.parent, Some(0x00f0_67aa_0ba9_02b7));
        assert!(context.is_sampled());
        let span = format!("{:016x}", context.span);
        assert_eq!(context.traceparent(), SENT.replace("00f067aa0ba902b7", &span));
        // A later version may say more.
        let later = TraceContext::continued(&format!("cc{}-more", &SENT[2..])).unwrap();
        assert_eq!(TraceContext { span: context.span, ..later }, context);
        let unsampled = TraceContext::continued(&SENT.replace("-01", "-fe")).unwrap();
        assert!(!unsampled.is_sampled());
    }

    #[test]
    fn what_is_no_trace_is_not_continued() {
        let upper = SENT.to_uppercase();
        let (version_ff, more) = (SENT.replacen("00", "ff", 1), format!("{SENT}-more"));
        let no_trace = SENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let no_parent = SENT.replace("00f067aa0ba902b7", &"0".repeat(16));
        let sent: [&str; 9] =
            ["", "00", &SENT[1..], &upper, &version_ff, &more, &no_trace, &no_parent, "é-é-é-é"];
        for sent in sent {
            assert_eq!(TraceContext::continued(sent), None, "{sent}");
        }
    }
}
