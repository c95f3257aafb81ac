//! The index against its oracle, a comparison with every entry.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::bands::Layout;
use super::rows::RowsBuilder;
use super::segment::Segment;
use super::*;
use crate::bank::{BankFacts, BankId, Opinion, Purpose};
use crate::matching::hashes::GradientSample;
use crate::matching::views::{KeypointSlot, Kind, View};
use proptest::prelude::*;

/// A small generator of its own, so that a failing seed can be run again (`SplitMix64`).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn hash(&mut self) -> PdqHash {
        PdqHash(std::array::from_fn(|_| self.next()))
    }

    /// `hash` with exactly `bits` bits turned over, anywhere.
    fn at_distance(&mut self, hash: PdqHash, bits: usize) -> PdqHash {
        let mut turned = HashSet::new();
        while turned.len() < bits {
            turned.insert(self.below(256));
        }
        turned.into_iter().fold(hash, with_bit_turned)
    }

    /// `hash` with `bits` bits turned over, dealt out evenly over the bands of a layout, which is
    /// what comes closest to being missed: one band after the other gets one bit more.
    fn at_even_distance(&mut self, hash: PdqHash, bits: usize, layout: Layout) -> PdqHash {
        let mut bands: Vec<_> = layout.bands().collect();
        // Which bands get the odd bits is left to chance.
        let turn = self.below(bands.len());
        bands.rotate_left(turn);
        let mut turned = HashSet::new();
        for bit in 0..bits {
            let band = bands[bit % bands.len()];
            while !turned.insert((band.first_bit as usize) + self.below(band.bits as usize)) {}
        }
        turned.into_iter().fold(hash, with_bit_turned)
    }
}

fn with_bit_turned(hash: PdqHash, bit: usize) -> PdqHash {
    let mut words = hash.0;
    words[bit / 64] ^= 1 << (bit % 64);
    PdqHash(words)
}

fn bank(id: i64) -> Arc<BankFacts> {
    let (id, name) = (BankId(id), format!("BANK_{id}"));
    Arc::new(BankFacts { id, name, purpose: Purpose::KnownFake, imported: false })
}

fn entry(content: usize, hash: PdqHash) -> Entry {
    Entry {
        hash,
        // Some have none, some segments hold both kinds.
        gradient: content.is_multiple_of(3).then_some(GradientSample(hash.0[0])),
        content: ContentId(i64::try_from(content).unwrap()),
        view: View::Whole,
        opinion: Opinion::Confirmed,
        bank: bank(0),
    }
}

pub(super) fn random_entries(count: usize, random: &mut Random) -> Vec<Entry> {
    let bank = bank(0);
    let entry = |content| Entry { bank: Arc::clone(&bank), ..entry(content, random.hash()) };
    (0..count).map(entry).collect()
}

/// The oracle.
pub(super) fn linear_scan(entries: &[Entry], hash: PdqHash, radius: Distance) -> Vec<Near> {
    let near = |entry: &Entry| {
        let Entry { hash: other, gradient, content, view, opinion, bank } = entry.clone();
        Near { distance: hash.distance(other), gradient, content, view, opinion, bank }
    };
    let mut found: Vec<_> =
        entries.iter().map(near).filter(|near| near.distance <= radius).collect();
    found.sort_by_key(|near| (near.distance, near.content, near.view));
    found
}

/// A hash is found among those of its kind, with its view, bank and content; gradient hashes stay
/// but those of squares over keypoints.
#[test]
fn each_kind_is_looked_up_by_itself() {
    let mut random = Random(17);
    let query = random.hash();
    let views: Vec<View> = (0..=u8::MAX).filter_map(View::from_code).collect();
    let mut entries = random_entries(20_000, &mut random);
    for (number, entry) in entries.iter_mut().enumerate() {
        entry.view = views[number % views.len()];
        entry.content = ContentId(i64::try_from(number / views.len()).unwrap());
        entry.hash = random.at_distance(query, number % 97);
        if entry.view.kind() == Kind::Keypoint {
            entry.gradient = None;
        }
    }
    let index = Index::new(entries.clone(), 1);
    for kind in Kind::ALL {
        let mut expected = linear_scan(&entries, query, Distance(31));
        expected.retain(|near| near.view.kind() == kind);
        assert!(50 < expected.len(), "{kind:?}");
        assert_eq!(index.lookup(kind, query, Distance(31), &Scope::Everything), expected);
    }
    let content = ContentId(70);
    let own: Vec<Entry> = index.entries_of(content, &Scope::Everything).collect();
    let expected: Vec<Entry> =
        entries.iter().filter(|entry| entry.content == content).cloned().collect();
    assert_eq!(own, expected);
    let slot = KeypointSlot::new(0).unwrap();
    let gradient = Some(GradientSample(1));
    let one = Entry { view: View::Keypoint(slot), gradient, ..entries[0].clone() };
    let kept: Vec<Entry> =
        Index::new(vec![one], 1).entries_of(entries[0].content, &Scope::Everything).collect();
    assert_eq!(kept[0].gradient, None);
}

fn known_fakes(entries: &[Entry]) -> usize {
    entries.iter().filter(|entry| entry.bank.purpose == Purpose::KnownFake).count()
}

fn ids(found: &[Near]) -> Vec<(Distance, ContentId)> {
    found.iter().map(|near| (near.distance, near.content)).collect()
}

fn build(entries: &[Entry], layout: Layout) -> Index {
    let mut rows = RowsBuilder::default();
    for entry in entries {
        rows.push_entry(entry.clone());
    }
    let part =
        Part::new(Segment::new(
            rows.finish(),
            |rows| if rows == 0 { Layout::Scan } else { layout },
        ));
    Index { parts: vec![part], generation: 1, uncompacted: 0 }
}

const LAYOUTS: [Layout; 4] = [Layout::Scan, Layout::Even, Layout::Wide(18), Layout::Wide(21)];

fn radii() -> impl Strategy<Value = Distance> {
    prop_oneof![4 => 0_u16..=40, 2 => Just(31), 1 => 41_u16..=256].prop_map(Distance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Neighbours at every distance around the threshold, by chance and dealt out evenly over the
    /// bands, among random hashes, in every layout.
    #[test]
    fn every_layout_answers_what_a_linear_scan_answers(seed: u64, radius in radii()) {
        let mut random = Random(seed);
        let query = random.hash();
        for layout in LAYOUTS {
            let mut entries = random_entries(12_000, &mut random);
            for bits in 0..=64 {
                entries[bits * 7].hash = random.at_distance(query, bits);
                let bands = if layout == Layout::Scan { Layout::Even } else { layout };
                entries[6000 + bits * 7].hash = random.at_even_distance(query, bits, bands);
            }
            let index = build(&entries, layout);
                let found = index.lookup(Kind::All, query, radius, &Scope::Everything);
            prop_assert_eq!(found, linear_scan(&entries, query, radius), "{:?}", layout);
        }
    }

    /// Hundreds of changes of every size, in any order, with merges in between: additions,
    /// removals, replacements, contents with several hashes.
    #[test]
    fn changes_and_merges_answer_what_a_linear_scan_answers(seed: u64, radius in radii()) {
        let mut random = Random(seed);
        let query = random.hash();
        let allowed = BankFacts { purpose: Purpose::Allow, ..BankFacts::clone(&bank(3)) };
        let banks = [bank(1), bank(2), Arc::new(allowed)];
        let (mut index, mut entries) = (Index::default(), Vec::<Entry>::new());
        let mut next_content = 0;
        for generation in 1..60 {
            let mut changes = Changes { generation, ..Changes::default() };
            let additions = [1, 7, 300, 6000][random.below(4)];
            for _ in 0..random.below(additions + 1) {
                let bits = random.below(64);
                let hash = random.at_distance(query, bits);
                let bank = Arc::clone(&banks[random.below(3)]);
                let opinion = [Opinion::Confirmed, Opinion::Disputed][random.below(2)];
                // Sometimes a further hash of the same content.
                next_content += random.below(4).min(1);
                changes.added.push(Entry { opinion, bank, ..entry(next_content, hash) });
            }
            next_content += 1;
            for _ in 0..random.below(additions + 1) {
                let content = ContentId(i64::try_from(random.below(next_content)).unwrap());
                changes.removed.push(content);
                if random.below(4) == 0 {
                    let bits = 30 + random.below(4);
                    let hash = random.at_distance(query, bits);
                    changes.added.push(Entry { content, ..entry(0, hash) });
                }
            }
            let added: HashSet<_> = changes.added.iter().map(|entry| entry.content).collect();
            let removed: HashSet<_> = changes.removed.iter().copied().collect();
            entries.retain(|entry| {
                !added.contains(&entry.content) && !removed.contains(&entry.content)
            });
            entries.extend(changes.added.iter().cloned());
            index = index.apply(changes);
            if index.wants_merge() && random.below(2) == 0 {
                index = index.merged();
                prop_assert!(!index.wants_merge());
            }
            prop_assert_eq!((index.len(), index.generation()), (entries.len(), generation));
            prop_assert_eq!(index.known_fakes(&Scope::Everything), known_fakes(&entries));
        }
        let mut expected = linear_scan(&entries, query, radius);
        for index in [&index, &index.merged(), &index.compacted()] {
            let mut found = index.lookup(Kind::All, query, radius, &Scope::Everything);
            // Hashes of one content and view at one distance stand in any order.
            let key = |near: &Near| {
                let gradient = near.gradient.map(|bits| bits.0);
                let said = (near.opinion.name(), near.bank.name.clone());
                (near.distance, near.content, gradient, said)
            };
            expected.sort_by_key(key);
            found.sort_by_key(key);
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(index.generation(), 59);
            prop_assert_eq!(index.known_fakes(&Scope::Everything), known_fakes(&entries));
        }
        prop_assert!(index.parts.len() <= 12, "{} parts", index.parts.len());
        prop_assert!(index.compacted().parts.len() <= 1);
        prop_assert_eq!(index.compacted().uncompacted(), 0);
    }
}

/// The worst case for the bands at every radius: as many bits in each as just do not show, and one
/// bit fewer in a single band, each band in its turn.
#[test]
fn bits_dealt_out_as_unluckily_as_can_be_are_found() {
    let mut random = Random(7);
    for layout in [Layout::Even, Layout::Wide(18), Layout::Wide(21)] {
        let bands: Vec<_> = layout.bands().collect();
        for radius in [0, 5, 12, 15, 16, 31, 35, 38, 47] {
            let query = random.hash();
            let mut entries = random_entries(9000, &mut random);
            let mut expected = Vec::new();
            for lucky in 0..bands.len() {
                let content = lucky * 300;
                for (position, band) in bands.iter().enumerate() {
                    let share = bands::share(radius, bands.len(), position);
                    let bits = if position == lucky { share.saturating_sub(1) } else { share };
                    if position == lucky && 0 < share {
                        expected.push(entries[content].content);
                    }
                    let first = if position == 0 { query } else { entries[content].hash };
                    entries[content].hash = (0..bits).fold(first, |hash, bit| {
                        with_bit_turned(hash, (band.first_bit + bit) as usize)
                    });
                }
            }
            let radius = Distance(u16::try_from(radius).unwrap());
            let found =
                build(&entries, layout).lookup(Kind::All, query, radius, &Scope::Everything);
            assert!(found.iter().all(|near| near.distance == radius));
            let found: Vec<_> = found.iter().map(|near| near.content).collect();
            assert_eq!(found, expected, "{layout:?}, {radius:?}");
        }
    }
}

/// Thousands of equal hashes make every candidate list as long as the index.
#[test]
fn a_crowd_of_equal_hashes_is_found_once_each() {
    let mut random = Random(3);
    let query = random.hash();
    for layout in LAYOUTS {
        let mut entries = random_entries(9000, &mut random);
        entries.iter_mut().skip(1000).for_each(|entry| entry.hash = query);
        let found =
            build(&entries, layout).lookup(Kind::All, query, Distance(31), &Scope::Everything);
        assert_eq!(found, linear_scan(&entries, query, Distance(31)));
        assert_eq!(found.len(), 8000);
    }
}

/// Half a million and more: the layout that is really chosen, and an import beside it.
#[test]
fn a_large_index_answers_what_a_linear_scan_answers() {
    let mut random = Random(11);
    let query = random.hash();
    let mut entries = random_entries(Layout::EVEN_ROWS_MAX + 1, &mut random);
    for bits in 0..=48 {
        entries[bits * 997].hash = random.at_even_distance(query, bits, Layout::Wide(18));
    }
    let index = Index::new(entries.clone(), 1);
    let mut imported = random_entries(60_000, &mut random);
    for (bits, entry) in imported.iter_mut().enumerate() {
        entry.content.0 += 1_000_000;
        if bits <= 48 {
            entry.hash = random.at_even_distance(query, bits, Layout::Even);
        }
    }
    let removed: Vec<ContentId> = (10..20).map(|bits| entries[bits * 997].content).collect();
    let added = imported.clone();
    let changed = index.apply(Changes { added, removed: removed.clone(), generation: 2 });
    entries.retain(|entry| !removed.contains(&entry.content));
    entries.extend(imported);
    assert_eq!(changed.parts.len(), 2);
    for index in [&changed, &changed.compacted()] {
        assert_eq!(index.len(), entries.len());
        for radius in [0, 15, 31, 35, 47].map(Distance) {
            assert_eq!(
                index.lookup(Kind::All, query, radius, &Scope::Everything),
                linear_scan(&entries, query, radius)
            );
        }
    }
}

/// A lookup in some banks finds what a lookup in all finds of them.
#[test]
fn a_scope_leaves_other_banks_out() {
    let mut random = Random(13);
    let query = random.hash();
    let banks = [bank(1), bank(2), bank(3)];
    for layout in LAYOUTS {
        let mut entries = random_entries(9000, &mut random);
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.bank = Arc::clone(&banks[index % 3]);
            entry.hash = random.at_distance(query, index % 64);
        }
        let index = build(&entries, layout);
        for ids in [vec![], vec![2], vec![1, 3], vec![1, 2, 3], vec![4]] {
            // As whoever asks sees them: the third bank under another name, and imported.
            let lent = BankFacts { name: "LENT".into(), imported: true, ..(*banks[2]).clone() };
            let shown = [Arc::clone(&banks[0]), Arc::clone(&banks[1]), Arc::new(lent), bank(4)];
            let chosen = shown.iter().filter(|bank| ids.contains(&bank.id.0));
            let chosen: BTreeMap<_, _> = chosen.map(|bank| (bank.id, Arc::clone(bank))).collect();
            let mut expected = linear_scan(&entries, query, Distance(31));
            expected.retain(|near| chosen.contains_key(&near.bank.id));
            for near in &mut expected {
                near.bank = Arc::clone(&chosen[&near.bank.id]);
            }
            let scope = Scope::Banks(chosen);
            let found = index.lookup(Kind::All, query, Distance(31), &scope);
            assert_eq!(found, expected, "{layout:?}");
            let counted = entries.iter().filter(|entry| scope.includes(entry.bank.id));
            let counted: Vec<Entry> = counted.cloned().collect();
            assert_eq!(index.known_fakes(&scope), known_fakes(&counted), "{layout:?}");
            let one = entries[2].content;
            let expected = counted.iter().filter(|entry| entry.content == one).count();
            assert_eq!(index.entries_of(one, &scope).count(), expected);
            assert!(index.entries_of(one, &scope).all(|entry| scope.show(&entry.bank).is_some()));
        }
    }
}

#[test]
fn removed_means_gone_and_added_again_means_there() {
    let hash = Random(1).hash();
    let one = || vec![entry(1, hash)];
    let index = Index::new(one(), 1);
    let removed = vec![ContentId(1), ContentId(2)];
    let gone = index.apply(Changes { removed, generation: 2, ..Changes::default() });
    assert!(gone.is_empty());
    assert_eq!(gone.lookup(Kind::All, hash, Distance(31), &Scope::Everything), []);
    let back = gone.apply(Changes { added: one(), generation: 3, ..Changes::default() });
    assert_eq!(
        ids(&back.lookup(Kind::All, hash, Distance(31), &Scope::Everything)),
        [(Distance(0), ContentId(1))]
    );
    assert_eq!(index.len(), 1, "a reader of the old index still sees what it saw");

    let replaced = Entry { opinion: Opinion::Disputed, ..entry(1, hash) };
    for removed in [vec![], vec![ContentId(1)]] {
        let changes = Changes { added: vec![replaced.clone()], removed, generation: 4 };
        let found = back.apply(changes).lookup(Kind::All, hash, Distance(31), &Scope::Everything);
        assert_eq!(found.iter().map(|near| near.opinion).collect::<Vec<_>>(), [Opinion::Disputed]);
    }
}

/// What small changes cost does not grow with the index: its large part stays the very same.
#[test]
fn a_small_change_leaves_the_large_part_as_it_is() {
    let mut random = Random(5);
    let mut index = Index::new(random_entries(20_000, &mut random), 1);
    let large: *const Segment = index.parts[0].segment();
    for content in 0..100 {
        let added = vec![entry(20_000 + content, random.hash())];
        let removed = vec![ContentId(i64::try_from(content * 3).unwrap())];
        index = index.apply(Changes { added, removed, generation: 2 });
    }
    assert_eq!(index.parts.len(), 2);
    assert!(std::ptr::eq(large, index.parts[0].segment()));
    assert_eq!((index.len(), index.uncompacted()), (20_000, 20_200));
    assert!(!index.wants_merge());
}
