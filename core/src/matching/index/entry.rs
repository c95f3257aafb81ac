//! What goes into an index and what comes out of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bank::{BankFacts, BankId, Opinion};
use crate::matching::hashes::{Distance, GradientSample, PdqHash};
use crate::matching::views::View;

/// Names one banked photo across all banks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub i64);

/// One banked hash; a content has one for each of its views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub hash: PdqHash,
    /// The second opinion; a hash that came from elsewhere may have none, and an index keeps none
    /// of squares over keypoints.
    pub gradient: Option<GradientSample>,
    pub content: ContentId,
    pub view: View,
    pub opinion: Opinion,
    pub bank: Arc<BankFacts>,
}

/// A banked hash near the one asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    pub distance: Distance,
    pub gradient: Option<GradientSample>,
    pub content: ContentId,
    pub view: View,
    pub opinion: Opinion,
    pub bank: Arc<BankFacts>,
}

/// Which banks a lookup searches, and how whoever asks sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of them, as they are.
    Everything,
    /// These alone, with these facts: a bank that is lent by somebody else counts as imported for
    /// whoever borrows it.
    Banks(BTreeMap<BankId, Arc<BankFacts>>),
}

/// Changes that bring an index from an older generation to `generation`. A content among the added
/// replaces what was there of it, whether or not it is among the removed as well.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub added: Vec<Entry>,
    pub removed: Vec<ContentId>,
    pub generation: i64,
}

impl Near {
    /// An entry at this distance.
    pub(crate) fn new(entry: Entry, distance: Distance) -> Self {
        let Entry { gradient, content, view, opinion, bank, .. } = entry;
        Self { distance, gradient, content, view, opinion, bank }
    }
}

impl Scope {
    /// Whether it includes a bank.
    #[must_use]
    pub fn includes(&self, bank: BankId) -> bool {
        match self {
            Self::Everything => true,
            Self::Banks(banks) => banks.contains_key(&bank),
        }
    }

    /// A bank as this scope shows it; `None` outside of it.
    pub(super) fn show<'a>(&'a self, bank: &'a Arc<BankFacts>) -> Option<&'a Arc<BankFacts>> {
        match self {
            Self::Everything => Some(bank),
            Self::Banks(banks) => banks.get(&bank.id),
        }
    }
}
