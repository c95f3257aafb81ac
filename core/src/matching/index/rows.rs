//! The rows of a segment, packed: 33 bytes a banked hash, eight more where a gradient hash is kept,
//! and 20 for each photo.
//!
//! Rows are in the order of content ids, then views. What is the same for all rows of a photo (its
//! content, bank and opinion) is kept once for a run of neighbouring rows. A binary search, which
//! only hits need, finds the run of a row.

#![allow(clippy::indexing_slicing, reason = "rows, runs and labels of one segment belong together")]

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::entry::{ContentId, Entry};
use crate::bank::{BankFacts, Opinion, Purpose};
use crate::matching::hashes::{GradientSample, PdqHash};
use crate::matching::views::{Kind, View};

/// Rows of one segment at most. A table names a row in so few bits that it can keep some of the
/// hash beside it; and rewriting one segment takes no more memory than so many rows.
pub(super) const ROWS_MAX: usize = 1 << ROW_BITS;
pub(super) const ROW_BITS: u32 = 26;

/// Set in the code of a view whose row has a gradient hash.
const HAS_GRADIENT: u8 = 0x80;

/// A number of rows, runs or labels of one segment.
#[expect(clippy::cast_possible_truncation, reason = "at most 2^26")]
pub(super) fn number(value: usize) -> u32 {
    assert!(value <= ROWS_MAX, "{value} is more than a segment has");
    value as u32
}

/// A hash that never lies across two cache lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(32))]
pub(super) struct HashRow(pub(super) [u64; 4]);

/// What is said of the rows of many runs alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Label {
    pub(super) bank: Arc<BankFacts>,
    pub(super) opinion: Opinion,
}

/// The columns of at most [`ROWS_MAX`] rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) hashes: Vec<HashRow>,
    /// The code of each row's view, and whether it has a gradient hash.
    pub(super) views: Vec<u8>,
    /// Of the rows that have one, in their order.
    pub(super) gradients: Vec<u64>,
    pub(super) runs: Runs,
    pub(super) labels: Vec<Label>,
}

/// The columns of the runs.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Ascending; twice the same where rows of one content have several labels.
    pub(super) contents: Vec<ContentId>,
    /// Each run's first row.
    pub(super) rows: Vec<u32>,
    /// How many gradient hashes rows before the run have.
    pub(super) gradients: Vec<u32>,
    /// Indices of the labels.
    pub(super) labels: Vec<u32>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn hash(&self, row: usize) -> PdqHash {
        PdqHash(self.hashes[row].0)
    }

    /// The view of a row.
    pub(super) fn view(&self, row: usize) -> View {
        let view = View::from_code(self.views[row] & !HAS_GRADIENT);
        view.unwrap_or_else(|| unreachable!("codes were those of views, or checked"))
    }

    /// The gradient hash of a row, which belongs to `run`.
    pub(super) fn gradient(&self, row: usize, run: usize) -> Option<GradientSample> {
        let has_gradient = |code: &&u8| **code & HAS_GRADIENT != 0;
        let codes = &self.views[self.runs.rows[run] as usize..row];
        has_gradient(&&self.views[row]).then(|| {
            let before = codes.iter().filter(has_gradient).count();
            GradientSample(self.gradients[self.runs.gradients[run] as usize + before])
        })
    }

    pub(super) fn label(&self, run: usize) -> &Label {
        &self.labels[self.runs.labels[run] as usize]
    }

    /// Whether the rows of a run are of a known fake.
    pub(super) fn is_known_fake(&self, run: usize) -> bool {
        self.label(run).bank.purpose == Purpose::KnownFake
    }

    /// The run of a row.
    pub(super) fn run_of(&self, row: usize) -> usize {
        self.runs.rows.partition_point(|first| *first as usize <= row) - 1
    }

    /// The rows of a run.
    pub(super) fn rows_of(&self, run: usize) -> Range<usize> {
        let end = self.runs.rows.get(run + 1).map_or(self.len(), |next| *next as usize);
        self.runs.rows[run] as usize..end
    }

    /// The runs of one content.
    pub(super) fn find(&self, content: ContentId) -> Range<usize> {
        let contents = &self.runs.contents;
        if contents.last().is_none_or(|last| *last < content) {
            return 0..0;
        }
        let start = contents.partition_point(|other| *other < content);
        let same = contents[start..].iter().take_while(|other| **other == content);
        start..start + same.count()
    }

    /// The rows of one kind.
    pub(super) fn of_kind(&self, kind: Kind) -> Vec<u32> {
        let is_of_kind = |row: &usize| self.view(*row).kind() == kind;
        let count = (0..self.len()).filter(is_of_kind).count();
        let mut rows = Vec::with_capacity(count);
        rows.extend((0..self.len()).filter(is_of_kind).map(number));
        rows
    }

    /// Counts again how many gradient hashes come before each run; returns how many there are.
    pub(super) fn count_gradients(&mut self) -> usize {
        let mut before = 0;
        let runs = self.runs.rows.len();
        self.runs.gradients = Vec::with_capacity(runs);
        for run in 0..runs {
            self.runs.gradients.push(number(before));
            let codes = &self.views[self.rows_of(run)];
            before += codes.iter().filter(|code| **code & HAS_GRADIENT != 0).count();
        }
        before
    }

    /// Whether rows stand in runs that stand in order, and all numbers name something.
    pub(super) fn are_sound(&self) -> bool {
        let Runs { contents, rows, labels, .. } = &self.runs;
        let begins =
            if self.hashes.is_empty() { rows.is_empty() } else { rows.first() == Some(&0) };
        begins
            && contents.is_sorted()
            && rows.is_sorted_by(|a, b| a < b)
            && rows.last().is_none_or(|last| (*last as usize) < self.len())
            && labels.iter().all(|label| (*label as usize) < self.labels.len())
            && self.views.iter().all(|code| View::from_code(code & !HAS_GRADIENT).is_some())
    }
}

/// Makes [`Rows`]; rows come in the order of their content ids.
#[derive(Debug, Default)]
pub(super) struct RowsBuilder {
    rows: Rows,
    numbers: HashMap<Label, u32>,
}

impl RowsBuilder {
    pub(super) fn with_capacity(count: usize) -> Self {
        let rows = Rows {
            hashes: Vec::with_capacity(count),
            views: Vec::with_capacity(count),
            ..Rows::default()
        };
        Self { rows, numbers: HashMap::new() }
    }

    /// The number of a label, the same for equal labels.
    pub(super) fn label(&mut self, label: Label) -> u32 {
        let Self { rows, numbers } = self;
        *numbers.entry(label).or_insert_with_key(|label| {
            rows.labels.push(label.clone());
            number(rows.labels.len() - 1)
        })
    }

    /// Begins the run of what follows, if that is another.
    pub(super) fn begin(&mut self, content: ContentId, label: u32) {
        let Rows { hashes, gradients, runs, .. } = &mut self.rows;
        if (runs.contents.last(), runs.labels.last()) != (Some(&content), Some(&label)) {
            runs.contents.push(content);
            runs.rows.push(number(hashes.len()));
            runs.gradients.push(number(gradients.len()));
            runs.labels.push(label);
        }
    }

    /// A row of the run that was begun. Squares over keypoints are never compared by their
    /// gradient hashes, so those are not kept.
    pub(super) fn push(&mut self, hash: PdqHash, view: View, gradient: Option<GradientSample>) {
        let gradient = gradient.filter(|_| view.kind() != Kind::Keypoint);
        let flag = if gradient.is_some() { HAS_GRADIENT } else { 0 };
        self.rows.hashes.push(HashRow(hash.0));
        self.rows.views.push(view.code() | flag);
        self.rows.gradients.extend(gradient.map(|sample| sample.0));
    }

    pub(super) fn push_entry(&mut self, entry: Entry) {
        let Entry { hash, gradient, content, view, opinion, bank } = entry;
        let label = self.label(Label { bank, opinion });
        self.begin(content, label);
        self.push(hash, view, gradient);
    }

    pub(super) fn finish(mut self) -> Rows {
        let Rows { gradients, runs, .. } = &mut self.rows;
        gradients.shrink_to_fit();
        for column in [&mut runs.rows, &mut runs.gradients, &mut runs.labels] {
            column.shrink_to_fit();
        }
        runs.contents.shrink_to_fit();
        self.rows
    }
}
