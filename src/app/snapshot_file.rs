//! Snapshot files: the index in a file, beside the database or in a folder for it, so that a
//! service is ready at once.
//!
//! The file holds hashes of photos of people, so nobody but its owner may read it. It is written
//! under another name and renamed when it is whole. It can be deleted at any time.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::private_file;
use photocheck_core::matching::index::Index;
use photocheck_core::matching::index::snapshot::{self, Damage, HEADER_BYTES, Header, SnapshotKey};

/// Why a snapshot cannot be used.
#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Damaged(#[from] Damage),
}

/// A snapshot file of which the header was read and is sound.
#[derive(Debug)]
pub struct SnapshotFile {
    header: Header,
    file: File,
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl SnapshotFile {
    /// Opens the file at `path`; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read or its header is damaged.
    pub fn open(path: &Path) -> Result<Option<Self>, SnapshotError> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let length = file.metadata()?.len();
        let mut header = [0; HEADER_BYTES];
        if length < HEADER_BYTES as u64 {
            return Err(Damage::NoSnapshot.into());
        }
        file.read_exact(&mut header)?;
        Ok(Some(Self { header: Header::decode(&header, length)?, file }))
    }

    /// What it is of.
    #[must_use]
    pub fn header(&self) -> Header {
        self.header
    }

    /// Reads the index.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn read(self) -> Result<Index, SnapshotError> {
        let mut file = BufReader::new(self.file);
        self.header.decode_index(|buffer| Ok(file.read_exact(buffer)?))
    }
}

/// Writes `index` to `path`. A snapshot that stood there stays until the new one is whole.
///
/// # Errors
/// When it cannot be written; nothing is left behind.
pub fn write(path: &Path, index: &Index, key: SnapshotKey, quality_min: u8) -> io::Result<()> {
    let unfinished = with_ending(path, ".tmp");
    let written = write_new(&unfinished, index, key, quality_min);
    let renamed = written.and_then(|()| fs::rename(&unfinished, path));
    if renamed.is_err() {
        // It was not there or is of no use; that it cannot go is the lesser trouble.
        let _ = fs::remove_file(&unfinished);
    }
    renamed
}

fn write_new(path: &Path, index: &Index, key: SnapshotKey, quality_min: u8) -> io::Result<()> {
    let mut file = io::BufWriter::new(private_file::create(path)?);
    snapshot::encode(index, key, quality_min, |piece| file.write_all(piece))?;
    file.into_inner()?.sync_all()
}
