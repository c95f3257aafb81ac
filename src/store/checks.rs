//! Checks that were accepted to be done later: what waits, who does it, and what came of it.
//!
//! A check waits until a worker takes it. What a worker that is gone had is taken by another, so a
//! check may be begun more than once, but it is finished once: whoever was given up can no longer
//! finish it. A photo is kept only while its check waits, and always encrypted.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use uuid::Uuid;

use super::appeals::{Appeal, read_said};
use super::database::Store;
use super::error::{Refusal, StoreError};
use super::feedback::Feedback;
use super::messages::{Callback, insert_messages};
use super::reviews;
use super::workers::{DELETED_MAX, WorkerId, is_gone};
use crate::tenancy::TenantId;
use crate::webhooks::NewEvent;

/// Checks that come in one call.
#[derive(Debug, Clone)]
pub struct NewBatch {
    pub id: Uuid,
    pub tenant: TenantId,
    /// Seconds since 1970, UTC, as all times here.
    pub accepted_at: i64,
}

/// A check of a batch.
#[derive(Debug, Clone)]
pub struct NewCheck {
    pub id: Uuid,
    /// Within the batch, from 0.
    pub place: u32,
    /// What the caller calls it; may be empty.
    pub external_id: String,
    pub photo_bytes: u64,
    pub photo: WaitsIn,
}

/// Where the photo of a check waits.
#[derive(Debug, Clone)]
pub enum WaitsIn {
    /// The memory of this worker.
    Memory(WorkerId),
    /// The database, encrypted.
    Sealed(Vec<u8>),
}

/// How much of a tenant waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    pub checks: u64,
    pub photo_bytes: u64,
}

/// A check as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheck {
    pub id: Uuid,
    pub batch: Uuid,
    pub external_id: String,
    pub accepted_at: i64,
    pub state: StoredState,
    pub feedback: Option<Feedback>,
    pub appeal: Option<Appeal>,
}

/// How far a check is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredState {
    Waiting,
    Finished { at: i64, outcome: Outcome },
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The report, as JSON.
    Report(String),
    /// There is none: a code of the catalogue, and what was wrong.
    Problem { code: String, detail: String },
}

/// A check that a worker took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedCheck {
    pub check: StoredCheck,
    pub tenant: TenantId,
    /// How often it was taken, with this time.
    pub attempt: u32,
    /// Whether the photo is in the memory of the worker.
    pub is_in_memory: bool,
}

const COLUMNS: &str = "id, batch_id, external_id, state, accepted_at, finished_at, report, \
     problem_code, problem_detail, feedback, feedback_note, appeal, appeal_reason, appealed_at, \
     decision_reason, decided_at";

/// What a tenant sees of its checks.
const OF_TENANT: &str = "where tenant_id = $2 and state <> 'arriving'";

impl Store {
    /// How much of a tenant waits, or is arriving.
    pub async fn waiting_of(&self, tenant: TenantId) -> Result<Waiting, StoreError> {
        let statement = "select count(*) as checks, \
                 cast(coalesce(sum(photo_bytes), 0) as bigint) as photo_bytes \
             from photo_check where tenant_id = $1 and finished_at = 0";
        let row = sqlx::query(statement).bind(tenant.0).fetch_one(self.reading()?).await?;
        let count = |column| row.try_get::<i64, _>(column).map(|it| u64::try_from(it).unwrap_or(0));
        Ok(Waiting { checks: count("checks")?, photo_bytes: count("photo_bytes")? })
    }

    /// Keeps a check of a batch that is still arriving: nobody sees it, and no worker takes it.
    pub async fn add_check(&self, batch: &NewBatch, new: NewCheck) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let holder = match &new.photo {
            WaitsIn::Memory(worker) => worker.as_str(),
            WaitsIn::Sealed(_) => "",
        };
        let statement = "insert into photo_check (id, tenant_id, batch_id, place, external_id, \
                 state, accepted_at, finished_at, due_at, holder, owner, attempt, photo_bytes, \
                 callback_endpoint, callback_url, report, problem_code, problem_detail, feedback, \
                 feedback_note, appeal, appeal_reason, appealed_at, decision_reason, decided_at) \
             select $1, id, $2, $3, $4, 'arriving', $5, 0, 0, $6, '', 0, $7, '', '', '', '', '', \
                 '', '', '', '', 0, '', 0 \
             from tenant where id = $8";
        let added = sqlx::query(statement)
            .bind(new.id.to_string())
            .bind(batch.id.to_string())
            .bind(i64::from(new.place))
            .bind(new.external_id.as_str())
            .bind(batch.accepted_at)
            .bind(holder)
            .bind(i64::try_from(new.photo_bytes).unwrap_or(i64::MAX))
            .bind(batch.tenant.0)
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            return Err(Refusal::NoSuchTenant(batch.tenant.0.to_string()).into());
        }
        if let WaitsIn::Sealed(sealed) = new.photo {
            sqlx::query("insert into waiting_photo (check_id, sealed) values ($1, $2)")
                .bind(new.id.to_string())
                .bind(sealed)
                .execute(&mut *transaction)
                .await?;
        }
        self.commit(transaction).await
    }

    /// Accepts all checks of a batch, at once: from now on they wait. Where there is a callback, it
    /// is told of each that is finished. Returns false, and accepts none, when they are not as many
    /// as this any more. `only` as of [`Self::drop_batch`].
    pub async fn accept_batch(
        &self,
        batch: &NewBatch,
        count: usize,
        only: &[Uuid],
        callback: Option<&Callback>,
    ) -> Result<bool, StoreError> {
        let statement = format!(
            "update photo_check set state = 'waiting', callback_endpoint = $1, callback_url = $2 \
             where batch_id = $3 and state = 'arriving' and id in ({})",
            ids_of(only)
        );
        let mut transaction = self.begin().await?;
        let accepted = sqlx::query(AssertSqlSafe(statement))
            .bind(callback.map(|callback| callback.endpoint.to_string()).unwrap_or_default())
            .bind(callback.map_or("", |callback| callback.url.as_str()))
            .bind(batch.id.to_string())
            .execute(&mut *transaction)
            .await?;
        if accepted.rows_affected() != count as u64 {
            transaction.rollback().await?;
            return Ok(false);
        }
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Drops a batch that did not arrive whole, or `only` these checks of it: a call that is sent
    /// again may have others of the same batch on their way.
    pub async fn drop_batch(&self, batch: Uuid, only: &[Uuid]) -> Result<(), StoreError> {
        let only = ids_of(only);
        let condition = format!("batch_id = $1 and state = 'arriving' and id in ({only})");
        self.delete_checks(&condition, batch.to_string()).await?;
        self.in_place()
    }

    /// The check of that id.
    ///
    /// # Errors
    /// [`Refusal::NoSuchCheck`] when none was accepted from this tenant.
    pub async fn check(&self, tenant: TenantId, id: Uuid) -> Result<StoredCheck, StoreError> {
        let statement = format!("select {COLUMNS} from photo_check {OF_TENANT} and id = $1");
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(id.to_string())
            .bind(tenant.0)
            .fetch_optional(self.reading()?)
            .await?;
        read_check(&row.ok_or_else(|| Refusal::NoSuchCheck(id.to_string()))?)
    }

    /// The checks of a batch, in the order in which they came.
    ///
    /// # Errors
    /// [`Refusal::NoSuchCheck`] when none was accepted from this tenant.
    pub async fn checks_of_batch(
        &self,
        tenant: TenantId,
        batch: Uuid,
    ) -> Result<Vec<StoredCheck>, StoreError> {
        let statement = format!(
            "select {COLUMNS} from photo_check {OF_TENANT} and batch_id = $1 order by place"
        );
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(batch.to_string())
            .bind(tenant.0)
            .fetch_all(self.reading()?)
            .await?;
        if rows.is_empty() {
            return Err(Refusal::NoSuchCheck(batch.to_string()).into());
        }
        rows.iter().map(read_check).collect()
    }
}

impl Store {
    /// Takes the oldest check that is due of the next tenant after `after` that is not among
    /// `without`; `None` where there is none.
    pub async fn claim_check(
        &self,
        worker: &WorkerId,
        after: TenantId,
        without: &[TenantId],
    ) -> Result<Option<ClaimedCheck>, StoreError> {
        let without: Vec<_> = without.iter().map(|tenant| tenant.0.to_string()).collect();
        let without = match without.as_slice() {
            [] => String::new(),
            _ => format!("and tenant_id not in ({})", without.join(", ")),
        };
        let due = format!(
            "select id from photo_check where finished_at = 0 and state = 'waiting' \
             and owner = '' and holder in ('', $1) and due_at <= {} and $2 < tenant_id {without} \
             order by tenant_id, id limit 1",
            self.dialect.now_s()
        );
        // Where nothing is due nobody is kept from writing.
        let found = sqlx::query(AssertSqlSafe(due.clone()))
            .bind(worker.as_str())
            .bind(after.0)
            .fetch_optional(self.reading()?)
            .await?;
        if found.is_none() {
            return Ok(None);
        }
        let statement = format!(
            "update photo_check set owner = $1, attempt = attempt + 1 where id = ({due} {}) \
             returning {COLUMNS}, tenant_id, attempt, holder",
            self.dialect.skip_locked()
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(worker.as_str())
            .bind(after.0)
            .fetch_optional(self.reading()?)
            .await?;
        self.in_place()?;
        row.as_ref().map(read_claimed).transpose()
    }

    /// The encrypted photo of a check that waits.
    pub async fn sealed_photo(&self, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query("select sealed from waiting_photo where check_id = $1")
            .bind(id.to_string())
            .fetch_optional(self.reading()?)
            .await?;
        Ok(row.map(|row| row.try_get("sealed")).transpose()?)
    }

    /// Finishes a check, deletes its photo and has it told. Returns false, and changes nothing,
    /// when the check was taken from this worker meanwhile, or is gone.
    pub async fn finish_check(
        &self,
        worker: &WorkerId,
        claimed: &ClaimedCheck,
        outcome: &Outcome,
        event: &NewEvent,
        now_s: i64,
    ) -> Result<bool, StoreError> {
        let owned = format!("owner = $6 and attempt = {}", claimed.attempt);
        let finished = Finished { id: claimed.check.id, outcome, event, now_s };
        self.finish(finished, &owned, worker.as_str()).await
    }

    /// Lets others take the checks of workers that are gone; returns how many.
    pub async fn take_over_checks(&self) -> Result<u64, StoreError> {
        let gone = is_gone("owner", self.dialect.now_s());
        let statement = format!(
            "update photo_check set owner = '' where finished_at = 0 and owner <> '' and {gone}"
        );
        let freed = sqlx::query(AssertSqlSafe(statement)).execute(self.reading()?).await?;
        self.in_place()?;
        Ok(freed.rows_affected())
    }

    /// Checks whose photos were in the memory of workers that are gone; some of them at a time.
    pub async fn lost_checks(&self) -> Result<Vec<StoredCheck>, StoreError> {
        let statement = format!(
            "select {COLUMNS} from photo_check \
             where finished_at = 0 and state = 'waiting' and {} limit 500",
            self.is_lost()
        );
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(self.reading()?).await?;
        rows.iter().map(read_check).collect()
    }

    /// Finishes one of these and has it told. Returns false when another did.
    pub async fn finish_lost_check(
        &self,
        id: Uuid,
        outcome: &Outcome,
        event: &NewEvent,
        now_s: i64,
    ) -> Result<bool, StoreError> {
        let lost = format!("{} and $6 = ''", self.is_lost());
        self.finish(Finished { id, outcome, event, now_s }, &lost, "").await
    }

    fn is_lost(&self) -> String {
        format!("holder <> '' and {}", is_gone("holder", self.dialect.now_s()))
    }

    /// Finishes a check of which a condition holds, whose value is the sixth of the statement.
    async fn finish(
        &self,
        finished: Finished<'_>,
        condition: &str,
        value: &str,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let is_finished = finish(&mut transaction, finished, (condition, value)).await?;
        self.commit(transaction).await?;
        Ok(is_finished)
    }

    /// Deletes checks that were finished before `finished_before`, and what was arriving since
    /// before `arrived_before`; returns how many of the former there were.
    pub async fn delete_old_checks(
        &self,
        finished_before: i64,
        arrived_before: i64,
    ) -> Result<u64, StoreError> {
        let old = "finished_at <> 0 and finished_at < cast($1 as bigint)";
        let finished = self.delete_in_parts(old, finished_before).await?;
        let stuck = "finished_at = 0 and state = 'arriving' and accepted_at < cast($1 as bigint)";
        self.delete_in_parts(stuck, arrived_before).await?;
        self.in_place()?;
        Ok(finished)
    }

    /// Deletes some at a time, so that others write in between.
    async fn delete_in_parts(&self, condition: &str, before: i64) -> Result<u64, StoreError> {
        let part = format!(
            "id in (select id from photo_check where {condition} order by id limit {DELETED_MAX})"
        );
        let mut all = 0;
        loop {
            let deleted = self.delete_checks(&part, before.to_string()).await?;
            all += deleted;
            if deleted < DELETED_MAX {
                return Ok(all);
            }
        }
    }

    async fn delete_checks(&self, condition: &str, value: String) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let photos = format!(
            "delete from waiting_photo where check_id in \
                 (select id from photo_check where {condition})"
        );
        sqlx::query(AssertSqlSafe(photos)).bind(value.clone()).execute(&mut *transaction).await?;
        reviews::delete_items(&mut transaction, condition, &value).await?;
        let checks = format!("delete from photo_check where {condition}");
        let gone =
            sqlx::query(AssertSqlSafe(checks)).bind(value).execute(&mut *transaction).await?;
        self.commit(transaction).await?;
        Ok(gone.rows_affected())
    }
}

/// A list of these ids, or of the row's own where none is named.
fn ids_of(only: &[Uuid]) -> String {
    let only: Vec<_> = only.iter().map(|id| format!("'{id}'")).collect();
    if only.is_empty() { "id".to_owned() } else { only.join(", ") }
}

/// What is written of a check that is finished.
struct Finished<'a> {
    id: Uuid,
    outcome: &'a Outcome,
    event: &'a NewEvent,
    now_s: i64,
}

async fn finish(
    connection: &mut AnyConnection,
    Finished { id, outcome, event, now_s }: Finished<'_>,
    (condition, value): (&str, &str),
) -> Result<bool, StoreError> {
    let (state, report, code, detail) = match outcome {
        Outcome::Report(report) => ("done", report.as_str(), "", ""),
        Outcome::Problem { code, detail } => ("failed", "", code.as_str(), detail.as_str()),
    };
    let statement = format!(
        "update photo_check set state = $1, report = $2, problem_code = $3, problem_detail = $4, \
             finished_at = $5, owner = '', holder = '' \
         where id = $7 and finished_at = 0 and {condition} \
         returning tenant_id, callback_endpoint, callback_url"
    );
    let finished = sqlx::query(AssertSqlSafe(statement))
        .bind(state)
        .bind(report)
        .bind(code)
        .bind(detail)
        .bind(now_s)
        .bind(value)
        .bind(id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = finished else { return Ok(false) };
    sqlx::query("delete from waiting_photo where check_id = $1")
        .bind(id.to_string())
        .execute(&mut *connection)
        .await?;
    let endpoint: String = row.try_get("callback_endpoint")?;
    let callback = if endpoint.is_empty() {
        None
    } else {
        let endpoint = read_uuid(&row, "callback_endpoint")?;
        Some(Callback { endpoint, url: row.try_get("callback_url")? })
    };
    let tenant = TenantId(row.try_get("tenant_id")?);
    reviews::add_item(&mut *connection, tenant, id, (report, now_s), false).await?;
    insert_messages(connection, tenant, event, callback.as_ref(), now_s).await?;
    Ok(true)
}

fn read_uuid(row: &AnyRow, column: &str) -> Result<Uuid, StoreError> {
    let text: String = row.try_get(column)?;
    Uuid::parse_str(&text).map_err(|_| StoreError::CorruptCheck(text))
}

fn read_claimed(row: &AnyRow) -> Result<ClaimedCheck, StoreError> {
    let check = read_check(row)?;
    let attempt: i64 = row.try_get("attempt")?;
    let corrupt = |_| StoreError::CorruptCheck(check.id.to_string());
    Ok(ClaimedCheck {
        tenant: TenantId(row.try_get("tenant_id")?),
        attempt: u32::try_from(attempt).map_err(corrupt)?,
        is_in_memory: !row.try_get::<String, _>("holder")?.is_empty(),
        check,
    })
}

fn read_check(row: &AnyRow) -> Result<StoredCheck, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let id = read_uuid(row, "id")?;
    let at = row.try_get("finished_at")?;
    let state = match text("state")?.as_str() {
        "waiting" => StoredState::Waiting,
        "done" => StoredState::Finished { at, outcome: Outcome::Report(text("report")?) },
        "failed" => {
            let (code, detail) = (text("problem_code")?, text("problem_detail")?);
            StoredState::Finished { at, outcome: Outcome::Problem { code, detail } }
        }
        _ => return Err(StoreError::CorruptCheck(id.to_string())),
    };
    let (feedback, appeal) = read_said(row)?;
    Ok(StoredCheck {
        id,
        batch: read_uuid(row, "batch_id")?,
        external_id: text("external_id")?,
        accepted_at: row.try_get("accepted_at")?,
        state,
        feedback,
        appeal,
    })
}
