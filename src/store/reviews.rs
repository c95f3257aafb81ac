//! The queue of checks that moderators review: what is in it, and who has which open.
//!
//! A check comes into the queue when it is flagged, or appealed. Whoever opens one takes a lease of
//! it, by the clock of the database, so two never decide the same one; a lease that was left lying
//! ends by itself.

use std::time::Duration;

use photocheck_core::verdict::{Code, Verdict};
use serde::Deserialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use uuid::Uuid;

use super::database::Store;
use super::error::StoreError;
use crate::tenancy::TenantId;

/// Items of a list.
const LISTED_MAX: i64 = 50;

/// How often an item is taken anew where others took the same one meanwhile.
const TAKEN_ATTEMPTS: u8 = 3;

/// What became of an item so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    Open,
    Escalated,
    /// The verdict was right.
    Confirmed,
    /// It was wrong.
    Rejected,
}

/// Which part of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueState {
    /// Flagged, and nobody has decided.
    #[default]
    Open,
    Escalated,
    Decided,
    /// Appealed, and nobody has decided the appeal or passed it on.
    Appeals,
}

/// Which items of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueFilter {
    pub state: QueueState,
    pub verdict: Option<Verdict>,
    /// One that its report has.
    pub reason: Option<Code>,
}

/// How many items wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    pub open: u64,
    pub escalated: u64,
    pub decided: u64,
    pub appeals: u64,
}

/// Who has an item open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    ByNobody,
    ByThisSession,
    ByAnother,
}

/// An item of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewItem {
    pub check: Uuid,
    pub verdict: Verdict,
    /// The codes of its report.
    pub reasons: Vec<Code>,
    pub finished_at: i64,
    pub state: ItemState,
    pub leased: Leased,
}

/// An item in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedItem {
    pub item: ReviewItem,
    /// What the caller of the check calls it; may be empty.
    pub external_id: String,
}

impl ItemState {
    const ALL: [Self; 4] = [Self::Open, Self::Escalated, Self::Confirmed, Self::Rejected];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Escalated => "escalated",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl QueueState {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Open, Self::Escalated, Self::Decided, Self::Appeals];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Escalated => "escalated",
            Self::Decided => "decided",
            Self::Appeals => "appeals",
        }
    }

    /// A condition on an item: what was appealed and not flagged is among the appeals alone.
    fn condition(self) -> &'static str {
        match self {
            Self::Open => "state = 'open' and verdict <> 'clear'",
            Self::Escalated => "state = 'escalated'",
            Self::Decided => "state in ('confirmed', 'rejected')",
            Self::Appeals => {
                "state <> 'escalated' and exists \
                     (select 1 from photo_check where id = check_id and appeal = 'open')"
            }
        }
    }

    fn order(self) -> &'static str {
        match self {
            Self::Decided => "finished_at desc, check_id desc",
            Self::Open | Self::Escalated | Self::Appeals => "rank, finished_at, check_id",
        }
    }
}

const COLUMNS: &str = "check_id, verdict, reasons, finished_at, state, leased_by";

/// A verdict or a reason is the one that is asked for, if one is.
const ASKED: &str = "($3 = '' or verdict = $3) and ($4 = '' or reasons like $4)";

impl Store {
    /// Some items of the queue of a tenant, the first ones first, as one session sees them.
    pub async fn review_queue(
        &self,
        tenant: TenantId,
        session: &str,
        filter: QueueFilter,
    ) -> Result<Vec<QueuedItem>, StoreError> {
        let statement = format!(
            "select {COLUMNS}, {} as is_leased, \
                 (select external_id from photo_check where id = check_id) as external_id \
             from review_item \
             where $1 <> '' and tenant_id = $2 and {} and {ASKED} order by {} limit {LISTED_MAX}",
            self.is_leased(),
            filter.state.condition(),
            filter.state.order(),
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(session)
            .bind(tenant.0)
            .bind(filter.verdict.map_or("", Verdict::name))
            .bind(reason_pattern(filter.reason))
            .fetch_all(self.reading()?)
            .await?;
        let queued = rows.iter().map(|row| {
            let external_id = row.try_get("external_id")?;
            Ok(QueuedItem { item: read_item(row, session)?, external_id })
        });
        queued.collect()
    }

    /// How many items of a tenant there are in each part of the queue.
    pub async fn review_counts(&self, tenant: TenantId) -> Result<QueueCounts, StoreError> {
        let counts = QueueState::ALL.map(|state| {
            let (name, condition) = (state.name(), state.condition());
            format!("count(case when {condition} then 1 end) as {name}_count")
        });
        let statement =
            format!("select {} from review_item where tenant_id = $1", counts.join(", "));
        let row =
            sqlx::query(AssertSqlSafe(statement)).bind(tenant.0).fetch_one(self.reading()?).await?;
        let count = |column| row.try_get::<i64, _>(column).map(|it| u64::try_from(it).unwrap_or(0));
        Ok(QueueCounts {
            open: count("open_count")?,
            escalated: count("escalated_count")?,
            decided: count("decided_count")?,
            appeals: count("appeals_count")?,
        })
    }

    /// An item as one session sees it; `None` where the tenant has none of that id.
    pub async fn review_item(
        &self,
        tenant: TenantId,
        session: &str,
        check: Uuid,
    ) -> Result<Option<ReviewItem>, StoreError> {
        let statement = format!(
            "select {COLUMNS}, {} as is_leased from review_item \
             where check_id = $1 and tenant_id = $2",
            self.is_leased()
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(check.to_string())
            .bind(tenant.0)
            .fetch_optional(self.reading()?)
            .await?;
        row.map(|row| read_item(&row, session)).transpose()
    }

    /// Takes the next item for a session: the one that it has open already, or else the first one
    /// that nobody has open. What it skipped comes last.
    pub async fn take_next_item(
        &self,
        tenant: TenantId,
        session: &str,
        filter: QueueFilter,
        lasts: Duration,
    ) -> Result<Option<Uuid>, StoreError> {
        let now = self.dialect.now_s();
        let next = format!(
            "select check_id from review_item \
             where tenant_id = $2 and {} and {ASKED} and (leased_until <= {now} or leased_by = $1) \
             order by case when leased_by = $1 then 0 else 1 end, \
                 case when skipped_by = $1 then 1 else 0 end, rank, finished_at, check_id \
             limit 1 {}",
            filter.state.condition(),
            self.dialect.skip_locked(),
        );
        let statement = format!(
            "update review_item set leased_by = $1, leased_until = {now} + $5 \
             where check_id = ({next}) returning check_id"
        );
        for _ in 0..TAKEN_ATTEMPTS {
            let row = sqlx::query(AssertSqlSafe(statement.clone()))
                .bind(session)
                .bind(tenant.0)
                .bind(filter.verdict.map_or("", Verdict::name))
                .bind(reason_pattern(filter.reason))
                .bind(seconds(lasts))
                .fetch_optional(self.reading()?)
                .await?;
            self.in_place()?;
            if let Some(row) = row {
                return Ok(Some(read_check_id(&row)?));
            }
        }
        Ok(None)
    }

    /// Takes an item for a session, which has no other open then. Returns false where another
    /// session has it open, or the tenant has none of that id.
    pub async fn take_item(
        &self,
        tenant: TenantId,
        session: &str,
        check: Uuid,
        lasts: Duration,
    ) -> Result<bool, StoreError> {
        let now = self.dialect.now_s();
        let mut transaction = self.begin().await?;
        let statement = format!(
            "update review_item set leased_by = $1, leased_until = {now} + $2 \
             where check_id = $3 and tenant_id = $4 and (leased_until <= {now} or leased_by = $1)"
        );
        let taken = sqlx::query(AssertSqlSafe(statement))
            .bind(session)
            .bind(seconds(lasts))
            .bind(check.to_string())
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        if taken.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let statement = "update review_item set leased_by = '', leased_until = 0 \
             where leased_by = $1 and leased_by <> '' and check_id <> $2";
        sqlx::query(statement)
            .bind(session)
            .bind(check.to_string())
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Passes an item on to others. Returns false where the session does not have it open.
    pub async fn skip_item(
        &self,
        tenant: TenantId,
        session: &str,
        check: Uuid,
    ) -> Result<bool, StoreError> {
        let statement = "update review_item \
             set leased_by = '', leased_until = 0, skipped_by = $1 \
             where check_id = $2 and tenant_id = $3 and leased_by = $1";
        let skipped = sqlx::query(statement)
            .bind(session)
            .bind(check.to_string())
            .bind(tenant.0)
            .execute(self.reading()?)
            .await?;
        self.in_place()?;
        Ok(skipped.rows_affected() == 1)
    }

    /// Whether the lease of an item has not ended, as a number.
    fn is_leased(&self) -> String {
        format!("case when {} < leased_until then 1 else 0 end", self.dialect.now_s())
    }
}

/// What of a report decides where it comes in the queue.
#[derive(Debug, Deserialize)]
struct Found {
    verdict: String,
    reasons: Vec<FoundReason>,
}

#[derive(Debug, Deserialize)]
struct FoundReason {
    code: String,
}

/// Puts a check that was finished into the queue; one that was not flagged only if it
/// `is_appealed`.
pub(super) async fn add_item(
    connection: &mut AnyConnection,
    tenant: TenantId,
    check: Uuid,
    (report, finished_at): (&str, i64),
    is_appealed: bool,
) -> Result<(), StoreError> {
    let Ok(Found { verdict, reasons }) = serde_json::from_str(report) else { return Ok(()) };
    let Some(verdict) = Verdict::from_name(&verdict) else { return Ok(()) };
    if verdict == Verdict::Clear && !is_appealed {
        return Ok(());
    }
    let codes: Vec<_> = reasons.into_iter().map(|reason| reason.code).collect();
    let statement = "insert into review_item (check_id, tenant_id, verdict, rank, reasons, \
             finished_at, state, leased_by, leased_until, skipped_by) \
         values ($1, $2, $3, $4, $5, $6, 'open', '', 0, '') on conflict (check_id) do nothing";
    sqlx::query(statement)
        .bind(check.to_string())
        .bind(tenant.0)
        .bind(verdict.name())
        .bind(rank(verdict))
        .bind(format!(" {} ", codes.join(" ")))
        .bind(finished_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes the items of checks of which a condition on them holds, whose value is the first of the
/// statement, with what was decided and judged of them.
pub(super) async fn delete_items(
    connection: &mut AnyConnection,
    condition: &str,
    value: &str,
) -> Result<(), StoreError> {
    for table in ["judged_ground", "review_decision", "review_item"] {
        let statement = format!(
            "delete from {table} where check_id in (select id from photo_check where {condition})"
        );
        sqlx::query(AssertSqlSafe(statement)).bind(value).execute(&mut *connection).await?;
    }
    Ok(())
}

/// What is most suspicious comes first.
fn rank(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Fake => 0,
        Verdict::Suspect => 1,
        Verdict::Inconclusive => 2,
        Verdict::Clear => 3,
    }
}

fn reason_pattern(reason: Option<Code>) -> String {
    reason.map(|code| format!("% {} %", code.name())).unwrap_or_default()
}

pub(super) fn seconds(lasts: Duration) -> i64 {
    i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn read_check_id(row: &AnyRow) -> Result<Uuid, StoreError> {
    let text: String = row.try_get("check_id")?;
    Uuid::parse_str(&text).map_err(|_| StoreError::CorruptCheck(text))
}

fn read_item(row: &AnyRow, session: &str) -> Result<ReviewItem, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let check = read_check_id(row)?;
    let corrupt = || StoreError::CorruptCheck(check.to_string());
    let leased = match row.try_get::<i64, _>("is_leased")? {
        _ if text("leased_by")? == session => Leased::ByThisSession,
        0 => Leased::ByNobody,
        _ => Leased::ByAnother,
    };
    Ok(ReviewItem {
        check,
        verdict: Verdict::from_name(&text("verdict")?).ok_or_else(corrupt)?,
        reasons: text("reasons")?.split(' ').filter_map(Code::from_name).collect(),
        finished_at: row.try_get("finished_at")?,
        state: ItemState::from_name(&text("state")?).ok_or_else(corrupt)?,
        leased,
    })
}
