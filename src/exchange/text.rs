//! A hash per line: alone, after the name of its signal type as python-threatexchange's
//! `local_file` exchange has it, or before its quality as `photocheck hash` and PDQ's reference
//! tools print it.

use photocheck_core::bank::{BankedPhoto, Note};
use photocheck_core::matching::hashes::{GradientHash, PdqHash};

use super::error::{Fault, excerpt};
use super::fields::{self, Defaults, PDQ, is_signal_type};
use super::table;

/// What may stand between a hash and its quality.
const SEPARATORS: [char; 3] = ['\t', ',', ';'];

/// What a line of a list can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKind {
    /// A hash, alone or before its quality.
    Hash,
    /// A PDQ hash after its type.
    Pdq,
    /// A signal of another type, in one word: a sentence is no signal.
    Other,
}

/// What kind of line this is; `None` if it is none of a list.
pub(super) fn line_kind(line: &str) -> Option<LineKind> {
    match typed(line) {
        Some((PDQ, value)) => PdqHash::from_hex(value).map(|_| LineKind::Pdq),
        Some((_, value)) => (!value.contains(char::is_whitespace)).then_some(LineKind::Other),
        None => hash_and_rest(line).map(|_| LineKind::Hash),
    }
}

/// Reads a line of a list in which all signals have a type; `None` for one of another type.
pub(super) fn read_typed(line: &str, defaults: &Defaults) -> Result<Option<BankedPhoto>, Fault> {
    match typed(line) {
        Some((kind, _)) if kind != PDQ => Ok(None),
        _ => read(line, defaults),
    }
}

/// Reads a line; `None` for a signal of another type.
pub(super) fn read(line: &str, defaults: &Defaults) -> Result<Option<BankedPhoto>, Fault> {
    let not_a_hash = || Fault::NotAHash(excerpt(line));
    if let Some((kind, value)) = typed(line) {
        return match PdqHash::from_hex(value).filter(|_| kind == PDQ) {
            Some(hash) => Ok(Some(fields::with_defaults(hash, defaults))),
            None if line_kind(line).is_some() => Ok(None),
            None => Err(not_a_hash()),
        };
    }
    let (hash, rest) = hash_and_rest(line).ok_or_else(not_a_hash)?;
    let mut record = fields::with_defaults(hash, defaults);
    if let Some((separator, rest)) = rest {
        read_rest(&mut record, separator, rest)?;
    }
    Ok(Some(record))
}

/// Signal type and signal.
fn typed(line: &str) -> Option<(&str, &str)> {
    let (kind, value) = line.split_once([' ', '\t'])?;
    is_signal_type(kind).then(|| (kind, value.trim_ascii()))
}

/// The hash that a line begins with, and what follows behind which separator.
fn hash_and_rest(line: &str) -> Option<(PdqHash, Option<(char, &str)>)> {
    let Some(at) = line.find(SEPARATORS) else { return Some((PdqHash::from_hex(line)?, None)) };
    let (hash, rest) = line.split_at_checked(at)?;
    let unquoted = |text: &str| text.strip_prefix('"')?.strip_suffix('"').map(str::to_owned);
    let hash = hash.trim_ascii();
    let hash = PdqHash::from_hex(unquoted(hash).as_deref().unwrap_or(hash))?;
    let separator = rest.chars().next()?;
    Some((hash, Some((separator, rest.strip_prefix(separator)?))))
}

/// Reads `QUALITY`, `QUALITY FILE`, and `QUALITY GRADIENT FILE` as `photocheck hash` prints it. The
/// name of a file becomes the note if it can be one.
fn read_rest(record: &mut BankedPhoto, separator: char, rest: &str) -> Result<(), Fault> {
    let plain = || rest.split(separator).map(str::to_owned).collect();
    let delimiter = u8::try_from(separator).unwrap_or(b',');
    // The reference tools do not quote file names, others do.
    let fields: Vec<String> =
        if rest.contains('"') { table::split(rest, delimiter) } else { Ok(plain()) }
            .unwrap_or_else(|_| plain());
    let Some((quality, mut behind)) = fields.split_first() else { return Ok(()) };
    let quality = quality.trim_ascii();
    if !quality.is_empty() {
        record.pdq_quality = fields::quality(quality)?;
    }
    // A file can be named by 64 hexadecimal digits too.
    if let [gradient, file @ ..] = behind
        && let Some(PdqHash(bits)) = PdqHash::from_hex(gradient.trim_ascii())
        && (separator == '\t' || !file.is_empty())
    {
        record.gradient = Some(GradientHash(bits));
        behind = file;
    }
    let file = behind.join(&separator.to_string());
    if let Some(note) =
        fields::note("file", file.trim_ascii()).ok().filter(|it| *it != Note::default())
    {
        record.note = note;
    }
    Ok(())
}
