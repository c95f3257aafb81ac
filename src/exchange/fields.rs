//! The fields of a record as texts: what they may be, and what stands in for one that is missing.

use photocheck_core::bank::{BankError, BankedPhoto, ExternalId, Note, Opinion};
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality};

use super::error::{Fault, excerpt};
use super::limits::ADDED_AT_MAX;

/// The name of the signal type of PDQ hashes.
pub(super) const PDQ: &str = "pdq";

/// What a record gets where its file says nothing.
#[derive(Debug, Clone)]
pub struct Defaults {
    pub note: Note,
    pub opinion: Opinion,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

/// Makes a record of which nothing but the hash is known. Whoever shares a hash without its quality
/// has found it good enough to share.
pub(super) fn with_defaults(pdq: PdqHash, defaults: &Defaults) -> BankedPhoto {
    BankedPhoto {
        pdq,
        pdq_quality: PdqQuality::BEST,
        gradient: None,
        views: Vec::new(),
        note: defaults.note.clone(),
        external_id: ExternalId::default(),
        opinion: defaults.opinion,
        enabled: true,
        quarantined: None,
        added_at: defaults.added_at,
    }
}

pub(super) fn pdq(text: &str) -> Result<PdqHash, Fault> {
    let text = text.trim_ascii();
    PdqHash::from_hex(text).ok_or_else(|| Fault::Hash { field: "pdq", value: excerpt(text) })
}

/// Empty: there is none.
pub(super) fn gradient(text: &str) -> Result<Option<GradientHash>, Fault> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    let hash = PdqHash::from_hex(text).map(|hash| GradientHash(hash.0));
    hash.map(Some).ok_or_else(|| Fault::Hash { field: "gradient", value: excerpt(text) })
}

pub(super) fn quality(text: &str) -> Result<PdqQuality, Fault> {
    let value = text.parse().ok().and_then(PdqQuality::new);
    value.ok_or_else(|| Fault::Quality(excerpt(text)))
}

pub(super) fn opinion(text: &str) -> Result<Opinion, Fault> {
    Opinion::from_name(text).ok_or_else(|| Fault::Opinion(excerpt(text)))
}

/// As programs and spreadsheets write it.
pub(super) fn enabled(text: &str) -> Result<bool, Fault> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::Enabled(excerpt(text))),
    }
}

pub(super) fn added_at(text: &str) -> Result<i64, Fault> {
    let value = text.parse().ok().filter(|seconds| (0..=ADDED_AT_MAX).contains(seconds));
    value.ok_or_else(|| Fault::AddedAt(excerpt(text)))
}

pub(super) fn note(field: &'static str, text: &str) -> Result<Note, Fault> {
    Note::new(text).map_err(|error| text_fault(field, &error))
}

pub(super) fn external_id(text: &str) -> Result<ExternalId, Fault> {
    ExternalId::new(text).map_err(|error| text_fault("external_id", &error))
}

/// A reason of quarantine, within the limits of a note. Empty: it is not quarantined.
pub(super) fn quarantined(text: &str) -> Result<Option<String>, Fault> {
    let reason = note("quarantined", text)?;
    Ok(Some(reason.as_str().to_owned()).filter(|reason| !reason.is_empty()))
}

fn text_fault(field: &'static str, error: &BankError) -> Fault {
    match error {
        BankError::NoteTooLong { bytes } => {
            Fault::TextTooLong { field, bytes: *bytes, bytes_max: Note::BYTES_MAX }
        }
        BankError::ExternalIdTooLong { bytes } => {
            Fault::TextTooLong { field, bytes: *bytes, bytes_max: ExternalId::BYTES_MAX }
        }
        BankError::Name(_) | BankError::NoteNotPlain | BankError::ExternalIdNotPlain => {
            Fault::TextNotPlain { field }
        }
    }
}

/// Whether a text is a signal type as the field names them. A hash, or a part of one, is not taken
/// for a name: `HASH note` is an error.
pub(super) fn is_signal_type(name: &str) -> bool {
    const CHARACTERS_MAX: usize = 32;
    const DIGITS_MAX: usize = 8;
    if DIGITS_MAX < name.len() && name.bytes().all(|c| c.is_ascii_hexdigit()) {
        return false;
    }
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    name.len() <= CHARACTERS_MAX
        && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && name.bytes().all(allowed)
}
