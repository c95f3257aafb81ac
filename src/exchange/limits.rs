//! The limits of files that banks are exchanged in, with their reasons.

/// Bytes of a line. A record with a long note and the hashes of all views has some 60,000.
pub const LINE_BYTES_MAX: usize = 128 * 1024;

/// Lines of a file, empty ones among them: ten times what an index is made for.
pub const LINES_MAX: u64 = 100_000_000;

/// Seconds since 1970 of the end of the year 9999.
pub const ADDED_AT_MAX: i64 = 253_402_300_799;
