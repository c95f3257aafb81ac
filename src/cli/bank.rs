//! `photocheck bank`: managing the banks. A running service sees each change.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Subcommand;
use photocheck_core::bank::{BankFacts, BankName, ExternalId, Note, Opinion, Purpose};
use photocheck_core::matching::index::ContentId;

use super::bank_add::{self, AddArgs};
use super::bank_transfer::{self, ExportArgs, ImportArgs};
use super::output::sanitized;
use super::shared::{SharedArgs, Use, block_on};
use super::values;
use crate::app::banks::Banks;
use crate::clock;
use crate::store::{Bank, Content, ContentChange, NewBank};
use crate::tenancy::TenantName;

#[derive(Debug, clap::Args)]
pub struct BankArgs {
    #[command(subcommand)]
    command: BankCommand,
    /// Tenant whose banks are meant
    #[arg(long, global = true, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
}

#[derive(Debug, Subcommand)]
enum BankCommand {
    /// Create an empty bank
    Create {
        /// 1 to 64 characters: A-Z, 0-9 and _
        name: String,
        /// What the bank is for: known fakes (stolen photos and photos used in scams), photos
        /// never to flag, or photos seen on accounts
        #[arg(long, default_value = "known_fake", value_parser = values::purpose())]
        purpose: Purpose,
        /// Mark the bank as taken over from someone else; your own banks outrank it
        #[arg(long)]
        imported: bool,
    },
    /// List all banks
    List,
    /// List the photos in a bank
    Show {
        /// Name of the bank
        name: String,
    },
    /// Add photos to a bank. Only their hashes are kept
    Add(AddArgs),
    /// Change the opinion, state, id or note of a photo, by the id that `show` lists
    Set(SetArgs),
    /// Import hashes of photos from a file. Importing it again adds nothing
    Import(ImportArgs),
    /// Export the hashes of the photos in a bank
    Export(ExportArgs),
    /// Remove photos by the ids that `show` lists, or the whole bank with --all
    Remove {
        /// Name of the bank
        name: String,
        /// Ids of the photos
        #[arg(value_name = "CONTENT_ID")]
        ids: Vec<i64>,
        /// Remove the whole bank
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
struct SetArgs {
    /// Name of the bank
    name: String,
    /// Id of the photo
    #[arg(value_name = "CONTENT_ID")]
    id: i64,
    /// How sure you are of it: a match with a confirmed photo counts as fake, with an unsure one as
    /// suspect, with a disputed one not at all
    #[arg(long, group = "change", value_parser = values::opinion())]
    opinion: Option<Opinion>,
    /// Match photos against it again
    #[arg(long, group = "change", conflicts_with = "disable")]
    enable: bool,
    /// Keep it, but do not match photos against it
    #[arg(long, group = "change")]
    disable: bool,
    /// Take it out of quarantine for good, although it matches many different photos
    #[arg(long, group = "change")]
    release: bool,
    /// Id that someone else uses for it, at most 256 bytes
    #[arg(long, group = "change", value_name = "ID")]
    external_id: Option<String>,
    /// Where it comes from, at most 1,000 bytes
    #[arg(long, group = "change")]
    note: Option<String>,
}

/// Does what was asked.
///
/// # Errors
/// When the database fails or what was asked for cannot be done.
pub fn run(args: &BankArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let tenant = TenantName::new(&args.tenant)?;
    let to = match &args.command {
        // Its photos are looked up among those seen before, which needs more than the banks.
        BankCommand::Add(args) => return bank_add::run(args, &tenant, shared),
        BankCommand::Create { .. } => Use::Begin,
        BankCommand::List | BankCommand::Show { .. } | BankCommand::Export(_) => Use::Read,
        BankCommand::Set(_) | BankCommand::Import(_) | BankCommand::Remove { .. } => Use::Write,
    };
    let database = shared.database(to)?;
    block_on(async {
        let banks = Banks::open(&database, &tenant).await?;
        let done = run_on(&banks, &args.command).await;
        banks.close().await;
        done
    })
}

async fn run_on(banks: &Banks, command: &BankCommand) -> anyhow::Result<ExitCode> {
    match command {
        BankCommand::Create { name, purpose, imported } => {
            let (name, purpose, imported) = (BankName::new(name)?, *purpose, *imported);
            create(banks, NewBank { name, purpose, imported, created_at: clock::now_s() }).await
        }
        BankCommand::List => list(banks).await,
        BankCommand::Show { name } => show(banks, &BankName::new(name)?).await,
        BankCommand::Add(_) => Ok(ExitCode::SUCCESS),
        BankCommand::Set(args) => set(banks, args).await,
        BankCommand::Import(args) => bank_transfer::import(banks, args).await,
        BankCommand::Export(args) => bank_transfer::export(banks, args).await,
        BankCommand::Remove { name, ids, all } => {
            remove(banks, &BankName::new(name)?, ids, *all).await
        }
    }
}

async fn create(banks: &Banks, new: NewBank) -> anyhow::Result<ExitCode> {
    let bank = banks.create(&new).await?;
    if banks.store().is_new() {
        writeln!(io::stderr(), "created the database {}", banks.store().place())?;
    }
    writeln!(io::stdout(), "created {}", bank.facts.name)?;
    Ok(ExitCode::SUCCESS)
}

async fn list(banks: &Banks) -> anyhow::Result<ExitCode> {
    for Bank { facts, contents, quarantined, shared_with, .. } in banks.list().await? {
        let BankFacts { name, purpose, imported, .. } = facts;
        let imported = if imported { ", imported" } else { "" };
        let quarantined = match quarantined {
            0 => String::new(),
            count => format!(", {count} quarantined"),
        };
        let purpose = purpose.name();
        let shared = match shared_with.as_slice() {
            [] => String::new(),
            with => format!(", shared with {}", with.join(", ")),
        };
        writeln!(
            io::stdout(),
            "{name}\t{purpose}{imported}\t{contents} photos{quarantined}{shared}"
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(banks: &Banks, name: &BankName) -> anyhow::Result<ExitCode> {
    const PAGE: u16 = 1000;
    let mut after = ContentId(0);
    loop {
        let contents = banks.contents(name, after, PAGE).await?;
        let Some(last) = contents.last() else { return Ok(ExitCode::SUCCESS) };
        after = last.id;
        for content in &contents {
            writeln!(io::stdout(), "{}", content_line(content))?;
        }
    }
}

/// Id, quality, opinion, whether it is looked up, external id and note, separated by tabs.
fn content_line(content: &Content) -> String {
    let state = match (content.enabled, &content.quarantined) {
        (false, _) => "disabled".to_owned(),
        (true, None) => "enabled".to_owned(),
        (true, Some(reason)) => format!("quarantined: {reason}"),
    };
    let (quality, opinion) = (content.pdq_quality.value(), content.opinion.name());
    let texts = [&state, content.external_id.as_str(), content.note.as_str()].map(sanitized);
    format!("{}\tquality {quality}\t{opinion}\t{}", content.id.0, texts.join("\t"))
}

async fn set(banks: &Banks, args: &SetArgs) -> anyhow::Result<ExitCode> {
    let (name, id) = (BankName::new(&args.name)?, ContentId(args.id));
    let change = ContentChange {
        note: args.note.as_deref().map(Note::new).transpose()?,
        external_id: args.external_id.as_deref().map(ExternalId::new).transpose()?,
        opinion: args.opinion,
        enabled: (args.enable || args.disable).then_some(args.enable),
        release: args.release,
    };
    let changed = banks.change(&name, id, &change).await?;
    writeln!(io::stdout(), "{}", content_line(&changed))?;
    Ok(ExitCode::SUCCESS)
}

async fn remove(
    banks: &Banks,
    name: &BankName,
    ids: &[i64],
    all: bool,
) -> anyhow::Result<ExitCode> {
    if ids.is_empty() {
        anyhow::ensure!(
            all,
            "name the photos to remove by their ids, or add --all to remove the \
             whole bank"
        );
        banks.delete(name).await?;
        writeln!(io::stdout(), "removed {} and all its photos", name.as_str())?;
    }
    for id in ids {
        banks.remove(name, ContentId(*id)).await?;
        writeln!(io::stdout(), "removed\t{id}")?;
    }
    Ok(ExitCode::SUCCESS)
}
