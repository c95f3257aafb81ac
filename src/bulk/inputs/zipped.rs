//! ZIP archives, read entry by entry.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;

use super::archive::{self, Archive, Unfolding};
use crate::bulk::entry::{Content, NotRead, Take, read_photo, stamp};
use crate::bulk::limits::ZIP_ENTRIES_MAX;
use photocheck_core::limits::PHOTO_BYTES_MAX;

/// Bytes of an entry of the directory without its name and what follows it.
const RECORD_BYTES: usize = 46;

/// The record at the end, the longest comment behind it, and before it the large record with its
/// locator.
const END_BYTES: u64 = 22 + 65_535 + 20 + LARGE_RECORD_BYTES;

/// The large record, which has the counts that the small one has no room for.
const LARGE_RECORD_BYTES: u64 = 56;

/// Takes every file of the archive. One that cannot be read on is an entry itself, refused.
pub fn each(path: &Path, archive: &Archive, take: &mut Take<'_>) -> ControlFlow<()> {
    match open(path) {
        Ok((mut zip, unfolding)) => {
            match count_records(path, zip.central_directory_start()) {
                Ok(records) if records == zip.len() as u64 => {}
                Ok(records) => {
                    let why = not_all_read(records, zip.len());
                    take(archive.itself(), &mut || Err(why.clone()))?;
                }
                Err(error) => take(archive.itself(), &mut || Err(archive::damaged(&error)))?,
            }
            let zip_stamp = stamp(path);
            entries(&mut zip, &unfolding, zip_stamp.as_deref(), archive, take)
        }
        Err(why) => take(archive.itself(), &mut || Err(why.clone())),
    }
}

fn entries(
    zip: &mut ZipArchive<BufReader<File>>,
    unfolding: &Unfolding,
    zip_stamp: Option<&str>,
    archive: &Archive,
    take: &mut Take<'_>,
) -> ControlFlow<()> {
    for number in 0..zip.len() {
        let name = zip.name_for_index(number).unwrap_or_default().to_owned();
        let mut file = match zip.by_index(number) {
            Ok(file) => file,
            Err(error) => {
                let entry = archive.entry(number as u64, name.as_bytes(), None);
                let why = unreadable(&error.to_string());
                take(entry, &mut || Err(why.clone()))?;
                continue;
            }
        };
        if file.is_dir() || archive::is_hidden(file.name_raw()) {
            continue;
        }
        // Counted whether or not it is read, so that it ends where it ended before.
        if unfolding.count(file.size().min(PHOTO_BYTES_MAX)).is_err() {
            return take(archive.itself(), &mut || Err(archive::too_much()));
        }
        // Other bytes of that size can be made to have that sum.
        let (size, sum) = (file.size(), file.crc32());
        let stamp = zip_stamp.map(|zip_stamp| format!("{zip_stamp}:{size}:{sum:08x}"));
        let entry = archive.entry(number as u64, file.name_raw(), stamp);
        take(entry, &mut || read(&mut file))?;
    }
    ControlFlow::Continue(())
}

fn read(file: &mut ZipFile<'_, BufReader<File>>) -> Content {
    archive::check_name(file.name_raw())?;
    if file.is_symlink() {
        let message = "a link in an archive is not followed".into();
        return Err(NotRead { code: "ARCHIVE_LINK", message });
    }
    let size = file.size();
    // One byte more than it says is enough to see that it lies.
    let read = read_photo(file.take(size.saturating_add(1)));
    let bytes = read.map_err(|error| unreadable(&error.to_string()))?;
    if size < bytes.len() as u64 {
        return Err(unreadable("it has more bytes than it says"));
    }
    archive::check_content(Ok(bytes))
}

fn unreadable(why: &str) -> NotRead {
    NotRead { code: "ARCHIVE_DAMAGED", message: format!("the entry cannot be read: {why}") }
}

/// The reader knows entries by their names, so of those of one name it has the last.
fn not_all_read(records: u64, read: usize) -> NotRead {
    let message = format!(
        "the archive has {records} entries and {read} are read: several entries have one name"
    );
    NotRead { code: "ARCHIVE_DAMAGED", message }
}

/// How many entries the directory has that begins here.
fn count_records(path: &Path, start: u64) -> io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    file.seek(SeekFrom::Start(start))?;
    let mut count = 0;
    let mut record = [0; RECORD_BYTES];
    while count <= ZIP_ENTRIES_MAX {
        match file.read_exact(&mut record) {
            Ok(()) if record.starts_with(b"PK\x01\x02") => {}
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => break,
        }
        let [.., name, more_name, extra, more_extra, note, more_note] =
            *record.first_chunk::<34>().unwrap_or(&[0; 34]);
        let parts = [[name, more_name], [extra, more_extra], [note, more_note]];
        file.seek_relative(parts.into_iter().map(|it| i64::from(u16::from_le_bytes(it))).sum())?;
        count += 1;
    }
    Ok(count)
}

fn open(path: &Path) -> Result<(ZipArchive<BufReader<File>>, Unfolding), NotRead> {
    let mut file = File::open(path).map_err(|error| NotRead::unreadable(&error))?;
    let unfolding = file.metadata().map(|facts| Unfolding::of(facts.len()));
    let unfolding = unfolding.map_err(|error| NotRead::unreadable(&error))?;
    let entries = count_entries(&mut file).map_err(|error| archive::damaged(&error))?;
    if ZIP_ENTRIES_MAX < entries {
        return Err(archive::too_many(ZIP_ENTRIES_MAX));
    }
    match ZipArchive::new(BufReader::new(file)) {
        Ok(zip) => Ok((zip, unfolding)),
        Err(error) => Err(archive::damaged(&io::Error::other(error))),
    }
}

/// How many entries the end of the archive says there are, or has room for; it is read before the
/// directory, which takes memory by their number. Whoever says too few has those alone read.
fn count_entries(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let begin = length.saturating_sub(END_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut end = Vec::new();
    file.by_ref().take(END_BYTES).read_to_end(&mut end)?;
    let mut most = counts_in(&end);
    // The large record lies where its locator says, which may be anywhere.
    for at in places(&end, b"PK\x06\x07") {
        let Some(from) = number(&end, at + 8, 8) else { continue };
        file.seek(SeekFrom::Start(from.min(length)))?;
        let mut record = Vec::new();
        file.by_ref().take(LARGE_RECORD_BYTES).read_to_end(&mut record)?;
        most = most.max(counts_in(&record));
    }
    file.rewind()?;
    most.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it has no end"))
}

/// The largest count of all records that end a directory: which of them holds is for the reader to
/// say, and it may be another than the last. A directory has a count by its size, too.
fn counts_in(end: &[u8]) -> Option<u64> {
    let small = places(end, b"PK\x05\x06").flat_map(|at| {
        let counts = [number(end, at + 8, 2), number(end, at + 10, 2)];
        // A size that is only in the large record.
        let size = number(end, at + 12, 4).filter(|size| *size != u64::from(u32::MAX));
        counts.into_iter().flatten().chain(size.map(|size| size / RECORD_BYTES as u64))
    });
    let large = places(end, b"PK\x06\x06").flat_map(|at| {
        let counts = [number(end, at + 24, 8), number(end, at + 32, 8)];
        let size = number(end, at + 40, 8).map(|size| size / RECORD_BYTES as u64);
        counts.into_iter().flatten().chain(size)
    });
    small.chain(large).max()
}

/// Where a mark is.
fn places<'a>(bytes: &'a [u8], mark: &'a [u8; 4]) -> impl Iterator<Item = usize> + 'a {
    let found = bytes.windows(4).enumerate().filter(move |(_, four)| four == mark);
    found.map(|(at, _)| at)
}

/// A number whose lowest byte is first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let read = bytes.get(at..at + length)?;
    Some(read.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
