//! Parts of an index: segments, and which of their rows were removed since.

#![allow(clippy::indexing_slicing, reason = "rows are those of a segment, words those of its rows")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::bands::Layout;
use super::entry::{ContentId, Entry, Near, Scope};
use super::rows::{Label, ROWS_MAX, Rows, RowsBuilder};
use super::segment::Segment;

use crate::bank::BankId;
use crate::matching::hashes::{Distance, PdqHash};
use crate::matching::views::Kind;

/// A part takes the next newer one in once that has a quarter of its size. So a hash is moved some
/// ten times at most while tens of millions are added, and there are at most some ten parts.
const TIMES_LARGER: usize = 4;

/// A segment and a tombstone on each of its runs that was removed.
#[derive(Debug, Clone)]
pub(super) struct Part {
    segment: Arc<Segment>,
    /// A bit a run; empty where none was removed.
    tombstones: Arc<Vec<u64>>,
    /// Rows of those runs.
    tombstoned: usize,
    /// How many live rows each bank of known fakes has.
    known_fakes: BTreeMap<BankId, usize>,
}

impl Part {
    pub(super) fn new(segment: Segment) -> Self {
        let rows = &segment.rows;
        let mut known_fakes = BTreeMap::new();
        for run in (0..rows.runs.contents.len()).filter(|run| rows.is_known_fake(*run)) {
            *known_fakes.entry(rows.label(run).bank.id).or_default() += rows.rows_of(run).len();
        }
        Self { segment: Arc::new(segment), tombstones: Arc::default(), tombstoned: 0, known_fakes }
    }

    fn build(rows: Rows) -> Self {
        Self::new(Segment::new(rows, Layout::for_rows))
    }

    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }

    /// How many rows are live.
    pub(super) fn len(&self) -> usize {
        self.segment.rows.len() - self.tombstoned
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many live rows of a scope are of known fakes.
    pub(super) fn known_fakes(&self, scope: &Scope) -> usize {
        let counted = self.known_fakes.iter().filter(|(bank, _)| scope.includes(**bank));
        counted.map(|(_, rows)| rows).sum()
    }

    /// Whether so many rows are tombstoned that the rest should be rewritten.
    pub(super) fn wants_rewriting(&self) -> bool {
        self.segment.rows.len() < self.tombstoned.saturating_mul(TIMES_LARGER)
    }

    /// Whether a newer part has grown so much that it should be merged into this one.
    pub(super) fn should_take(&self, newer: &Self) -> bool {
        sizes_should_merge(self.len(), newer.len())
    }

    pub(super) fn lookup(
        &self,
        kind: Kind,
        hash: PdqHash,
        radius: Distance,
        scope: &Scope,
    ) -> impl Iterator<Item = Near> {
        let rows = &self.segment.rows;
        let hits = self.segment.lookup(kind, hash, radius).into_iter();
        let of_runs = hits.map(|hit| (hit, rows.run_of(hit.row as usize)));
        let live = of_runs.filter(|(_, run)| !self.is_tombstoned(*run));
        live.filter_map(|(hit, run)| {
            let bank = Arc::clone(scope.show(&rows.label(run).bank)?);
            let entry = Entry { bank, ..self.entry(hit.row as usize, run) };
            Some(Near::new(entry, hit.distance))
        })
    }

    /// Tombstones the runs of `contents` (ascending); returns how many rows of them were live.
    pub(super) fn remove(&mut self, contents: &[ContentId]) -> usize {
        let rows = &self.segment.rows;
        let mut removed = 0;
        let Some(first) = rows.runs.contents.first() else { return 0 };
        let from = contents.partition_point(|content| content < first);
        for content in contents.iter().skip(from) {
            for run in rows.find(*content) {
                if is_tombstoned(&self.tombstones, run) {
                    continue;
                }
                let tombstones = Arc::make_mut(&mut self.tombstones);
                tombstones.resize(rows.runs.contents.len().div_ceil(64), 0);
                tombstones[run / 64] |= 1 << (run % 64);
                let count = rows.rows_of(run).len();
                removed += count;
                if let Some(rows) = self.known_fakes.get_mut(&rows.label(run).bank.id) {
                    *rows -= count;
                }
            }
        }
        self.tombstoned += removed;
        removed
    }

    /// Not of a run beyond the end, nor where none was removed.
    fn is_tombstoned(&self, run: usize) -> bool {
        is_tombstoned(&self.tombstones, run)
    }

    /// The live rows of one content.
    pub(super) fn entries_of(&self, content: ContentId) -> impl Iterator<Item = Entry> {
        self.entries_in(self.segment.rows.find(content))
    }

    /// The live rows, in the order of content ids.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        self.entries_in(0..self.segment.rows.runs.contents.len())
    }

    fn entries_in(&self, runs: Range<usize>) -> impl Iterator<Item = Entry> {
        let live = runs.filter(|run| !self.is_tombstoned(*run));
        live.flat_map(move |run| {
            self.segment.rows.rows_of(run).map(move |row| self.entry(row, run))
        })
    }

    fn entry(&self, row: usize, run: usize) -> Entry {
        let rows = &self.segment.rows;
        let Label { bank, opinion } = rows.label(run).clone();
        Entry {
            hash: rows.hash(row),
            gradient: rows.gradient(row, run),
            content: rows.runs.contents[run],
            view: rows.view(row),
            opinion,
            bank,
        }
    }
}

fn is_tombstoned(tombstones: &[u64], run: usize) -> bool {
    tombstones.get(run / 64).is_some_and(|word| word >> (run % 64) & 1 == 1)
}

/// Splits `entries` into as few parts as possible.
pub(super) fn split(mut entries: Vec<Entry>) -> Vec<Part> {
    // Stable and quick where they came in order, as they do from a database.
    entries.sort_by_key(|entry| (entry.content, entry.view));
    let rows_max = rows_per_part(entries.len());
    let mut entries = entries.into_iter();
    let mut parts = Vec::new();
    while 0 < entries.len() {
        let count = rows_max.min(entries.len());
        let mut rows = RowsBuilder::with_capacity(count);
        entries.by_ref().take(count).for_each(|entry| rows.push_entry(entry));
        parts.push(Part::build(rows.finish()));
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

/// The live rows of all `parts`, in as few parts as possible.
pub(super) fn merge(parts: &[Part]) -> Vec<Part> {
    let count: usize = parts.iter().map(Part::len).sum();
    let rows_max = rows_per_part(count);
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
        merged.push(Part::build(rows.finish()));
        left -= take;
    }
    merged
}

/// Whether `parts` are as few as possible and have no tombstones.
pub(super) fn are_compact(parts: &[Part]) -> bool {
    let count: usize = parts.iter().map(Part::len).sum();
    parts.len() <= count.div_ceil(ROWS_MAX) && parts.iter().all(|part| part.tombstoned == 0)
}

/// Rows of each part when `count` are dealt out evenly to as few parts as possible.
fn rows_per_part(count: usize) -> usize {
    count.div_ceil(count.div_ceil(ROWS_MAX).max(1))
}

/// A position in a part that is being merged: the next live row.
struct Cursor<'a> {
    part: &'a Part,
    row: usize,
    run: usize,
    /// Of `run`; `None` at the end.
    content: Option<ContentId>,
    /// The numbers of the part's labels among the new rows, as far as they have come up.
    numbers: Vec<Option<u32>>,
}

impl<'a> Cursor<'a> {
    fn new(part: &'a Part) -> Self {
        let mut cursor = Self { part, row: 0, run: 0, content: None, numbers: Vec::new() };
        cursor.find_live_run();
        cursor
    }

    /// Goes to the first live run from `run` on.
    fn find_live_run(&mut self) {
        while self.part.is_tombstoned(self.run) {
            self.run += 1;
        }
        let runs = &self.part.segment.rows.runs;
        self.content = runs.contents.get(self.run).copied();
        self.row = runs.rows.get(self.run).map_or(0, |row| *row as usize);
    }

    /// Copies the row and moves on.
    fn move_to(&mut self, rows: &mut RowsBuilder) {
        let from = &self.part.segment.rows;
        let (row, run) = (self.row, self.run);
        let old = from.runs.labels[run] as usize;
        let new = &mut self.numbers[old];
        let label = *new.get_or_insert_with(|| rows.label(from.labels[old].clone()));
        rows.begin(from.runs.contents[run], label);
        rows.push(from.hash(row), from.view(row), from.gradient(row, run));
        self.row += 1;
        if self.row == from.rows_of(run).end {
            self.run += 1;
            self.find_live_run();
        }
    }
}
