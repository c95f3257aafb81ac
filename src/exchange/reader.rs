//! Reading the records of a file, line by line within limits.

use std::io::{self, BufRead, Cursor, Read};

use photocheck_core::bank::BankedPhoto;

use super::decoded::Decoded;
use super::error::{BadLines, ExchangeError, Fault, excerpt};
use super::fields::Defaults;
use super::format::Format;
use super::lines::Lines;
use super::ndjson;
use super::table::{self, Columns};
use super::text::{self, LineKind};

/// Bytes that are read to detect a format, and lines that are not blank.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEAD_LINES_MAX: u64 = 100;

/// Bytes from which a signal of another type shows the format.
const SIGNAL_BYTES_MIN: usize = 24;

/// Bad lines after which a file is refused if none could be read before. A list with that many
/// notes on top is not known.
const BAD_LINES_MAX: u64 = 1000;

/// Reads the records of a file.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<io::Chain<Cursor<Vec<u8>>, Decoded<R>>>,
    format: Format,
    /// The line by which the format was detected; no header comes before it.
    detected_at: u64,
    columns: Option<Columns>,
    defaults: Defaults,
    is_strict: bool,
    records: u64,
    other_signals: u64,
    bad_lines: BadLines,
}

impl<R: BufRead> Reader<R> {
    /// Reads `input` in `format`, or in the one that its first lines are in.
    ///
    /// # Errors
    /// [`ExchangeError`] when the format cannot be detected or `input` fails.
    pub fn new(
        input: R,
        format: Option<Format>,
        defaults: Defaults,
    ) -> Result<Self, ExchangeError> {
        let mut input = Decoded::new(input)?;
        let mut head = Vec::new();
        let (format, detected_at) = match format {
            Some(format) => (format, 0),
            None => detect_format(&mut input, &mut head)?,
        };
        Ok(Self {
            lines: Lines::new(Cursor::new(head).chain(input)),
            format,
            detected_at,
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
    pub fn next_batch(&mut self, count_max: usize) -> Result<Vec<BankedPhoto>, ExchangeError> {
        let mut batch = Vec::new();
        while batch.len() < count_max {
            match self.next_record()? {
                Some(record) => batch.push(record),
                None => break,
            }
        }
        Ok(batch)
    }

    fn next_record(&mut self) -> Result<Option<BankedPhoto>, ExchangeError> {
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
            Format::Csv => Columns::ours,
            Format::ThreatexchangeCsv => Columns::theirs,
            Format::Text | Format::Ndjson | Format::Threatexchange => return Ok(true),
        };
        while let Some(header) = self.lines.next_line()? {
            let columns = header.and_then(read);
            if self.lines.number() < self.detected_at {
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

/// Reads lines into `head` until the format is clear, and returns that and the number of the line.
fn detect_format(
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
        if let Some(format) = format_of_line(&line) {
            return Ok((format, number));
        }
        lines += 1;
        first.get_or_insert_with(|| (number, excerpt(&line)));
    }
    match first {
        Some((line, text)) => Err(ExchangeError::FormatUnclear { lines, line, text }),
        // Nothing but blank lines: nothing to import in any format.
        None => Ok((Format::Text, 0)),
    }
}

/// The format of which this can be the first line.
fn format_of_line(line: &str) -> Option<Format> {
    if line.starts_with('{') {
        return Some(Format::Ndjson);
    }
    let kind = text::line_kind(line);
    match kind {
        Some(LineKind::Hash) => return Some(Format::Text),
        Some(LineKind::Pdq) => return Some(Format::Threatexchange),
        Some(LineKind::Other) | None => {}
    }
    match table::is_theirs(line) {
        Some(true) => Some(Format::ThreatexchangeCsv),
        Some(false) => Some(Format::Csv),
        // Two short words are no signal.
        None if SIGNAL_BYTES_MIN <= line.len() => kind.map(|_| Format::Threatexchange),
        None => None,
    }
}
