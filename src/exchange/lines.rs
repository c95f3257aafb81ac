//! Lines of at most [`LINE_BYTES_MAX`] bytes, numbered; a longer one is never in memory whole.

use std::io::{BufRead, Read};

use super::error::{ExchangeError, Fault};
use super::limits::{LINE_BYTES_MAX, LINES_MAX};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of a line over the limit that are skipped to find its end. What has more is no list of
/// lines.
const LINE_SKIPPED_BYTES_MAX: usize = 64 * LINE_BYTES_MAX;

/// See the module's text.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    /// How many lines were read, empty ones among them.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank, without its end and the white space around, or why it
    /// cannot be read; `None` at the end. A byte order mark before the first line is skipped.
    ///
    /// # Errors
    /// When nothing behind this line can be read either.
    pub fn next_line(&mut self) -> Result<Option<Result<&str, Fault>>, ExchangeError> {
        loop {
            self.line.clear();
            let bytes_max = LINE_BYTES_MAX as u64 + 1;
            let read = self.input.by_ref().take(bytes_max).read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if LINES_MAX < self.number {
                return Err(self.fault(Fault::TooManyLines));
            }
            if LINE_BYTES_MAX < self.line.len() {
                self.skip_line()?;
                return Ok(Some(Err(Fault::LineTooLong)));
            }
            if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let line = std::str::from_utf8(self.line.trim_ascii());
        Ok(Some(line.map_err(|_| Fault::NotText)))
    }

    /// Passes over the rest of a line that is too long, if it has an end within the limit.
    fn skip_line(&mut self) -> Result<(), ExchangeError> {
        let mut left = LINE_SKIPPED_BYTES_MAX;
        let mut is_ended = self.line.ends_with(b"\n");
        while !is_ended && 0 < left {
            self.line.clear();
            let bytes_max = LINE_BYTES_MAX.min(left) as u64;
            let read = self.input.by_ref().take(bytes_max).read_until(b'\n', &mut self.line)?;
            is_ended = read == 0 || self.line.ends_with(b"\n");
            left -= read.min(left);
        }
        if is_ended { Ok(()) } else { Err(self.fault(Fault::LineTooLong)) }
    }

    /// An error about the line that was read last.
    pub fn fault(&self, fault: Fault) -> ExchangeError {
        ExchangeError::Line { line: self.number, fault }
    }
}
