//! Inputs: the photos that a command is to read, each with the account that shows it if one is
//! named.
//!
//! They come as paths that were typed or as a list. `-` is standard input. A list is one path per
//! line, or CSV with a column `path`, and perhaps one `account_id`. Names of files are bytes: in a
//! plain list they need not be UTF-8, and zero bytes may stand between them instead of line ends,
//! as `find -print0` writes them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::files::{self, Found};

/// Bytes of a list: some millions of paths.
const LIST_BYTES_MAX: u64 = 1024 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub struct InputArgs {
    /// Photos, and folders of photos; - reads one photo from standard input
    #[arg(required_unless_present = "files_from", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Read paths from this file: one per line, or CSV with a column path and perhaps one
    /// `account_id`; - for standard input
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
}

/// A file to read, or one that cannot be read.
#[derive(Debug)]
pub struct Input {
    pub found: Found,
    /// As the list names it.
    pub account_id: Option<String>,
}

/// The name of a file in JSON: a string, or its bytes where it is no Unicode.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum PathJson {
    Text(String),
    Bytes {
        /// In base64.
        bytes: String,
    },
}

/// A path of a list, and the account beside it.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    path: PathBuf,
    account_id: Option<String>,
}

impl InputArgs {
    /// All files that are meant: those typed first, then those of the list, each folder expanded.
    ///
    /// # Errors
    /// When the list cannot be read, standard input is named twice, or no file is meant.
    pub fn read(&self) -> anyhow::Result<Vec<Input>> {
        let typed = self.paths.iter().cloned().map(|path| Listed { path, account_id: None });
        let mut listed: Vec<Listed> = typed.collect();
        if let Some(file) = &self.files_from {
            listed.extend(read_list(file)?);
        }
        let from_standard = listed.iter().filter(|it| files::is_standard(&it.path)).count();
        let list_too = self.files_from.as_deref().is_some_and(files::is_standard);
        let once = from_standard + usize::from(list_too) <= 1;
        anyhow::ensure!(
            once,
            "standard input (-) is named more than once; it can only be read once"
        );
        let expanded = listed.into_iter().flat_map(|Listed { path, account_id }| {
            let input = move |found| Input { found, account_id: account_id.clone() };
            files::expand(&[path]).into_iter().map(input)
        });
        let inputs: Vec<Input> = expanded.collect();
        anyhow::ensure!(!inputs.is_empty(), "there is no file in what was named");
        Ok(inputs)
    }
}

fn read_list(file: &Path) -> anyhow::Result<Vec<Listed>> {
    let named = || format!("cannot read the list {}", file.display());
    let input: Box<dyn Read> = if files::is_standard(file) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(named)?)
    };
    let mut bytes = Vec::new();
    let read = input.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(named)?;
    let is_within = u64::try_from(read).is_ok_and(|read| read <= LIST_BYTES_MAX);
    anyhow::ensure!(is_within, "{}: it has more than {LIST_BYTES_MAX} bytes", named());
    listed(&bytes).with_context(named)
}

fn listed(bytes: &[u8]) -> anyhow::Result<Vec<Listed>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        return plain(bytes.split(|byte| *byte == 0));
    }
    let mut table = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = table.byte_headers()?.clone();
    let column = |name: &str| {
        let is_it = |field: &[u8]| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        header.iter().position(is_it)
    };
    let Some(path) = column("path") else {
        let lines = bytes.split(|byte| *byte == b'\n');
        return plain(lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)));
    };
    let account = column("account_id");
    let mut listed = Vec::new();
    for row in table.byte_records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        let path = row.get(path).filter(|path| !path.is_empty());
        let path = path.with_context(|| format!("line {line} has no path"))?;
        let account = account.and_then(|place| row.get(place)).filter(|id| !id.is_empty());
        let account_id = account.map(|id| String::from_utf8(id.to_vec())).transpose();
        let account_id = account_id.with_context(|| format!("the account id in line {line}"))?;
        listed.push(Listed { path: path_from_bytes(path)?, account_id });
    }
    Ok(listed)
}

fn plain<'a>(names: impl Iterator<Item = &'a [u8]>) -> anyhow::Result<Vec<Listed>> {
    let names = names.filter(|name| !name.is_empty());
    names.map(|name| Ok(Listed { path: path_from_bytes(name)?, account_id: None })).collect()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere names of files are Unicode")]
fn path_from_bytes(bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let name: OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec());
    Ok(name.into())
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: &[u8]) -> anyhow::Result<PathBuf> {
    let name = String::from_utf8(bytes.to_vec()).context("a name of a file is not UTF-8")?;
    Ok(OsString::from(name).into())
}

impl From<&Path> for PathJson {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes { bytes: STANDARD.encode(path.as_os_str().as_encoded_bytes()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &[u8], expected: &[(&str, Option<&str>)]) {
        let found = listed(list).unwrap();
        let found: Vec<(&str, Option<&str>)> =
            found.iter().map(|it| (it.path.to_str().unwrap(), it.account_id.as_deref())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_list_is_lines_or_csv() {
        check(
            b"a.jpg\n\nb, c.jpg\r\n d.jpg",
            &[("a.jpg", None), ("b, c.jpg", None), (" d.jpg", None)],
        );
        check(b"a\nb.jpg\0c.jpg\0", &[("a\nb.jpg", None), ("c.jpg", None)]);
        let rows = [("a, b.jpg", Some("7")), ("c.jpg", None)];
        check(b"path,account_id\n\"a, b.jpg\",7\nc.jpg,\n", &rows);
        check(b"\xef\xbb\xbfnote,Account_ID,Path\r\nx,7,\"a, b.jpg\"\r\n,,c.jpg\r\n", &rows);
        check(b"path\nc.jpg\n", &rows[1..]);
        check(b"", &[]);
        // A quote in a plain list is a letter of a name.
        check(b"\"a.jpg\nb\".jpg\n", &[("\"a.jpg", None), ("b\".jpg", None)]);
    }

    #[test]
    fn a_row_without_a_path_is_named() {
        let refused = |list: &[u8]| format!("{:#}", listed(list).unwrap_err());
        assert_eq!(refused(b"path,account_id\na.jpg,1\n,2\n"), "line 3 has no path");
        assert!(refused(b"path,account_id\na.jpg,\xff\n").contains("line 2"));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_unicode_stay_as_they_are() {
        let found = listed(b"a\xff.jpg\n").unwrap();
        let json = serde_json::to_string(&PathJson::from(found[0].path.as_path())).unwrap();
        assert_eq!(json, r#"{"bytes":"Yf8uanBn"}"#);
        let plain = serde_json::to_string(&PathJson::from(Path::new("ä.jpg"))).unwrap();
        assert_eq!(plain, "\"ä.jpg\"");
    }
}
