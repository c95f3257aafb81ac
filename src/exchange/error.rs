//! Why a file is not taken: the line, the value and the limit.

use std::io;

use thiserror::Error;

use super::{ADDED_AT_MAX, LINE_BYTES_MAX, LINES_MAX};

/// Why reading stopped. Nothing after it is read.
#[derive(Debug, Error)]
pub enum ExchangeError {
    /// One line breaks a rule.
    #[error("line {line}: {fault}")]
    Line {
        /// The first line is 1; empty lines count.
        line: u64,
        fault: Fault,
    },
    /// The source of the bytes failed.
    #[error("reading failed: {0}")]
    Read(#[from] io::Error),
    /// The first line looks like no format.
    #[error("the format cannot be told by the first line {0:?}: name it")]
    FormatUnclear(String),
}

/// What is wrong with a line. Values are shown up to 80 characters.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("it has more than {LINE_BYTES_MAX} bytes, the limit of a line")]
    LineTooLong,
    #[error("it is over the limit of {LINES_MAX} lines")]
    TooManyLines,
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("{field} must be 64 hexadecimal digits, not {value:?}")]
    Hash { field: &'static str, value: String },
    #[error("it must be a PDQ hash, alone or after `pdq`, not {0:?}")]
    NotAHash(String),
    #[error("quality must be 0 to 100, not {0:?}")]
    Quality(String),
    #[error("opinion must be confirmed, unsure or disputed, not {0:?}")]
    Opinion(String),
    #[error(
        "category must be POSITIVE_CLASS, INVESTIGATION_SEED, DISPUTED or NEGATIVE_CLASS, not {0:?}"
    )]
    Category(String),
    #[error("enabled must be true or false, not {0:?}")]
    Enabled(String),
    #[error("added_at must be seconds since 1970, 0 to {ADDED_AT_MAX}, not {0:?}")]
    AddedAt(String),
    #[error("{field} has {bytes} bytes, the limit is {bytes_max}")]
    TextTooLong { field: &'static str, bytes: usize, bytes_max: usize },
    #[error("{field} holds a control character; it must be plain text")]
    TextNotPlain { field: &'static str },
    #[error("view {0} is not known to this version")]
    View(u64),
    #[error("view {0} is there twice")]
    ViewTwice(u8),
    #[error("column {value:?} is not known; known are {known}")]
    ColumnUnknown { value: String, known: &'static str },
    #[error("column {0:?} is there twice")]
    ColumnTwice(String),
    #[error("there is no column {0:?}")]
    ColumnMissing(&'static str),
    #[error("it has {found} fields, the header has {expected}")]
    FieldCount { found: usize, expected: usize },
    #[error("it has more than {0} fields")]
    TooManyFields(usize),
    #[error("a quote is opened and not closed; no field may go over the end of its line")]
    QuoteOpen,
    #[error("{0}")]
    Json(String),
}

impl ExchangeError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "LINE_NOT_VALID",
            Self::Read(_) => "BODY_UNREADABLE",
            Self::FormatUnclear(_) => "FORMAT_UNCLEAR",
        }
    }
}

/// Characters of a value that a message shows.
pub(super) const SHOWN_CHARS_MAX: usize = 80;

/// A stranger's value, short enough for a message.
pub(super) fn shown(value: &str) -> String {
    let mut shown: String = value.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    shown
}
