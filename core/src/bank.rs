//! Banks: named lists of photos, what each is for, and what it keeps of a photo.
//!
//! No photo is kept, only its hashes and what people wrote beside it. A [`BankedPhoto`] is the same
//! in the database, in a file that banks are exchanged in, and on its way between them. The texts
//! are types of their own: who holds one knows that its limits held.

use thiserror::Error;

use crate::matching::hashes::{GradientHash, PdqHash, PdqQuality, PhotoHashes};
use crate::matching::views::{View, ViewHashes};

/// Names one bank for as long as it exists. Another bank never gets the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankId(pub i64);

/// A bank's name: 1 to [`BankName::CHARS_MAX`] of `A`-`Z`, `0`-`9`, `_`, the custom of the field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BankName(String);

/// What a person wrote beside a photo: one line of at most [`Note::BYTES_MAX`] bytes, may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Note(String);

/// What somebody else calls a photo: one line of at most [`ExternalId::BYTES_MAX`] bytes, may be
/// empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ExternalId(String);

/// Why a text is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BankError {
    /// A name that breaks the rule, cut off after the limit.
    #[error("a bank's name has 1 to 64 of the characters A to Z, 0 to 9 and _, not {0:?}")]
    Name(String),
    #[error("the note has {bytes} bytes, the limit is {}", Note::BYTES_MAX)]
    NoteTooLong { bytes: usize },
    #[error("the note holds a control character; it must be one line of plain text")]
    NoteNotPlain,
    #[error("the external id has {bytes} bytes, the limit is {}", ExternalId::BYTES_MAX)]
    ExternalIdTooLong { bytes: usize },
    #[error("the external id holds a control character; it must be one line of plain text")]
    ExternalIdNotPlain,
}

/// What a match with a bank means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Stolen photos, or photos that scams were run with.
    KnownFake,
    /// Photos that are never flagged: the owner's own, or a stock portrait wrongly banked.
    Allow,
    /// Photos seen on accounts.
    Seen,
}

/// A reviewer's judgement of a banked photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opinion {
    /// It belongs in its bank.
    Confirmed,
    /// Worth looking into; nobody has confirmed it.
    Unsure,
    /// Somebody says that it does not belong in its bank.
    Disputed,
}

/// A bank as an index knows it. Neither its purpose nor where it comes from ever changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BankFacts {
    pub id: BankId,
    pub name: String,
    pub purpose: Purpose,
    /// Whether its contents were taken over from somebody else; the platform's own outrank them.
    pub imported: bool,
}

/// A photo as a bank keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankedPhoto {
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    /// `None` for what came as a PDQ hash alone.
    pub gradient: Option<GradientHash>,
    /// Views other than the whole.
    pub views: Vec<BankedView>,
    pub note: Note,
    pub external_id: ExternalId,
    pub opinion: Opinion,
    /// Whether photos are to be matched against it.
    pub enabled: bool,
    /// Why photos are not matched against it although it is enabled.
    pub quarantined: Option<String>,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

/// The hashes of one view of a banked photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BankedView {
    pub view: View,
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    pub gradient: Option<GradientHash>,
}

impl BankName {
    /// Characters of a name.
    pub const CHARS_MAX: usize = 64;

    /// Checks the rule.
    pub fn new(name: &str) -> Result<Self, BankError> {
        let allowed = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
        if name.is_empty() || Self::CHARS_MAX < name.len() || !name.bytes().all(allowed) {
            return Err(BankError::Name(name.chars().take(Self::CHARS_MAX + 1).collect()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Note {
    /// Bytes of a note.
    pub const BYTES_MAX: usize = 1000;

    /// Checks the limit, and that a terminal or a table can show it.
    pub fn new(text: &str) -> Result<Self, BankError> {
        if text.chars().any(char::is_control) {
            return Err(BankError::NoteNotPlain);
        }
        if Self::BYTES_MAX < text.len() {
            return Err(BankError::NoteTooLong { bytes: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ExternalId {
    /// Bytes of an external id.
    pub const BYTES_MAX: usize = 256;

    /// Checks the limit, and that a terminal or a table can show it.
    pub fn new(text: &str) -> Result<Self, BankError> {
        if text.chars().any(char::is_control) {
            return Err(BankError::ExternalIdNotPlain);
        }
        if Self::BYTES_MAX < text.len() {
            return Err(BankError::ExternalIdTooLong { bytes: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BankError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "BANK_NAME_NOT_VALID",
            Self::NoteTooLong { .. } => "NOTE_TOO_LONG",
            Self::NoteNotPlain => "NOTE_NOT_PLAIN",
            Self::ExternalIdTooLong { .. } => "EXTERNAL_ID_TOO_LONG",
            Self::ExternalIdNotPlain => "EXTERNAL_ID_NOT_PLAIN",
        }
    }
}

impl BankedPhoto {
    /// A photo of which all hashes are known and nothing else: confirmed and enabled.
    #[must_use]
    pub fn new(hashes: &PhotoHashes, views: &[ViewHashes], added_at: i64) -> Self {
        Self {
            pdq: hashes.pdq,
            pdq_quality: hashes.pdq_quality,
            gradient: Some(hashes.gradient),
            views: views.iter().map(BankedView::from).collect(),
            note: Note::default(),
            external_id: ExternalId::default(),
            opinion: Opinion::Confirmed,
            enabled: true,
            quarantined: None,
            added_at,
        }
    }
}

impl From<&ViewHashes> for BankedView {
    fn from(ViewHashes { view, hashes }: &ViewHashes) -> Self {
        let PhotoHashes { pdq, pdq_quality, gradient } = *hashes;
        Self { view: *view, pdq, pdq_quality, gradient: Some(gradient) }
    }
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::KnownFake, Self::Allow, Self::Seen];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KnownFake => "known_fake",
            Self::Allow => "allow",
            Self::Seen => "seen",
        }
    }

    /// The purpose of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

impl Opinion {
    /// Every opinion.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::Unsure, Self::Disputed];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unsure => "unsure",
            Self::Disputed => "disputed",
        }
    }

    /// The opinion of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|opinion| opinion.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_rule_are_refused() {
        for name in ["", "lower", "WITH SPACE", &"A".repeat(65), "Ä"] {
            assert_eq!(BankName::new(name).unwrap_err().code(), "BANK_NAME_NOT_VALID", "{name}");
        }
        assert_eq!(BankName::new(&"A_0".repeat(21)).unwrap().as_str().len(), 63);
    }

    #[test]
    fn texts_outside_the_limits_are_refused() {
        assert!(Note::new(&"n".repeat(1000)).is_ok());
        let error = Note::new(&"n".repeat(1001)).unwrap_err();
        assert_eq!(error.to_string(), "the note has 1001 bytes, the limit is 1000");
        assert_eq!(Note::new("a\nb").unwrap_err().code(), "NOTE_NOT_PLAIN");
        assert!(ExternalId::new(&"é".repeat(128)).is_ok());
        assert_eq!(ExternalId::new(&"é".repeat(129)).unwrap_err().code(), "EXTERNAL_ID_TOO_LONG");
        assert_eq!(ExternalId::new("a\u{1b}").unwrap_err().code(), "EXTERNAL_ID_NOT_PLAIN");
    }
}
