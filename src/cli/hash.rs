//! `photocheck hash`: the hashes of photos, one line each.

use std::process::ExitCode;

use rayon::prelude::*;

use super::exit::Tally;
use super::files::{self, Found};
use super::inputs::InputArgs;
use super::output::{Lines, sanitized};

#[derive(Debug, clap::Args)]
pub struct HashArgs {
    #[command(flatten)]
    inputs: InputArgs,
}

/// Prints `PDQ QUALITY GRADIENT PATH`, separated by tabs, as soon as each is ready.
///
/// # Errors
/// When no file is meant, or nobody takes the output.
pub fn run(args: &HashArgs) -> anyhow::Result<ExitCode> {
    let inputs = args.inputs.read()?;
    let (lines, tally) = (Lines::new(inputs.len()), Tally::default());
    inputs.into_par_iter().try_for_each(|input| {
        let line = hash_one(input.found).unwrap_or_else(|refusal| {
            tally.note_trouble();
            refusal
        });
        lines.write(&line)
    })?;
    lines.finish();
    Ok(tally.exit_code())
}

/// The line of a photo, or that of its refusal.
fn hash_one(found: Found) -> Result<String, String> {
    let (path, hashed) = files::hash(found);
    let path = sanitized(&path.display().to_string());
    let hashes = hashed.map_err(|reason| format!("not hashed\t{reason}\t{path}\n"))?;
    let (pdq, quality) = (hashes.pdq.to_hex(), hashes.pdq_quality.value());
    Ok(format!("{pdq}\t{quality}\t{}\t{path}\n", hashes.gradient.to_hex()))
}
