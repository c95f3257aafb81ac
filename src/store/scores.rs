//! How many photos had which score, by tenant and day: counts that all machines add to.

use std::collections::BTreeMap;

use photocheck_core::evaluation::drift::{ScoreBin, ScoreCounts};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::database::Store;
use super::error::StoreError;
use crate::tenancy::TenantId;

/// Days whose counts are kept, today among them: half a year, to see what a season changes.
pub const SCORE_DAYS_KEPT: u16 = 180;

/// Scores of a tenant's photos on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TenantDay {
    pub tenant: TenantId,
    /// Days since 1970, UTC.
    pub day: i64,
}

impl Store {
    /// Adds scores of a model to what is kept, in one transaction. Those of a tenant that was
    /// erased meanwhile are passed over.
    ///
    /// Rows are locked in the order of tenants, days and bins, so that machines that write at once
    /// wait for one another instead of each for the other.
    pub async fn add_scores(
        &self,
        model: &str,
        scores: &BTreeMap<TenantDay, ScoreCounts>,
    ) -> Result<(), StoreError> {
        let statement = "insert into score_day (tenant_id, day, model, bin, photos) \
             select id, $1, $2, $3, $4 from tenant where id = $5 \
             on conflict (tenant_id, day, model, bin) \
             do update set photos = score_day.photos + excluded.photos";
        let mut transaction = self.begin().await?;
        let lock = format!("select id from tenant where id = $1 {}", self.dialect.for_update());
        for (TenantDay { tenant, day }, counts) in scores {
            // Whoever erases the tenant has its row before those of its scores.
            sqlx::query(AssertSqlSafe(lock.clone()))
                .bind(tenant.0)
                .execute(&mut *transaction)
                .await?;
            for (bin, photos) in counts.bins().filter(|(_, photos)| 0 < *photos) {
                sqlx::query(statement)
                    .bind(*day)
                    .bind(model)
                    .bind(i64::from(bin.thousandths()))
                    .bind(i64::try_from(photos).unwrap_or(i64::MAX))
                    .bind(tenant.0)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        self.commit(transaction).await
    }

    /// Scores of a tenant's photos by a model, of each day from this one on that has any.
    pub async fn scores_of(
        &self,
        tenant: TenantId,
        model: &str,
        from: i64,
    ) -> Result<BTreeMap<i64, ScoreCounts>, StoreError> {
        let statement = "select day, bin, photos from score_day \
             where tenant_id = $1 and model = $2 and $3 <= day";
        let rows = sqlx::query(statement)
            .bind(tenant.0)
            .bind(model)
            .bind(from)
            .fetch_all(self.reading()?)
            .await?;
        let mut days: BTreeMap<_, ScoreCounts> = BTreeMap::new();
        for row in rows {
            add_row(days.entry(row.try_get("day")?).or_default(), &row)?;
        }
        Ok(days)
    }

    /// Scores by a model on a day, of each tenant that has any.
    pub async fn scores_on(
        &self,
        day: i64,
        model: &str,
    ) -> Result<BTreeMap<TenantId, ScoreCounts>, StoreError> {
        let statement =
            "select tenant_id, bin, photos from score_day where day = $1 and model = $2";
        let rows = sqlx::query(statement).bind(day).bind(model).fetch_all(self.reading()?).await?;
        let mut tenants: BTreeMap<_, ScoreCounts> = BTreeMap::new();
        for row in rows {
            add_row(tenants.entry(TenantId(row.try_get("tenant_id")?)).or_default(), &row)?;
        }
        Ok(tenants)
    }

    /// Deletes counts of days that are long past.
    pub async fn delete_old_scores(&self, today: i64) -> Result<(), StoreError> {
        sqlx::query("delete from score_day where day <= $1")
            .bind(today - i64::from(SCORE_DAYS_KEPT))
            .execute(self.reading()?)
            .await?;
        self.in_place()
    }
}

/// Adds a row to the counts of its day. A bin of another version of the program says nothing here.
fn add_row(counts: &mut ScoreCounts, row: &AnyRow) -> Result<(), StoreError> {
    if let Some(bin) = ScoreBin::from_thousandths(row.try_get("bin")?) {
        counts.add(bin, u64::try_from(row.try_get::<i64, _>("photos")?).unwrap_or_default());
    }
    Ok(())
}
