//! What plots show: the whole of a curve where [`super::Summary`] has single numbers.

use super::judged::{Judged, Truth, bin, counts_from_above, number, scores};

/// Scores of one bin against the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    pub photos: usize,
    pub mean_score: f64,
    /// Share of synthetic photos; equal to the mean score if scores are probabilities.
    pub synthetic: f64,
}

/// The receiver operating characteristic: (false-positive rate, true-positive rate) from (0, 0) to
/// (1, 1), a point for each distinct score. Empty where one class has no scored photo.
#[must_use]
pub fn roc(judged: &[Judged]) -> Vec<(f64, f64)> {
    let (real, synthetic) = (scores(judged, Truth::Real), scores(judged, Truth::Synthetic));
    if real.is_empty() || synthetic.is_empty() {
        return Vec::new();
    }
    let share = |(flagged, caught): (usize, usize)| {
        (number(flagged) / number(real.len()), number(caught) / number(synthetic.len()))
    };
    let points = counts_from_above(&real, &synthetic).into_iter().map(share);
    std::iter::once((0.0, 0.0)).chain(points).collect()
}

/// The reliability diagram: ten bins of equal width over the scores; `None` where no score fell.
#[must_use]
pub fn calibration(judged: &[Judged]) -> [Option<CalibrationBin>; 10] {
    std::array::from_fn(|number_of_bin| {
        let inside = |one: &&Judged| {
            one.score.is_some_and(|score| bin(score).total_cmp(&number(number_of_bin)).is_eq())
        };
        let here: Vec<&Judged> = judged.iter().filter(inside).collect();
        let photos = here.len();
        let scores: f64 = here.iter().filter_map(|one| one.score).sum();
        let synthetic = here.iter().filter(|one| one.truth == Truth::Synthetic).count();
        (photos > 0).then(|| CalibrationBin {
            photos,
            mean_score: scores / number(photos),
            synthetic: number(synthetic) / number(photos),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(truth: Truth, score: f64) -> Judged {
        let (source, score) = ("a".into(), Some(score));
        Judged { truth, source, score, verdict: None, made_by_ai: None }
    }

    #[test]
    fn the_area_under_the_curve_is_the_auroc() {
        let all: Vec<Judged> = [(0.1, Truth::Real), (0.4, Truth::Real), (0.6, Truth::Real)]
            .into_iter()
            .chain([0.4, 0.7, 0.9].map(|score| (score, Truth::Synthetic)))
            .map(|(score, truth)| judged(truth, score))
            .collect();
        let points = roc(&all);
        assert_eq!(points.last(), Some(&(1.0, 1.0)));
        let area: f64 = points
            .windows(2)
            .map(|pair| (pair[1].0 - pair[0].0) * f64::midpoint(pair[0].1, pair[1].1))
            .sum();
        let auroc = super::super::summary(&all, 0.5).auroc.unwrap();
        assert!((area - auroc).abs() < 1e-12, "{area} is not {auroc}");
    }

    #[test]
    fn one_class_alone_has_no_curve() {
        assert!(roc(&[judged(Truth::Real, 0.5)]).is_empty());
    }

    #[test]
    fn every_score_falls_into_one_bin() {
        let scores = [0.0, 0.05, 0.1, 0.55, 0.99, 1.0];
        let all: Vec<Judged> = scores.into_iter().map(|it| judged(Truth::Synthetic, it)).collect();
        let bins = calibration(&all);
        let counts: Vec<usize> = bins.iter().map(|bin| bin.map_or(0, |bin| bin.photos)).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]);
        assert!((bins[9].unwrap().synthetic - 1.0).abs() < 1e-12);
        assert!((bins[9].unwrap().mean_score - 0.995).abs() < 1e-12);
    }
}
