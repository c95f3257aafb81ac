//! Manifests: lists of photos as CSV, NDJSON or Parquet, with what a platform keeps beside them.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context;
use serde_json::{Map, Value};

use super::lines::{Line, lines};
#[cfg(feature = "parquet")]
use super::parquet_rows;
use crate::bulk::entry::{Entry, Key, Label, NotRead, Origin, Take, absolute, read_file, stamp};
use crate::bulk::limits::{COLUMNS_MAX, ROW_BYTES_MAX};

/// How a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Ndjson,
    #[cfg(feature = "parquet")]
    Parquet,
}

/// The columns that the user named, if any.
#[derive(Debug, Clone, Default)]
pub struct ColumnNames {
    pub path: Option<String>,
    pub id: Option<String>,
    pub account: Option<String>,
}

/// A manifest whose columns are known.
#[derive(Debug, Clone)]
pub struct Manifest {
    file: PathBuf,
    format: Format,
    path: String,
    id: Option<String>,
    account: Option<String>,
    /// All others.
    pub carried: Vec<String>,
}

/// What is taken for the path, the id and the account where nobody says.
const PATHS: [&str; 6] = ["path", "file", "filename", "file_name", "image", "photo"];
const IDS: [&str; 2] = ["id", "photo_id"];
const ACCOUNTS: [&str; 4] = ["account_id", "account", "user_id", "user"];

/// The values of a row by the names of their columns.
type Values<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Format {
    /// By the end of the name; `None` for what is no manifest.
    #[must_use]
    pub fn of(file: &Path) -> Option<Self> {
        let end = file.extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            #[cfg(feature = "parquet")]
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

impl Manifest {
    /// Reads which columns there are. Of NDJSON that takes all of its lines.
    ///
    /// # Errors
    /// When it cannot be read, has no column of paths, or not one that was named.
    pub fn open(file: &Path, format: Format, names: &ColumnNames) -> anyhow::Result<Self> {
        let named = || format!("the manifest {}", file.display());
        let columns = match format {
            Format::Csv => csv_columns(file),
            Format::Ndjson => ndjson_columns(file),
            #[cfg(feature = "parquet")]
            Format::Parquet => parquet_rows::columns(file),
        };
        let columns = columns.with_context(named)?;
        let chosen = choose(&columns, names).with_context(named)?;
        let [path, id, account] = chosen;
        let path = path.with_context(|| {
            format!("{}: it has no column {}; name one with --path-column", named(), PATHS[0])
        })?;
        let taken = [Some(&path), id.as_ref(), account.as_ref()];
        let carried = columns.into_iter().filter(|name| !taken.contains(&Some(name))).collect();
        Ok(Self { file: file.to_owned(), format, path, id, account, carried })
    }

    /// Takes every row. The job carries the columns `columns`; relative paths are below `base`.
    ///
    /// # Errors
    /// When the manifest cannot be read to its end.
    pub fn each(
        &self,
        columns: &[String],
        base: &Path,
        take: &mut Take<'_>,
    ) -> anyhow::Result<ControlFlow<()>> {
        let rows = Rows { manifest: self, columns, base };
        let taken = match self.format {
            Format::Csv => rows.each_csv(take),
            Format::Ndjson => rows.each_ndjson(take),
            #[cfg(feature = "parquet")]
            Format::Parquet => rows.each_parquet(take),
        };
        taken.with_context(|| format!("the manifest {}", self.file.display()))
    }
}

/// A manifest on its way into a job.
struct Rows<'a> {
    manifest: &'a Manifest,
    columns: &'a [String],
    base: &'a Path,
}

impl Rows<'_> {
    fn each_csv(&self, take: &mut Take<'_>) -> anyhow::Result<ControlFlow<()>> {
        let (mut table, row_start) = open_csv(&self.manifest.file)?;
        let header = table.byte_headers()?.clone();
        let text = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
        let places: HashMap<String, usize> =
            header.iter().enumerate().map(|(place, field)| (text(field), place)).collect();
        let mut record = csv::StringRecord::new();
        for number in 0.. {
            row_start.set(table.position().byte());
            let flow = match table.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => self.take_row(number, take, &|name| {
                    let field = record.get(*places.get(name)?)?;
                    (!field.is_empty()).then(|| field.to_owned())
                }),
                Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                    self.refuse_row(number, take, "the row is no UTF-8")
                }
                Err(error) => return Err(error.into()),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn each_ndjson(&self, take: &mut Take<'_>) -> anyhow::Result<ControlFlow<()>> {
        let input = BufReader::new(File::open(&self.manifest.file)?);
        for (number, line) in (0..).zip(lines(input, b'\n', ROW_BYTES_MAX)) {
            let flow = match line? {
                Line::Whole(line) if line.trim_ascii().is_empty() => continue,
                Line::Whole(line) => match serde_json::from_slice::<Map<String, Value>>(&line) {
                    Ok(row) => self.take_row(number, take, &|name| text_of(row.get(name)?)),
                    Err(_) => self.refuse_row(number, take, "the line is no JSON object"),
                },
                Line::TooLong => self.refuse_row(number, take, "the line is too long"),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    #[cfg(feature = "parquet")]
    fn each_parquet(&self, take: &mut Take<'_>) -> anyhow::Result<ControlFlow<()>> {
        for (number, row) in (0..).zip(parquet_rows::rows(&self.manifest.file)?) {
            let flow = match row? {
                None => self.refuse_row(number, take, "the row has a value that cannot be read"),
                Some(row) if ROW_BYTES_MAX < serde_json::to_vec(&row)?.len() as u64 => {
                    self.refuse_row(number, take, "the row is too long")
                }
                Some(row) => self.take_row(number, take, &|name| text_of(row.get(name)?)),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn take_row(&self, number: u64, take: &mut Take<'_>, value: Values<'_>) -> ControlFlow<()> {
        let Manifest { path, id, account, .. } = self.manifest;
        let Some(path) = value(path) else {
            return self.refuse_row(number, take, "the row has no path");
        };
        let file = self.base.join(&path);
        let carried = self.columns.iter().map(|name| {
            let is_carried = self.manifest.carried.contains(name);
            is_carried.then(|| value(name)).flatten()
        });
        let label = Label {
            path,
            id: id.as_deref().and_then(value),
            account: account.as_deref().and_then(value),
            carried: carried.collect(),
        };
        let (key, stamp) = (self.key(number), stamp(&file));
        let entry = Entry { key, label, file: absolute(&file), stamp };
        take(entry, &mut || read_file(&file))
    }

    fn refuse_row(&self, number: u64, take: &mut Take<'_>, why: &str) -> ControlFlow<()> {
        let path = format!("{}, row {}", self.manifest.file.display(), number + 1);
        let carried = vec![None; self.columns.len()];
        let label = Label { path, carried, ..Label::default() };
        let entry = Entry { key: self.key(number), label, file: None, stamp: None };
        take(entry, &mut || {
            Err(NotRead { code: "MANIFEST_ROW_NOT_VALID", message: why.to_owned() })
        })
    }

    fn key(&self, number: u64) -> Key {
        Key::new(Origin::Row, self.manifest.file.as_os_str().as_encoded_bytes(), b"", number)
    }
}

/// The names of a path, an id and an account among the columns.
fn choose(columns: &[String], names: &ColumnNames) -> anyhow::Result<[Option<String>; 3]> {
    let find = |wanted: &str| columns.iter().find(|name| name.eq_ignore_ascii_case(wanted));
    let choose = |named: &Option<String>, usual: &[&str]| match named {
        Some(name) => {
            let found = find(name).with_context(|| format!("it has no column {name}"))?;
            anyhow::Ok(Some(found.clone()))
        }
        None => Ok(usual.iter().find_map(|name| find(name)).cloned()),
    };
    Ok([choose(&names.path, &PATHS)?, choose(&names.id, &IDS)?, choose(&names.account, &ACCOUNTS)?])
}

fn csv_columns(file: &Path) -> anyhow::Result<Vec<String>> {
    let (mut table, _) = open_csv(file)?;
    let mut columns: Vec<String> = Vec::new();
    for name in table.byte_headers()? {
        let name = std::str::from_utf8(name).context("a name of a column is no UTF-8")?.trim();
        anyhow::ensure!(!columns.iter().any(|it| it == name), "two columns are named {name:?}");
        columns.push(name.to_owned());
    }
    anyhow::ensure!(columns.len() <= COLUMNS_MAX, "it has more than {COLUMNS_MAX} columns");
    Ok(columns)
}

fn ndjson_columns(file: &Path) -> anyhow::Result<Vec<String>> {
    let mut columns: Vec<String> = Vec::new();
    for line in lines(BufReader::new(File::open(file)?), b'\n', ROW_BYTES_MAX) {
        let Line::Whole(line) = line? else { continue };
        let Ok(row) = serde_json::from_slice::<Map<String, Value>>(&line) else { continue };
        for name in row.keys().filter(|name| !name.is_empty()) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        anyhow::ensure!(columns.len() <= COLUMNS_MAX, "it has more than {COLUMNS_MAX} columns");
    }
    Ok(columns)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        other => Some(other.to_string()),
    }
}

/// Refuses a row without an end: one is read whole.
struct RowLimit<R> {
    input: R,
    read: u64,
    row_start: Rc<Cell<u64>>,
}

impl<R: Read> Read for RowLimit<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // The reader behind this one is ahead of its rows by its own buffer.
        const AHEAD: u64 = 64 * 1024;
        if ROW_BYTES_MAX + AHEAD < self.read.saturating_sub(self.row_start.get()) {
            let message = format!("a row has more than {ROW_BYTES_MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let count = self.input.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}

/// A table, and where its row begins, to be set before each.
fn open_csv(file: &Path) -> anyhow::Result<(csv::Reader<impl Read>, Rc<Cell<u64>>)> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let mut input = BufReader::new(File::open(file)?);
    let start = input.fill_buf()?;
    let (is_marked, separator) = (start.starts_with(MARK), separator(start));
    if is_marked {
        input.consume(MARK.len());
    }
    let row_start = Rc::new(Cell::new(0));
    let input = RowLimit { input, read: 0, row_start: Rc::clone(&row_start) };
    let mut table = csv::ReaderBuilder::new();
    Ok((table.flexible(true).delimiter(separator).from_reader(input), row_start))
}

/// What separates the names of the columns: a comma, or else a tab or a semicolon.
fn separator(start: &[u8]) -> u8 {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let separators = [b',', b'\t', b';'];
    separators.into_iter().find(|separator| header.contains(separator)).unwrap_or(b',')
}
