//! `photocheck webhook`: for developers of the other side, who receive webhooks.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use clap::Subcommand;
use serde_json::{Value, json};
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};
use tokio::net::TcpListener;

use super::shared::block_on;
use super::stop_signals::StopSignals;
use crate::http::server;

/// Where the secret is read from: a list of processes would show a flag.
const SECRET_VARIABLE: &str = "PHOTOCHECK_WEBHOOK_SECRET";

#[derive(Debug, clap::Args)]
pub struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Receive webhooks and print each as a line of JSON, with whether its signature is right. The
    /// secret of the endpoint is read from `PHOTOCHECK_WEBHOOK_SECRET`
    Listen {
        /// Address and port to listen on
        #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS:PORT")]
        listen: SocketAddr,
    },
}

/// Does what was asked.
///
/// # Errors
/// When there is no secret, or the address cannot be had.
pub fn run(args: &WebhookArgs) -> anyhow::Result<ExitCode> {
    let WebhookCommand::Listen { listen } = args.command;
    let secret = std::env::var(SECRET_VARIABLE);
    let secret = secret.with_context(|| format!("{SECRET_VARIABLE} is not set"))?;
    // The error of the library may repeat the secret.
    let webhook = Webhook::new(secret.trim());
    let webhook = webhook.ok().with_context(|| {
        format!("{SECRET_VARIABLE} is no secret of an endpoint: one begins with whsec_")
    })?;
    block_on(serve(listen, webhook))
}

async fn serve(listen: SocketAddr, webhook: Webhook) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let routes = Router::new().fallback(receive).with_state(Arc::new(webhook));
    let mut signals = StopSignals::new().context("cannot wait for signals")?;
    writeln!(io::stderr(), "photocheck listens for webhooks on http://{address}")?;
    server::serve(listener, routes, async move {
        signals.next().await;
    })
    .await;
    Ok(ExitCode::SUCCESS)
}

/// Prints what arrives. What is not signed rightly is answered so that it is sent again.
async fn receive(
    State(webhook): State<Arc<Webhook>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let verified = webhook.verify(&body, &headers);
    let id = headers.get(HEADER_WEBHOOK_ID).and_then(|id| id.to_str().ok());
    let text = String::from_utf8_lossy(&body);
    let event = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text));
    let problem = verified.as_ref().err().map(ToString::to_string);
    let line = json!({
        "id": id,
        "verified": verified.is_ok(),
        "problem": problem,
        "event": event,
    });
    if writeln!(io::stdout(), "{line}").is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    if verified.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
}
