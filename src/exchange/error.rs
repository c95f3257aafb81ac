//! Why a file is not taken: the line, the value and the limit.

use std::fmt::Write;
use std::io;

use thiserror::Error;

use super::format::Format;
use super::limits::{ADDED_AT_MAX, LINE_BYTES_MAX, LINES_MAX};

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
    /// None of the first lines is one of a known format.
    #[error(
        "the format of the file is not clear: none of its first {lines} lines is a line of a \
         known one, line {line} is {text:?}; {NAME_ONE}: {}",
        Format::NAMES
    )]
    FormatUnclear {
        lines: u64,
        /// The first line that is not blank.
        line: u64,
        text: String,
    },
    /// All lines that were tried are bad ones.
    #[error(
        "none of the {lines} lines that were tried can be read as {format}: line {line}: {fault}; \
         {NAME_ONE}: {}",
        Format::NAMES
    )]
    NothingReadable {
        format: &'static str,
        lines: u64,
        /// The first of them, and what is wrong with it.
        line: u64,
        fault: Fault,
    },
}

const NAME_ONE: &str = "name the format (--format, over HTTP ?format=)";

/// Lines that were skipped because they break a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadLines {
    pub count: u64,
    /// Numbers and reasons of the first few.
    pub first: Vec<(u64, Fault)>,
}

impl BadLines {
    /// Lines that are named; the others are counted.
    pub const NAMED_MAX: usize = 5;

    pub(super) fn note(&mut self, line: u64, fault: Fault) {
        self.count += 1;
        if self.first.len() < Self::NAMED_MAX {
            self.first.push((line, fault));
        }
    }
}

/// What is wrong with a line. Values are cut after 80 characters, and hashes are left out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("it has more than {LINE_BYTES_MAX} bytes, the limit of a line")]
    LineTooLong,
    #[error("it is over the limit of {LINES_MAX} lines")]
    TooManyLines,
    #[error("it holds bytes that are not text in UTF-8 or UTF-16")]
    NotText,
    #[error("it comes before the header")]
    BeforeHeader,
    #[error("{field} must be 64 hexadecimal digits, not {value:?}")]
    Hash { field: &'static str, value: String },
    #[error(
        "it must be a PDQ hash of 64 hexadecimal digits, alone, after `pdq`, or before its \
         quality, not {0:?}"
    )]
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
    #[error("view {0} is unknown to this version")]
    View(u64),
    #[error("view {0} appears twice")]
    ViewTwice(u8),
    #[error("column {value:?} is unknown; the known ones are {known}")]
    ColumnUnknown { value: String, known: &'static str },
    #[error("column {0:?} appears twice")]
    ColumnTwice(String),
    #[error("there is no column {0:?}")]
    ColumnMissing(&'static str),
    #[error("it has {found} fields, the header has {expected}")]
    FieldCount { found: usize, expected: usize },
    #[error("it has more than {0} fields")]
    TooManyFields(usize),
    #[error("a quote is opened and not closed; no field may span lines")]
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
            Self::FormatUnclear { .. } => "FORMAT_UNCLEAR",
            Self::NothingReadable { .. } => "NO_LINE_READABLE",
        }
    }
}

/// Characters of a value that a message shows.
pub(super) const EXCERPT_CHARS_MAX: usize = 80;

/// Hexadecimal digits in a row from which they could be a hash, or most of one.
const HASH_DIGITS_MIN: usize = 16;

/// Cuts a stranger's value short for a message. Hashes of photos of people are personal data and
/// messages end up in logs, so of a long row of hexadecimal digits only their number is shown.
pub(super) fn excerpt(value: &str) -> String {
    excerpt_up_to(EXCERPT_CHARS_MAX, value)
}

/// The same, up to another number of characters.
pub(super) fn excerpt_up_to(chars_max: usize, value: &str) -> String {
    let (mut text, mut rest) = (String::new(), value);
    while !rest.is_empty() && text.chars().count() <= chars_max {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (row, behind) = rest.split_at(digits);
        if digits < HASH_DIGITS_MIN {
            let mut behind = behind.chars();
            text.push_str(row);
            text.extend(behind.next());
            rest = behind.as_str();
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "[{digits} hexadecimal digits]");
            rest = behind;
        }
    }
    let mut excerpt: String = text.chars().take(chars_max).collect();
    if excerpt.len() < text.len() || !rest.is_empty() {
        excerpt.push('…');
    }
    excerpt
}
