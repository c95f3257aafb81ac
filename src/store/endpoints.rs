//! Endpoints: where tenants' events are sent.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use uuid::Uuid;

use super::audit;
use super::database::Store;
use super::error::{Refusal, StoreError};
use crate::audit::Action;
use crate::tenancy::TenantId;
use crate::webhooks::{EventKinds, WebhookSecret};

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub id: Uuid,
    pub tenant: TenantId,
    pub url: String,
    pub events: EventKinds,
    pub secret: WebhookSecret,
    /// The one before, and until when messages are signed with it too.
    pub old_secret: Option<(WebhookSecret, i64)>,
    /// Seconds since 1970, UTC, as all times here.
    pub created_at: i64,
    /// Since when nothing arrives there.
    pub failing_since: Option<i64>,
    pub switched_off_at: Option<i64>,
}

const COLUMNS: &str = "select id, tenant_id, url, events, secret, old_secret, old_secret_until, \
     created_at, failing_since, switched_off_at from webhook_endpoint";

impl Store {
    /// Keeps an endpoint of a tenant that has fewer than `endpoints_max`. Returns false when it has
    /// as many.
    pub async fn add_endpoint(
        &self,
        new: &Endpoint,
        endpoints_max: i64,
    ) -> Result<bool, StoreError> {
        let statement = "insert into webhook_endpoint (id, tenant_id, url, events, secret, \
                 old_secret, old_secret_until, created_at, failing_since, switched_off_at) \
             select $1, id, $2, $3, $4, '', 0, $5, 0, 0 from tenant where id = $6 and \
                 (select count(*) from webhook_endpoint where tenant_id = $6) < $7";
        let mut transaction = self.begin().await?;
        let added = sqlx::query(statement)
            .bind(new.id.to_string())
            .bind(new.url.as_str())
            .bind(new.events.to_string())
            .bind(new.secret.reveal())
            .bind(new.created_at)
            .bind(new.tenant.0)
            .bind(endpoints_max)
            .execute(&mut *transaction)
            .await?;
        if added.rows_affected() == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        let (action, id) = (Action::EndpointRegistered, new.id.to_string());
        audit::append(&mut transaction, self, new.tenant, action, &id).await?;
        self.commit(transaction).await?;
        Ok(true)
    }

    /// The endpoints of a tenant, the oldest first.
    pub async fn endpoints(&self, tenant: TenantId) -> Result<Vec<Endpoint>, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        read_endpoints(&mut connection, tenant).await
    }

    /// An endpoint of a tenant.
    ///
    /// # Errors
    /// [`Refusal::NoSuchEndpoint`] when it has none of this id.
    pub async fn endpoint(&self, tenant: TenantId, id: Uuid) -> Result<Endpoint, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{COLUMNS} where id = $1 and tenant_id = $2")))
            .bind(id.to_string())
            .bind(tenant.0)
            .fetch_optional(self.reading()?)
            .await?;
        read_endpoint(&row.ok_or_else(|| Refusal::NoSuchEndpoint(id.to_string()))?)
    }

    /// Sets another secret of an endpoint. Until `old_until` messages are signed with the old one,
    /// too.
    ///
    /// # Errors
    /// [`Refusal::NoSuchEndpoint`] when the tenant has none of this id.
    pub async fn rotate_secret(
        &self,
        tenant: TenantId,
        id: Uuid,
        secret: &WebhookSecret,
        old_until: i64,
    ) -> Result<(), StoreError> {
        let statement = "update webhook_endpoint \
             set old_secret = secret, old_secret_until = $1, secret = $2 \
             where id = $3 and tenant_id = $4";
        let mut transaction = self.begin().await?;
        let rotated = sqlx::query(statement)
            .bind(old_until)
            .bind(secret.reveal())
            .bind(id.to_string())
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        ensure_one(rotated.rows_affected(), id)?;
        let (action, id) = (Action::SecretRotated, id.to_string());
        audit::append(&mut transaction, self, tenant, action, &id).await?;
        self.commit(transaction).await
    }

    /// Switches an endpoint on again. What is sent there counts anew.
    ///
    /// # Errors
    /// [`Refusal::NoSuchEndpoint`] when the tenant has none of this id.
    pub async fn switch_on_endpoint(&self, tenant: TenantId, id: Uuid) -> Result<(), StoreError> {
        let statement = "update webhook_endpoint set switched_off_at = 0, failing_since = 0 \
             where id = $1 and tenant_id = $2";
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(statement)
            .bind(id.to_string())
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        ensure_one(changed.rows_affected(), id)?;
        let (action, id) = (Action::EndpointSwitchedOn, id.to_string());
        audit::append(&mut transaction, self, tenant, action, &id).await?;
        self.commit(transaction).await
    }

    /// Removes an endpoint, and what was to be sent there.
    ///
    /// # Errors
    /// [`Refusal::NoSuchEndpoint`] when the tenant has none of this id.
    pub async fn remove_endpoint(&self, tenant: TenantId, id: Uuid) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let statement = "delete from webhook_message where endpoint_id = $1 and tenant_id = $2";
        let of_tenant =
            [statement, "delete from webhook_endpoint where id = $1 and tenant_id = $2"];
        let mut removed = 0;
        for statement in of_tenant {
            let done = sqlx::query(statement)
                .bind(id.to_string())
                .bind(tenant.0)
                .execute(&mut *transaction)
                .await?;
            removed = done.rows_affected();
        }
        ensure_one(removed, id)?;
        let (action, id) = (Action::EndpointRemoved, id.to_string());
        audit::append(&mut transaction, self, tenant, action, &id).await?;
        self.commit(transaction).await
    }
}

/// The endpoints of a tenant, the oldest first.
pub(super) async fn read_endpoints(
    connection: &mut AnyConnection,
    tenant: TenantId,
) -> Result<Vec<Endpoint>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!("{COLUMNS} where tenant_id = $1 order by id")))
        .bind(tenant.0)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_endpoint).collect()
}

fn ensure_one(rows: u64, id: Uuid) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(Refusal::NoSuchEndpoint(id.to_string()).into()) }
}

fn read_endpoint(row: &AnyRow) -> Result<Endpoint, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let time = |column| row.try_get::<i64, _>(column).map(|at| Some(at).filter(|at| *at != 0));
    let id = text("id")?;
    let corrupt = || StoreError::CorruptEndpoint(id.clone());
    let events = text("events")?;
    let events = events.split(',').filter(|name| !name.is_empty());
    let old_secret = WebhookSecret::read(&text("old_secret")?);
    Ok(Endpoint {
        id: Uuid::parse_str(&id).map_err(|_| corrupt())?,
        tenant: TenantId(row.try_get("tenant_id")?),
        url: text("url")?,
        events: EventKinds::from_names(events).map_err(|_| corrupt())?,
        secret: WebhookSecret::read(&text("secret")?).ok_or_else(corrupt)?,
        old_secret: old_secret.zip(time("old_secret_until")?),
        created_at: row.try_get("created_at")?,
        failing_since: time("failing_since")?,
        switched_off_at: time("switched_off_at")?,
    })
}
