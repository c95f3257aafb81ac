//! What the detector's score amounts to: its thresholds, and whether it holds over small changes.

use super::{
    Cost, Policy, Reason, ReasonCode, ScoreThreshold, SyntheticFacePolicy, Verdict, plain,
};
use crate::detector::{Evaluated, NotApplicable, Synthetic, UnableToEvaluate};

impl Policy {
    /// The verdict if the detector's word were all there is.
    #[must_use]
    pub fn synthetic_verdict(&self, synthetic: &Synthetic) -> Verdict {
        self.synthetic_finding(synthetic).map_or(Verdict::Clear, |(verdict, _)| verdict)
    }

    pub(super) fn synthetic_finding(&self, synthetic: &Synthetic) -> Option<(Verdict, Reason)> {
        match synthetic {
            Synthetic::Evaluated(evaluated) => self.score_finding(evaluated),
            Synthetic::NotApplicable { code, .. } => {
                Some((Verdict::Inconclusive, not_applicable(*code)))
            }
            Synthetic::UnableToEvaluate { code } => Some((Verdict::Inconclusive, unable(*code))),
        }
    }

    fn score_finding(&self, evaluated: &Evaluated) -> Option<(Verdict, Reason)> {
        let score = f64::from(evaluated.score.value());
        let (verdict, threshold) = self.score_verdict(score)?;
        let lowest = evaluated.stability.map(|stability| f64::from(stability.lowest.value()));
        // Within the range of `unsure` scores move about; below it a life says `clear`.
        let holds = lowest.is_none_or(|lowest| self.synthetic_face.unsure.score <= lowest);
        let (verdict, code, message) = match verdict {
            Verdict::Suspect | Verdict::Fake if holds => {
                let message = "looks as if it was made by AI";
                (verdict, ReasonCode::SyntheticFace, message)
            }
            Verdict::Suspect | Verdict::Fake => {
                let message = "looks as if it was made by AI, but no longer so after a small \
                               change of the photo";
                (Verdict::Inconclusive, ReasonCode::SyntheticFaceUnstable, message)
            }
            Verdict::Clear | Verdict::Inconclusive => {
                let message = "has some traces of AI-made pictures, as some real photos have";
                (verdict, ReasonCode::SyntheticFaceUnsure, message)
            }
        };
        let subject = match evaluated.faces.len() {
            0 | 1 => "the face".to_owned(),
            faces => format!("one of the {faces} faces"),
        };
        let reason = Reason {
            code,
            message: format!("{subject} {message}"),
            value: Some(score),
            threshold: Some(threshold.score),
            cost: Some(Cost::FalsePositiveRate(threshold.false_positive_rate)),
        };
        Some((verdict, reason))
    }

    /// What a score alone amounts to, and the threshold that it passes.
    fn score_verdict(&self, score: f64) -> Option<(Verdict, ScoreThreshold)> {
        let SyntheticFacePolicy { unsure, suspect, fake, .. } = self.synthetic_face;
        match fake {
            Some(fake) if fake.score <= score => Some((Verdict::Fake, fake)),
            _ if suspect.score <= score => Some((Verdict::Suspect, suspect)),
            _ if unsure.score <= score => Some((Verdict::Inconclusive, unsure)),
            _ => None,
        }
    }
}

fn not_applicable(code: NotApplicable) -> Reason {
    let (code, message) = match code {
        NotApplicable::NoFaceFound => {
            (ReasonCode::NoFaceFound, "no face was found, so the photo was not judged for AI")
        }
        NotApplicable::FaceTooSmall => {
            (ReasonCode::FaceTooSmall, "the face is too small in the photo to be judged for AI")
        }
        NotApplicable::FaceTooBlurred => {
            (ReasonCode::FaceTooBlurred, "the face is too blurred to be judged for AI")
        }
        NotApplicable::FaceDrawn => {
            let message = "this looks like a drawing or a figure, so it was not judged for AI";
            (ReasonCode::FaceDrawn, message)
        }
    };
    plain(code, message.into())
}

fn unable(code: UnableToEvaluate) -> Reason {
    let message = format!("the photo could not be judged for AI ({})", code.code());
    plain(ReasonCode::DetectorFailed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{FaceResult, Score, Stability};
    use crate::faces::{Face, Point};
    use crate::verdict::shipped_policy;

    const NAMES: [&str; 3] = ["SYNTHETIC_FACE", "SYNTHETIC_FACE_UNSTABLE", "SYNTHETIC_FACE_UNSURE"];

    /// A score and the lowest and highest of its lives.
    fn evaluated(score: f64, lives: Option<(f64, f64)>) -> Synthetic {
        #[expect(clippy::cast_possible_truncation, reason = "scores are f32")]
        let score_of = |value: f64| Score::new(value as f32).unwrap();
        let stability = lives.map(|(lowest, highest)| Stability {
            lives: 4,
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
    fn a_score_that_one_life_finds_clear_is_not_sure() {
        let policy = shipped_policy();
        let (unsure, suspect) = (policy.unsure_score() + 0.001, policy.suspect_score() + 0.001);
        let [sure_name, unstable_name, unsure_name] = NAMES;
        let cases = [
            (suspect, Some((suspect, 0.99)), Verdict::Suspect, sure_name),
            (suspect, None, Verdict::Suspect, sure_name),
            (suspect, Some((unsure, 0.99)), Verdict::Suspect, sure_name),
            (suspect, Some((0.1, 0.99)), Verdict::Inconclusive, unstable_name),
            (unsure, Some((0.1, 0.99)), Verdict::Inconclusive, unsure_name),
        ];
        for (score, lives, verdict, code) in cases {
            let (found, reason) = policy.synthetic_finding(&evaluated(score, lives)).unwrap();
            assert_eq!((found, reason.code.name()), (verdict, code), "{score} {lives:?}");
        }
        assert_eq!(policy.synthetic_finding(&evaluated(0.1, None)), None);
        assert_eq!(policy.synthetic_verdict(&evaluated(0.1, None)), Verdict::Clear);
    }
}
