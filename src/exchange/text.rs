//! A hash a line: alone, or after the name of its signal type as python-threatexchange's
//! `local_file` exchange has it.

use super::Record;
use super::error::{Fault, shown};
use super::fields::{self, Defaults};
use crate::core::hashes::PdqHash;

/// The name of the signal type.
pub(super) const PDQ: &str = "pdq";

/// Reads a line; `None` for a signal of another type.
pub(super) fn read(line: &str, defaults: &Defaults) -> Result<Option<Record>, Fault> {
    let (kind, value) = match line.split_once([' ', '\t']) {
        Some((kind, value)) => (kind, value.trim_ascii()),
        None => (PDQ, line),
    };
    if kind != PDQ {
        return if is_signal_type(kind) { Ok(None) } else { Err(Fault::NotAHash(shown(line))) };
    }
    let hash = PdqHash::from_hex(value).ok_or_else(|| Fault::NotAHash(shown(line)))?;
    Ok(Some(fields::record_of(hash, defaults)))
}

/// How the field names signal types. A hash is not taken for one: `HASH note` is an error.
pub(super) fn is_signal_type(name: &str) -> bool {
    const CHARACTERS_MAX: usize = 32;
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    name.len() <= CHARACTERS_MAX
        && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && name.bytes().all(allowed)
}
