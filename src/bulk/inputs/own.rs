//! What a job has written itself, which is no input of it: results may lie beside photos.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::bulk::parts::Format;
use crate::bulk::state::STATE;
use crate::bulk::summary::SUMMARY;

/// The folder of a job's results, if it is there yet.
#[derive(Debug)]
pub struct Own {
    folder: Option<PathBuf>,
}

impl Own {
    /// Of the job whose results lie in this folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: std::fs::canonicalize(folder).ok() }
    }

    /// Whether a file or a folder is the job's own, or lies in what is.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        let Some(folder) = &self.folder else { return false };
        let Ok(path) = std::fs::canonicalize(path) else { return false };
        let below = path.strip_prefix(folder).ok();
        below.and_then(|below| below.iter().next()).is_some_and(is_own)
    }
}

/// Whether a name below the folder is one that jobs write.
fn is_own(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default();
    let is_format = |name: &str| Format::ALL.iter().any(|format| format.name() == name);
    let is_state = name.strip_prefix(STATE).is_some_and(|end| matches!(end, "" | "-wal" | "-shm"));
    is_format(name)
        || is_state
        || name == SUMMARY
        || name.strip_prefix("rings.").is_some_and(is_format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_jobs_write_is_their_own() {
        for (name, expected) in [
            ("csv", true),
            ("ndjson", true),
            ("state.sqlite", true),
            ("state.sqlite-wal", true),
            ("rings.csv", true),
            ("manifest.json", true),
            ("a.jpg", false),
            ("state.sqlite.jpg", false),
            ("rings.jpg", false),
            ("csv.jpg", false),
        ] {
            assert_eq!(is_own(OsStr::new(name)), expected, "{name}");
        }
    }
}
