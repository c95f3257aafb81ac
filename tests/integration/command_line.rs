//! The command line as a person or a script meets it: lines, exit codes, help.

use serde_json::Value;

use crate::support::{
    command, fixture, fixture_path, model_like_the_bundled, photocheck, photocheck_fed, root,
    temporary_db, temporary_place,
};

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
    let model = model_like_the_bundled(&folder, |description| description);
    let heads = model.join("heads.onnx");
    std::fs::remove_file(&heads).unwrap();
    std::fs::write(heads, b"another model").unwrap();
    let output = photocheck(&db, ["check", "x.jpg", "--model", model.to_str().unwrap()]);
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

/// `-` is standard input, as in `bank import NAME -`.
#[test]
fn a_dash_is_standard_input() {
    let (_folder, db) = temporary_db();
    let (photo, path) = (fixture("photos/real-hopper.jpg"), fixture_path("photos/real-hopper.jpg"));
    let path = path.to_str().unwrap();
    photocheck(&db, ["bank", "create", "OWN"]);
    for command in [vec!["hash"], vec!["inspect"], vec!["check"], vec!["bank", "add", "OWN"]] {
        let read = photocheck_fed(&db, command.iter().copied().chain(["-"]), &photo);
        let named = photocheck(&db, command.iter().copied().chain([path]));
        assert_eq!(read.status.code(), named.status.code(), "{command:?}: {read:?}");
        let expected = text(&named.stdout).replace(path, "-").replace("already there", "added");
        assert_eq!(text(&read.stdout), expected, "{command:?}");
    }
    let line = photocheck_fed(&db, ["check", "--json", "-"], &photo);
    let line: Value = serde_json::from_slice(&line.stdout).unwrap();
    assert_eq!((&line["path"], &line["photo"]["format"]), (&"-".into(), &"jpeg".into()));
    let empty = photocheck_fed(&db, ["hash", "-"], b"");
    assert_eq!(empty.status.code(), Some(2), "{empty:?}");
    let twice = photocheck_fed(&db, ["hash", "-", "-"], &photo);
    assert!(text(&twice.stderr).contains("more than once"), "{twice:?}");
}

/// A bit of the exit code for what was found, one for what could not be read.
#[test]
fn the_exit_code_says_both_what_was_found_and_what_could_not_be_read() {
    let (_folder, db) = temporary_db();
    let [known, other] = ["photos/real-hopper.jpg", "photos/real-coffee.jpg"].map(fixture_path);
    let [known, other] = [&known, &other].map(|path| path.to_str().unwrap());
    photocheck(&db, ["bank", "create", "OWN"]);
    photocheck(&db, ["bank", "add", "OWN", known]);
    let cases: [(&[&str], i32); 6] = [
        (&[other], 0),
        (&[known, other], 1),
        (&["no-such.jpg", other], 2),
        (&["no-such.jpg"], 2),
        (&["no-such.jpg", known, other], 3),
        (&[known, "no-such.jpg"], 3),
    ];
    for (paths, code) in cases {
        let output = photocheck(&db, ["check"].into_iter().chain(paths.iter().copied()));
        assert_eq!(output.status.code(), Some(code), "{paths:?}");
    }
}

/// From a list come paths as bytes, and from JSON they can be led back.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_unicode_are_led_back() {
    use std::os::unix::ffi::OsStrExt;

    use base64::Engine;

    let (folder, db) = temporary_db();
    let name = folder.path().as_os_str().as_bytes();
    let name = [name, b"/photo-\xE9\xFF.jpg"].concat();
    std::fs::write(std::ffi::OsStr::from_bytes(&name), fixture("photos/real-hopper.jpg")).unwrap();
    let list = [&name[..], b"\n"].concat();
    for command in ["check", "inspect"] {
        let output = photocheck_fed(&db, [command, "--json", "--files-from", "-"], &list);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        let bytes = line["path"]["bytes"].as_str().unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).unwrap();
        assert_eq!(bytes, name, "{command}");
    }
    // In a folder too.
    let folder = folder.path().to_str().unwrap();
    let output = photocheck(&db, ["inspect", "--json", folder]);
    assert!(text(&output.stdout).contains(r#"{"path":{"bytes":""#), "{output:?}");
}

#[test]
fn paths_come_from_a_list() {
    let (folder, db) = temporary_db();
    let paths = ["photos/real-hopper.jpg", "photos/real-coffee.jpg"].map(fixture_path);
    let paths = paths.each_ref().map(|path| path.to_str().unwrap());
    let hashed = |list: &str, args: &[&str]| {
        let file = folder.path().join("list");
        std::fs::write(&file, list).unwrap();
        let args = ["hash", "--files-from", file.to_str().unwrap()]
            .into_iter()
            .chain(args.iter().copied());
        let output = photocheck(&db, args);
        let mut lines: Vec<String> = text(&output.stdout)
            .lines()
            .map(|line| line.rsplit(['\t', '/']).next().unwrap().to_owned())
            .collect();
        lines.sort();
        (output.status.code(), lines)
    };
    let both = vec!["real-coffee.jpg".to_owned(), "real-hopper.jpg".to_owned()];
    assert_eq!(hashed(&paths.join("\n"), &[]), (Some(0), both.clone()));
    assert_eq!(hashed(&paths.join("\0"), &[]), (Some(0), both.clone()));
    assert_eq!(hashed(paths[0], &[paths[1]]), (Some(0), both.clone()));
    let csv = format!("note,path\r\nx,{}\r\ny,\"{}\"\r\n", paths[0], paths[1]);
    assert_eq!(hashed(&csv, &[]), (Some(0), both));
    assert_eq!(hashed("", &[]).0, Some(2), "a list of nothing");
    assert_eq!(hashed("path,note\n,x\n", &[]).0, Some(2), "a row without a path");
    let none = photocheck(&db, ["hash"]);
    assert!(text(&none.stderr).contains("<PATH>"), "{none:?}");
}

/// The first lines of the README are what the program prints.
#[test]
fn the_transcript_of_the_readme_is_true() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let transcript = readme.split("```").nth(1).unwrap();
    let (folder, db) = temporary_place();
    let at = |name: &str| folder.path().join(name);
    let stolen = image::load_from_memory(&fixture("photos/real-collins.png")).unwrap();
    stolen.to_rgb8().save(at("stolen.jpg")).unwrap();
    let avatar = stolen.fliph().resize(200, 200, image::imageops::FilterType::CatmullRom);
    avatar.to_rgb8().save(at("mirrored-avatar.jpg")).unwrap();
    std::os::unix::fs::symlink(root().join("fixtures"), at("fixtures")).unwrap();

    let commands = transcript.split("$ photocheck ").skip(1);
    let mut compared = 0;
    for (line, expected) in commands.map(|typed| typed.split_once('\n').unwrap()) {
        let args = line.replace("\"case 12\"", "case-12");
        let output = command(&db).args(args.split(' ')).current_dir(folder.path()).output();
        assert_eq!(photos(&text(&output.unwrap().stdout)), photos(expected), "{line}");
        compared += 1;
    }
    assert_eq!(compared, 3);
}

/// The lines of each photo, in the order of the photos: whichever is ready first is printed first.
fn photos(lines: &str) -> Vec<Vec<&str>> {
    let mut photos: Vec<Vec<&str>> = Vec::new();
    for line in lines.lines() {
        match photos.last_mut() {
            Some(photo) if line.starts_with(' ') => photo.push(line),
            _ => photos.push(vec![line]),
        }
    }
    photos.sort_unstable();
    photos
}
