//! Statements of reasons for the verdicts of checks that are kept.

use uuid::Uuid;

use super::App;
use super::error::{AppError, Failure};
use crate::store::{Outcome, Refusal, StoreError, StoredCheck, StoredState};
use crate::tenancy::TenantId;
use crate::wire::kept::KeptReport;
use crate::wire::statement::{OfCheck, Reviewed, StatementJson};
use crate::words::language::Language;

impl App {
    /// The statement of reasons for the verdict of a check, in a language.
    ///
    /// # Errors
    /// When there is no such check, or it has no report.
    pub async fn statement(
        &self,
        tenant: TenantId,
        id: Uuid,
        language: Language,
    ) -> Result<StatementJson, AppError> {
        let check = self.later().check(tenant, id).await?;
        let (report, at) = report_of(&check)?;
        let decisions = self.store().review_decisions(tenant, id).await?;
        let reviewed = decisions.iter().rev().filter(|it| !it.is_undone).find_map(|it| {
            let is_wrong = match it.outcome.as_str() {
                "confirmed" => false,
                "rejected" => true,
                _ => return None,
            };
            Some(Reviewed { is_wrong, at: it.decided_at })
        });
        let of = OfCheck { id: Some(id), at, appeal: check.appeal.as_ref(), reviewed };
        Ok(StatementJson::new(&report, of, language))
    }
}

/// The report of a check, and when it was finished.
///
/// # Errors
/// [`Refusal::CheckNotDone`] when it has none.
pub(super) fn report_of(check: &StoredCheck) -> Result<(KeptReport, i64), AppError> {
    let StoredState::Finished { at, outcome: Outcome::Report(report) } = &check.state else {
        return Err(StoreError::from(Refusal::CheckNotDone(check.id.to_string())).into());
    };
    let report = KeptReport::read(report).ok_or(Failure::ReportUnreadable)?;
    Ok((report, *at))
}
