//! `photocheck serve`: the HTTP service, until it is asked to stop.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;

use super::shared::{SharedArgs, Use, block_on};
use super::sightings_args::SightingsArgs;
use crate::app::App;
use crate::app::access::{self, AccessConfig, BankToken};
use crate::config::{Config, GateConfig, Lookups};
use crate::http;
use crate::http::service::Service;
use crate::telemetry;

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
    sightings: SightingsArgs,
}

/// Serves until SIGINT or SIGTERM, then finishes what it has accepted.
///
/// # Errors
/// When the models, the database or the address cannot be had.
pub fn run(args: &ServeArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    telemetry::start();
    let access = args.access()?;
    let config = Config {
        sightings: args.sightings.config()?,
        access: access.clone(),
        ..shared.config(Use::Write, Lookups::All, GateConfig::for_service())?
    };
    block_on(async {
        let app = App::open(config).await?;
        app.follow();
        let listener = TcpListener::bind(args.listen)
            .await
            .with_context(|| format!("cannot listen on {}", args.listen))?;
        let address = listener.local_addr()?;
        tracing::info!(%address, "listening");
        // For whoever started it: the port is known only now when 0 was asked for.
        let who = who_may_use_banks(&access, app.banks.store().file());
        writeln!(std::io::stdout(), "photocheck listens on http://{address}\n{who}")?;
        let service = Arc::new(Service::new(app.clone()));
        http::server::serve(listener, http::router(service), asked_to_stop()).await;
        tracing::info!("stopped");
        app.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

impl ServeArgs {
    fn access(&self) -> anyhow::Result<AccessConfig> {
        Ok(match &self.bank_token {
            _ if self.banks_open_to_everybody => AccessConfig::Everybody,
            Some(token) => {
                AccessConfig::Token(BankToken::new(token).context("PHOTOCHECK_BANK_TOKEN")?)
            }
            None => AccessConfig::TokenFile,
        })
    }
}

/// Who may use the banks, in words. The token itself is in none of them: what a service prints is
/// kept in logs.
fn who_may_use_banks(access: &AccessConfig, database: Option<&Path>) -> String {
    match (access, database) {
        (AccessConfig::Everybody, _) => {
            "the banks are open to everybody who reaches this port".to_owned()
        }
        (AccessConfig::TokenFile, Some(file)) => {
            let path = access::path_beside(file);
            format!("the banks need the token in {}", path.display())
        }
        (AccessConfig::Token(_) | AccessConfig::TokenFile | AccessConfig::Nobody, _) => {
            "the banks need the token in PHOTOCHECK_BANK_TOKEN".to_owned()
        }
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
