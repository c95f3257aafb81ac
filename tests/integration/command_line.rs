//! The command line as a person or a script meets it: lines, exit codes, help.

use serde_json::Value;

use crate::support::{fixture, fixture_path, photocheck, temporary_db};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn one_bad_photo_never_stops_the_others() {
    let (folder, db) = temporary_db();
    let path = folder.path().join("photos");
    std::fs::create_dir_all(path.join("inner")).unwrap();
    for (name, from) in [
        ("a.jpg", "hostile/truncated.jpg"),
        ("b.png", "edge/png-8.png"),
        ("inner/c.txt", "hostile/text.jpg"),
        (".hidden.jpg", "hostile/text.jpg"),
    ] {
        std::fs::write(path.join(name), fixture(from)).unwrap();
    }
    let output = photocheck(&db, ["check", "--json", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let mut lines: Vec<(String, String)> = text(&output.stdout)
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let name = line["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let outcome = line["error"]["code"].as_str().unwrap_or("checked").to_owned();
            (name, outcome)
        })
        .collect();
    lines.sort();
    let expected =
        [("a.jpg", "PHOTO_DAMAGED"), ("b.png", "checked"), ("c.txt", "PHOTO_NOT_AN_IMAGE")];
    assert_eq!(lines, expected.map(|(name, outcome)| (name.to_owned(), outcome.to_owned())));
}

#[test]
fn a_missing_file_is_named() {
    let (_folder, db) = temporary_db();
    let output = photocheck(&db, ["check", "--json", "no-such.jpg"]);
    assert_eq!(output.status.code(), Some(2));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["path"], "no-such.jpg");
    assert_eq!(line["error"]["code"], "FILE_UNREADABLE");
}

#[test]
fn without_a_terminal_the_lines_are_plain() {
    let (_folder, db) = temporary_db();
    let path = fixture_path("photos/real-coffee.jpg");
    let output = photocheck(&db, ["check", path.to_str().unwrap()]);
    let text = text(&output.stdout);
    assert!(text.starts_with("inconclusive "), "{text}");
    assert!(text.contains("[NO_FACE_FOUND]"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert_eq!(output.status.code(), Some(0), "nothing found and nothing failed");
    assert_eq!(output.stderr, b"");
}

#[test]
fn hashes_are_printed_one_line_a_photo() {
    let (_folder, db) = temporary_db();
    let path = fixture_path("photos/real-hopper.jpg");
    let output = photocheck(&db, ["hash", path.to_str().unwrap()]);
    assert!(output.status.success());
    let text = text(&output.stdout);
    let columns: Vec<&str> = text.trim_end().split('\t').collect();
    assert_eq!(columns.len(), 4);
    assert_eq!((columns[0].len(), columns[1], columns[2].len()), (64, "100", 64));
    let refused = photocheck(&db, ["hash", fixture_path("hostile/empty.jpg").to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn what_cannot_be_done_is_said_on_standard_error() {
    let (_folder, db) = temporary_db();
    for (args, said) in [
        (vec!["bank", "add", "NONE", "x.jpg"], "there is no bank NONE"),
        (vec!["bank", "create", "lower"], "a bank's name has 1 to 64"),
        (vec!["bank", "remove", "NONE"], "--all"),
        (vec!["check", "x.jpg", "--model", "no-such-folder"], "no-such-folder"),
        (vec!["check", "x.jpg", "--db", "redis:x"], "must begin with sqlite:"),
        (vec!["eval", "no-such.csv"], "no-such.csv"),
    ] {
        let output = photocheck(&db, args.clone());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = text(&output.stderr);
        assert!(error.starts_with("error: ") && error.contains(said), "{args:?}: {error}");
    }
}

#[test]
fn a_model_that_is_not_the_one_described_is_refused() {
    let (folder, db) = temporary_db();
    let description = include_str!("../../models/synthetic-5/model.toml");
    std::fs::write(folder.path().join("model.toml"), description).unwrap();
    std::fs::write(folder.path().join("model.onnx"), b"another model").unwrap();
    let model = folder.path().to_str().unwrap();
    let output = photocheck(&db, ["check", "x.jpg", "--model", model]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("sha256"), "{}", text(&output.stderr));
}

/// What a file says of itself reaches the terminal only as plain text.
#[test]
fn escapes_in_a_file_do_not_reach_the_terminal() {
    let (folder, db) = temporary_db();
    let path = folder.path().join("red\u{1b}[31m.png");
    std::fs::write(&path, fixture("edge/png-8.png")).unwrap();
    for command in ["check", "inspect", "hash"] {
        let output = photocheck(&db, [command, path.to_str().unwrap()]);
        let text = text(&output.stdout);
        assert!(text.contains("red\\u{1b}[31m.png"), "{command}: {text:?}");
        assert!(!text.contains('\u{1b}'), "{command}: {text:?}");
    }
}
