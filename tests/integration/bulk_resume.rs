//! `photocheck bulk run`, started again: after it was killed, and after something changed.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::support::bulk::{Job, files_in, photo, printed};
use crate::support::{command, fixture, photocheck, root};

const WORDS: &[&str] = &["--what", "hashes", "--part-rows", "16", "--ndjson", "--cores", "2"];

/// All lines of all parts, sorted; and the rings.
fn results(job: &Job, out: &str) -> (Vec<String>, Vec<String>, Vec<u8>) {
    let lines = |format: &str| {
        let mut lines = Vec::new();
        for part in files_in(&job.out(out).join(format)) {
            let text = fs::read_to_string(part).unwrap();
            let skipped = usize::from(format == "csv");
            lines.extend(text.lines().skip(skipped).map(str::to_owned));
        }
        lines.sort();
        lines
    };
    (lines("csv"), lines("ndjson"), fs::read(job.out(out).join("rings.csv")).unwrap())
}

/// Photos, copies of them, some that are refused, and a manifest that names some again.
fn fill(job: &Job) {
    for seed in 0..220 {
        job.put(&format!("{seed:03}.jpg"), photo(seed));
        if seed % 7 == 0 {
            job.put(&format!("again/{seed:03}.jpg"), photo(seed));
        }
    }
    job.put("damaged.jpg", fixture("hostile/truncated.jpg"));
    job.put("notes.txt", "no picture");
    let mut list = "path,account_id,note\n".to_owned();
    for seed in 0..60 {
        let (name, account) = (seed % 40, seed % 9);
        writeln!(list, "{name:03}.jpg,{account},\"note {seed}\"").unwrap();
    }
    fs::write(job.folder.path().join("list.csv"), list + "gone.jpg,1,\n").unwrap();
}

fn started(job: &Job, out: &str) -> Command {
    let (input, list) = (job.input(""), job.folder.path().join("list.csv"));
    let base = ["--base", input.to_str().unwrap()];
    let words = job.words(out, &[&input, &list], &[WORDS, &base].concat());
    let mut command = command(job.db());
    command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it until it is done, or kills it once this time has passed since it began to read.
fn killed_after(job: &Job, out: &str, time: Duration) -> bool {
    let mut child = started(job, out).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    // It says with what it checks when everything is loaded.
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    assert!(first.starts_with("checking with"), "{first}");
    let (ended, end) = channel();
    let printing = child.stdout.take().unwrap();
    std::thread::spawn(move || {
        // It ends with the program.
        let _ = std::io::copy(&mut BufReader::new(printing), &mut std::io::sink());
        let _ = ended.send(());
    });
    if end.recv_timeout(time).is_err() {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    // It may have ended before it was killed.
    assert!([None, Some(2)].contains(&status.code()), "{status}");
    status.code().is_none()
}

/// Killed by SIGKILL ten times at random moments: every row is there once, and all are those of an
/// undisturbed run.
#[test]
fn a_killed_job_ends_as_an_undisturbed_one() {
    let job = Job::new();
    fill(&job);
    let begun = Instant::now();
    assert!(!killed_after(&job, "whole", Duration::from_mins(10)));
    let whole = begun.elapsed();
    let expected = results(&job, "whole");
    assert_eq!(expected.0.len(), 220 + 32 + 2 + 61);
    let mut chance = u64::from(std::process::id());
    let (mut kills, mut ends) = (0, 0);
    while kills < 10 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = u32::try_from(chance >> 33).unwrap() % 200;
        if killed_after(&job, "out", whole * share / 1000) {
            kills += 1;
            check_parts(&job, "out");
        } else {
            // Done before the time: from the beginning again.
            assert!(results(&job, "out") == expected, "the rows differ after {kills} kills");
            fs::remove_dir_all(job.out("out")).unwrap();
            ends += 1;
            assert!(ends < 50, "it is never killed");
        }
    }
    assert!(!killed_after(&job, "out", Duration::from_mins(10)));
    assert!(results(&job, "out") == expected, "the rows differ");
    let names = |out: &str| -> Vec<String> {
        let files = job.summary(out)["files"].as_array().unwrap().clone();
        files.iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
    };
    let listed: BTreeSet<String> = names("out").into_iter().collect();
    for format in ["csv", "parquet", "ndjson"] {
        for part in files_in(&job.out("out").join(format)) {
            let name = format!("{format}/{}", part.file_name().unwrap().display());
            assert!(listed.contains(&name), "{name} is not listed");
        }
    }
}

/// Whatever the moment, a part is whole: each of its lines is, and the last one ends.
fn check_parts(job: &Job, out: &str) {
    let folder = job.out(out).join("csv");
    if !folder.exists() {
        return;
    }
    for part in files_in(&folder) {
        if part.file_name().unwrap().to_str().unwrap().starts_with("part-") {
            let text = fs::read_to_string(&part).unwrap();
            assert!(text.ends_with('\n') && 1 < text.lines().count(), "{}", part.display());
        }
    }
}

fn said(job: &Job, inputs: &[&Path], more: &[&str]) -> String {
    let output = job.run("out", inputs, more);
    printed(&output).0
}

#[test]
fn what_did_not_change_is_not_checked_again() {
    let job = Job::new();
    let words = ["--what", "hashes"];
    for seed in 0..5 {
        job.put(&format!("{seed}.jpg"), photo(seed));
    }
    job.put("copy.jpg", photo(0));
    let input = job.input("");
    let check = |more: &[&str], expected: &str| {
        let said = said(&job, &[&input], &[&words, more].concat());
        assert!(said.contains(expected), "{expected}: {said}");
    };
    check(&[], "5 checked now");
    check(&[], "0 checked now, 6 rows were done before");
    check(&["--ndjson"], "0 checked now, 6 rows were done before");
    assert!(job.out("out").join("ndjson").exists());
    // Other bytes in the same place, a new photo, and one that is gone.
    job.put("1.jpg", photo(100));
    job.put("new.jpg", photo(101));
    fs::remove_file(job.input("2.jpg")).unwrap();
    check(&[], "2 checked now, 4 rows were done before");
    let rows = job.rows("out");
    let names: Vec<&str> = rows.iter().map(|row| row["path"].rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["0.jpg", "1.jpg", "3.jpg", "4.jpg", "copy.jpg", "new.jpg"]);
    assert!(!job.out("out").join("ndjson/part-00001.ndjson").exists());
    // The same bytes under another name.
    fs::rename(job.input("3.jpg"), job.input("moved.jpg")).unwrap();
    check(&[], "0 checked now, 5 rows were done before");
    check(&["--force"], "5 checked now");
}

#[test]
fn another_question_is_asked_of_every_photo() {
    let job = Job::new();
    job.put("a.jpg", photo(1));
    let input = job.input("");
    assert!(said(&job, &[&input], &["--what", "hashes"]).contains("1 checked now"));
    assert!(said(&job, &[&input], &["--what", "provenance"]).contains("1 checked now"));
    assert_eq!(job.rows("out")[0]["verdict"], "clear");
    assert!(said(&job, &[&input], &["--what", "provenance"]).contains("0 checked now"));
}

/// The index of banks that the first run saw is not that of the second.
#[test]
fn a_changed_bank_means_to_check_again() {
    let job = Job::new();
    let file = job.put("a.jpg", fixture("photos/real-hopper.jpg"));
    let bank = |words: &[&str]| {
        let output = command(job.db()).args(words).output().unwrap();
        assert!(output.status.success(), "{}", printed(&output).1);
    };
    bank(&["bank", "create", "STOLEN"]);
    assert!(said(&job, &[&file], &[]).contains("1 checked now"));
    assert_eq!(job.rows("out")[0]["bank"], "");
    bank(&["bank", "add", "STOLEN", file.to_str().unwrap()]);
    assert!(said(&job, &[&file], &[]).contains("1 checked now"));
    let row = &job.rows("out")[0];
    assert_eq!([&row["bank"], &row["bank_distance"], &row["verdict"]], ["STOLEN", "0", "fake"]);
}

/// Its generation and the names in it are those of the first.
#[test]
fn another_database_means_to_check_again() {
    let job = Job::new();
    let file = job.put("a.jpg", fixture("photos/real-hopper.jpg"));
    let other = job.folder.path().join("other.jpg");
    fs::write(&other, fixture("photos/real-coffee.jpg")).unwrap();
    let second = format!("sqlite:{}", job.folder.path().join("second.sqlite").display());
    for (db, banked) in [(job.db(), &other), (&second, &file)] {
        let add = ["bank", "add", "STOLEN", banked.to_str().unwrap()];
        for words in [&["bank", "create", "STOLEN"][..], &add] {
            let output = photocheck(db, words.iter().copied());
            assert!(output.status.success(), "{}", printed(&output).1);
        }
    }
    assert!(said(&job, &[&file], &[]).contains("1 checked now"));
    assert_eq!(job.rows("out")[0]["bank"], "");
    let words = job.words("out", &[&file], &[]);
    for expected in ["1 checked now", "0 checked now"] {
        let output = photocheck(&second, words.iter().map(String::as_str));
        assert!(printed(&output).0.contains(expected), "{output:?}");
        assert_eq!(job.rows("out")[0]["bank"], "STOLEN");
    }
}

#[test]
fn a_changed_policy_of_one_version_means_to_check_again() {
    let job = Job::new();
    let file = job.put("a.jpg", photo(1));
    let own = job.folder.path().join("ours.toml");
    let strict = fs::read_to_string(root().join("models/policies/strict.toml")).unwrap();
    let strict = strict.replace("\"strict\"", "\"ours\"");
    let changed = strict.replace("NO_FACE_FOUND = \"inconclusive\"", "NO_FACE_FOUND = \"suspect\"");
    let words = ["--what", "ai", "--policy", own.to_str().unwrap()];
    for (text, expected, verdict) in [
        (&strict, "1 checked now", "inconclusive"),
        (&strict, "0 checked now", "inconclusive"),
        (&changed, "1 checked now", "suspect"),
    ] {
        fs::write(&own, text).unwrap();
        let (said, failed) = printed(&job.run("out", &[&file], &words));
        assert!(said.contains(expected), "{expected}: {said}{failed}");
        assert_eq!(job.rows("out")[0]["verdict"], verdict);
    }
}
