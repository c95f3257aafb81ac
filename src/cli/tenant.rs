//! `photocheck tenant`: platforms whose banks, sightings and keys are apart from each other's.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;
use photocheck_core::bank::BankName;

use super::shared::{SharedArgs, Use, block_on};
use crate::app::own_policy::POLICY_BYTES_MAX;
use crate::app::policies::Policies;
use crate::app::tenants::{Share, Tenants};
use crate::config::{BundledPolicy, GateConfig, Lookups, PolicyChoice};
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
    /// List all tenants, each with its number
    List,
    /// Erase a tenant: its banks, photos, sightings and keys. Nothing brings them back
    Erase {
        /// Name of the tenant
        name: String,
        /// Its name again, so that no slip of the hand erases another
        #[arg(long, value_name = "NAME")]
        confirm: String,
    },
    /// Show or set the policy that decides about a tenant's photos
    Policy(PolicyArgs),
    /// Let another tenant look photos up in a bank. It can neither change nor export it
    Share(ShareArgs),
    /// Share a bank no longer
    Unshare(ShareArgs),
}

#[derive(Debug, clap::Args)]
#[group(id = "what", required = true, multiple = false)]
struct PolicyDo {
    /// Set it: strict, label, or a policy file of its own (docs/answers.md)
    #[arg(long, value_name = "strict|label|FILE")]
    set: Option<OsString>,
    /// Show it
    #[arg(long)]
    show: bool,
    /// Have the operator's policy decide again
    #[arg(long)]
    reset: bool,
}

#[derive(Debug, clap::Args)]
struct PolicyArgs {
    /// Name of the tenant
    name: String,
    #[command(flatten)]
    what: PolicyDo,
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
        TenantCommand::Policy(ref args) => return run_policy(args, shared),
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
            for Tenant { id, name, .. } in tenants.list(&operator).await? {
                writeln!(out, "{}\t{name}", id.0)?;
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
        // `run_policy` does it, with the operator's thresholds beside the database.
        TenantCommand::Policy(_) => {}
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

fn run_policy(args: &PolicyArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let to = if args.what.show { Use::Read } else { Use::Write };
    let config = shared.config(to, Lookups::Sightings, GateConfig::for_list())?;
    let name = TenantName::new(&args.name)?;
    // First what fails at once.
    let text = args.what.set.as_deref().map(read_policy).transpose()?;
    block_on(async {
        let policies = Policies::open(&config.database, &config.models).await?;
        let done = run_policy_on(&policies, &name, text.as_deref(), args.what.reset).await;
        policies.store().close().await;
        done.map(|()| ExitCode::SUCCESS)
    })
}

async fn run_policy_on(
    policies: &Policies,
    name: &TenantName,
    text: Option<&str>,
    reset: bool,
) -> anyhow::Result<()> {
    let caller = Caller::on_command_line(policies.store().tenant(name).await?.id);
    let mut out = io::stdout();
    if let Some(text) = text {
        let policy = policies.set(&caller, text).await?;
        writeln!(out, "{name} is judged by {} {}", policy.name, policy.version)?;
        return Ok(());
    }
    if reset {
        policies.reset(&caller).await?;
    }
    match policies.of(caller.tenant).await? {
        None => writeln!(out, "{name} is judged by the operator's policy")?,
        Some(policy) => {
            writeln!(out, "{name} is judged by {} {}", policy.name, policy.version)?;
            if BundledPolicy::from_name(&policy.text).is_none() {
                writeln!(out, "\n{}", policy.text.trim_end())?;
            }
        }
    }
    Ok(())
}

/// The name of a bundled policy, or the text of a file.
fn read_policy(choice: &OsStr) -> anyhow::Result<String> {
    match PolicyChoice::from(choice) {
        PolicyChoice::Bundled(bundled) => Ok(bundled.name().to_owned()),
        PolicyChoice::File(file) => {
            let named = || format!("the policy {} (bundled are strict and label)", file.display());
            let mut text = String::new();
            let opened = std::fs::File::open(&file).with_context(named)?;
            opened
                .take(POLICY_BYTES_MAX as u64 + 1)
                .read_to_string(&mut text)
                .with_context(named)?;
            Ok(text)
        }
    }
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
