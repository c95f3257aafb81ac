//! `photocheck hash`: the hashes of photos, one line each.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::files::{self, Found};
use super::output::{self, Lines};

#[derive(Debug, clap::Args)]
pub struct HashArgs {
    /// Photos, and folders of photos
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Prints `PDQ QUALITY GRADIENT PATH`, separated by tabs, as soon as each is ready.
///
/// # Errors
/// When nobody takes the output.
pub fn run(args: &HashArgs) -> anyhow::Result<ExitCode> {
    let paths = files::expand(&args.paths);
    let (lines, trouble) = (Lines::new(paths.len()), AtomicBool::new(false));
    paths.into_par_iter().try_for_each(|found| {
        let line = hash_one(found).unwrap_or_else(|refusal| {
            trouble.store(true, Ordering::Relaxed);
            refusal
        });
        lines.write(&line)
    })?;
    lines.finish();
    let trouble = trouble.load(Ordering::Relaxed);
    Ok(if trouble { ExitCode::from(output::TROUBLE) } else { ExitCode::SUCCESS })
}

/// The line of a photo, or that of its refusal.
fn hash_one(found: Found) -> Result<String, String> {
    let (path, hashed) = files::hash(found);
    let path = output::harmless(&path.display().to_string());
    let hashes = hashed.map_err(|reason| format!("not hashed\t{reason}\t{path}\n"))?;
    let (pdq, quality) = (hashes.pdq.to_hex(), hashes.pdq_quality.value());
    Ok(format!("{pdq}\t{quality}\t{}\t{path}\n", hashes.gradient.to_hex()))
}
