//! Ids of requests and checks: `UUIDv7`, which sort by time. Made in the shell only.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

/// A new id.
#[must_use]
pub fn new_id() -> Uuid {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let since_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Builder::from_unix_timestamp_millis(since_ms, &random()).into_uuid()
}

/// Random bytes, for ids that need not be secret.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without randomness ids may be alike, which is no reason to check no photos.
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::warn!(%error, "an id is not random");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_differ() {
        let (one, other) = (new_id(), new_id());
        assert_eq!(one.get_version_num(), 7);
        assert_ne!(one, other);
        assert!(one.as_u128() >> 80 <= other.as_u128() >> 80, "{one} {other}");
    }
}
