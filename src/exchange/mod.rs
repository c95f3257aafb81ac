//! The formats in which banks are exchanged: reading and writing them, without a database.
//!
//! A file comes from a stranger and may be of any size, so it is read line by line within limits.
//! A line that breaks a rule is skipped, counted, and named when it is among the first; a
//! strict reader stops at it. A file none of whose lines can be read is refused. A list of hashes
//! says little of each: the importer's defaults stand in. `docs/exchange.md` describes each format.

mod decoded;
mod error;
mod fields;
mod lines;
mod ndjson;
mod table;
mod text;
mod write;

use std::io::{self, BufRead, Cursor, Read};

use decoded::Decoded;
use text::LineKind;

use photocheck_core::bank::Opinion;
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality};
use photocheck_core::matching::views::View;

pub use error::{BadLines, ExchangeError, Fault};
pub use fields::Defaults;
pub use write::Writer;

/// Bytes of a line. A record with a long note and the hashes of all views has some 60,000.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// Lines of a file, empty ones among them: ten times what an index is made for.
pub const LINES_MAX: u64 = 100_000_000;

/// Seconds since 1970 of the end of the year 9999.
pub const ADDED_AT_MAX: i64 = 253_402_300_799;

/// Bytes that are looked at to tell a format, and lines that are not blank.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEAD_LINES_MAX: u64 = 100;

/// Bytes from which a signal of another type tells the format.
const SIGNAL_BYTES_MIN: usize = 24;

/// Bad lines after which a file is refused if none could be read before. A list with that many
/// notes on top is not known.
const BAD_LINES_MAX: u64 = 1000;

/// A format of exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A PDQ hash per line, which its quality, gradient hash and file name may follow.
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
    lines: lines::Lines<io::Chain<Cursor<Vec<u8>>, Decoded<R>>>,
    format: Format,
    /// The line that told the format; a header does not stand before it.
    told_by: u64,
    columns: Option<table::Columns>,
    defaults: Defaults,
    is_strict: bool,
    records: u64,
    other_signals: u64,
    bad_lines: BadLines,
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

    /// The format of which this can be the first line.
    fn of_line(line: &str) -> Option<Self> {
        if line.starts_with('{') {
            return Some(Self::Ndjson);
        }
        let kind = text::kind_of(line);
        match kind {
            Some(LineKind::Hash) => return Some(Self::Text),
            Some(LineKind::Pdq) => return Some(Self::Threatexchange),
            Some(LineKind::Other) | None => {}
        }
        match table::is_theirs(line) {
            Some(true) => Some(Self::ThreatexchangeCsv),
            Some(false) => Some(Self::Csv),
            // Two short words are no signal.
            None if SIGNAL_BYTES_MIN <= line.len() => kind.map(|_| Self::Threatexchange),
            None => None,
        }
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads `input` in `format`, or in the one that its first lines tell.
    ///
    /// # Errors
    /// [`ExchangeError`] when the format cannot be told or `input` fails.
    pub fn new(
        input: R,
        format: Option<Format>,
        defaults: Defaults,
    ) -> Result<Self, ExchangeError> {
        let mut input = Decoded::new(input)?;
        let mut head = Vec::new();
        let (format, told_by) = match format {
            Some(format) => (format, 0),
            None => told_by_head(&mut input, &mut head)?,
        };
        Ok(Self {
            lines: lines::Lines::new(Cursor::new(head).chain(input)),
            format,
            told_by,
            columns: None,
            defaults,
            is_strict: false,
            records: 0,
            other_signals: 0,
            bad_lines: BadLines::default(),
        })
    }

    /// Whether the first bad line is an error.
    #[must_use]
    pub fn strict(self, is_strict: bool) -> Self {
        Self { is_strict, ..self }
    }

    /// The format that is read.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// How many signals of other types than PDQ were skipped.
    #[must_use]
    pub fn other_signals(&self) -> u64 {
        self.other_signals
    }

    /// The lines that were skipped because they break a rule.
    #[must_use]
    pub fn bad_lines(&self) -> &BadLines {
        &self.bad_lines
    }

    /// How many lines were read.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.lines.number()
    }

    /// Up to `count_max` records; none at the end. On an error none of them is returned.
    ///
    /// # Errors
    /// [`ExchangeError`] when reading fails, when nothing can be read as the format, and when the
    /// reader is strict, at the first line that breaks a rule.
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
            let read = line.and_then(|line| match (self.format, &self.columns) {
                (_, Some(columns)) => columns.read(line, &self.defaults),
                (Format::Ndjson, None) => ndjson::read(line, &self.defaults).map(Some),
                (Format::Threatexchange, None) => text::read_typed(line, &self.defaults),
                (_, None) => text::read(line, &self.defaults),
            });
            match read {
                Ok(Some(record)) => {
                    self.records += 1;
                    return Ok(Some(record));
                }
                Ok(None) => self.other_signals += 1,
                Err(fault) => self.pass_over(fault)?,
            }
        }
        if self.is_nothing_read() {
            self.nothing_readable().map_or(Ok(None), Err)
        } else {
            Ok(None)
        }
    }

    /// Reads the header of a format that has one; false at the end of the input.
    fn read_header(&mut self) -> Result<bool, ExchangeError> {
        let read = match self.format {
            Format::Csv => table::Columns::ours,
            Format::ThreatexchangeCsv => table::Columns::theirs,
            Format::Text | Format::Ndjson | Format::Threatexchange => return Ok(true),
        };
        while let Some(header) = self.lines.next_line()? {
            let columns = header.and_then(read);
            if self.lines.number() < self.told_by {
                self.pass_over(Fault::BeforeHeader)?;
                continue;
            }
            // Without its header no line of a table can be read.
            self.columns = Some(columns.map_err(|fault| self.lines.fault(fault))?);
            return Ok(true);
        }
        Ok(false)
    }

    /// Notes that the line which was read last is a bad one.
    fn pass_over(&mut self, fault: Fault) -> Result<(), ExchangeError> {
        if self.is_strict {
            return Err(self.lines.fault(fault));
        }
        self.bad_lines.note(self.lines.number(), fault);
        if BAD_LINES_MAX <= self.bad_lines.count && self.is_nothing_read() {
            return self.nothing_readable().map_or(Ok(()), Err);
        }
        Ok(())
    }

    fn is_nothing_read(&self) -> bool {
        self.records == 0 && self.other_signals == 0
    }

    /// The error of a file of bad lines; `None` when there was none.
    fn nothing_readable(&self) -> Option<ExchangeError> {
        let BadLines { count, first } = &self.bad_lines;
        let (line, fault) = first.first()?.clone();
        let format = self.format.name();
        Some(ExchangeError::NothingReadable { format, lines: *count, line, fault })
    }
}

/// Reads lines into `head` until one tells the format, and returns that and the line's number.
fn told_by_head(
    input: &mut impl BufRead,
    head: &mut Vec<u8>,
) -> Result<(Format, u64), ExchangeError> {
    let (mut number, mut lines, mut first) = (0, 0, None);
    while head.len() < HEAD_BYTES_MAX && lines < HEAD_LINES_MAX {
        let before = head.len();
        let bytes_max = (HEAD_BYTES_MAX - before) as u64;
        input.take(bytes_max).read_until(b'\n', head)?;
        let line = head.get(before..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        number += 1;
        let line =
            if before == 0 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let line = String::from_utf8_lossy(line.trim_ascii());
        if line.is_empty() {
            continue;
        }
        if let Some(format) = Format::of_line(&line) {
            return Ok((format, number));
        }
        lines += 1;
        first.get_or_insert_with(|| (number, error::shown(&line)));
    }
    match first {
        Some((line, text)) => Err(ExchangeError::FormatUnclear { lines, line, text }),
        // Nothing but blank lines: nothing to import in any format.
        None => Ok((Format::Text, 0)),
    }
}

#[cfg(test)]
mod tests;
