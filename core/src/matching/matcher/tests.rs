//! Which hits make a match, by hand and against the rule over all hashes.

use super::*;
use crate::bank::{BankId, Purpose};
use crate::faces::{Face, Faces, Point};
use crate::matching::views::KeypointSlot;
use crate::region::Region;

const MATCHER: Matcher = Matcher {
    thresholds: Thresholds {
        sure_distance_max: Distance(31),
        wide_distance_max: Distance(45),
        gradient_distance_max: Distance(14),
        pdq_quality_min: 50,
        keypoint_alone_max: Distance(12),
        keypoint_margin_min: 26,
        false_match_rate: 1e-6,
    },
};

fn bank() -> Arc<BankFacts> {
    let (id, purpose) = (BankId(1), Purpose::KnownFake);
    Arc::new(BankFacts { id, name: "ALL".into(), purpose, imported: false })
}

fn keypoint(number: usize) -> View {
    View::Keypoint(KeypointSlot::new(number).unwrap())
}

/// A hit that shows the left half of the photo.
fn hit(view: View, banked_view: View, distance: u16) -> Match {
    Match {
        bank: bank(),
        content: ContentId(1),
        distance: Distance(distance),
        view,
        mirrored: false,
        region: Region { width: 0.5, ..Region::WHOLE },
        banked_view,
        opinion: Opinion::Confirmed,
    }
}

fn face_at(x: f32) -> Face {
    let points = [Point { x, y: 0.5 }; 6];
    Face { x: x - 0.1, y: 0.4, width: 0.2, height: 0.2, points, score: 1.0 }
}

fn nearest(hits: &[Match], faces: &[Face]) -> Option<u16> {
    let centres: Vec<_> = faces.iter().map(|face| face.region().centre()).collect();
    MATCHER.nearest(hits.to_vec(), &centres).map(|found| found.distance.0)
}

#[test]
fn one_keypoint_makes_a_match_where_it_shows_a_face_or_is_very_near() {
    let one = [hit(keypoint(0), keypoint(3), 14)];
    assert_eq!(nearest(&one, &[]), None);
    assert_eq!(nearest(&one, &[face_at(0.8)]), None);
    assert_eq!(nearest(&one, &[face_at(0.8), face_at(0.3)]), Some(14));
    assert_eq!(nearest(&[hit(keypoint(0), keypoint(3), 12)], &[]), Some(12));
}

#[test]
fn several_keypoints_of_both_photos_make_a_match_if_their_margins_add_up() {
    let first = hit(keypoint(0), keypoint(3), 14);
    assert_eq!(nearest(&[first.clone(), hit(keypoint(1), keypoint(5), 24)], &[]), Some(14));
    assert_eq!(nearest(&[first.clone(), hit(keypoint(1), keypoint(5), 26)], &[]), None);
    let third = hit(keypoint(2), keypoint(6), 30);
    let three = [first.clone(), hit(keypoint(1), keypoint(5), 26), third];
    assert_eq!(nearest(&three, &[]), Some(14));
    // Twice the same square of either photo is one.
    assert_eq!(nearest(&[first.clone(), hit(keypoint(1), keypoint(3), 15)], &[]), None);
    assert_eq!(nearest(&[first.clone(), hit(keypoint(0), keypoint(5), 15)], &[]), None);
}

#[test]
fn beyond_the_sure_distance_a_keypoint_must_be_a_hit_too() {
    let wide = hit(View::Whole, View::Whole, 40);
    assert_eq!(nearest(std::slice::from_ref(&wide), &[]), None);
    assert_eq!(nearest(&[wide, hit(keypoint(0), keypoint(3), 30)], &[]), Some(40));
    assert_eq!(nearest(&[hit(View::Whole, View::Whole, 31)], &[]), Some(31));
}

#[test]
fn the_whole_picture_tells_more_than_a_part() {
    let whole = hit(View::Whole, View::Whole, 30);
    let (first, second) = (hit(keypoint(0), keypoint(3), 4), hit(keypoint(1), keypoint(5), 9));
    assert_eq!(nearest(&[first.clone(), whole.clone()], &[]), Some(30));
    assert_eq!(nearest(&[first, second, whole], &[]), Some(30));
}

#[test]
fn banked_photos_are_copies_by_comparable_views() {
    let hash = |word: u64| PdqHash([word, 0, 0, 0]);
    let entry = |view, word, content| Entry {
        hash: hash(word),
        gradient: None,
        content: ContentId(content),
        view,
        opinion: Opinion::Confirmed,
        bank: bank(),
    };
    let index = Index::new(
        vec![
            entry(View::Whole, 0, 1),
            entry(keypoint(0), 0xF_FFFF, 2),
            entry(keypoint(0), 0xF_FFFF, 3),
            entry(keypoint(1), u64::MAX, 3),
        ],
        1,
    );
    let copies = |hashes: &[(View, PdqHash)]| -> Vec<i64> {
        let found = MATCHER.copies_of_banked(hashes, &index, &Scope::Everything);
        found.iter().map(|near| near.content.0).collect()
    };
    assert_eq!(copies(&[(View::Whole, hash(1))]), [1]);
    // 20 bits from the one, 17 from the other.
    let (near, nearer) = (hash(0), hash(u64::MAX << 17));
    assert_eq!(copies(&[(keypoint(4), near)]), [0_i64; 0]);
    assert_eq!(copies(&[(keypoint(4), near), (keypoint(7), nearer)]), [3]);
}

/// The rule of the module's text, by comparing every view with every entry at the wide distance.
#[cfg(feature = "evaluation")]
fn matches_by_scan(views: &PhotoViews, entries: &[Entry]) -> Vec<Match> {
    let mut hits = HashMap::<ContentId, Vec<Match>>::new();
    for view in views.views.iter().filter(|view| MATCHER.is_looked_up(*view)) {
        for mirrored in [false, true] {
            for entry in entries.iter().filter(|it| view.view.is_comparable_with(it.view)) {
                let distance = view.pdq(mirrored).distance(entry.hash);
                let agree = || {
                    let own = view.gradient(mirrored).sample();
                    entry.gradient.is_some_and(|other| own.distance(other).0 <= 14)
                };
                let is_near =
                    distance.0 <= 31 || distance.0 <= 45 && !view.view.is_of_keypoint() && agree();
                if is_near {
                    let near = Near::new(entry.clone(), distance);
                    let found = as_match(view, mirrored, near);
                    hits.entry(entry.content).or_default().push(found);
                }
            }
        }
    }
    let centres: Vec<_> = views.faces.all().map(|face| face.region().centre()).collect();
    let nearest = hits.into_values().filter_map(|hits| MATCHER.nearest(hits, &centres));
    let mut matches: Vec<Match> = nearest.collect();
    matches.sort_by_key(|found| (found.distance, found.content));
    matches
}

/// A photo's views as if it had a face in the middle.
#[cfg(feature = "evaluation")]
fn views_of(pixels: &image::RgbImage) -> PhotoViews {
    let face = Face { width: 0.3, height: 0.3, ..face_at(0.5) };
    let faces = Faces { whole: vec![face], anchored: vec![face], ..Faces::default() };
    let framing = crate::matching::views::Framing::find(pixels);
    PhotoViews::hash(pixels, &framing, faces)
}

/// The entry at any distance up to 55 bits, its gradient hash up to 23 bits away or missing.
#[cfg(feature = "evaluation")]
fn moved(entry: &Entry, chance: &mut fastrand::Rng) -> Entry {
    let mut words = entry.hash.0;
    for _ in 0..chance.u8(..56) {
        words[chance.usize(..4)] ^= 1 << chance.u8(..64);
    }
    let mut gradient = entry.gradient.filter(|_| 0 < chance.u8(..5));
    if let Some(sample) = &mut gradient {
        for _ in 0..chance.u8(..24) {
            sample.0 ^= 1 << chance.u8(..64);
        }
    }
    Entry { hash: PdqHash(words), gradient, ..entry.clone() }
}

/// Every edit of real photos among the photos themselves, and among others whose hashes lie at any
/// distance from theirs.
#[cfg(feature = "evaluation")]
#[test]
fn a_lookup_finds_what_the_rule_finds_among_all_hashes() {
    use crate::evaluation::edits::{Edit, Random};
    let photos = [
        include_bytes!("../../../../fixtures/photos/real-collins.png").as_slice(),
        include_bytes!("../../../../fixtures/photos/ai-portrait-1.jpg").as_slice(),
    ];
    let photos = photos.map(|bytes| {
        let photo = crate::photo::Photo::decode(bytes).unwrap();
        let (width, height) = photo.pixels().dimensions();
        crate::photo::resize::resize(photo.pixels(), 480, 480 * height / width)
    });
    let mut chance = fastrand::Rng::with_seed(16);
    let (bank, mut entries) = (bank(), Vec::new());
    for (number, pixels) in (0..).zip(&photos) {
        let own = MATCHER.entries(&views_of(pixels), ContentId(number), &bank);
        for copy in 1..40 {
            let content = ContentId(100 * copy + number);
            for entry in &own {
                if 0 < chance.u8(..3) {
                    entries.push(Entry { content, ..moved(entry, &mut chance) });
                }
            }
        }
        entries.extend(own);
    }
    let index = Index::new(entries.clone(), 1);
    let (mut found, mut beyond) = (0, 0);
    for (number, pixels) in photos.iter().enumerate() {
        for edit in Edit::ALL {
            let edited = edit.apply(pixels, &mut Random::seeded(16, number, edit));
            let views = views_of(&edited);
            let matches = MATCHER.matches(&views, &index, &Scope::Everything);
            assert_eq!(matches, matches_by_scan(&views, &entries), "{edit:?}");
            let kept = KeptViews::from_bytes(&KeptViews::from(&views).to_bytes()).unwrap();
            let of_kept = MATCHER.matches_kept(&kept, &index, &Scope::Everything);
            assert_eq!(of_kept, matches, "{edit:?}");
            let entries = MATCHER.entries(&views, ContentId(1), &bank).into_iter();
            // An index keeps no second opinion on squares over keypoints.
            let in_index = entries.map(|it| Entry {
                gradient: it.gradient.filter(|_| !it.view.is_of_keypoint()),
                ..it
            });
            let in_index: Vec<Entry> = in_index.collect();
            assert_eq!(MATCHER.entries_kept(&kept, ContentId(1), &bank), in_index);
            found += matches.len();
            beyond += matches.iter().filter(|found| 31 < found.distance.0).count();
        }
    }
    assert!(500 < found && 20 < beyond, "{found} matches, {beyond} beyond the sure distance");
}
