//! `photocheck inspect`: what files say about their origin, for a person or as JSON.
//!
//! It reads the marks alone, needs no model and no bank, and judges nothing: exit 0, or 2 when a
//! file could not be read.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rayon::prelude::*;
use serde::Serialize;

use super::exit::Tally;
use super::files::{self, Found};
use super::inputs::{InputArgs, PathJson};
use super::output::{Lines, sanitized};
use crate::wire::{AnimationJson, ProvenanceJson, RefusalJson};
use photocheck_core::matching::hashes::PhotoHashes;
use photocheck_core::photo::{Animation, Photo};
use photocheck_core::provenance::{self, Mark};

#[derive(Debug, clap::Args)]
pub struct InspectArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Print one line of JSON per photo, as soon as it is read
    #[arg(long)]
    json: bool,
}

/// A line of `--json`: the path as it was given, and the marks or the refusal.
#[derive(Serialize)]
struct Line {
    path: PathJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<Vec<ProvenanceJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    animation: Option<AnimationJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RefusalJson>,
}

/// What was found out about a file.
struct Inspected {
    marks: Vec<Mark>,
    animation: Option<Animation>,
}

type Outcome = Result<Inspected, RefusalJson>;

/// Inspects all photos.
///
/// # Errors
/// When no file is meant, or nobody takes the output.
pub fn run(args: &InspectArgs) -> anyhow::Result<ExitCode> {
    let inputs = args.inputs.read()?;
    let (lines, tally) = (Lines::new(inputs.len()), Tally::default());
    inputs.into_par_iter().try_for_each(|input| {
        let (path, outcome) = inspect_one(input.found);
        if outcome.is_err() {
            tally.note_trouble();
        }
        lines.write(&if args.json {
            json_line(&path, &outcome)?
        } else {
            text_lines(&path, &outcome)
        })
    })?;
    lines.finish();
    Ok(tally.exit_code())
}

fn inspect_one(found: Found) -> (PathBuf, Outcome) {
    let (path, bytes) = files::read_found(found);
    let outcome = bytes.map_err(|error| RefusalJson::unreadable(&error)).and_then(|bytes| {
        let photo = Photo::decode(&bytes).map_err(|error| RefusalJson::from(&error))?;
        let marks = provenance::read(&bytes, &photo, &PhotoHashes::hash(photo.pixels()));
        Ok(Inspected { marks, animation: photo.animation() })
    });
    (path, outcome)
}

fn json_line(path: &Path, outcome: &Outcome) -> std::io::Result<String> {
    let path = PathJson::from(path);
    let line = match outcome {
        Ok(inspected) => {
            let provenance = inspected.marks.iter().map(ProvenanceJson::from).collect();
            let animation = inspected.animation.map(AnimationJson::from);
            Line { path, provenance: Some(provenance), animation, error: None }
        }
        Err(refusal) => {
            Line { path, provenance: None, animation: None, error: Some(refusal.clone()) }
        }
    };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// The path, and a line for each mark.
fn text_lines(path: &Path, outcome: &Outcome) -> String {
    let mut text = sanitized(&path.display().to_string()) + "\n";
    // Writing to a String cannot fail.
    let _ = match outcome {
        Err(refusal) => writeln!(text, "  not read: {} [{}]", refusal.message, refusal.code),
        Ok(inspected) if inspected.marks.is_empty() => {
            writeln!(text, "  no mark of origin; that proves nothing")
        }
        Ok(_) => Ok(()),
    };
    if let Some(Animation { frames, judged }) = outcome.as_ref().ok().and_then(|it| it.animation) {
        let number = judged + 1;
        let _ =
            writeln!(text, "  animation     {frames} frames, of which number {number} is judged");
    }
    for mark in outcome.iter().flat_map(|inspected| &inspected.marks) {
        let _ = writeln!(text, "  {}", sanitized(&sentence(mark)));
    }
    text
}

fn sentence(mark: &Mark) -> String {
    let mut text = format!("{:<13} {}", mark.claim.name(), mark.kind.name());
    if let Some(name) = &mark.claimed_by {
        let _ = write!(text, ", by {name}");
    }
    if mark.trusted {
        text += ", trusted";
    }
    for (name, value) in &mark.detail {
        let _ = write!(text, ", {name}: {value}");
    }
    text
}
