//! `photocheck eval`: how good the verdicts are, measured on labelled photos by the same pipeline.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use indicatif::{ParallelProgressIterator, ProgressBar};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::SharedArgs;
use super::files;
use crate::core::checker::Checker;
use crate::core::detector::Synthetic;
use crate::core::evaluation::{self, Judged, SourceRow, Summary, Truth};
use crate::core::index::Index;

#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    /// CSV with the columns path (relative to the file), label (1: made by AI, 0: real), source
    labels: PathBuf,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A row of the labels; other columns are passed over.
#[derive(Debug, Deserialize)]
struct Row {
    path: PathBuf,
    label: u8,
    source: String,
}

#[derive(Serialize)]
struct EvalJson<'a> {
    model: &'a str,
    policy: &'a str,
    summary: SummaryJson,
    sources: Vec<SourceJson>,
}

#[derive(Serialize)]
struct SummaryJson {
    photos: usize,
    refused: usize,
    abstained: usize,
    scored_real: usize,
    scored_synthetic: usize,
    auroc: Option<f64>,
    average_precision: Option<f64>,
    balanced_accuracy: Option<f64>,
    tpr_at_fpr_1: Option<f64>,
    tpr_at_fpr_5: Option<f64>,
    fpr: Option<f64>,
    tpr: Option<f64>,
    calibration_error: Option<f64>,
}

#[derive(Serialize)]
struct SourceJson {
    source: String,
    label: u8,
    photos: usize,
    abstained: usize,
    flagged: usize,
    mean_score: Option<f64>,
}

/// Checks every labelled photo against no bank and prints the figures.
///
/// # Errors
/// When the labels or the models cannot be read.
pub fn run(args: &EvalArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let labels = read_labels(&args.labels)?;
    let checker = shared.checker()?;
    let folder = args.labels.parent().unwrap_or(Path::new("."));
    let bar = ProgressBar::new(labels.len() as u64);
    let judged: Vec<Judged> =
        labels.into_par_iter().progress_with(bar).map(|row| judge(row, folder, &checker)).collect();
    let summary = evaluation::summary(&judged, checker.policy().suspect_score());
    let rows = evaluation::by_source(&judged);
    let text = if args.json {
        let (model, policy) = (checker.model(), checker.policy().version());
        let sources = rows.into_iter().map(SourceJson::from).collect();
        let json = EvalJson { model, policy, summary: summary.into(), sources };
        serde_json::to_string_pretty(&json)? + "\n"
    } else {
        table(&checker, &summary, &rows)
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn read_labels(file: &Path) -> anyhow::Result<Vec<Row>> {
    let named = || file.display().to_string();
    let mut reader = csv::Reader::from_path(file).with_context(named)?;
    let rows: Vec<Row> = reader.deserialize().collect::<Result<_, _>>().with_context(named)?;
    for (number, row) in rows.iter().enumerate() {
        let (label, line) = (row.label, number + 2);
        anyhow::ensure!(label <= 1, "{}: line {line}: label {label} is neither 0 nor 1", named());
    }
    anyhow::ensure!(!rows.is_empty(), "{}: there is no row in it", named());
    Ok(rows)
}

fn judge(row: Row, folder: &Path, checker: &Checker) -> Judged {
    let truth = if row.label == 1 { Truth::Synthetic } else { Truth::Real };
    let bytes = files::read(&folder.join(&row.path)).ok();
    let report = bytes.and_then(|bytes| checker.check(&bytes, &Index::default()).ok());
    let score = report.as_ref().and_then(|report| match report.signals.synthetic {
        Synthetic::Evaluated { score, .. } => Some(score.value().into()),
        Synthetic::NotApplicable { .. } | Synthetic::UnableToEvaluate { .. } => None,
    });
    Judged { truth, source: row.source, score, verdict: report.map(|report| report.verdict) }
}

fn table(checker: &Checker, summary: &Summary, rows: &[SourceRow]) -> String {
    let mut text = format!("model {}, policy {}\n", checker.model(), checker.policy().version());
    let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let figures = [
        ("AUROC", summary.auroc),
        ("average precision", summary.average_precision),
        ("balanced accuracy at the suspect threshold", summary.balanced_accuracy),
        ("TPR at the suspect threshold", summary.tpr),
        ("FPR at the suspect threshold", summary.fpr),
        ("TPR at 1 % FPR", summary.tpr_at_fpr_1),
        ("TPR at 5 % FPR", summary.tpr_at_fpr_5),
        ("calibration error", summary.calibration_error),
    ];
    let Summary { photos, refused, abstained, scored_real, scored_synthetic, .. } = summary;
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{photos} photos: {scored_real} real and {scored_synthetic} AI-made scored, \
         {abstained} abstained, {refused} refused\n"
    );
    for (name, value) in figures {
        let _ = writeln!(text, "{name:<44}{:>7}", shown(value));
    }
    let _ = writeln!(
        text,
        "\n{:<8}{:<28}{:>7}{:>11}{:>9}{:>12}",
        "class", "source", "photos", "abstained", "flagged", "mean score"
    );
    for row in rows {
        let class = if row.truth == Truth::Synthetic { "AI" } else { "real" };
        let SourceRow { source, photos, abstained, flagged, mean_score, .. } = row;
        let mean = shown(*mean_score);
        let _ = writeln!(
            text,
            "{class:<8}{source:<28}{photos:>7}{abstained:>11}{flagged:>9}{mean:>12}"
        );
    }
    text
}

impl From<Summary> for SummaryJson {
    fn from(summary: Summary) -> Self {
        Self {
            photos: summary.photos,
            refused: summary.refused,
            abstained: summary.abstained,
            scored_real: summary.scored_real,
            scored_synthetic: summary.scored_synthetic,
            auroc: summary.auroc,
            average_precision: summary.average_precision,
            balanced_accuracy: summary.balanced_accuracy,
            tpr_at_fpr_1: summary.tpr_at_fpr_1,
            tpr_at_fpr_5: summary.tpr_at_fpr_5,
            fpr: summary.fpr,
            tpr: summary.tpr,
            calibration_error: summary.calibration_error,
        }
    }
}

impl From<SourceRow> for SourceJson {
    fn from(row: SourceRow) -> Self {
        Self {
            source: row.source,
            label: u8::from(row.truth == Truth::Synthetic),
            photos: row.photos,
            abstained: row.abstained,
            flagged: row.flagged,
            mean_score: row.mean_score,
        }
    }
}
