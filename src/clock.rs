//! The clock, read in the shell only.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, UTC.
#[must_use]
pub fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
