//! `photocheck eval`: how good the verdicts are, measured on labelled photos by the same pipeline.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ParallelProgressIterator, ProgressBar};
use rayon::prelude::*;
use serde::Deserialize;

use super::detection_run::{Against, Changed, DetectionRun};
use super::eval_page;
use super::eval_report;
use super::files;
use super::output::sanitized;
use super::shared::SharedArgs;
use crate::app::models;
use photocheck_core::checker::Checker;
use photocheck_core::detector::{Detector, ScoreLevels};
use photocheck_core::evaluation::detection::{self, Judged, Truth};
use photocheck_core::evaluation::edits::{Edit, Random};
use photocheck_core::matching::index::{Index, Scope};
use photocheck_core::photo::Photo;
use photocheck_core::signals::Synthetic;

/// Share of real photos at whose score models are compared.
const COMPARED_RATE: f64 = 0.01;

/// Drawn from for the edits of `--robustness`.
const SEED: u64 = 1;

#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    /// CSV with the columns path (relative to the file), label (1: made by AI, 0: real) and source
    labels: PathBuf,
    /// Use only this many photos, spread evenly over the rows [default: all]
    #[arg(long, value_name = "N")]
    photos: Option<usize>,
    /// Also score every photo after re-encoding, resizing, simple attacks and overlays
    #[arg(long)]
    robustness: bool,
    /// Also score with the model in this folder, and list the photos on which the two differ
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Also write a web page with tables and plots to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A row of the labels; other columns are passed over.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    path: PathBuf,
    label: u8,
    source: String,
}

/// What was found out about one photo.
struct Found {
    judged: Judged,
    robustness: Vec<Judged>,
    other: Option<f64>,
}

/// Checks every labelled photo against no bank and prints the figures.
///
/// # Errors
/// When the labels or the models cannot be read, or the page cannot be written.
pub fn run(args: &EvalArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let checker = shared.checker()?;
    let run = measure(args, &checker)?;
    if let Some(file) = &args.html {
        std::fs::write(file, eval_page::page(&run)).with_context(|| file.display().to_string())?;
    }
    let text = if args.json { eval_report::json(&run)? } else { eval_report::table(&run) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &EvalArgs, checker: &Checker) -> anyhow::Result<DetectionRun> {
    let rows = chosen(&read_labels(&args.labels)?, args.photos);
    let against = args.against.as_deref().map(models::read_detector).transpose()?;
    let thresholds = against.as_ref().map(|other| compared(checker, other)).transpose()?;
    let folder = args.labels.parent().unwrap_or(Path::new("."));
    let scorer = Scorer { checker, against: against.as_ref(), robustness: args.robustness };
    let bar = ProgressBar::new(rows.len() as u64);
    let found: Vec<Found> = rows
        .par_iter()
        .enumerate()
        .progress_with(bar)
        .map(|(position, row)| scorer.score(position, row, folder))
        .collect();
    let judged: Vec<Judged> = found.iter().map(|one| one.judged.clone()).collect();
    let suspect_score = checker.policy().suspect_score();
    let edits = Edit::TRAVELS.into_iter().enumerate().filter(|_| args.robustness);
    let robustness = edits.map(|(number, edit)| {
        let after = found.iter().filter_map(|one| one.robustness.get(number));
        (edit, detection::summary(&after.cloned().collect::<Vec<_>>(), suspect_score))
    });
    let against = against.zip(thresholds);
    Ok(DetectionRun {
        model: checker.model().to_owned(),
        policy: checker.policy().version().to_owned(),
        suspect_score,
        names: rows.iter().map(|row| sanitized(&row.path.display().to_string())).collect(),
        summary: detection::summary(&judged, suspect_score),
        sources: detection::by_source(&judged),
        robustness: robustness.collect(),
        against: against.map(|(other, thresholds)| compare(&other, thresholds, &found)),
        judged,
    })
}

fn read_labels(file: &Path) -> anyhow::Result<Vec<Row>> {
    let named = || file.display().to_string();
    let mut reader = csv::Reader::from_path(file).with_context(named)?;
    let rows: Vec<Row> = reader.deserialize().collect::<Result<_, _>>().with_context(named)?;
    for (number, row) in rows.iter().enumerate() {
        let (label, line) = (row.label, number + 2);
        anyhow::ensure!(label <= 1, "{}: line {line}: label {label} is neither 0 nor 1", named());
    }
    anyhow::ensure!(!rows.is_empty(), "{}: it has no rows", named());
    Ok(rows)
}

/// The rows, evenly spaced if there are more than the limit.
fn chosen(rows: &[Row], most: Option<usize>) -> Vec<Row> {
    let (count, most) = (rows.len(), most.unwrap_or(usize::MAX).min(rows.len()));
    let taken = |number: usize| (number * most) / count != ((number + 1) * most) / count;
    let numbered = rows.iter().enumerate();
    numbered.filter(|(number, _)| taken(*number)).map(|(_, row)| row.clone()).collect()
}

/// Scores at which both models state [`COMPARED_RATE`].
fn compared(checker: &Checker, other: &Detector) -> anyhow::Result<(f64, f64)> {
    let score = |detector: &Detector| {
        detector.score_at_rate(COMPARED_RATE).with_context(|| {
            format!("{} states no score for a rate of {COMPARED_RATE}", detector.name())
        })
    };
    Ok((score(checker.detector())?, score(other)?))
}

fn compare(other: &Detector, thresholds: (f64, f64), found: &[Found]) -> Against {
    let judged = found.iter().map(|one| Judged { score: one.other, ..one.judged.clone() });
    let judged: Vec<Judged> = judged.collect();
    let sides = found.iter().enumerate().filter_map(|(photo, one)| {
        let (score, other) = (one.judged.score?, one.other?);
        let changes = (thresholds.0 <= score) != (thresholds.1 <= other);
        changes.then_some(Changed { photo, score, other })
    });
    Against {
        model: other.name().to_owned(),
        summary: detection::summary(&judged, thresholds.1),
        thresholds,
        changed: sides.collect(),
    }
}

/// What every photo is scored with.
struct Scorer<'a> {
    checker: &'a Checker,
    against: Option<&'a Detector>,
    robustness: bool,
}

impl Scorer<'_> {
    fn score(&self, position: usize, row: &Row, folder: &Path) -> Found {
        let truth = if row.label == 1 { Truth::Synthetic } else { Truth::Real };
        let refused = Judged { truth, source: row.source.clone(), score: None, verdict: None };
        let bytes = files::read(&folder.join(&row.path)).unwrap_or_default();
        let Ok(report) = self.checker.check(&bytes, &Index::default(), &Scope::Everything) else {
            let robustness = vec![refused.clone(); Edit::TRAVELS.len()];
            return Found { judged: refused, robustness, other: None };
        };
        let score = read_score(&report.signals.synthetic);
        let judged = Judged { score, verdict: Some(report.verdict), ..refused.clone() };
        let mut found = Found { judged, robustness: Vec::new(), other: None };
        if !self.robustness && self.against.is_none() {
            return found;
        }
        // It was a photo a moment ago.
        let Ok(photo) = Photo::decode(&bytes) else { return found };
        let pixels = photo.pixels();
        found.other = self.against.and_then(|other| {
            read_score(&other.score(pixels, &self.checker.judged_faces(pixels), ScoreLevels::NONE))
        });
        if self.robustness {
            let after = |edit: Edit| {
                let edited = edit.apply(pixels, &mut Random::seeded(SEED, position, edit));
                let synthetic = self.checker.synthetic(&edited);
                let verdict = Some(self.checker.policy().synthetic_verdict(&synthetic));
                Judged { score: read_score(&synthetic), verdict, ..refused.clone() }
            };
            found.robustness = Edit::TRAVELS.into_iter().map(after).collect();
        }
        found
    }
}

fn read_score(synthetic: &Synthetic) -> Option<f64> {
    match synthetic {
        Synthetic::Evaluated(evaluated) => Some(evaluated.score.value().into()),
        Synthetic::NotApplicable { .. } | Synthetic::UnableToEvaluate { .. } => None,
    }
}
