//! How good verdicts are, as JSON: counts of what people judged, with the precision that they give.

use photocheck_core::evaluation::interval::wilson;
use serde::Serialize;
use utoipa::ToSchema;

use super::names;
use crate::store::{Judged, JudgedBank, JudgedContent, JudgedReason, Judgements, Judges};

/// What was judged of the tenant's checks that are kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QualityJson {
    /// Each check once.
    pub all: JudgedJson,
    /// Whose word counts: that of a decided appeal before a reviewer's, and that before feedback.
    pub by: JudgesJson,
    /// By the reasons that led to the verdict.
    pub reasons: Vec<JudgedReasonJson>,
    /// By the banks whose photos did.
    pub banks: Vec<JudgedBankJson>,
    /// By banked photo, those that were most often wrong first; 100 at most.
    pub contents: Vec<JudgedContentJson>,
}

/// Verdicts that were judged.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct JudgedJson {
    pub right: u64,
    pub wrong: u64,
    /// Share that was right; absent where none was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub precision: Option<f64>,
    /// Its interval at 95 %, by Wilson.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub interval: Option<IntervalJson>,
}

/// Between which shares the true one lies.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct IntervalJson {
    pub low: f64,
    pub high: f64,
}

/// By whom.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct JudgesJson {
    pub appeals: JudgedJson,
    pub reviewers: JudgedJson,
    pub feedback: JudgedJson,
}

/// Verdicts to which a reason led.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedReasonJson {
    #[schema(example = "SYNTHETIC_FACE")]
    pub code: String,
    #[serde(flatten)]
    pub judged: JudgedJson,
}

/// Verdicts to which photos of a bank led.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedBankJson {
    #[schema(example = "ROMANCE_SCAM")]
    pub bank: String,
    #[schema(schema_with = names::purpose)]
    pub purpose: &'static str,
    #[serde(flatten)]
    pub judged: JudgedJson,
}

/// Verdicts to which a banked photo led.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct JudgedContentJson {
    #[schema(example = "ROMANCE_SCAM")]
    pub bank: String,
    #[schema(schema_with = names::purpose)]
    pub purpose: &'static str,
    pub content_id: i64,
    /// Whether photos are not matched against it any more.
    pub quarantined: bool,
    #[serde(flatten)]
    pub judged: JudgedJson,
}

impl From<Judged> for JudgedJson {
    fn from(Judged { right, wrong }: Judged) -> Self {
        let interval = wilson(right, right + wrong);
        Self {
            right,
            wrong,
            precision: share(right, right + wrong).map(rounded),
            interval: interval
                .map(|(low, high)| IntervalJson { low: rounded(low), high: rounded(high) }),
        }
    }
}

impl From<Judgements> for QualityJson {
    fn from(Judgements { by, reasons, banks, contents }: Judgements) -> Self {
        let Judges { appeals, reviewers, feedback } = by;
        let sum = |count: fn(Judged) -> u64| -> u64 {
            [appeals, reviewers, feedback].map(count).iter().sum()
        };
        let all = Judged { right: sum(|it| it.right), wrong: sum(|it| it.wrong) };
        Self {
            all: all.into(),
            by: JudgesJson {
                appeals: appeals.into(),
                reviewers: reviewers.into(),
                feedback: feedback.into(),
            },
            reasons: reasons.into_iter().map(Into::into).collect(),
            banks: banks.into_iter().map(Into::into).collect(),
            contents: contents.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<JudgedReason> for JudgedReasonJson {
    fn from(JudgedReason { code, judged }: JudgedReason) -> Self {
        Self { code, judged: judged.into() }
    }
}

impl From<JudgedBank> for JudgedBankJson {
    fn from(JudgedBank { bank, purpose, judged }: JudgedBank) -> Self {
        Self { bank, purpose: purpose.name(), judged: judged.into() }
    }
}

impl From<JudgedContent> for JudgedContentJson {
    fn from(found: JudgedContent) -> Self {
        let JudgedContent { content, bank, purpose, judged, is_quarantined } = found;
        Self {
            bank,
            purpose: purpose.name(),
            content_id: content.0,
            quarantined: is_quarantined,
            judged: judged.into(),
        }
    }
}

/// Counts of checks are exact in f64.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn share(count: u64, total: u64) -> Option<f64> {
    (0 < total).then(|| count as f64 / total as f64)
}

/// To three digits: nobody judges more than thousands.
fn rounded(share: f64) -> f64 {
    (share * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_has_its_interval_and_nothing_judged_has_none() {
        let judged = JudgedJson::from(Judged { right: 81, wrong: 182 });
        let IntervalJson { low, high } = judged.interval.unwrap();
        assert_eq!((judged.precision, low, high), (Some(0.308), 0.255, 0.366));
        let none = serde_json::to_value(JudgedJson::from(Judged::default())).unwrap();
        assert_eq!(none, serde_json::json!({ "right": 0, "wrong": 0 }));
    }
}
