//! The summary of a job: `manifest.json`, which is there when the job is done.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::part_file::PartFile;
use super::parts::write_whole;
use super::state::results::Counts;

/// The name of the summary below the folder of the job.
pub const SUMMARY: &str = "manifest.json";

/// What was checked, with what, and where the results are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub versions: Versions,
    /// Entries that were found in the inputs, each once.
    pub rows_in: u64,
    /// Rows of the results.
    pub rows_out: u64,
    /// Entries that were named more than once.
    pub named_twice: u64,
    pub counts: Counts,
    /// Files that are no pictures by their content; their rows have the code `PHOTO_NOT_AN_IMAGE`.
    pub no_pictures: u64,
    pub carried_columns: Vec<String>,
    /// Groups of rows that show the same photo; `None` where they were not looked for.
    pub rings: Option<usize>,
    pub files: Vec<PartFile>,
}

/// What the results depend on besides the photos.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    pub photocheck: &'static str,
    /// `all`, `ai`, `provenance` or `hashes`.
    pub what: &'static str,
    pub model: String,
    pub policy: String,
    /// SHA-256 of its weights and thresholds: an operator may change them under one version.
    pub policy_sha256: String,
    /// SHA-256 of what tells the database of the banks from others; `None` without banks.
    pub database: Option<String>,
    /// Whose banks they were compared with.
    pub tenant: String,
    /// Of the banks.
    pub generation: i64,
}

/// Writes the summary.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, summary: &Summary) -> anyhow::Result<()> {
    write_whole(&folder.join(SUMMARY), |out| {
        serde_json::to_writer_pretty(&mut *out, summary)?;
        Ok(out.write_all(b"\n")?)
    })?;
    Ok(())
}
