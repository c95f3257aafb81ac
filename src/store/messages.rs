//! Messages: what tenants are to be told, kept until it arrived.
//!
//! A message is written in the transaction of what it tells of, so neither is there without the
//! other. It is sent until it arrives or is dead, by whichever worker takes it; one may be sent
//! twice, with the same id.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use uuid::Uuid;

use super::audit;
use super::database::Store;
use super::endpoints::{Endpoint, read_endpoints};
use super::error::StoreError;
use super::workers::{DELETED_MAX, WorkerId, is_gone};
use crate::audit::Action;
use crate::ids;
use crate::tenancy::TenantId;
use crate::webhooks::NewEvent;

/// A message that a worker took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMessage {
    pub id: String,
    pub tenant: TenantId,
    pub endpoint: Uuid,
    /// Where the call wants to be told; that of the endpoint where there is none.
    pub url: Option<String>,
    pub payload: String,
    /// How often it was taken, with this time.
    pub attempt: u32,
}

/// What came of sending a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Arrived,
    /// To be sent again after so many seconds.
    Again {
        due_in_s: u32,
        problem: String,
    },
    /// To be sent after so many seconds; this does not count as an attempt.
    NotTried {
        due_in_s: u32,
    },
    /// It is not sent again by itself.
    Dead {
        problem: String,
    },
}

/// A message as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    pub id: String,
    pub event: String,
    /// Seconds since 1970, UTC, as all times here.
    pub created_at: i64,
    pub finished_at: Option<i64>,
    pub state: MessageState,
    pub attempts: u32,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    Pending,
    Delivered,
    Dead,
}

impl MessageState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// Where one call wants to be told of what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Whose secrets it is signed with.
    pub endpoint: Uuid,
    pub url: String,
}

/// Writes the messages of an event: one for each endpoint of the tenant that wants to know, at the
/// address of the call where that named one. Not the first statement of a transaction: it reads
/// before it writes.
pub(super) async fn insert_messages(
    connection: &mut AnyConnection,
    tenant: TenantId,
    event: &NewEvent,
    callback: Option<&Callback>,
    now_s: i64,
) -> Result<(), StoreError> {
    for endpoint in read_endpoints(connection, tenant).await? {
        let called = callback.filter(|callback| callback.endpoint == endpoint.id);
        let wants = called.is_some() || endpoint.events.include(event.kind);
        if endpoint.switched_off_at.is_some() || !wants {
            continue;
        }
        let statement = "insert into webhook_message (id, tenant_id, endpoint_id, url, event, \
                 payload, created_at, due_at, finished_at, state, owner, attempt, problem) \
             values ($1, $2, $3, $4, $5, $6, $7, 0, 0, 'pending', '', 0, '')";
        sqlx::query(statement)
            .bind(format!("msg_{}", ids::new_id().simple()))
            .bind(tenant.0)
            .bind(endpoint.id.to_string())
            .bind(called.map_or("", |callback| callback.url.as_str()))
            .bind(event.kind.name())
            .bind(event.payload.as_str())
            .bind(now_s)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

impl Store {
    /// Takes the message that has been due for the longest, of the next endpoint after `after` that
    /// is neither among `without` nor of one of `without_tenants`; `None` where there is none.
    pub async fn claim_message(
        &self,
        worker: &WorkerId,
        after: Uuid,
        without: &[Uuid],
        without_tenants: &[TenantId],
    ) -> Result<Option<ClaimedMessage>, StoreError> {
        let without: Vec<_> = without.iter().map(|id| format!("'{id}'")).collect();
        let without = match without.as_slice() {
            [] => String::new(),
            _ => format!("and endpoint_id not in ({})", without.join(", ")),
        };
        let tenants: Vec<_> = without_tenants.iter().map(|tenant| tenant.0.to_string()).collect();
        let without_tenants = match tenants.as_slice() {
            [] => String::new(),
            _ => format!("and tenant_id not in ({})", tenants.join(", ")),
        };
        let due = format!(
            "select id from webhook_message where finished_at = 0 and owner = '' \
             and due_at <= {} and $1 < endpoint_id {without} {without_tenants} \
             order by endpoint_id, due_at, id limit 1",
            self.dialect.now_s()
        );
        // Where nothing is due nobody is kept from writing.
        let found = sqlx::query(AssertSqlSafe(due.clone()))
            .bind(after.to_string())
            .fetch_optional(self.reading()?)
            .await?;
        if found.is_none() {
            return Ok(None);
        }
        let statement = format!(
            "update webhook_message set owner = $2, attempt = attempt + 1 where id = ({due} {}) \
             returning id, tenant_id, endpoint_id, url, payload, attempt",
            self.dialect.skip_locked()
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(after.to_string())
            .bind(worker.as_str())
            .fetch_optional(self.reading()?)
            .await?;
        self.in_place()?;
        row.as_ref().map(read_claimed).transpose()
    }

    /// Writes down what came of sending a message, and whether anything arrives at its endpoint; of
    /// one to a URL of the call's own that says nothing. Changes nothing when it was taken from
    /// this worker meanwhile, or is gone.
    pub async fn note_sent(
        &self,
        worker: &WorkerId,
        claimed: &ClaimedMessage,
        sent: &Sent,
        now_s: i64,
    ) -> Result<(), StoreError> {
        let (state, problem, due_in_s, finished_at) = match sent {
            Sent::Arrived => ("delivered", "", 0, now_s),
            Sent::Again { due_in_s, problem } => ("pending", problem.as_str(), *due_in_s, 0),
            Sent::NotTried { due_in_s } => ("pending", "", *due_in_s, 0),
            Sent::Dead { problem } => ("dead", problem.as_str(), 0, now_s),
        };
        let was_tried = !matches!(sent, Sent::NotTried { .. });
        let mut transaction = self.begin().await?;
        let statement = format!(
            "update webhook_message set state = $1, due_at = {} + $3, \
                 problem = case when $8 = 0 then $2 else problem end, attempt = attempt - $8, \
                 finished_at = $4, owner = '', \
                 payload = case when $1 = 'delivered' then '' else payload end \
             where id = $5 and owner = $6 and attempt = $7 and finished_at = 0",
            self.dialect.now_s()
        );
        let noted = sqlx::query(AssertSqlSafe(statement))
            .bind(state)
            .bind(problem)
            .bind(i64::from(due_in_s))
            .bind(finished_at)
            .bind(claimed.id.as_str())
            .bind(worker.as_str())
            .bind(i64::from(claimed.attempt))
            .bind(i64::from(!was_tried))
            .execute(&mut *transaction)
            .await?;
        if noted.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(());
        }
        if claimed.url.is_some() || !was_tried {
            return self.commit(transaction).await;
        }
        let statement = match sent {
            Sent::Arrived => {
                "update webhook_endpoint set failing_since = 0 \
                 where id = $1 and failing_since <> 0 and $2 <> 0"
            }
            Sent::Again { .. } | Sent::NotTried { .. } | Sent::Dead { .. } => {
                "update webhook_endpoint set failing_since = $2 where id = $1 and failing_since = 0"
            }
        };
        sqlx::query(statement)
            .bind(claimed.endpoint.to_string())
            .bind(now_s)
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    /// Lets others send the messages of workers that are gone; returns how many.
    pub async fn take_over_messages(&self) -> Result<u64, StoreError> {
        let gone = is_gone("owner", self.dialect.now_s());
        let statement = format!(
            "update webhook_message set owner = '' where finished_at = 0 and owner <> '' and {gone}"
        );
        let freed = sqlx::query(AssertSqlSafe(statement)).execute(self.reading()?).await?;
        self.in_place()?;
        Ok(freed.rows_affected())
    }

    /// Switches an endpoint off: what was to be sent there is dead, until somebody has it sent
    /// again. The tenant's others are told. Returns false when it was off, or is gone.
    pub async fn switch_off_endpoint(
        &self,
        endpoint: &Endpoint,
        event: &NewEvent,
        now_s: i64,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let statement = "update webhook_endpoint set switched_off_at = $1 \
             where id = $2 and switched_off_at = 0";
        let changed = sqlx::query(statement)
            .bind(now_s)
            .bind(endpoint.id.to_string())
            .execute(&mut *transaction)
            .await?;
        if changed.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let statement = "update webhook_message set state = 'dead', finished_at = $1, owner = '' \
             where endpoint_id = $2 and finished_at = 0";
        sqlx::query(statement)
            .bind(now_s)
            .bind(endpoint.id.to_string())
            .execute(&mut *transaction)
            .await?;
        insert_messages(&mut transaction, endpoint.tenant, event, None, now_s).await?;
        let (action, id) = (Action::EndpointSwitchedOff, endpoint.id.to_string());
        audit::append(&mut transaction, self, endpoint.tenant, action, &id).await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// Messages of an endpoint in a state, or in any, the newest first.
    pub async fn messages(
        &self,
        endpoint: Uuid,
        state: Option<MessageState>,
        count_max: u16,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let statement = "select id, event, created_at, finished_at, state, attempt, problem \
             from webhook_message where endpoint_id = $1 and ($2 = '' or state = $2) \
             order by id desc limit $3";
        let rows = sqlx::query(statement)
            .bind(endpoint.to_string())
            .bind(state.map_or("", MessageState::name))
            .bind(i64::from(count_max))
            .fetch_all(self.reading()?)
            .await?;
        rows.iter().map(read_message).collect()
    }

    /// Has dead messages of an endpoint sent again, as if they were new; returns how many.
    pub async fn replay_messages(&self, endpoint: &Endpoint) -> Result<u64, StoreError> {
        let statement = "update webhook_message \
             set state = 'pending', finished_at = 0, due_at = 0, attempt = 0 \
             where endpoint_id = $1 and state = 'dead'";
        let (mut transaction, id) = (self.begin().await?, endpoint.id.to_string());
        let replayed = sqlx::query(statement).bind(id.as_str()).execute(&mut *transaction).await?;
        let (action, tenant) = (Action::MessagesReplayed, endpoint.tenant);
        audit::append(&mut transaction, self, tenant, action, &id).await?;
        self.commit(transaction).await?;
        Ok(replayed.rows_affected())
    }

    /// Deletes messages that were finished before, some at a time, so that others write in between.
    pub async fn delete_old_messages(&self, finished_before: i64) -> Result<u64, StoreError> {
        let statement = format!(
            "delete from webhook_message where id in (select id from webhook_message \
                 where finished_at <> 0 and finished_at < $1 limit {DELETED_MAX})"
        );
        let mut all = 0;
        loop {
            let query = sqlx::query(AssertSqlSafe(statement.clone())).bind(finished_before);
            let deleted = query.execute(self.reading()?).await?.rows_affected();
            self.in_place()?;
            all += deleted;
            if deleted < DELETED_MAX {
                return Ok(all);
            }
        }
    }
}

fn read_claimed(row: &AnyRow) -> Result<ClaimedMessage, StoreError> {
    let id: String = row.try_get("id")?;
    let endpoint: String = row.try_get("endpoint_id")?;
    Ok(ClaimedMessage {
        tenant: TenantId(row.try_get("tenant_id")?),
        endpoint: Uuid::parse_str(&endpoint).map_err(|_| StoreError::CorruptEndpoint(endpoint))?,
        url: Some(row.try_get::<String, _>("url")?).filter(|url| !url.is_empty()),
        payload: row.try_get("payload")?,
        attempt: read_count(row, "attempt")?,
        id,
    })
}

fn read_message(row: &AnyRow) -> Result<StoredMessage, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let id = text("id")?;
    let state = text("state")?;
    let state = MessageState::ALL.into_iter().find(|it| it.name() == state);
    Ok(StoredMessage {
        event: text("event")?,
        created_at: row.try_get("created_at")?,
        finished_at: Some(row.try_get("finished_at")?).filter(|at| *at != 0),
        state: state.ok_or_else(|| StoreError::CorruptEndpoint(id.clone()))?,
        attempts: read_count(row, "attempt")?,
        problem: Some(text("problem")?).filter(|problem| !problem.is_empty()),
        id,
    })
}

fn read_count(row: &AnyRow, column: &str) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
}
