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
use crate::http::{self, App};
use crate::live::LiveIndex;
use crate::telemetry;

/// Requests that may wait for each core before others are turned away.
const WAITING_PER_CORE: usize = 16;

/// The same on a small machine, in all.
const WAITING_MIN: usize = 32;

#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Token that /v1/banks asks for; without one the banks are open on loopback addresses only
    #[arg(long, env = "PHOTOCHECK_BANK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    bank_token: Option<String>,
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
        let live = LiveIndex::load(store.clone(), checker.policy().pdq_quality_min()).await?;
        let follower = live.clone();
        tokio::spawn(async move { follower.follow().await });
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let gate = Gate::new(cores, WAITING_MIN.max(cores * WAITING_PER_CORE));
        let bank_door = BankDoor::new(args.bank_token.as_deref(), args.listen.ip().is_loopback());
        let sightings = args.seen.open(&store, &live, &checker).await?;
        if let Some(sightings) = sightings.clone() {
            tokio::spawn(async move { sightings.follow().await });
        }
        let app = App { checker, store: store.clone(), live, gate, bank_door, sightings };
        let app = Arc::new(app);
        let listener = TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("cannot listen on {}", args.listen))?;
        let address = listener.local_addr()?;
        tracing::info!(%address, "listening");
        // For whoever started it: the port is known only now when 0 was asked for.
        writeln!(std::io::stdout(), "photocheck listens on http://{address}")?;
        http::server::serve(listener, http::router(app), asked_to_stop()).await;
        tracing::info!("stopped");
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
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
