//! The policy: what each reason leads to, by thresholds that all policies share.
//!
//! A policy file names the policy, states its version, and has a weight for every reason that may
//! count against a photo: the verdict that this reason alone leads to. The verdict is the most
//! severe weight, and `clear` where the photo is allowed.

use std::fmt::{self, Display};
use std::sync::Arc;

use super::answers::{Answers, KnownCopy, MadeByAi};
use super::code::Verdict;
use super::error::{PolicyError, PolicyFault};
use super::marks::{judge_camera, judge_marks};
use super::matches::{judge_matches, judge_sightings};
use super::quarantine::Hub;
use super::reason::{Cause, Reason};
use super::thresholds::{SECTIONS, Thresholds};
use super::weights::Weights;
use crate::matching;
use crate::matching::hashes::PdqHash;
use crate::signals::{Signals, Synthetic};

/// Characters of a policy's name or version.
const NAME_CHARS_MAX: usize = 32;

/// Thresholds and weights, read from their files.
#[derive(Debug, Clone)]
pub struct Policy {
    version: Arc<PolicyVersion>,
    thresholds: Thresholds,
    weights: Weights,
}

/// Which policy it was; equal versions decide equally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyVersion {
    pub name: String,
    pub version: String,
    /// Version of the file of thresholds. A policy's own sections are part of its own version.
    pub thresholds: String,
}

impl Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, thresholds } = self;
        write!(f, "{name} {version}, thresholds {thresholds}")
    }
}

/// What a policy makes of one photo's signals.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub verdict: Verdict,
    pub answers: Answers,
    /// Every judgement; never empty.
    pub reasons: Vec<Reason>,
}

impl Policy {
    /// Reads the file of thresholds and that of a policy.
    ///
    /// # Errors
    /// [`PolicyError`] with all that is wrong: what is missing, unknown or out of range, and
    /// thresholds that were fitted for another model than `model`.
    pub fn load(thresholds: &str, policy: &str, model: &str) -> Result<Self, PolicyError> {
        let mut faults = Vec::new();
        let file = parse(thresholds, PolicyFault::ThresholdsSyntax, &mut faults);
        let own = parse(policy, PolicyFault::Syntax, &mut faults);
        let (Some(file), Some(own)) = (file, own) else { return Err(PolicyError(faults)) };
        for (table, keys) in [(&file, &["version"][..]), (&own, &["name", "version", "weights"])] {
            let is_known = |key: &str| keys.contains(&key) || SECTIONS.contains(&key);
            let unknown = table.keys().filter(|key| !is_known(key));
            faults.extend(unknown.map(|key| PolicyFault::Unknown(key.clone())));
        }
        let version = PolicyVersion {
            name: plain(&own, "name", &mut faults),
            version: plain(&own, "version", &mut faults),
            thresholds: plain(&file, "version", &mut faults),
        };
        let no_weights = toml::Table::new();
        let weights = match own.get("weights") {
            None => Err(PolicyFault::Missing("weights")),
            Some(value) => value.as_table().ok_or(PolicyFault::WeightsNotTable),
        };
        let weights = match weights {
            Ok(table) => Weights::read(table, &mut faults),
            Err(fault) => {
                faults.push(fault);
                Weights::read(&no_weights, &mut Vec::new())
            }
        };
        let thresholds = Thresholds::read(&own, &file, &mut faults);
        if let Some(read) = &thresholds
            && read.synthetic_face.model != model
        {
            let expected = read.synthetic_face.model.clone();
            faults.push(PolicyFault::Model { expected, found: model.to_owned() });
        }
        match thresholds {
            Some(thresholds) if faults.is_empty() => {
                Ok(Self { version: Arc::new(version), thresholds, weights })
            }
            _ => Err(PolicyError(faults)),
        }
    }

    /// Its name and versions, which stand in every report.
    #[must_use]
    pub fn version(&self) -> &Arc<PolicyVersion> {
        &self.version
    }

    /// What matching decides by.
    #[must_use]
    pub fn thresholds(&self) -> &matching::Thresholds {
        &self.thresholds.known_photo
    }

    /// The lowest score that is a sign of AI.
    #[must_use]
    pub fn unsure_score(&self) -> f64 {
        self.thresholds.synthetic_face.unsure.score
    }

    /// The score from which a photo was likely made by AI.
    #[must_use]
    pub fn suspect_score(&self) -> f64 {
        self.thresholds.synthetic_face.suspect.score
    }

    /// The verdict on one photo's signals, the answers, and every judgement that led to them.
    #[must_use]
    pub fn decide(&self, signals: &Signals) -> Decided {
        let Thresholds { known_photo, seen, synthetic_face, .. } = &self.thresholds;
        let mut reasons = judge_matches(&signals.matches, known_photo);
        reasons.extend(judge_sightings(signals.seen.as_ref(), seen.suspect_accounts));
        reasons.extend(judge_detail(signals, known_photo));
        reasons.extend(synthetic_face.judge(&signals.synthetic));
        reasons.extend(judge_marks(&signals.provenance));
        let (marks, synthetic) = (&signals.provenance, &signals.synthetic);
        reasons.extend(judge_camera(marks, synthetic, self.suspect_score()));
        if reasons.is_empty() {
            reasons.push(Reason::plain(Cause::NoEvidence));
        }
        for reason in &mut reasons {
            reason.weight = self.weight(reason);
        }
        let answers = Answers::from_reasons(&reasons, signals);
        let verdict = match answers.known_photo.answer {
            // Nothing flags a photo that is allowed.
            KnownCopy::Allowed => Verdict::Clear,
            _ => reasons.iter().map(|reason| reason.weight).max().unwrap_or(Verdict::Clear),
        };
        Decided { verdict, answers, reasons }
    }

    /// The verdict and the answer if what the detector says were the only signal.
    #[must_use]
    pub fn decide_synthetic(&self, synthetic: &Synthetic) -> (Verdict, MadeByAi) {
        let reason = self.thresholds.synthetic_face.judge(synthetic);
        let verdict = reason.as_ref().map_or(Verdict::Clear, |reason| self.weight(reason));
        (verdict, MadeByAi::from_reasons(reason.as_slice()).answer)
    }

    /// Whether a banked photo that matches these seen photos, each given by all its hashes, is a
    /// hub, which must not be looked up. Copies of one photo count once, in the order given.
    #[must_use]
    pub fn find_hub(&self, seen: &[Vec<PdqHash>]) -> Option<Hub> {
        self.thresholds.quarantine.find_hub(seen)
    }

    fn weight(&self, reason: &Reason) -> Verdict {
        if reason.counts() { self.weights.of(reason.code()) } else { Verdict::Clear }
    }
}

fn judge_detail(signals: &Signals, thresholds: &matching::Thresholds) -> Option<Reason> {
    if thresholds.is_comparable(signals.pdq_quality) {
        return None;
    }
    Some(Reason {
        value: Some(signals.pdq_quality.value().into()),
        threshold: Some(thresholds.pdq_quality_min.into()),
        ..Reason::plain(Cause::LowDetail)
    })
}

fn parse(
    text: &str,
    fault: fn(String) -> PolicyFault,
    faults: &mut Vec<PolicyFault>,
) -> Option<toml::Table> {
    let parsed = text.parse::<toml::Table>();
    parsed.map_err(|error| faults.push(fault(error.to_string().trim().to_owned()))).ok()
}

/// A name or a version. Whatever it is stands in every report and in logs.
fn plain(table: &toml::Table, field: &'static str, faults: &mut Vec<PolicyFault>) -> String {
    let Some(value) = table.get(field) else {
        faults.push(PolicyFault::Missing(field));
        return String::new();
    };
    let is_plain =
        |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'.' | b'_' | b'-');
    match value.as_str() {
        Some(text) if (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain) => {
            text.to_owned()
        }
        _ => {
            let value = value.to_string();
            faults.push(PolicyFault::NotPlain { field, value, most: NAME_CHARS_MAX });
            String::new()
        }
    }
}
