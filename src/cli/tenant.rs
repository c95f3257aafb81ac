//! `photocheck tenant`: platforms whose banks, sightings and keys are apart from each other's.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Subcommand;
use photocheck_core::bank::BankName;

use super::shared::{SharedArgs, Use, block_on};
use crate::app::tenants::{Share, Tenants};
use crate::store::{Erased, Tenant};
use crate::tenancy::{Caller, TenantId, TenantName};

#[derive(Debug, clap::Args)]
pub struct TenantArgs {
    #[command(subcommand)]
    command: TenantCommand,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Create a tenant that has nothing yet
    Create {
        /// 1 to 40 characters: a-z, 0-9 and -, no - at its ends
        name: String,
    },
    /// List all tenants
    List,
    /// Erase a tenant: its banks, photos, sightings and keys. Nothing brings them back
    Erase {
        /// Name of the tenant
        name: String,
        /// Its name again, so that no slip of the hand erases another
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Let another tenant look photos up in a bank. It can neither change nor export it
    Share(ShareArgs),
    /// Share a bank no longer
    Unshare(ShareArgs),
}

#[derive(Debug, clap::Args)]
struct ShareArgs {
    /// Name of the bank
    bank: String,
    /// Whose bank it is
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "TENANT")]
    from: String,
    /// Who is to look photos up in it
    #[arg(long, value_name = "TENANT")]
    with: String,
}

/// Does what was asked.
///
/// # Errors
/// When the database fails or what was asked for cannot be done.
pub fn run(args: &TenantArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let to = match args.command {
        TenantCommand::List => Use::Read,
        TenantCommand::Create { .. } => Use::Begin,
        TenantCommand::Erase { .. } | TenantCommand::Share(_) | TenantCommand::Unshare(_) => {
            Use::Write
        }
    };
    let database = shared.database(to)?;
    block_on(async {
        let tenants = Tenants::open(&database).await?;
        let done = run_on(&tenants, &args.command).await;
        tenants.store().close().await;
        done.map(|()| ExitCode::SUCCESS)
    })
}

async fn run_on(tenants: &Tenants, command: &TenantCommand) -> anyhow::Result<()> {
    let operator = Caller::on_command_line(TenantId::DEFAULT);
    let mut out = io::stdout();
    match command {
        TenantCommand::Create { name } => {
            let Tenant { name, .. } = tenants.create(&operator, &TenantName::new(name)?).await?;
            writeln!(out, "created {name}")?;
        }
        TenantCommand::List => {
            for Tenant { name, .. } in tenants.list(&operator).await? {
                writeln!(out, "{name}")?;
            }
        }
        TenantCommand::Erase { name, confirm } => {
            anyhow::ensure!(name == confirm, "nothing was erased: --confirm must be {name}");
            let erased = tenants.erase(&operator, &TenantName::new(name)?).await?;
            let Erased { banks, contents, sightings, keys } = erased;
            writeln!(
                out,
                "erased {name}: {banks} banks, {contents} photos, {sightings} sightings, \
                 {keys} keys"
            )?;
        }
        TenantCommand::Share(args) => {
            tenants.share(&operator, &args.read()?).await?;
            writeln!(out, "{} looks photos up in {}/{}", args.with, args.from, args.bank)?;
        }
        TenantCommand::Unshare(args) => {
            tenants.unshare(&operator, &args.read()?).await?;
            writeln!(out, "{} no longer sees {}/{}", args.with, args.from, args.bank)?;
        }
    }
    Ok(())
}

impl ShareArgs {
    fn read(&self) -> anyhow::Result<Share> {
        Ok(Share {
            owner: TenantName::new(&self.from)?,
            bank: BankName::new(&self.bank)?,
            with: TenantName::new(&self.with)?,
        })
    }
}
