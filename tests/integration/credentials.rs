//! Content Credentials: real ones, whose signer is believed, and hostile ones made of real ones.

use std::time::{Duration, Instant};

use photocheck_core::matching::hashes::PhotoHashes;
use photocheck_core::matching::index::{Index, Scope};
use photocheck_core::photo::{Photo, PhotoFormat};
use photocheck_core::provenance::{self, Mark, credentials};

use crate::support::marks::{gif_with, png_chunk};
use crate::support::{checker, shared};

/// A file of the shared ones with real marks.
fn real(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(shared("data/provenance")?.join(name)).unwrap())
}

fn marks(bytes: &[u8]) -> Vec<Mark> {
    let photo = Photo::decode(bytes).unwrap();
    provenance::read(bytes, &photo, &PhotoHashes::hash(photo.pixels()))
}

/// What is said by credentials and of unreadable marks.
fn said(marks: &[Mark]) -> Vec<String> {
    let is_told = |it: &&Mark| matches!(it.kind.name(), "c2pa" | "unreadable");
    let shown = |it: &Mark| format!("{} {}", it.kind.name(), it.claim.name());
    marks.iter().filter(is_told).map(shown).collect()
}

/// Real credentials: what is signed is said, and a change after signing is seen.
#[test]
fn real_credentials_are_read_and_checked() {
    for (path, expected) in [
        ("face-swap-tester__target_07.jpg", "ai_generated OpenAI"),
        ("generativeAI__A_photograph_of_a_vulture.webp", "ai_generated OpenAI"),
        ("uwdata.github.io__preserving-writer-values.png", "ai_edited Adobe Inc."),
        ("c2pa-rs__C_with_CAWG_data.jpg", "camera C2PA Test Signing Cert"),
        ("c2pa-rs__CA.jpg", "edited C2PA Test Signing Cert"),
        ("b6579b_c2pa-rs__C.jpg", "unknown C2PA Test Signing Cert"),
    ] {
        let Some(bytes) = real(path) else { return };
        let marks = marks(&bytes);
        let found = marks.iter().find(|it| it.kind.name() == "c2pa").unwrap();
        let says = format!("{} {}", found.claim.name(), found.claimed_by.as_deref().unwrap());
        assert_eq!(says, expected, "{path}");
        assert!(!found.trusted, "{path}: no signer of the test files is on the official list");
    }
    // One byte of the picture, far behind the record.
    let Some(mut changed) = real("face-swap-tester__target_07.jpg") else { return };
    let place = changed.len() - 20_000;
    changed[place] ^= 1;
    assert_eq!(said(&marks(&changed)), ["c2pa invalid"]);
    let report = checker().check(&changed, &Index::default(), &Scope::Everything).unwrap();
    assert!(report.reasons.iter().any(|reason| reason.code() == "CREDENTIALS_INVALID"));
}

/// Who is on the trust list is trusted, if a time stamp tells when it signed and nothing changed.
#[test]
fn a_signer_on_the_trust_list_is_trusted() {
    let webp = PhotoFormat::WebP;
    let Some(mut bytes) = real("generativeAI__A_photograph_of_a_vulture.webp") else { return };
    let issuers = chain(&bytes, "image/webp");
    assert!(!credentials::read(&bytes, webp).trusted);
    assert!(!credentials::read_by("", &bytes, webp).trusted);
    assert!(credentials::read_by(&issuers, &bytes, webp).trusted);
    let Some(other) = real("face-swap-tester__target_07.jpg") else { return };
    assert!(!credentials::read_by(&issuers, &other, PhotoFormat::Jpeg).trusted);
    // Its certificate is on this list, but no time stamp tells when it was valid.
    let issuers = chain(&other, "image/jpeg");
    assert!(!credentials::read_by(&issuers, &other, PhotoFormat::Jpeg).trusted);
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    let changed = credentials::read_by(&chain(&bytes, "image/webp"), &bytes, webp);
    assert!(!changed.trusted && changed.claim.name() == "invalid");
}

/// The certificates of a file's signer and of who issued them.
fn chain(bytes: &[u8], kind: &str) -> String {
    let reader = c2pa::Reader::from_context(c2pa::Context::new());
    let reader = reader.with_stream(kind, std::io::Cursor::new(bytes)).unwrap();
    reader.active_manifest().unwrap().signature_info().unwrap().cert_chain().to_owned()
}

/// The segments of a JPEG up to its scan, and the rest.
fn segments(jpeg: &[u8]) -> (Vec<Vec<u8>>, &[u8]) {
    let (mut segments, mut rest) = (Vec::new(), &jpeg[2..]);
    while rest[1] != 0xDA {
        let length = 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        segments.push(rest[..length].to_vec());
        rest = &rest[length..];
    }
    (segments, rest)
}

fn joined(segments: &[Vec<u8>], rest: &[u8]) -> Vec<u8> {
    [&[0xFF, 0xD8], segments.concat().as_slice(), rest].concat()
}

fn is_record(segment: &[u8]) -> bool {
    segment[1] == 0xEB && &segment[4..6] == b"JP"
}

/// The record of a JPEG: of the first segment all after the instance and the number, of the others
/// all after the box's head, which each repeats.
fn record(jpeg: &[u8]) -> Vec<u8> {
    let (segments, _) = segments(jpeg);
    let parts = segments.iter().filter(|segment| is_record(segment)).enumerate();
    parts.flat_map(|(n, part)| part[if n == 0 { 12 } else { 20 }..].to_vec()).collect()
}

/// A JPEG with another record, in pieces of some bytes.
fn with_record(jpeg: &[u8], record: &[u8], piece: usize) -> Vec<u8> {
    let (mut all, rest) = segments(jpeg);
    all.retain(|segment| !is_record(segment));
    let (head, body) = record.split_at(record.len().min(8));
    let mut pieces: Vec<&[u8]> = body.chunks(piece).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    for (n, piece) in pieces.into_iter().enumerate().rev() {
        let number = u32::try_from(n + 1).unwrap().to_be_bytes();
        let body = [b"JP\0\x01", number.as_slice(), head, piece].concat();
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        all.insert(1, [&[0xFF, 0xEB], length.as_slice(), &body].concat());
    }
    joined(&all, rest)
}

fn jumbf(kind: &str, inner: &[u8]) -> Vec<u8> {
    let length = u32::try_from(inner.len() + 8).unwrap().to_be_bytes();
    [length.as_slice(), kind.as_bytes(), inner].concat()
}

/// The description of a box of this label.
fn description(label: &str) -> Vec<u8> {
    let kind = b"c2pa\0\x11\0\x10\x80\0\0\xAA\0\x38\x9B\x71\x03";
    jumbf("jumd", &[kind, label.as_bytes(), b"\0"].concat())
}

/// Boxes within boxes, so many deep.
fn nested(depth: usize) -> Vec<u8> {
    let description = description("c2pa");
    let heads = (1..=depth).rev().flat_map(|left| {
        let length = u32::try_from(left * (description.len() + 8)).unwrap().to_be_bytes();
        [length.as_slice(), b"jumb", &description].concat()
    });
    heads.collect()
}

/// Records that are cut, lie about their lengths, or never end: each is read in little time and is
/// a mark of its own, whatever it said before.
#[test]
fn hostile_records_are_bounded() {
    let Some(jpeg) = real("c2pa-rs__C.jpg") else { return };
    let whole = record(&jpeg);
    assert_eq!(with_record(&jpeg, &whole, 60_000).len(), jpeg.len());
    let lengths = |at: usize, value: u32| {
        let mut record = whole.clone();
        record[at..at + 4].copy_from_slice(&value.to_be_bytes());
        record
    };
    let manifest_at =
        8 + usize::try_from(u32::from_be_bytes([0, 0, whole[10], whole[11]])).unwrap();
    let mut giant = lengths(0, 1);
    giant.splice(8..8, (1_u64 << 62).to_be_bytes());
    let siblings = jumbf("jumb", &description("x")).repeat(20_000);
    let wide = jumbf("jumb", &[description("c2pa"), siblings].concat());
    let mut deep_claim = whole.clone();
    let claim = whole.windows(10).position(|it| it == b"c2pa.claim").unwrap() + 19;
    deep_claim[claim..claim + 500].fill(0x81);
    let mut records: Vec<(String, Vec<u8>)> = [4, 8, 16, 100, 10_000, whole.len() - 1]
        .map(|end| (format!("cut after {end} bytes"), whole[..end].to_vec()))
        .into();
    for at in [0, 8, manifest_at, manifest_at + 8] {
        for value in [0, 1, 7, 9, 0x7FFF_FFFF, u32::MAX] {
            records.push((format!("length {value} at {at}"), lengths(at, value)));
        }
    }
    records.extend([
        ("an exabyte".into(), giant),
        ("20,000 boxes".into(), wide),
        ("a claim of arrays in arrays".into(), deep_claim),
        ("nothing but lengths".into(), vec![0xFF; 50_000]),
    ]);
    records.extend([40, 1_000, 100_000].map(|depth| (format!("{depth} deep"), nested(depth))));
    let is_long_at = |name: &str, at: usize| {
        [0x7FFF_FFFF, u32::MAX].iter().any(|value| name == format!("length {value} at {at}"))
    };
    let mut compared = 0;
    for (name, record) in &records {
        let bytes = with_record(&jpeg, record, 60_000);
        let start = Instant::now();
        let said = said(&marks(&bytes));
        assert!(start.elapsed() < Duration::from_secs(5), "{name} took {:?}", start.elapsed());
        // What has no box's name is no record.
        let expected: &[&str] = match name.as_str() {
            // What has no box's name is no record.
            "cut after 4 bytes" | "nothing but lengths" => &[],
            // Boxes that claim to be longer than the file are read to its end: they are whole.
            name if is_long_at(name, 0) || is_long_at(name, manifest_at) => &["c2pa edited"],
            _ => &["c2pa invalid"],
        };
        assert_eq!(said, expected, "{name}");
        compared += 1;
    }
    assert_eq!(compared, 6 + 24 + 4 + 3);
}

/// A record in pieces that are missing, swapped, repeated, or thousands.
#[test]
fn pieces_that_do_not_fit_are_no_record() {
    let Some(jpeg) = real("c2pa-rs__ims_multiple_manifests.jpg") else { return };
    let (all, rest) = segments(&jpeg);
    let places: Vec<usize> = (0..all.len()).filter(|at| is_record(&all[*at])).collect();
    assert!(2 <= places.len(), "a record in several segments");
    let intact = said(&marks(&jpeg));
    assert!(!intact.contains(&"c2pa invalid".to_owned()), "{intact:?}");
    let (first, last) = (places[0], places[places.len() - 1]);
    let mut missing = all.clone();
    missing.remove(last);
    let mut headless = all.clone();
    headless.remove(first);
    let mut swapped = all.clone();
    swapped.swap(first, last);
    let mut repeated = all.clone();
    repeated.insert(last, all[last].clone());
    for (name, segments) in
        [("missing", missing), ("headless", headless), ("swapped", swapped), ("repeated", repeated)]
    {
        assert_eq!(said(&marks(&joined(&segments, rest))), ["c2pa invalid"], "{name}");
    }
    let Some(jpeg) = real("c2pa-rs__C.jpg") else { return };
    let whole = record(&jpeg);
    let start = Instant::now();
    assert_eq!(said(&marks(&with_record(&jpeg, &whole, 13))), ["c2pa invalid"]);
    let limited = said(&marks(&with_record(&jpeg, &whole, 5)));
    assert_eq!(limited, ["c2pa invalid", "unreadable unknown"], "over 10,000 segments");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// A flipped byte of a record never makes it say something else: it is broken, or the byte meant
/// nothing (the signature is padded).
#[test]
fn a_flipped_byte_never_changes_what_is_said() {
    let Some(jpeg) = real("face-swap-tester__target_07.jpg") else { return };
    let photo = Photo::decode(&jpeg).unwrap();
    let hashes = PhotoHashes::hash(photo.pixels());
    let whole = record(&jpeg);
    let at = jpeg.windows(64).position(|it| it == &whole[..64]).unwrap();
    let first_end = 65_000.min(whole.len());
    let mut broken = 0;
    let places: Vec<usize> = (20..first_end).step_by(389).collect();
    for place in &places {
        let mut bytes = jpeg.clone();
        bytes[at + place] ^= 0x10;
        match said(&provenance::read(&bytes, &photo, &hashes)).as_slice() {
            [only] if only == "c2pa invalid" => broken += 1,
            [only] if only == "c2pa ai_generated" => {}
            other => panic!("byte {place}: {other:?}"),
        }
    }
    assert!(places.len() / 4 < broken, "{broken} of {}", places.len());
}

/// In the other containers: a wrong checksum, a cut record, a changed one.
#[test]
fn hostile_records_of_other_containers_are_found() {
    let Some(png) = real("uwdata.github.io__preserving-writer-values.png") else { return };
    let at = png.windows(4).position(|it| it == b"caBX").unwrap();
    let length = u32::from_be_bytes(png[at - 4..at].try_into().unwrap());
    let end = at + 4 + usize::try_from(length).unwrap();
    let with = |chunk: &[u8]| [&png[..at - 4], chunk, &png[end + 4..]].concat();
    let data = &png[at + 4..end];
    assert_eq!(with(&png_chunk("caBX", data)), png);
    let mut unsummed = png_chunk("caBX", data);
    *unsummed.last_mut().unwrap() ^= 1;
    assert_eq!(said(&marks(&with(&unsummed))), ["unreadable invalid"]);
    let mut flipped = data.to_vec();
    flipped[data.len() / 4] ^= 1;
    for (name, data) in [
        ("flipped", flipped.as_slice()),
        ("cut", &data[..data.len() / 2]),
        ("empty", &[]),
        ("deep", &nested(10_000)),
    ] {
        let said = said(&marks(&with(&png_chunk("caBX", data))));
        assert_eq!(said, ["c2pa invalid"], "{name}");
    }
    let Some(mut webp) = real("generativeAI__A_photograph_of_a_vulture.webp") else { return };
    let at = webp.windows(4).position(|it| it == b"C2PA").unwrap();
    webp[at + 2_000] ^= 1;
    assert_eq!(said(&marks(&webp)), ["c2pa invalid"]);
    let head = b"\x21\xFF\x0BC2PA_GIF\x01\0\0".as_slice();
    for body in [b"\x04junk\0".as_slice(), b"\0"] {
        let said = said(&marks(&gif_with(&[[head, body].concat()])));
        assert_eq!(said, ["c2pa invalid"]);
    }
}
