//! `photocheck bank`: managing the banks. A running service sees each change.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::bank_add::{self, AddArgs};
use super::exchange;
use super::output;
use super::{SharedArgs, block_on};
use crate::clock;
use crate::store::{BankName, Content, ContentChange, ExternalId, Note, Store};
use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::matching::index::ContentId;

#[derive(Debug, clap::Args)]
pub struct BankArgs {
    #[command(subcommand)]
    command: BankCommand,
}

#[derive(Debug, Subcommand)]
enum BankCommand {
    /// Create an empty bank
    Create {
        /// 1 to 64 characters: A-Z, 0-9 and _
        name: String,
        /// What the bank is for: known fakes (stolen photos and photos used in scams), photos
        /// never to flag, or photos seen on accounts
        #[arg(long, default_value = "known_fake", value_parser = purposes())]
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
    Import(exchange::ImportArgs),
    /// Export the hashes of the photos in a bank
    Export(exchange::ExportArgs),
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
    #[arg(long, group = "change", value_parser = opinions())]
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

/// Takes the names of purposes.
fn purposes() -> impl TypedValueParser<Value = Purpose> {
    let names = PossibleValuesParser::new(Purpose::ALL.map(Purpose::name));
    names.try_map(|name| Purpose::from_name(&name).ok_or("no purpose"))
}

/// Takes the names of opinions.
pub fn opinions() -> impl TypedValueParser<Value = Opinion> {
    let names = PossibleValuesParser::new(Opinion::ALL.map(Opinion::name));
    names.try_map(|name| Opinion::from_name(&name).ok_or("no opinion"))
}

/// Does what was asked.
///
/// # Errors
/// When the database fails or what was asked for cannot be done.
pub fn run(args: &BankArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let store = match &args.command {
            BankCommand::Create { .. } => shared.store_to_begin().await?,
            BankCommand::List | BankCommand::Show { .. } | BankCommand::Export(_) => {
                shared.store_to_read().await?
            }
            _ => shared.store().await?,
        };
        let done = match &args.command {
            BankCommand::Create { name, purpose, imported } => {
                create(&store, &BankName::new(name)?, *purpose, *imported).await
            }
            BankCommand::List => list(&store).await,
            BankCommand::Show { name } => show(&store, &BankName::new(name)?).await,
            BankCommand::Add(args) => bank_add::run(&store, args, shared).await,
            BankCommand::Set(args) => set(&store, args).await,
            BankCommand::Import(args) => exchange::import(&store, args).await,
            BankCommand::Export(args) => exchange::export(&store, args).await,
            BankCommand::Remove { name, ids, all } => {
                remove(&store, &BankName::new(name)?, ids, *all).await
            }
        };
        store.close().await;
        done
    })
}

async fn create(
    store: &Store,
    name: &BankName,
    purpose: Purpose,
    imported: bool,
) -> anyhow::Result<ExitCode> {
    store.create_bank(name, purpose, imported, clock::now_s()).await?;
    if let Some(file) = store.file().filter(|_| store.is_new()) {
        writeln!(io::stderr(), "created the database {}", file.display())?;
    }
    writeln!(io::stdout(), "created {}", name.as_str())?;
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store) -> anyhow::Result<ExitCode> {
    for bank in store.banks().await? {
        let imported = if bank.imported { ", imported" } else { "" };
        let quarantined = match bank.quarantined {
            0 => String::new(),
            count => format!(", {count} quarantined"),
        };
        let (name, purpose, contents) = (&bank.name, bank.purpose.name(), bank.contents);
        writeln!(io::stdout(), "{name}\t{purpose}{imported}\t{contents} photos{quarantined}")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(store: &Store, name: &BankName) -> anyhow::Result<ExitCode> {
    const PAGE: u16 = 1000;
    store.bank(name).await?;
    let mut after = ContentId(0);
    loop {
        let contents = store.contents(name, after, PAGE).await?;
        let Some(last) = contents.last() else { return Ok(ExitCode::SUCCESS) };
        after = last.id;
        for content in &contents {
            writeln!(io::stdout(), "{}", line_of(content))?;
        }
    }
}

/// Id, quality, opinion, whether it is looked up, external id and note, separated by tabs.
fn line_of(content: &Content) -> String {
    let state = match (content.enabled, content.quarantined.as_str()) {
        (false, _) => "disabled".to_owned(),
        (true, "") => "enabled".to_owned(),
        (true, reason) => format!("quarantined: {reason}"),
    };
    let (quality, opinion) = (content.pdq_quality.value(), content.opinion.name());
    let texts = [&state, &content.external_id, &content.note].map(|text| output::harmless(text));
    format!("{}\tquality {quality}\t{opinion}\t{}", content.id.0, texts.join("\t"))
}

async fn set(store: &Store, args: &SetArgs) -> anyhow::Result<ExitCode> {
    let (name, id) = (BankName::new(&args.name)?, ContentId(args.id));
    let change = ContentChange {
        note: args.note.as_deref().map(Note::new).transpose()?,
        external_id: args.external_id.as_deref().map(ExternalId::new).transpose()?,
        opinion: args.opinion,
        enabled: (args.enable || args.disable).then_some(args.enable),
        release: args.release,
    };
    store.change_content(&name, id, &change).await?;
    writeln!(io::stdout(), "{}", line_of(&store.content(&name, id).await?))?;
    Ok(ExitCode::SUCCESS)
}

async fn remove(
    store: &Store,
    name: &BankName,
    ids: &[i64],
    all: bool,
) -> anyhow::Result<ExitCode> {
    if ids.is_empty() {
        anyhow::ensure!(all, "name the contents to remove, or --all for the whole bank");
        store.delete_bank(name).await?;
        writeln!(io::stdout(), "removed {} and all it held", name.as_str())?;
    }
    for id in ids {
        store.remove_content(name, ContentId(*id)).await?;
        writeln!(io::stdout(), "removed\t{id}")?;
    }
    Ok(ExitCode::SUCCESS)
}
