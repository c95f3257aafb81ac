//! The database's file: finding or creating it, and noticing that it is no longer the one that was
//! opened.
//!
//! An open file outlives its name. When a backup is moved into its place, or its folder is
//! unmounted, what is written goes to a file that nobody will open again. So the file at the path
//! is compared with the one that was opened, before each use and after each write.

use super::error::StoreError;
use crate::private_file;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The file that was opened. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    opened: Identity,
    /// Of the write-ahead log, which stays the same for as long as one connection is open.
    log: Option<(PathBuf, Identity)>,
}

/// What stays the same while a file is written, moved or renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let found = fs::metadata(path).ok()?;
        Some(Self { device: found.dev(), inode: found.ino() })
    }

    /// Elsewhere only a file that is gone is noticed.
    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|_| Self {})
    }
}

impl DatabaseFile {
    /// Remembers the file at `path`, which is about to be opened.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn at(path: &Path) -> Result<Self, StoreError> {
        let opened =
            Identity::of(path).ok_or_else(|| StoreError::Replaced(path.display().to_string()))?;
        Ok(Self { path: path.to_owned(), opened, log: None })
    }

    /// Remembers its log, which is there as soon as a connection has looked at the database.
    pub(super) fn with_log(self) -> Self {
        let log = log_path(&self.path);
        Self { log: Identity::of(&log).map(|identity| (log, identity)), ..self }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file and its log are still those that were opened.
    pub(super) fn is_in_place(&self) -> bool {
        Identity::of(&self.path) == Some(self.opened)
            && self.log.as_ref().is_none_or(|(log, opened)| Identity::of(log) == Some(*opened))
    }
}

/// It stands beside the file itself, not beside a link to it.
fn log_path(path: &Path) -> PathBuf {
    beside(&fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), "-wal")
}

/// The file's name with this ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether the log holds nothing that the file does not.
pub(super) fn log_is_empty(path: &Path) -> bool {
    fs::metadata(log_path(path)).map_or(true, |log| log.len() == 0)
}

/// Makes sure that there is a file to open; says whether it was created.
///
/// # Errors
/// [`StoreError::NoDatabase`] when there is none and none is to be created.
pub(super) fn find_or_create(path: &Path, create: bool) -> Result<bool, StoreError> {
    let cannot = |error| StoreError::File { file: path.to_owned(), error };
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(cannot(io::ErrorKind::IsADirectory.into())),
        // An empty file is what is left where something else was to be.
        Ok(found) if found.len() == 0 && !create => Err(StoreError::NoDatabase(path.to_owned())),
        Ok(_) => Ok(false),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot(error)),
        Err(_) if !create => Err(StoreError::NoDatabase(path.to_owned())),
        Err(_) => {
            create_folder_for(path).map_err(cannot)?;
            match private_file::create_new(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                created => created.map(|_| true).map_err(cannot),
            }
        }
    }
}

/// Whether the file can be written.
///
/// # Errors
/// Why not, by the file's name.
pub(super) fn ensure_writable(path: &Path) -> Result<(), StoreError> {
    let opened = OpenOptions::new().write(true).open(path);
    opened.map(drop).map_err(|error| StoreError::File { file: path.to_owned(), error })
}

fn create_folder_for(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(folder)
        }
        _ => Ok(()),
    }
}
