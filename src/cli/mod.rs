//! The command line: what can be typed, and a file for each command.

pub mod bank;
pub mod bank_add;
pub mod charts;
pub mod check;
pub mod eval;
pub mod eval_matching;
pub mod eval_page;
pub mod eval_report;
pub mod exchange;
pub mod files;
pub mod hash;
pub mod inputs;
pub mod inspect;
pub mod matching_page;
pub mod matching_report;
pub mod output;
pub mod seen;
pub mod serve;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::models;
use crate::store::{Opening, Store};
use photocheck_core::checker::Checker;

/// Checks whether a profile photo is fake: made by AI, or stolen from someone else.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub shared: SharedArgs,
}

/// What every command may be told.
#[derive(Debug, clap::Args)]
pub struct SharedArgs {
    /// Database of the banks, sqlite:PATH [default: photocheck.sqlite in the user's data folder]
    #[arg(long, global = true, env = "PHOTOCHECK_DB", value_name = "URL")]
    pub db: Option<String>,
    /// Create the database where there is none; without this, only the default one is
    #[arg(long, global = true)]
    pub create: bool,
    /// Folder of a model to use instead of the built-in one, beside the folder of its trunk
    #[arg(long, global = true, value_name = "DIR")]
    pub model: Option<PathBuf>,
    /// Policy file to use instead of the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check photos and print a verdict on each. The exit code is 0 when nothing was found, 1 when
    /// a photo is suspect or fake, 2 when one could not be checked, 3 when both happened
    Check(check::CheckArgs),
    /// Print the hashes of photos, one line per photo
    Hash(hash::HashArgs),
    /// Show what files say about their own origin. A file that says nothing proves nothing
    Inspect(inspect::InspectArgs),
    /// Manage banks of known photos: fakes, photos never to flag, photos seen on accounts
    Bank(bank::BankArgs),
    /// Measure how good the verdicts are on labelled photos
    Eval(eval::EvalArgs),
    /// Measure which edited copies of your own photos are found, compared with other methods
    EvalMatching(eval_matching::EvalMatchingArgs),
    /// Run the HTTP service, with a web page for people
    Serve(serve::ServeArgs),
}

impl SharedArgs {
    /// Loads the models and the policy.
    ///
    /// # Errors
    /// As [`models::load_checker`].
    pub fn checker(&self) -> anyhow::Result<Checker> {
        models::load_checker(self.model.as_deref(), self.policy.as_deref())
    }

    /// Opens the database.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened or written.
    pub async fn store(&self) -> anyhow::Result<Store> {
        self.open(Opening::default()).await
    }

    /// Opens the database for commands that only read it.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub async fn store_to_read(&self) -> anyhow::Result<Store> {
        self.open(Opening { read_only_will_do: true, ..Opening::default() }).await
    }

    /// Opens the database, or creates it.
    ///
    /// # Errors
    /// When it cannot be opened or created.
    pub async fn store_to_begin(&self) -> anyhow::Result<Store> {
        self.open(Opening { create: true, ..Opening::default() }).await
    }

    async fn open(&self, opening: Opening) -> anyhow::Result<Store> {
        let (url, is_default) = match &self.db {
            Some(url) => (url.clone(), false),
            None => (default_db()?, true),
        };
        // A mistyped name must not become a database that clears every photo.
        let create = opening.create || self.create || is_default;
        Ok(Store::open_with(&url, Opening { create, ..opening }).await?)
    }
}

fn default_db() -> anyhow::Result<String> {
    let folder = dirs::data_dir().context("no data folder of a user: name a database by --db")?;
    let file = folder.join("photocheck").join("photocheck.sqlite");
    Ok(format!("sqlite:{}", file.display()))
}

/// Runs async work of a command that is otherwise synchronous.
///
/// # Errors
/// What the work gives, or when no runtime can be started.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new().context("cannot start the runtime")?.block_on(work)
}
