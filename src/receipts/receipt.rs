//! What a receipt says.

use photocheck_core::report::Report;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::kept::{KeptPolicy, KeptReport, KeptVersions};

/// What was said of a photo. Equal checks have equal receipts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub check_id: String,
    /// Seconds since 1970, UTC.
    pub checked_at: i64,
    pub photo: ReceiptPhoto,
    pub verdict: String,
    /// As the report has them.
    pub answers: Value,
    pub versions: ReceiptVersions,
}

/// Which photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPhoto {
    /// Of its bytes, hexadecimal.
    pub sha256: String,
}

/// What the answers depend on besides the photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptVersions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    pub model: String,
    pub policy: ReceiptPolicy,
    /// Generation of the banks.
    pub index: i64,
}

/// Which policy decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptPolicy {
    pub name: String,
    pub version: String,
    pub thresholds: String,
}

impl Receipt {
    /// Of the report of a check.
    #[must_use]
    pub fn new(report: KeptReport, check_id: String, checked_at: i64) -> Self {
        let KeptReport { photo_sha256, verdict, answers, versions, .. } = report;
        let KeptVersions { program, model, policy, index } = versions;
        let KeptPolicy { name, version, thresholds } = policy;
        let policy = ReceiptPolicy { name, version, thresholds };
        Self {
            check_id,
            checked_at,
            photo: ReceiptPhoto { sha256: photo_sha256 },
            verdict: verdict.name().to_owned(),
            answers,
            versions: ReceiptVersions { program, model, policy, index },
        }
    }

    /// Of a report that was just made; `None` never comes.
    #[must_use]
    pub fn of(report: &Report, check_id: String, checked_at: i64) -> Option<Self> {
        Some(Self::new(KeptReport::of(report)?, check_id, checked_at))
    }
}
