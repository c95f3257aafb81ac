//! The formats in which banks are exchanged: reading and writing them, without a database.
//!
//! A file comes from a stranger and may be of any size, so it is read line by line within limits.
//! A line that breaks a rule is skipped, counted, and named when it is among the first; a
//! strict reader stops at it. A file none of whose lines can be read is refused. A list of hashes
//! says little of each: the importer's defaults stand in. `docs/exchange.md` describes each format.

mod decoded;
mod error;
mod fields;
mod format;
mod limits;
mod lines;
mod ndjson;
mod reader;
mod table;
mod text;
mod writer;

pub use error::{BadLines, ExchangeError, Fault};
pub use fields::Defaults;
pub use format::Format;
pub use limits::{ADDED_AT_MAX, LINE_BYTES_MAX, LINES_MAX};
pub use reader::Reader;
pub use writer::Writer;

#[cfg(test)]
mod tests;
