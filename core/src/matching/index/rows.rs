//! The rows of a segment, packed: 51 bytes a banked hash, or 43 where none has a gradient hash.
//!
//! A row is a hash, bits of the gradient hash, the id of its content, and a label: what is said of
//! many rows alike (bank, opinion, view) is kept once, and a row holds its number. Rows stand in
//! the order of content ids, so the rows of one content are found without a table for them.

#![allow(clippy::indexing_slicing, reason = "rows and labels of one segment belong together")]

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::entry::{ContentId, Entry};
use crate::bank::{BankFacts, Opinion, Purpose};
use crate::matching::hashes::{GradientSample, PdqHash};
use crate::matching::views::View;

/// Rows of one segment at most, so that three bytes name a row.
pub(super) const ROWS_MAX: usize = 1 << 24;

/// A number below [`ROWS_MAX`], lowest byte first.
pub(super) type Number = [u8; 3];

pub(super) fn number(value: usize) -> Number {
    let [a, b, c, ..] = value.to_le_bytes();
    [a, b, c]
}

#[inline]
pub(super) fn value([a, b, c]: Number) -> u32 {
    u32::from_le_bytes([a, b, c, 0])
}

/// A hash that never lies across two cache lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(32))]
pub(super) struct HashRow(pub(super) [u64; 4]);

/// What is said of many rows alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Label {
    pub(super) bank: Arc<BankFacts>,
    pub(super) opinion: Opinion,
    pub(super) view: View,
    /// Whether the gradient bits of the row mean anything.
    pub(super) has_gradient: bool,
}

/// The columns of at most [`ROWS_MAX`] rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) hashes: Vec<HashRow>,
    /// As many as there are hashes, or none at all.
    pub(super) gradients: Vec<u64>,
    /// Ascending.
    pub(super) contents: Vec<ContentId>,
    /// Indices of `labels`, of which there are no more than rows.
    pub(super) label_numbers: Vec<Number>,
    pub(super) labels: Vec<Label>,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn hash(&self, row: usize) -> PdqHash {
        PdqHash(self.hashes[row].0)
    }

    pub(super) fn gradient(&self, row: usize) -> Option<GradientSample> {
        let has_gradient = self.label(row).has_gradient;
        has_gradient.then(|| GradientSample(self.gradients[row]))
    }

    pub(super) fn content(&self, row: usize) -> ContentId {
        self.contents[row]
    }

    pub(super) fn label(&self, row: usize) -> &Label {
        &self.labels[value(self.label_numbers[row]) as usize]
    }

    /// Whether a row is of a known fake.
    pub(super) fn is_known_fake(&self, row: usize) -> bool {
        self.label(row).bank.purpose == Purpose::KnownFake
    }

    /// The rows of one content.
    pub(super) fn find(&self, content: ContentId) -> Range<usize> {
        let outside = self.contents.last().is_none_or(|last| *last < content);
        if outside {
            return 0..0;
        }
        let start = self.contents.partition_point(|other| *other < content);
        let later = &self.contents[start..];
        start..start + later.iter().take_while(|other| **other == content).count()
    }
}

/// Makes [`Rows`]; rows come in the order of their content ids.
#[derive(Debug, Default)]
pub(super) struct RowsBuilder {
    rows: Rows,
    numbers: HashMap<Label, Number>,
}

impl RowsBuilder {
    pub(super) fn with_capacity(count: usize) -> Self {
        let rows = Rows {
            hashes: Vec::with_capacity(count),
            gradients: Vec::new(),
            contents: Vec::with_capacity(count),
            label_numbers: Vec::with_capacity(count),
            labels: Vec::new(),
        };
        Self { rows, numbers: HashMap::new() }
    }

    /// The number of a label, the same for equal labels.
    pub(super) fn label(&mut self, label: Label) -> Number {
        let Self { rows, numbers } = self;
        *numbers.entry(label).or_insert_with_key(|label| {
            rows.labels.push(label.clone());
            number(rows.labels.len() - 1)
        })
    }

    /// A row whose label says whether it has a gradient hash.
    pub(super) fn push(
        &mut self,
        hash: PdqHash,
        gradient: Option<GradientSample>,
        content: ContentId,
        label: Number,
    ) {
        let rows = &mut self.rows;
        if gradient.is_some() && rows.gradients.is_empty() {
            rows.gradients.reserve_exact(rows.hashes.capacity());
            rows.gradients.resize(rows.hashes.len(), 0);
        }
        if gradient.is_some() || !rows.gradients.is_empty() {
            rows.gradients.push(gradient.map_or(0, |sample| sample.0));
        }
        rows.hashes.push(HashRow(hash.0));
        rows.contents.push(content);
        rows.label_numbers.push(label);
    }

    pub(super) fn push_entry(&mut self, entry: Entry) {
        let Entry { hash, gradient, content, view, opinion, bank } = entry;
        let has_gradient = gradient.is_some();
        let label = self.label(Label { bank, opinion, view, has_gradient });
        self.push(hash, gradient, content, label);
    }

    pub(super) fn finish(self) -> Rows {
        self.rows
    }
}
