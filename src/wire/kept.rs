//! A report as it is kept, read again: what statements and receipts are made from, so that both
//! say the same of a check that is kept and of one that was just done.

use photocheck_core::report::Report;
use photocheck_core::verdict::{Code, Verdict};
use serde::Deserialize;
use serde_json::Value;

use super::ReportJson;

/// What is read of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptReport {
    /// SHA-256 of the photo's bytes, hexadecimal.
    pub photo_sha256: String,
    pub verdict: Verdict,
    /// As the report has them.
    pub answers: Value,
    pub reasons: Vec<KeptReason>,
    pub versions: KeptVersions,
}

/// A reason, without its sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeptReason {
    pub code: Code,
    pub weight: Verdict,
    pub value: Option<f64>,
    pub false_positive_rate: Option<f64>,
    pub false_match_rate: Option<f64>,
}

/// What the answer depends on besides the photo.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptVersions {
    /// Reports of programs before there was one have none.
    pub program: Option<String>,
    pub model: String,
    pub policy: KeptPolicy,
    pub index: i64,
}

/// Which policy decided.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptPolicy {
    pub name: String,
    pub version: String,
    pub thresholds: String,
}

#[derive(Deserialize)]
struct Read {
    photo: ReadPhoto,
    verdict: String,
    answers: Value,
    reasons: Vec<ReadReason>,
    versions: KeptVersions,
}

#[derive(Deserialize)]
struct ReadPhoto {
    sha256: String,
}

#[derive(Deserialize)]
struct ReadReason {
    code: String,
    weight: String,
    value: Option<f64>,
    false_positive_rate: Option<f64>,
    false_match_rate: Option<f64>,
}

impl KeptReport {
    /// Reads a report's JSON; `None` when it is none.
    #[must_use]
    pub fn read(report: &str) -> Option<Self> {
        let Read { photo, verdict, answers, reasons, versions } =
            serde_json::from_str(report).ok()?;
        let reasons = reasons.iter().map(|reason| {
            let ReadReason { code, weight, value, false_positive_rate, false_match_rate } = reason;
            Some(KeptReason {
                code: Code::from_name(code)?,
                weight: Verdict::from_name(weight)?,
                value: *value,
                false_positive_rate: *false_positive_rate,
                false_match_rate: *false_match_rate,
            })
        });
        Some(Self {
            photo_sha256: photo.sha256,
            verdict: Verdict::from_name(&verdict)?,
            answers,
            reasons: reasons.collect::<Option<_>>()?,
            versions,
        })
    }

    /// What is read of a report that was just made; `None` never comes.
    #[must_use]
    pub fn of(report: &Report) -> Option<Self> {
        Self::read(&serde_json::to_string(&ReportJson::from(report)).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_and_anything_else_is_not() {
        let example = include_str!("../http/report_example.json");
        let report = KeptReport::read(example).unwrap();
        assert_eq!(report.verdict, Verdict::Suspect);
        let [reason] = report.reasons.as_slice() else { panic!("{:?}", report.reasons) };
        assert_eq!((reason.code, reason.weight), (Code::SyntheticFace, Verdict::Suspect));
        assert_eq!(reason.false_positive_rate, Some(0.01));
        for other in ["", "{}", "[]", &example.replace("SYNTHETIC_FACE", "SYNTHETIC_FOOT")] {
            assert_eq!(KeptReport::read(other), None, "{other}");
        }
    }
}
