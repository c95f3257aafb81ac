//! Archives: what ZIP and TAR have in common. Nothing is unpacked to disk, and what an archive may
//! hold and unfold to is bounded.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use crate::bulk::entry::{Content, Entry, Key, Label, NotRead, Origin};
use crate::bulk::limits::{PATH_BYTES_MAX, UNFOLDED_BYTES_FREE, UNFOLDED_TIMES_MAX};

/// An archive that is read.
#[derive(Debug, Clone)]
pub struct Archive {
    /// As it is named; empty for standard input.
    pub name: String,
    /// How many columns the job carries through; an archive has none of them.
    pub columns: usize,
}

impl Archive {
    /// The entry of that number and name.
    #[must_use]
    pub fn entry(&self, number: u64, name: &[u8], stamp: Option<String>) -> Entry {
        let shown = String::from_utf8_lossy(name);
        let path = match self.name.as_str() {
            "" => shown.into_owned(),
            archive => format!("{archive}/{shown}"),
        };
        let label = Label { path, carried: vec![None; self.columns], ..Label::default() };
        let key = Key::new(Origin::Archived, self.name.as_bytes(), name, number);
        Entry { key, label, file: None, stamp }
    }

    /// The archive itself, where it cannot be read on.
    #[must_use]
    pub fn itself(&self) -> Entry {
        let name = if self.name.is_empty() { "standard input" } else { &self.name };
        Entry::of_archive(name, self.columns)
    }
}

/// Whether a name is hidden, or of what macOS adds to archives: folders are read without these.
#[must_use]
pub fn is_hidden(name: &[u8]) -> bool {
    let parts = name.split(|byte| *byte == b'/');
    let parts = parts.filter(|part| !matches!(*part, b"." | b".."));
    parts.into_iter().any(|part| part.starts_with(b".") || part == b"__MACOSX")
}

/// Refuses a name that leads out of the archive: one that is absolute or has a part `..`. Nothing
/// is written under these names, but who sends them wants it to be.
///
/// # Errors
/// `ARCHIVE_NAME_NOT_VALID`.
pub fn check_name(name: &[u8]) -> Result<(), NotRead> {
    let is_drive = matches!(name, [letter, b':', ..] if letter.is_ascii_alphabetic());
    let mut parts = name.split(|byte| matches!(byte, b'/' | b'\\'));
    let leads_out = name.starts_with(b"/")
        || name.starts_with(b"\\")
        || is_drive
        || parts.any(|part| part == b"..");
    let why = if leads_out {
        "the name of the entry leads out of the archive"
    } else if name.contains(&0) {
        "the name of the entry has a zero byte"
    } else if PATH_BYTES_MAX < name.len() {
        "the name of the entry is too long"
    } else {
        return Ok(());
    };
    Err(NotRead { code: "ARCHIVE_NAME_NOT_VALID", message: why.into() })
}

/// Refuses an archive in an archive: how deep they lie in each other has no end.
///
/// # Errors
/// `ARCHIVE_NESTED`, or what is refused already.
pub fn check_content(content: Content) -> Content {
    let bytes = content?;
    if is_zip(&bytes) || is_gzip(&bytes) || is_tar(&bytes) {
        let message = "an archive inside an archive is not opened".into();
        return Err(NotRead { code: "ARCHIVE_NESTED", message });
    }
    Ok(bytes)
}

/// Whether a file that begins so is a ZIP archive.
#[must_use]
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}

/// Whether it is compressed by gzip.
#[must_use]
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

/// Whether it is a TAR archive.
#[must_use]
pub fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262) == Some(b"ustar")
}

/// A damaged archive or entry.
#[must_use]
pub fn damaged(error: &io::Error) -> NotRead {
    NotRead { code: "ARCHIVE_DAMAGED", message: error.to_string() }
}

/// An archive that unfolds to far more than its own size.
#[must_use]
pub fn too_much() -> NotRead {
    NotRead { code: "ARCHIVE_UNFOLDS_TOO_FAR", message: TooMuch.to_string() }
}

/// An archive of more entries than the limit.
#[must_use]
pub fn too_many(entries_max: u64) -> NotRead {
    let message = format!("the archive has more than {entries_max} entries; the rest is not read");
    NotRead { code: "ARCHIVE_TOO_MANY_ENTRIES", message }
}

/// An archive that unfolds to far more than its own size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the archive unfolds to more than {UNFOLDED_TIMES_MAX} times its size; the rest is not read"
)]
pub struct TooMuch;

/// How much of an archive was read, and how much came out of it.
#[derive(Debug, Default)]
pub struct Unfolding {
    folded: Cell<u64>,
    unfolded: Cell<u64>,
}

impl Unfolding {
    /// Of an archive of this many bytes.
    #[must_use]
    pub fn of(bytes: u64) -> Self {
        Self { folded: Cell::new(bytes), unfolded: Cell::new(0) }
    }

    /// Of an archive that is not compressed.
    #[must_use]
    pub fn none() -> Self {
        Self::of(u64::MAX)
    }

    /// Whether too much has come out.
    #[must_use]
    pub fn is_too_much(&self) -> bool {
        let most = self.folded.get().saturating_mul(UNFOLDED_TIMES_MAX);
        most.max(UNFOLDED_BYTES_FREE) < self.unfolded.get()
    }

    /// Counts bytes that come out.
    ///
    /// # Errors
    /// [`TooMuch`].
    pub fn count(&self, bytes: u64) -> Result<(), TooMuch> {
        let unfolded = self.unfolded.get().saturating_add(bytes);
        self.unfolded.set(unfolded);
        if self.is_too_much() { Err(TooMuch) } else { Ok(()) }
    }
}

/// Counts what is read from an archive.
#[derive(Debug)]
pub struct Folded<R> {
    pub input: R,
    pub unfolding: Rc<Unfolding>,
}

/// Counts what comes out, and ends with [`TooMuch`].
#[derive(Debug)]
pub struct Unfolded<R> {
    pub input: R,
    pub unfolding: Rc<Unfolding>,
}

impl<R: Read> Read for Folded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let folded = self.unfolding.folded.get().saturating_add(count as u64);
        self.unfolding.folded.set(folded);
        Ok(count)
    }
}

impl<R: Read> Read for Unfolded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.unfolding.count(count as u64).map_err(io::Error::other)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        let check = |name: &[u8], is_valid: bool| {
            let found = check_name(name).map_err(|why| why.code);
            assert_eq!(found.is_ok(), is_valid, "{:?}", String::from_utf8_lossy(name));
        };
        for name in ["a.jpg", "a/b.jpg", "./a.jpg", "a..jpg", "..a/b", "\u{e9}.jpg"] {
            check(name.as_bytes(), true);
        }
        for name in ["/a", "../a", "a/../b", "a/..", "\\a", "a\\..\\b", "C:\\a", "c:a", "a\0b"] {
            check(name.as_bytes(), false);
        }
        check(&[b'a'; PATH_BYTES_MAX], true);
        check(&[b'a'; PATH_BYTES_MAX + 1], false);
    }

    #[test]
    fn hidden_names_are_those_that_folders_leave_out() {
        for (name, expected) in
            [("a/b", false), ("./a", false), (".a", true), ("a/.b/c", true), ("__MACOSX/a", true)]
        {
            assert_eq!(is_hidden(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn unfolding_has_an_end() {
        let unfolding = Unfolding::of(10);
        assert_eq!(unfolding.count(UNFOLDED_BYTES_FREE), Ok(()));
        assert_eq!(unfolding.count(1), Err(TooMuch));
        let large = Unfolding::of(UNFOLDED_BYTES_FREE);
        assert_eq!(large.count(UNFOLDED_BYTES_FREE * UNFOLDED_TIMES_MAX), Ok(()));
        assert_eq!(large.count(1), Err(TooMuch));
    }
}
