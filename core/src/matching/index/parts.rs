//! Parts of an index: segments, and which of their rows have gone.

use std::sync::Arc;

use super::bands::Layout;
use super::rows::{Number, ROWS_MAX, Rows, RowsBuilder, value};
use super::segment::Segment;
use super::{ContentId, Entry, Near};
use crate::matching::hashes::{Distance, PdqHash};

/// A part takes the next newer one in once that has a quarter of its size. So a hash is moved some
/// ten times at most while tens of millions are added, and there are at most some ten parts.
const TIMES_LARGER: usize = 4;

/// A segment and a mark on each of its rows that has gone.
#[derive(Debug, Clone)]
pub(super) struct Part {
    segment: Arc<Segment>,
    /// A bit a row; shorter where no later row has gone.
    gone: Arc<Vec<u64>>,
    gone_count: usize,
    /// How many of the rows that are there are of known fakes.
    known_fakes: usize,
}

impl Part {
    pub(super) fn new(segment: Segment) -> Self {
        let rows = &segment.rows;
        let known_fakes = (0..rows.len()).filter(|row| rows.is_known_fake(*row)).count();
        Self { segment: Arc::new(segment), gone: Arc::default(), gone_count: 0, known_fakes }
    }

    fn of_rows(rows: Rows) -> Self {
        let layout = Layout::of(rows.len());
        Self::new(Segment::new(rows, layout))
    }

    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// How many rows are there.
    pub(super) fn len(&self) -> usize {
        self.segment.rows.len() - self.gone_count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows of known fakes are there.
    pub(super) fn known_fakes(&self) -> usize {
        self.known_fakes
    }

    /// Whether so much has gone that the rest should move together.
    pub(super) fn wants_rewriting(&self) -> bool {
        self.segment.rows.len() < self.gone_count.saturating_mul(TIMES_LARGER)
    }

    /// Whether a newer part has grown so much that it should be merged into this one.
    pub(super) fn should_take(&self, newer: &Self) -> bool {
        sizes_should_merge(self.len(), newer.len())
    }

    pub(super) fn lookup(&self, hash: PdqHash, radius: Distance) -> impl Iterator<Item = Near> {
        let hits = self.segment.lookup(hash, radius).into_iter();
        hits.filter(|hit| !self.has_gone(hit.row)).filter_map(move |hit| {
            let rows = &self.segment.rows;
            let label = rows.label(hit.row)?;
            Some(Near {
                distance: hit.distance,
                gradient: rows.gradient(hit.row),
                content: rows.content(hit.row)?,
                view: label.view,
                opinion: label.opinion,
                bank: Arc::clone(&label.bank),
            })
        })
    }

    /// Marks the rows of `contents` (ascending) as gone and says how many were there.
    pub(super) fn remove(&mut self, contents: &[ContentId]) -> usize {
        let mut newly_gone = 0;
        let Some(first) = self.segment.rows.contents.first() else { return 0 };
        let from = contents.partition_point(|content| content < first);
        for content in contents.iter().skip(from) {
            for row in self.segment.rows.of_content(*content) {
                if self.has_gone(row) {
                    continue;
                }
                let gone = Arc::make_mut(&mut self.gone);
                if gone.len() <= row / 64 {
                    gone.resize(self.segment.rows.len().div_ceil(64), 0);
                }
                if let Some(word) = gone.get_mut(row / 64) {
                    *word |= 1 << (row % 64);
                    newly_gone += 1;
                    self.known_fakes -= usize::from(self.segment.rows.is_known_fake(row));
                }
            }
        }
        self.gone_count += newly_gone;
        newly_gone
    }

    fn has_gone(&self, row: usize) -> bool {
        self.gone.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// What is there, in the order of content ids.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let rows = &self.segment.rows;
        (0..rows.len()).filter(|row| !self.has_gone(*row)).filter_map(|row| {
            let label = rows.label(row)?.clone();
            let (hash, gradient) = (rows.hash(row)?, rows.gradient(row));
            let content = rows.content(row)?;
            let (view, opinion, bank) = (label.view, label.opinion, label.bank);
            Some(Entry { hash, gradient, content, view, opinion, bank })
        })
    }
}

/// Parts of `entries`, as few as can be.
pub(super) fn parts_of(mut entries: Vec<Entry>) -> Vec<Part> {
    // Stable and quick where they came in order, as they do from a database.
    entries.sort_by_key(|entry| (entry.content, entry.view));
    let rows_max = rows_of_each(entries.len());
    let mut entries = entries.into_iter();
    let mut parts = Vec::new();
    while 0 < entries.len() {
        let count = rows_max.min(entries.len());
        let mut rows = RowsBuilder::with_capacity(count);
        entries.by_ref().take(count).for_each(|entry| rows.push_entry(entry));
        parts.push(Part::of_rows(rows.finish()));
    }
    parts
}

/// Whether the parts of an older group should take in those of a newer one.
pub(super) fn should_take(older: &[Part], newer: &[Part]) -> bool {
    let size = |parts: &[Part]| parts.iter().map(Part::len).sum();
    sizes_should_merge(size(older), size(newer))
}

fn sizes_should_merge(older: usize, newer: usize) -> bool {
    older + newer <= ROWS_MAX && older < newer.saturating_mul(TIMES_LARGER)
}

/// What is there in all `parts`, in as few as can be.
pub(super) fn merge(parts: &[Part]) -> Vec<Part> {
    let count: usize = parts.iter().map(Part::len).sum();
    let rows_max = rows_of_each(count);
    let mut cursors: Vec<Cursor> = parts.iter().map(Cursor::new).collect();
    let mut merged = Vec::new();
    let mut left = count;
    while 0 < left {
        let take = rows_max.min(left);
        let mut rows = RowsBuilder::with_capacity(take);
        for cursor in &mut cursors {
            cursor.numbers = vec![None; cursor.part.segment.rows.labels.len()];
        }
        for _ in 0..take {
            let next = cursors.iter_mut().filter(|cursor| cursor.content.is_some());
            let Some(next) = next.min_by_key(|cursor| cursor.content) else { break };
            next.move_to(&mut rows);
        }
        merged.push(Part::of_rows(rows.finish()));
        left -= take;
    }
    merged
}

/// Whether `parts` are as few as can be and nothing in them has gone.
pub(super) fn are_compact(parts: &[Part]) -> bool {
    let count: usize = parts.iter().map(Part::len).sum();
    parts.len() <= count.div_ceil(ROWS_MAX) && parts.iter().all(|part| part.gone_count == 0)
}

/// Rows of each part when `count` are dealt out evenly to as few as can be.
fn rows_of_each(count: usize) -> usize {
    count.div_ceil(count.div_ceil(ROWS_MAX).max(1))
}

/// A place in a part that is being merged: the next row that is there.
struct Cursor<'a> {
    part: &'a Part,
    row: usize,
    /// Of `row`; `None` at the end.
    content: Option<ContentId>,
    /// The numbers of the part's labels among the new rows, as far as they were met.
    numbers: Vec<Option<Number>>,
}

impl<'a> Cursor<'a> {
    fn new(part: &'a Part) -> Self {
        let mut cursor = Self { part, row: 0, content: None, numbers: Vec::new() };
        cursor.skip_gone();
        cursor
    }

    fn skip_gone(&mut self) {
        while self.part.has_gone(self.row) {
            self.row += 1;
        }
        self.content = self.part.segment.rows.content(self.row);
    }

    fn move_to(&mut self, rows: &mut RowsBuilder) {
        let from = &self.part.segment.rows;
        if let Some(hash) = from.hash(self.row)
            && let Some(content) = self.content
            && let Some(old) = from.label_numbers.get(self.row)
            && let Some(new) = self.numbers.get_mut(value(*old) as usize)
            && let Some(label) = from.label(self.row)
        {
            let label = *new.get_or_insert_with(|| rows.label(label.clone()));
            rows.push(hash, from.gradient(self.row), content, label);
        }
        self.row += 1;
        self.skip_gone();
    }
}
