//! The directories of EXIF: a TIFF structure of which single fields are looked up.
//!
//! Only the directories that are asked for are walked, each at most once and up to a number of
//! fields, so that no chain, loop or overlap of directories costs more (docs/decisions/0005).
//! Whatever does not lie within the bytes is absent.

use std::borrow::Cow;

use super::blocks::decode_text;
use crate::limits;

/// A TIFF structure.
#[derive(Debug, Clone, Copy)]
pub struct Tiff<'a> {
    bytes: &'a [u8],
    is_little: bool,
}

/// Where a directory of fields begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Directory(usize);

/// A field: its type and its value's bytes.
#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    kind: u16,
    value: &'a [u8],
}

const SHORT: u16 = 3;
const LONG: u16 = 4;

impl<'a> Tiff<'a> {
    /// Reads the header; `None` when it is none.
    #[must_use]
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let is_little = match bytes.first_chunk::<4>()? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self { bytes, is_little })
    }

    /// The directory of the picture.
    #[must_use]
    pub fn first(&self) -> Option<Directory> {
        self.offset(4).map(Directory)
    }

    /// The directory that follows: after the first, that of the thumbnail.
    #[must_use]
    pub fn next(&self, directory: Directory) -> Option<Directory> {
        let count = usize::from(self.short(directory.0)?);
        let at = directory.0.checked_add(2 + 12 * count)?;
        self.offset(at).filter(|at| *at != 0).map(Directory)
    }

    /// A directory that a field points to.
    #[must_use]
    pub fn inner(&self, directory: Directory, tag: u16) -> Option<Directory> {
        self.number(directory, tag).map(Directory)
    }

    /// A field that holds a number.
    #[must_use]
    pub fn number(&self, directory: Directory, tag: u16) -> Option<usize> {
        let field = self.field(directory, tag)?;
        match field.kind {
            SHORT => Some(usize::from(self.read_short(*field.value.first_chunk()?))),
            LONG => usize::try_from(self.read_long(*field.value.first_chunk()?)).ok(),
            _ => None,
        }
    }

    /// A field that holds text, up to its first zero byte.
    #[must_use]
    pub fn text(&self, directory: Directory, tag: u16) -> Option<Cow<'a, str>> {
        let value = self.field(directory, tag)?.value;
        // Some write it as a comment, which begins with the name of its encoding.
        let value = value.strip_prefix(b"ASCII\0\0\0").unwrap_or(value);
        decode_text(value.split(|byte| *byte == 0).next()?).into()
    }

    /// A field that holds text after the name of its encoding, in eight bytes.
    #[must_use]
    pub fn comment(&self, directory: Directory, tag: u16) -> Option<Cow<'a, str>> {
        let value = self.field(directory, tag)?.value;
        match value.split_first_chunk::<8>() {
            Some((b"UNICODE\0", text)) => Some(Cow::Owned(utf16(text))),
            Some((b"ASCII\0\0\0" | [0, 0, 0, 0, 0, 0, 0, 0], text)) => Some(decode_text(text)),
            _ => Some(decode_text(value)),
        }
    }

    /// Whether there is such a field.
    #[must_use]
    pub fn has(&self, directory: Directory, tag: u16) -> bool {
        self.field(directory, tag).is_some()
    }

    /// A part of the bytes.
    #[must_use]
    pub fn part(&self, at: usize, length: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..at.checked_add(length)?)
    }

    /// An entry has the tag, the type, the count, and the value or where it stands.
    fn field(&self, directory: Directory, tag: u16) -> Option<Field<'a>> {
        let count = usize::from(self.short(directory.0)?).min(limits::EXIF_FIELDS_MAX);
        let entries = self.part(directory.0.checked_add(2)?, 12 * count);
        // A directory that is cut off is read as far as it goes.
        let entries = entries.or_else(|| self.bytes.get(directory.0.checked_add(2)?..))?;
        let (entries, _) = entries.as_chunks::<12>();
        let entry = entries.iter().find(|[a, b, ..]| self.read_short([*a, *b]) == tag)?;
        let [_, _, kind_a, kind_b, count @ .., a, b, c, d] = entry;
        let kind = self.read_short([*kind_a, *kind_b]);
        let count = usize::try_from(self.read_long(*count.first_chunk()?)).ok()?;
        let length = count.checked_mul(value_bytes(kind)?)?;
        let value = if let Some(value) = entry.get(8..)?.get(..length) {
            value
        } else {
            let at = usize::try_from(self.read_long([*a, *b, *c, *d])).ok()?;
            self.part(at, length)?
        };
        Some(Field { kind, value })
    }

    fn short(&self, at: usize) -> Option<u16> {
        self.part(at, 2)?.first_chunk().map(|bytes| self.read_short(*bytes))
    }

    fn offset(&self, at: usize) -> Option<usize> {
        let bytes = self.part(at, 4)?.first_chunk()?;
        usize::try_from(self.read_long(*bytes)).ok()
    }

    fn read_short(&self, bytes: [u8; 2]) -> u16 {
        if self.is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    fn read_long(&self, bytes: [u8; 4]) -> u32 {
        if self.is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }
}

/// Bytes of one value of a type.
fn value_bytes(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

/// UTF-16 of whichever byte order it is: writers do not keep to that of the file. Latin letters
/// have their zero byte first in the one and last in the other.
fn utf16(bytes: &[u8]) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let zeros = |byte: fn(&[u8; 2]) -> u8| pairs.iter().filter(|pair| byte(pair) == 0).count();
    let is_big = zeros(|pair| pair[1]) <= zeros(|pair| pair[0]);
    let unit = |pair: &[u8; 2]| {
        if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
    };
    let units = pairs.iter().map(unit).filter(|unit| *unit != 0xFEFF);
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
