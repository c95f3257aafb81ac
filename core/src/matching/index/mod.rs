//! The index: which banked photos lie within a distance of a hash, exactly.
//!
//! It answers what a linear scan answers, in the order of distance, then content id (property tests
//! hold that). An index is a value: [`Index::apply`] gives a new one that shares nearly all with
//! the old, so a reader keeps its own view and nobody waits for a writer.
//!
//! Its parts are segments that never change, each with a mark on the rows that have gone since. A
//! small change makes the newest part anew, a large one comes as a part of its own;
//! [`Index::merged`] keeps each part at least four times as large as the next newer, so there are
//! few. `bands.rs` tells how a segment is searched.

mod bands;
mod parts;
mod rows;
mod segment;
pub mod snapshot;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::bank::{BankFacts, Opinion};
use crate::limits;
use crate::matching::hashes::{Distance, GradientSample, PdqHash};
use crate::matching::views::View;
use parts::{Part, parts_of};

/// Names one banked photo across all banks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub i64);

/// One banked hash; a content has one for each of its views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub hash: PdqHash,
    /// The second opinion; a hash that came from elsewhere may have none.
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

/// Changes that bring an index from an older generation to `generation`. A content among the added
/// replaces what was there of it, whether or not it is among the removed as well.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub added: Vec<Entry>,
    pub removed: Vec<ContentId>,
    pub generation: i64,
}

/// All banked hashes at one generation of the banks.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// The oldest first, as a rule the largest.
    parts: Vec<Part>,
    generation: i64,
    /// Hashes added or gone since all stood in order.
    unsettled: usize,
}

impl Index {
    /// An index of `entries`.
    #[must_use]
    pub fn new(entries: Vec<Entry>, generation: i64) -> Self {
        let unsettled = entries.len();
        Self { parts: parts_of(entries), generation, unsettled }
    }

    /// Which generation of the banks this index shows.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// How many hashes can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// Whether nothing can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of them are of known fakes.
    #[must_use]
    pub fn known_fakes(&self) -> usize {
        self.parts.iter().map(Part::known_fakes).sum()
    }

    /// How many hashes were added or have gone since [`Index::compacted`] last put all in order.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.unsettled
    }

    /// The entries at most `radius` from `hash`, nearest first, equal distances by content id, then
    /// view.
    #[must_use]
    pub fn lookup(&self, hash: PdqHash, radius: Distance) -> Vec<Near> {
        let mut found = Vec::new();
        for part in &self.parts {
            found.extend(part.lookup(hash, radius));
        }
        found.sort_unstable_by_key(|near| (near.distance, near.content, near.view));
        found
    }

    /// The index after `changes`. Removing what is not there changes nothing.
    #[must_use]
    pub fn apply(&self, changes: Changes) -> Self {
        let Changes { added, mut removed, generation } = changes;
        let mut parts = self.parts.clone();
        let mut unsettled = self.unsettled + added.len();
        removed.extend(added.iter().map(|entry| entry.content));
        removed.sort_unstable();
        removed.dedup();
        for part in &mut parts {
            unsettled += part.remove(&removed);
        }
        if !added.is_empty() {
            let small = |part: &mut Part| part.len() + added.len() <= limits::INDEX_TAIL_MAX;
            match parts.pop_if(small) {
                Some(newest) => parts.extend(parts_of(newest.entries().chain(added).collect())),
                None => parts.extend(parts_of(added)),
            }
        }
        parts.retain(|part| !part.is_empty());
        Self { parts, generation, unsettled }
    }

    /// Whether enough has changed that [`Index::merged`] is worth its time.
    #[must_use]
    pub fn wants_merge(&self) -> bool {
        let uneven = self.parts.windows(2).any(|pair| match pair {
            [older, newer] => older.should_take(newer),
            _ => false,
        });
        uneven || self.parts.iter().any(Part::wants_rewriting)
    }

    /// The same index with its newer parts moved into larger ones where they have grown. Costs time
    /// by the size of the parts that are touched; the largest is among them only now and then.
    #[must_use]
    pub fn merged(&self) -> Self {
        let mut groups: Vec<Vec<Part>> = Vec::new();
        for part in &self.parts {
            groups.push(vec![part.clone()]);
            while let [.., older, newer] = groups.as_slice()
                && parts::should_take(older, newer)
                && let Some(newer) = groups.pop()
            {
                groups.last_mut().into_iter().for_each(|older| older.extend_from_slice(&newer));
            }
        }
        let parts = groups.iter().flat_map(|group| match group.as_slice() {
            [part] if !part.wants_rewriting() => vec![part.clone()],
            several => parts::merge(several),
        });
        Self { parts: parts.collect(), ..*self }
    }

    /// The same index in as few parts as can be, rid of all that has gone (seconds for millions).
    #[must_use]
    pub fn compacted(&self) -> Self {
        let is_compact = parts::are_compact(&self.parts);
        let parts = if is_compact { self.parts.clone() } else { parts::merge(&self.parts) };
        Self { parts, unsettled: 0, ..*self }
    }
}
