//! `photocheck key`: the API keys that programs send to the service.

use std::io::{self, Write};
use std::num::{NonZeroU16, NonZeroU32};
use std::process::ExitCode;

use clap::Subcommand;

use super::output::sanitized;
use super::shared::{SharedArgs, Use, block_on};
use crate::app::tenants::{KeyOrder, MadeKey, Tenants};
use crate::clock::{self, DAY_S};
use crate::store::StoredKey;
use crate::tenancy::{Caller, KeyLimits, KeyName, KeyScopes, TenantId, TenantName};

#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key and print it, once. From the first key on the service asks every call for one
    Create(CreateArgs),
    /// List keys, without their secrets
    List {
        /// Those of this tenant; all where it is left out
        #[arg(long, value_name = "NAME")]
        tenant: Option<String>,
    },
    /// Revoke a key, by the id that `list` shows. Every machine refuses it within a second
    Revoke {
        /// Id of the key
        id: String,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// Tenant that the key is for
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
    /// What it may be used for, separated by commas: check, bank:read, bank:write, review, admin
    #[arg(long, value_delimiter = ',', required = true)]
    scopes: Vec<String>,
    /// What it is for, at most 100 bytes
    #[arg(long)]
    name: String,
    /// Days until it expires [default: it does not]
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<NonZeroU16>,
    /// Requests a minute, on each machine [default: as serve --requests-per-minute]
    #[arg(long, value_name = "COUNT")]
    requests_per_minute: Option<NonZeroU32>,
    /// Requests a day in UTC, on all machines together [default: no limit]
    #[arg(long, value_name = "COUNT")]
    requests_per_day: Option<NonZeroU32>,
}

/// Does what was asked.
///
/// # Errors
/// When the database fails or what was asked for cannot be done.
pub fn run(args: &KeyArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let to = match args.command {
        KeyCommand::List { .. } => Use::Read,
        KeyCommand::Create(_) | KeyCommand::Revoke { .. } => Use::Write,
    };
    let database = shared.database(to)?;
    block_on(async {
        let tenants = Tenants::open(&database).await?;
        let done = run_on(&tenants, &args.command).await;
        tenants.store().close().await;
        done.map(|()| ExitCode::SUCCESS)
    })
}

async fn run_on(tenants: &Tenants, command: &KeyCommand) -> anyhow::Result<()> {
    let operator = Caller::on_command_line(TenantId::DEFAULT);
    match command {
        KeyCommand::Create(args) => {
            let MadeKey { key, stored } = tenants.make_key(&operator, args.read()?).await?;
            // Alone on standard output, so that a script can keep it where it belongs.
            writeln!(io::stdout(), "{}", key.reveal())?;
            let StoredKey { id, tenant_name, scopes, .. } = stored;
            writeln!(
                io::stderr(),
                "made the key {id} of {tenant_name} for {scopes}; it is shown only now"
            )?;
        }
        KeyCommand::List { tenant } => {
            let tenant = tenant.as_deref().map(TenantName::new).transpose()?;
            for key in tenants.keys(&operator, tenant.as_ref()).await? {
                writeln!(io::stdout(), "{}", key_line(&key))?;
            }
        }
        KeyCommand::Revoke { id } => {
            tenants.revoke_key(&operator, id).await?;
            writeln!(io::stdout(), "revoked {id}")?;
        }
    }
    Ok(())
}

impl CreateArgs {
    fn read(&self) -> anyhow::Result<KeyOrder> {
        Ok(KeyOrder {
            tenant: Some(TenantName::new(&self.tenant)?),
            name: KeyName::new(&self.name)?,
            scopes: KeyScopes::from_names(self.scopes.iter().map(String::as_str))?,
            expires_in_days: self.expires_in_days.map(NonZeroU32::from),
            limits: KeyLimits {
                per_minute: self.requests_per_minute,
                per_day: self.requests_per_day,
            },
        })
    }
}

/// Id, tenant, scopes, state, last use and name, separated by tabs.
fn key_line(key: &StoredKey) -> String {
    let now_s = clock::now_s();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(at)) if at <= now_s => "expired".to_owned(),
        (None, Some(at)) => format!("valid for {} days", (at - now_s + DAY_S - 1) / DAY_S),
        (None, None) => "valid".to_owned(),
    };
    let used = match key.last_used_at {
        None => "never used".to_owned(),
        Some(at) => format!("used {} days ago", (now_s - at) / DAY_S),
    };
    let StoredKey { id, tenant_name, scopes, name, .. } = key;
    format!("{id}\t{tenant_name}\t{scopes}\t{state}\t{used}\t{}", sanitized(name.as_str()))
}
