//! The formats in which banks are exchanged: reading and writing them, without a database.
//!
//! A file comes from a stranger and may be of any size, so it is read line by line within limits,
//! and the first line that breaks a rule stops it by its number. A list of hashes says little of
//! each: the importer's defaults stand in. `docs/exchange.md` describes each format.

mod error;
mod fields;
mod lines;
mod ndjson;
mod table;
mod text;
mod write;

use std::io::{self, BufRead, Cursor, Read};

use crate::core::banks::Opinion;
use crate::core::hashes::{GradientHash, PdqHash, PdqQuality};
use crate::core::views::View;

pub use error::{ExchangeError, Fault};
pub use fields::Defaults;
pub use write::Writer;

/// Bytes of a line. A record with a long note and the hashes of all views has some 60,000.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// Lines of a file, empty ones among them: ten times what an index is made for.
pub const LINES_MAX: u64 = 100_000_000;

/// Seconds since 1970 of the end of the year 9999.
pub const ADDED_AT_MAX: i64 = 253_402_300_799;

/// Bytes that are looked at to tell a format.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A format of exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A PDQ hash a line.
    Text,
    /// CSV with a header.
    Csv,
    /// JSON a line, with all that a bank keeps.
    Ndjson,
    /// `pdq` and a hash a line: what python-threatexchange's `local_file` exchange reads.
    Threatexchange,
    /// CSV as python-threatexchange dumps its data sets.
    ThreatexchangeCsv,
}

/// A banked photo as files tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    /// `None` for what came as a PDQ hash alone.
    pub gradient: Option<GradientHash>,
    /// Views other than the whole.
    pub views: Vec<RecordView>,
    /// At most [`crate::store::Note::BYTES_MAX`] bytes, may be empty.
    pub note: String,
    /// At most [`crate::store::ExternalId::BYTES_MAX`] bytes, may be empty.
    pub external_id: String,
    pub opinion: Opinion,
    pub enabled: bool,
    /// Why it is not looked up although it is enabled; empty while it is.
    pub quarantined: String,
    /// Seconds since 1970, UTC.
    pub added_at: i64,
}

/// The hashes of one view of a banked photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordView {
    pub view: View,
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    pub gradient: Option<GradientHash>,
}

/// Reads the records of a file.
#[derive(Debug)]
pub struct Reader<R> {
    lines: lines::Lines<io::Chain<Cursor<Vec<u8>>, R>>,
    format: Format,
    columns: Option<table::Columns>,
    defaults: Defaults,
    passed_over: u64,
}

impl Format {
    const ALL: [Self; 5] =
        [Self::Text, Self::Csv, Self::Ndjson, Self::Threatexchange, Self::ThreatexchangeCsv];

    /// The names, for messages.
    pub const NAMES: &'static str = "text, csv, ndjson, threatexchange, threatexchange-csv";

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Threatexchange => "threatexchange",
            Self::ThreatexchangeCsv => "threatexchange-csv",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format of which this is the first line that is not blank.
    fn of_first_line(line: &str) -> Option<Self> {
        if line.starts_with('{') {
            return Some(Self::Ndjson);
        }
        if PdqHash::from_hex(line).is_some() {
            return Some(Self::Text);
        }
        match table::is_theirs(line) {
            Some(true) => Some(Self::ThreatexchangeCsv),
            Some(false) => Some(Self::Csv),
            None => {
                let (kind, _) = line.split_once([' ', '\t'])?;
                text::is_signal_type(kind).then_some(Self::Threatexchange)
            }
        }
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads `input` in `format`, or in the one that its first line tells.
    ///
    /// # Errors
    /// [`ExchangeError`] when the format cannot be told or `input` fails.
    pub fn new(
        mut input: R,
        format: Option<Format>,
        defaults: Defaults,
    ) -> Result<Self, ExchangeError> {
        let mut head = Vec::new();
        let format = match format {
            Some(format) => format,
            None => told_by_head(&mut input, &mut head)?,
        };
        let lines = lines::Lines::new(Cursor::new(head).chain(input));
        Ok(Self { lines, format, columns: None, defaults, passed_over: 0 })
    }

    /// The format that is read.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// How many signals of other types than PDQ were passed over.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// How many lines were read.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Up to `count_max` records; none at the end. On an error none of them is given.
    ///
    /// # Errors
    /// [`ExchangeError`] at the first line that breaks a rule, or when reading fails.
    pub fn next_batch(&mut self, count_max: usize) -> Result<Vec<Record>, ExchangeError> {
        let mut batch = Vec::new();
        while batch.len() < count_max {
            match self.next_record()? {
                Some(record) => batch.push(record),
                None => break,
            }
        }
        Ok(batch)
    }

    fn next_record(&mut self) -> Result<Option<Record>, ExchangeError> {
        if self.columns.is_none() && !self.read_header()? {
            return Ok(None);
        }
        while let Some(line) = self.lines.next_line()? {
            let read = match (self.format, &self.columns) {
                (_, Some(columns)) => columns.read(line, &self.defaults),
                (Format::Ndjson, None) => ndjson::read(line, &self.defaults).map(Some),
                (_, None) => text::read(line, &self.defaults),
            };
            match read {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => self.passed_over += 1,
                Err(fault) => return Err(self.lines.fault(fault)),
            }
        }
        Ok(None)
    }

    /// Reads the header of a format that has one; false at the end of the input.
    fn read_header(&mut self) -> Result<bool, ExchangeError> {
        let read = match self.format {
            Format::Csv => table::Columns::ours,
            Format::ThreatexchangeCsv => table::Columns::theirs,
            Format::Text | Format::Ndjson | Format::Threatexchange => return Ok(true),
        };
        let Some(header) = self.lines.next_line()? else { return Ok(false) };
        match read(header) {
            Ok(columns) => self.columns = Some(columns),
            Err(fault) => return Err(self.lines.fault(fault)),
        }
        Ok(true)
    }
}

/// Reads up to the end of the first line that is not blank into `head`, and tells the format.
fn told_by_head(input: &mut impl BufRead, head: &mut Vec<u8>) -> Result<Format, ExchangeError> {
    let mut first = Vec::new();
    while head.len() < HEAD_BYTES_MAX {
        let before = head.len();
        let bytes_max = (HEAD_BYTES_MAX - before) as u64;
        input.take(bytes_max).read_until(b'\n', head)?;
        let line = head.get(before..).unwrap_or_default();
        if line.is_empty() {
            // Nothing but blank lines: nothing to import in any format.
            return Ok(Format::Text);
        }
        let line =
            if before == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        first = line.trim_ascii().to_vec();
        if !first.is_empty() {
            break;
        }
    }
    let first = String::from_utf8_lossy(&first);
    Format::of_first_line(&first).ok_or_else(|| ExchangeError::FormatUnclear(error::shown(&first)))
}

#[cfg(test)]
mod tests;
