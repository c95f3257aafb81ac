//! `photocheck shadow`: what a candidate made of the photos that it checked unseen.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use chrono::DateTime;
use clap::Subcommand;
use serde_json::{Value, json};

use super::output::sanitized;
use super::shared::{SharedArgs, Use, block_on};
use crate::app::shadow::ShadowReport;
use crate::app::tenants::Tenants;
use crate::store::{ShadowAnswer, ShadowCount, ShadowSide};
use crate::tenancy::TenantName;

#[derive(Debug, clap::Args)]
pub struct ShadowArgs {
    #[command(subcommand)]
    command: ShadowCommand,
}

#[derive(Debug, Subcommand)]
enum ShadowCommand {
    /// Print how many photos had which verdicts in the last 30 days, and which photos had two
    /// different ones, the newest first
    Report {
        /// Tenant whose photos they are
        #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
        tenant: String,
        /// Photos to list, at most
        #[arg(long, default_value_t = 100, value_name = "COUNT")]
        photos: u32,
        /// Print one JSON object instead of tables
        #[arg(long)]
        json: bool,
    },
}

/// Does what was asked.
///
/// # Errors
/// When the database fails, or there is no such tenant.
pub fn run(args: &ShadowArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let ShadowCommand::Report { tenant, photos, json } = &args.command;
    let database = shared.database(Use::Read)?;
    let report = block_on(async {
        let tenants = Tenants::open(&database).await?;
        let tenant = tenants.store().tenant(&TenantName::new(tenant)?).await?;
        let report = tenants.shadow_report(tenant.id, *photos).await?;
        tenants.store().close().await;
        Ok(report)
    })?;
    let mut out = io::stdout().lock();
    if *json {
        writeln!(out, "{:#}", as_json(&report))?;
    } else {
        write!(out, "{}", as_text(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(report: &ShadowReport) -> String {
    let ShadowReport { counts, changes } = report;
    if counts.is_empty() {
        return "no candidate has checked a photo of this tenant in the last 30 days\n".to_owned();
    }
    let mut text = String::new();
    for of_pair in counts.chunk_by(|a, b| pair(a) == pair(b)) {
        let (in_force, candidate) = of_pair.first().map(pair).unwrap_or_default();
        let all: u64 = of_pair.iter().map(|count| count.photos).sum();
        let is_other = |count: &&ShadowCount| count.verdict != count.candidate_verdict;
        let changed: u64 = of_pair.iter().filter(is_other).map(|count| count.photos).sum();
        let _ = writeln!(text, "in force   {}", sanitized(in_force));
        let _ = writeln!(text, "candidate  {}", sanitized(candidate));
        let _ = writeln!(text, "{all} photos, {changed} with another verdict\n");
        let _ = writeln!(text, "{:<14}{:<14}{:>9}", "in force", "candidate", "photos");
        for ShadowCount { verdict, candidate_verdict, photos, .. } in of_pair {
            let _ = writeln!(text, "{verdict:<14}{candidate_verdict:<14}{photos:>9}");
        }
        text.push('\n');
        let of_pair = |it: &&ShadowAnswer| it.in_force == in_force && it.candidate == candidate;
        for ShadowAnswer { at, live, shadow, sha256, .. } in changes.iter().filter(of_pair) {
            let at = DateTime::from_timestamp(*at, 0).unwrap_or_default();
            let at = at.format("%Y-%m-%dT%H:%M:%SZ");
            let _ = writeln!(text, "{at}  {} -> {}  {sha256}", named(live), named(shadow));
        }
    }
    text
}

fn pair(count: &ShadowCount) -> (&str, &str) {
    (&count.in_force, &count.candidate)
}

/// A verdict with its score.
fn named(side: &ShadowSide) -> String {
    let score = score(side).map_or_else(String::new, |score| format!(" {score:.3}"));
    format!("{}{score}", side.verdict)
}

fn score(side: &ShadowSide) -> Option<f64> {
    side.score_thousandths.map(|thousandths| f64::from(thousandths) / 1000.0)
}

fn as_json(report: &ShadowReport) -> Value {
    let counts = report.counts.iter().map(|count| {
        json!({
            "in_force": count.in_force,
            "candidate": count.candidate,
            "verdict": count.verdict,
            "candidate_verdict": count.candidate_verdict,
            "photos": count.photos,
        })
    });
    let changes = report.changes.iter().map(|change| {
        json!({
            "at": change.at,
            "in_force": change.in_force,
            "candidate": change.candidate,
            "sha256": change.sha256,
            "verdict": change.live.verdict,
            "score": score(&change.live),
            "candidate_verdict": change.shadow.verdict,
            "candidate_score": score(&change.shadow),
        })
    });
    json!({ "counts": counts.collect::<Vec<_>>(), "changes": changes.collect::<Vec<_>>() })
}
