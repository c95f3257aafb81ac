//! Photos and hashes: every fixture is read as its list says, PDQ conforms, copies meet.

use std::collections::BTreeSet;

use photocheck_core::matching::hashes::{PdqHash, PhotoHashes};
use photocheck_core::photo::Photo;
use photocheck_core::photo::PhotoError;

use crate::support::{fixture, fixture_path, fixtures, half_size_jpeg};

fn hashes(bytes: &[u8]) -> PhotoHashes {
    PhotoHashes::hash(Photo::decode(bytes).unwrap().pixels())
}

#[test]
fn every_fixture_is_listed_with_origin_and_licence() {
    let fixtures = fixtures();
    let listed: BTreeSet<String> = fixtures
        .photo
        .iter()
        .map(|it| it.path.clone())
        .chain(fixtures.edge.iter().map(|it| it.path.clone()))
        .chain(fixtures.hostile.iter().map(|it| it.path.clone()))
        .collect();
    let mut found = BTreeSet::new();
    for folder in ["photos", "edge", "hostile"] {
        for entry in std::fs::read_dir(fixture_path(folder)).unwrap() {
            found.insert(format!("{folder}/{}", entry.unwrap().file_name().display()));
        }
    }
    assert_eq!(listed, found);
    for photo in &fixtures.photo {
        assert!(!photo.origin.is_empty() && !photo.licence.is_empty(), "{}", photo.path);
    }
}

#[test]
fn edge_cases_are_read_upright_and_in_their_true_format() {
    let cases = fixtures().edge;
    for case in &cases {
        let photo = Photo::decode(&fixture(&case.path)).unwrap();
        assert_eq!(photo.format().name(), case.format, "{}", case.path);
        assert_eq!([photo.width(), photo.height()], case.size, "{}", case.path);
    }
    assert!(30 <= cases.len());
}

/// Whatever the container, the orientation or the colours: the same picture gives the same hash.
#[test]
fn edge_cases_of_one_picture_hash_alike() {
    let mut compared = 0;
    for case in fixtures().edge {
        let Some(like) = &case.like else { continue };
        let (found, expected) = (hashes(&fixture(&case.path)), hashes(&fixture(like)));
        let distance = found.pdq.distance(expected.pdq);
        assert!(distance.0 <= 10, "{}: {} bits from {like}", case.path, distance.0);
        compared += 1;
    }
    assert!(30 <= compared);
}

#[test]
fn hostile_files_are_refused_by_code_or_read_without_harm() {
    let cases = fixtures().hostile;
    for case in &cases {
        let found = Photo::decode(&fixture(&case.path));
        let code = found.as_ref().err().map(PhotoError::code);
        assert_eq!(code, case.code.as_deref(), "{}: {:?}", case.path, found.err());
    }
    assert!(30 <= cases.len());
}

/// Every prefix of a photo is refused or read, and none panics.
#[test]
fn no_prefix_of_a_photo_panics() {
    for path in
        ["edge/jpeg-progressive.jpg", "edge/png-8.png", "edge/webp-lossy.webp", "edge/gif.gif"]
    {
        let bytes = fixture(path);
        for end in (0..bytes.len()).step_by(bytes.len() / 97) {
            let _ = Photo::decode(&bytes[..end]);
        }
    }
}

/// Bytes turned over at seeded places: refused or read, and none panics.
#[test]
fn no_damaged_byte_panics() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for path in
        ["edge/jpeg-baseline.jpg", "edge/png-16.png", "edge/webp-lossy.webp", "edge/gif.gif"]
    {
        let whole = fixture(path);
        for _ in 0..150 {
            let mut bytes = whole.clone();
            for _ in 0..4 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let place = (random >> 16) as usize % bytes.len();
                bytes[place] = random.to_le_bytes()[1];
            }
            let _ = Photo::decode(&bytes);
        }
    }
}

/// PDQ's own rule for an implementation: at most 10 bits from the reference at quality 80 and
/// above. The reference hashes are by the code of PDQ's authors (see fixtures/make.py).
#[test]
fn pdq_conforms_to_the_reference() {
    let cases = fixtures().photo;
    for case in &cases {
        let found = hashes(&fixture(&case.path));
        let distance = found.pdq.distance(PdqHash::from_hex(&case.pdq).unwrap());
        assert!(distance.0 <= 10, "{}: {} bits from the reference", case.path, distance.0);
        assert!(80 <= case.pdq_quality);
        assert_eq!(found.pdq_quality.value(), case.pdq_quality, "{}", case.path);
    }
    assert_eq!(cases.len(), 6);
}

#[test]
fn a_copy_stays_near_and_another_photo_far() {
    let cases = fixtures().photo;
    let all: Vec<_> = cases.iter().map(|case| (case, hashes(&fixture(&case.path)))).collect();
    for (case, original) in &all {
        let copy = hashes(&half_size_jpeg(&fixture(&case.path), 50));
        let (pdq, gradient) =
            (copy.pdq.distance(original.pdq), copy.gradient.distance(original.gradient));
        assert!(pdq.0 <= 31, "{}: PDQ {} bits apart", case.path, pdq.0);
        assert!(gradient.0 <= 31, "{}: gradient {} bits apart", case.path, gradient.0);
        for (other_case, other) in all.iter().filter(|(other, _)| other.path != case.path) {
            let distance = original.pdq.distance(other.pdq);
            assert!(64 < distance.0, "{} and {}: {}", case.path, other_case.path, distance.0);
        }
    }
}
