//! `photocheck audit`: what was done, by whom, and whether that log is as it was written.

use std::io::{self, Write};
use std::process::ExitCode;

use chrono::DateTime;
use clap::Subcommand;

use super::exit;
use super::output::sanitized;
use super::shared::{SharedArgs, Use, block_on};
use crate::app::tenants::Tenants;
use crate::audit::{Entry, Head};
use crate::tenancy::{Caller, TenantId, TenantName};

#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Print the log of a tenant: number, time, who, what, to what, hash, separated by tabs
    Show {
        /// Tenant whose log it is
        #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
        tenant: String,
        /// Only entries after this number
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        after: i64,
    },
    /// Verify that no entry was changed, removed or moved, and print the end of each log, to be
    /// noted elsewhere. The exit code is 0 when all are as written, 1 when one is not
    Verify {
        /// Tenant whose log is verified; all where it is left out
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
        /// An end that was noted before, which must still be in the log of the tenant
        #[arg(long, value_name = "NUMBER:HASH", requires = "tenant", value_parser = Head::read)]
        noted: Option<Head>,
    },
}

/// Entries that are in memory at once.
const PAGE: u16 = 1000;

/// Does what was asked.
///
/// # Errors
/// When the database fails, or there is no such tenant.
pub fn run(args: &AuditArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let database = shared.database(Use::Read)?;
    block_on(async {
        let tenants = Tenants::open(&database).await?;
        let done = match &args.command {
            AuditCommand::Show { tenant, after } => show(&tenants, tenant, *after).await,
            AuditCommand::Verify { tenant, noted } => {
                verify(&tenants, tenant.as_deref(), noted.as_ref()).await
            }
        };
        tenants.store().close().await;
        done
    })
}

async fn show(tenants: &Tenants, tenant: &str, mut after: i64) -> anyhow::Result<ExitCode> {
    let tenant = tenants.store().tenant(&TenantName::new(tenant)?).await?;
    let caller = Caller::on_command_line(tenant.id);
    let mut out = io::stdout().lock();
    loop {
        let (entries, _) = tenants.audit_entries(&caller, after, PAGE).await?;
        for entry in &entries {
            writeln!(out, "{}", line(entry))?;
        }
        match entries.last() {
            Some(last) => after = last.number,
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

fn line(entry: &Entry) -> String {
    let Entry { number, at, actor, action, subject, hash } = entry;
    let at = DateTime::from_timestamp(*at, 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ");
    let texts = [actor, action, subject, hash].map(|text| sanitized(text)).join("\t");
    format!("{number}\t{at}\t{texts}")
}

async fn verify(
    tenants: &Tenants,
    tenant: Option<&str>,
    noted: Option<&Head>,
) -> anyhow::Result<ExitCode> {
    let operator = Caller::on_command_line(TenantId::DEFAULT);
    let verified = match tenant {
        Some(name) => vec![tenants.store().tenant(&TenantName::new(name)?).await?],
        None => tenants.list(&operator).await?,
    };
    let mut code = ExitCode::SUCCESS;
    for tenant in verified {
        let name = &tenant.name;
        match tenants.verify_audit(&operator, &tenant, noted.cloned()).await? {
            Ok(Head { number: 0, .. }) => writeln!(io::stdout(), "{name}: no entries")?,
            Ok(head) => {
                let count = head.number;
                writeln!(io::stdout(), "{name}: {count} entries as written, end {head}")?;
            }
            Err(broken) => {
                writeln!(io::stdout(), "{name}: not as written: {broken}")?;
                code = exit::not_verified();
            }
        }
    }
    Ok(code)
}
