//! `photocheck bulk`: every photo of folders, lists and archives.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use photocheck_core::verdict::Verdict;

use super::bulk_progress::Shown;
use super::exit::Tally;
use super::shared::{SharedArgs, Use, block_on};
use super::{bulk_bank, bulk_report};
use crate::app::live_index::View;
use crate::bulk::examine::{Examiner, What};
use crate::bulk::inputs::manifest::ColumnNames;
use crate::bulk::inputs::plan::Plan;
use crate::bulk::job::Job;
use crate::bulk::opening;
use crate::bulk::outcome::NOT_A_PICTURE;
use crate::bulk::parts::Format;
use crate::bulk::progress::{Moment, Progress};
use crate::bulk::summary::{Summary, Versions};
use crate::config::{GateConfig, Lookups};
use crate::tenancy::TenantName;

#[derive(Debug, clap::Args)]
pub struct BulkArgs {
    #[command(subcommand)]
    command: BulkCommand,
}

#[derive(Debug, Subcommand)]
enum BulkCommand {
    /// Check every photo once and write a row for each. Start it again with the same words to go on
    /// where it was interrupted. The exit code is that of check
    Run(RunArgs),
    /// Write a page about a job, in one file
    Report(bulk_report::ReportArgs),
    /// Add photos that you chose among the results to a bank
    Bank(bulk_bank::BankArgs),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that one types")]
struct RunArgs {
    /// Photos; folders; patterns such as 'in/*.jpg'; ZIP and TAR archives; manifests, which end in
    /// .csv, .tsv, .ndjson, .jsonl or .parquet; - for a TAR archive or a list of paths on standard
    /// input
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Folder for the results and the state of the job
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Column of manifests that names the photo [default: path, file, filename, image or photo]
    #[arg(long, value_name = "NAME")]
    path_column: Option<String>,
    /// Column of manifests with the account that shows the photo [default: `account_id`, account,
    /// `user_id` or user]
    #[arg(long, value_name = "NAME")]
    account_column: Option<String>,
    /// Column of manifests with an id of your own [default: id or `photo_id`]
    #[arg(long, value_name = "NAME")]
    id_column: Option<String>,
    /// Folder that relative paths in manifests begin at [default: the current one]
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// Tenant whose banks the photos are looked up in
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
    /// What to find out about each photo
    #[arg(long, value_enum, default_value_t = What::All)]
    what: What,
    /// Also write the whole report of each photo, a line of JSON each
    #[arg(long)]
    ndjson: bool,
    /// Do not compare the photos with each other
    #[arg(long)]
    no_rings: bool,
    /// Check again what was checked already
    #[arg(long)]
    force: bool,
    /// Photos to check at a time [default: one for each core]
    #[arg(long, value_name = "N")]
    cores: Option<usize>,
    /// Rows of one file of the results, at most
    #[arg(long, value_name = "N", default_value_t = crate::bulk::limits::PART_ROWS)]
    part_rows: u32,
    /// Print nothing but errors
    #[arg(long)]
    quiet: bool,
}

/// Runs what was asked for.
///
/// # Errors
/// When the database or the models cannot be loaded, an input is not there or cannot be read to its
/// end, or the results cannot be written.
pub fn run(args: &BulkArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        BulkCommand::Run(args) => run_job(args, shared),
        BulkCommand::Report(args) => bulk_report::run(args),
        BulkCommand::Bank(args) => bulk_bank::run(args, shared),
    }
}

fn run_job(args: &RunArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let names = ColumnNames {
        path: args.path_column.clone(),
        id: args.id_column.clone(),
        account: args.account_column.clone(),
    };
    // First what fails at once: loading the models takes seconds.
    let tenant = TenantName::new(&args.tenant)?;
    let base = args.base.clone().unwrap_or_default();
    let plan = Plan::new(&args.inputs, &names, &base, &args.out)?;
    let formats = Format::ALL.iter().filter(|it| args.ndjson || **it != Format::Ndjson);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    block_on(async {
        let job = Job {
            plan,
            examiner: examiner(args.what, tenant, shared).await?,
            folder: args.out.clone(),
            formats: formats.copied().collect(),
            force: args.force,
            rings: !args.no_rings,
            cores: args.cores.unwrap_or(cores),
            part_rows: args.part_rows,
        };
        if !args.quiet {
            writeln!(io::stderr(), "{}", with_what(&job))?;
        }
        let progress = Arc::new(Progress::default());
        let shown = Shown::start(&progress, args.quiet);
        let summary = job.run(&progress).await;
        drop(shown);
        let summary = summary?;
        if !args.quiet {
            io::stdout().write_all(text(&summary, &progress.now(), args).as_bytes())?;
        }
        Ok(exit_code(&summary))
    })
}

/// What photos are examined with: the banks only where they are asked.
async fn examiner(what: What, tenant: TenantName, shared: &SharedArgs) -> anyhow::Result<Examiner> {
    if what != What::All {
        let checker = Arc::new(shared.checker()?);
        let view = View::empty();
        return Ok(Examiner { checker, view, tenant, database: None, what });
    }
    opening::examiner(shared.config(Use::Read, Lookups::All, GateConfig::for_list())?, tenant).await
}

fn with_what(job: &Job) -> String {
    let Versions { what, model, policy, generation, .. } = job.versions();
    format!("checking with model {model}, policy {policy}, banks at {generation} ({what})")
}

fn text(summary: &Summary, run: &Moment, args: &RunArgs) -> String {
    let Summary { rows_in, rows_out, named_twice, counts, no_pictures, .. } = summary;
    let verdicts = Verdict::ALL.map(Verdict::name).into_iter();
    let verdicts = verdicts.filter_map(|name| Some((counts.verdicts.get(name)?, name)));
    let mut found: Vec<String> = verdicts.map(|(count, name)| format!("{count} {name}")).collect();
    if counts.verdicts.is_empty() {
        let errors: u64 = counts.errors.values().sum();
        found.push(format!("{} hashed", counts.rows - errors.min(counts.rows)));
    }
    let refused = counts.errors.iter().filter(|(code, _)| *code != NOT_A_PICTURE);
    found.extend(refused.map(|(code, count)| format!("{count} refused ({code})")));
    if 0 < *no_pictures {
        found.push(format!("{no_pictures} no pictures"));
    }
    let now = format!("{} checked now, {} rows were done before", run.checked, run.kept);
    let rows = format!("{rows_in} rows in, {rows_out} rows out");
    let mut lines = vec![found.join(", "), now, rows];
    if 0 < *named_twice {
        lines.push(format!("{named_twice} named twice, counted once"));
    }
    if 0 < counts.equal_bytes {
        lines.push(format!("{} with the same bytes as another", counts.equal_bytes));
    }
    if let Some(rings) = summary.rings {
        lines.push(format!("{rings} photos that several rows show, see rings.csv"));
    }
    lines.push(format!("the results are in {}", args.out.display()));
    lines.join("\n") + "\n"
}

fn exit_code(summary: &Summary) -> ExitCode {
    let tally = Tally::default();
    let is_found = |verdict: Verdict| summary.counts.verdicts.contains_key(verdict.name());
    if is_found(Verdict::Suspect) || is_found(Verdict::Fake) {
        tally.note_found();
    }
    if summary.counts.errors.keys().any(|code| code != NOT_A_PICTURE) {
        tally.note_trouble();
    }
    tally.exit_code()
}
