//! What people say of a verdict: whether it was right.

use photocheck_core::bank::Note;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use super::error::StoreError;
use super::judged_grounds;
use crate::tenancy::TenantId;

/// Whether a verdict was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    pub is_right: bool,
    /// What the photo was.
    pub note: Note,
}

/// Keeps what is said of a verdict; returns whether the tenant has such a check that is done.
pub(super) async fn write_feedback(
    connection: &mut AnyConnection,
    tenant: TenantId,
    id: Uuid,
    feedback: &Feedback,
) -> Result<bool, StoreError> {
    let statement = "update photo_check set feedback = $1, feedback_note = $2 \
         where id = $3 and tenant_id = $4 and state = 'done' returning report";
    let kept = sqlx::query(statement)
        .bind(feedback_name(feedback))
        .bind(feedback.note.as_str())
        .bind(id.to_string())
        .bind(tenant.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = kept else { return Ok(false) };
    let report: String = row.try_get("report")?;
    judged_grounds::note(connection, tenant, id, &report).await?;
    Ok(true)
}

pub(super) fn feedback_name(feedback: &Feedback) -> &'static str {
    if feedback.is_right { "right" } else { "wrong" }
}
