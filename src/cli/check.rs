//! `photocheck check`: a verdict on each photo, on all cores.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use photocheck_core::report::Report;
use photocheck_core::verdict::{Answers, Cost, Reason, Verdict};
use serde::Serialize;
use tokio::task::JoinSet;

use super::exit::Tally;
use super::files;
use super::inputs::{Input, InputArgs, PathJson};
use super::output::{Lines, sanitized, verdict_style};
use super::receipt;
use super::shared::{SharedArgs, Use, block_on};
use super::sightings_args::{self, SightingsArgs};
use crate::accounts::AccountHash;
use crate::app::App;
use crate::clock;
use crate::config::{Config, GateConfig, Lookups};
use crate::ids;
use crate::private_file;
use crate::receipts::{Receipt, SigningKeys};
use crate::tenancy::{Caller, TenantName};
use crate::wire::kept::KeptReport;
use crate::wire::statement::{OfCheck, StatementJson};
use crate::wire::{RefusalJson, ReportJson};
use crate::words;
use crate::words::language::Language;

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Print one line of JSON per photo, as soon as it is checked
    #[arg(long)]
    json: bool,
    /// Print a statement of reasons below each verdict, for the person concerned, in English (en)
    /// or Spanish (es)
    #[arg(long, value_name = "en|es", value_parser = read_language)]
    statement: Option<Language>,
    /// Write a signed receipt of the check to a new file, with the key that
    /// `PHOTOCHECK_RECEIPT_KEY` names; of one photo
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
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
    statement: Option<StatementJson>,
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
    anyhow::ensure!(
        args.receipt.is_none() || inputs.len() == 1,
        "--receipt is of one photo, and there are {}",
        inputs.len()
    );
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
        let done = check_all(&app, &caller, inputs, account, args).await;
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
    let signs = args.receipt.is_some();
    let receipt_keys = if signs { receipt::read_keys(&mut settings) } else { None };
    let to = if is_opted_in { Use::Write } else { Use::Read };
    let config = shared.read(to, Lookups::All, GateConfig::for_list(), &mut settings);
    settings.ensure_no_faults()?;
    let config = config.context("no database is named")?;
    anyhow::ensure!(
        receipt_keys.is_some() == signs,
        "--receipt needs a key: make one with photocheck receipt new-key, and name its file in \
         PHOTOCHECK_RECEIPT_KEY"
    );
    let app = App::open(Config { sightings, receipt_keys, ..config }).await?;
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
    args: &CheckArgs,
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
        if let (Some(file), Ok(report)) = (&args.receipt, &outcome) {
            write_receipt(file, app.receipt_keys(), report)?;
        }
        let statement = outcome.as_ref().ok().zip(args.statement).and_then(statement);
        lines.write(&if args.json {
            json_line(&path, account_id.as_deref(), &outcome, statement)?
        } else {
            let text = statement.map(|it| format!("\n{}\n", it.text())).unwrap_or_default();
            text_lines(&path, &outcome) + &text
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

/// The statement of reasons of a check that nobody keeps.
fn statement((report, language): (&Report, Language)) -> Option<StatementJson> {
    let check = OfCheck { id: None, at: clock::now_s(), appeal: None, reviewed: None };
    Some(StatementJson::new(&KeptReport::of(report)?, check, language))
}

/// Writes the receipt of a check that nobody keeps.
fn write_receipt(file: &Path, keys: Option<&SigningKeys>, report: &Report) -> anyhow::Result<()> {
    let (keys, id) = (keys.context("there is no key for receipts")?, ids::new_id().to_string());
    let receipt = Receipt::of(report, id, clock::now_s()).context("the report cannot be read")?;
    // Of a photo of a person: nobody else on the machine needs it.
    let mut out = private_file::create_new(file)
        .with_context(|| format!("cannot write the receipt {}", file.display()))?;
    Ok(writeln!(out, "{}", receipt.sign(keys))?)
}

fn read_language(code: &str) -> Result<Language, String> {
    let known = || Language::ALL.map(Language::code).join(" or ");
    Language::from_code(code).ok_or_else(|| format!("must be {}", known()))
}

fn json_line(
    path: &Path,
    account_id: Option<&str>,
    outcome: &Outcome,
    statement: Option<StatementJson>,
) -> io::Result<String> {
    let (report, error) = match outcome {
        Ok(report) => (Some(report.into()), None),
        Err(refusal) => (None, Some(refusal.clone())),
    };
    let line = Line { path: path.into(), account_id, report, statement, error };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// The verdict and the path, a line an answer, and a line a reason.
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
    let Ok(report) = outcome else { return text };
    for answer in answers(&report.answers) {
        let _ = writeln!(text, "             {answer}");
    }
    for reason in &report.reasons {
        let _ = writeln!(text, "               {}", sanitized(&sentence(reason)));
    }
    text
}

/// Each answer in words, with its name in the report.
fn answers(answers: &Answers) -> Vec<String> {
    let Answers { made_by_ai, known_photo, seen_elsewhere } = answers;
    let line = |words: String, question: &str, name: &str, code: Option<&str>| {
        let code = code.map(|code| format!(", {code}")).unwrap_or_default();
        format!("{words} [{question}: {name}{code}]")
    };
    let (ai, known) = (made_by_ai.answer, known_photo.answer);
    let mut lines = vec![
        line(words::made_by_ai(made_by_ai), "made_by_ai", ai.name(), ai.code()),
        line(words::known_copy(known_photo), "known_photo", known.name(), known.code()),
    ];
    lines.extend(
        seen_elsewhere
            .as_ref()
            .map(|seen| line(words::seen_on(seen), "seen_elsewhere", seen.answer.name(), None)),
    );
    lines
}

fn sentence(reason: &Reason) -> String {
    let mut text = format!("{} [{}", words::sentence(reason), reason.code().name());
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
