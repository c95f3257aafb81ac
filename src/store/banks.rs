//! Banks: named lists of photos, each with a purpose.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Store, StoreError};
use photocheck_core::bank::Purpose;

/// A bank's name: 1 to 64 of `A`-`Z`, `0`-`9`, `_`, the custom of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankName(String);

/// A bank and how much it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    pub name: String,
    pub purpose: Purpose,
    /// Whether its contents were taken over from somebody else.
    pub imported: bool,
    pub contents: i64,
    /// Of these, how many are quarantined.
    pub quarantined: i64,
    /// Seconds since 1970, UTC.
    pub created_at: i64,
}

/// A bank's row, for statements that need more than its name.
pub(super) struct BankRow {
    pub id: i64,
    pub purpose: Purpose,
}

impl BankName {
    /// Checks the rule.
    pub fn new(name: &str) -> Result<Self, StoreError> {
        const CHARACTERS_MAX: usize = 64;
        let allowed = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
        if name.is_empty() || CHARACTERS_MAX < name.len() || !name.bytes().all(allowed) {
            let shown = name.chars().take(CHARACTERS_MAX + 1).collect();
            return Err(StoreError::BankName(shown));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const BANKS: &str = "select bank.id as id, bank.name as name, bank.purpose as purpose, \
     bank.imported as imported, bank.created_at as created_at, count(content.id) as contents, \
     count(case when content.quarantined <> '' then 1 end) as quarantined \
     from bank left join content on content.bank_id = bank.id";
const GROUPED: &str =
    "group by bank.id, bank.name, bank.purpose, bank.imported, bank.created_at order by bank.name";

impl Store {
    /// Creates an empty bank; neither its purpose nor whether it is `imported` ever changes.
    pub async fn create_bank(
        &self,
        name: &BankName,
        purpose: Purpose,
        imported: bool,
        created_at: i64,
    ) -> Result<(), StoreError> {
        let statement = "insert into bank (name, purpose, imported, created_at) \
                         values ($1, $2, $3, $4) on conflict (name) do nothing";
        let mut transaction = self.begin().await?;
        let done = sqlx::query(statement)
            .bind(name.as_str())
            .bind(purpose.name())
            .bind(i32::from(imported))
            .bind(created_at)
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await?;
        match done.rows_affected() {
            0 => Err(StoreError::BankExists(name.0.clone())),
            _ => Ok(()),
        }
    }

    /// All banks, by name.
    pub async fn banks(&self) -> Result<Vec<Bank>, StoreError> {
        let statement = format!("{BANKS} {GROUPED}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.reading()?).await?;
        rows.iter().map(bank_of).collect()
    }

    /// One bank.
    pub async fn bank(&self, name: &BankName) -> Result<Bank, StoreError> {
        let statement = format!("{BANKS} where bank.name = $1 {GROUPED}");
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(name.as_str())
            .fetch_optional(self.reading()?)
            .await?;
        bank_of(&row.ok_or_else(|| StoreError::NoSuchBank(name.0.clone()))?)
    }

    /// Removes a bank and all its contents.
    pub async fn delete_bank(&self, name: &BankName) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let generation = super::changes::raise_generation(&mut transaction).await?;
        let bank = bank_row(&mut transaction, name).await?.id;
        let removal = "insert into removal (content_id, generation) \
             select id, $1 from content where bank_id = $2 \
             on conflict (content_id) do update set generation = excluded.generation";
        sqlx::query(removal).bind(generation).bind(bank).execute(&mut *transaction).await?;
        for statement in [
            "delete from view_hash where content_id in (select id from content where bank_id = $1)",
            "delete from sighting where content_id in (select id from content where bank_id = $1)",
            "delete from content where bank_id = $1",
            "delete from bank where id = $1",
        ] {
            sqlx::query(statement).bind(bank).execute(&mut *transaction).await?;
        }
        self.commit(transaction).await
    }
}

/// The id of a bank that takes part in exchange: what accounts show is nobody else's business.
pub(super) async fn exchanged(
    connection: &mut AnyConnection,
    name: &BankName,
) -> Result<i64, StoreError> {
    let bank = bank_row(connection, name).await?;
    if bank.purpose == Purpose::Seen {
        return Err(StoreError::BankOfSightings(name.0.clone()));
    }
    Ok(bank.id)
}

/// The row of the bank of that name.
pub(super) async fn bank_row(
    connection: &mut AnyConnection,
    name: &BankName,
) -> Result<BankRow, StoreError> {
    let row = sqlx::query("select id, purpose from bank where name = $1")
        .bind(name.as_str())
        .fetch_optional(connection)
        .await?;
    let row = row.ok_or_else(|| StoreError::NoSuchBank(name.0.clone()))?;
    let id = row.try_get("id")?;
    Ok(BankRow { id, purpose: purpose_of(&row, id)? })
}

/// The purpose in a row of the bank `id`.
pub(super) fn purpose_of(row: &AnyRow, id: i64) -> Result<Purpose, StoreError> {
    let purpose: String = row.try_get("purpose")?;
    Purpose::from_name(&purpose).ok_or(StoreError::CorruptBank(id))
}

fn bank_of(row: &AnyRow) -> Result<Bank, StoreError> {
    Ok(Bank {
        name: row.try_get("name")?,
        purpose: purpose_of(row, row.try_get("id")?)?,
        imported: row.try_get::<i64, _>("imported")? != 0,
        contents: row.try_get("contents")?,
        quarantined: row.try_get("quarantined")?,
        created_at: row.try_get("created_at")?,
    })
}
