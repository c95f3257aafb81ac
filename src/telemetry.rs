//! Structured logs of the service: JSON lines on standard error.

use tracing_subscriber::EnvFilter;

/// Starts logging what the filter lets through, as `tracing` filters are written.
pub fn start(filter: EnvFilter) {
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
