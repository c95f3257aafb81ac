//! The rules of the house that a compiler does not hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::support::imports::circles;
use crate::support::root;

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let walk = WalkDir::new(root().join(folder)).sort_by_file_name();
    let files = walk.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let read = |path: &Path| std::fs::read(path).ok().and_then(|b| String::from_utf8(b).ok());
    files.filter_map(|entry| read(entry.path()).map(|text| (entry.into_path(), text))).collect()
}

fn rust_sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut sources = sources(folder);
    sources.retain(|(path, _)| path.extension().is_some_and(|kind| kind == "rs"));
    assert!(20 <= sources.len(), "{folder} has only {} files", sources.len());
    sources
}

/// Cargo holds the core apart: it cannot name a crate that it does not depend on. What is left to
/// check is that it depends on no runtime, and takes no file, clock or environment from `std`.
#[test]
fn the_core_is_pure() {
    let manifest = std::fs::read_to_string(root().join("core/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    for runtime in ["axum", "clap", "sqlx", "tokio", "tracing"] {
        assert!(!manifest["dependencies"].as_table().unwrap().contains_key(runtime), "{runtime}");
    }
    for (path, text) in rust_sources("core/src") {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for part in ["env", "fs", "net", "process", "thread", "time"] {
                let part = format!("std::{part}");
                assert!(!code.contains(&part), "{}:{}: {part}", path.display(), number + 1);
            }
        }
    }
}

/// No two files import each other, by way of others or at once: each can be read after those that
/// it rests on.
#[test]
fn no_files_import_each_other() {
    for (folder, files_min) in [("core/src", 80), ("src", 60)] {
        let (circles, files) = circles(folder);
        assert_eq!(circles, BTreeSet::new());
        assert!(files_min <= files, "only {files} files of {folder} were read");
    }
}

/// The map in `ARCHITECTURE.md` names rooms; each file says itself what it is.
#[test]
fn every_file_begins_with_what_it_is() {
    for (path, text) in ["src", "core/src"].into_iter().flat_map(rust_sources) {
        assert!(text.starts_with("//! "), "{} does not begin with its purpose", path.display());
    }
}

/// What `ARCHITECTURE.md` names is there, and every room is named.
#[test]
fn the_architecture_names_every_room_and_what_is_there() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for folder in ["src", "core/src"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap().map(Result::unwrap) {
            let room = format!("`{folder}/{}/`", entry.file_name().display());
            let is_named = !entry.file_type().unwrap().is_dir() || map.contains(&room);
            assert!(is_named, "ARCHITECTURE.md does not name {room}");
        }
    }
    let is_path = |text: &&str| text.starts_with("src/") || text.starts_with("core/");
    let named: Vec<&str> = map.split('`').filter(is_path).collect();
    for path in &named {
        assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}, which is not there");
    }
    assert!(10 <= named.len());
}

/// Files stay readable: at most 500 lines of at most 100 characters.
#[test]
fn files_and_lines_stay_short() {
    for folder in ["src", "core/src", "tests", "benches", "fuzz/src"] {
        for (path, text) in sources(folder) {
            assert!(text.lines().count() <= 500, "{} is too long", path.display());
            if path.extension().is_some_and(|kind| kind == "rs") {
                let long = text.lines().position(|line| 100 < line.chars().count());
                assert_eq!(long, None, "{}: a line is too long", path.display());
            }
        }
    }
}
