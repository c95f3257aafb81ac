//! Backing up a database in a file, also while programs read and write it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::database::Store;
use super::error::StoreError;
use super::file;
use crate::private_file;

impl Store {
    /// Writes the database, as it is at one moment, to a new file that is a database itself. Others
    /// read and write meanwhile. Returns its size in bytes.
    ///
    /// # Errors
    /// [`StoreError::NoFile`] when the database is not in a file, [`StoreError::File`] when the new
    /// one is there already or cannot be written; then nothing is left behind.
    pub async fn back_up(&self, to: &Path) -> Result<u64, StoreError> {
        let cannot = |error| StoreError::File { file: to.to_owned(), error };
        if self.file.is_none() {
            return Err(StoreError::NoFile(self.place.clone()));
        }
        if fs::symlink_metadata(to).is_ok() {
            return Err(cannot(io::ErrorKind::AlreadyExists.into()));
        }
        let unfinished = file::beside(to, ".tmp");
        let written = self.write_copy(&unfinished).await;
        let named = written.and_then(|()| put_in_place(&unfinished, to).map_err(cannot));
        if named.is_err() {
            // It was not there or is of no use; that it cannot go is the lesser trouble.
            let _ = fs::remove_file(&unfinished);
        }
        named
    }

    async fn write_copy(&self, to: &Path) -> Result<(), StoreError> {
        let cannot = |error| StoreError::File { file: to.to_owned(), error };
        let name = to.to_str().ok_or_else(|| cannot(io::ErrorKind::InvalidFilename.into()))?;
        // Hashes of photos of people: SQLite writes into this file, which is its owner's own.
        private_file::create(to).map_err(cannot)?;
        sqlx::query("vacuum into $1").bind(name.to_owned()).execute(self.reading()?).await?;
        self.in_place()
    }
}

/// Makes sure that the file is on the disk, and gives it its name. Returns its size.
fn put_in_place(unfinished: &Path, to: &Path) -> io::Result<u64> {
    let file = File::open(unfinished)?;
    file.sync_all()?;
    fs::rename(unfinished, to)?;
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(file.metadata()?.len())
}
