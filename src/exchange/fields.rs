//! The fields of a record as texts: what they may be, and what stands in for one that is missing.

use super::error::{Fault, shown};
use super::{ADDED_AT_MAX, Record};
use crate::store::{ExternalId, Note, StoreError};
use photocheck_core::bank::Opinion;
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality};

/// What a record gets where its file says nothing.
#[derive(Debug, Clone)]
pub struct Defaults {
    pub note: String,
    pub opinion: Opinion,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

/// A record of which nothing but the hash is known. Whoever shares a hash without its quality has
/// found it good enough to share.
pub(super) fn record_of(pdq: PdqHash, defaults: &Defaults) -> Record {
    Record {
        pdq,
        pdq_quality: PdqQuality::BEST,
        gradient: None,
        views: Vec::new(),
        note: defaults.note.clone(),
        external_id: String::new(),
        opinion: defaults.opinion,
        enabled: true,
        quarantined: String::new(),
        added_at: defaults.added_at,
    }
}

pub(super) fn pdq(text: &str) -> Result<PdqHash, Fault> {
    let text = text.trim_ascii();
    PdqHash::from_hex(text).ok_or_else(|| Fault::Hash { field: "pdq", value: shown(text) })
}

/// Empty: there is none.
pub(super) fn gradient(text: &str) -> Result<Option<GradientHash>, Fault> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    let hash = PdqHash::from_hex(text).map(|hash| GradientHash(hash.0));
    hash.map(Some).ok_or_else(|| Fault::Hash { field: "gradient", value: shown(text) })
}

pub(super) fn quality(text: &str) -> Result<PdqQuality, Fault> {
    let value = text.parse().ok().and_then(PdqQuality::new);
    value.ok_or_else(|| Fault::Quality(shown(text)))
}

pub(super) fn opinion(text: &str) -> Result<Opinion, Fault> {
    Opinion::from_name(text).ok_or_else(|| Fault::Opinion(shown(text)))
}

/// As programs and spreadsheets write it.
pub(super) fn enabled(text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::Enabled(shown(text))),
    }
}

pub(super) fn added_at(text: &str) -> Result<i64, Fault> {
    let value = text.parse().ok().filter(|seconds| (0..=ADDED_AT_MAX).contains(seconds));
    value.ok_or_else(|| Fault::AddedAt(shown(text)))
}

/// A note, or a reason of quarantine.
pub(super) fn note(field: &'static str, text: &str) -> Result<String, Fault> {
    match Note::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(StoreError::NoteTooLong { bytes, bytes_max }) => {
            Err(Fault::TextTooLong { field, bytes, bytes_max })
        }
        Err(_) => Err(Fault::TextNotPlain { field }),
    }
}

pub(super) fn external_id(text: &str) -> Result<String, Fault> {
    let (field, bytes, bytes_max) = ("external_id", text.len(), ExternalId::BYTES_MAX);
    if text.chars().any(char::is_control) {
        return Err(Fault::TextNotPlain { field });
    }
    if bytes_max < bytes {
        return Err(Fault::TextTooLong { field, bytes, bytes_max });
    }
    Ok(text.to_owned())
}
