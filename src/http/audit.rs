//! `/v1/audit`: what was done for a tenant, by whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Called;
use super::extract::{Query, whole_number};
use super::problem::Problem;
use super::service::Service;
use crate::audit::{Entry, Head};

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryJson {
    /// From 1, without a gap.
    number: i64,
    /// Seconds since 1970, UTC.
    at: i64,
    /// `key` and its id, `bank_token`, `command_line`, `anybody` or `service`.
    #[schema(example = "key 4fJk29sLq0Zx")]
    actor: String,
    #[schema(example = "bank.created")]
    action: String,
    /// To what it was done, by names and ids.
    #[schema(example = "ROMANCE_SCAM")]
    subject: String,
    /// SHA-256 over the hash of the entry before and all of this one (docs/audit.md).
    hash: String,
}

/// Some entries, and the end of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditJson {
    entries: Vec<AuditEntryJson>,
    /// Ask again with `after` set to this; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<i64>,
    head: AuditHeadJson,
}

/// The end of the log. Note it elsewhere, to see later that nothing was cut off or rewritten.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditHeadJson {
    /// How many entries there are.
    number: i64,
    /// The hash of the last one; zeros where there is none.
    hash: String,
}

/// Which page of entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Entries after this number.
    #[serde(default, deserialize_with = "whole_number")]
    after: i64,
}

/// Entries in one page.
const PAGE_MAX: u16 = 100;

/// List what was done for the caller's tenant, the oldest first.
#[utoipa::path(get, path = "/v1/audit", tag = "admin", params(AuditQuery),
    operation_id = "list_audit",
    responses((status = 200, description = "a page of entries", body = AuditJson)))]
pub async fn list(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Query(page): Query<AuditQuery>,
) -> Result<Json<AuditJson>, Problem> {
    let tenants = service.app.tenants();
    let (entries, head) = tenants.audit_entries(&caller, page.after, PAGE_MAX).await?;
    let is_full = usize::from(PAGE_MAX) <= entries.len();
    let next_after = entries.last().filter(|_| is_full).map(|entry| entry.number);
    let entries = entries.into_iter().map(AuditEntryJson::from).collect();
    Ok(Json(AuditJson { entries, next_after, head: head.into() }))
}

impl From<Entry> for AuditEntryJson {
    fn from(entry: Entry) -> Self {
        let Entry { number, at, actor, action, subject, hash } = entry;
        Self { number, at, actor, action, subject, hash }
    }
}

impl From<Head> for AuditHeadJson {
    fn from(Head { number, hash }: Head) -> Self {
        Self { number, hash }
    }
}
