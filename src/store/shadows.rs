//! What candidates made of photos that they checked beside what is in force.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::database::Store;
use super::error::StoreError;
use crate::clock::DAY_S;
use crate::ids;
use crate::tenancy::TenantId;

/// Days for which answers of candidates are kept: a candidate is judged in weeks.
const DAYS_KEPT: i64 = 30;

/// Photos of a tenant that a candidate judges otherwise that are kept: more than anybody reads.
/// More are counted.
const CHANGES_MAX: i64 = 10_000;

/// A verdict and the score beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowSide {
    /// As the report names it.
    pub verdict: String,
    /// In thousandths; `None` where the detector scored nothing.
    pub score_thousandths: Option<u16>,
}

/// One photo, checked by what is in force and by a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowAnswer {
    /// Seconds since 1970, UTC.
    pub at: i64,
    /// A model and a policy.
    pub in_force: String,
    pub candidate: String,
    /// The photo's SHA-256, hexadecimal.
    pub sha256: String,
    pub live: ShadowSide,
    pub shadow: ShadowSide,
}

/// How many photos had which two verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowCount {
    pub in_force: String,
    pub candidate: String,
    pub verdict: String,
    pub candidate_verdict: String,
    pub photos: u64,
}

impl Store {
    /// Counts an answer, and keeps it if the verdicts differ. One of a tenant that was erased
    /// meanwhile is passed over.
    pub async fn add_shadow(
        &self,
        tenant: TenantId,
        answer: &ShadowAnswer,
    ) -> Result<(), StoreError> {
        let ShadowAnswer { at, in_force, candidate, sha256, live, shadow } = answer;
        let mut transaction = self.begin().await?;
        // First, since it takes the row of the tenant, as erasing does.
        if live.verdict != shadow.verdict {
            let statement = "insert into shadow_change (id, tenant_id, at, in_force, candidate, \
                     verdict, candidate_verdict, score, candidate_score, sha256) \
                 select $1, id, $2, $3, $4, $5, $6, $7, $8, $9 from tenant where id = $10 \
                     and (select count(*) from shadow_change \
                         where tenant_id = $10 and in_force = $3 and candidate = $4) < $11";
            sqlx::query(statement)
                .bind(ids::new_id().to_string())
                .bind(*at)
                .bind(in_force)
                .bind(candidate)
                .bind(&live.verdict)
                .bind(&shadow.verdict)
                .bind(live.score_column())
                .bind(shadow.score_column())
                .bind(sha256)
                .bind(tenant.0)
                .bind(CHANGES_MAX)
                .execute(&mut *transaction)
                .await?;
        }
        let statement = "insert into shadow_count \
                 (tenant_id, day, in_force, candidate, verdict, candidate_verdict, photos) \
             select id, $1, $2, $3, $4, $5, 1 from tenant where id = $6 \
             on conflict (tenant_id, day, in_force, candidate, verdict, candidate_verdict) \
             do update set photos = shadow_count.photos + 1";
        sqlx::query(statement)
            .bind(at.div_euclid(DAY_S))
            .bind(in_force)
            .bind(candidate)
            .bind(&live.verdict)
            .bind(&shadow.verdict)
            .bind(tenant.0)
            .execute(&mut *transaction)
            .await?;
        self.commit(transaction).await
    }

    /// How many photos of a tenant had which two verdicts, by candidate.
    pub async fn shadow_counts(&self, tenant: TenantId) -> Result<Vec<ShadowCount>, StoreError> {
        // A sum is a wider number in PostgreSQL.
        let statement = "select in_force, candidate, verdict, candidate_verdict, \
                 cast(sum(photos) as bigint) as photos \
             from shadow_count where tenant_id = $1 \
             group by in_force, candidate, verdict, candidate_verdict \
             order by in_force, candidate, verdict, candidate_verdict";
        let rows = sqlx::query(statement).bind(tenant.0).fetch_all(self.reading()?).await?;
        let read = |row: &AnyRow| {
            Ok(ShadowCount {
                in_force: row.try_get("in_force")?,
                candidate: row.try_get("candidate")?,
                verdict: row.try_get("verdict")?,
                candidate_verdict: row.try_get("candidate_verdict")?,
                photos: u64::try_from(row.try_get::<i64, _>("photos")?).unwrap_or_default(),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Photos of a tenant on which the verdicts differed, the newest first.
    pub async fn shadow_changes(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<ShadowAnswer>, StoreError> {
        let statement = "select * from shadow_change where tenant_id = $1 \
             order by at desc, id desc limit $2";
        let rows = sqlx::query(statement)
            .bind(tenant.0)
            .bind(i64::from(limit))
            .fetch_all(self.reading()?)
            .await?;
        rows.iter().map(read_change).collect()
    }

    /// Deletes answers that are older than they are kept.
    pub async fn delete_old_shadows(&self, now_s: i64) -> Result<(), StoreError> {
        let first_day = now_s.div_euclid(DAY_S) - DAYS_KEPT + 1;
        for (statement, first) in [
            ("delete from shadow_count where day < $1", first_day),
            ("delete from shadow_change where at < $1", first_day * DAY_S),
        ] {
            sqlx::query(statement).bind(first).execute(self.reading()?).await?;
        }
        self.in_place()
    }
}

impl ShadowSide {
    fn score_column(&self) -> i64 {
        self.score_thousandths.map_or(-1, i64::from)
    }
}

fn read_change(row: &AnyRow) -> Result<ShadowAnswer, StoreError> {
    let side = |verdict: &str, score: &str| {
        let score: i64 = row.try_get(score)?;
        let score_thousandths = u16::try_from(score).ok();
        Ok::<_, StoreError>(ShadowSide { verdict: row.try_get(verdict)?, score_thousandths })
    };
    Ok(ShadowAnswer {
        at: row.try_get("at")?,
        in_force: row.try_get("in_force")?,
        candidate: row.try_get("candidate")?,
        sha256: row.try_get("sha256")?,
        live: side("verdict", "score")?,
        shadow: side("candidate_verdict", "candidate_score")?,
    })
}
