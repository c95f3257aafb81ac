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

/// Lets a new file belong to whom another belongs, and be read by whom that may be read.
///
/// # Errors
/// When the other is not there, or this user may not give the file away.
pub fn give_owner(new: &File, as_of: &Path) -> io::Result<()> {
    let known = std::fs::metadata(as_of)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let own = new.metadata()?;
        if (own.uid(), own.gid()) != (known.uid(), known.gid()) {
            fchown(new, Some(known.uid()), Some(known.gid()))?;
        }
    }
    new.set_permissions(known.permissions())
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
