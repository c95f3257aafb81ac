//! Entries: the photos of a job before they are read, and what is taken of each.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::UNIX_EPOCH;

use photocheck_core::limits::PHOTO_BYTES_MAX;
use sha2::{Digest, Sha256};

/// Names an entry within a job, and in the same job when it is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(pub [u8; 16]);

/// Where an entry comes from; equal names in two of them are two entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A file. One that is named twice is one entry.
    File,
    /// A row of a manifest. Rows with equal paths are several entries.
    Row,
    /// A file in an archive.
    Archived,
    /// An archive as a whole, where it cannot be read on.
    Archive,
}

/// What a row of the results says of an entry besides what was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    pub path: String,
    pub id: Option<String>,
    pub account: Option<String>,
    /// A value for each column that the job carries through.
    pub carried: Vec<Option<String>>,
}

/// A photo that is to be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    pub label: Label,
    /// The file on this machine, to read it again later; `None` for what lies in an archive.
    pub file: Option<String>,
    /// Changes when the bytes do, as far as can be told without reading them; `None` where that
    /// cannot be told.
    pub stamp: Option<String>,
}

/// Why an entry was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// Stable code.
    pub code: &'static str,
    pub message: String,
}

/// The bytes of an entry.
pub type Content = Result<Vec<u8>, NotRead>;

/// Takes one entry after another. Whoever takes it reads it, or does without.
pub type Take<'a> = dyn FnMut(Entry, &mut dyn FnMut() -> Content) -> ControlFlow<()> + 'a;

impl Key {
    /// The key of `name` in `source`. The number tells entries of equal names apart.
    #[must_use]
    pub fn new(origin: Origin, source: &[u8], name: &[u8], number: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update([match origin {
            Origin::File => b'f',
            Origin::Row => b'r',
            Origin::Archived => b'e',
            Origin::Archive => b'a',
        }]);
        for part in [source, name] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(number.to_be_bytes());
        let mut key = [0; 16];
        let digest: [u8; 32] = hash.finalize().into();
        key.iter_mut().zip(digest).for_each(|(byte, of)| *byte = of);
        Self(key)
    }
}

impl NotRead {
    /// A file that cannot be read.
    #[must_use]
    pub fn unreadable(error: &io::Error) -> Self {
        Self { code: "FILE_UNREADABLE", message: format!("the file cannot be read: {error}") }
    }
}

impl Entry {
    /// A file. Its path is shown as it is named.
    #[must_use]
    pub fn of_file(path: &Path, columns: usize) -> Self {
        let key = Key::new(Origin::File, b"", path.as_os_str().as_encoded_bytes(), 0);
        let path_shown = path.display().to_string();
        let label = Label { path: path_shown, carried: vec![None; columns], ..Label::default() };
        Self { key, label, file: absolute(path), stamp: stamp(path) }
    }

    /// An archive as a whole.
    #[must_use]
    pub fn of_archive(name: &str, columns: usize) -> Self {
        let key = Key::new(Origin::Archive, b"", name.as_bytes(), 0);
        let label = Label { path: name.into(), carried: vec![None; columns], ..Label::default() };
        Self { key, label, file: None, stamp: None }
    }
}

/// The path from the root; `None` if its name is no Unicode.
#[must_use]
pub fn absolute(path: &Path) -> Option<String> {
    std::path::absolute(path).ok()?.to_str().map(str::to_owned)
}

/// The size and the time of the last change.
#[must_use]
pub fn stamp(path: &Path) -> Option<String> {
    let facts = std::fs::metadata(path).ok()?;
    let changed = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}:{}", facts.len(), changed.as_nanos()))
}

/// Reads a file, at most one byte over the limit of a photo.
///
/// # Errors
/// When it cannot be read, or is no file: a pipe could be read for ever.
pub fn read_file(path: &Path) -> Content {
    let read = || {
        // A pipe that nobody writes to cannot even be opened.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        read_photo(File::open(path)?)
    };
    read().map_err(|error| NotRead::unreadable(&error))
}

/// Reads to the end, at most one byte over the limit of a photo: the core then refuses it.
///
/// # Errors
/// When it cannot be read.
pub fn read_photo(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(PHOTO_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_apart_what_is_not_the_same() {
        let keys = [
            Key::new(Origin::File, b"", b"ab", 0),
            Key::new(Origin::File, b"a", b"b", 0),
            Key::new(Origin::File, b"", b"ab", 1),
            Key::new(Origin::Row, b"", b"ab", 0),
        ];
        let different: std::collections::HashSet<Key> = keys.into_iter().collect();
        assert_eq!(different.len(), keys.len());
        assert_eq!(keys[0], Key::new(Origin::File, b"", b"ab", 0));
    }
}
