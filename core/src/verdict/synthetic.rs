//! What the detector's score says: its thresholds, and whether it holds over perturbations.

use serde::Deserialize;

use super::reason::{Cause, Cost, Reason};
use crate::matching::OutOfRange;
use crate::signals::{Evaluated, Synthetic};

/// A score may say `fake` of one honest photo in a thousand at most.
const FAKE_RATE_MAX: f64 = 0.001;

/// The section `synthetic_face` of the policy file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoreThresholds {
    /// The model whose scores the thresholds were fitted on.
    pub model: String,
    pub unsure: ScoreThreshold,
    pub suspect: ScoreThreshold,
    /// Absent while too few honest photos were measured to state its rate.
    pub fake: Option<ScoreThreshold>,
}

/// From this score on; and the share of honest photos that reach it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoreThreshold {
    pub score: f64,
    pub false_positive_rate: f64,
    /// 95 % bootstrap interval of the score.
    #[serde(rename = "score_interval")]
    _score_interval: Option<[f64; 2]>,
}

impl ScoreThresholds {
    /// The numbers that cannot be: a higher score must be reached by fewer honest photos.
    pub fn out_of_range(&self) -> Vec<OutOfRange> {
        let Self { unsure, suspect, fake, .. } = self;
        let last = fake.unwrap_or(*suspect);
        let rate = |field, threshold: &ScoreThreshold, most| {
            OutOfRange::find(field, threshold.false_positive_rate, f64::MIN_POSITIVE, most)
        };
        let suspect_most = unsure.false_positive_rate;
        let fake_most = FAKE_RATE_MAX.min(suspect.false_positive_rate);
        let found = [
            OutOfRange::find("synthetic_face.unsure.score", unsure.score, 0.0, suspect.score),
            OutOfRange::find("synthetic_face.suspect.score", suspect.score, 0.0, last.score),
            OutOfRange::find("synthetic_face.fake.score", last.score, 0.0, 1.0),
            rate("synthetic_face.unsure.false_positive_rate", unsure, 1.0),
            rate("synthetic_face.suspect.false_positive_rate", suspect, suspect_most),
            fake.and_then(|fake| rate("synthetic_face.fake.false_positive_rate", &fake, fake_most)),
        ];
        found.into_iter().flatten().collect()
    }

    /// The judgement on the detector's answer; `None` where the score passes no threshold.
    pub fn judge(&self, synthetic: &Synthetic) -> Option<Reason> {
        match synthetic {
            Synthetic::Evaluated(evaluated) => self.judge_score(evaluated),
            Synthetic::NotApplicable { code, .. } => {
                Some(Reason::plain(Cause::NotApplicable(*code)))
            }
            Synthetic::UnableToEvaluate { code } => {
                Some(Reason::plain(Cause::DetectorFailed(*code)))
            }
        }
    }

    fn judge_score(&self, evaluated: &Evaluated) -> Option<Reason> {
        let score = f64::from(evaluated.score.value());
        let faces = evaluated.faces.len();
        let reaches = |threshold: &ScoreThreshold| threshold.score <= score;
        let (cause, threshold) = if let Some(fake) = self.fake.filter(reaches) {
            (Cause::SyntheticFaceStrong { faces }, fake)
        } else if reaches(&self.suspect) {
            (Cause::SyntheticFace { faces }, self.suspect)
        } else if reaches(&self.unsure) {
            (Cause::SyntheticFaceUnsure { faces }, self.unsure)
        } else {
            return None;
        };
        let lowest = evaluated.stability.map(|stability| f64::from(stability.lowest.value()));
        // Within the range of `unsure` scores move about; below it a variant would pass nothing.
        let is_stable = !reaches(&self.suspect) || lowest.is_none_or(|it| self.unsure.score <= it);
        // All that stands of a score that is not stable is that it is unsure.
        let (cause, cost) = if is_stable {
            (cause, threshold.false_positive_rate)
        } else {
            (Cause::SyntheticFaceUnstable { faces }, self.unsure.false_positive_rate)
        };
        Some(Reason {
            value: Some(score),
            threshold: Some(threshold.score),
            cost: Some(Cost::FalsePositiveRate(cost)),
            ..Reason::plain(cause)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::{Face, Point};
    use crate::signals::{FaceResult, Score, Stability};
    use crate::verdict::Code;

    fn thresholds() -> ScoreThresholds {
        let threshold =
            |score| ScoreThreshold { score, false_positive_rate: 0.05, _score_interval: None };
        let (unsure, suspect) = (threshold(0.5), threshold(0.8));
        ScoreThresholds { model: "any".into(), unsure, suspect, fake: None }
    }

    /// A score, and the lowest and highest of its variants.
    fn evaluated(score: f32, variants: Option<(f32, f32)>) -> Synthetic {
        let score_of = |value: f32| Score::new(value).unwrap();
        let stability = variants.map(|(lowest, highest)| Stability {
            variants: 4,
            lowest: score_of(lowest),
            highest: score_of(highest),
        });
        let face = Face {
            x: 0.2,
            y: 0.2,
            width: 0.5,
            height: 0.5,
            score: 0.9,
            points: [Point { x: 0.4, y: 0.4 }; 6],
        };
        let score = score_of(score);
        Synthetic::Evaluated(Evaluated {
            score,
            face,
            faces: vec![FaceResult { face, answer: Ok(score) }],
            stability,
            heat_map: None,
        })
    }

    #[test]
    fn a_higher_score_is_reached_by_fewer_honest_photos() {
        let with = |unsure: f64, suspect: f64, fake: Option<f64>| {
            let threshold = |score, rate| ScoreThreshold {
                score,
                false_positive_rate: rate,
                _score_interval: None,
            };
            let found = ScoreThresholds {
                model: "any".into(),
                unsure: threshold(0.5, unsure),
                suspect: threshold(0.8, suspect),
                fake: fake.map(|rate| threshold(0.9, rate)),
            };
            found.out_of_range().into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(with(0.05, 0.01, None), "");
        assert_eq!(with(0.05, 0.01, Some(0.001)), "");
        assert!(with(0.05, 0.01, Some(0.01)).contains("synthetic_face.fake.false_positive_rate"));
        assert!(with(0.01, 0.05, None).contains("synthetic_face.suspect.false_positive_rate"));
        assert!(with(f64::NAN, 0.01, None).contains("synthetic_face.unsure.false_positive_rate"));
        assert!(with(0.05, 0.0, None).contains("synthetic_face.suspect.false_positive_rate"));
    }

    #[test]
    fn a_score_that_one_variant_does_not_share_is_not_sure() {
        let thresholds = thresholds();
        let (unsure, suspect) = (0.51, 0.81);
        let of = |threshold: &ScoreThreshold| threshold.false_positive_rate;
        let (often, seldom) = (of(&thresholds.unsure), of(&thresholds.suspect));
        let cases = [
            (suspect, Some((suspect, 0.99)), Code::SyntheticFace, seldom),
            (suspect, None, Code::SyntheticFace, seldom),
            (suspect, Some((unsure, 0.99)), Code::SyntheticFace, seldom),
            (suspect, Some((0.1, 0.99)), Code::SyntheticFaceUnstable, often),
            (unsure, Some((0.1, 0.99)), Code::SyntheticFaceUnsure, often),
        ];
        for (score, variants, code, rate) in cases {
            let reason = thresholds.judge(&evaluated(score, variants)).unwrap();
            assert_eq!(reason.code(), code, "{score} {variants:?}");
            assert_eq!(reason.cost, Some(Cost::FalsePositiveRate(rate)), "{score} {variants:?}");
        }
        assert_eq!(thresholds.judge(&evaluated(0.1, None)), None);
    }
}
