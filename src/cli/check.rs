//! `photocheck check`: a verdict on each photo, on all cores.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use photocheck_core::report::{KnownPhoto, NotCompared, Report};
use photocheck_core::verdict::{Cost, Reason, Verdict};
use serde::Serialize;
use tokio::task::JoinSet;

use super::exit::Tally;
use super::files;
use super::inputs::{Input, InputArgs, PathJson};
use super::output::{Lines, sanitized, verdict_style};
use super::shared::{SharedArgs, Use, block_on};
use super::sightings_args::{self, SightingsArgs};
use crate::accounts::AccountHash;
use crate::app::App;
use crate::clock;
use crate::config::{Config, GateConfig, Lookups};
use crate::tenancy::{Caller, TenantName};
use crate::wire::{RefusalJson, ReportJson};
use crate::words;

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Print one line of JSON per photo, as soon as it is checked
    #[arg(long)]
    json: bool,
    /// Account that shows the photos, at most 256 bytes. The report then says on how many other
    /// accounts they were seen. A list can name an account per photo, in its column `account_id`
    #[arg(long, value_name = "ID", requires = "sightings_bank")]
    account_id: Option<String>,
    /// Tenant whose banks the photos are looked up in
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
    #[command(flatten)]
    sightings: SightingsArgs,
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

/// A photo that was checked.
struct Checked {
    path: PathBuf,
    /// As a list names it.
    account_id: Option<String>,
    outcome: Outcome,
}

/// A photo's report, or why there is none.
type Outcome = Result<Report, RefusalJson>;

/// Checks all photos.
///
/// # Errors
/// When the database or the models cannot be loaded, or nobody takes the output.
pub fn run(args: &CheckArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let inputs = args.inputs.read()?;
    let is_listed = inputs.iter().any(|input| input.account_id.is_some());
    let is_named = args.account_id.is_some() || is_listed;
    anyhow::ensure!(
        is_named || !args.sightings.is_opted_in(),
        "--sightings-bank keeps nothing without --account-id or a list that names accounts"
    );
    anyhow::ensure!(
        !is_listed || args.sightings.is_opted_in(),
        "the list names accounts, but without --sightings-bank nothing is kept of them"
    );
    block_on(async {
        let (app, caller, account) = open(args, shared).await?;
        let done = check_all(&app, &caller, inputs, account, args.json).await;
        // What was written is then in the database's file, not in the log beside it.
        app.close().await;
        done
    })
}

/// The app, for which tenant it is asked, and the account of photos for which the list names none.
async fn open(
    args: &CheckArgs,
    shared: &SharedArgs,
) -> anyhow::Result<(App, Caller, Option<AccountHash>)> {
    let tenant = TenantName::new(&args.tenant)?;
    let mut settings = shared.settings(args.sightings.flags())?;
    let is_opted_in = args.sightings.is_opted_in();
    let sightings = if is_opted_in { sightings_args::read(&mut settings) } else { None };
    let to = if is_opted_in { Use::Write } else { Use::Read };
    let config = shared.read(to, Lookups::All, GateConfig::for_list(), &mut settings);
    settings.ensure_no_faults()?;
    let config = config.context("no database is named")?;
    let app = App::open(Config { sightings, ..config }).await?;
    let caller = Caller::on_command_line(app.store().tenant(&tenant).await?.id);
    let mut account = None;
    if let Some(sightings) = app.sightings() {
        sightings.delete_expired(clock::now_s()).await?;
        if let Some(id) = &args.account_id {
            account = Some(app.account(&caller, id).await?);
        }
    }
    Ok((app, caller, account))
}

/// Checks as many photos at once as the gate has places, and writes each when it is done.
async fn check_all(
    app: &App,
    caller: &Caller,
    inputs: Vec<Input>,
    account: Option<AccountHash>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let (lines, tally) = (Lines::new(inputs.len()), Tally::default());
    let (mut inputs, mut checks) = (inputs.into_iter(), JoinSet::new());
    loop {
        while checks.len() < app.gate().places()
            && let Some(input) = inputs.next()
        {
            checks.spawn(check_one(app.clone(), caller.clone(), input, account));
        }
        let Some(checked) = checks.join_next().await else { break };
        let Checked { path, account_id, outcome } = checked.context("a check ended early")?;
        match &outcome {
            Err(_) => tally.note_trouble(),
            Ok(report) if Verdict::Suspect <= report.verdict => tally.note_found(),
            Ok(_) => {}
        }
        lines.write(&if as_json {
            json_line(&path, account_id.as_deref(), &outcome)?
        } else {
            text_lines(&path, &outcome)
        })?;
    }
    lines.finish();
    Ok(tally.exit_code())
}

/// One photo never stops the others, not even by a fault of ours.
async fn check_one(
    app: App,
    caller: Caller,
    input: Input,
    account: Option<AccountHash>,
) -> Checked {
    let Input { found, account_id } = input;
    let (path, bytes) = match tokio::task::spawn_blocking(move || files::read_found(found)).await {
        Ok(read) => read,
        Err(error) => (PathBuf::new(), Err(io::Error::other(error))),
    };
    let outcome = async {
        let bytes = bytes.map_err(|error| RefusalJson::unreadable(&error))?;
        let account = match &account_id {
            Some(id) => Some(app.account(&caller, id).await?),
            None => account,
        };
        Ok(app.check(&caller, bytes, account).await?)
    };
    let outcome = outcome.await;
    Checked { path, account_id, outcome }
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
    let path = sanitized(&path.display().to_string());
    // Writing to a String cannot fail.
    let _ = match outcome {
        Ok(report) => {
            let verdict =
                verdict_style(report.verdict).apply_to(format!("{:<12}", report.verdict.name()));
            writeln!(text, "{verdict} {path}")
        }
        Err(refusal) => {
            let label = console::Style::new().magenta().bold().apply_to("not checked ");
            writeln!(text, "{label} {path}\n             {} [{}]", refusal.message, refusal.code)
        }
    };
    for reason in outcome.iter().flat_map(|report| &report.reasons) {
        let _ = writeln!(text, "             {}", sanitized(&sentence(reason)));
    }
    let no_banks = KnownPhoto::NotCompared(NotCompared::NoBanks);
    if outcome.as_ref().is_ok_and(|report| report.known_photo == no_banks) {
        let note = "not compared with known photos: no bank of known fakes has any [NO_BANKS]";
        let _ = writeln!(text, "             {note}");
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
