//! `photocheck bank`: managing the banks of known photos. A running service sees each change.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use super::exchange;
use super::files;
use super::output;
use super::{SharedArgs, block_on};
use crate::clock;
use crate::core::index::ContentId;
use crate::store::{BankName, NewContent, Note, Store};

#[derive(Debug, clap::Args)]
pub struct BankArgs {
    #[command(subcommand)]
    command: BankCommand,
}

#[derive(Debug, Subcommand)]
enum BankCommand {
    /// Create an empty bank
    Create {
        /// 1 to 64 of A-Z, 0-9 and _
        name: String,
    },
    /// List all banks
    List,
    /// List the photos of a bank
    Show { name: String },
    /// Add photos; their hashes are kept, the photos are not
    Add {
        name: String,
        /// Photos, and folders of photos
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Where they come from, at most 1,000 bytes
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Import the hashes of photos from a file; importing it again adds nothing
    Import(exchange::ImportArgs),
    /// Export the hashes of a bank's photos
    Export(exchange::ExportArgs),
    /// Remove photos by the ids that `show` lists; without ids, the whole bank
    Remove {
        name: String,
        #[arg(value_name = "CONTENT_ID")]
        ids: Vec<i64>,
        /// Really remove the whole bank
        #[arg(long)]
        all: bool,
    },
}

/// Does what was asked.
///
/// # Errors
/// When the database fails or what was asked for cannot be done.
pub fn run(args: &BankArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    block_on(async {
        let store = shared.store().await?;
        let done = match &args.command {
            BankCommand::Create { name } => create(&store, &BankName::new(name)?).await,
            BankCommand::List => list(&store).await,
            BankCommand::Show { name } => show(&store, &BankName::new(name)?).await,
            BankCommand::Add { name, paths, note } => {
                add(&store, &BankName::new(name)?, paths, &Note::new(note)?).await
            }
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

async fn create(store: &Store, name: &BankName) -> anyhow::Result<ExitCode> {
    store.create_bank(name, clock::now_s()).await?;
    writeln!(io::stdout(), "created {}", name.as_str())?;
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &Store) -> anyhow::Result<ExitCode> {
    for bank in store.banks().await? {
        writeln!(io::stdout(), "{}\t{} photos", bank.name, bank.contents)?;
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
            let quality = content.hashes.pdq_quality.value();
            let note = output::harmless(&content.note);
            writeln!(io::stdout(), "{}\tquality {quality}\t{note}", content.id.0)?;
        }
    }
}

async fn add(
    store: &Store,
    name: &BankName,
    paths: &[PathBuf],
    note: &Note,
) -> anyhow::Result<ExitCode> {
    store.bank(name).await?;
    let mut trouble = false;
    for found in files::expand(paths) {
        let (path, hashed) = files::hash(found);
        let path = output::harmless(&path.display().to_string());
        let hashes = match hashed {
            Ok(hashes) => hashes,
            Err(reason) => {
                trouble = true;
                writeln!(io::stderr(), "not added\t{path}\t{reason}")?;
                continue;
            }
        };
        let content = NewContent { hashes, note: note.clone(), added_at: clock::now_s() };
        let (id, added) = store.add_content(name, &content).await?;
        let what = if added { "added" } else { "already there" };
        writeln!(io::stdout(), "{what}\t{}\t{path}", id.0)?;
    }
    Ok(if trouble { ExitCode::from(output::TROUBLE) } else { ExitCode::SUCCESS })
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
