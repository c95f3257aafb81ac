//! Banks: named lists of photos, each with a purpose.

use photocheck_core::bank::{BankFacts, BankId, BankName, Purpose};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::columns::read_facts;
use super::database::Store;
use super::error::{Refusal, StoreError};
use super::generation;

/// A bank to be created. Neither its purpose nor where it comes from ever changes.
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
}

const BANKS: &str = "select bank.id as id, bank.name as name, bank.purpose as purpose, \
     bank.imported as imported, bank.created_at as created_at, count(content.id) as contents, \
     count(case when content.quarantined <> '' then 1 end) as quarantined \
     from bank left join content on content.bank_id = bank.id";
const GROUPED: &str =
    "group by bank.id, bank.name, bank.purpose, bank.imported, bank.created_at order by bank.name";

impl Store {
    /// Finds the bank of that name, for statements to use its id.
    ///
    /// # Errors
    /// [`Refusal::NoSuchBank`] when there is none.
    pub async fn resolve(&self, name: &BankName) -> Result<BankFacts, StoreError> {
        let row = sqlx::query("select id, name, purpose, imported from bank where name = $1")
            .bind(name.as_str())
            .fetch_optional(self.reading()?)
            .await?;
        read_facts(&row.ok_or_else(|| Refusal::NoSuchBank(name.as_str().to_owned()))?)
    }

    /// Creates an empty bank.
    ///
    /// # Errors
    /// [`Refusal::BankExists`] when there is one of this name.
    pub async fn create_bank(&self, new: &NewBank) -> Result<BankFacts, StoreError> {
        let NewBank { name, purpose, imported, created_at } = new;
        let statement = "insert into bank (name, purpose, imported, created_at) \
             values ($1, $2, $3, $4) on conflict (name) do nothing returning id";
        let mut transaction = self.begin().await?;
        let row = sqlx::query(statement)
            .bind(name.as_str())
            .bind(purpose.name())
            .bind(i32::from(*imported))
            .bind(*created_at)
            .fetch_optional(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        let name = name.as_str().to_owned();
        let Some(row) = row else { return Err(Refusal::BankExists(name).into()) };
        let id = BankId(row.try_get("id")?);
        Ok(BankFacts { id, name, purpose: *purpose, imported: *imported })
    }

    /// All banks, by name.
    pub async fn banks(&self) -> Result<Vec<Bank>, StoreError> {
        let statement = format!("{BANKS} {GROUPED}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.reading()?).await?;
        rows.iter().map(read_bank).collect()
    }

    /// One bank.
    ///
    /// # Errors
    /// [`Refusal::NoSuchBank`] when there is none of this name.
    pub async fn bank(&self, name: &BankName) -> Result<Bank, StoreError> {
        let statement = format!("{BANKS} where bank.name = $1 {GROUPED}");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_optional(self.reading()?)
            .await?;
        read_bank(&row.ok_or_else(|| Refusal::NoSuchBank(name.as_str().to_owned()))?)
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
        let removal = "insert into removal (content_id, generation) \
             select id, $1 from content where bank_id = $2 \
             on conflict (content_id) do update set generation = excluded.generation";
        sqlx::query(removal).bind(generation).bind(bank.id.0).execute(&mut *transaction).await?;
        for statement in [
            "delete from view_hash where content_id in (select id from content where bank_id = $1)",
            "delete from sighting where content_id in (select id from content where bank_id = $1)",
            "delete from content where bank_id = $1",
            "delete from bank where id = $1",
        ] {
            sqlx::query(statement).bind(bank.id.0).execute(&mut *transaction).await?;
        }
        self.commit(transaction).await
    }
}

impl Store {
    /// Gives a bank another name. Indexes hold the name of each content's bank, so they take its
    /// contents anew.
    ///
    /// # Errors
    /// [`Refusal::BankExists`] when there is one of this name.
    pub async fn rename_bank(&self, bank: &BankFacts, to: &BankName) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let generation = generation::raise(&mut transaction).await?;
        ensure_exists(&mut transaction, bank).await?;
        let taken = sqlx::query("select id from bank where name = $1 and id <> $2")
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
        self.commit(transaction).await
    }
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

/// Makes sure that a bank's photos may come and go by hand or by exchange: those that accounts show
/// come by checks, and are nobody else's business.
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
    })
}
