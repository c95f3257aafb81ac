//! Lines of at most [`LINE_BYTES_MAX`] bytes, numbered; what is longer is never in memory.

use std::io::{BufRead, Read};

use super::error::{ExchangeError, Fault};
use super::{LINE_BYTES_MAX, LINES_MAX};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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

    /// The next line that is not blank, without its end and the white space around; `None` at the
    /// end. A byte order mark before the first line is passed over.
    pub fn next_line(&mut self) -> Result<Option<&str>, ExchangeError> {
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
                return Err(self.fault(Fault::LineTooLong));
            }
            if self.number == 1 && self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let number = self.number;
        let line = std::str::from_utf8(self.line.trim_ascii());
        line.map(Some).map_err(|_| ExchangeError::Line { line: number, fault: Fault::NotUtf8 })
    }

    /// An error about the line that was read last.
    pub fn fault(&self, fault: Fault) -> ExchangeError {
        ExchangeError::Line { line: self.number, fault }
    }
}
