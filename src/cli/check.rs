//! `photocheck check`: a verdict on each photo, on all cores.

use std::fmt::Write;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use rayon::prelude::*;
use serde::Serialize;
use tokio::runtime::{Handle, Runtime};

use super::SharedArgs;
use super::files::{self, Found};
use super::inputs::{Input, InputArgs, PathJson};
use super::output::{self, Lines};
use super::seen::SeenArgs;
use crate::accounts::AccountHash;
use crate::clock;
use crate::live::LiveIndex;
use crate::sightings::Sightings;
use crate::store::Store;
use crate::wire::{RefusalJson, ReportJson};
use crate::words;
use photocheck_core::checker::Checker;
use photocheck_core::report::{KnownPhoto, NotCompared, Report};
use photocheck_core::verdict::{Cost, Reason, Verdict};

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Print one line of JSON per photo, as soon as it is checked
    #[arg(long)]
    json: bool,
    /// Account that shows the photos, at most 256 bytes. The report then says on how many other
    /// accounts they were seen. A list can name an account per photo, in its column `account_id`
    #[arg(long, value_name = "ID", requires = "seen_bank")]
    account_id: Option<String>,
    #[command(flatten)]
    seen: SeenArgs,
}

/// What photos are checked with.
struct Desk {
    checker: Arc<Checker>,
    store: Store,
    live: LiveIndex,
    sightings: Option<Sightings>,
    /// Of photos for which the list names none.
    account: Option<AccountHash>,
    runtime: Handle,
}

/// A line of `--json`: the path as it was given, the account if a list named one, and the report or
/// the refusal.
#[derive(Serialize)]
struct Line<'a> {
    path: PathJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    #[serde(flatten)]
    report: Option<ReportJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RefusalJson>,
}

/// A photo's report, or why there is none.
type Outcome = Result<Report, RefusalJson>;

/// The bit of the exit code that says that a photo is suspect or fake.
const FOUND: u8 = 1;

/// What the exit code is made of.
#[derive(Default)]
struct Seen {
    found: AtomicBool,
    trouble: AtomicBool,
}

/// Checks all photos.
///
/// # Errors
/// When the database or the models cannot be loaded, or nobody takes the output.
pub fn run(args: &CheckArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let inputs = args.inputs.read()?;
    let is_listed = inputs.iter().any(|input| input.account_id.is_some());
    let is_asked = args.account_id.is_some() || is_listed;
    anyhow::ensure!(
        is_asked || !args.seen.is_opted_in(),
        "--seen-bank keeps nothing without --account-id or a list that names accounts"
    );
    anyhow::ensure!(
        !is_listed || args.seen.is_opted_in(),
        "the list names accounts, and without --seen-bank nothing is kept of them"
    );
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let desk = runtime.block_on(Desk::set_up(args, shared))?;
    let (lines, seen) = (Lines::new(inputs.len()), Seen::default());
    inputs.into_par_iter().try_for_each(|Input { found, account_id }| {
        let account_id = account_id.as_deref();
        let (path, outcome) = desk.check_one(found, account_id);
        seen.note(&outcome);
        lines.write(&if args.json {
            json_line(&path, account_id, &outcome)?
        } else {
            text_lines(&path, &outcome)
        })
    })?;
    lines.finish();
    // What was written is then in the database's file, not in the log beside it.
    runtime.block_on(desk.store.close());
    Ok(seen.exit_code())
}

impl Desk {
    async fn set_up(args: &CheckArgs, shared: &SharedArgs) -> anyhow::Result<Self> {
        let checker = Arc::new(shared.checker()?);
        let opts_in = args.seen.is_opted_in();
        let store = if opts_in { shared.store().await? } else { shared.store_to_read().await? };
        let live =
            LiveIndex::load(store.clone(), checker.matcher().thresholds().pdq_quality_min).await?;
        let sightings = args.seen.open(&store, &live, &checker).await?;
        let mut account = None;
        if let Some(sightings) = &sightings {
            sightings.delete_expired(clock::now_s()).await?;
            account = args.account_id.as_deref().map(|id| sightings.account(id)).transpose()?;
        }
        Ok(Self { checker, store, live, sightings, account, runtime: Handle::current() })
    }

    fn check_one(&self, found: Found, account_id: Option<&str>) -> (PathBuf, Outcome) {
        let path = match found {
            Ok(path) => path,
            Err((path, error)) => return (path, Err(RefusalJson::unreadable(&error))),
        };
        let outcome = files::read(&path).map_err(|error| RefusalJson::unreadable(&error));
        // One photo never stops the others, not even by a fault of ours.
        let outcome = outcome.and_then(|bytes| {
            let check = || self.check_bytes(&bytes, account_id);
            let checked = catch_unwind(AssertUnwindSafe(check));
            checked.unwrap_or_else(|_| Err(RefusalJson::ours("INTERNAL")))
        });
        (path, outcome)
    }

    fn check_bytes(&self, bytes: &[u8], account_id: Option<&str>) -> Outcome {
        let account = match (&self.sightings, account_id) {
            (Some(sightings), Some(id)) => {
                let account = sightings.account(id).map_err(|error| RefusalJson {
                    code: error.code(),
                    message: error.to_string(),
                })?;
                Some((sightings, account))
            }
            (sightings, _) => sightings.as_ref().zip(self.account),
        };
        let examined = self.checker.examine(bytes, &self.live.index());
        let examined = examined.map_err(|error| RefusalJson::from(&error))?;
        let seen = match account {
            None => None,
            Some((sightings, account)) => {
                let recorded = sightings.record(&examined, account, clock::now_s());
                let recorded = self.runtime.block_on(recorded);
                recorded.map_err(|error| RefusalJson::ours(error.code()))?
            }
        };
        Ok(self.checker.report(examined, seen))
    }
}

impl Seen {
    fn note(&self, outcome: &Outcome) {
        match outcome {
            Err(_) => self.trouble.store(true, Ordering::Relaxed),
            Ok(report) if Verdict::Suspect <= report.verdict => {
                self.found.store(true, Ordering::Relaxed);
            }
            Ok(_) => {}
        }
    }

    /// A bit for what was found and one for what could not be checked.
    fn exit_code(&self) -> ExitCode {
        let found = if self.found.load(Ordering::Relaxed) { FOUND } else { 0 };
        let trouble = if self.trouble.load(Ordering::Relaxed) { output::TROUBLE } else { 0 };
        ExitCode::from(found | trouble)
    }
}

fn json_line(path: &Path, account_id: Option<&str>, outcome: &Outcome) -> io::Result<String> {
    let (report, error) = match outcome {
        Ok(report) => (Some(report.into()), None),
        Err(refusal) => (None, Some(refusal.clone())),
    };
    let line = Line { path: path.into(), account_id, report, error };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// The verdict and the path, and a line a reason.
fn text_lines(path: &Path, outcome: &Outcome) -> String {
    let mut text = String::new();
    let path = output::harmless(&path.display().to_string());
    // Writing to a String cannot fail.
    let _ = match outcome {
        Ok(report) => {
            let verdict =
                output::style_of(report.verdict).apply_to(format!("{:<12}", report.verdict.name()));
            writeln!(text, "{verdict} {path}")
        }
        Err(refusal) => {
            let label = console::Style::new().magenta().bold().apply_to("not checked ");
            writeln!(text, "{label} {path}\n             {} [{}]", refusal.message, refusal.code)
        }
    };
    for reason in outcome.iter().flat_map(|report| &report.reasons) {
        let _ = writeln!(text, "             {}", output::harmless(&sentence(reason)));
    }
    let no_banks = KnownPhoto::NotCompared(NotCompared::NoBanks);
    if outcome.as_ref().is_ok_and(|report| report.known_photo == no_banks) {
        let said = "not compared with known photos: no bank of known fakes holds one [NO_BANKS]";
        let _ = writeln!(text, "             {said}");
    }
    text
}

fn sentence(reason: &Reason) -> String {
    let mut text = format!("{} [{}", words::sentence(reason), reason.code());
    let mut add = |label: &str, number: Option<f64>| {
        if let Some(number) = number {
            let _ = write!(text, ", {label} {}", (number * 1e4).round() / 1e4);
        }
    };
    add("value", reason.value);
    add("threshold", reason.threshold);
    let _ = match reason.cost {
        Some(Cost::FalsePositiveRate(rate)) => {
            write!(text, ", reached by {} % of honest photos", rate * 100.0)
        }
        Some(Cost::FalseMatchRate(rate)) => {
            write!(text, ", by chance at most once in {:.0} pairs", 1.0 / rate)
        }
        None => Ok(()),
    };
    text + "]"
}
