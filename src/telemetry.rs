//! Structured logs of the service: JSON lines on standard error.

use tracing_subscriber::EnvFilter;

/// Starts logging. `PHOTOCHECK_LOG` chooses what (as `tracing` filters are written); by default
/// one line a request and all failures.
pub fn start() {
    let filter = EnvFilter::try_from_env("PHOTOCHECK_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,photocheck=info,tower_http=info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
