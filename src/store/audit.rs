//! The audit log: an entry is written in the transaction of what it tells of.
//!
//! Whoever writes one takes the end of the tenant's chain first, and has it until the transaction
//! ends: writers on many machines come one after the other. It is the last lock that a transaction
//! takes, so that no two wait for each other.

use photocheck_core::bank::BankId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::database::Store;
use super::error::StoreError;
use crate::audit::{Action, Actor, Broken, Entry, Head, Verifier};
use crate::clock;
use crate::tenancy::{Caller, TenantId};

/// Entries that are in memory at once.
const PAGE: u16 = 1000;

impl Store {
    /// The same database, for somebody: what is done by it is written down as theirs.
    #[must_use]
    pub fn by(&self, caller: &Caller) -> Self {
        Self { actor: Actor::of(caller), ..self.clone() }
    }

    /// Up to `count_max` entries of a tenant after that number.
    pub async fn audit_entries(
        &self,
        tenant: TenantId,
        after: i64,
        count_max: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        read_entries(&mut connection, tenant, after, count_max).await
    }

    /// The end of a tenant's chain.
    pub async fn audit_head(&self, tenant: TenantId) -> Result<Head, StoreError> {
        let mut connection = self.reading()?.acquire().await?;
        read_head(&mut connection, tenant).await
    }

    /// Verifies the whole chain of a tenant, as it is at one moment, in which the noted entry must
    /// be. Returns its end.
    pub async fn verify_audit(
        &self,
        tenant: TenantId,
        noted: Option<Head>,
    ) -> Result<Result<Head, Broken>, StoreError> {
        let mut reading = self.begin_reading().await?;
        let head = read_head(&mut reading, tenant).await?;
        // Smaller than any: one that was given another number is not passed over.
        let (mut verifier, mut after) = (Verifier::new(tenant.0, noted), i64::MIN);
        loop {
            let entries = read_entries(&mut reading, tenant, after, PAGE).await?;
            let Some(last) = entries.last() else { break };
            after = last.number;
            for entry in &entries {
                if let Err(broken) = verifier.add(entry) {
                    return Ok(Err(broken));
                }
            }
        }
        reading.commit().await?;
        Ok(verifier.end(&head))
    }
}

/// Writes an entry into a tenant's chain, at the end of a transaction.
pub(super) async fn append(
    connection: &mut AnyConnection,
    store: &Store,
    tenant: TenantId,
    action: Action,
    subject: &str,
) -> Result<(), StoreError> {
    let statement = "insert into audit_head (tenant_id, number, hash) values ($1, 1, $2) \
         on conflict (tenant_id) do update set number = audit_head.number + 1 \
         returning number, hash";
    let row = sqlx::query(statement)
        .bind(tenant.0)
        .bind(Head::none().hash)
        .fetch_one(&mut *connection)
        .await?;
    let before: String = row.try_get("hash")?;
    let mut entry = Entry {
        number: row.try_get("number")?,
        at: clock::now_s(),
        actor: store.actor.to_string(),
        action: action.name().to_owned(),
        subject: subject.to_owned(),
        hash: String::new(),
    };
    entry.hash = entry.hash_after(&before, tenant.0);
    let statement = "insert into audit_entry \
             (tenant_id, number, at, actor, action, subject, hash) \
         values ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(statement)
        .bind(tenant.0)
        .bind(entry.number)
        .bind(entry.at)
        .bind(entry.actor)
        .bind(entry.action)
        .bind(entry.subject)
        .bind(entry.hash.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query("update audit_head set hash = $1 where tenant_id = $2")
        .bind(entry.hash.as_str())
        .bind(tenant.0)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// The same into the chain of the tenant whose bank it is.
pub(super) async fn append_of_bank(
    connection: &mut AnyConnection,
    store: &Store,
    bank: BankId,
    action: Action,
    subject: &str,
) -> Result<(), StoreError> {
    let row = sqlx::query("select tenant_id from bank where id = $1")
        .bind(bank.0)
        .fetch_one(&mut *connection)
        .await?;
    append(connection, store, TenantId(row.try_get("tenant_id")?), action, subject).await
}

async fn read_head(connection: &mut AnyConnection, tenant: TenantId) -> Result<Head, StoreError> {
    let row = sqlx::query("select number, hash from audit_head where tenant_id = $1")
        .bind(tenant.0)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(Head::none()) };
    Ok(Head { number: row.try_get("number")?, hash: row.try_get("hash")? })
}

async fn read_entries(
    connection: &mut AnyConnection,
    tenant: TenantId,
    after: i64,
    count_max: u16,
) -> Result<Vec<Entry>, StoreError> {
    let statement = "select number, at, actor, action, subject, hash from audit_entry \
         where tenant_id = $1 and $2 < number order by number limit $3";
    let rows = sqlx::query(statement)
        .bind(tenant.0)
        .bind(after)
        .bind(i64::from(count_max))
        .fetch_all(connection)
        .await?;
    rows.iter().map(read_entry).collect()
}

fn read_entry(row: &AnyRow) -> Result<Entry, StoreError> {
    Ok(Entry {
        number: row.try_get("number")?,
        at: row.try_get("at")?,
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        hash: row.try_get("hash")?,
    })
}
