//! Folders: every file in them and in their folders, but nothing outside.

use std::ops::ControlFlow;
use std::path::Path;

use walkdir::{DirEntry, WalkDir};

use super::own::Own;
use crate::bulk::entry::{Entry, NotRead, Take, read_file};
use crate::bulk::limits::FOLDER_DEPTH_MAX;

/// Takes every file that is not hidden. A link to a file inside is that file, one to anything
/// outside is refused; folders are not visited by links, since they are by themselves. What the job
/// itself has written is left out.
pub fn each(folder: &Path, columns: usize, own: &Own, take: &mut Take<'_>) -> ControlFlow<()> {
    let root = std::fs::canonicalize(folder);
    let walk = WalkDir::new(folder).max_depth(FOLDER_DEPTH_MAX).into_iter();
    let is_meant =
        |entry: &DirEntry| entry.depth() == 0 || !is_hidden(entry) && !own.has(entry.path());
    for found in walk.filter_entry(is_meant) {
        match found {
            Ok(entry) if entry.file_type().is_file() => take_file(entry.path(), columns, take)?,
            Ok(entry) if entry.path_is_symlink() => {
                let target = std::fs::canonicalize(entry.path());
                match (&target, &root) {
                    (Ok(target), Ok(root)) if target.starts_with(root) => {
                        if target.is_file() {
                            take_file(entry.path(), columns, take)?;
                        }
                    }
                    (Err(error), _) => {
                        refuse(entry.path(), &NotRead::unreadable(error), columns, take)?;
                    }
                    _ => refuse(entry.path(), &link_outside(), columns, take)?,
                }
            }
            // Folders are walked through; pipes and devices could be read for ever.
            Ok(_) => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                refuse(&path, &NotRead::unreadable(&error.into()), columns, take)?;
            }
        }
    }
    ControlFlow::Continue(())
}

/// Takes one file.
pub fn take_file(path: &Path, columns: usize, take: &mut Take<'_>) -> ControlFlow<()> {
    take(Entry::of_file(path, columns), &mut || read_file(path))
}

fn refuse(path: &Path, why: &NotRead, columns: usize, take: &mut Take<'_>) -> ControlFlow<()> {
    take(Entry::of_file(path, columns), &mut || Err(why.clone()))
}

fn link_outside() -> NotRead {
    let message = "the link leads out of the folder; it was not followed".into();
    NotRead { code: "LINK_OUTSIDE_FOLDER", message }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}
