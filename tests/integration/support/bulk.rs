//! Jobs of `photocheck bulk`: photos for them, and reading what they wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use temp_dir::TempDir;

use super::photocheck;

/// A row of a table, by the names of its columns.
pub type Row = BTreeMap<String, String>;

/// A folder of inputs, and one for the results.
pub struct Job {
    pub folder: TempDir,
    db: String,
}

impl Job {
    /// Without any photos yet.
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let db = format!("sqlite:{}", folder.path().join("banks.sqlite").display());
        Self { folder, db }
    }

    /// A path below the folder of inputs.
    pub fn input(&self, name: &str) -> PathBuf {
        self.folder.path().join("in").join(name)
    }

    /// Puts a file among the inputs.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.input(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Where the results of a name are written.
    pub fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database of its banks, which is there or not.
    pub fn db(&self) -> &str {
        &self.db
    }

    /// The words that run it on `inputs`, its results in the folder `out`.
    pub fn words(&self, out: &str, inputs: &[&Path], more: &[&str]) -> Vec<String> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut words = vec!["bulk".to_owned(), "run".into(), "--create".into(), "--out".into()];
        words.push(text(&self.out(out)));
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.extend(inputs.iter().map(|input| text(input)));
        words
    }

    /// Runs it to its end.
    pub fn run(&self, out: &str, inputs: &[&Path], more: &[&str]) -> Output {
        let words = self.words(out, inputs, more);
        photocheck(&self.db, words.iter().map(String::as_str))
    }

    /// All rows of its parts, by path.
    pub fn rows(&self, out: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        for part in files_in(&self.out(out).join("csv")) {
            rows.extend(table(&part));
        }
        rows.sort_by(|one, other| one["path"].cmp(&other["path"]));
        rows
    }

    /// The rows by their path below the folder of inputs, each as `error_code`, or else `ok`.
    pub fn codes(&self, out: &str) -> Vec<(String, String)> {
        let inputs = self.input("");
        let below = |path: &str| path.trim_start_matches(inputs.to_str().unwrap()).to_owned();
        let code = |row: &Row| match row["error_code"].as_str() {
            "" => "ok".to_owned(),
            code => code.to_owned(),
        };
        self.rows(out).iter().map(|row| (below(&row["path"]), code(row))).collect()
    }

    /// The summary at the end of a job.
    pub fn summary(&self, out: &str) -> Value {
        let text = fs::read(self.out(out).join("manifest.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

/// The files of a folder that are not hidden, by name.
pub fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.collect();
    files.sort();
    files
}

/// A table of CSV.
pub fn table(path: &Path) -> Vec<Row> {
    let mut table = csv::Reader::from_path(path).unwrap();
    table.deserialize().map(Result::unwrap).collect()
}

/// A small photo that no other seed gives.
pub fn photo(seed: u32) -> Vec<u8> {
    let side = 64;
    let pixels = image::RgbImage::from_fn(side, side, |x, y| {
        let mixed =
            (x / 8 * 31 + y / 8 * 17 + 1).wrapping_mul(seed.wrapping_mul(2_654_435_761) | 1);
        image::Rgb(mixed.to_be_bytes().first_chunk().copied().unwrap())
    });
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    pixels.write_with_encoder(encoder).unwrap();
    bytes
}

/// What a program printed.
pub fn printed(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}
