//! `photocheck serve`: the HTTP service, until it is asked to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use super::seen::SeenArgs;
use super::{SharedArgs, block_on};
use crate::gate::Gate;
use crate::http::guard::BankDoor;
use crate::http::upload::Uploads;
use crate::http::{self, App};
use crate::live::LiveIndex;
use crate::store::Store;
use crate::telemetry;
use crate::token::{self, BankToken};

/// Requests that may wait for each core before others are turned away.
const WAITING_PER_CORE: usize = 16;

/// The same on a small machine, in all.
const WAITING_MIN: usize = 32;

#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Token that /v1/banks asks for [default: one made at first start, in a file beside the
    /// database]
    #[arg(long, env = "PHOTOCHECK_BANK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    bank_token: Option<String>,
    /// Ask for no token: whoever reaches the port may list, change and export the banks
    #[arg(long, conflicts_with = "bank_token")]
    banks_open_to_everybody: bool,
    #[command(flatten)]
    seen: SeenArgs,
}

/// Serves until SIGINT or SIGTERM, then finishes what it has accepted.
///
/// # Errors
/// When the models, the database or the address cannot be had.
pub fn run(args: &ServeArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    telemetry::start();
    let checker = Arc::new(shared.checker()?);
    block_on(async {
        let store = shared.store().await?;
        let live =
            LiveIndex::load(store.clone(), checker.matcher().thresholds().pdq_quality_min).await?;
        let follower = live.clone();
        tokio::spawn(async move { follower.follow().await });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let gate = Gate::new(cores, WAITING_MIN.max(cores * WAITING_PER_CORE));
        let (bank_door, told) = args.bank_door(&store)?;
        let sightings = args.seen.open(&store, &live, &checker).await?;
        if let Some(sightings) = sightings.clone() {
            tokio::spawn(async move { sightings.follow().await });
        }
        let uploads = Uploads::new(gate);
        let app = App { checker, store: store.clone(), live, uploads, bank_door, sightings };
        let app = Arc::new(app);
        let listener = TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("cannot listen on {}", args.listen))?;
        let address = listener.local_addr()?;
        tracing::info!(%address, "listening");
        // For whoever started it: the port is known only now when 0 was asked for.
        writeln!(std::io::stdout(), "photocheck listens on http://{address}\n{told}")?;
        http::server::serve(listener, http::router(app), asked_to_stop()).await;
        tracing::info!("stopped");
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

impl ServeArgs {
    /// Who may use the banks, and that in words. The token itself is in none of them: what a
    /// service prints is kept in logs.
    fn bank_door(&self, store: &Store) -> anyhow::Result<(BankDoor, String)> {
        if self.banks_open_to_everybody {
            let told = "the banks are open to everybody who reaches this port";
            return Ok((BankDoor::Everybody, told.to_owned()));
        }
        if let Some(token) = &self.bank_token {
            let token = BankToken::new(token).context("PHOTOCHECK_BANK_TOKEN")?;
            let told = "the banks ask for the token in PHOTOCHECK_BANK_TOKEN";
            return Ok((BankDoor::with_token(&token), told.to_owned()));
        }
        let file = store.file().context("a database in memory needs PHOTOCHECK_BANK_TOKEN")?;
        let path = token::path_beside(file);
        let token = BankToken::read_or_make(&path)
            .context("PHOTOCHECK_BANK_TOKEN is not set, so the token is kept in a file")?;
        let told = format!("the banks ask for the token in {}", path.display());
        Ok((BankDoor::with_token(&token), told))
    }
}

async fn asked_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
