//! The policy: judges the signals of one photo by the thresholds of the policy file.

use serde::Deserialize;

use super::error::PolicyError;
use super::marks::{judge_camera, judge_marks};
use super::matches::{judge_matches, judge_sightings};
use super::quarantine::{Hub, HubRule};
use super::reason::{Cause, Reason, Verdict};
use super::synthetic::ScoreThresholds;
use crate::matching::hashes::PdqHash;
use crate::matching::{OutOfRange, Thresholds};
use crate::signals::{Signals, Synthetic};

/// The thresholds, read from the policy file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    version: String,
    known_photo: Thresholds,
    seen: SightingsRule,
    quarantine: HubRule,
    synthetic_face: ScoreThresholds,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct SightingsRule {
    /// From this number of other accounts on a photo is `suspect`.
    suspect_accounts: u32,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`] when it is not valid, a number is out of range, or it was fitted for
    /// another model than `model`.
    pub fn load(text: &str, model: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text)?;
        policy.check_ranges()?;
        if policy.synthetic_face.model != model {
            let expected = policy.synthetic_face.model;
            return Err(PolicyError::Model { expected, found: model.to_owned() });
        }
        Ok(policy)
    }

    fn check_ranges(&self) -> Result<(), OutOfRange> {
        self.known_photo.check_ranges()?;
        let accounts = self.seen.suspect_accounts.into();
        OutOfRange::check("seen.suspect_accounts", accounts, 1.0, u32::MAX.into())?;
        self.quarantine.check_ranges()?;
        self.synthetic_face.check_ranges()
    }

    /// Version of the policy, which stands in every report.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What matching decides by.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.known_photo
    }

    /// The score from which a photo is no longer `clear`.
    #[must_use]
    pub fn unsure_score(&self) -> f64 {
        self.synthetic_face.unsure.score
    }

    /// The score from which a photo is `suspect`.
    #[must_use]
    pub fn suspect_score(&self) -> f64 {
        self.synthetic_face.suspect.score
    }

    /// The verdict on one photo's signals, and every judgement that led to it.
    #[must_use]
    pub fn decide(&self, signals: &Signals) -> (Verdict, Vec<Reason>) {
        let (decided, mut reasons) = judge_matches(&signals.matches, &self.known_photo);
        let suspect_accounts = self.seen.suspect_accounts;
        let judged = [
            judge_sightings(signals.seen.as_ref(), suspect_accounts),
            self.judge_detail(signals),
            self.synthetic_face.judge(&signals.synthetic),
        ];
        let marks = &signals.provenance;
        let camera = judge_camera(marks, &signals.synthetic, self.suspect_score());
        let judged = judged.into_iter().flatten().chain(judge_marks(marks)).chain(camera);
        let mut verdict = decided.unwrap_or(Verdict::Clear);
        for (found, reason) in judged {
            verdict = verdict.max(found);
            reasons.push(reason);
        }
        // An allow decided: nothing else flags the photo.
        if decided == Some(Verdict::Clear) {
            verdict = Verdict::Clear;
        }
        if reasons.is_empty() {
            reasons.push(Reason::plain(Cause::NoEvidence));
        }
        (verdict, reasons)
    }

    /// The verdict if the detector's answer were the only signal.
    #[must_use]
    pub fn synthetic_verdict(&self, synthetic: &Synthetic) -> Verdict {
        self.synthetic_face.judge(synthetic).map_or(Verdict::Clear, |(verdict, _)| verdict)
    }

    /// Whether a banked photo that matches these seen photos, each given by all its hashes, is a
    /// hub, which must not be looked up. Copies of one photo count once, in the order given.
    #[must_use]
    pub fn find_hub(&self, seen: &[Vec<PdqHash>]) -> Option<Hub> {
        self.quarantine.find_hub(seen)
    }

    fn judge_detail(&self, signals: &Signals) -> Option<(Verdict, Reason)> {
        if self.known_photo.is_comparable(signals.pdq_quality) {
            return None;
        }
        let reason = Reason {
            value: Some(signals.pdq_quality.value().into()),
            threshold: Some(self.known_photo.pdq_quality_min.into()),
            ..Reason::plain(Cause::LowDetail)
        };
        Some((Verdict::Inconclusive, reason))
    }
}
