//! `photocheck db`: a database as a whole, copied or backed up.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use super::shared::{SharedArgs, Use, block_on};
use crate::config::DatabaseConfig;
use crate::store::{Opening, Store};

#[derive(Debug, clap::Args)]
pub struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Copy everything from one database into an empty one, for example from SQLite to PostgreSQL,
    /// and compare them. Stop what writes to the first one before
    Copy {
        /// URL of a database, as for --db
        from: String,
        /// URL of an empty one; a file is created
        to: String,
    },
    /// Write the SQLite database to a new file, also while a service uses it
    Backup {
        /// The new file, which is a database itself
        file: PathBuf,
    },
}

/// Copies or backs up a database.
///
/// # Errors
/// When a database cannot be had, or what was written is not what was read.
pub fn run(args: &DbArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        DbCommand::Copy { from, to } => block_on(copy(from, to)),
        DbCommand::Backup { file } => block_on(back_up(shared.database(Use::Read)?, file)),
    }
}

async fn copy(from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let from = Store::open_with(from, Opening::default()).await?;
    let to = Store::open_with(to, Opening { create: true, ..Opening::default() }).await?;
    from.copy_into(&to).await?;
    let (read, written) = (from.sums().await?, to.sums().await?);
    let mut out = io::stdout().lock();
    writeln!(out, "table\trows\tSHA-256 of the rows")?;
    for sum in &written {
        writeln!(out, "{}\t{}\t{}", sum.table, sum.rows, hex::encode(sum.digest))?;
    }
    let differing: Vec<&str> =
        read.iter().zip(&written).filter(|(a, b)| a != b).map(|(a, _)| a.table).collect();
    anyhow::ensure!(
        differing.is_empty(),
        "the databases differ in {}: something wrote to one of them meanwhile; stop it and copy \
         into an empty database again",
        differing.join(", ")
    );
    writeln!(out, "{} holds what {} holds", to.place(), from.place())?;
    from.close().await;
    to.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn back_up(config: DatabaseConfig, file: &Path) -> anyhow::Result<ExitCode> {
    let store = Store::open_with(&config.url, config.opening).await?;
    let bytes = store.back_up(file).await.context("no backup was written")?;
    writeln!(io::stdout(), "wrote {} ({bytes} bytes)", file.display())?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
