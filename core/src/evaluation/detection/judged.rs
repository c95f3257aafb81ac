//! Labelled photos with what was found, and their scores in order.

use crate::verdict::{MadeByAi, Verdict};

/// What a photo really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    Real,
    Synthetic,
}

/// One labelled photo and what was found.
#[derive(Debug, Clone)]
pub struct Judged {
    pub truth: Truth,
    /// Where the photo comes from; figures are given for each source.
    pub source: String,
    /// `None` where the detector abstained.
    pub score: Option<f64>,
    /// `None` where the photo was refused.
    pub verdict: Option<Verdict>,
    /// Whether AI made it, as answered; `None` where the photo was refused.
    pub made_by_ai: Option<MadeByAi>,
}

/// The scores of one class.
pub(super) fn scores(judged: &[Judged], truth: Truth) -> Vec<f64> {
    judged.iter().filter(|one| one.truth == truth).filter_map(|one| one.score).collect()
}

/// Counts are exact in f64 far beyond any number of photos.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(super) fn number(count: usize) -> f64 {
    count as f64
}

/// All scores with their class, highest first.
pub(super) fn ranked(real: &[f64], synthetic: &[f64]) -> Vec<(f64, Truth)> {
    let real = real.iter().map(|score| (*score, Truth::Real));
    let mut all: Vec<_> =
        real.chain(synthetic.iter().map(|score| (*score, Truth::Synthetic))).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all
}

/// Counts of (real, synthetic) at or above each distinct score, highest first.
pub(super) fn counts_from_above(real: &[f64], synthetic: &[f64]) -> Vec<(usize, usize)> {
    let all = ranked(real, synthetic);
    let (mut counts, mut above) = (Vec::new(), (0, 0));
    for tied in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        for (_, truth) in tied {
            match truth {
                Truth::Real => above.0 += 1,
                Truth::Synthetic => above.1 += 1,
            }
        }
        counts.push(above);
    }
    counts
}

/// Which of ten bins of equal width a score falls into, from 0.
pub(super) fn bin(score: f64) -> f64 {
    const BINS: f64 = 10.0;
    (score * BINS).floor().min(BINS - 1.0)
}
