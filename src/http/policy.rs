//! `/v1/policy`: by which policy the photos of the caller's tenant are judged.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Called;
use super::extract::JsonBody;
use super::problem::Problem;
use super::service::Service;
use crate::tenancy::TenantId;

/// A policy to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPolicyJson {
    /// `strict`, `label`, or a policy file as docs/answers.md describes it (TOML, at most 16 KiB).
    #[schema(format = "policy", min_length = 1, max_length = 16384, example = "label")]
    policy: String,
}

/// The policy that decides.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyJson {
    /// As reports name it, as the next two.
    #[schema(example = "label")]
    name: String,
    #[schema(example = "1")]
    version: String,
    /// Version of the thresholds that policies share.
    #[schema(example = "2026-11-27.2")]
    thresholds: String,
    /// Whether the tenant has set it; otherwise it is the operator's.
    own: bool,
    /// What was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "label", nullable = false)]
    policy: Option<String>,
    /// When it was set, in seconds since 1970, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    set_at: Option<i64>,
}

/// Show the policy by which photos of the caller's tenant are judged.
#[utoipa::path(get, path = "/v1/policy", tag = "policy", operation_id = "show_policy",
    responses((status = 200, description = "the policy", body = PolicyJson)))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
) -> Result<Json<PolicyJson>, Problem> {
    Ok(Json(shown(&service, caller.tenant).await?))
}

/// Set the policy by which photos of the caller's tenant are judged. Every machine follows within a
/// second; checks that are under way keep the one before. A changed policy needs a new version.
#[utoipa::path(put, path = "/v1/policy", tag = "policy", operation_id = "set_policy",
    request_body = NewPolicyJson,
    responses((status = 200, description = "the policy as it is now", body = PolicyJson)))]
pub async fn set(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    JsonBody(new): JsonBody<NewPolicyJson>,
) -> Result<Json<PolicyJson>, Problem> {
    service.app.policies().set(&caller, &new.policy).await?;
    Ok(Json(shown(&service, caller.tenant).await?))
}

/// Have the operator's policy decide again. Doing it again changes nothing.
#[utoipa::path(delete, path = "/v1/policy", tag = "policy", operation_id = "reset_policy",
    responses((status = 204, description = "the operator's decides")))]
pub async fn reset(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
) -> Result<StatusCode, Problem> {
    service.app.policies().reset(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn shown(service: &Service, tenant: TenantId) -> Result<PolicyJson, Problem> {
    let policies = service.app.policies();
    let Some(own) = policies.of(tenant).await? else {
        let version = service.app.checker().policy().version();
        let (name, version, thresholds) =
            (version.name.clone(), version.version.clone(), version.thresholds.clone());
        return Ok(PolicyJson {
            name,
            version,
            thresholds,
            own: false,
            policy: None,
            set_at: None,
        });
    };
    let thresholds = policies.thresholds_version().to_owned();
    // A bundled one is that of this program, whichever it was when it was set.
    let (name, version) = match policies.read(&own.text) {
        Ok(read) => (read.version().name.clone(), read.version().version.clone()),
        Err(_) => (own.name, own.version),
    };
    let (policy, set_at) = (Some(own.text), Some(own.set_at));
    Ok(PolicyJson { name, version, thresholds, own: true, policy, set_at })
}
