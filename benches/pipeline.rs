//! What each step of a photo's way costs: `cargo bench --bench pipeline`.

use std::sync::Arc;

use divan::{Bencher, black_box};
use photocheck::app::models::load_checker;
use photocheck::config::ModelsConfig;
use photocheck_core::bank::{BankFacts, BankId, Opinion, Purpose};
use photocheck_core::faces::FaceFinder;
use photocheck_core::matching::hashes::pdq::pdq;
use photocheck_core::matching::hashes::{Distance, PdqHash, PhotoHashes};
use photocheck_core::matching::index::{ContentId, Entry, Index, Scope};
use photocheck_core::matching::views::{Kind, View};
use photocheck_core::photo::Photo;
use photocheck_core::provenance;

/// 1024x1024, JPEG.
const PHOTO: &[u8] = include_bytes!("../fixtures/photos/ai-portrait-1.jpg");

fn main() {
    divan::main();
}

fn photo() -> Photo {
    Photo::decode(PHOTO).unwrap_or_else(|error| unreachable!("a fixture: {error}"))
}

#[divan::bench]
fn decode() -> Photo {
    photo()
}

#[divan::bench]
fn pdq_hash(bencher: Bencher) {
    let photo = photo();
    bencher.bench(|| pdq(black_box(photo.pixels())));
}

#[divan::bench]
fn both_hashes(bencher: Bencher) {
    let photo = photo();
    bencher.bench(|| PhotoHashes::hash(black_box(photo.pixels())));
}

/// All that a photo is compared by, the search for faces included.
#[divan::bench]
fn all_views(bencher: Bencher) {
    let photo = photo();
    let checker =
        load_checker(&ModelsConfig::default()).unwrap_or_else(|error| unreachable!("{error:#}"));
    bencher.bench(|| checker.views(black_box(photo.pixels())));
}

/// Of that, the search for faces: a first pass, a refining one and one to lay squares by.
#[divan::bench]
fn face_passes(bencher: Bencher) {
    let photo = photo();
    let finder = FaceFinder::load(
        include_bytes!("../models/face/model.onnx"),
        include_str!("../models/face/model.toml"),
    );
    let finder = finder.unwrap_or_else(|error| unreachable!("{error}"));
    bencher.bench(|| {
        let faces = finder.find(black_box(photo.pixels()));
        faces.first().and_then(|face| finder.anchor(photo.pixels(), face))
    });
}

/// Marks of origin of a photo without credentials.
#[divan::bench]
fn marks_of_origin(bencher: Bencher) {
    let photo = photo();
    let hashes = PhotoHashes::hash(photo.pixels());
    bencher.bench(|| provenance::read(black_box(PHOTO), &photo, &hashes));
}

#[divan::bench(sample_count = 20)]
fn whole_check(bencher: Bencher) {
    let checker =
        load_checker(&ModelsConfig::default()).unwrap_or_else(|error| unreachable!("{error:#}"));
    let index = Index::default();
    bencher.bench(|| checker.check(black_box(PHOTO), &index, &Scope::Everything));
}

/// Random hashes, the friendly case; half of the queries are near one of them.
#[divan::bench(args = [1_000, 100_000, 1_000_000], sample_count = 200)]
fn lookup(bencher: Bencher, count: i64) {
    let words = |seed: u64| {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        std::array::from_fn(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        })
    };
    let facts = BankFacts {
        id: BankId(1),
        name: "BENCH".into(),
        purpose: Purpose::KnownFake,
        imported: false,
    };
    let bank = Arc::new(facts);
    let entry = |content: i64| Entry {
        hash: PdqHash(words(content.unsigned_abs() + 1)),
        gradient: None,
        content: ContentId(content),
        view: View::Whole,
        opinion: Opinion::Confirmed,
        bank: Arc::clone(&bank),
    };
    let index = Index::new((0..count).map(entry).collect(), 1);
    let mut turn = 0_u64;
    bencher.bench_local(|| {
        turn += 1;
        let near = turn.is_multiple_of(2);
        let mut words = words(if near { turn } else { turn + (1 << 40) });
        if near {
            words[0] ^= 0b1_0101_0101;
        }
        index.lookup(Kind::All, PdqHash(words), Distance(31), &Scope::Everything)
    });
}
