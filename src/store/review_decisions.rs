//! What moderators decided, and taking the last decision back.

use std::time::Duration;

use photocheck_core::bank::{BankFacts, BankId, BankedPhoto, Note};
use photocheck_core::matching::index::ContentId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use super::audit;
use super::contents;
use super::database::Store;
use super::error::StoreError;
use super::feedback::{Feedback, feedback_name, write_feedback};
use super::generation;
use super::reviews::{ItemState, read_check_id, seconds};
use crate::audit::Action;
use crate::clock;
use crate::ids;
use crate::tenancy::TenantId;

/// A decision as it is kept, also when it was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDecision {
    pub id: Uuid,
    pub check: Uuid,
    /// Stable name: `escalated`, `confirmed`, `rejected`, `upheld` or `overturned`.
    pub outcome: String,
    pub reason: Note,
    /// The key, or whatever else let the reviewer in.
    pub decided_by: String,
    /// Seconds since 1970, UTC.
    pub decided_at: i64,
    pub is_undone: bool,
    /// Whether it put the photo into a bank: a rejected one into that of allowed photos, a
    /// confirmed one into the one that was chosen.
    pub has_banked: bool,
}

/// What a reviewer makes of an item that they have open.
#[derive(Debug, Clone, Copy)]
pub struct Ruling<'a> {
    pub session: &'a str,
    pub by: &'a str,
    /// Escalated, confirmed or rejected.
    pub state: ItemState,
    pub reason: &'a Note,
    pub decided_at: i64,
    /// The photo and the bank that it is put into.
    pub banked: Option<(&'a BankFacts, &'a BankedPhoto)>,
}

/// A decision that was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    pub check: Uuid,
    /// Whether a photo was taken out of a bank.
    pub is_removed: bool,
}

/// A banked photo that a decision rests on, and whether it put it there.
type BankedContent = (ContentId, bool);

/// What the audit log says of a decision.
fn action_of(state: ItemState) -> Action {
    match state {
        ItemState::Confirmed => Action::ReviewConfirmed,
        ItemState::Rejected => Action::ReviewRejected,
        _ => Action::ReviewEscalated,
    }
}

impl Store {
    /// Keeps what a reviewer decided, says it of the check as feedback does, and banks the photo
    /// where that is wanted: all of that or nothing. Returns the decision's id, or `None` where the
    /// session does not have the item open, or it was decided.
    pub async fn decide_review(
        &self,
        tenant: TenantId,
        check: Uuid,
        ruling: Ruling<'_>,
    ) -> Result<Option<Uuid>, StoreError> {
        let mut transaction = self.begin().await?;
        if ruling.banked.is_some() {
            // Before the check, as everybody who locks both does.
            generation::lock(&mut transaction, self.dialect).await?;
        }
        // Written to before it is read: of SQLite, who reads first may not be let write. And before
        // the item, as who decides an appeal does: else each may wait for the other.
        sqlx::query("update photo_check set state = state where id = $1 and tenant_id = $2")
            .bind(check.to_string())
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        let Some(before) = read_before(&mut transaction, tenant, check).await? else {
            return Ok(None);
        };
        // An appeal that waits is for who decides appeals; it can be passed on.
        let is_decidable = if before.is_appeal_open {
            ruling.state == ItemState::Escalated
        } else {
            ["open", "escalated"].contains(&before.state.as_str())
        };
        if !is_decidable {
            return Ok(None);
        }
        let statement = "update review_item \
             set state = $1, leased_by = '', leased_until = 0, skipped_by = '' \
             where check_id = $2 and tenant_id = $3 and leased_by = $4 and state = $5";
        let changed = sqlx::query(statement)
            .bind(ruling.state.name())
            .bind(check.to_string())
            .bind(tenant.0)
            .bind(ruling.session)
            .bind(before.state.as_str())
            .execute(&mut *transaction)
            .await?;
        if changed.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(None);
        }
        if let Some(feedback) = feedback_of(ruling.state, ruling.reason) {
            write_feedback(&mut transaction, tenant, check, &feedback).await?;
        }
        let mut banked = None;
        if let Some((bank, photo)) = ruling.banked {
            let added = contents::add_locked(&mut transaction, self.dialect, bank, photo).await?;
            banked = Some((bank, added));
        }
        let kept = Kept {
            outcome: ruling.state.name(),
            reason: ruling.reason,
            by: ruling.by,
            decided_at: ruling.decided_at,
            session: ruling.session,
            allowed: banked.map(|(_, added)| added),
        };
        let id = insert_decision(&mut transaction, tenant, check, &kept, &before).await?;
        if let Some((bank, (content, true))) = banked {
            let (action, subject) = (Action::ContentAdded, contents::subject_of(bank, content));
            audit::append(&mut transaction, self, tenant, action, &subject).await?;
            if ruling.banked.is_some_and(|(_, photo)| photo.quarantined.is_some()) {
                let action = Action::ContentQuarantined;
                audit::append(&mut transaction, self, tenant, action, &subject).await?;
            }
        }
        let (action, subject) = (action_of(ruling.state), check.to_string());
        audit::append(&mut transaction, self, tenant, action, &subject).await?;
        self.commit(transaction).await?;
        Ok(Some(id))
    }

    /// Takes a decision back that this session made, if nobody decided otherwise since, and opens
    /// the item for it again, for as long as a lease lasts. `None` where there is no such decision.
    pub async fn undo_review(
        &self,
        tenant: TenantId,
        session: &str,
        decision: Uuid,
        lasts: Duration,
    ) -> Result<Option<Undone>, StoreError> {
        let mut transaction = self.begin().await?;
        generation::lock(&mut transaction, self.dialect).await?;
        // In the order in which decisions lock them.
        let statement = "update photo_check set state = state where tenant_id = $2 \
             and id = (select check_id from review_decision where id = $1 and tenant_id = $2)";
        sqlx::query(statement)
            .bind(decision.to_string())
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        let statement = "update review_decision set undone_at = $1 \
             where id = $2 and tenant_id = $3 and session = $4 and session <> '' and undone_at = 0 \
             and not exists (select 1 from review_decision later \
                 where later.check_id = review_decision.check_id \
                 and later.id > review_decision.id and later.undone_at = 0) \
             returning check_id, outcome, reason, before_state, before_feedback, before_note, \
                 allowed_content";
        let row = sqlx::query(statement)
            .bind(clock::now_s())
            .bind(decision.to_string())
            .bind(tenant.0)
            .bind(session)
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let text = |column| row.try_get::<String, _>(column);
        let (check, outcome) = (read_check_id(&row)?, text("outcome")?);
        let now = self.dialect.now_s();
        let statement = format!(
            "update review_item set state = $1, leased_by = $2, leased_until = {now} + $3 \
             where check_id = $4 and state = $5 \
             and (leased_by = '' or leased_by = $2 or leased_until <= {now})"
        );
        let reopened = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(text("before_state")?)
            .bind(session)
            .bind(seconds(lasts))
            .bind(check.to_string())
            .bind(outcome.as_str())
            .execute(&mut *transaction)
            .await?;
        if reopened.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(None);
        }
        let reason =
            Note::new(&text("reason")?).map_err(|_| StoreError::CorruptCheck(check.to_string()))?;
        let state = ItemState::from_name(&outcome);
        if let Some(said) = state.and_then(|state| feedback_of(state, &reason)) {
            // What somebody else said of it since stays.
            let statement = "update photo_check set feedback = $1, feedback_note = $2 \
                 where id = $3 and feedback = $4 and feedback_note = $5";
            sqlx::query(statement)
                .bind(text("before_feedback")?)
                .bind(text("before_note")?)
                .bind(check.to_string())
                .bind(feedback_name(&said))
                .bind(said.note.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        let content = ContentId(row.try_get::<i64, _>("allowed_content")?.abs());
        let removed = remove_banked(&mut transaction, tenant, content).await?;
        if let Some(subject) = &removed {
            let action = Action::ContentRemoved;
            audit::append(&mut transaction, self, tenant, action, subject).await?;
        }
        let (action, subject) = (Action::ReviewUndone, check.to_string());
        audit::append(&mut transaction, self, tenant, action, &subject).await?;
        self.commit(transaction).await?;
        Ok(Some(Undone { check, is_removed: removed.is_some() }))
    }

    /// What was decided of a check, the oldest first.
    pub async fn review_decisions(
        &self,
        tenant: TenantId,
        check: Uuid,
    ) -> Result<Vec<ReviewDecision>, StoreError> {
        let statement = "select id, check_id, outcome, reason, decided_by, decided_at, undone_at, \
                 allowed_content \
             from review_decision where check_id = $1 and tenant_id = $2 order by id";
        let rows = sqlx::query(statement)
            .bind(check.to_string())
            .bind(tenant.0)
            .fetch_all(self.reading()?)
            .await?;
        rows.iter().map(read_decision).collect()
    }

    /// A decision that this session can still take back.
    pub async fn undoable_decision(
        &self,
        tenant: TenantId,
        session: &str,
        decision: Uuid,
    ) -> Result<Option<ReviewDecision>, StoreError> {
        let statement = "select id, check_id, outcome, reason, decided_by, decided_at, undone_at, \
                 allowed_content \
             from review_decision where id = $1 and tenant_id = $2 and session = $3 \
                 and undone_at = 0";
        let row = sqlx::query(statement)
            .bind(decision.to_string())
            .bind(tenant.0)
            .bind(session)
            .fetch_optional(self.reading()?)
            .await?;
        row.as_ref().map(read_decision).transpose()
    }
}

/// What was there before a decision.
struct Before {
    state: String,
    feedback: String,
    note: String,
    is_appeal_open: bool,
}

/// What is kept of a decision.
struct Kept<'a> {
    outcome: &'a str,
    reason: &'a Note,
    by: &'a str,
    decided_at: i64,
    /// Who may take it back; empty where nobody may.
    session: &'a str,
    allowed: Option<BankedContent>,
}

/// How an appeal was decided, and by whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct AppealDecided<'a> {
    pub is_overturned: bool,
    pub reason: &'a Note,
    pub by: &'a str,
    pub decided_at: i64,
    pub allowed: Option<BankedContent>,
}

/// Keeps with the item of a check, if it has one, how its appeal was decided. Nobody takes that
/// back: it was sent to the platform.
pub(super) async fn note_appeal_decided(
    connection: &mut AnyConnection,
    tenant: TenantId,
    check: Uuid,
    decided: AppealDecided<'_>,
) -> Result<(), StoreError> {
    let Some(before) = read_before(connection, tenant, check).await? else { return Ok(()) };
    let AppealDecided { is_overturned, reason, by, decided_at, allowed } = decided;
    let (state, outcome) = if is_overturned {
        (ItemState::Rejected, "overturned")
    } else {
        (ItemState::Confirmed, "upheld")
    };
    let statement = "update review_item \
         set state = $1, leased_by = '', leased_until = 0, skipped_by = '' \
         where check_id = $2 and tenant_id = $3";
    sqlx::query(statement)
        .bind(state.name())
        .bind(check.to_string())
        .bind(tenant.0)
        .execute(&mut *connection)
        .await?;
    let kept = Kept { outcome, reason, by, decided_at, session: "", allowed };
    insert_decision(connection, tenant, check, &kept, &before).await?;
    Ok(())
}

async fn read_before(
    connection: &mut AnyConnection,
    tenant: TenantId,
    check: Uuid,
) -> Result<Option<Before>, StoreError> {
    let statement = "select review_item.state as state, feedback, feedback_note, appeal \
         from review_item join photo_check on photo_check.id = review_item.check_id \
         where check_id = $1 and review_item.tenant_id = $2";
    let row = sqlx::query(statement)
        .bind(check.to_string())
        .bind(tenant.0)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Before {
        state: row.try_get("state")?,
        feedback: row.try_get("feedback")?,
        note: row.try_get("feedback_note")?,
        is_appeal_open: row.try_get::<String, _>("appeal")? == "open",
    }))
}

async fn insert_decision(
    connection: &mut AnyConnection,
    tenant: TenantId,
    check: Uuid,
    kept: &Kept<'_>,
    before: &Before,
) -> Result<Uuid, StoreError> {
    let id = ids::new_id();
    let statement = "insert into review_decision (id, check_id, tenant_id, outcome, reason, \
             decided_by, decided_at, undone_at, session, before_state, before_feedback, \
             before_note, allowed_content) \
         values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12)";
    sqlx::query(statement)
        .bind(id.to_string())
        .bind(check.to_string())
        .bind(tenant.0)
        .bind(kept.outcome)
        .bind(kept.reason.as_str())
        .bind(kept.by)
        .bind(kept.decided_at)
        .bind(kept.session)
        .bind(before.state.as_str())
        .bind(before.feedback.as_str())
        .bind(before.note.as_str())
        .bind(
            kept.allowed.map_or(0, |(content, is_new)| if is_new { content.0 } else { -content.0 }),
        )
        .execute(connection)
        .await?;
    Ok(id)
}

/// What a decision says of the verdict; nothing when it was escalated.
fn feedback_of(state: ItemState, reason: &Note) -> Option<Feedback> {
    let is_right = match state {
        ItemState::Confirmed => true,
        ItemState::Rejected => false,
        ItemState::Open | ItemState::Escalated => return None,
    };
    Some(Feedback { is_right, note: reason.clone() })
}

/// Removes what decisions banked, if it is still there and none that stands rests on it. Returns
/// what the audit log calls it, if it was removed.
async fn remove_banked(
    connection: &mut AnyConnection,
    tenant: TenantId,
    content: ContentId,
) -> Result<Option<String>, StoreError> {
    let statement = "select bank_id from content where id = $1 \
         and exists (select 1 from review_decision \
             where tenant_id = $2 and allowed_content = $1) \
         and not exists (select 1 from review_decision \
             where tenant_id = $2 and abs(allowed_content) = $1 and undone_at = 0)";
    let row = sqlx::query(statement)
        .bind(content.0)
        .bind(tenant.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let bank = BankId(row.try_get("bank_id")?);
    let name = contents::name_of(&mut *connection, bank).await?;
    contents::remove_locked(connection, bank, content).await?;
    Ok(Some(format!("{name}/{}", content.0)))
}

fn read_decision(row: &AnyRow) -> Result<ReviewDecision, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let check = read_check_id(row)?;
    let corrupt = || StoreError::CorruptCheck(check.to_string());
    Ok(ReviewDecision {
        id: Uuid::parse_str(&text("id")?).map_err(|_| corrupt())?,
        check,
        outcome: text("outcome")?,
        reason: Note::new(&text("reason")?).map_err(|_| corrupt())?,
        decided_by: text("decided_by")?,
        decided_at: row.try_get("decided_at")?,
        is_undone: row.try_get::<i64, _>("undone_at")? != 0,
        has_banked: row.try_get::<i64, _>("allowed_content")? != 0,
    })
}
