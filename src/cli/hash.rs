//! `photocheck hash`: the hashes of photos, one line each.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::files::{self, Found};
use super::inputs::InputArgs;
use super::output::{self, Lines};

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
    let (lines, trouble) = (Lines::new(inputs.len()), AtomicBool::new(false));
    inputs.into_par_iter().try_for_each(|input| {
        let line = hash_one(input.found).unwrap_or_else(|refusal| {
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
