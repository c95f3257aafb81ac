//! The page of `photocheck eval --html`: tables and plots in one file that needs no other.

use std::fmt::Write;

use super::charts::{self, Curve, Series, escaped};
use super::detection_run::{Against, DetectionRun};
use super::eval_report::{class, figures, rounded};
use super::page::{STYLE, add_row};
use photocheck_core::evaluation::detection::{self, SourceRow, Summary, Truth};
use photocheck_core::evaluation::edits::Edit;

/// Sources with fewer photos say nothing by themselves and are left out of the plot.
const PLOTTED_PHOTOS_MIN: usize = 5;

/// Photos that change side, named on the page.
const SHOWN_MAX: usize = 200;

const REAL: &str = "#66779b";
const SYNTHETIC: &str = "#d1495b";
const OURS: &str = "#0b6e4f";

/// The whole page.
#[must_use]
pub fn page(run: &DetectionRun) -> String {
    let DetectionRun { model, policy, summary, .. } = run;
    let Summary { photos, refused, abstained, scored_real, scored_synthetic, .. } = summary;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>Verdicts, measured</title>\n<style>{STYLE}</style>\n<h1>Verdicts, measured</h1>\n\
         <p>Model {}, policy {}. {photos} photos: {scored_real} real and {scored_synthetic} \
         AI-made scored, {abstained} abstained, {refused} refused. Figures are of the scored \
         ones.</p>\n<table>\n",
        escaped(model),
        escaped(policy),
    );
    for (name, value) in figures(summary) {
        add_row(&mut page, "td", &[name.to_owned(), rounded(value)]);
    }
    page += "</table>\n<h2>Real photos against AI-made ones</h2>\n";
    page += &roc_plot(run);
    page += "<h2>What a score means</h2>\n<p>On the line, of photos that score so, just as many \
             are AI-made. It depends on how many AI-made photos there are among all.</p>\n";
    page += &calibration_plot(run);
    if !run.robustness.is_empty() {
        page += "<h2>Robustness</h2>\n<p>The detector alone, after each edit; TPR and FPR at the \
                 suspect threshold.</p>\n";
        page += &robustness(run);
    }
    if let Some(against) = &run.against {
        page += &comparison(against, run);
    }
    page += "<h2>Sources</h2>\n<p>Share of photos with verdict suspect or fake, of sources with at \
             least five.</p>\n";
    page += &source_bars(run);
    page += &source_table(run);
    page + "</html>\n"
}

fn roc_plot(run: &DetectionRun) -> String {
    let points = detection::roc(&run.judged);
    let threshold = run.summary.fpr.zip(run.summary.tpr);
    let marks: Vec<(f64, f64, &str)> =
        threshold.map(|(fpr, tpr)| (fpr, tpr, "suspect")).into_iter().collect();
    let curve = Curve { name: run.model.clone(), colour: OURS, points };
    charts::square("share of real photos flagged", "share of AI-made caught", &[curve], &marks)
}

fn calibration_plot(run: &DetectionRun) -> String {
    let bins = detection::calibration(&run.judged);
    let points = bins.iter().flatten().map(|bin| (bin.mean_score, bin.synthetic)).collect();
    let curves = [
        Curve { name: "perfect".into(), colour: "#aaa", points: vec![(0.0, 0.0), (1.0, 1.0)] },
        Curve { name: "measured".into(), colour: OURS, points },
    ];
    let mut plot = charts::square("score", "share of AI-made photos", &curves, &[]);
    plot += "<table>\n";
    add_row(&mut plot, "th", &["scores", "photos", "mean score", "AI-made"].map(str::to_owned));
    for (place, bin) in bins.iter().enumerate() {
        let Some(bin) = bin else { continue };
        let cells = [
            format!(
                "0.{place} to {}",
                if place == 9 { "1".into() } else { format!("0.{}", place + 1) }
            ),
            bin.photos.to_string(),
            rounded(Some(bin.mean_score)),
            rounded(Some(bin.synthetic)),
        ];
        add_row(&mut plot, "td", &cells);
    }
    plot + "</table>\n"
}

/// Figures that are plotted over edits, each with its name and colour.
type Figure = (&'static str, &'static str, fn(&Summary) -> Option<f64>);

const FIGURES: [Figure; 4] = [
    ("AUROC", OURS, |it| it.auroc),
    ("TPR at 1 % FPR", "#edae49", |it| it.tpr_at_fpr_1),
    ("TPR", SYNTHETIC, |it| it.tpr),
    ("FPR", REAL, |it| it.fpr),
];

fn robustness(run: &DetectionRun) -> String {
    let all: Vec<(String, &Summary)> =
        run.robustness.iter().map(|(edit, summary)| (edit.name(), summary)).collect();
    let jpegs = curve(run, |edit| matches!(edit, Edit::Jpeg(_)));
    let sides = curve(run, |edit| matches!(edit, Edit::Side(_)));
    let overlays = curve(run, |edit| Edit::OVERLAYS.contains(&edit));
    let others = curve(run, |edit| {
        !matches!(edit, Edit::Jpeg(_) | Edit::Side(_)) && !Edit::OVERLAYS.contains(&edit)
    });
    let mut page = charts::lines(&names(&jpegs), "JPEG quality", &series(&jpegs));
    page += &charts::lines(&names(&sides), "longer side, at most", &series(&sides));
    page += &charts::bars(&names(&others), &series(&others));
    page += &charts::bars(&names(&overlays), &series(&overlays));
    page += "<table>\n";
    let head = ["after", "abstained", "AUROC", "TPR at 1 % FPR", "TPR", "FPR"];
    add_row(&mut page, "th", &head.map(str::to_owned));
    for (name, summary) in std::iter::once(("as it is".to_owned(), &run.summary)).chain(all) {
        let figures = FIGURES.map(|(_, _, figure)| rounded(figure(summary)));
        let cells = [name, summary.abstained.to_string()].into_iter().chain(figures);
        add_row(&mut page, "td", &cells.collect::<Vec<_>>());
    }
    page + "</table>\n"
}

/// The unedited photos, then those edits.
fn curve(run: &DetectionRun, wanted: impl Fn(Edit) -> bool) -> Vec<(String, &Summary)> {
    let edits = run.robustness.iter().filter(|(edit, _)| wanted(*edit));
    let unedited = ("as it is".to_owned(), &run.summary);
    let named = edits.map(|(edit, summary)| (edit.name(), summary));
    std::iter::once(unedited).chain(named).collect()
}

fn names(curve: &[(String, &Summary)]) -> Vec<String> {
    curve.iter().map(|(name, _)| name.trim_start_matches("jpeg-").to_owned()).collect()
}

fn series(curve: &[(String, &Summary)]) -> Vec<Series> {
    let one = |(name, colour, figure): Figure| {
        let values = curve.iter().map(|(_, summary)| figure(summary)).collect();
        Series { name: name.to_owned(), colour, values }
    };
    FIGURES.map(one).into()
}

fn comparison(against: &Against, run: &DetectionRun) -> String {
    let Against { model, summary, thresholds, changed } = against;
    let mut page = format!("<h2>Against {}</h2>\n<table>\n", escaped(model));
    add_row(&mut page, "th", &[String::new(), run.model.clone(), model.clone()]);
    for ((name, ours), (_, theirs)) in figures(&run.summary).into_iter().zip(figures(summary)) {
        // Answers and verdicts are this model's alone.
        if !name.contains("verdict") && !name.contains("answered") {
            add_row(&mut page, "td", &[name.to_owned(), rounded(ours), rounded(theirs)]);
        }
    }
    let _ = write!(
        page,
        "</table>\n<p>{} photos change side: {:.3} and {:.3} state the same rate of real \
         photos.</p>\n<table class=\"names\">\n",
        changed.len(),
        thresholds.0,
        thresholds.1
    );
    for one in changed.iter().take(SHOWN_MAX) {
        let scores = [one.score, one.other].map(|score| rounded(Some(score)));
        let [ours, theirs] = scores;
        let name = run.name(one.photo).to_owned();
        add_row(&mut page, "td", &[name, run.class(one.photo).to_owned(), ours, theirs]);
    }
    page + "</table>\n"
}

fn source_bars(run: &DetectionRun) -> String {
    let plotted: Vec<&SourceRow> =
        run.sources.iter().filter(|row| PLOTTED_PHOTOS_MIN <= row.photos).collect();
    let names: Vec<String> = plotted.iter().map(|row| row.source.clone()).collect();
    let one = |name: &str, colour, truth: Truth| Series {
        name: name.to_owned(),
        colour,
        values: plotted.iter().map(|row| (row.truth == truth).then(|| flagged(row))).collect(),
    };
    let series = [one("real", REAL, Truth::Real), one("AI-made", SYNTHETIC, Truth::Synthetic)];
    charts::bars(&names, &series)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of photos are far below 2^53")]
fn flagged(row: &SourceRow) -> f64 {
    row.flagged as f64 / row.photos.max(1) as f64
}

fn source_table(run: &DetectionRun) -> String {
    let mut page = String::from("<table>\n");
    let head = ["source", "class", "photos", "abstained", "flagged", "mean score"];
    add_row(&mut page, "th", &head.map(str::to_owned));
    for row in &run.sources {
        let counts = [row.photos, row.abstained, row.flagged].map(|count| count.to_string());
        let [photos, abstained, flags] = counts;
        let (class, mean) = (class(row).to_owned(), rounded(row.mean_score));
        add_row(&mut page, "td", &[row.source.clone(), class, photos, abstained, flags, mean]);
    }
    page + "</table>\n"
}
