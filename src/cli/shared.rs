//! What every command takes, and how it becomes the configuration.

use std::convert::Infallible;
use std::path::PathBuf;

use anyhow::Context;
use photocheck_core::checker::Checker;

use super::settings::{Flag, Settings};
use crate::app::models;
use crate::config::{Config, DatabaseConfig, GateConfig, Lookups, ModelsConfig, PolicyChoice};
use crate::store::Opening;

/// Options of every command.
#[derive(Debug, clap::Args)]
pub struct SharedArgs {
    /// File of settings, TOML; the environment and flags outrank it (`photocheck config` shows what
    /// is in force)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(
        long,
        global = true,
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
    #[arg(long, global = true, value_name = "DIR")]
    index_folder: Option<String>,
    /// Folder of a model to use instead of the built-in one, beside the folder of its trunk
    #[arg(long, global = true, value_name = "DIR")]
    model: Option<String>,
    /// What counts against a photo: strict (made by AI counts), label (made by AI is said, and does
    /// not count), or a policy file of your own (docs/answers.md) [default: strict]
    #[arg(long, global = true, value_name = "strict|label|FILE")]
    policy: Option<String>,
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
    /// What these flags say and those of the command, the environment, and the file.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn settings(&self, flags: Vec<Flag>) -> anyhow::Result<Settings> {
        let own = [
            ("db", self.db.clone()),
            ("index_folder", self.index_folder.clone()),
            ("model", self.model.clone()),
            ("policy", self.policy.clone()),
        ];
        Settings::read(own.into_iter().chain(flags).collect(), self.config.as_deref())
    }

    /// Which database is meant, and how it is opened.
    ///
    /// # Errors
    /// When none is named and the user has no data folder, or a setting is not valid.
    pub fn database(&self, to: Use) -> anyhow::Result<DatabaseConfig> {
        let mut settings = self.settings(Vec::new())?;
        let database = self.read_database(to, &mut settings);
        settings.ensure_no_faults()?;
        database.context("no database is named")
    }

    /// A configuration for a command that answers no requests and keeps no sightings.
    ///
    /// # Errors
    /// As [`Self::database`].
    pub fn config(&self, to: Use, lookups: Lookups, gate: GateConfig) -> anyhow::Result<Config> {
        let mut settings = self.settings(Vec::new())?;
        let config = self.read(to, lookups, gate, &mut settings);
        settings.ensure_no_faults()?;
        config.context("no database is named")
    }

    /// What the settings mean; their faults are noted in them.
    pub(super) fn read(
        &self,
        to: Use,
        lookups: Lookups,
        gate: GateConfig,
        settings: &mut Settings,
    ) -> Option<Config> {
        let models = read_models(settings);
        let database = self.read_database(to, settings)?;
        Some(Config::without_service(database, models, lookups, gate))
    }

    fn read_database(&self, to: Use, settings: &mut Settings) -> Option<DatabaseConfig> {
        let is_default = settings.raw("db").is_none();
        let url = if is_default {
            default_url().map_err(|error| settings.note_fault(error.to_string())).ok()
        } else {
            settings.take("db", |url| Ok::<_, Infallible>(url.to_owned()))
        };
        let opening = Opening {
            // A mistyped name must not become a database that clears every photo.
            create: to == Use::Begin || self.create || is_default,
            read_only_will_do: to == Use::Read,
            snapshot_folder: settings.raw("index_folder").map(PathBuf::from),
            ..Opening::default()
        };
        Some(DatabaseConfig { url: url?, opening })
    }

    /// Loads the models and the policy.
    ///
    /// # Errors
    /// As [`models::load_checker`], or when a setting is not valid.
    pub fn checker(&self) -> anyhow::Result<Checker> {
        let settings = self.settings(Vec::new())?;
        let models = read_models(&settings);
        settings.ensure_no_faults()?;
        models::load_checker(&models)
    }
}

fn read_models(settings: &Settings) -> ModelsConfig {
    ModelsConfig {
        model: settings.raw("model").map(PathBuf::from),
        policy: settings.raw("policy").map(PolicyChoice::from).unwrap_or_default(),
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
