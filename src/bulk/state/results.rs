//! Reading the results out of the state, for parts, rings and reports.

use std::collections::BTreeMap;

use anyhow::Context;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Digest, State};
use crate::bulk::entry::{Key, Label};
use crate::bulk::outcome::Outcome;
use crate::bulk::part_file::PartFile;
use photocheck_core::matching::views::kept::KeptViews;

/// A row of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    pub key: Key,
    pub label: Label,
    pub digest: Option<Digest>,
    pub outcome: Outcome,
    /// JSON of the whole report, where it was asked for.
    pub report: Option<String>,
}

/// How many rows share a verdict, or a code of what was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub rows: u64,
    pub verdicts: BTreeMap<String, u64>,
    pub errors: BTreeMap<String, u64>,
    /// Rows whose bytes equal those of another row.
    pub equal_bytes: u64,
}

impl State {
    /// Rows that came up in this run, are done and stand in no part yet, by path.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows_without_part(
        &self,
        rows_max: u32,
        with_reports: bool,
    ) -> anyhow::Result<Vec<ResultRow>> {
        let rows = sqlx::query(
            "SELECT key, path, id, account, carried, rows.digest AS digest,
                    rows.error_code AS error_code, rows.error AS error, outcome,
                    CASE WHEN ? THEN report END AS report
             FROM rows LEFT JOIN checks ON checks.digest = rows.digest
             WHERE part IS NULL AND run = ?
                   AND (rows.error_code IS NOT NULL OR checks.digest IS NOT NULL)
             ORDER BY path, key LIMIT ?",
        )
        .bind(with_reports)
        .bind(self.run)
        .bind(rows_max)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(result_of).collect()
    }

    /// Keeps a part that was written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_part(
        &self,
        number: u32,
        rows: &[ResultRow],
        files: &[PartFile],
    ) -> anyhow::Result<()> {
        let mut change = self.pool.begin().await?;
        for row in rows {
            let set = sqlx::query("UPDATE rows SET part = ? WHERE key = ?").bind(number);
            set.bind(row.key.0.as_slice()).execute(&mut *change).await?;
        }
        let part = sqlx::query("INSERT INTO parts (number, files) VALUES (?, ?)").bind(number);
        part.bind(serde_json::to_string(files)?).execute(&mut *change).await?;
        change.commit().await?;
        Ok(())
    }

    /// The parts that were written, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn parts(&self) -> anyhow::Result<Vec<(u32, Vec<PartFile>)>> {
        let rows = sqlx::query("SELECT number, files FROM parts ORDER BY number");
        let rows = rows.fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let files: String = row.try_get("files")?;
                Ok((row.try_get("number")?, serde_json::from_str(&files)?))
            })
            .collect()
    }

    /// How many rows of each kind there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(&self) -> anyhow::Result<Counts> {
        let rows = sqlx::query(
            "SELECT checks.verdict AS verdict, count(*) AS count,
                    coalesce(rows.error_code, checks.error_code) AS code
             FROM rows LEFT JOIN checks ON checks.digest = rows.digest GROUP BY 1, 3",
        );
        let mut counts = Counts::default();
        for row in rows.fetch_all(&self.pool).await? {
            let count: i64 = row.try_get("count")?;
            let count = count.unsigned_abs();
            counts.rows += count;
            if let Some(verdict) = row.try_get::<Option<String>, _>("verdict")? {
                *counts.verdicts.entry(verdict).or_default() += count;
            }
            if let Some(code) = row.try_get::<Option<String>, _>("code")? {
                *counts.errors.entry(code).or_default() += count;
            }
        }
        let equal = "SELECT count(*) - count(DISTINCT digest) FROM rows WHERE digest IS NOT NULL";
        let equal: i64 = sqlx::query_scalar(equal).fetch_one(&self.pool).await?;
        counts.equal_bytes = equal.unsigned_abs();
        Ok(counts)
    }

    /// Rows that stand in a part.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows_in_parts(&self) -> anyhow::Result<u64> {
        let count = sqlx::query_scalar("SELECT count(*) FROM rows WHERE part IS NOT NULL");
        let count: i64 = count.fetch_one(&self.pool).await?;
        Ok(count.unsigned_abs())
    }

    /// Bytes that several rows have in common, and that are no refused photo.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn digests_of_several_rows(&self) -> anyhow::Result<Vec<Digest>> {
        let rows = sqlx::query(
            "SELECT digest FROM rows GROUP BY digest HAVING 1 < count(*) AND EXISTS
             (SELECT 1 FROM checks WHERE checks.digest = rows.digest AND checks.error_code IS NULL)
             ORDER BY digest",
        );
        let rows = rows.fetch_all(&self.pool).await?;
        rows.iter().map(digest_of).collect()
    }

    /// The photos behind this one, in the order of their digests, with what they are compared by.
    ///
    /// # Errors
    /// When the database fails, or what it has is damaged.
    pub async fn views_after(
        &self,
        after: Option<&Digest>,
        photos_max: u32,
    ) -> anyhow::Result<Vec<(Digest, KeptViews)>> {
        let rows = sqlx::query(
            "SELECT digest, views FROM checks
             WHERE views IS NOT NULL AND ? < digest
                   AND EXISTS (SELECT 1 FROM rows WHERE rows.digest = checks.digest)
             ORDER BY digest LIMIT ?",
        )
        .bind(after.map_or(&[][..], |digest| digest.as_slice()))
        .bind(photos_max)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let views: Vec<u8> = row.try_get("views")?;
                let views = KeptViews::from_bytes(&views).context("the views of a photo")?;
                Ok((digest_of(row)?, views))
            })
            .collect()
    }

    /// The labels of the rows with these bytes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn labels_of(&self, digest: &Digest) -> anyhow::Result<Vec<Label>> {
        let rows = sqlx::query(
            "SELECT path, id, account, carried FROM rows WHERE digest = ? ORDER BY path, key",
        );
        let rows = rows.bind(digest.as_slice()).fetch_all(&self.pool).await?;
        rows.iter().map(label_of).collect()
    }
}

fn result_of(row: &SqliteRow) -> anyhow::Result<ResultRow> {
    let bytes = |name: &str| row.try_get::<Option<Vec<u8>>, _>(name);
    let key = bytes("key")?.and_then(|key| key.try_into().ok()).context("a key of 16 bytes")?;
    let outcome: Option<String> = row.try_get("outcome")?;
    let mut outcome: Outcome =
        outcome.map_or(Ok(Outcome::default()), |outcome| serde_json::from_str(&outcome))?;
    if let Some(code) = row.try_get::<Option<String>, _>("error_code")? {
        outcome = Outcome { error_code: Some(code), error: row.try_get("error")?, ..outcome };
    }
    Ok(ResultRow {
        key: Key(key),
        label: label_of(row)?,
        digest: bytes("digest")?.and_then(|digest| digest.try_into().ok()),
        outcome,
        report: row.try_get("report")?,
    })
}

fn label_of(row: &SqliteRow) -> anyhow::Result<Label> {
    let carried: String = row.try_get("carried")?;
    Ok(Label {
        path: row.try_get("path")?,
        id: row.try_get("id")?,
        account: row.try_get("account")?,
        carried: serde_json::from_str(&carried)?,
    })
}

fn digest_of(row: &SqliteRow) -> anyhow::Result<Digest> {
    let digest: Vec<u8> = row.try_get("digest")?;
    digest.try_into().ok().context("a digest of 32 bytes")
}
