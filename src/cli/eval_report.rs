//! What `photocheck eval` prints: a table for people, or one JSON object.

use std::fmt::Write as _;

use serde::Serialize;

use super::detection_run::{Against, Changed, DetectionRun};
use photocheck_core::evaluation::detection::{SourceRow, Summary, Truth};

/// Photos that change side, named in the table; all of them stand in the JSON.
const SHOWN_MAX: usize = 40;

/// Rounds a figure to three decimals; `-` where there is none.
#[must_use]
pub fn rounded(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.3}"))
}

/// The figures of a summary with their names, in the order that they are shown in.
#[must_use]
pub fn figures(summary: &Summary) -> [(&'static str, Option<f64>); 12] {
    [
        ("AUROC", summary.auroc),
        ("average precision", summary.average_precision),
        ("balanced accuracy at the suspect threshold", summary.balanced_accuracy),
        ("TPR at the suspect threshold", summary.tpr),
        ("FPR at the suspect threshold", summary.fpr),
        ("AI-made photos answered likely or declared", summary.likely_synthetic),
        ("real photos answered likely or declared", summary.likely_real),
        ("AI-made photos with verdict suspect or fake", summary.flagged_synthetic),
        ("real photos with verdict suspect or fake", summary.flagged_real),
        ("TPR at 1 % FPR", summary.tpr_at_fpr_1),
        ("TPR at 5 % FPR", summary.tpr_at_fpr_5),
        ("calibration error", summary.calibration_error),
    ]
}

/// The figures as one JSON object.
///
/// # Errors
/// Never: all of it can be written as JSON.
pub fn json(run: &DetectionRun) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&EvalJson::from(run))? + "\n")
}

/// The figures as a table.
#[must_use]
pub fn table(run: &DetectionRun) -> String {
    let DetectionRun { model, policy, summary, sources, robustness, against, .. } = run;
    let mut text = format!("model {model}, policy {policy}\n");
    let Summary { photos, refused, abstained, scored_real, scored_synthetic, .. } = summary;
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{photos} photos: {scored_real} real and {scored_synthetic} AI-made scored, \
         {abstained} abstained, {refused} refused\n"
    );
    for (name, value) in figures(summary) {
        let _ = writeln!(text, "{name:<44}{:>7}", rounded(value));
    }
    let _ = writeln!(
        text,
        "\n{:<8}{:<28}{:>7}{:>11}{:>9}{:>12}",
        "class", "source", "photos", "abstained", "flagged", "mean score"
    );
    for row in sources {
        let SourceRow { source, photos, abstained, flagged, mean_score, .. } = row;
        let (class, mean) = (class(row), rounded(*mean_score));
        let _ = writeln!(
            text,
            "{class:<8}{source:<28}{photos:>7}{abstained:>11}{flagged:>9}{mean:>12}"
        );
    }
    if !robustness.is_empty() {
        text += &robustness_table(run);
    }
    if let Some(against) = against {
        text += &against_table(against, run);
    }
    text
}

/// `AI` or `real`.
#[must_use]
pub fn class(row: &SourceRow) -> &'static str {
    if row.truth == Truth::Synthetic { "AI" } else { "real" }
}

fn robustness_table(run: &DetectionRun) -> String {
    let mut text = format!(
        "\n{:<16}{:>11}{:>9}{:>16}{:>9}{:>9}\n",
        "after", "abstained", "AUROC", "TPR at 1 % FPR", "TPR", "FPR"
    );
    let unedited = ("(as it is)".to_owned(), &run.summary);
    let edited = run.robustness.iter().map(|(edit, summary)| (edit.name(), summary));
    for (name, summary) in std::iter::once(unedited).chain(edited) {
        let [auroc, at_1, tpr, fpr] =
            [summary.auroc, summary.tpr_at_fpr_1, summary.tpr, summary.fpr].map(rounded);
        let abstained = summary.abstained;
        let _ = writeln!(text, "{name:<16}{abstained:>11}{auroc:>9}{at_1:>16}{tpr:>9}{fpr:>9}");
    }
    text + "TPR, FPR: at the suspect threshold\n"
}

fn against_table(against: &Against, run: &DetectionRun) -> String {
    let Against { model, summary, thresholds, changed } = against;
    let mut text = format!("\n{:<44}{:>14}{:>14}\n", "", run.model, model);
    for ((name, ours), (_, theirs)) in figures(&run.summary).into_iter().zip(figures(summary)) {
        // Answers and verdicts are this model's alone.
        if name.contains("verdict") || name.contains("answered") {
            continue;
        }
        let _ = writeln!(text, "{name:<44}{:>14}{:>14}", rounded(ours), rounded(theirs));
    }
    let _ = writeln!(
        text,
        "\n{} photos change side: {:.3} and {:.3} state the same rate of real photos",
        changed.len(),
        thresholds.0,
        thresholds.1
    );
    for Changed { photo, score, other } in changed.iter().take(SHOWN_MAX) {
        let name = run.name(*photo);
        let class = run.class(*photo);
        let _ = writeln!(text, "{class:<6}{score:>7.3}{other:>8.3}  {name}");
    }
    if SHOWN_MAX < changed.len() {
        let _ = writeln!(text, "and {} more (--json names all)", changed.len() - SHOWN_MAX);
    }
    text
}

#[derive(Serialize)]
struct EvalJson<'a> {
    model: &'a str,
    policy: &'a str,
    summary: SummaryJson,
    sources: Vec<SourceJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    robustness: Vec<EditJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<AgainstJson<'a>>,
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
    flagged_real: Option<f64>,
    flagged_synthetic: Option<f64>,
    likely_real: Option<f64>,
    likely_synthetic: Option<f64>,
    calibration_error: Option<f64>,
}

#[derive(Serialize)]
struct SourceJson<'a> {
    source: &'a str,
    label: u8,
    photos: usize,
    abstained: usize,
    flagged: usize,
    mean_score: Option<f64>,
}

#[derive(Serialize)]
struct EditJson {
    edit: String,
    #[serde(flatten)]
    summary: SummaryJson,
}

#[derive(Serialize)]
struct AgainstJson<'a> {
    model: &'a str,
    summary: SummaryJson,
    threshold: f64,
    other_threshold: f64,
    changed: Vec<ChangedJson<'a>>,
}

#[derive(Serialize)]
struct ChangedJson<'a> {
    path: &'a str,
    label: u8,
    score: f64,
    other_score: f64,
}

impl<'a> From<&'a DetectionRun> for EvalJson<'a> {
    fn from(run: &'a DetectionRun) -> Self {
        let edits = run.robustness.iter();
        let edit_json = |(edit, summary): &(photocheck_core::evaluation::edits::Edit, Summary)| {
            EditJson { edit: edit.name(), summary: summary.into() }
        };
        Self {
            model: &run.model,
            policy: &run.policy,
            summary: (&run.summary).into(),
            sources: run.sources.iter().map(SourceJson::from).collect(),
            robustness: edits.map(edit_json).collect(),
            against: run.against.as_ref().map(|against| AgainstJson {
                model: &against.model,
                summary: (&against.summary).into(),
                threshold: against.thresholds.0,
                other_threshold: against.thresholds.1,
                changed: against.changed.iter().map(|it| changed_json(it, run)).collect(),
            }),
        }
    }
}

fn changed_json<'a>(changed: &Changed, run: &'a DetectionRun) -> ChangedJson<'a> {
    ChangedJson {
        path: run.name(changed.photo),
        label: u8::from(run.class(changed.photo) == "AI"),
        score: changed.score,
        other_score: changed.other,
    }
}

impl From<&Summary> for SummaryJson {
    fn from(summary: &Summary) -> Self {
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
            flagged_real: summary.flagged_real,
            flagged_synthetic: summary.flagged_synthetic,
            likely_real: summary.likely_real,
            likely_synthetic: summary.likely_synthetic,
            calibration_error: summary.calibration_error,
        }
    }
}

impl<'a> From<&'a SourceRow> for SourceJson<'a> {
    fn from(row: &'a SourceRow) -> Self {
        Self {
            source: &row.source,
            label: u8::from(row.truth == Truth::Synthetic),
            photos: row.photos,
            abstained: row.abstained,
            flagged: row.flagged,
            mean_score: row.mean_score,
        }
    }
}
