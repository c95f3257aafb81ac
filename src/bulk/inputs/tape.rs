//! TAR archives, read as they stream by.

use std::io::{self, BufReader, Cursor, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::archive::{self, Archive, Folded, Unfolded, Unfolding};
use crate::bulk::entry::{Content, NotRead, Take, read_photo};
use crate::bulk::limits::{TAR_ENTRIES_MAX, TAR_HEADER_BYTES_MAX};
use photocheck_core::limits::PHOTO_BYTES_MAX;

/// Bytes from which an archive is known: the first header of a TAR.
const HEAD_BYTES: u64 = 512;

/// A stream whose first bytes were read, with these before it again.
pub type Peeked<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of a stream, and all of it.
///
/// # Errors
/// When it cannot be read.
pub fn peek<R: Read>(mut input: R) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut head = Vec::new();
    input.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(input)))
}

/// A TAR archive on its way by.
struct Tape<'a> {
    archive: &'a Archive,
    unfolding: Rc<Unfolding>,
}

/// Takes every file of the archive, which may be compressed by gzip. One that cannot be read on is
/// an entry itself, refused.
pub fn each(input: impl Read, archive: &Archive, take: &mut Take<'_>) -> ControlFlow<()> {
    match peek(input) {
        Ok((head, input)) if archive::is_gzip(&head) => {
            let unfolding = Rc::new(Unfolding::default());
            let input = Folded { input, unfolding: Rc::clone(&unfolding) };
            let input = MultiGzDecoder::new(BufReader::new(input));
            let input = Unfolded { input, unfolding: Rc::clone(&unfolding) };
            Tape { archive, unfolding }.entries(input, take)
        }
        Ok((_, input)) => {
            let unfolding = Rc::new(Unfolding::none());
            Tape { archive, unfolding }.entries(BufReader::new(input), take)
        }
        Err(error) => take(archive.itself(), &mut || Err(archive::damaged(&error))),
    }
}

impl Tape<'_> {
    fn entries(&self, input: impl Read, take: &mut Take<'_>) -> ControlFlow<()> {
        let mut tar = tar::Archive::new(input);
        // As they are: the crate would read a long name whole, however long it says it is.
        let entries = match tar.entries() {
            Ok(entries) => entries.raw(true),
            Err(error) => return self.refuse_rest(&error, take),
        };
        let mut long_name = None;
        for (number, file) in (0..).zip(entries) {
            if TAR_ENTRIES_MAX <= number {
                let itself = self.archive.itself();
                return take(itself, &mut || Err(archive::too_many(TAR_ENTRIES_MAX)));
            }
            let mut file = match file {
                Ok(file) => file,
                Err(error) => return self.refuse_rest(&error, take),
            };
            match file.header().entry_type() {
                kind @ (EntryType::GNULongName | EntryType::XHeader) => match header(&mut file) {
                    Ok(bytes) => long_name = name_in(bytes, kind).or(long_name),
                    Err(error) => return self.refuse_rest(&error, take),
                },
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                // It had the long name, if one came before it.
                EntryType::Directory => long_name = None,
                _ => {
                    let name = long_name.take().unwrap_or_else(|| file.path_bytes().into_owned());
                    if archive::is_hidden(&name) || name.ends_with(b"/") {
                        continue;
                    }
                    let entry = self.archive.entry(number, &name, None);
                    take(entry, &mut || self.read(&mut file, &name))?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn read(&self, file: &mut tar::Entry<'_, impl Read>, name: &[u8]) -> Content {
        archive::check_name(name)?;
        let refused = |code, message: &str| NotRead { code, message: message.to_owned() };
        match file.header().entry_type() {
            EntryType::Regular | EntryType::Continuous => {}
            EntryType::Link | EntryType::Symlink => {
                return Err(refused("ARCHIVE_LINK", "a link in an archive is not followed"));
            }
            _ => return Err(refused("ARCHIVE_DAMAGED", "the entry is no plain file")),
        }
        let size = file.size().min(PHOTO_BYTES_MAX);
        let bytes = read_photo(file).map_err(|error| self.why(&error))?;
        if (bytes.len() as u64) < size {
            return Err(refused("ARCHIVE_DAMAGED", "the archive ends in the middle of the entry"));
        }
        archive::check_content(Ok(bytes))
    }

    fn refuse_rest(&self, error: &io::Error, take: &mut Take<'_>) -> ControlFlow<()> {
        take(self.archive.itself(), &mut || Err(self.why(error)))
    }

    fn why(&self, error: &io::Error) -> NotRead {
        if self.unfolding.is_too_much() { archive::too_much() } else { archive::damaged(error) }
    }
}

/// The name that an extended header gives to the next entry. One that is too long becomes one that
/// is refused.
fn name_in(bytes: Option<Vec<u8>>, kind: EntryType) -> Option<Vec<u8>> {
    let Some(mut bytes) = bytes else { return Some(vec![0]) };
    if kind == EntryType::XHeader {
        return path_of(&bytes);
    }
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    Some(bytes)
}

/// The bytes of an extended header; `None` if they are too many.
fn header(file: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(TAR_HEADER_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(((bytes.len() as u64) <= TAR_HEADER_BYTES_MAX).then_some(bytes))
}

/// The path among records that are written `LENGTH NAME=VALUE` and a line end.
fn path_of(mut records: &[u8]) -> Option<Vec<u8>> {
    let mut path = None;
    while let Some(space) = records.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(records.get(..space)?).ok()?.parse().ok()?;
        let record = records.get(space + 1..length)?;
        if let Some(value) = record.strip_prefix(b"path=") {
            path = Some(value.strip_suffix(b"\n").unwrap_or(value).to_vec());
        }
        records = records.get(length..)?;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_extended_header_is_found_and_damage_is_none() {
        let check = |records: &[u8], expected: Option<&[u8]>| {
            assert_eq!(path_of(records).as_deref(), expected, "{records:?}");
        };
        check(b"12 path=abc\n", Some(b"abc"));
        check(b"11 size=12\n14 path=a/b c\n", Some(b"a/b c"));
        check(b"11 size=12\n", None);
        check(b"", None);
        check(b"99 path=abc\n", None);
        check(b"1 path=abc\n", None);
        check(b"x path=abc\n", None);
        check(b"99999999999999999999999 path=abc\n", None);
    }
}
