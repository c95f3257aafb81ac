//! `photocheck bulk run` on ZIP and TAR archives and on standard input: what is in them is read as
//! it streams by, and what is hostile is refused by code.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;

use crate::support::bulk::{Job, photo, printed};
use crate::support::{fixture, photocheck_fed};

const HASHES: &[&str] = &["--what", "hashes"];

fn zipped(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let method = if name.contains("stored") {
            zip::CompressionMethod::Stored
        } else {
            zip::CompressionMethod::Deflated
        };
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The names are written as they are, whatever they are.
fn tarred(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// The rows of one archive, by the names in it.
fn codes_of(name: &str, archive: &[u8]) -> Vec<(String, String)> {
    let job = Job::new();
    let path = job.put(name, archive);
    let output = job.run("out", &[&path], HASHES);
    assert!(job.out("out").join("manifest.json").exists(), "{}", printed(&output).1);
    let inside = format!("{name}/");
    let codes = job.codes("out").into_iter();
    codes.map(|(path, code)| (path.trim_start_matches(&inside).to_owned(), code)).collect()
}

fn check(name: &str, archive: &[u8], expected: &[(&str, &str)]) {
    let own = |(path, code): &(&str, &str)| ((*path).to_owned(), (*code).to_owned());
    let expected: Vec<_> = expected.iter().map(own).collect();
    assert_eq!(codes_of(name, archive), expected, "{name}");
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a.jpg", photo(1)),
        ("deep/b-stored.jpg", photo(2)),
        ("notes.txt", b"no picture".to_vec()),
        (".hidden.jpg", photo(3)),
        ("__MACOSX/a.jpg", photo(3)),
        ("../out.jpg", photo(4)),
        ("/etc/passwd.jpg", photo(4)),
        ("deep/../../up.jpg", photo(4)),
        ("nested.zip", zipped(&[("c.jpg", photo(5))])),
        ("nested.tgz", gzipped(&tarred(&[("c.jpg", photo(5))]))),
        ("nested.tar", tarred(&[("c.jpg", photo(5))])),
        ("damaged.jpg", fixture("hostile/truncated.jpg")),
    ]
}

const EXPECTED: &[(&str, &str)] = &[
    ("../out.jpg", "ARCHIVE_NAME_NOT_VALID"),
    ("/etc/passwd.jpg", "ARCHIVE_NAME_NOT_VALID"),
    ("a.jpg", "ok"),
    ("damaged.jpg", "PHOTO_DAMAGED"),
    ("deep/../../up.jpg", "ARCHIVE_NAME_NOT_VALID"),
    ("deep/b-stored.jpg", "ok"),
    ("nested.tar", "ARCHIVE_NESTED"),
    ("nested.tgz", "ARCHIVE_NESTED"),
    ("nested.zip", "ARCHIVE_NESTED"),
    ("notes.txt", "PHOTO_NOT_AN_IMAGE"),
];

#[test]
fn every_file_of_an_archive_is_a_row() {
    check("photos.zip", &zipped(&files()), EXPECTED);
    check("photos.tar", &tarred(&files()), EXPECTED);
    check("photos.tgz", &gzipped(&tarred(&files())), EXPECTED);
}

#[test]
fn an_archive_is_known_by_its_content() {
    check("photos.jpg", &zipped(&[("a.jpg", photo(1))]), &[("a.jpg", "ok")]);
    check("photos", &gzipped(&tarred(&[("a.jpg", photo(1))])), &[("a.jpg", "ok")]);
}

#[test]
fn a_damaged_archive_is_a_row_of_its_own_behind_what_could_be_read() {
    let zip = zipped(&[("a.jpg", photo(1))]);
    check("cut.zip", &zip[..zip.len() - 30], &[("cut.zip", "ARCHIVE_DAMAGED")]);
    let two = [("a.jpg", photo(1)), ("b.jpg", photo(2))];
    let tar = tarred(&two);
    let cut = &tar[..512 + photo(1).len().next_multiple_of(512) + 512 + 100];
    let expected = [("cut.tar", "ARCHIVE_DAMAGED"), ("a.jpg", "ok"), ("b.jpg", "ARCHIVE_DAMAGED")];
    check("cut.tar", cut, &expected);
    let zip = gzipped(b"not a tar");
    check("single.gz", &zip, &[("single.gz", "ARCHIVE_DAMAGED")]);
    let mut changed = zipped(&[("a-stored.jpg", photo(1)), ("b.jpg", photo(2))]);
    changed[200] ^= 1;
    check("changed.zip", &changed, &[("a-stored.jpg", "ARCHIVE_DAMAGED"), ("b.jpg", "ok")]);
}

/// The reader of archives has only the last of them, which must not pass in silence.
#[test]
fn entries_of_one_name_in_a_zip_are_told_of() {
    let mut zip = zipped(&[("x.jpg", photo(1)), ("y.jpg", photo(2))]);
    while let Some(at) = zip.windows(5).position(|bytes| bytes == b"y.jpg") {
        zip[at] = b'x';
    }
    check("twice.zip", &zip, &[("twice.zip", "ARCHIVE_DAMAGED"), ("x.jpg", "ok")]);
}

/// The four bytes that make the CRC-32 of what is before them that of `like`.
fn bytes_for_sum(before: &[u8], like: &[u8]) -> [u8; 4] {
    let table: Vec<u32> = (0..256)
        .map(|byte| (0..8).fold(byte, |sum, _| sum >> 1 ^ (0xEDB8_8320 * (sum & 1))))
        .collect();
    let state = |bytes: &[u8]| {
        let mut sum = flate2::Crc::new();
        sum.update(bytes);
        !sum.sum()
    };
    let mut back = state(like);
    for _ in 0..4 {
        let place = table.iter().position(|sum| sum >> 24 == back >> 24).unwrap();
        back = (back ^ table[place]) << 8 | u32::try_from(place).unwrap();
    }
    (back ^ state(before)).to_le_bytes()
}

#[test]
fn other_bytes_of_equal_sum_and_size_in_a_zip_are_checked() {
    let job = Job::new();
    let (mut one, mut other) = (photo(1), photo(2));
    let length = one.len().max(other.len());
    one.resize(length + 4, 0);
    other.resize(length, 0);
    other.extend(bytes_for_sum(&other, &one));
    for bytes in [one, other] {
        let zip = job.put("photos.zip", zipped(&[("a-stored.jpg", bytes)]));
        let (said, failed) = printed(&job.run("out", &[&zip], HASHES));
        assert!(said.contains("1 checked now"), "{said}{failed}");
    }
}

/// A small record that says one entry, and a large one, here or where its locator says, of many.
#[test]
fn the_largest_count_of_a_zip_is_the_one_that_is_limited() {
    let zip = zipped(&[("a.jpg", photo(1))]);
    let (files, end) = zip.split_at(zip.len() - 22);
    let mut large = b"PK\x06\x06".to_vec();
    large.extend([&[44, 0, 0, 0, 0, 0, 0, 0, 45, 0, 45, 0][..], &[0; 8]].concat());
    for number in [2_000_000, 2_000_000, 46, 0_u64] {
        large.extend(number.to_le_bytes());
    }
    let mut locator = [&b"PK\x06\x07"[..], &[0; 4]].concat();
    locator.extend((files.len() as u64).to_le_bytes());
    locator.extend(1_u32.to_le_bytes());
    let expected = [("many.zip", "ARCHIVE_TOO_MANY_ENTRIES")];
    check("many.zip", &[files, &large, &locator, end].concat(), &expected);
    let far = [files, &large, &vec![0; 200_000], &locator, end].concat();
    check("many.zip", &far, &expected);
    let mut wide = zip.clone();
    wide[files.len() + 12..][..4].copy_from_slice(&100_000_000_u32.to_le_bytes());
    check("many.zip", &wide, &expected);
}

#[test]
fn what_unfolds_to_far_more_than_itself_is_refused() {
    let zeros = vec![0; 19 * 1024 * 1024];
    let names: Vec<String> = (10..30).map(|number| format!("{number}.jpg")).collect();
    let files: Vec<(&str, Vec<u8>)> =
        names.iter().map(|name| (name.as_str(), zeros.clone())).collect();
    for (name, bomb) in [("bomb.zip", zipped(&files)), ("bomb.tgz", gzipped(&tarred(&files)))] {
        let found = codes_of(name, &bomb);
        // 256 MiB hold 13 of them.
        let expected = (name.to_owned(), "ARCHIVE_UNFOLDS_TOO_FAR".to_owned());
        assert!(found.contains(&expected), "{found:?}");
        assert!((14..=15).contains(&found.len()), "{found:?}");
    }
}

#[test]
fn links_and_long_names_in_a_tar_are_what_they_are() {
    let mut tar = tar::Builder::new(Vec::new());
    let long = format!("{}/a.jpg", "long-folder/".repeat(20));
    let mut header = tar::Header::new_gnu();
    header.set_size(photo(1).len() as u64);
    header.set_cksum();
    tar.append_data(&mut header, &long, photo(1).as_slice()).unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    tar.append_link(&mut link, "link.jpg", "/etc/passwd").unwrap();
    let pax = [("path", "named/by pax.jpg".as_bytes())];
    tar.append_pax_extensions(pax).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("short.jpg").unwrap();
    header.set_size(photo(2).len() as u64);
    header.set_cksum();
    tar.append(&header, photo(2).as_slice()).unwrap();
    let long = long.as_str();
    let expected = [("link.jpg", "ARCHIVE_LINK"), (long, "ok"), ("named/by pax.jpg", "ok")];
    check("photos.tar", &tar.into_inner().unwrap(), &expected);
}

#[test]
fn a_long_name_of_a_folder_is_not_that_of_the_next_file() {
    let plain = |name: &str, bytes: &[u8], kind: tar::EntryType| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path(name).unwrap();
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        header
    };
    let folder = format!("{}/", "f".repeat(110));
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = plain("f/", b"", tar::EntryType::Directory);
    tar.append_data(&mut header, &folder, &[][..]).unwrap();
    let photo_of = |tar: &mut tar::Builder<Vec<u8>>, name: &str, seed: u32| {
        let bytes = photo(seed);
        let header = plain(name, &bytes, tar::EntryType::Regular);
        tar.append(&header, bytes.as_slice()).unwrap();
    };
    photo_of(&mut tar, "z.jpg", 1);
    check("gnu.tar", &tar.into_inner().unwrap(), &[("z.jpg", "ok")]);
    let mut tar = tar::Builder::new(Vec::new());
    for name in ["photos/Zo\u{eb}", "photos/Zo\u{eb}/"] {
        tar.append_pax_extensions([("path", name.as_bytes())]).unwrap();
        let header = plain("photos/Zo_", b"", tar::EntryType::Directory);
        tar.append(&header, &[][..]).unwrap();
        photo_of(&mut tar, &format!("{}.jpg", name.len()), 1);
        photo_of(&mut tar, &format!("{}-other.jpg", name.len()), 2);
    }
    let names = ["11-other.jpg", "11.jpg", "12-other.jpg", "12.jpg"];
    check("pax.tar", &tar.into_inner().unwrap(), &names.map(|name| (name, "ok")));
}

/// The header says that a name of a gigabyte follows. It is not read into memory.
#[test]
fn a_name_that_has_no_end_is_refused() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1024 * 1024);
    header.set_cksum();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append(&header, vec![b'a'; 1024 * 1024].as_slice()).unwrap();
    let mut plain = tar::Header::new_gnu();
    plain.set_path("a.jpg").unwrap();
    plain.set_size(photo(1).len() as u64);
    plain.set_cksum();
    tar.append(&plain, photo(1).as_slice()).unwrap();
    let found = codes_of("photos.tar", &tar.into_inner().unwrap());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1, "ARCHIVE_NAME_NOT_VALID");
}

/// What a job makes of standard input.
fn fed(input: &[u8]) -> Vec<(String, String)> {
    let job = Job::new();
    let words = job.words("out", &[Path::new("-")], HASHES);
    let output = photocheck_fed(job.db(), words.iter().map(String::as_str), input);
    assert!(job.out("out").join("manifest.json").exists(), "{}", printed(&output).1);
    job.codes("out")
}

#[test]
fn standard_input_is_a_tar_or_a_list() {
    let job = Job::new();
    let (one, other) = (job.put("a b.jpg", photo(1)), job.put("deep/c.jpg", photo(2)));
    let folder = other.parent().unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let expected = [(text(&one), "ok".to_owned()), (text(&other), "ok".to_owned())];
    for list in [
        format!("{}\n\r\n{}\r\n", text(&one), text(&other)),
        format!("{}\0{}\0", text(&one), text(&other)),
        format!("{}\n{}", text(&one), text(folder)),
    ] {
        assert_eq!(fed(list.as_bytes()), expected, "{list:?}");
    }
    let tar = tarred(&[("a.jpg", photo(1)), ("x/b.jpg", photo(2))]);
    let expected = [("a.jpg", "ok"), ("x/b.jpg", "ok")];
    let expected = expected.map(|(path, code)| (path.to_owned(), code.to_owned()));
    assert_eq!(fed(&tar), expected);
    assert_eq!(fed(&gzipped(&tar)), expected);
}

#[test]
fn an_archive_among_those_that_a_pattern_matches_is_opened() {
    let job = Job::new();
    job.put("one.zip", zipped(&[("a.jpg", photo(1))]));
    job.put("two.tar", tarred(&[("b.jpg", photo(2))]));
    job.put("c.jpg", photo(3));
    fs::create_dir(job.input("folder")).unwrap();
    job.run("out", &[&job.input("*")], HASHES);
    let found: Vec<String> = job.codes("out").into_iter().map(|(path, _)| path).collect();
    assert_eq!(found, ["c.jpg", "one.zip/a.jpg", "two.tar/b.jpg"]);
}
