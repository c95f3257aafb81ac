//! What of a tenant's checks is kept, in counts: for whoever watches over its reviewers.

use std::collections::BTreeMap;

use photocheck_core::verdict::{Code, Verdict};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::database::Store;
use super::error::StoreError;
use super::messages::MessageState;
use super::reviews::read_check_id;
use crate::tenancy::TenantId;

/// Judgements that are read at once: those of some weeks of a large team.
const JUDGEMENTS_MAX: i64 = 100_000;

/// Checks that were finished on one day, by what came of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckDay {
    pub clear: u64,
    pub inconclusive: u64,
    pub suspect: u64,
    pub fake: u64,
    /// They have a problem instead of a report.
    pub failed: u64,
}

/// What somebody said of a verdict who decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub check: Uuid,
    pub by: String,
    pub is_right: bool,
    /// Whether it decides an appeal.
    pub is_of_appeal: bool,
    /// What was said of it before, if anything was.
    pub said_before: Option<bool>,
}

/// How much waits of a tenant, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitingNow {
    pub checks: u64,
    /// Seconds since the oldest of these was accepted; 0 where there is none.
    pub check_oldest_s: i64,
    /// Since the oldest check in the queue of reviewers was finished that nobody decided.
    pub review_oldest_s: i64,
}

impl CheckDay {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.clear + self.inconclusive + self.suspect + self.fake + self.failed
    }
}

impl Store {
    /// Checks of a tenant that were finished since then, by day (since 1970, UTC).
    pub async fn check_days(
        &self,
        tenant: TenantId,
        since_s: i64,
    ) -> Result<BTreeMap<i64, CheckDay>, StoreError> {
        let mut days: BTreeMap<i64, CheckDay> = BTreeMap::new();
        // What was flagged is in the queue of reviewers, by its verdict.
        let finished = "select finished_at / 86400 as day, state as outcome, count(*) as checks \
             from photo_check where tenant_id = $1 and finished_at <> 0 and $2 <= finished_at \
             group by 1, 2";
        let flagged = "select finished_at / 86400 as day, verdict as outcome, count(*) as checks \
             from review_item where tenant_id = $1 and $2 <= finished_at and verdict <> 'clear' \
             group by 1, 2";
        for statement in [finished, flagged] {
            let query = sqlx::query(statement).bind(tenant.0).bind(since_s);
            for row in query.fetch_all(self.reading()?).await? {
                let count = u64::try_from(row.try_get::<i64, _>("checks")?).unwrap_or_default();
                let day = days.entry(row.try_get("day")?).or_default();
                let outcome: String = row.try_get("outcome")?;
                match Verdict::from_name(&outcome) {
                    Some(Verdict::Fake) => day.fake += count,
                    Some(Verdict::Suspect) => day.suspect += count,
                    Some(Verdict::Inconclusive) => day.inconclusive += count,
                    _ if outcome == "done" => day.clear += count,
                    _ => day.failed += count,
                }
            }
        }
        for day in days.values_mut() {
            let flagged = day.inconclusive + day.suspect + day.fake;
            day.clear = day.clear.saturating_sub(flagged);
        }
        Ok(days)
    }

    /// How many checks of a tenant that were flagged since then have each reason.
    pub async fn reason_counts(
        &self,
        tenant: TenantId,
        since_s: i64,
    ) -> Result<Vec<(Code, u64)>, StoreError> {
        let statement = "select reasons, count(*) as checks from review_item \
             where tenant_id = $1 and $2 <= finished_at and verdict <> 'clear' group by reasons";
        let rows =
            sqlx::query(statement).bind(tenant.0).bind(since_s).fetch_all(self.reading()?).await?;
        let mut counts: BTreeMap<&'static str, (Code, u64)> = BTreeMap::new();
        for row in rows {
            let count = u64::try_from(row.try_get::<i64, _>("checks")?).unwrap_or_default();
            let reasons: String = row.try_get("reasons")?;
            for code in reasons.split(' ').filter_map(Code::from_name) {
                counts.entry(code.name()).or_insert((code, 0)).1 += count;
            }
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        Ok(counts)
    }

    /// What was decided about a tenant's checks since then and stands, in order for each check.
    pub async fn judgements_since(
        &self,
        tenant: TenantId,
        since_s: i64,
    ) -> Result<Vec<Judgement>, StoreError> {
        let statement = format!(
            "select check_id, outcome, decided_by, before_feedback from review_decision \
             where tenant_id = $1 and $2 <= decided_at and undone_at = 0 \
                 and outcome <> 'escalated' \
             order by check_id, id limit {JUDGEMENTS_MAX}"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(tenant.0)
            .bind(since_s)
            .fetch_all(self.reading()?)
            .await?;
        let judgements = rows.iter().map(|row| {
            let text = |column| row.try_get::<String, _>(column);
            let (outcome, before) = (text("outcome")?, text("before_feedback")?);
            Ok(Judgement {
                check: read_check_id(row)?,
                by: text("decided_by")?,
                is_right: matches!(outcome.as_str(), "confirmed" | "upheld"),
                is_of_appeal: matches!(outcome.as_str(), "upheld" | "overturned"),
                said_before: (!before.is_empty()).then(|| before == "right"),
            })
        });
        judgements.collect()
    }

    /// How much of a tenant waits at the moment, for the machines and for reviewers.
    pub async fn waiting_now(&self, tenant: TenantId) -> Result<WaitingNow, StoreError> {
        let now_s = self.dialect.now_s();
        let statement = format!(
            "select count(*) as checks, coalesce({now_s} - min(accepted_at), 0) as check_oldest, \
                 (select coalesce({now_s} - min(finished_at), 0) from review_item \
                     where tenant_id = $1 and state = 'open' and verdict <> 'clear') \
                     as review_oldest \
             from photo_check where tenant_id = $1 and finished_at = 0 and state = 'waiting'"
        );
        let row =
            sqlx::query(AssertSqlSafe(statement)).bind(tenant.0).fetch_one(self.reading()?).await?;
        // The clocks of machines and of the database may differ a little.
        let seconds = |column| row.try_get::<i64, _>(column).map(|it| it.max(0));
        Ok(WaitingNow {
            checks: u64::try_from(row.try_get::<i64, _>("checks")?).unwrap_or_default(),
            check_oldest_s: seconds("check_oldest")?,
            review_oldest_s: seconds("review_oldest")?,
        })
    }

    /// How many of a tenant's messages that were written since then are in each state.
    pub async fn message_counts(
        &self,
        tenant: TenantId,
        since_s: i64,
    ) -> Result<[(MessageState, u64); 3], StoreError> {
        let statement = "select state, count(*) as messages from webhook_message \
             where tenant_id = $1 and $2 <= created_at group by state";
        let rows =
            sqlx::query(statement).bind(tenant.0).bind(since_s).fetch_all(self.reading()?).await?;
        let mut counts = MessageState::ALL.map(|state| (state, 0));
        for row in rows {
            let name: String = row.try_get("state")?;
            for (_, count) in counts.iter_mut().filter(|(state, _)| state.name() == name) {
                *count = u64::try_from(row.try_get::<i64, _>("messages")?).unwrap_or_default();
            }
        }
        Ok(counts)
    }
}
