//! `photocheck config`: what is in force, and where each value comes from.

use std::io::Write;
use std::process::ExitCode;

use super::serve::ServeArgs;
use super::shared::SharedArgs;

/// What `serve` takes, to see what it would do.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Prints the settings that `serve` with these flags would have, secrets masked.
///
/// # Errors
/// When some are not valid; the error names all of them.
pub fn run(args: &ConfigArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let mut settings = shared.settings(args.serve.flags())?;
    write!(std::io::stdout(), "{}", settings.shown())?;
    ServeArgs::read(shared, &mut settings);
    settings.ensure_no_faults()?;
    Ok(ExitCode::SUCCESS)
}
