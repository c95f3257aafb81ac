//! The index: which banked photos lie within a distance of a hash, exactly.
//!
//! It answers what a linear scan answers, in the order of distance, then content id (property tests
//! hold that). An index is a value: [`Index::apply`] returns a new one that shares nearly all with
//! the old, so a reader keeps its own view and nobody waits for a writer.
//!
//! A hash is looked up among those of its kind alone: of views that may show the same. Its parts
//! are segments that never change, each with a tombstone on every photo that was removed since. A
//! small change rebuilds the newest part, a large one comes as a part of its own;
//! [`Index::merged`] keeps each part at least four times as large as the next newer, so there are
//! few. `bands.rs` explains how a segment is searched.

mod bands;
mod entry;
mod parts;
mod rows;
mod segment;
pub mod snapshot;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::limits;
use crate::matching::hashes::{Distance, PdqHash};
use crate::matching::views::Kind;
use parts::{Part, split};

pub use self::entry::{Changes, ContentId, Entry, Near, Scope};

/// All banked hashes at one generation of the banks.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// The oldest first, as a rule the largest.
    parts: Vec<Part>,
    generation: i64,
    /// Hashes added or removed since it was last compacted.
    uncompacted: usize,
}

impl Index {
    /// An index of `entries`.
    #[must_use]
    pub fn new(entries: Vec<Entry>, generation: i64) -> Self {
        let uncompacted = entries.len();
        Self { parts: split(entries), generation, uncompacted }
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

    /// How many of those in the scope are of known fakes.
    #[must_use]
    pub fn known_fakes(&self, scope: &Scope) -> usize {
        self.parts.iter().map(|part| part.known_fakes(scope)).sum()
    }

    /// How many hashes were added or removed since [`Index::compacted`].
    #[must_use]
    pub fn uncompacted(&self) -> usize {
        self.uncompacted
    }

    /// The entries of a kind and a scope at most `radius` from `hash`, nearest first, equal
    /// distances by content id, then view.
    #[must_use]
    pub fn lookup(&self, kind: Kind, hash: PdqHash, radius: Distance, scope: &Scope) -> Vec<Near> {
        let mut found = Vec::new();
        for part in &self.parts {
            found.extend(part.lookup(kind, hash, radius, scope));
        }
        found.sort_unstable_by_key(|near| (near.distance, near.content, near.view));
        found
    }

    /// All entries of one content, as far as they are in the scope.
    pub fn entries_of(&self, content: ContentId, scope: &Scope) -> impl Iterator<Item = Entry> {
        let entries = self.parts.iter().flat_map(move |part| part.entries_of(content));
        entries.filter_map(|entry| {
            let bank = Arc::clone(scope.show(&entry.bank)?);
            Some(Entry { bank, ..entry })
        })
    }

    /// The index after `changes`. Removing what is not there changes nothing.
    #[must_use]
    pub fn apply(&self, changes: Changes) -> Self {
        let Changes { added, mut removed, generation } = changes;
        let mut parts = self.parts.clone();
        let mut uncompacted = self.uncompacted + added.len();
        removed.extend(added.iter().map(|entry| entry.content));
        removed.sort_unstable();
        removed.dedup();
        for part in &mut parts {
            uncompacted += part.remove(&removed);
        }
        if !added.is_empty() {
            let small = |part: &mut Part| part.len() + added.len() <= limits::INDEX_TAIL_MAX;
            match parts.pop_if(small) {
                Some(newest) => parts.extend(split(newest.entries().chain(added).collect())),
                None => parts.extend(split(added)),
            }
        }
        parts.retain(|part| !part.is_empty());
        Self { parts, generation, uncompacted }
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

    /// The same index in as few parts as possible and without tombstones (seconds for millions).
    #[must_use]
    pub fn compacted(&self) -> Self {
        let is_compact = parts::are_compact(&self.parts);
        let parts = if is_compact { self.parts.clone() } else { parts::merge(&self.parts) };
        Self { parts, uncompacted: 0, ..*self }
    }
}
