//! What a report depends on besides the photo, as JSON.

use photocheck_core::report::Versions;
use photocheck_core::verdict::PolicyVersion;
use serde::Serialize;
use utoipa::ToSchema;

/// What the answer depends on besides the photo.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionsJson {
    /// Of photocheck.
    #[schema(example = "0.1.0")]
    pub program: &'static str,
    pub model: String,
    pub policy: PolicyVersionJson,
    /// Generation of the banks.
    pub index: i64,
}

/// Which policy decided.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PolicyVersionJson {
    #[schema(example = "strict")]
    pub name: String,
    #[schema(example = "1")]
    pub version: String,
    /// Version of the thresholds that policies share.
    #[schema(example = "2026-11-27.1")]
    pub thresholds: String,
}

impl From<&Versions> for VersionsJson {
    fn from(versions: &Versions) -> Self {
        let Versions { model, policy, index } = versions;
        let program = env!("CARGO_PKG_VERSION");
        Self { program, model: model.to_string(), policy: policy.as_ref().into(), index: *index }
    }
}

impl From<&PolicyVersion> for PolicyVersionJson {
    fn from(version: &PolicyVersion) -> Self {
        let PolicyVersion { name, version, thresholds } = version.clone();
        Self { name, version, thresholds }
    }
}
