//! Snapshots: an index as bytes, so that a service begins with it instead of building it.
//!
//! A header of 64 bytes says what the rest is, then come the segments with their tables, as they
//! lie in memory, then a checksum. Numbers are little-endian. What is read back is what was
//! written or a [`Damage`]: the header and the body have a CRC-32 each, the length is said in the
//! header, and no memory is taken for more than the length allows. Whether a sound snapshot is of
//! the right database is asked by whoever reads it, by its key.

use std::sync::Arc;

use crc32fast::Hasher;
use thiserror::Error;

use super::Index;
use super::bands::{Item, Layout, Table};
use super::entry::ContentId;
use super::parts::Part;
use super::rows::{HashRow, Label, ROWS_MAX, Rows, Runs, number};
use super::segment::{Finder, Segment};
use crate::bank::{BankFacts, BankId, Opinion, Purpose};
use crate::matching::views::Kind;

/// Bytes of [`Header`].
pub const HEADER_BYTES: usize = 64;

const MAGIC: [u8; 8] = *b"photoidx";
/// Raised with every change of what stands below, or of which tables a segment has.
const FORMAT: u32 = 4;
const CHECKSUM_BYTES: u64 = 4;
/// Bytes that are read or written at once.
const CHUNK_BYTES: usize = 3 << 18;

/// Names one snapshot. The database it was taken of knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotKey(pub [u8; 16]);

/// What a snapshot is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub key: SnapshotKey,
    pub generation: i64,
    /// Contents below this PDQ quality were left out.
    pub quality_min: u8,
    parts: u32,
    body_bytes: u64,
}

/// Why bytes are no snapshot that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Damage {
    #[error("it is no snapshot of an index")]
    NoSnapshot,
    #[error("it has format {0}, this version reads {FORMAT}")]
    OtherFormat(u32),
    #[error("its header is damaged")]
    Header,
    #[error("it has {bytes} bytes, its header says {said}")]
    Length { bytes: u64, said: u64 },
    #[error("its contents are damaged")]
    Body,
}

impl Header {
    /// Reads the header of a file of `file_bytes` bytes.
    ///
    /// # Errors
    /// A [`Damage`] when it is not a sound header or says another length.
    pub fn decode(bytes: &[u8; HEADER_BYTES], file_bytes: u64) -> Result<Self, Damage> {
        let mut checksum = Hasher::new();
        checksum.update(bytes.get(..HEADER_BYTES - 4).unwrap_or_default());
        let mut rest = bytes.as_slice();
        if next(&mut rest) != Some(MAGIC) {
            return Err(Damage::NoSnapshot);
        }
        let format = next(&mut rest).map(u32::from_le_bytes);
        let key = next(&mut rest).map(SnapshotKey);
        let generation = next(&mut rest).map(i64::from_le_bytes);
        let body_bytes = next(&mut rest).map(u64::from_le_bytes);
        let parts = next(&mut rest).map(u32::from_le_bytes);
        let quality_min = next(&mut rest).map(|[quality]: [u8; 1]| quality);
        let _unused: Option<[u8; 11]> = next(&mut rest);
        let said = next(&mut rest).map(u32::from_le_bytes);
        let sound = said == Some(checksum.finalize());
        match (format, key, generation, body_bytes, parts, quality_min) {
            (Some(format), ..) if sound && format != FORMAT => Err(Damage::OtherFormat(format)),
            (_, Some(key), Some(generation), Some(body_bytes), Some(parts), Some(quality_min))
                if sound =>
            {
                let said = body_bytes.saturating_add(HEADER_BYTES as u64 + CHECKSUM_BYTES);
                if said != file_bytes {
                    return Err(Damage::Length { bytes: file_bytes, said });
                }
                Ok(Self { key, generation, quality_min, parts, body_bytes })
            }
            _ => Err(Damage::Header),
        }
    }

    fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(self.key.0);
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(self.body_bytes.to_le_bytes());
        bytes.extend(self.parts.to_le_bytes());
        bytes.push(self.quality_min);
        bytes.resize(HEADER_BYTES - 4, 0);
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes
    }

    /// Reads what follows the header; `take` fills a buffer with the next bytes.
    ///
    /// # Errors
    /// What `take` returns, or a [`Damage`].
    pub fn decode_index<E: From<Damage>>(
        self,
        take: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Index, E> {
        let mut reader = Reader { take, left: self.body_bytes, checksum: Hasher::new() };
        let mut parts = Vec::new();
        for _ in 0..self.parts {
            parts.push(reader.part()?);
        }
        let Reader { mut take, left, checksum } = reader;
        let mut said = [0; 4];
        if left == 0 {
            take(&mut said)?;
        }
        if left != 0 || checksum.finalize() != u32::from_le_bytes(said) {
            return Err(Damage::Body.into());
        }
        Ok(Index { parts, generation: self.generation, uncompacted: 0 })
    }
}

/// Writes a snapshot of `index` through `put`, piece by piece.
///
/// # Errors
/// What `put` returns.
pub fn encode<E>(
    index: &Index,
    key: SnapshotKey,
    quality_min: u8,
    put: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    // What was removed must not come back, nor lie in a file.
    let index = index.compacted();
    let segments = || index.parts.iter().map(Part::segment);
    let header = Header {
        key,
        generation: index.generation,
        quality_min,
        parts: number(index.parts.len()),
        body_bytes: segments().map(count_bytes).sum(),
    };
    let mut writer = Writer { put, buffer: Vec::new(), checksum: Hasher::new() };
    (writer.put)(&header.encode())?;
    for segment in segments() {
        writer.segment(segment)?;
    }
    let checksum = writer.checksum.finalize();
    (writer.put)(&checksum.to_le_bytes())
}

/// How many bytes [`Writer::segment`] writes.
fn count_bytes(segment: &Segment) -> u64 {
    let Rows { hashes, views, gradients, runs, labels } = &segment.rows;
    let rows = hashes.len() * 32 + views.len() + gradients.len() * 8;
    let runs = runs.contents.len() * (8 + 4 + 4);
    let labels: usize = labels.iter().map(|label| label_bytes(label).len()).sum();
    let finders = segment.finders.iter().map(|finder| {
        let starts: usize = finder.tables.iter().map(|table| table.starts.len()).sum();
        4 * (1 + starts + finder.len() * finder.tables.len().max(1))
    });
    (4 * 4 + labels + rows + runs + finders.sum::<usize>()) as u64
}

fn label_bytes(label: &Label) -> Vec<u8> {
    let Label { bank, opinion } = label;
    let mut bytes = vec![u8::from(bank.imported)];
    bytes.extend(bank.id.0.to_le_bytes());
    for text in [opinion.name(), bank.purpose.name(), &bank.name] {
        // Names have at most 64 bytes.
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
        bytes.extend(length.to_le_bytes());
        bytes.extend(text.bytes().take(usize::from(length)));
    }
    bytes
}

/// Splits the next `N` bytes off.
fn next<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, later) = rest.split_first_chunk()?;
    *rest = later;
    Some(*first)
}

struct Writer<P> {
    put: P,
    buffer: Vec<u8>,
    checksum: Hasher,
}

impl<P: FnMut(&[u8]) -> Result<(), E>, E> Writer<P> {
    fn segment(&mut self, segment: &Segment) -> Result<(), E> {
        let Rows { hashes, views, gradients, runs, labels } = &segment.rows;
        let counts = [hashes.len(), gradients.len(), runs.contents.len(), labels.len()];
        self.all(counts.map(|of| number(of).to_le_bytes()))?;
        for label in labels {
            self.bytes(&label_bytes(label))?;
        }
        self.all(hashes.iter().flat_map(|hash| hash.0.map(u64::to_le_bytes)))?;
        self.bytes(views)?;
        self.all(gradients.iter().map(|bits| bits.to_le_bytes()))?;
        self.all(runs.contents.iter().map(|content| content.0.to_le_bytes()))?;
        self.numbers(&runs.rows)?;
        self.numbers(&runs.labels)?;
        segment.finders.iter().try_for_each(|finder| self.finder(finder))
    }

    fn finder(&mut self, finder: &Finder) -> Result<(), E> {
        self.numbers(&[number(finder.len())])?;
        self.numbers(&finder.list)?;
        for table in &finder.tables {
            self.numbers(&table.starts)?;
            self.all(table.items.iter().map(|item| item.0.to_le_bytes()))?;
        }
        Ok(())
    }

    fn numbers(&mut self, numbers: &[u32]) -> Result<(), E> {
        self.all(numbers.iter().map(|number| number.to_le_bytes()))
    }

    fn all<const N: usize>(&mut self, items: impl IntoIterator<Item = [u8; N]>) -> Result<(), E> {
        let mut buffer = std::mem::take(&mut self.buffer);
        for item in items {
            buffer.extend_from_slice(&item);
            if CHUNK_BYTES <= buffer.len() {
                self.bytes(&buffer)?;
                buffer.clear();
            }
        }
        self.bytes(&buffer)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), E> {
        for chunk in bytes.chunks(CHUNK_BYTES) {
            self.checksum.update(chunk);
            (self.put)(chunk)?;
        }
        Ok(())
    }
}

struct Reader<T> {
    take: T,
    left: u64,
    checksum: Hasher,
}

impl<T: FnMut(&mut [u8]) -> Result<(), E>, E: From<Damage>> Reader<T> {
    fn part(&mut self) -> Result<Part, E> {
        let counts = [self.one()?, self.one()?, self.one()?, self.one()?];
        let [count, gradients, runs, labels] =
            counts.map(|count| u32::from_le_bytes(count) as usize);
        if ROWS_MAX < count || count < gradients || count < runs || runs < labels {
            return Err(Damage::Body.into());
        }
        let labels = (0..labels).map(|_| self.label()).collect::<Result<_, E>>()?;
        let hashes = self.all(count, |bytes: &[u8; 32]| {
            let (words, _) = bytes.as_chunks();
            HashRow(std::array::from_fn(|word| {
                words.get(word).map_or(0, |bytes| u64::from_le_bytes(*bytes))
            }))
        })?;
        let views = self.all(count, |[code]: &[u8; 1]| *code)?;
        let gradients = self.all(gradients, |bytes| u64::from_le_bytes(*bytes))?;
        let contents = self.all(runs, |bytes| ContentId(i64::from_le_bytes(*bytes)))?;
        let (first_rows, label_numbers) = (self.numbers(runs)?, self.numbers(runs)?);
        let runs =
            Runs { contents, rows: first_rows, gradients: Vec::new(), labels: label_numbers };
        let mut rows = Rows { hashes, views, gradients, runs, labels };
        if !rows.are_sound() || rows.count_gradients() != rows.gradients.len() {
            return Err(Damage::Body.into());
        }
        let mut finders = <[Finder; Kind::ALL.len()]>::default();
        for finder in &mut finders {
            *finder = self.finder(count)?;
        }
        if finders.iter().map(Finder::len).sum::<usize>() != count {
            return Err(Damage::Body.into());
        }
        Ok(Part::new(Segment { rows, finders }))
    }

    /// What finds some of `rows` rows.
    fn finder(&mut self, rows: usize) -> Result<Finder, E> {
        let count = u32::from_le_bytes(self.one()?) as usize;
        let (mut list, mut tables) = (Vec::new(), Vec::new());
        for band in Layout::for_rows(count).bands() {
            let starts = self.numbers(band.cells() + 1)?;
            let items = self.all(count, |bytes| Item(u32::from_le_bytes(*bytes)))?;
            tables.push(Table { band, starts, items });
        }
        if tables.is_empty() {
            list = self.numbers(count)?;
        }
        let is_listed = list.iter().all(|row| (*row as usize) < rows);
        if !is_listed || !tables.iter().all(|table| table.is_sound(rows)) {
            return Err(Damage::Body.into());
        }
        Ok(Finder { list, tables })
    }

    fn label(&mut self) -> Result<Label, E> {
        let [imported] = self.one()?;
        let id = BankId(i64::from_le_bytes(self.one()?));
        let texts = [self.text()?, self.text()?, self.text()?];
        let [opinion, purpose, name] = texts;
        let label = || {
            let purpose = Purpose::from_name(&purpose)?;
            let bank = Arc::new(BankFacts { id, name, purpose, imported: imported != 0 });
            Some(Label { bank, opinion: Opinion::from_name(&opinion)? })
        };
        label().ok_or_else(|| Damage::Body.into())
    }

    fn text(&mut self) -> Result<String, E> {
        let length = u16::from_le_bytes(self.one()?);
        let mut bytes = vec![0; usize::from(length)];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| Damage::Body.into())
    }

    fn one<const N: usize>(&mut self) -> Result<[u8; N], E> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<u32>, E> {
        self.all(count, |bytes| u32::from_le_bytes(*bytes))
    }

    fn all<const N: usize, I>(
        &mut self,
        count: usize,
        item: impl Fn(&[u8; N]) -> I,
    ) -> Result<Vec<I>, E> {
        self.check_left(count, N)?;
        let mut items = Vec::with_capacity(count);
        let mut buffer = vec![0; CHUNK_BYTES.min(count * N)];
        while items.len() < count {
            let wanted = (count - items.len()) * N;
            let Some(chunk) = buffer.get_mut(..wanted.min(CHUNK_BYTES / N * N)) else { break };
            self.fill(chunk)?;
            items.extend(chunk.as_chunks().0.iter().map(&item));
        }
        Ok(items)
    }

    /// Before memory is taken for them.
    fn check_left(&self, count: usize, bytes_each: usize) -> Result<(), E> {
        let enough = (count as u64).saturating_mul(bytes_each as u64) <= self.left;
        if enough { Ok(()) } else { Err(Damage::Body.into()) }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), E> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or(Damage::Body)?;
        for chunk in bytes.chunks_mut(CHUNK_BYTES) {
            (self.take)(chunk)?;
            self.checksum.update(chunk);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
