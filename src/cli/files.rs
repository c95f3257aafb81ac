//! Which files are meant by the paths that were typed, and reading them within the limit.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use photocheck_core::limits;
use photocheck_core::matching::hashes::PhotoHashes;

/// A path to look at, or one that cannot be.
pub type Found = Result<PathBuf, (PathBuf, io::Error)>;

/// Whether a path stands for standard input.
#[must_use]
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Files as typed; of folders all files in them and in their folders, by name, without hidden ones.
#[must_use]
pub fn expand(paths: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() && !is_standard(path) {
            found.extend(files_in(path));
        } else {
            found.push(Ok(path.clone()));
        }
    }
    found
}

fn files_in(folder: &Path) -> impl Iterator<Item = Found> {
    let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name();
    let entries = walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry));
    let folder = folder.to_owned();
    entries.filter_map(move |entry| match entry {
        // Pipes and devices could be read for ever.
        Ok(entry) if !entry.file_type().is_file() => None,
        Ok(entry) => Some(Ok(entry.into_path())),
        Err(error) => {
            let path = error.path().unwrap_or(&folder).to_owned();
            Some(Err((path, error.into())))
        }
    })
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

/// Reads a file or standard input, but never more than one byte over the limit: the core then
/// refuses it.
///
/// # Errors
/// When it cannot be opened or read.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let bytes_max = limits::PHOTO_BYTES_MAX + 1;
    let mut bytes = Vec::new();
    if is_standard(path) {
        io::stdin().take(bytes_max).read_to_end(&mut bytes)?;
    } else {
        File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Reads a file that was found, or says why it cannot be read.
pub fn read_found(found: Found) -> (PathBuf, io::Result<Vec<u8>>) {
    match found {
        Ok(path) => {
            let bytes = read(&path);
            (path, bytes)
        }
        Err((path, error)) => (path, Err(error)),
    }
}

/// Reads and hashes a file, or says why it cannot.
pub fn hash(found: Found) -> (PathBuf, Result<PhotoHashes, String>) {
    let (path, bytes) = read_found(found);
    let hashed = bytes
        .map_err(|error| error.to_string())
        .and_then(|bytes| PhotoHashes::hash_file(&bytes).map_err(|error| error.to_string()));
    (path, hashed)
}
