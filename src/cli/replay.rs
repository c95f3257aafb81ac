//! `photocheck replay`: what is said today of a photo, beside what a kept check or a receipt said.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::exit;
use super::files;
use super::output::sanitized;
use super::receipt;
use super::shared::{SharedArgs, Use, block_on};
use crate::app::App;
use crate::clock;
use crate::config::{GateConfig, Lookups};
use crate::receipts::{Compared, ComparedAnswer, ComparedVersion, Receipt, Replay};
use crate::tenancy::{Caller, TenantName};

#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// The photo; - for standard input
    photo: PathBuf,
    /// The check that is kept, by its id
    #[arg(
        long,
        value_name = "ID",
        conflicts_with = "receipt",
        required_unless_present = "receipt"
    )]
    check: Option<Uuid>,
    /// The receipt of the check, which is verified first
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Public keys for that, as the service's `/.well-known/jwks.json` [default: those of the file
    /// that `PHOTOCHECK_RECEIPT_KEY` names]
    #[arg(long, value_name = "FILE", requires = "receipt")]
    keys: Option<PathBuf>,
    /// Tenant whose check it is, and in whose banks the photo is looked up
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Checks the photo again, and prints what is other than before.
///
/// # Errors
/// When there is no such check, the receipt is not verified, the photo is another, or it cannot be
/// checked.
pub fn run(args: &ReplayArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let signed = match &args.receipt {
        Some(file) => Some(receipt::read_verified(file, args.keys.as_deref(), shared)?),
        None => None,
    };
    let config = shared.config(Use::Read, Lookups::All, GateConfig::for_list())?;
    block_on(async {
        let app = App::open(config).await?;
        let done = replay(&app, args, signed).await;
        app.close().await;
        let replay = done?;
        print(&replay, args.json)?;
        Ok(exit::replayed(replay.changed))
    })
}

async fn replay(app: &App, args: &ReplayArgs, signed: Option<Receipt>) -> anyhow::Result<Replay> {
    let tenant = app.store().tenant(&TenantName::new(&args.tenant)?).await?.id;
    let before = match (signed, args.check) {
        (Some(receipt), _) => receipt,
        (None, Some(id)) => app.said_of_check(tenant, id).await?,
        (None, None) => anyhow::bail!("name a check with --check, or a receipt with --receipt"),
    };
    let photo = read(&args.photo)?;
    before.ensure_of(&hex::encode(Sha256::digest(&photo)))?;
    let report = app.check(&Caller::on_command_line(tenant), photo, None).await?;
    let now = Receipt::of(&report, before.check_id.clone(), clock::now_s());
    Ok(Replay::new(&before, &now.context("the report cannot be read")?))
}

fn read(photo: &Path) -> anyhow::Result<Vec<u8>> {
    files::read(photo).with_context(|| format!("cannot read {}", photo.display()))
}

fn print(replay: &Replay, as_json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{}", serde_json::to_string(replay)?)?;
        return Ok(());
    }
    let Replay { check_id, verdict, answers, versions, .. } = replay;
    writeln!(out, "check     {}", sanitized(check_id))?;
    writeln!(out, "verdict   {}", compared(verdict))?;
    for ComparedAnswer { question, before, now } in answers {
        let said = match now {
            Some(now) => compared(&Compared { before: before.clone(), now: now.clone() }),
            None => format!("{}, not asked again", sanitized(before)),
        };
        writeln!(out, "answer    {}: {said}", sanitized(question))?;
    }
    for ComparedVersion { of, compared: both } in versions {
        writeln!(out, "version   {of}: {}", compared(both))?;
    }
    Ok(())
}

fn compared(both: &Compared) -> String {
    let Compared { before, now } = both;
    if both.is_other() {
        format!("{} -> {}", sanitized(before), sanitized(now))
    } else {
        format!("{}, as before", sanitized(now))
    }
}
