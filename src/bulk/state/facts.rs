//! Facts about a whole job, for its report.

use std::collections::BTreeMap;

use anyhow::Context;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{State, value};
use crate::bulk::entry::Label;
use crate::bulk::outcome::Outcome;

/// Bins of the histogram of scores, each a twentieth wide.
pub const SCORE_BINS: usize = 20;

/// A reason, and how many rows have it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReasonFacts {
    pub code: String,
    /// One of its sentences.
    pub message: String,
    pub threshold: Option<f64>,
    /// Share of honest photos that pass the threshold.
    pub false_positive_rate: Option<f64>,
    /// Share of pairs of different photos that pass it.
    pub false_match_rate: Option<f64>,
    pub rows: u64,
}

/// A photo that is shown in a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownPhoto {
    pub label: Label,
    /// Where it lies, if it is a file.
    pub file: Option<String>,
    pub outcome: Outcome,
    /// The whole report, as JSON, of a whole check.
    pub report: Option<serde_json::Value>,
}

/// Rows by a value and their verdict; those with an error are `refused`, and those of a job that
/// asks for no verdict `not judged`.
pub type ByValue = BTreeMap<String, BTreeMap<String, u64>>;

/// What the results of a job depend on, as it was run last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct RunWith {
    pub photocheck: String,
    pub what: String,
    pub model: String,
    pub policy: String,
    pub generation: i64,
    pub tenant: String,
}

impl State {
    /// What the job was run with, and the names of its carried columns.
    ///
    /// # Errors
    /// When the database fails, or what it has is damaged.
    pub async fn run_with(&self) -> anyhow::Result<(RunWith, Vec<String>)> {
        let mut connection = self.pool.acquire().await?;
        let with = value(&mut connection, "checked_with").await?.context("it was never run")?;
        let written = value(&mut connection, "written_as").await?.context("it was never run")?;
        let (_, columns, _): (Vec<String>, Vec<String>, u32) = serde_json::from_str(&written)?;
        Ok((serde_json::from_str(&with)?, columns))
    }

    /// How many rows have a score in each bin.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn scores(&self) -> anyhow::Result<[u64; SCORE_BINS]> {
        let rows = sqlx::query(
            "SELECT min(19, CAST(json_extract(outcome, '$.score') * 20 AS INTEGER)) AS bin,
                    count(*) AS count
             FROM rows JOIN checks ON checks.digest = rows.digest
             WHERE json_extract(outcome, '$.score') IS NOT NULL GROUP BY 1",
        );
        let mut bins = [0; SCORE_BINS];
        for row in rows.fetch_all(&self.pool).await? {
            let bin = usize::try_from(row.try_get::<i64, _>("bin")?)?;
            if let Some(count) = bins.get_mut(bin) {
                *count = count_of(&row)?;
            }
        }
        Ok(bins)
    }

    /// The reasons of whole checks, the most frequent first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reasons(&self) -> anyhow::Result<Vec<ReasonFacts>> {
        let rows = sqlx::query(
            "SELECT json_extract(reason.value, '$.code') AS code,
                    min(json_extract(reason.value, '$.message')) AS message,
                    CAST(json_extract(reason.value, '$.threshold') AS REAL) AS threshold,
                    CAST(json_extract(reason.value, '$.false_positive_rate') AS REAL) AS positive,
                    CAST(json_extract(reason.value, '$.false_match_rate') AS REAL) AS pair,
                    count(*) AS count
             FROM rows JOIN checks ON checks.digest = rows.digest,
                  json_each(checks.report, '$.reasons') AS reason
             GROUP BY 1, 3, 4, 5 ORDER BY count(*) DESC, 1",
        );
        let rows = rows.fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(ReasonFacts {
                    code: row.try_get("code")?,
                    message: row.try_get("message")?,
                    threshold: row.try_get("threshold")?,
                    false_positive_rate: row.try_get("positive")?,
                    false_match_rate: row.try_get("pair")?,
                    rows: count_of(row)?,
                })
            })
            .collect()
    }

    /// Rows by the value of a carried column; `None` if it has more than `values_max` values.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_column(
        &self,
        column: usize,
        values_max: usize,
    ) -> anyhow::Result<Option<ByValue>> {
        let path = format!("$[{column}]");
        let distinct =
            sqlx::query_scalar("SELECT count(DISTINCT json_extract(carried, ?)) FROM rows");
        let distinct: i64 = distinct.bind(&path).fetch_one(&self.pool).await?;
        if values_max < usize::try_from(distinct)? {
            return Ok(None);
        }
        let rows = sqlx::query(
            "SELECT coalesce(json_extract(carried, ?), '') AS value,
                    CASE WHEN coalesce(rows.error_code, checks.error_code) IS NOT NULL
                         THEN 'refused' ELSE coalesce(checks.verdict, 'not judged') END AS verdict,
                    count(*) AS count
             FROM rows LEFT JOIN checks ON checks.digest = rows.digest GROUP BY 1, 2",
        );
        let mut found = ByValue::new();
        for row in rows.bind(&path).fetch_all(&self.pool).await? {
            let verdicts = found.entry(row.try_get("value")?).or_default();
            verdicts.insert(row.try_get("verdict")?, count_of(&row)?);
        }
        Ok(Some(found))
    }

    /// The accounts with most photos that are suspect or fake: how many, and how many in all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(&self, accounts_max: u32) -> anyhow::Result<Vec<(String, u64, u64)>> {
        let rows = sqlx::query(
            "SELECT account, count(*) AS count,
                    sum(coalesce(verdict IN ('suspect', 'fake'), 0)) AS found
             FROM rows LEFT JOIN checks ON checks.digest = rows.digest
             WHERE account IS NOT NULL GROUP BY account HAVING 0 < found
             ORDER BY found DESC, count(*) DESC, account LIMIT ?",
        );
        let rows = rows.bind(accounts_max).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let found: i64 = row.try_get("found")?;
                Ok((row.try_get("account")?, found.unsigned_abs(), count_of(row)?))
            })
            .collect()
    }

    /// The most suspicious photos: fakes first, then by score.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn suspicious(&self, photos_max: u32) -> anyhow::Result<Vec<ShownPhoto>> {
        let rows = sqlx::query(
            "SELECT path, id, account, carried, file, outcome, report
             FROM rows JOIN checks ON checks.digest = rows.digest
             WHERE verdict IN ('suspect', 'fake')
             ORDER BY verdict = 'fake' DESC, json_extract(outcome, '$.score') DESC, path LIMIT ?",
        );
        let rows = rows.bind(photos_max).fetch_all(&self.pool).await?;
        rows.iter().map(shown_photo).collect()
    }

    /// Some paths of rows with a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn paths_of(&self, code: &str, paths_max: u32) -> anyhow::Result<Vec<String>> {
        let paths = sqlx::query_scalar(
            "SELECT path FROM rows LEFT JOIN checks ON checks.digest = rows.digest
             WHERE coalesce(rows.error_code, checks.error_code) = ? ORDER BY path LIMIT ?",
        );
        Ok(paths.bind(code).bind(paths_max).fetch_all(&self.pool).await?)
    }

    /// The file of a row by its path, as results name it; `None` if there is no such row, or what
    /// it names is no file.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn file_of(&self, path: &str) -> anyhow::Result<Option<String>> {
        let file = sqlx::query_scalar("SELECT file FROM rows WHERE path = ? LIMIT 1");
        let file: Option<Option<String>> = file.bind(path).fetch_optional(&self.pool).await?;
        Ok(file.flatten())
    }
}

fn count_of(row: &SqliteRow) -> anyhow::Result<u64> {
    Ok(row.try_get::<i64, _>("count")?.unsigned_abs())
}

fn shown_photo(row: &SqliteRow) -> anyhow::Result<ShownPhoto> {
    let (carried, outcome): (String, String) = (row.try_get("carried")?, row.try_get("outcome")?);
    let report: Option<String> = row.try_get("report")?;
    Ok(ShownPhoto {
        label: Label {
            path: row.try_get("path")?,
            id: row.try_get("id")?,
            account: row.try_get("account")?,
            carried: serde_json::from_str(&carried)?,
        },
        file: row.try_get("file")?,
        outcome: serde_json::from_str(&outcome)?,
        report: report.map(|report| serde_json::from_str(&report)).transpose()?,
    })
}
