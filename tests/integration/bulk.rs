//! `photocheck bulk run`: folders, manifests and patterns become tables with a row a photo.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::bulk::{Job, files_in, photo, printed};
use crate::support::{fixture, photocheck};

const HASHES: &[&str] = &["--what", "hashes"];

#[test]
fn a_folder_becomes_a_row_for_every_file_that_is_not_hidden() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    job.put("deep/er/b.jpg", photo(2));
    job.put("deep/same.jpg", photo(1));
    job.put("damaged.jpg", fixture("hostile/truncated.jpg"));
    job.put("notes.txt", "no picture");
    job.put(".hidden.jpg", photo(3));
    job.put(".hidden/c.jpg", photo(3));
    let outside = job.folder.path().join("outside.jpg");
    fs::write(&outside, photo(4)).unwrap();
    std::os::unix::fs::symlink(&outside, job.input("outside.jpg")).unwrap();
    std::os::unix::fs::symlink(job.input("a.jpg"), job.input("inside.jpg")).unwrap();
    std::os::unix::fs::symlink(job.input("deep"), job.input("loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", job.input("broken.jpg")).unwrap();
    let output = job.run("out", &[&job.input("")], HASHES);
    let (said, progress) = printed(&output);
    assert_eq!(output.status.code(), Some(2), "{said}{progress}");
    let expected = [
        ("a.jpg", "ok"),
        ("broken.jpg", "FILE_UNREADABLE"),
        ("damaged.jpg", "PHOTO_DAMAGED"),
        ("deep/er/b.jpg", "ok"),
        ("deep/same.jpg", "ok"),
        ("inside.jpg", "ok"),
        ("notes.txt", "PHOTO_NOT_AN_IMAGE"),
        ("outside.jpg", "LINK_OUTSIDE_FOLDER"),
    ];
    let expected = expected.map(|(path, code)| (path.to_owned(), code.to_owned()));
    assert_eq!(job.codes("out"), expected);
    let summary = job.summary("out");
    assert_eq!((&summary["rows_in"], &summary["rows_out"]), (&8.into(), &8.into()));
    assert_eq!(summary["no_pictures"], 1);
    assert_eq!(summary["counts"]["equal_bytes"], 2);
    for line in ["4 hashed", "1 no pictures", "8 rows in, 8 rows out"] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn results_inside_the_folder_that_is_read_are_no_photos() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    for (out, input) in [("in/job", ""), ("in/job", "*"), ("in/job", "**/*")] {
        for _ in 0..2 {
            let output = job.run(out, &[&job.input(input)], HASHES);
            let (said, failed) = printed(&output);
            assert!(said.contains("1 rows in, 1 rows out"), "{input}: {said}{failed}");
        }
    }
}

#[test]
fn photos_beside_the_results_are_photos() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    job.put("deep/b.jpg", photo(2));
    for (out, input) in [("in", ""), ("in", "*"), ("in/deep", "**/*")] {
        for _ in 0..2 {
            let output = job.run(out, &[&job.input(input)], HASHES);
            let (said, failed) = printed(&output);
            assert!(said.contains("2 rows in, 2 rows out"), "{out} {input}: {said}{failed}");
        }
        for own in ["csv", "parquet", "state.sqlite", "rings.csv", "rings.parquet", "manifest.json"]
        {
            let own = job.out(out).join(own);
            let _ = fs::remove_dir_all(&own).or_else(|_| fs::remove_file(&own));
        }
    }
}

#[test]
fn files_that_are_no_pictures_do_not_count_as_trouble() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    job.put("notes.txt", "no picture");
    assert_eq!(job.run("out", &[&job.input("")], HASHES).status.code(), Some(0));
}

#[test]
fn a_file_that_is_named_twice_is_one_row() {
    let job = Job::new();
    let file = job.put("a.jpg", photo(1));
    let pattern = job.input("*.jp?");
    // Also when it was done before.
    for _ in 0..2 {
        let output = job.run("out", &[&job.input(""), &file, &pattern], HASHES);
        let (said, failed) = printed(&output);
        assert_eq!(job.rows("out").len(), 1, "{said}{failed}");
        assert!(said.contains("2 named twice, counted once"), "{said}{failed}");
    }
}

#[test]
fn a_manifest_brings_accounts_ids_and_its_other_columns() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    job.put("b, c.jpg", photo(2));
    let csv = "\u{feff}Country;path;user_id;score;photo_id\r\nCH;a.jpg;7;old;p1\r\n\
               ;\"b, c.jpg\";;;\r\nFR;gone.jpg;9;;p3\r\nFR;;9;;p4\r\n";
    let csv = job.put("list.csv", csv);
    let ndjson = "{\"path\":\"a.jpg\",\"account\":8,\"Country\":\"DE\",\"tags\":[\"x\"]}\n\
                  not json\n\n{\"path\":null}\n";
    let ndjson = job.put("list.ndjson", ndjson);
    let base = job.input("");
    let base = ["--what", "hashes", "--base", base.to_str().unwrap()];
    job.run("out", &[&csv, &ndjson], &base);
    let rows = job.rows("out");
    let found: BTreeSet<[&str; 7]> = rows
        .iter()
        .map(|row| {
            let names = ["id", "account_id", "Country", "input_score", "tags", "error_code"];
            let [id, account, country, score, tags, code] = names.map(|name| row[name].as_str());
            let name = row["path"].rsplit('/').next().unwrap();
            [name, id, account, country, score, tags, code]
        })
        .collect();
    let not_valid = "MANIFEST_ROW_NOT_VALID";
    let expected = BTreeSet::from([
        ["a.jpg", "p1", "7", "CH", "old", "", ""],
        ["a.jpg", "", "8", "DE", "", "[\"x\"]", ""],
        ["b, c.jpg", "", "", "", "", "", ""],
        ["gone.jpg", "p3", "9", "FR", "", "", "FILE_UNREADABLE"],
        ["list.csv, row 4", "", "", "", "", "", not_valid],
        ["list.ndjson, row 2", "", "", "", "", "", not_valid],
        ["list.ndjson, row 4", "", "", "", "", "", not_valid],
    ]);
    assert_eq!(found, expected);
}

#[test]
fn columns_can_be_named_and_must_be_there() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    let list = job.put("list.csv", "where,who,path\na.jpg,7,other\n");
    let base = job.input("");
    let base = base.to_str().unwrap();
    let named = ["--path-column", "where", "--account-column", "who", "--base", base];
    let named = [HASHES, &named].concat();
    job.run("out", &[&list], &named);
    let rows = job.rows("out");
    assert_eq!(
        [&rows[0]["path"], &rows[0]["account_id"], &rows[0]["input_path"]],
        ["a.jpg", "7", "other"]
    );
    let output = job.run("out", &[&list], &[HASHES, &["--id-column", "nowhere"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(printed(&output).1.contains("no column nowhere"));
    let plain = job.put("plain.csv", "where\na.jpg\n");
    let (_, said) = printed(&job.run("out", &[&plain], HASHES));
    assert!(said.contains("--path-column"), "{said}");
}

/// One row is read whole, so it must end.
#[test]
fn a_row_without_an_end_stops_the_job() {
    let job = Job::new();
    let endless = format!("path,note\na.jpg,\"{}", "x".repeat(3 * 1024 * 1024));
    for (name, list) in [("a.csv", endless.clone()), ("b.csv", format!("path,\"{endless}"))] {
        let list = job.put(name, list);
        let output = job.run("out", &[&list], HASHES);
        assert_eq!(output.status.code(), Some(2));
        let (_, said) = printed(&output);
        assert!(said.contains("a row has more than 1048576 bytes"), "{said}");
    }
    let long = "x".repeat(3 * 1024 * 1024);
    let line = format!("{{\"path\":\"{long}\"}}\n{{\"path\":\"gone.jpg\"}}\n");
    let list = job.put("c.ndjson", line);
    job.run("lines", &[&list], HASHES);
    let codes: Vec<String> = job.codes("lines").into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["MANIFEST_ROW_NOT_VALID", "FILE_UNREADABLE"]);
}

#[test]
fn what_is_not_there_stops_the_job_before_it_begins() {
    let job = Job::new();
    for (input, words) in [("gone", "no such file"), ("*.png", "nothing matches")] {
        let output = job.run("out", &[&job.input(input)], HASHES);
        assert_eq!(output.status.code(), Some(2));
        assert!(printed(&output).1.contains(words), "{}", printed(&output).1);
    }
    assert!(!job.out("out").exists());
}

#[test]
fn parts_are_of_the_size_asked_for_and_listed_with_their_digests() {
    use sha2::{Digest, Sha256};
    let job = Job::new();
    for seed in 0..23 {
        job.put(&format!("{seed}.jpg"), photo(seed));
    }
    job.run("out", &[&job.input("")], &[HASHES, &["--part-rows", "10"]].concat());
    let csv = files_in(&job.out("out").join("csv"));
    assert_eq!(csv.len(), 3, "{csv:?}");
    let summary = job.summary("out");
    let mut rows = 0;
    for file in summary["files"].as_array().unwrap() {
        let bytes = fs::read(job.out("out").join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"], bytes.len());
        assert_eq!(file["sha256"], hex::encode(Sha256::digest(&bytes)));
        let name = file["name"].as_str().unwrap();
        rows += if name.starts_with("csv/") { file["rows"].as_u64().unwrap() } else { 0 };
    }
    assert_eq!(rows, 23);
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_says_what_csv_says() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let job = Job::new();
    job.put("a.jpg", photo(1));
    job.put("ünï.jpg", "no picture");
    let list = job.put("list.csv", "path,note\na.jpg,\"x, \"\"y\"\"\"\nünï.jpg,\n");
    let base = job.input("");
    job.run("out", &[&list], &[HASHES, &["--base", base.to_str().unwrap()]].concat());
    let csv = job.rows("out");
    let mut found = 0;
    for part in files_in(&job.out("out").join("parquet")) {
        let reader = SerializedFileReader::new(fs::File::open(part).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap().map(Result::unwrap) {
            let text = |field: &Field| match field {
                Field::Null => String::new(),
                Field::Str(text) => text.clone(),
                other => other.to_string(),
            };
            let row = row.get_column_iter().map(|(name, field)| (name.clone(), text(field)));
            assert_eq!(csv[found], row.collect());
            found += 1;
        }
    }
    assert_eq!((found, csv.len()), (2, 2));
    assert_eq!(csv[0]["note"], "x, \"y\"");
}

/// The results of one job are the manifest of another.
#[cfg(feature = "parquet")]
#[test]
fn a_parquet_manifest_says_what_a_csv_one_says() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    let list = job.put("list.csv", "where,user,note\na.jpg,7,\"x, y\"\ngone.jpg,,\n,8,z\n");
    let base = job.input("");
    let base = [HASHES, &["--base", base.to_str().unwrap()]].concat();
    let named = [&base[..], &["--path-column", "where"]].concat();
    job.run("first", &[&list], &named);
    let first = job.out("first/parquet/part-00001.parquet");
    let output = job.run("second", &[&first], &base);
    assert_eq!(job.rows("first").len(), 3, "{}", printed(&output).1);
    for (first, second) in job.rows("first").iter().zip(job.rows("second")) {
        let names = ["path", "account_id", "note", "pdq", "pdq_quality", "error_code"];
        // The third row had no path, and then it is a path that is not there.
        let is_same = |name: &&str| first[*name] == second[*name] || *name == "error_code";
        assert_eq!(names.iter().find(|name| !is_same(name)), None, "{first:?} {second:?}");
        for name in ["width", "pdq", "error_code"] {
            assert_eq!(first[name], second[&format!("input_{name}")]);
        }
    }
    let broken = job.put("broken.parquet", "path\na.jpg\n");
    let output = job.run("broken", &[&broken], &base);
    assert_eq!(output.status.code(), Some(2));
    assert!(printed(&output).1.contains("broken.parquet"), "{}", printed(&output).1);
}

/// The same reports as `check`, and the same exit code.
#[test]
fn a_job_says_what_check_says() {
    let job = Job::new();
    for name in ["ai-portrait-1.jpg", "real-hopper.jpg"] {
        job.put(name, fixture(&format!("photos/{name}")));
    }
    let input = job.input("");
    let output = job.run("out", &[&input], &["--ndjson"]);
    let check = ["check", "--json", "--create", input.to_str().unwrap()];
    let checked = photocheck(job.db(), check);
    assert_eq!(output.status.code(), checked.status.code(), "{}", printed(&output).1);
    let lines = |text: &str| {
        let mut lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.sort_by_key(|line| line["path"].to_string());
        lines
    };
    let part = fs::read_to_string(job.out("out").join("ndjson/part-00001.ndjson")).unwrap();
    let expected = lines(&printed(&checked).0);
    assert_eq!(lines(&part), expected);
    for (row, report) in job.rows("out").iter().zip(&expected) {
        assert_eq!(row["verdict"], report["verdict"].as_str().unwrap());
        assert_eq!(row["reasons"], crate::support::codes(report).join(" "));
        assert_eq!(row["sha256"], report["photo"]["sha256"].as_str().unwrap());
        let score = report["evidence"]["synthetic"]["score"].to_string();
        assert_eq!(row["score"], score);
    }
}

#[test]
fn a_part_of_a_check_answers_for_itself() {
    let job = Job::new();
    let photo = fixture("photos/ai-portrait-1.jpg");
    let file = job.put("a.jpg", photo);
    for what in ["ai", "provenance"] {
        job.run(what, &[&file], &["--what", what]);
    }
    let (ai, provenance) = (job.rows("ai"), job.rows("provenance"));
    assert_eq!(ai[0]["verdict"], "suspect");
    assert_eq!(ai[0]["reasons"], "SYNTHETIC_FACE");
    assert!(!ai[0]["score"].is_empty() && ai[0]["pdq"].is_empty());
    assert!(provenance[0]["score"].is_empty() && provenance[0]["pdq"].is_empty());
    assert!(["clear", "fake"].contains(&provenance[0]["verdict"].as_str()));
}
