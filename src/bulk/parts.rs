//! Parts: the files with the results. Each is complete or absent.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::part_file::PartFile;
use super::state::results::ResultRow;
use super::tables::photos;
use super::tables::table::{Column, Table};

/// A format that results are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
    /// The whole report of each photo, as `check --json` prints it.
    Ndjson,
}

/// Where and how a job writes its results.
#[derive(Debug, Clone)]
pub struct Results {
    pub folder: PathBuf,
    pub formats: Vec<Format>,
    pub columns: Vec<Column>,
    /// What the carried columns are named.
    pub carried: Vec<String>,
}

/// The start of a name that a file has until it is complete.
const UNFINISHED: &str = ".unfinished-";

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[
        Self::Csv,
        #[cfg(feature = "parquet")]
        Self::Parquet,
        Self::Ndjson,
    ];

    /// The name of its folder, and the end of the names of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
            Self::Ndjson => "ndjson",
        }
    }
}

impl Results {
    /// Whether whole reports are asked for.
    #[must_use]
    pub fn has_reports(&self) -> bool {
        self.formats.contains(&Format::Ndjson)
    }

    /// Writes a part in every format.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self, number: u32, rows: &[ResultRow]) -> anyhow::Result<Vec<PartFile>> {
        let table = photos::table(&self.columns, rows);
        let one = |format: &Format| {
            let name = format!("{0}/part-{number:05}.{0}", format.name());
            self.write_file(name, rows.len(), |out| match format {
                Format::Ndjson => self.write_lines(rows, out),
                format => write_table(&table, *format, out),
            })
        };
        self.formats.iter().map(one).collect()
    }

    /// Writes the rings beside the folders of the parts; without any, those that lie there go.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub fn write_rings(&self, rings: Option<&Table>) -> anyhow::Result<Vec<PartFile>> {
        let mut files = Vec::new();
        for format in self.formats.iter().filter(|format| **format != Format::Ndjson) {
            let name = format!("rings.{}", format.name());
            if let Some(table) = rings {
                let write = |out: &mut Whole| write_table(table, *format, out);
                files.push(self.write_file(name, table.rows.len(), write)?);
            } else {
                remove_if_there(&self.folder.join(name))?;
            }
        }
        Ok(files)
    }

    fn write_file(
        &self,
        name: String,
        rows: usize,
        write: impl FnOnce(&mut Whole) -> anyhow::Result<()>,
    ) -> anyhow::Result<PartFile> {
        let written = write_whole(&self.folder.join(&name), write);
        let (bytes, sha256) = written.with_context(|| format!("cannot write {name}"))?;
        Ok(PartFile { name, rows, bytes, sha256 })
    }

    /// A line a photo: its labels, and its report or what is known of it instead.
    fn write_lines(&self, rows: &[ResultRow], out: &mut impl Write) -> anyhow::Result<()> {
        for row in rows {
            let mut line = serde_json::Map::new();
            line.insert("path".into(), row.label.path.clone().into());
            if let Some(id) = &row.label.id {
                line.insert("id".into(), id.clone().into());
            }
            if let Some(account) = &row.label.account {
                line.insert("account_id".into(), account.clone().into());
            }
            let carried = self.carried.iter().zip(&row.label.carried);
            let carried: serde_json::Map<_, _> = carried
                .filter_map(|(name, value)| Some((name.clone(), value.clone()?.into())))
                .collect();
            if !carried.is_empty() {
                line.insert("carried".into(), carried.into());
            }
            let mut text = serde_json::to_string(&line)?;
            let found = match (&row.report, &row.outcome.error_code) {
                (_, Some(code)) => {
                    let error = serde_json::json!({"code": code, "message": row.outcome.error});
                    serde_json::json!({ "error": error }).to_string()
                }
                (Some(report), None) => report.clone(),
                (None, None) => serde_json::to_string(&row.outcome)?,
            };
            // Two objects become one.
            text.pop();
            text = format!("{text},{}\n", found.strip_prefix('{').unwrap_or(&found));
            out.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// Makes the folders, and removes what no known part is in: what a killed run left, and what is
    /// to be written again.
    ///
    /// # Errors
    /// When the folders cannot be made or cleared.
    pub fn sweep(&self, known: &[PartFile]) -> anyhow::Result<()> {
        let known: BTreeSet<PathBuf> =
            known.iter().map(|file| self.folder.join(&file.name)).collect();
        for format in Format::ALL {
            let folder = self.folder.join(format.name());
            if self.formats.contains(format) {
                fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
            }
            remove_others(&folder, &known).with_context(|| folder.display().to_string())?;
        }
        Ok(())
    }
}

fn write_table(table: &Table, format: Format, out: &mut Whole) -> anyhow::Result<()> {
    match format {
        #[cfg(feature = "parquet")]
        Format::Parquet => super::tables::as_parquet::write(table, out),
        _ => table.write_csv(out),
    }
}

/// Removes a file.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Removes parts, whole and unfinished ones, but for those known. What else lies there is not ours.
fn remove_others(folder: &Path, known: &BTreeSet<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = name.starts_with("part-") || name.starts_with(UNFINISHED);
        if is_ours && !known.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes a file under another name, and gives it its own when it is whole and on the disk. Returns
/// its bytes and their digest.
///
/// # Errors
/// When it cannot be written.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut Whole) -> anyhow::Result<()>,
) -> anyhow::Result<(u64, String)> {
    let name = path.file_name().and_then(|name| name.to_str()).context("a file has a name")?;
    let folder = path.parent().context("a file has a folder")?;
    let unfinished = folder.join(format!("{UNFINISHED}{name}"));
    let file = BufWriter::new(File::create(&unfinished)?);
    let mut out = Whole { out: file, bytes: 0, digest: Sha256::new() };
    write(&mut out)?;
    let file = out.out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    // The new name is only on the disk when its folder is.
    File::open(folder)?.sync_all()?;
    Ok((out.bytes, hex::encode(out.digest.finalize())))
}

/// Passes bytes on to a file, counts them and takes their digest.
#[derive(Debug)]
pub struct Whole {
    out: BufWriter<File>,
    bytes: u64,
    digest: Sha256,
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.bytes += count as u64;
        self.digest.update(bytes.get(..count).unwrap_or(bytes));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
