//! The rules of the house that a compiler does not hold.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::support::root;

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let walk = WalkDir::new(root().join(folder)).sort_by_file_name();
    let files = walk.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let read = |path: &Path| std::fs::read(path).ok().and_then(|b| String::from_utf8(b).ok());
    files.filter_map(|entry| read(entry.path()).map(|text| (entry.into_path(), text))).collect()
}

/// The core does no I/O, reads no clock and no environment, and knows nothing of the shell.
#[test]
fn the_core_is_pure() {
    let forbidden = [
        "tokio",
        "axum",
        "sqlx",
        "clap",
        "tracing",
        "std::fs",
        "std::env",
        "std::net",
        "std::io::",
        "std::time",
        "std::process",
        "crate::store",
        "crate::http",
        "crate::cli",
        "crate::live",
        "crate::gate",
        "crate::wire",
        "crate::models",
        "crate::clock",
    ];
    let files = sources("src/core");
    for (path, text) in &files {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            // Reading from bytes in memory is no I/O.
            let code = code.replace("std::io::Cursor", "");
            for word in forbidden {
                assert!(!code.contains(word), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
    assert!(12 <= files.len());
}

/// `ARCHITECTURE.md` names every file of `src/`, and no file that is not there.
#[test]
fn the_architecture_names_every_file() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut files = 0;
    for entry in WalkDir::new(root().join("src")).into_iter().map(Result::unwrap) {
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path().strip_prefix(root()).unwrap().display().to_string();
        assert!(map.contains(&format!("`{path}`")), "ARCHITECTURE.md does not name {path}");
        files += 1;
    }
    for named in map.split('`').filter(|text| text.starts_with("src/") && text.contains('.')) {
        assert!(root().join(named).exists(), "ARCHITECTURE.md names {named}, which is not there");
    }
    assert!(30 <= files);
}

/// Files stay readable: at most 500 lines of at most 100 characters.
#[test]
fn files_and_lines_stay_short() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in sources(folder) {
            assert!(text.lines().count() <= 500, "{} is too long", path.display());
            if path.extension().is_some_and(|kind| kind == "rs") {
                let long = text.lines().position(|line| 100 < line.chars().count());
                assert_eq!(long, None, "{}: a line is too long", path.display());
            }
        }
    }
}
