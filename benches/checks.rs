//! What the lookups of one check cost among so many photos:
//! `cargo bench --bench checks -- --rows FILE --photos DIR 10000 1000000`.
//!
//! FILE has banked rows of real photos, a line each: photo, code of the view, PDQ hash and gradient
//! hash in hexadecimal. A made-up photo has the views of one of them. Each of its hashes is put
//! together from quarters of hashes of the same kind, and 16 bits are flipped, so that a lookup has
//! about as many candidates as among real hashes. The photos of DIR are looked up; every second of
//! them is banked as well. A square in the middle of each stands for its face, so that no model is
//! needed.
//!
//! One thread does all. The time of a check is the least of five, so that other work on the machine
//! counts less.

#![expect(clippy::print_stdout, reason = "figures are for whoever runs it")]

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use photocheck_core::bank::{BankFacts, BankId, Opinion, Purpose};
use photocheck_core::faces::{Face, Faces, Point};
use photocheck_core::matching::hashes::{Distance, GradientHash, PdqHash, words_from};
use photocheck_core::matching::index::{Changes, ContentId, Entry, Index, Scope};
use photocheck_core::matching::views::{Framing, PhotoViews, View};
use photocheck_core::matching::{Matcher, Thresholds};
use photocheck_core::photo::Photo;

/// Photos that are built into the index at once.
const PHOTOS_AT_ONCE: usize = 500_000;
const ROUNDS: usize = 5;

fn main() {
    let mut args = std::env::args().skip(1);
    let (mut sizes, mut rows, mut queries) = (Vec::new(), Vec::new(), Vec::new());
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bench" => {}
            "--rows" => rows = args.next().map(|file| read_rows(&file)).unwrap_or_default(),
            "--photos" => queries = args.next().map(|path| read_photos(&path)).unwrap_or_default(),
            size => sizes.extend(size.parse::<usize>()),
        }
    }
    assert!(!rows.is_empty() && !queries.is_empty(), "it needs --rows FILE and --photos DIR");
    println!(
        "| photos | rows | median ms | p99 ms | longest ms | matches | resident MB | bytes a row | \
         build s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for size in sizes {
        measure(size, &rows, &queries);
    }
}

/// One banked row of a real photo.
type Row = (View, PdqHash, GradientHash);

/// The rows of each photo of the file.
fn read_rows(file: &str) -> Vec<Vec<Row>> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| unreachable!("{file}: {error}"));
    let mut photos: HashMap<&str, Vec<Row>> = HashMap::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split(' ').collect();
        let [photo, view, pdq, gradient] = columns.as_slice() else { continue };
        let view = view.parse().ok().and_then(View::from_code);
        let mut bytes = [0; 32];
        let read = hex::decode_to_slice(gradient, &mut bytes);
        let gradient = read.ok().map(|()| GradientHash(words_from(bytes)));
        if let (Some(view), Some(pdq), Some(gradient)) = (view, PdqHash::from_hex(pdq), gradient) {
            photos.entry(photo).or_default().push((view, pdq, gradient));
        }
    }
    let mut photos: Vec<_> = photos.into_iter().collect();
    photos.sort_by_key(|(photo, _)| photo.parse::<i64>().unwrap_or_default());
    photos.into_iter().map(|(_, rows)| rows).collect()
}

/// The views of each photo in a folder.
fn read_photos(folder: &str) -> Vec<PhotoViews> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| unreachable!("{folder}: {error}"));
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    paths.iter().filter_map(|path| views(path)).collect()
}

fn views(path: &Path) -> Option<PhotoViews> {
    let photo = Photo::decode(&fs::read(path).ok()?).ok()?;
    let pixels = photo.pixels();
    let points = [Point { x: 0.5, y: 0.5 }; 6];
    let face = Face { x: 0.35, y: 0.35, width: 0.3, height: 0.3, points, score: 1.0 };
    let faces = Faces { whole: vec![face], anchored: vec![face], ..Faces::default() };
    Some(PhotoViews::hash(pixels, &Framing::find(pixels), faces))
}

fn matcher() -> Matcher {
    Matcher::new(Thresholds {
        sure_distance_max: Distance(31),
        wide_distance_max: Distance(45),
        gradient_distance_max: Distance(14),
        pdq_quality_min: 50,
        keypoint_alone_max: Distance(12),
        keypoint_margin_min: 26,
        false_match_rate: 2e-6,
    })
}

fn measure(size: usize, rows: &[Vec<Row>], queries: &[PhotoViews]) {
    let matcher = matcher();
    let bank = Arc::new(BankFacts {
        id: BankId(1),
        name: "BENCH".into(),
        purpose: Purpose::KnownFake,
        imported: false,
    });
    let (resident_before, begun) = (resident_mb(), Instant::now());
    let mut made = Made { random: Random(1), of_kind: by_kind(rows), rows, bank: &bank };
    let own = queries.iter().step_by(2).enumerate();
    let own = own.flat_map(|(number, views)| matcher.entries(views, content(number), &bank));
    let mut index = Index::new(own.collect(), 1);
    let (mut next, end) = (1000, 1000 + size);
    while next < end {
        let until = end.min(next + PHOTOS_AT_ONCE);
        let added = (next..until).flat_map(|number| made.photo(number)).collect();
        let changes = Changes { added, removed: Vec::new(), generation: 2 };
        index = index.apply(changes).merged();
        next = until;
    }
    let build_s = begun.elapsed().as_secs_f64();
    let resident = resident_mb() - resident_before;
    let mut times = vec![Duration::MAX; queries.len()];
    let mut matches = 0;
    for round in 0..=ROUNDS {
        for (time, views) in times.iter_mut().zip(queries) {
            let begun = Instant::now();
            let found = black_box(matcher.matches(views, &index, &Scope::Everything));
            let elapsed = begun.elapsed();
            if 0 < round {
                *time = elapsed.min(*time);
            } else {
                matches += found.len();
            }
        }
    }
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent / 100).min(times.len() - 1);
        times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "| {size} | {} | {:.3} | {:.3} | {:.3} | {matches} | {resident:.0} | {:.1} \
         | {build_s:.1} |",
        index.len(),
        at(50),
        at(99),
        at(100),
        resident * 1e6 / count(index.len()),
    );
}

fn content(number: usize) -> ContentId {
    ContentId(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Hashes of views that may show the same, to make others from.
fn by_kind(rows: &[Vec<Row>]) -> HashMap<View, Arc<Vec<PdqHash>>> {
    let views: BTreeSet<View> = rows.iter().flatten().map(|(view, ..)| *view).collect();
    let of_kind = |view: View| {
        let same = rows.iter().flatten().filter(|(other, ..)| view.is_comparable_with(*other));
        Arc::new(same.map(|(_, hash, _)| *hash).collect())
    };
    views.into_iter().map(|view| (view, of_kind(view))).collect()
}

/// Makes photos up.
struct Made<'a> {
    random: Random,
    of_kind: HashMap<View, Arc<Vec<PdqHash>>>,
    rows: &'a [Vec<Row>],
    bank: &'a Arc<BankFacts>,
}

impl Made<'_> {
    fn photo(&mut self, number: usize) -> Vec<Entry> {
        let like = self.rows.get(self.random.below(self.rows.len())).map_or(&[][..], |rows| rows);
        let mut entries = Vec::with_capacity(like.len());
        for (view, _, gradient) in like {
            let same_kind = self.of_kind.get(view);
            let hash = self.random.hash(same_kind.map_or(&[][..], |hashes| hashes));
            entries.push(Entry {
                hash,
                gradient: Some(gradient.sample()),
                content: content(number),
                view: *view,
                opinion: Opinion::Confirmed,
                bank: Arc::clone(self.bank),
            });
        }
        entries
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of some millions")]
fn count(value: usize) -> f64 {
    value as f64
}

/// Of this process, as Linux tells it; not a number elsewhere.
fn resident_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kib.map_or(f64::NAN, |kib| count(kib * 1024) / 1e6)
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap_or_default()
    }

    /// Quarters of real hashes, 16 bits turned over.
    fn hash(&mut self, real: &[PdqHash]) -> PdqHash {
        let mut words: [u64; 4] = std::array::from_fn(|quarter| {
            let line = real.get(self.below(real.len()));
            line.and_then(|hash| hash.0.get(quarter).copied()).unwrap_or_default()
        });
        for _ in 0..16 {
            let (word, bit) = (self.below(4), self.below(64));
            words.iter_mut().skip(word).take(1).for_each(|word| *word ^= 1 << bit);
        }
        PdqHash(words)
    }
}
