//! Measuring verdicts on labelled photos.
//!
//! The figures are those of the field: AUROC and average precision for the ranking, true-positive
//! rates at fixed false-positive rates for what a platform would catch, balanced accuracy at the
//! policy's own threshold, expected calibration error for what a score means. Photos the detector
//! abstained from are counted, never guessed. A figure that the data cannot give (no photo of one
//! class) is `None`.

mod curves;
mod judged;

use std::collections::BTreeMap;

use self::judged::{bin, counts_from_above, number, ranked, scores};
use crate::verdict::{MadeByAi, Verdict};

pub use self::curves::{CalibrationBin, calibration, roc};
pub use self::judged::{Judged, Truth};

/// Figures over all photos that have a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub photos: usize,
    pub refused: usize,
    pub abstained: usize,
    pub scored_real: usize,
    pub scored_synthetic: usize,
    /// Chance that a synthetic photo scores above a real one.
    pub auroc: Option<f64>,
    pub average_precision: Option<f64>,
    /// Mean of the shares classified rightly in each class at the policy's `suspect` threshold.
    pub balanced_accuracy: Option<f64>,
    /// Share of synthetic photos caught while at most 1 % of the real ones are flagged.
    pub tpr_at_fpr_1: Option<f64>,
    /// The same at 5 %.
    pub tpr_at_fpr_5: Option<f64>,
    /// Share of real photos at or above the `suspect` threshold.
    pub fpr: Option<f64>,
    /// Share of synthetic photos at or above the `suspect` threshold.
    pub tpr: Option<f64>,
    /// Share of real photos that got the verdict `suspect` or `fake`, by whatever was found; of all
    /// that were not refused.
    pub flagged_real: Option<f64>,
    /// The same share of synthetic photos.
    pub flagged_synthetic: Option<f64>,
    /// Share of real photos with the answer `likely` or `declared`, whatever the policy makes of
    /// it; of all that were not refused.
    pub likely_real: Option<f64>,
    /// The same share of synthetic photos.
    pub likely_synthetic: Option<f64>,
    /// Mean distance between score and truth over ten bins of equal width.
    pub calibration_error: Option<f64>,
}

/// Figures of one source and class.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRow {
    pub source: String,
    pub truth: Truth,
    pub photos: usize,
    /// Refused, or no score.
    pub abstained: usize,
    /// Verdict `suspect` or `fake`.
    pub flagged: usize,
    pub mean_score: Option<f64>,
}

/// All figures; `suspect_score` is the policy's threshold.
#[must_use]
pub fn summary(judged: &[Judged], suspect_score: f64) -> Summary {
    let (real, synthetic) = (scores(judged, Truth::Real), scores(judged, Truth::Synthetic));
    let fpr = share(&real, |score| suspect_score <= score);
    let tpr = share(&synthetic, |score| suspect_score <= score);
    let of_truth = |truth: Truth| judged.iter().filter(move |one| one.truth == truth);
    let flagged = |truth| {
        share_of(of_truth(truth).filter_map(|one| one.verdict), |it| Verdict::Suspect <= it)
    };
    let likely = |truth| {
        share_of(of_truth(truth).filter_map(|one| one.made_by_ai), |it| MadeByAi::Likely <= it)
    };
    let refused = judged.iter().filter(|one| one.verdict.is_none()).count();
    Summary {
        photos: judged.len(),
        refused,
        abstained: judged.len() - refused - real.len() - synthetic.len(),
        scored_real: real.len(),
        scored_synthetic: synthetic.len(),
        auroc: auroc(&real, &synthetic),
        average_precision: average_precision(&real, &synthetic),
        balanced_accuracy: fpr.zip(tpr).map(|(fpr, tpr)| f64::midpoint(tpr, 1.0 - fpr)),
        tpr_at_fpr_1: tpr_at(&real, &synthetic, 0.01),
        tpr_at_fpr_5: tpr_at(&real, &synthetic, 0.05),
        fpr,
        tpr,
        flagged_real: flagged(Truth::Real),
        flagged_synthetic: flagged(Truth::Synthetic),
        likely_real: likely(Truth::Real),
        likely_synthetic: likely(Truth::Synthetic),
        calibration_error: calibration_error(&real, &synthetic),
    }
}

/// A row for each source and class, by class, then name.
#[must_use]
pub fn by_source(judged: &[Judged]) -> Vec<SourceRow> {
    let mut groups: BTreeMap<(bool, &str), Vec<&Judged>> = BTreeMap::new();
    for one in judged {
        let key = (one.truth == Truth::Synthetic, one.source.as_str());
        groups.entry(key).or_default().push(one);
    }
    let rows = groups.into_iter().map(|((synthetic, source), group)| {
        let scores: Vec<f64> = group.iter().filter_map(|one| one.score).collect();
        let flagged = |one: &&&Judged| one.verdict.is_some_and(|it| Verdict::Suspect <= it);
        SourceRow {
            source: source.to_owned(),
            truth: if synthetic { Truth::Synthetic } else { Truth::Real },
            photos: group.len(),
            abstained: group.len() - scores.len(),
            flagged: group.iter().filter(flagged).count(),
            mean_score: mean(&scores),
        }
    });
    rows.collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / number(values.len()))
}

fn share_of<T>(values: impl Iterator<Item = T>, holds: impl Fn(T) -> bool) -> Option<f64> {
    let values: Vec<f64> = values.map(|value| f64::from(u8::from(holds(value)))).collect();
    mean(&values)
}

fn share(values: &[f64], holds: impl Fn(f64) -> bool) -> Option<f64> {
    let count = values.iter().filter(|value| holds(**value)).count();
    (!values.is_empty()).then(|| number(count) / number(values.len()))
}

/// The Mann-Whitney statistic; ties count half.
fn auroc(real: &[f64], synthetic: &[f64]) -> Option<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return None;
    }
    let (mut before, mut area) = ((0, 0), 0.0);
    for now in counts_from_above(real, synthetic) {
        area += number(now.0 - before.0) * f64::midpoint(number(before.1), number(now.1));
        before = now;
    }
    Some(area / number(real.len()) / number(synthetic.len()))
}

/// Mean precision over the steps of recall.
fn average_precision(real: &[f64], synthetic: &[f64]) -> Option<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return None;
    }
    let (mut caught, mut sum) = (0, 0.0);
    for (flagged_real, flagged_synthetic) in counts_from_above(real, synthetic) {
        let precision = number(flagged_synthetic) / number(flagged_real + flagged_synthetic);
        sum += number(flagged_synthetic - caught) * precision;
        caught = flagged_synthetic;
    }
    Some(sum / number(synthetic.len()))
}

/// The largest share of synthetic photos above a threshold that at most `fpr` of the real pass.
fn tpr_at(real: &[f64], synthetic: &[f64], fpr: f64) -> Option<f64> {
    if real.is_empty() || synthetic.is_empty() {
        return None;
    }
    let allowed = fpr * number(real.len());
    let counts = counts_from_above(real, synthetic);
    let within = counts.iter().take_while(|(flagged, _)| number(*flagged) <= allowed);
    Some(number(within.last().map_or(0, |(_, caught)| *caught)) / number(synthetic.len()))
}

/// Naeini, Cooper, Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning",
/// 2015: mean over ten bins, weighted by their photos, of |share synthetic - mean score|.
fn calibration_error(real: &[f64], synthetic: &[f64]) -> Option<f64> {
    let all = ranked(real, synthetic);
    let errors = all.chunk_by(|a, b| bin(a.0).total_cmp(&bin(b.0)).is_eq()).map(|tied| {
        let synthetic = tied.iter().filter(|(_, truth)| *truth == Truth::Synthetic).count();
        let scores: f64 = tied.iter().map(|(score, _)| score).sum();
        (number(synthetic) - scores).abs()
    });
    let error: f64 = errors.sum();
    (!all.is_empty()).then(|| error / number(all.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::NotApplicable;
    use crate::verdict::NotJudged;

    fn close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    /// Expected values by hand: of the 9 pairs, synthetic is above in 7 and tied in 1.
    #[test]
    fn ranking_figures_of_a_small_case() {
        let (real, synthetic) = ([0.1, 0.4, 0.6], [0.4, 0.7, 0.9]);
        close(auroc(&real, &synthetic), 7.5 / 9.0);
        // 0.9: 1/1, 0.7: 2/2, then 0.6 is real, then the tie at 0.4 gives 3 of 5.
        close(average_precision(&real, &synthetic), (1.0 + 1.0 + 3.0 / 5.0) / 3.0);
        close(tpr_at(&real, &synthetic, 0.01), 2.0 / 3.0);
        close(tpr_at(&real, &synthetic, 0.34), 2.0 / 3.0);
        close(tpr_at(&real, &synthetic, 0.67), 1.0);
    }

    #[test]
    fn perfect_and_reversed_rankings() {
        close(auroc(&[0.1, 0.2], &[0.8, 0.9]), 1.0);
        close(auroc(&[0.8, 0.9], &[0.1, 0.2]), 0.0);
        close(auroc(&[0.5], &[0.5]), 0.5);
        assert_eq!(auroc(&[], &[0.5]), None);
    }

    #[test]
    fn a_calibrated_detector_has_no_calibration_error() {
        // In the bin of 0.75, three of four are synthetic.
        close(calibration_error(&[0.75], &[0.75, 0.75, 0.75]), 0.0);
        close(calibration_error(&[1.0], &[]), 1.0);
    }

    #[test]
    fn abstentions_and_refusals_are_counted_apart() {
        let judged = |score, verdict, made_by_ai| {
            let (truth, source) = (Truth::Real, "a".into());
            Judged { truth, source, score, verdict, made_by_ai }
        };
        let no_face = MadeByAi::NotJudged(NotJudged::NotApplicable(NotApplicable::NoFaceFound));
        let all = [
            judged(Some(0.2), Some(Verdict::Clear), Some(MadeByAi::NoSign)),
            // A policy need not count it against the photo.
            judged(Some(0.9), Some(Verdict::Clear), Some(MadeByAi::Likely)),
            judged(None, Some(Verdict::Suspect), Some(no_face)),
            judged(None, Some(Verdict::Fake), Some(MadeByAi::Declared)),
            judged(None, None, None),
        ];
        let found = summary(&all, 0.5);
        assert_eq!((found.photos, found.abstained, found.refused, found.scored_real), (5, 2, 1, 2));
        assert_eq!((found.flagged_real, found.likely_real), (Some(0.5), Some(0.5)));
        assert_eq!((found.flagged_synthetic, found.likely_synthetic), (None, None));
        let rows = by_source(&all);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].photos, rows[0].abstained, rows[0].flagged), (5, 3, 2));
    }
}
