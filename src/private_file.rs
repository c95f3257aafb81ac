//! Files that only their owner may read: hashes of photos of people, and tokens.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a file that must not be there yet.
///
/// # Errors
/// When it is there or cannot be created.
pub fn create_new(path: &Path) -> io::Result<File> {
    options().create_new(true).open(path)
}

/// Creates a file, or empties the one that is there.
///
/// # Errors
/// When it cannot be written.
pub fn create(path: &Path) -> io::Result<File> {
    options().create(true).truncate(true).open(path)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
