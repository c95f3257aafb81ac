//! A check that is done later, as JSON: the same in an answer and in a webhook.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::ReportJson;
use crate::store::{Appeal, Feedback, Outcome, StoredCheck, StoredState};

/// How far a check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStateJson {
    /// It is not finished yet.
    Waiting,
    /// There is a report.
    Done,
    /// There is none; the problem says why.
    Failed,
}

/// A check that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckJson {
    #[schema(format = "uuid", example = "019abf5e-0000-7000-8000-000000000000")]
    id: String,
    /// The call that it came in.
    #[schema(format = "uuid", example = "019abf5e-0000-7000-8000-000000000001")]
    batch_id: String,
    /// Your name for the photo; left out where you gave none.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(nullable = false)]
    external_id: String,
    state: CheckStateJson,
    /// Seconds since 1970, UTC, as all times here.
    accepted_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    finished_at: Option<i64>,
    /// The report, as `POST /v1/check` answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReportJson>, nullable = false)]
    report: Option<Value>,
    /// Why there is no report.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<CheckProblemJson>,
    /// What somebody said of the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    feedback: Option<FeedbackJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    appeal: Option<AppealJson>,
}

/// What somebody said of a verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeedbackJson {
    right: bool,
    /// What the photo was.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(nullable = false)]
    note: String,
}

/// A verdict that somebody disputes.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppealJson {
    state: AppealStateJson,
    reason: String,
    appealed_at: i64,
    /// Why it was decided so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decision_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    decided_at: Option<i64>,
}

/// What became of an appeal.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppealStateJson {
    /// Nobody has decided yet.
    Open,
    /// The verdict stands.
    Upheld,
    /// The photo is not flagged any more.
    Overturned,
}

impl From<Feedback> for FeedbackJson {
    fn from(feedback: Feedback) -> Self {
        Self { right: feedback.is_right, note: feedback.note.as_str().to_owned() }
    }
}

impl From<Appeal> for AppealJson {
    fn from(Appeal { reason, appealed_at, decision }: Appeal) -> Self {
        let state = match &decision {
            None => AppealStateJson::Open,
            Some(decision) if decision.is_overturned => AppealStateJson::Overturned,
            Some(_) => AppealStateJson::Upheld,
        };
        Self {
            state,
            reason: reason.as_str().to_owned(),
            appealed_at,
            decision_reason: decision.as_ref().map(|it| it.reason.as_str().to_owned()),
            decided_at: decision.map(|it| it.decided_at),
        }
    }
}

/// Why there is no report.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckProblemJson {
    /// As of an answer (docs/errors.md).
    #[schema(example = "PHOTO_DAMAGED")]
    code: String,
    /// What was wrong, with the value and the limit.
    detail: String,
}

impl From<StoredCheck> for CheckJson {
    fn from(check: StoredCheck) -> Self {
        let StoredCheck { id, batch, external_id, accepted_at, state, feedback, appeal } = check;
        let (state, finished_at, report, problem) = match state {
            StoredState::Waiting => (CheckStateJson::Waiting, None, None, None),
            StoredState::Finished { at, outcome: Outcome::Report(report) } => {
                (CheckStateJson::Done, Some(at), serde_json::from_str(&report).ok(), None)
            }
            StoredState::Finished { at, outcome: Outcome::Problem { code, detail } } => {
                let problem = CheckProblemJson { code, detail };
                (CheckStateJson::Failed, Some(at), None, Some(problem))
            }
        };
        Self {
            id: id.to_string(),
            batch_id: batch.to_string(),
            external_id,
            state,
            accepted_at,
            finished_at,
            report,
            problem,
            feedback: feedback.map(FeedbackJson::from),
            appeal: appeal.map(AppealJson::from),
        }
    }
}
