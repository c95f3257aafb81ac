//! Charts of columns as SVG: only rectangles, which can be stretched to any width. Words stand
//! beside them, at a size that can be read.

use photocheck_core::evaluation::drift::{DriftLevel, ScoreCounts};

use crate::app::drift::ScoresWithDrift;
use crate::store::CheckDay;

/// Units of a column with the gap beside it.
const STEP: f64 = 12.0;
const GAP: f64 = 2.0;
/// Units of the highest column.
const HEIGHT: f64 = 100.0;
/// What is there can be seen.
const HEIGHT_MIN: f64 = 1.5;

/// See the module's text.
#[derive(Debug, Default)]
pub struct Chart {
    pub width: f64,
    pub height: f64,
    pub shapes: Vec<Shape>,
}

/// A rectangle.
#[derive(Debug)]
pub struct Shape {
    /// What the style sheet calls its kind.
    pub class: &'static str,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Chart {
    fn new(columns: usize) -> Self {
        Self { width: STEP * float(columns as u64), height: HEIGHT, shapes: Vec::new() }
    }

    fn add(&mut self, class: &'static str, (x, width): (f64, f64), (from, to): (f64, f64)) {
        let round = |number: f64| (number * 100.0).round() / 100.0;
        self.shapes.push(Shape {
            class,
            x: round(x),
            y: round(HEIGHT - to),
            width: round(width),
            height: round(to - from),
        });
    }
}

/// A column for each day, with what came of its checks piled up.
pub fn of_checks(days: &[(i64, CheckDay)]) -> Chart {
    let most = days.iter().map(|(_, day)| day.total()).max().unwrap_or_default().max(1);
    let mut chart = Chart::new(days.len());
    for (place, (_, day)) in days.iter().enumerate() {
        let x = STEP * float(place as u64) + GAP / 2.0;
        let mut from = 0.0;
        for (class, count) in [
            ("flagged", day.fake),
            ("suspicious", day.suspect),
            ("unsure", day.inconclusive),
            ("clear", day.clear),
            ("failed", day.failed),
        ] {
            if 0 < count {
                let to = from + (HEIGHT * float(count) / float(most)).max(HEIGHT_MIN);
                chart.add(class, (x, STEP - GAP), (from, to.min(HEIGHT)));
                from = to.min(HEIGHT);
            }
        }
    }
    chart
}

/// Two columns for each bin: the share of photos that has such a score, and what was expected.
pub fn of_scores(scores: &ScoreCounts, expected: Option<&[f64]>) -> Chart {
    let total = float(scores.total().max(1));
    let found: Vec<f64> = scores.counts().iter().map(|count| float(*count) / total).collect();
    let expected = expected.unwrap_or_default();
    let most = found.iter().chain(expected).copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut chart = Chart::new(found.len());
    let half = (STEP - GAP) / 2.0;
    for (place, share) in found.iter().enumerate() {
        let x = STEP * float(place as u64) + GAP / 2.0;
        let pair = [("found", x, Some(share)), ("expected", x + half, expected.get(place))];
        for (class, x, share) in pair {
            let height = HEIGHT * share.copied().unwrap_or_default() / most;
            if 0.0 < height {
                chart.add(class, (x, half), (0.0, height.max(HEIGHT_MIN)));
            }
        }
    }
    chart
}

/// A column for each day, as high as its drift.
pub fn of_drift(days: &[(i64, ScoresWithDrift)]) -> Chart {
    /// So high at least is what is drawn, so that chance does not look large.
    const TOP_MIN: f64 = 0.3;
    let drifts = days.iter().map(|(_, day)| day.drift);
    let top = drifts.clone().flatten().map(|drift| drift.distance).fold(TOP_MIN, f64::max);
    let mut chart = Chart::new(days.len());
    for (place, drift) in drifts.enumerate() {
        let Some(drift) = drift else { continue };
        let class = match drift.level() {
            DriftLevel::AsMeasured => "clear",
            DriftLevel::Moved => "suspicious",
            DriftLevel::Drifted => "flagged",
        };
        let x = STEP * float(place as u64) + GAP / 2.0;
        let height = (HEIGHT * drift.distance / top).max(HEIGHT_MIN);
        chart.add(class, (x, STEP - GAP), (0.0, height));
    }
    chart
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
}
