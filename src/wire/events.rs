//! Events as JSON: the bodies of webhooks.

use photocheck_core::matching::index::ContentId;
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::checks::CheckJson;
use crate::store::{Endpoint, SeenBefore, StoredCheck};
use crate::webhooks::{EventKind, NewEvent};

/// What every body has.
#[derive(Debug, Serialize)]
struct EventJson<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it happened, as RFC 3339 has it.
    timestamp: String,
    data: &'a Value,
}

/// A check was finished.
#[must_use]
pub fn check_finished(check: StoredCheck, now_s: i64) -> NewEvent {
    let data = serde_json::to_value(CheckJson::from(check)).unwrap_or_default();
    event(EventKind::CheckFinished, now_s, &data)
}

/// An appeal against the verdict of a check was decided.
#[must_use]
pub fn appeal_decided(check: StoredCheck, now_s: i64) -> NewEvent {
    let data = serde_json::to_value(CheckJson::from(check)).unwrap_or_default();
    event(EventKind::AppealDecided, now_s, &data)
}

/// A photo was banked that accounts had shown before.
#[must_use]
pub fn photo_seen_before(
    bank: &str,
    content: ContentId,
    seen: &[SeenBefore],
    now_s: i64,
) -> NewEvent {
    let seen = seen.iter().map(|seen| {
        json!({
            "bank": seen.bank,
            "content_id": seen.content.0,
            "accounts": seen.accounts,
            "last_seen_at": seen.last_seen_at,
        })
    });
    let seen: Vec<_> = seen.collect();
    let data = json!({ "bank": bank, "content_id": content.0, "seen_before": seen });
    event(EventKind::PhotoSeenBefore, now_s, &data)
}

/// A banked photo was quarantined.
#[must_use]
pub fn hash_quarantined(bank: &str, content: ContentId, reason: &str, now_s: i64) -> NewEvent {
    let data = json!({ "bank": bank, "content_id": content.0, "reason": reason });
    event(EventKind::HashQuarantined, now_s, &data)
}

/// Nothing is sent to an endpoint any more.
#[must_use]
pub fn endpoint_switched_off(endpoint: &Endpoint, reason: &str, now_s: i64) -> NewEvent {
    let data = json!({
        "endpoint_id": endpoint.id.to_string(),
        "url": endpoint.url,
        "reason": reason,
    });
    event(EventKind::EndpointSwitchedOff, now_s, &data)
}

fn event(kind: EventKind, now_s: i64, data: &Value) -> NewEvent {
    let at = OffsetDateTime::from_unix_timestamp(now_s).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let timestamp = at.format(&Rfc3339).unwrap_or_default();
    let body = EventJson { kind: kind.name(), timestamp, data };
    NewEvent { kind, payload: serde_json::to_string(&body).unwrap_or_default() }
}
