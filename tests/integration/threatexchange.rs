//! Exchange with the real python-threatexchange, both ways.
//!
//! `PHOTOCHECK_THREATEXCHANGE` names its program, `threatexchange`; `.ci/run` installs it. What the
//! tool does is described in `docs/exchange.md`.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use temp_dir::TempDir;

use crate::support::{fixture_path, photocheck, temporary_db};

const BANK: &str = "ROMANCE_SCAM";
const STOLEN: &str = "photos/ai-portrait-1.jpg";
const SECOND: &str = "photos/ai-selfie-1.jpg";
const OTHER: &str = "photos/real-hopper.jpg";

/// The tool, with a home of its own.
struct Tool {
    program: OsString,
    home: TempDir,
}

impl Tool {
    /// `None`, said in one line, where it is not at hand. In CI it must be.
    fn find() -> Option<Self> {
        let Some(program) = std::env::var_os("PHOTOCHECK_THREATEXCHANGE") else {
            let needed = std::env::var_os("CI").is_some();
            assert!(!needed, "in CI PHOTOCHECK_THREATEXCHANGE must name threatexchange");
            eprintln!("skipped: PHOTOCHECK_THREATEXCHANGE does not name threatexchange");
            return None;
        };
        Some(Self { program, home: TempDir::new().unwrap() })
    }

    fn run<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> String {
        let mut command = Command::new(&self.program);
        let output = command.args(args).env("HOME", self.home.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Lets it fetch a file of signals.
    fn fetch(&self, name: &str, file: &Path) {
        let file = file.to_str().unwrap();
        self.run(["config", "collab", "edit", "local_file", "--create", name, "--filename", file]);
        self.run(["fetch"]);
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(db: &str, args: &[&str]) -> String {
    let output = photocheck(db, args.iter().copied());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_we_export_the_tool_matches() {
    let Some(tool) = Tool::find() else { return };
    let (folder, db) = temporary_db();
    let (stolen, other) = (fixture_path(STOLEN), fixture_path(OTHER));
    said(&db, &["bank", "create", BANK]);
    // Two photos: the tool finds nothing in an index of one hash that it wrote and read again.
    let second = fixture_path(SECOND);
    said(&db, &["bank", "add", BANK, path(&stolen), path(&second)]);
    let file = folder.path().join("bank.txt");
    said(&db, &["bank", "export", BANK, "--format", "threatexchange", "-o", path(&file)]);
    tool.fetch(BANK, &file);
    assert_eq!(tool.run(["dataset"]), "pdq: 2\n");
    let matched = tool.run(["match", "photo", path(&stolen)]);
    assert_eq!(matched.trim_end(), format!("pdq 0 ({BANK}) INVESTIGATION_SEED"));
    assert_eq!(tool.run(["match", "photo", path(&other)]), "");

    // Our dump is the tool's own, but for what its exchange of files cannot say.
    let theirs = tool.run(["dataset", "--print-signals", "--csv"]);
    let ours = said(&db, &["bank", "export", BANK, "--format", "threatexchange-csv"]);
    let theirs = theirs.replace("INVESTIGATION_SEED", "POSITIVE_CLASS");
    assert_eq!(theirs.lines().collect::<Vec<_>>(), ours.lines().collect::<Vec<_>>());
}

#[test]
fn what_the_tool_gives_we_match() {
    let Some(tool) = Tool::find() else { return };
    let folder = TempDir::new().unwrap();
    let stolen = fixture_path(STOLEN);
    let hashed = folder.path().join("hashed.txt");
    let lines = tool.run(["hash", "photo", path(&stolen)]);
    assert!(lines.starts_with("pdq "), "{lines}");
    let other_type = "video_md5 d41d8cd98f00b204e9800998ecf8427e\n";
    std::fs::write(&hashed, format!("{lines}{other_type}")).unwrap();
    tool.fetch("PARTNER", &hashed);
    let dump = |name: &str, args: &[&str]| {
        let file = folder.path().join(name);
        std::fs::write(&file, tool.run(args.iter().copied())).unwrap();
        file
    };
    let csv = dump("dump.csv", &["dataset", "--print-signals", "--csv"]);
    let typed = dump("typed.txt", &["dataset", "-P", "-S"]);
    let bare = dump("bare.txt", &["dataset", "-P", "-S", "-s", "pdq"]);
    let skipped = ", signals of other types skipped 1";
    for (file, format, skipped) in [
        (&hashed, "threatexchange", skipped),
        (&csv, "threatexchange-csv", skipped),
        (&typed, "threatexchange", skipped),
        (&bare, "text", ""),
    ] {
        let (_folder, db) = temporary_db();
        let imported = said(&db, &["bank", "import", BANK, path(file), "--create"]);
        assert_eq!(imported, format!("added 1, already there 0{skipped} ({format})\n"));
        let checked = photocheck(&db, ["check", "--json", path(&stolen)]);
        let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
        let found = &report["evidence"]["matches"][0];
        assert_eq!(found["bank"], BANK, "{format}: {report}");
        let exported = said(&db, &["bank", "export", BANK]);
        let record: Value = serde_json::from_str(&exported).unwrap();
        let (opinion, note) =
            if format == "threatexchange-csv" { ("unsure", "PARTNER") } else { ("confirmed", "") };
        assert_eq!((&record["opinion"], &record["note"]), (&opinion.into(), &note.into()));
    }
}
