//! What the detector's score amounts to: its thresholds, and whether it holds over perturbations.

use serde::Deserialize;

use super::reason::{Cause, Cost, Reason, Verdict};
use crate::matching::OutOfRange;
use crate::signals::{Evaluated, NotApplicable, Synthetic};

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
    pub fn check_ranges(&self) -> Result<(), OutOfRange> {
        let Self { unsure, suspect, fake, .. } = self;
        let last = fake.unwrap_or(*suspect);
        let check = OutOfRange::check;
        check("synthetic_face.unsure.score", unsure.score, 0.0, suspect.score)?;
        check("synthetic_face.suspect.score", suspect.score, 0.0, last.score)?;
        check("synthetic_face.fake.score", last.score, 0.0, 1.0)?;
        for threshold in [unsure, suspect, &last] {
            let rate = threshold.false_positive_rate;
            check("synthetic_face.false_positive_rate", rate, f64::MIN_POSITIVE, 1.0)?;
        }
        Ok(())
    }

    /// The judgement on the detector's answer.
    pub fn judge(&self, synthetic: &Synthetic) -> Option<(Verdict, Reason)> {
        let cause = match synthetic {
            Synthetic::Evaluated(evaluated) => return self.judge_score(evaluated),
            Synthetic::NotApplicable { code, .. } => not_applicable(*code),
            Synthetic::UnableToEvaluate { code } => Cause::DetectorFailed(*code),
        };
        Some((Verdict::Inconclusive, Reason::plain(cause)))
    }

    fn judge_score(&self, evaluated: &Evaluated) -> Option<(Verdict, Reason)> {
        let score = f64::from(evaluated.score.value());
        let (verdict, threshold) = self.highest_passed(score)?;
        let lowest = evaluated.stability.map(|stability| f64::from(stability.lowest.value()));
        // Within the range of `unsure` scores move about; below it a variant would be `clear`.
        let is_stable = lowest.is_none_or(|lowest| self.unsure.score <= lowest);
        let faces = evaluated.faces.len();
        let (verdict, cause) = match verdict {
            Verdict::Suspect | Verdict::Fake if is_stable => {
                (verdict, Cause::SyntheticFace { faces })
            }
            Verdict::Suspect | Verdict::Fake => {
                (Verdict::Inconclusive, Cause::SyntheticFaceUnstable { faces })
            }
            Verdict::Clear | Verdict::Inconclusive => {
                (verdict, Cause::SyntheticFaceUnsure { faces })
            }
        };
        let reason = Reason {
            cause,
            value: Some(score),
            threshold: Some(threshold.score),
            cost: Some(Cost::FalsePositiveRate(threshold.false_positive_rate)),
        };
        Some((verdict, reason))
    }

    /// What a score alone amounts to, and the highest threshold that it passes.
    fn highest_passed(&self, score: f64) -> Option<(Verdict, ScoreThreshold)> {
        match self.fake {
            Some(fake) if fake.score <= score => Some((Verdict::Fake, fake)),
            _ if self.suspect.score <= score => Some((Verdict::Suspect, self.suspect)),
            _ if self.unsure.score <= score => Some((Verdict::Inconclusive, self.unsure)),
            _ => None,
        }
    }
}

fn not_applicable(code: NotApplicable) -> Cause {
    match code {
        NotApplicable::NoFaceFound => Cause::NoFaceFound,
        NotApplicable::FaceTooSmall => Cause::FaceTooSmall,
        NotApplicable::FaceTooBlurred => Cause::FaceTooBlurred,
        NotApplicable::FaceDrawn => Cause::FaceDrawn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::{Face, Point};
    use crate::signals::{FaceResult, Score, Stability};

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
    fn a_score_that_one_variant_finds_clear_is_not_sure() {
        let thresholds = thresholds();
        let (unsure, suspect) = (0.51, 0.81);
        let cases = [
            (suspect, Some((suspect, 0.99)), Verdict::Suspect, "SYNTHETIC_FACE"),
            (suspect, None, Verdict::Suspect, "SYNTHETIC_FACE"),
            (suspect, Some((unsure, 0.99)), Verdict::Suspect, "SYNTHETIC_FACE"),
            (suspect, Some((0.1, 0.99)), Verdict::Inconclusive, "SYNTHETIC_FACE_UNSTABLE"),
            (unsure, Some((0.1, 0.99)), Verdict::Inconclusive, "SYNTHETIC_FACE_UNSURE"),
        ];
        for (score, variants, verdict, code) in cases {
            let (found, reason) = thresholds.judge(&evaluated(score, variants)).unwrap();
            assert_eq!((found, reason.code()), (verdict, code), "{score} {variants:?}");
        }
        assert_eq!(thresholds.judge(&evaluated(0.1, None)), None);
    }
}
