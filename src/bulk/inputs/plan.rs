//! The plan of a job: what each input is, and which columns it brings.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context;
use glob::MatchOptions;

use super::archive::{Archive, is_gzip, is_tar, is_zip};
use super::lines::{Line, lines};
use super::manifest::{ColumnNames, Format, Manifest};
use super::own::Own;
use super::{folder, tape, zipped};
use crate::bulk::entry::{Entry, NotRead, Take};
use crate::bulk::limits::{COLUMNS_MAX, PATH_BYTES_MAX};

/// All that is to be checked.
#[derive(Debug, Clone)]
pub struct Plan {
    inputs: Vec<Input>,
    /// Names of the columns of all manifests that are carried through.
    pub columns: Vec<String>,
    /// Where relative paths of manifests begin.
    base: PathBuf,
    /// Where the results of the job are written: they are no photos of it.
    out: PathBuf,
}

#[derive(Debug, Clone)]
enum Input {
    Folder(PathBuf),
    File(PathBuf),
    Pattern(String),
    Manifest(Manifest),
    Zip(PathBuf),
    Tar(PathBuf),
    /// A TAR archive, or a list of paths.
    Standard,
}

impl Plan {
    /// Finds out what each input is: by its name if it is a manifest, otherwise by its content.
    ///
    /// # Errors
    /// When one is not there, cannot be read, or standard input is named twice.
    pub fn new(
        words: &[PathBuf],
        names: &ColumnNames,
        base: &Path,
        out: &Path,
    ) -> anyhow::Result<Self> {
        let mut inputs = Vec::new();
        for word in words {
            let text = word.to_str().unwrap_or_default();
            if text == "-" {
                inputs.push(Input::Standard);
            } else if word.exists() {
                inputs.push(classify(word, names)?);
            } else if text.contains(['*', '?', '[']) {
                // Their columns must be known before the first row is written.
                let own = Own::of(out);
                let manifests = matching(text)?.filter(|path| Format::of(path).is_some());
                for path in manifests.filter(|path| !own.has(path)) {
                    inputs.push(classify(&path, names)?);
                }
                anyhow::ensure!(matching(text)?.next().is_some(), "nothing matches {text}");
                inputs.push(Input::Pattern(text.to_owned()));
            } else {
                anyhow::bail!("{}: there is no such file or folder", word.display());
            }
        }
        let standard = inputs.iter().filter(|input| matches!(input, Input::Standard)).count();
        anyhow::ensure!(standard <= 1, "standard input (-) can only be read once");
        let mut columns: Vec<String> = Vec::new();
        for input in &inputs {
            let Input::Manifest(manifest) = input else { continue };
            let new = manifest.carried.iter().filter(|name| !columns.contains(name));
            columns.extend(new.cloned().collect::<Vec<_>>());
        }
        anyhow::ensure!(
            columns.len() <= COLUMNS_MAX,
            "the manifests have more than {COLUMNS_MAX} columns"
        );
        Ok(Self { inputs, columns, base: base.to_owned(), out: out.to_owned() })
    }

    /// Takes every photo, input after input.
    ///
    /// # Errors
    /// When a manifest or standard input cannot be read to its end.
    pub fn each(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        for input in &self.inputs {
            if self.each_of(input, take)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// How many photos there are; `None` if that is known only when all were read.
    ///
    /// # Errors
    /// As [`Self::each`].
    pub fn count(&self) -> anyhow::Result<Option<u64>> {
        let streams = |input: &Input| matches!(input, Input::Tar(_) | Input::Standard);
        if self.inputs.iter().any(streams) {
            return Ok(None);
        }
        let mut count = 0;
        self.each(&mut |_, _| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(Some(count))
    }

    fn each_of(&self, input: &Input, take: &mut Take<'_>) -> anyhow::Result<ControlFlow<()>> {
        let columns = self.columns.len();
        let own = Own::of(&self.out);
        Ok(match input {
            Input::Folder(path) => folder::each(path, columns, &own, take),
            Input::File(path) => folder::take_file(path, columns, take),
            Input::Manifest(manifest) => manifest.each(&self.columns, &self.base, take)?,
            Input::Zip(path) => zipped::each(path, &named(path, columns), take),
            Input::Tar(path) => each_in_tar(path, columns, take),
            Input::Standard => standard(columns, &own, take)?,
            Input::Pattern(pattern) => {
                let meant = matching(pattern)?.filter(|path| Format::of(path).is_none());
                for path in meant.filter(|path| !own.has(path)) {
                    let flow = self.each_of(&kind_of(&path), take)?;
                    if flow.is_break() {
                        return Ok(flow);
                    }
                }
                ControlFlow::Continue(())
            }
        })
    }
}

fn classify(path: &Path, names: &ColumnNames) -> anyhow::Result<Input> {
    match Format::of(path).filter(|_| path.is_file()) {
        Some(format) => Manifest::open(path, format, names).map(Input::Manifest),
        None => Ok(kind_of(path)),
    }
}

/// A folder, an archive, or a photo: what cannot be read is refused when it is its turn.
fn kind_of(path: &Path) -> Input {
    if path.is_dir() {
        return Input::Folder(path.to_owned());
    }
    let mut head = Vec::new();
    // Opening a pipe would wait for somebody to write to it.
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        let _ = file.take(512).read_to_end(&mut head);
    }
    if is_zip(&head) {
        Input::Zip(path.to_owned())
    } else if is_gzip(&head) || is_tar(&head) {
        Input::Tar(path.to_owned())
    } else {
        Input::File(path.to_owned())
    }
}

fn matching(pattern: &str) -> anyhow::Result<impl Iterator<Item = PathBuf>> {
    // As a shell does it: hidden files are left out.
    let options = MatchOptions { require_literal_leading_dot: true, ..MatchOptions::new() };
    let paths = glob::glob_with(pattern, options);
    let paths = paths.with_context(|| format!("the pattern {pattern}"))?;
    // A folder that cannot be read matches nothing.
    Ok(paths.filter_map(Result::ok))
}

fn named(path: &Path, columns: usize) -> Archive {
    Archive { name: path.display().to_string(), columns }
}

fn each_in_tar(path: &Path, columns: usize, take: &mut Take<'_>) -> ControlFlow<()> {
    let archive = named(path, columns);
    match File::open(path) {
        Ok(file) => tape::each(file, &archive, take),
        Err(error) => take(archive.itself(), &mut || Err(NotRead::unreadable(&error))),
    }
}

/// A TAR archive by its first bytes, or else a list of paths: a line each, or with zero bytes
/// between them.
fn standard(columns: usize, own: &Own, take: &mut Take<'_>) -> anyhow::Result<ControlFlow<()>> {
    let (head, input) = tape::peek(io::stdin().lock()).context("standard input")?;
    if is_gzip(&head) || is_tar(&head) {
        return Ok(tape::each(input, &Archive { name: String::new(), columns }, take));
    }
    let end = if head.contains(&0) { 0 } else { b'\n' };
    let all = lines(BufReader::new(input), end, PATH_BYTES_MAX as u64);
    for line in all {
        let Line::Whole(mut name) = line.context("standard input")? else {
            anyhow::bail!("standard input has a line of more than {PATH_BYTES_MAX} bytes");
        };
        if end == b'\n' && name.last() == Some(&b'\r') {
            name.pop();
        }
        if name.is_empty() {
            continue;
        }
        let flow = match path_from(name) {
            Ok(path) if path.is_dir() => folder::each(&path, columns, own, take),
            Ok(path) => folder::take_file(&path, columns, take),
            Err(why) => {
                take(Entry::of_archive("standard input", columns), &mut || Err(why.clone()))
            }
        };
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere names of files are Unicode")]
fn path_from(bytes: Vec<u8>) -> Result<PathBuf, NotRead> {
    let name: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    Ok(name.into())
}

#[cfg(not(unix))]
fn path_from(bytes: Vec<u8>) -> Result<PathBuf, NotRead> {
    let message = "a name of a file is not UTF-8".to_owned();
    let why = NotRead { code: "FILE_UNREADABLE", message };
    String::from_utf8(bytes).map(PathBuf::from).map_err(|_| why)
}
