//! What comes of a job beside its rows: rings, the page, and photos chosen for a bank.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use image::codecs::jpeg::JpegEncoder;
use photocheck_core::evaluation::edits::{Edit, Random};
use photocheck_core::photo::Photo;
use photocheck_core::photo::reencode::uploaded;

use crate::support::bulk::{Job, photo, printed, table};
use crate::support::{command, fixture, fixtures};

/// What is done to photos that are used again.
const EDITS: [Edit; 8] = [
    Edit::Mirror,
    Edit::SquareOffCentre,
    Edit::Crop(70),
    Edit::Border(10),
    Edit::StoryFrame,
    Edit::SmallJpeg(40),
    Edit::Overlay,
    Edit::Warm,
];

/// Pairs of one photo that are in one ring, all pairs in one ring, and all pairs of one photo.
fn pairs(rings: &BTreeMap<String, Vec<String>>, originals: &[String]) -> (usize, usize, usize) {
    let of_photo = |path: &String| path.rsplit('/').nth(1).unwrap().to_owned();
    let pairs = |count: usize| count * count.saturating_sub(1) / 2;
    let (mut right, mut found) = (0, 0);
    for paths in rings.values() {
        found += pairs(paths.len());
        let mut by_photo: BTreeMap<String, usize> = BTreeMap::new();
        for path in paths {
            *by_photo.entry(of_photo(path)).or_default() += 1;
        }
        right += by_photo.values().map(|count| pairs(*count)).sum::<usize>();
    }
    (right, found, originals.len() * pairs(EDITS.len() + 1))
}

/// Six photos, each with eight edited copies, every one on an account of its own: the rings are
/// those photos.
#[test]
fn edited_copies_are_joined_and_different_photos_are_not() {
    let job = Job::new();
    let mut list = "path,account_id\n".to_owned();
    let originals: Vec<String> = fixtures().photo.into_iter().map(|photo| photo.path).collect();
    for (number, path) in originals.iter().enumerate() {
        let bytes = fixture(path);
        let pixels = uploaded(Photo::decode(&bytes).unwrap().pixels());
        job.put(&format!("{number}/original"), bytes);
        for edit in EDITS {
            let edited = edit.apply(&pixels, &mut Random::seeded(19, number, edit));
            let mut jpeg = Vec::new();
            edited.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 85)).unwrap();
            job.put(&format!("{number}/{}", edit.name()), jpeg);
            writeln!(list, "{number}/{0},{0}", edit.name()).unwrap();
        }
        writeln!(list, "{number}/original,owner {number}").unwrap();
    }
    let list = job.put("list.csv", list);
    let base = job.input("");
    let output = job.run("out", &[&list], &["--base", base.to_str().unwrap()]);
    let (said, progress) = printed(&output);
    let mut rings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in table(&job.out("out").join("rings.csv")) {
        assert_eq!(row["accounts"], row["photos"], "each is on an account of its own");
        rings.entry(row["ring"].clone()).or_default().push(row["path"].clone());
    }
    let (right, found, all) = pairs(&rings, &originals);
    assert_eq!(right, found, "different photos are joined: {rings:?}");
    assert!(
        all * 95 <= right * 100,
        "{right} of {all} pairs are found: {rings:?}\n{said}{progress}"
    );
}

#[test]
fn rings_of_most_accounts_come_first_and_equal_bytes_are_copies() {
    let job = Job::new();
    let list =
        "path,account_id\na.jpg,1\nb.jpg,1\nc.jpg,2\nc.jpg,3\nd.jpg,\nnotes.txt,4\nnotes.txt,5\n";
    for (name, seed) in [("a.jpg", 1), ("b.jpg", 1), ("c.jpg", 2), ("d.jpg", 3)] {
        job.put(name, photo(seed));
    }
    job.put("notes.txt", "no picture");
    let list = job.put("list.csv", list);
    let base = job.input("");
    job.run("out", &[&list], &["--what", "ai", "--base", base.to_str().unwrap()]);
    let rings = table(&job.out("out").join("rings.csv"));
    let found: Vec<[&str; 5]> = rings
        .iter()
        .map(|row| {
            ["ring", "accounts", "photos", "path", "distance"].map(|name| row[name].as_str())
        })
        .collect();
    let expected = [
        ["1", "2", "2", "c.jpg", ""],
        ["1", "2", "2", "c.jpg", ""],
        ["2", "1", "2", "a.jpg", ""],
        ["2", "1", "2", "b.jpg", ""],
    ];
    assert_eq!(found, expected);
}

/// What a file says beside its picture makes other bytes of it, but no other photo.
#[test]
fn files_with_the_same_picture_are_one_photo() {
    let job = Job::new();
    for number in 0..40 {
        let mut bytes = fixture("photos/real-hopper.jpg");
        bytes.push(number);
        job.put(&format!("{number}.jpg"), bytes);
    }
    job.put("other.jpg", fixture("photos/real-coffee.jpg"));
    job.run("out", &[&job.input("")], &["--what", "hashes"]);
    let rings = table(&job.out("out").join("rings.csv"));
    assert_eq!(rings.len(), 40);
    for row in &rings {
        let found = ["ring", "photos", "files", "distance", "view"].map(|name| row[name].as_str());
        assert_eq!(found, ["1", "40", "40", "0", "whole"]);
    }
}

#[test]
fn the_page_needs_no_other_file_and_escapes_what_strangers_named() {
    let job = Job::new();
    let name = "<img src=x onerror=alert(1)>.jpg";
    job.put(name, fixture("photos/ai-portrait-1.jpg"));
    job.put("again.jpg", fixture("photos/ai-portrait-1.jpg"));
    let list =
        format!("path,account_id,country\n{name},a&b,<i>CH</i>\nagain.jpg,c,DE\ngone.jpg,d,\n");
    let list = job.put("list.csv", list);
    let base = job.input("");
    let output = job.run("out", &[&list], &["--base", base.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{}", printed(&output).1);
    let (folder, html) = (job.out("out"), job.out("page.html"));
    let page = |more: &[&str]| {
        let mut command = command(job.db());
        command.args(["bulk", "report", folder.to_str().unwrap(), "--html"]);
        let output = command.arg(&html).args(more).output().unwrap();
        assert!(output.status.success(), "{}", printed(&output).1);
        fs::read_to_string(&html).unwrap()
    };
    let plain = page(&[]);
    for outside in ["http://", "https://", "<script ", "<link", "@import", "url(", "<img", "<i>"] {
        assert!(!plain.contains(outside), "{outside}");
    }
    for said in [
        "3 photos checked",
        "&lt;img src=x onerror=alert(1)&gt;.jpg",
        "a&amp;b",
        "&lt;i&gt;CH&lt;/i&gt;",
        "SYNTHETIC_FACE",
        "the face looks as if it was made by AI",
        "FILE_UNREADABLE",
        "2 accounts, 2 photos, 1 different file<",
    ] {
        assert!(plain.contains(said), "{said}");
    }
    assert!(!plain.contains("data:image"));
    let with_pictures = page(&["--thumbnails"]);
    assert_eq!(with_pictures.matches("data:image/jpeg;base64,").count(), 4);
    assert!(with_pictures.contains("class=\"face\""));
}

/// A job that asks for no verdict has none, which is no refusal.
#[test]
fn only_what_has_an_error_is_refused_on_the_page() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    let list = job.put("list.csv", "path,country\na.jpg,CH\ngone.jpg,DE\n");
    let base = job.input("");
    job.run("out", &[&list], &["--what", "hashes", "--base", base.to_str().unwrap()]);
    let html = job.out("page.html");
    let mut report = command(job.db());
    report.args(["bulk", "report", job.out("out").to_str().unwrap(), "--html"]).arg(&html);
    assert!(report.output().unwrap().status.success());
    let page = fs::read_to_string(&html).unwrap();
    for (country, refused) in [("CH", "0"), ("DE", "1")] {
        let cells = [country, "1", "0", "0", "0", "0", refused].map(|it| format!("<td>{it}</td>"));
        assert!(page.contains(&cells.concat()), "{country}: {page}");
    }
}

#[test]
fn chosen_rows_go_into_a_bank() {
    let job = Job::new();
    let stolen = job.put("stolen.jpg", fixture("photos/real-hopper.jpg"));
    let changed = job.put("changed.jpg", fixture("photos/real-coffee.jpg"));
    let input = job.input("");
    job.run("out", &[&input], &["--what", "hashes"]);
    let chosen = job.out("out").join("csv/part-00001.csv");
    fs::write(&changed, photo(1)).unwrap();
    let run = |words: &[&str]| command(job.db()).args(words).output().unwrap();
    assert!(run(&["bank", "create", "STOLEN"]).status.success());
    let (folder, chosen) = (job.out("out"), chosen.to_str().unwrap().to_owned());
    let words = ["bulk", "bank", folder.to_str().unwrap(), "--rows", &chosen, "--bank", "STOLEN"];
    let output = run(&words);
    let (added, refused) = printed(&output);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(added, format!("added\t1\t{}\n", stolen.display()));
    assert!(refused.contains("the file has changed since it was checked"), "{refused}");
    let checked = run(&["check", stolen.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(1));
}
