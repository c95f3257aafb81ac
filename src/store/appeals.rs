//! What people say of a check that is done: feedback, and an appeal, which is decided once.

use photocheck_core::bank::{BankFacts, BankedPhoto, Note};
use sqlx::Row;
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::audit;
use super::contents;
use super::database::Store;
use super::error::{Refusal, StoreError};
use super::feedback::{Feedback, write_feedback};
use super::generation;
use super::judged_grounds;
use super::messages::insert_messages;
use super::review_decisions::{self, AppealDecided};
use super::reviews;
use crate::audit::Action;
use crate::tenancy::TenantId;
use crate::webhooks::NewEvent;

/// A verdict that somebody disputes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    pub reason: Note,
    /// Seconds since 1970, UTC, as all times here.
    pub appealed_at: i64,
    /// `None` while nobody has decided.
    pub decision: Option<Decision>,
}

/// How an appeal was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the photo is not to be flagged again.
    pub is_overturned: bool,
    pub reason: Note,
    pub decided_at: i64,
}

/// A decision of an appeal, and what comes with it.
#[derive(Debug, Clone, Copy)]
pub struct AppealRuling<'a> {
    pub decision: &'a Decision,
    /// The key, or whatever else let in whoever decided.
    pub by: &'a str,
    /// A photo that is not to be flagged again, and the bank that says so.
    pub allowed: Option<(&'a BankFacts, &'a BankedPhoto)>,
    pub event: &'a NewEvent,
}

impl Store {
    /// Keeps what somebody says of a verdict, in place of what was said before.
    ///
    /// # Errors
    /// [`Refusal::NoSuchCheck`] or [`Refusal::CheckNotDone`].
    pub async fn give_feedback(
        &self,
        tenant: TenantId,
        id: Uuid,
        feedback: &Feedback,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        if write_feedback(&mut transaction, tenant, id, feedback).await? {
            let (action, subject) = (Action::FeedbackGiven, id.to_string());
            audit::append(&mut transaction, self, tenant, action, &subject).await?;
            return self.commit(transaction).await;
        }
        transaction.rollback().await?;
        let check = self.check(tenant, id).await?;
        Err(Refusal::CheckNotDone(check.id.to_string()).into())
    }

    /// Keeps an appeal.
    ///
    /// # Errors
    /// [`Refusal::NoSuchCheck`], [`Refusal::CheckNotDone`] or [`Refusal::AppealExists`].
    pub async fn appeal(
        &self,
        tenant: TenantId,
        id: Uuid,
        reason: &Note,
        now_s: i64,
    ) -> Result<(), StoreError> {
        let statement = "update photo_check \
             set appeal = 'open', appeal_reason = $1, appealed_at = $2 \
             where id = $3 and tenant_id = $4 and state = 'done' and appeal = '' \
             returning report, finished_at";
        let mut transaction = self.begin().await?;
        let kept = sqlx::query(statement)
            .bind(reason.as_str())
            .bind(now_s)
            .bind(id.to_string())
            .bind(tenant.0)
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(row) = kept {
            let (report, finished_at): (String, i64) =
                (row.try_get("report")?, row.try_get("finished_at")?);
            reviews::add_item(&mut transaction, tenant, id, (&report, finished_at), true).await?;
            let (action, subject) = (Action::AppealMade, id.to_string());
            audit::append(&mut transaction, self, tenant, action, &subject).await?;
            return self.commit(transaction).await;
        }
        transaction.rollback().await?;
        let check = self.check(tenant, id).await?;
        let id = check.id.to_string();
        Err(match check.appeal {
            Some(_) => Refusal::AppealExists(id),
            None => Refusal::CheckNotDone(id),
        }
        .into())
    }

    /// Keeps how an appeal was decided, banks the photo that this allows, and puts the message
    /// about it into the outbox: all of that or nothing.
    ///
    /// # Errors
    /// [`Refusal::NoSuchCheck`], or [`Refusal::NoOpenAppeal`] when there is none that waits to be
    /// decided; [`Refusal::NoSuchBank`] when the bank is gone.
    pub async fn decide_appeal(
        &self,
        tenant: TenantId,
        id: Uuid,
        AppealRuling { decision, by, allowed, event }: AppealRuling<'_>,
    ) -> Result<(), StoreError> {
        let statement = "update photo_check \
             set appeal = $1, decision_reason = $2, decided_at = $3 \
             where id = $4 and tenant_id = $5 and appeal = 'open' returning report";
        let mut transaction = self.begin().await?;
        if allowed.is_some() {
            // Before the check, as everybody who locks both does.
            generation::lock(&mut transaction, self.dialect).await?;
        }
        let kept = sqlx::query(statement)
            .bind(if decision.is_overturned { "overturned" } else { "upheld" })
            .bind(decision.reason.as_str())
            .bind(decision.decided_at)
            .bind(id.to_string())
            .bind(tenant.0)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = kept else {
            transaction.rollback().await?;
            let check = self.check(tenant, id).await?;
            return Err(Refusal::NoOpenAppeal(check.id.to_string()).into());
        };
        let report: String = row.try_get("report")?;
        judged_grounds::note(&mut transaction, tenant, id, &report).await?;
        let mut banked = None;
        if let Some((bank, photo)) = allowed {
            let added = contents::add_locked(&mut transaction, self.dialect, bank, photo).await?;
            banked = Some((bank, added));
        }
        let Decision { is_overturned, reason, decided_at } = decision;
        let (is_overturned, decided_at) = (*is_overturned, *decided_at);
        let allowed = banked.map(|(_, added)| added);
        let decided = AppealDecided { is_overturned, reason, by, decided_at, allowed };
        review_decisions::note_appeal_decided(&mut transaction, tenant, id, decided).await?;
        insert_messages(&mut transaction, tenant, event, None, decided_at).await?;
        if let Some((bank, (content, true))) = banked {
            let (action, subject) = (Action::ContentAdded, contents::subject_of(bank, content));
            audit::append(&mut transaction, self, tenant, action, &subject).await?;
        }
        let action =
            if decision.is_overturned { Action::AppealOverturned } else { Action::AppealUpheld };
        audit::append(&mut transaction, self, tenant, action, &id.to_string()).await?;
        self.commit(transaction).await
    }
}

/// What was said of the check in a row.
pub(super) fn read_said(row: &AnyRow) -> Result<(Option<Feedback>, Option<Appeal>), StoreError> {
    let id: String = row.try_get("id")?;
    let corrupt = || StoreError::CorruptCheck(id.clone());
    let text = |column| row.try_get::<String, _>(column);
    let note = |column| Note::new(&text(column)?).map_err(|_| corrupt());
    let feedback = match text("feedback")?.as_str() {
        "" => None,
        said => Some(Feedback { is_right: said == "right", note: note("feedback_note")? }),
    };
    let state = text("appeal")?;
    if state.is_empty() {
        return Ok((feedback, None));
    }
    let decision = if state == "open" {
        None
    } else {
        let (reason, decided_at) = (note("decision_reason")?, row.try_get("decided_at")?);
        Some(Decision { is_overturned: state == "overturned", reason, decided_at })
    };
    let (reason, appealed_at) = (note("appeal_reason")?, row.try_get("appealed_at")?);
    Ok((feedback, Some(Appeal { reason, appealed_at, decision })))
}
