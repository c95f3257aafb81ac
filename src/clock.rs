//! The clock, read in the shell only.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
pub const DAY_S: i64 = 24 * 60 * 60;

/// Seconds since 1970, UTC.
#[must_use]
pub fn now_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Today, in days since 1970, UTC.
#[must_use]
pub fn today() -> i64 {
    now_s().div_euclid(DAY_S)
}
