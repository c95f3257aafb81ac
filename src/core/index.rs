//! The index: which banked photos lie within a distance of a hash, exactly.
//!
//! It answers what a linear scan answers, in the order of distance, then content id (a property
//! test holds that). An index is a value: [`Index::apply`] gives a new one that shares the large
//! part with the old, so a reader keeps its own view and nobody waits for a writer.
//!
//! The large part is a multi-index (Norouzi, Punjani, Fleet, "Fast Search in Hamming Space with
//! Multi-Index Hashing", 2012): a 256-bit hash is cut into 16 bands of 16 bits; two hashes at most
//! 31 bits apart agree in at least one band to within one bit, because 16 bands of two differing
//! bits each would make 32. So 17 table cells a band hold every candidate. A wider radius, a small
//! index and the tail of newest changes are scanned.

use std::collections::HashSet;
use std::sync::Arc;

use crate::core::banks::{BankFacts, Opinion};
use crate::core::hashes::{Distance, GradientSample, PdqHash};
use crate::core::limits;
use crate::core::views::View;

const BANDS: usize = 16;
const BAND_VALUES: usize = 1 << 16;
/// The widest radius that one differing bit a band covers.
const RADIUS_MAX: Distance = Distance(31);
/// Below this many hashes a scan is faster than the tables (and they would take 4 MB).
const TABLES_FROM: usize = 8192;

/// Names one banked photo across all banks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub i64);

/// One banked hash.
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

/// Changes that bring an index from an older generation to `generation`.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub added: Vec<Entry>,
    pub removed: Vec<ContentId>,
    pub generation: i64,
}

/// All banked hashes at one generation of the banks.
#[derive(Debug, Clone, Default)]
pub struct Index {
    base: Arc<Base>,
    tail: Vec<Entry>,
    removed: HashSet<ContentId>,
    generation: i64,
}

#[derive(Debug, Default)]
struct Base {
    entries: Vec<Entry>,
    tables: Option<Vec<Table>>,
}

/// Of one band: which entries hold each of its values. `rows[starts[v]..starts[v + 1]]` hold `v`.
#[derive(Debug)]
struct Table {
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl Index {
    /// An index of `entries`, whose content ids differ.
    #[must_use]
    pub fn new(entries: Vec<Entry>, generation: i64) -> Self {
        let base = Arc::new(Base::new(entries));
        Self { base, generation, ..Self::default() }
    }

    /// Which generation of the banks this index shows.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.generation
    }

    /// How many hashes can be found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.base.entries.len() + self.tail.len() - self.removed.len()
    }

    /// Whether nothing can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries at most `radius` from `hash`, nearest first, equal distances by content id.
    #[must_use]
    pub fn lookup(&self, hash: PdqHash, radius: Distance) -> Vec<Near> {
        let mut found = Vec::new();
        let mut keep = |entry: &Entry| {
            let distance = hash.distance(entry.hash);
            if distance <= radius {
                let bank = Arc::clone(&entry.bank);
                let Entry { gradient, content, view, opinion, .. } = *entry;
                found.push(Near { distance, gradient, content, view, opinion, bank });
            }
        };
        self.tail.iter().for_each(&mut keep);
        let mut keep_present = |entry: &Entry| {
            if !self.removed.contains(&entry.content) {
                keep(entry);
            }
        };
        match &self.base.tables {
            Some(tables) if radius <= RADIUS_MAX => {
                self.base.for_each_candidate(tables, hash, &mut keep_present);
            }
            _ => self.base.entries.iter().for_each(&mut keep_present),
        }
        found.sort_unstable_by_key(|near| (near.distance, near.content));
        found
    }

    /// The index after `changes`. Removing what is not there changes nothing.
    #[must_use]
    pub fn apply(&self, changes: Changes) -> Self {
        let mut next = self.clone();
        next.generation = changes.generation;
        let removed: HashSet<ContentId> = changes.removed.into_iter().collect();
        next.tail.retain(|entry| !removed.contains(&entry.content));
        let in_base = self.base.entries.iter().map(|entry| entry.content);
        if !removed.is_empty() {
            next.removed.extend(in_base.filter(|content| removed.contains(content)));
        }
        next.tail.extend(changes.added);
        next
    }

    /// Whether enough has changed that [`Index::merged`] is worth its time.
    #[must_use]
    pub fn wants_merge(&self) -> bool {
        limits::INDEX_TAIL_MAX < self.tail.len() + self.removed.len()
    }

    /// The same index with its newest changes moved into the tables (seconds for millions).
    #[must_use]
    pub fn merged(&self) -> Self {
        let kept = self.base.entries.iter().filter(|entry| !self.removed.contains(&entry.content));
        let entries = kept.chain(&self.tail).cloned().collect();
        Self::new(entries, self.generation)
    }
}

impl Base {
    fn new(entries: Vec<Entry>) -> Self {
        let small = entries.len() < TABLES_FROM;
        let tables = (!small).then(|| (0..BANDS).map(|band| Table::new(&entries, band)).collect());
        Self { entries, tables }
    }

    /// Calls `keep` once for every entry that agrees with `hash` in some band to within one bit.
    fn for_each_candidate(&self, tables: &[Table], hash: PdqHash, keep: &mut impl FnMut(&Entry)) {
        for (band, table) in tables.iter().enumerate() {
            let value = band_of(hash, band);
            let neighbours = (0..16).map(|bit| value ^ (1 << bit));
            for cell in std::iter::once(value).chain(neighbours) {
                for row in table.rows_of(cell) {
                    let Some(entry) = self.entries.get(*row as usize) else { continue };
                    if !agrees_before(hash, entry.hash, band) {
                        keep(entry);
                    }
                }
            }
        }
    }
}

impl Table {
    fn new(entries: &[Entry], band: usize) -> Self {
        let mut starts = vec![0_u32; BAND_VALUES + 1];
        for entry in entries {
            if let Some(count) = starts.get_mut(usize::from(band_of(entry.hash, band)) + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut rows = vec![0_u32; entries.len()];
        for (row, entry) in (0_u32..).zip(entries) {
            let Some(place) = next.get_mut(usize::from(band_of(entry.hash, band))) else {
                continue;
            };
            if let Some(slot) = rows.get_mut(*place as usize) {
                *slot = row;
            }
            *place += 1;
        }
        Self { starts, rows }
    }

    fn rows_of(&self, value: u16) -> &[u32] {
        let value = usize::from(value);
        let ends = (self.starts.get(value), self.starts.get(value + 1));
        let (Some(start), Some(end)) = ends else { return &[] };
        self.rows.get(*start as usize..*end as usize).unwrap_or_default()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a band is the 16 low bits after the shift")]
fn band_of(hash: PdqHash, band: usize) -> u16 {
    let word = hash.0.get(band / 4).copied().unwrap_or_default();
    (word >> (16 * (band % 4))) as u16
}

/// Whether an earlier band has already brought this entry up.
fn agrees_before(a: PdqHash, b: PdqHash, band: usize) -> bool {
    (0..band).any(|earlier| (band_of(a, earlier) ^ band_of(b, earlier)).count_ones() <= 1)
}

#[cfg(test)]
#[expect(clippy::cast_possible_wrap, reason = "numbers up to 8192")]
mod tests {
    use super::*;
    use crate::core::banks::Purpose;
    use proptest::prelude::*;

    fn entry(content: i64, words: [u64; 4]) -> Entry {
        let facts = BankFacts { name: "TEST".into(), purpose: Purpose::KnownFake, imported: false };
        Entry {
            hash: PdqHash(words),
            gradient: None,
            content: ContentId(content),
            view: View::WHOLE,
            opinion: Opinion::Confirmed,
            bank: Arc::new(facts),
        }
    }

    /// The oracle: look at every entry.
    fn linear_scan(
        entries: &[Entry],
        hash: PdqHash,
        radius: Distance,
    ) -> Vec<(Distance, ContentId)> {
        let mut found: Vec<_> = entries
            .iter()
            .map(|entry| (hash.distance(entry.hash), entry.content))
            .filter(|(distance, _)| *distance <= radius)
            .collect();
        found.sort_unstable();
        found
    }

    fn ids(found: &[Near]) -> Vec<(Distance, ContentId)> {
        found.iter().map(|near| (near.distance, near.content)).collect()
    }

    /// A small generator of its own, so that a failing seed can be run again (`SplitMix64`).
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^ (mixed >> 31)
        }

        fn words(&mut self) -> [u64; 4] {
            std::array::from_fn(|_| self.next())
        }

        /// `hash` with exactly `bits` bits turned over.
        fn at_distance(&mut self, hash: PdqHash, bits: u16) -> PdqHash {
            let mut words = hash.0;
            let mut turned = HashSet::new();
            while turned.len() < usize::from(bits) {
                let bit = (self.next() % 256) as usize;
                if turned.insert(bit) {
                    words[bit / 64] ^= 1 << (bit % 64);
                }
            }
            PdqHash(words)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Neighbours planted at every distance around the threshold, among random hashes, in an
        /// index large enough to use its tables, before and after changes and a merge.
        #[test]
        fn the_index_answers_what_a_linear_scan_answers(seed: u64, radius in 0_u16..=40) {
            let mut random = Random(seed);
            let query = PdqHash(random.words());
            let mut entries: Vec<Entry> = (0..TABLES_FROM as i64)
                .map(|content| entry(content, random.words()))
                .collect();
            for (place, bits) in (0..=48).enumerate() {
                entries[place * 7].hash = random.at_distance(query, bits);
            }
            let index = Index::new(entries.clone(), 1);
            prop_assert!(index.base.tables.is_some());
            let radius = Distance(radius);
            let expected = linear_scan(&entries, query, radius);
            prop_assert_eq!(ids(&index.lookup(query, radius)), expected);

            let added: Vec<Entry> = (0..49)
                .map(|bits| entry(100_000 + i64::from(bits), random.at_distance(query, bits).0))
                .collect();
            let removed: Vec<ContentId> = entries.iter().step_by(14).map(|e| e.content).collect();
            let changes = Changes { added: added.clone(), removed: removed.clone(), generation: 2 };
            let changed = index.apply(changes);
            entries.retain(|entry| !removed.contains(&entry.content));
            entries.extend(added);
            let expected = linear_scan(&entries, query, radius);
            prop_assert_eq!(changed.len(), entries.len());
            prop_assert_eq!(ids(&changed.lookup(query, radius)), expected.clone());
            prop_assert_eq!(ids(&changed.merged().lookup(query, radius)), expected);
            prop_assert_eq!(changed.merged().generation(), 2);
        }
    }

    /// The worst case for the bands: two bits in each of 15 bands and one in the last make 31.
    #[test]
    fn differing_bits_spread_evenly_over_the_bands_are_found() {
        let mut random = Random(7);
        let mut entries: Vec<Entry> =
            (0..TABLES_FROM as i64).map(|content| entry(content, random.words())).collect();
        let query = entries[5000].hash;
        let mut words = query.0;
        for (band, word) in (0..BANDS).map(|band| (band, band / 4)) {
            let bits = if band == 15 { 0b1 } else { 0b11 };
            words[word] ^= bits << (16 * (band % 4) + band % 14);
        }
        entries[9].hash = PdqHash(words);
        assert_eq!(query.distance(entries[9].hash), Distance(31));
        let found = ids(&Index::new(entries, 1).lookup(query, Distance(31)));
        assert_eq!(found, [(Distance(0), ContentId(5000)), (Distance(31), ContentId(9))]);
    }

    #[test]
    fn removed_means_gone_and_added_again_means_there() {
        let hash = [1, 2, 3, 4];
        let index = Index::new(vec![entry(1, hash)], 1);
        let gone = index.apply(Changes {
            removed: vec![ContentId(1)],
            generation: 2,
            ..Changes::default()
        });
        assert!(gone.is_empty());
        assert_eq!(gone.lookup(PdqHash(hash), Distance(31)), []);
        let back = gone.apply(Changes {
            added: vec![entry(1, hash)],
            generation: 3,
            ..Changes::default()
        });
        assert_eq!(ids(&back.lookup(PdqHash(hash), Distance(31))), [(Distance(0), ContentId(1))]);
        assert_eq!(index.len(), 1, "a reader of the old index still sees what it saw");
    }
}
