//! Outcomes: what a row of the results says was found out about a photo.

use photocheck_core::photo::PhotoError;
use photocheck_core::provenance::{Claim, Mark};
use photocheck_core::report::{PhotoFacts, Report};
use photocheck_core::signals::{Match, Synthetic};
use photocheck_core::verdict::Reason;
use serde::{Deserialize, Serialize};

/// What was found out. Absent is what was not asked for or does not apply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    pub verdict: Option<String>,
    /// Codes.
    pub reasons: Vec<String>,
    /// The detector's, 0 to 1.
    pub score: Option<f64>,
    /// Why there is no score: a code.
    pub no_score: Option<String>,
    /// What the file claims of its origin.
    pub claims: Vec<String>,
    pub bank: Option<String>,
    pub bank_content: Option<i64>,
    /// Differing bits of 256.
    pub bank_distance: Option<i64>,
    /// Which view of the photo matched.
    pub bank_view: Option<String>,
    pub format: Option<String>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub pdq: Option<String>,
    pub pdq_quality: Option<i64>,
    /// Why the photo was refused: a code, and words.
    pub error_code: Option<String>,
    pub error: Option<String>,
}

/// The code of what is no picture at all, by its content.
pub const NOT_A_PICTURE: &str = "PHOTO_NOT_AN_IMAGE";

/// The code of what failed through no fault of the photo.
pub const FAILED: &str = "INTERNAL";

impl Outcome {
    /// Of a whole check.
    #[must_use]
    pub fn of_report(report: &Report) -> Self {
        let mut outcome = Self::of_photo(&report.photo);
        outcome.judge(report.verdict.name(), report.reasons.iter().map(Reason::code));
        outcome.add_score(&report.signals.synthetic);
        outcome.add_marks(&report.signals.provenance);
        if let Some(nearest) = report.signals.matches.first() {
            outcome.add_match(nearest);
        }
        outcome.add_hash(report.hashes.pdq.to_hex(), report.hashes.pdq_quality.value());
        outcome
    }

    /// Of a photo of which nothing more is known yet.
    #[must_use]
    pub fn of_photo(photo: &PhotoFacts) -> Self {
        Self {
            format: Some(photo.format.name().to_owned()),
            width: Some(photo.width.into()),
            height: Some(photo.height.into()),
            ..Self::default()
        }
    }

    /// Of bytes that were refused.
    #[must_use]
    pub fn of_refused(error: &PhotoError) -> Self {
        let (code, message) = (error.code().to_owned(), error.to_string());
        Self { error_code: Some(code), error: Some(message), ..Self::default() }
    }

    /// Of a photo on which something failed here.
    #[must_use]
    pub fn of_failed() -> Self {
        let message = "something failed here; the photo was not at fault".to_owned();
        Self { error_code: Some(FAILED.into()), error: Some(message), ..Self::default() }
    }

    /// Adds a verdict and the codes of its reasons.
    pub fn judge<'a>(&mut self, verdict: &str, reasons: impl Iterator<Item = &'a str>) {
        self.verdict = Some(verdict.to_owned());
        self.reasons = reasons.map(str::to_owned).collect();
    }

    /// Adds the detector's answer.
    pub fn add_score(&mut self, synthetic: &Synthetic) {
        match synthetic {
            Synthetic::Evaluated(evaluated) => {
                self.score = Some(rounded(evaluated.score.value().into()));
            }
            Synthetic::NotApplicable { code, .. } => self.no_score = Some(code.code().into()),
            Synthetic::UnableToEvaluate { code } => self.no_score = Some(code.code().into()),
        }
    }

    /// Adds what the file claims; a mark that claims nothing is left out.
    pub fn add_marks(&mut self, marks: &[Mark]) {
        let claims = marks.iter().map(|mark| mark.claim).filter(|it| *it != Claim::Unknown);
        let mut names: Vec<String> = claims.map(|claim| claim.name().to_owned()).collect();
        names.sort();
        names.dedup();
        self.claims = names;
    }

    /// Adds the hash of the whole photo.
    pub fn add_hash(&mut self, pdq: String, quality: u8) {
        self.pdq = Some(pdq);
        self.pdq_quality = Some(quality.into());
    }

    fn add_match(&mut self, found: &Match) {
        self.bank = Some(found.bank.name.clone());
        self.bank_content = Some(found.content.0);
        self.bank_distance = Some(found.distance.0.into());
        self.bank_view = Some(found.view.name().into());
    }
}

/// A score is f32 inside: widened to f64 it would show digits that nobody measured.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
