//! Banks: named lists of photos, each with a purpose.

use std::collections::HashMap;

use photocheck_core::bank::{BankFacts, BankId, BankName, Purpose};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::audit;
use super::columns::read_facts;
use super::database::Store;
use super::error::{Refusal, StoreError};
use super::generation;
use crate::audit::Action;
use crate::tenancy::TenantId;

/// A bank to be created. Neither whose it is, nor its purpose, nor where it comes from changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBank {
    pub name: BankName,
    pub purpose: Purpose,
    /// Whether its contents are taken over from somebody else.
    pub imported: bool,
    /// Seconds since 1970, UTC.
    pub created_at: i64,
}

/// A bank and how much it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    pub facts: BankFacts,
    pub contents: i64,
    /// Of these, how many are quarantined.
    pub quarantined: i64,
    /// Seconds since 1970, UTC.
    pub created_at: i64,
    /// Whose it is, if another tenant shares it with the one that asks.
    pub shared_by: Option<String>,
    /// With whom its tenant shares it, by name.
    pub shared_with: Vec<String>,
}

/// What is removed with the contents of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Removed {
    pub contents: u64,
    pub sightings: u64,
}

const COUNTS: &str = "bank.created_at as created_at, count(content.id) as contents, \
     count(case when content.quarantined <> '' then 1 end) as quarantined";
const GROUPED: &str = "group by bank.id, bank.name, bank.purpose, bank.imported, bank.created_at";

/// The banks of a tenant, which is the first value.
fn own_banks() -> String {
    format!(
        "select bank.id as id, bank.name as name, bank.purpose as purpose, \
             bank.imported as imported, '' as shared_by, {COUNTS} \
         from bank left join content on content.bank_id = bank.id where bank.tenant_id = $1"
    )
}

/// The banks that others share with a tenant, as it sees them.
fn borrowed_banks() -> String {
    format!(
        "select bank.id as id, tenant.name || '/' || bank.name as name, bank.purpose as purpose, \
             1 as imported, tenant.name as shared_by, {COUNTS} \
         from bank_share join bank on bank.id = bank_share.bank_id \
         join tenant on tenant.id = bank.tenant_id \
         left join content on content.bank_id = bank.id where bank_share.tenant_id = $1 \
         {GROUPED}, tenant.name order by tenant.name, bank.name"
    )
}

impl Store {
    /// Finds the bank of that name among those of a tenant, for statements to use its id. Whoever
    /// holds the facts of a bank was let in to it here.
    ///
    /// # Errors
    /// [`Refusal::NoSuchBank`] when the tenant has none.
    pub async fn resolve(
        &self,
        tenant: TenantId,
        name: &BankName,
    ) -> Result<BankFacts, StoreError> {
        let statement = "select id, name, purpose, imported from bank \
             where tenant_id = $1 and name = $2";
        let row = sqlx::query(statement)
            .bind(tenant.0)
            .bind(name.as_str())
            .fetch_optional(self.reading()?)
            .await?;
        read_facts(&row.ok_or_else(|| Refusal::NoSuchBank(name.as_str().to_owned()))?)
    }

    /// Creates an empty bank of a tenant.
    ///
    /// # Errors
    /// [`Refusal::BankExists`] when its tenant has one of this name.
    pub async fn create_bank(
        &self,
        tenant: TenantId,
        new: &NewBank,
    ) -> Result<BankFacts, StoreError> {
        let NewBank { name, purpose, imported, created_at } = new;
        let statement = "insert into bank (name, purpose, imported, created_at, tenant_id) \
             values ($1, $2, $3, $4, $5) on conflict (tenant_id, name) do nothing returning id";
        let mut transaction = self.begin().await?;
        let row = sqlx::query(statement)
            .bind(name.as_str())
            .bind(purpose.name())
            .bind(i32::from(*imported))
            .bind(*created_at)
            .bind(tenant.0)
            .fetch_optional(&mut *transaction)
            .await?;
        let name = name.as_str().to_owned();
        let Some(row) = row else { return Err(Refusal::BankExists(name).into()) };
        audit::append(&mut transaction, self, tenant, Action::BankCreated, &name).await?;
        self.commit(transaction).await?;
        let id = BankId(row.try_get("id")?);
        Ok(BankFacts { id, name, purpose: *purpose, imported: *imported })
    }

    /// All banks of a tenant, by name, and then those that others share with it.
    pub async fn banks(&self, tenant: TenantId) -> Result<Vec<Bank>, StoreError> {
        let own = format!("{} {GROUPED} order by bank.name", own_banks());
        let mut reading = self.begin_reading().await?;
        let mut shared_with = shares(&mut reading, tenant).await?;
        let mut banks = Vec::new();
        for statement in [own, borrowed_banks()] {
            let query = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(tenant.0);
            for row in query.fetch_all(&mut *reading).await? {
                let mut bank = read_bank(&row)?;
                if bank.shared_by.is_none() {
                    bank.shared_with = shared_with.remove(&bank.facts.id).unwrap_or_default();
                }
                banks.push(bank);
            }
        }
        reading.commit().await?;
        Ok(banks)
    }

    /// One bank of a tenant.
    ///
    /// # Errors
    /// [`Refusal::NoSuchBank`] when it has none of this name.
    pub async fn bank(&self, tenant: TenantId, name: &BankName) -> Result<Bank, StoreError> {
        let statement = format!("{} and bank.name = $2 {GROUPED}", own_banks());
        let mut reading = self.begin_reading().await?;
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(tenant.0)
            .bind(name.as_str())
            .fetch_optional(&mut *reading)
            .await?;
        let mut bank =
            read_bank(&row.ok_or_else(|| Refusal::NoSuchBank(name.as_str().to_owned()))?)?;
        let shared_with = shares(&mut reading, tenant).await?.remove(&bank.facts.id);
        reading.commit().await?;
        bank.shared_with = shared_with.unwrap_or_default();
        Ok(bank)
    }

    /// Banks of that name, of any tenant.
    pub async fn banks_named(&self, name: &BankName) -> Result<Vec<BankFacts>, StoreError> {
        let statement = "select id, name, purpose, imported from bank where name = $1 order by id";
        let rows = sqlx::query(statement).bind(name.as_str()).fetch_all(self.reading()?).await?;
        rows.iter().map(read_facts).collect()
    }

    /// Whether any bank holds a photo that was seen on an account.
    pub async fn has_sightings(&self) -> Result<bool, StoreError> {
        let statement = "select content.id as id from content \
             join bank on bank.id = content.bank_id where bank.purpose = $1 limit 1";
        let row = sqlx::query(statement)
            .bind(Purpose::Seen.name())
            .fetch_optional(self.reading()?)
            .await?;
        Ok(row.is_some())
    }

    /// Deletes a bank and all its contents.
    pub async fn delete_bank(&self, bank: &BankFacts) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        ensure_exists(&mut transaction, bank).await?;
        audit::append_of_bank(&mut transaction, self, bank.id, Action::BankDeleted, &bank.name)
            .await?;
        remove_contents(&mut transaction, bank.id, generation).await?;
        for statement in
            ["delete from bank_share where bank_id = $1", "delete from bank where id = $1"]
        {
            sqlx::query(statement).bind(bank.id.0).execute(&mut *transaction).await?;
        }
        self.commit(transaction).await
    }
}

impl Store {
    /// Renames a bank. Indexes hold the name of each content's bank, so they take its
    /// contents anew.
    ///
    /// # Errors
    /// [`Refusal::BankExists`] when its tenant has one of this name, [`Refusal::BankOfSightings`]
    /// when its purpose is `seen`: retention and erasure find such a bank by its name.
    pub async fn rename_bank(&self, bank: &BankFacts, to: &BankName) -> Result<(), StoreError> {
        ensure_exchanged(bank)?;
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        ensure_exists(&mut transaction, bank).await?;
        let statement = "select id from bank where name = $1 and id <> $2 \
             and tenant_id = (select tenant_id from bank where id = $2)";
        let taken = sqlx::query(statement)
            .bind(to.as_str())
            .bind(bank.id.0)
            .fetch_optional(&mut *transaction)
            .await?;
        if taken.is_some() {
            return Err(Refusal::BankExists(to.as_str().to_owned()).into());
        }
        sqlx::query("update bank set name = $1 where id = $2")
            .bind(to.as_str())
            .bind(bank.id.0)
            .execute(&mut *transaction)
            .await?;
        for statement in [
            "update content set generation = $1 where bank_id = $2",
            "insert into removal (content_id, generation) \
                 select id, $1 from content where bank_id = $2 \
                 on conflict (content_id) do update set generation = excluded.generation",
        ] {
            sqlx::query(statement)
                .bind(generation)
                .bind(bank.id.0)
                .execute(&mut *transaction)
                .await?;
        }
        let subject = format!("{} to {}", bank.name, to.as_str());
        audit::append_of_bank(&mut transaction, self, bank.id, Action::BankRenamed, &subject)
            .await?;
        self.commit(transaction).await
    }
}

/// Removes what a bank holds, at this generation.
pub(super) async fn remove_contents(
    connection: &mut AnyConnection,
    bank: BankId,
    generation: i64,
) -> Result<Removed, StoreError> {
    let removal = "insert into removal (content_id, generation) \
         select id, $1 from content where bank_id = $2 \
         on conflict (content_id) do update set generation = excluded.generation";
    sqlx::query(removal).bind(generation).bind(bank.0).execute(&mut *connection).await?;
    let mut counts = [0; 3];
    for (statement, count) in [
        "delete from view_hash where content_id in (select id from content where bank_id = $1)",
        "delete from sighting where content_id in (select id from content where bank_id = $1)",
        "delete from content where bank_id = $1",
    ]
    .into_iter()
    .zip(&mut counts)
    {
        let done = sqlx::query(statement).bind(bank.0).execute(&mut *connection).await?;
        *count = done.rows_affected();
    }
    let [_, sightings, contents] = counts;
    Ok(Removed { contents, sightings })
}

/// Makes sure that a bank was not deleted since its name was resolved.
pub(super) async fn ensure_exists(
    connection: &mut AnyConnection,
    bank: &BankFacts,
) -> Result<(), StoreError> {
    let row = sqlx::query("select id from bank where id = $1")
        .bind(bank.id.0)
        .fetch_optional(connection)
        .await?;
    match row {
        Some(_) => Ok(()),
        None => Err(Refusal::NoSuchBank(bank.name.clone()).into()),
    }
}

/// Makes sure that a bank's photos may come and go by hand or by exchange, and its name may change:
/// photos that accounts show come by checks, and are nobody else's business.
///
/// # Errors
/// [`Refusal::BankOfSightings`] when its purpose is `seen`.
pub fn ensure_exchanged(bank: &BankFacts) -> Result<(), StoreError> {
    match bank.purpose {
        Purpose::Seen => Err(Refusal::BankOfSightings(bank.name.clone()).into()),
        Purpose::KnownFake | Purpose::Allow => Ok(()),
    }
}

fn read_bank(row: &AnyRow) -> Result<Bank, StoreError> {
    Ok(Bank {
        facts: read_facts(row)?,
        contents: row.try_get("contents")?,
        quarantined: row.try_get("quarantined")?,
        created_at: row.try_get("created_at")?,
        shared_by: Some(row.try_get("shared_by")?).filter(|name: &String| !name.is_empty()),
        shared_with: Vec::new(),
    })
}

/// With whom a tenant shares each of its banks, by name.
async fn shares(
    connection: &mut AnyConnection,
    tenant: TenantId,
) -> Result<HashMap<BankId, Vec<String>>, StoreError> {
    let statement = "select bank_share.bank_id as id, tenant.name as name from bank_share \
         join bank on bank.id = bank_share.bank_id \
         join tenant on tenant.id = bank_share.tenant_id \
         where bank.tenant_id = $1 order by tenant.name";
    let mut shares: HashMap<BankId, Vec<String>> = HashMap::new();
    for row in sqlx::query(statement).bind(tenant.0).fetch_all(connection).await? {
        shares.entry(BankId(row.try_get("id")?)).or_default().push(row.try_get("name")?);
    }
    Ok(shares)
}
