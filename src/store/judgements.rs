//! How good verdicts are, by those who judged them: counts by reason, bank and banked photo.
//!
//! Each check has one judgement. A decided appeal outranks what a reviewer decided, and that what
//! was said as feedback. What was judged goes with its check.

use photocheck_core::bank::Purpose;
use photocheck_core::matching::index::ContentId;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::columns::read_id;
use super::database::Store;
use super::error::StoreError;
use crate::tenancy::TenantId;

/// How many verdicts were judged right, and how many wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judged {
    pub right: u64,
    pub wrong: u64,
}

/// The same of verdicts to which a reason led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedReason {
    /// As the report has it.
    pub code: String,
    pub judged: Judged,
}

/// The same of verdicts to which photos of a bank led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedBank {
    pub bank: String,
    pub purpose: Purpose,
    pub judged: Judged,
}

/// The same of verdicts to which a banked photo led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedContent {
    pub content: ContentId,
    pub bank: String,
    pub purpose: Purpose,
    pub judged: Judged,
    /// Whether photos are not matched against it any more.
    pub is_quarantined: bool,
}

/// Whose word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Judges {
    pub appeals: Judged,
    pub reviewers: Judged,
    pub feedback: Judged,
}

/// All of that of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgements {
    pub by: Judges,
    /// Those with most judgements first, as of banks.
    pub reasons: Vec<JudgedReason>,
    pub banks: Vec<JudgedBank>,
    /// Those that were most often wrong first.
    pub contents: Vec<JudgedContent>,
}

/// What is counted over all tenants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JudgedEverywhere {
    pub reasons: Vec<JudgedReason>,
    pub purposes: Vec<(Purpose, Judged)>,
}

/// What reviewers decided of a check `c` and its item `i`: 1 for right, 0 for wrong. An appeal
/// outranks the item.
const DECIDED: &str = "when c.appeal = 'upheld' then 1 when c.appeal = 'overturned' then 0 \
     when i.state = 'confirmed' then 1 when i.state = 'rejected' then 0";

/// What was said of it as feedback.
const SAID: &str = "when c.feedback = 'right' then 1 when c.feedback = 'wrong' then 0";

/// Grounds with their checks, and the name that a bank of the tenant has now.
fn grounds(judgement: &str, condition: &str) -> String {
    format!(
        "select g.check_id as check_id, g.code as code, g.content_id as id, \
             g.purpose as purpose, coalesce(bank.name, g.bank) as bank, \
             case when content.quarantined <> '' then 1 else 0 end as quarantined, \
             case {judgement} end as judgement \
         from judged_ground g join photo_check c on c.id = g.check_id \
         left join review_item i on i.check_id = g.check_id \
         left join content on content.id = g.content_id \
         left join bank on bank.id = content.bank_id and bank.tenant_id = g.tenant_id \
         where {condition}"
    )
}

/// Counts them by these columns, each check once.
fn counted(columns: &str, rows: &str) -> String {
    format!(
        "select {columns}, \
             count(distinct case when judgement = 1 then check_id end) as right_count, \
             count(distinct case when judgement = 0 then check_id end) as wrong_count \
         from ({rows}) as found where judgement is not null group by {columns}"
    )
}

impl Store {
    /// What was judged of a tenant's checks, with at most so many banked photos.
    pub async fn judgements(
        &self,
        tenant: TenantId,
        contents_max: u16,
    ) -> Result<Judgements, StoreError> {
        let both = format!("{DECIDED} {SAID}");
        let of_reasons = grounds(&both, "g.tenant_id = $1 and g.content_id = 0");
        let of_contents = grounds(&both, "g.tenant_id = $1 and g.content_id <> 0");
        let often = "order by count(distinct check_id) desc, right_count";
        let reasons = format!("{} {often}, code", counted("code", &of_reasons));
        let banks = format!("{} {often}, bank", counted("bank, purpose", &of_contents));
        let contents = format!(
            "{} order by wrong_count desc, right_count, id limit {contents_max}",
            counted("id, bank, purpose, quarantined", &of_contents),
        );
        Ok(Judgements {
            by: self.judges(tenant).await?,
            reasons: self.rows(reasons, tenant, read_reason).await?,
            banks: self.rows(banks, tenant, read_bank).await?,
            contents: self.rows(contents, tenant, read_content).await?,
        })
    }

    /// Whose word counts of a tenant's checks.
    async fn judges(&self, tenant: TenantId) -> Result<Judges, StoreError> {
        let judged = format!(
            "select c.id as check_id, case {DECIDED} {SAID} end as judgement, \
                 case when c.appeal in ('upheld', 'overturned') then 'appeals' \
                     when i.state in ('confirmed', 'rejected') then 'reviewers' \
                     else 'feedback' end as judge \
             from photo_check c left join review_item i on i.check_id = c.id \
             where c.tenant_id = $1 \
             and exists (select 1 from judged_ground g where g.check_id = c.id)"
        );
        let mut judges = Judges::default();
        for (judge, judged) in self.rows(counted("judge", &judged), tenant, read_judge).await? {
            match judge.as_str() {
                "appeals" => judges.appeals = judged,
                "reviewers" => judges.reviewers = judged,
                _ => judges.feedback = judged,
            }
        }
        Ok(judges)
    }

    /// What reviewers decided of the verdicts to which each banked photo led that led to the
    /// verdict of this check. What was only said as feedback does not count here.
    pub async fn decided_with(
        &self,
        tenant: TenantId,
        check: Uuid,
    ) -> Result<Vec<JudgedContent>, StoreError> {
        let with = "g.tenant_id = $1 and g.content_id <> 0 and g.content_id in \
             (select content_id from judged_ground where check_id = $2)";
        let columns = "id, bank, purpose, quarantined";
        let statement = format!("{} order by id", counted(columns, &grounds(DECIDED, with)));
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(tenant.0)
            .bind(check.to_string())
            .fetch_all(self.reading()?)
            .await?;
        rows.iter().map(read_content).collect()
    }

    /// What was judged of the checks of all tenants.
    pub async fn judged_everywhere(&self) -> Result<JudgedEverywhere, StoreError> {
        let both = format!("{DECIDED} {SAID}");
        let reasons = counted("code", &grounds(&both, "g.content_id = 0"));
        let reasons = sqlx::query(AssertSqlSafe(reasons)).fetch_all(self.reading()?).await?;
        let purposes = counted("purpose", &grounds(&both, "g.content_id <> 0"));
        let purposes = sqlx::query(AssertSqlSafe(purposes)).fetch_all(self.reading()?).await?;
        Ok(JudgedEverywhere {
            reasons: reasons.iter().map(read_reason).collect::<Result<_, _>>()?,
            purposes: purposes
                .iter()
                .map(|row| Ok((read_purpose(row)?, read_judged(row)?)))
                .collect::<Result<_, StoreError>>()?,
        })
    }

    /// The rows of a statement about a tenant.
    async fn rows<T>(
        &self,
        statement: String,
        tenant: TenantId,
        read: impl Fn(&AnyRow) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rows =
            sqlx::query(AssertSqlSafe(statement)).bind(tenant.0).fetch_all(self.reading()?).await?;
        rows.iter().map(read).collect()
    }
}

fn read_judged(row: &AnyRow) -> Result<Judged, StoreError> {
    let count = |column| row.try_get::<i64, _>(column).map(|it| u64::try_from(it).unwrap_or(0));
    Ok(Judged { right: count("right_count")?, wrong: count("wrong_count")? })
}

fn read_judge(row: &AnyRow) -> Result<(String, Judged), StoreError> {
    Ok((row.try_get("judge")?, read_judged(row)?))
}

fn read_reason(row: &AnyRow) -> Result<JudgedReason, StoreError> {
    Ok(JudgedReason { code: row.try_get("code")?, judged: read_judged(row)? })
}

fn read_bank(row: &AnyRow) -> Result<JudgedBank, StoreError> {
    let (bank, purpose) = (row.try_get("bank")?, read_purpose(row)?);
    Ok(JudgedBank { bank, purpose, judged: read_judged(row)? })
}

fn read_content(row: &AnyRow) -> Result<JudgedContent, StoreError> {
    Ok(JudgedContent {
        content: read_id(row)?,
        bank: row.try_get("bank")?,
        purpose: read_purpose(row)?,
        judged: read_judged(row)?,
        is_quarantined: row.try_get::<i64, _>("quarantined")? != 0,
    })
}

/// Only purposes that decide are noted.
fn read_purpose(row: &AnyRow) -> Result<Purpose, StoreError> {
    let purpose: String = row.try_get("purpose")?;
    Purpose::from_name(&purpose).ok_or(StoreError::CorruptBank(0))
}
