//! What every command takes, and how it becomes the configuration.

use std::path::PathBuf;

use anyhow::Context;
use photocheck_core::checker::Checker;

use crate::app::access::AccessConfig;
use crate::app::models;
use crate::config::{Config, DatabaseConfig, GateConfig, Lookups, ModelsConfig};
use crate::store::Opening;

/// Options of every command.
#[derive(Debug, clap::Args)]
pub struct SharedArgs {
    // Its value may hold a password.
    #[arg(
        long,
        global = true,
        env = "PHOTOCHECK_DB",
        hide_env_values = true,
        value_name = "URL",
        help = "Database of the banks, sqlite:PATH or postgres://USER@HOST/DATABASE [default: \
                photocheck.sqlite in the user's data folder]"
    )]
    db: Option<String>,
    /// Create the database where there is none; without this, only the default one is. On a server
    /// the database must be there, and tables are made in it
    #[arg(long, global = true)]
    create: bool,
    /// Folder for the snapshot of the index of a database on a server; without it a program reads
    /// all banks when it starts
    #[arg(long, global = true, env = "PHOTOCHECK_INDEX_FOLDER", value_name = "DIR")]
    index_folder: Option<PathBuf>,
    /// Folder of a model to use instead of the built-in one, beside the folder of its trunk
    #[arg(long, global = true, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Policy file to use instead of the built-in one
    #[arg(long, global = true, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// What a command does with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It reads, so a database that cannot be written will do.
    Read,
    Write,
    /// It writes, and begins a new database where there is none.
    Begin,
}

impl SharedArgs {
    /// Which database is meant, and how it is opened.
    ///
    /// # Errors
    /// When none is named and the user has no data folder.
    pub fn database(&self, to: Use) -> anyhow::Result<DatabaseConfig> {
        let (url, is_default) = match &self.db {
            Some(url) => (url.clone(), false),
            None => (default_url()?, true),
        };
        let opening = Opening {
            // A mistyped name must not become a database that clears every photo.
            create: to == Use::Begin || self.create || is_default,
            read_only_will_do: to == Use::Read,
            snapshot_folder: self.index_folder.clone(),
            ..Opening::default()
        };
        Ok(DatabaseConfig { url, opening })
    }

    /// A configuration for a command that answers no requests and keeps no sightings.
    ///
    /// # Errors
    /// As [`Self::database`].
    pub fn config(&self, to: Use, lookups: Lookups, gate: GateConfig) -> anyhow::Result<Config> {
        Ok(Config {
            database: self.database(to)?,
            models: self.models(),
            lookups,
            gate,
            sightings: None,
            access: AccessConfig::Nobody,
        })
    }

    /// Loads the models and the policy.
    ///
    /// # Errors
    /// As [`models::load_checker`].
    pub fn checker(&self) -> anyhow::Result<Checker> {
        models::load_checker(&self.models())
    }

    fn models(&self) -> ModelsConfig {
        ModelsConfig { model: self.model.clone(), policy: self.policy.clone() }
    }
}

fn default_url() -> anyhow::Result<String> {
    let folder = dirs::data_dir();
    let folder = folder.context("there is no data folder of a user: name a database with --db")?;
    let file = folder.join("photocheck").join("photocheck.sqlite");
    Ok(format!("sqlite:{}", file.display()))
}

/// Runs async work of a command that is otherwise synchronous.
///
/// # Errors
/// When the work fails, or no runtime can be started.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let done = runtime.block_on(work);
    // A thread may still wait for input that never comes.
    runtime.shutdown_background();
    done
}
