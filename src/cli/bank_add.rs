//! `photocheck bank add`: banking photos, and saying what comes of it.

use std::io::{self, Write};
use std::process::ExitCode;

use photocheck_core::bank::{BankName, ExternalId, Note, Opinion};
use photocheck_core::matching::Matcher;

use super::exit::Tally;
use super::files;
use super::inputs::InputArgs;
use super::output::sanitized;
use super::shared::{SharedArgs, Use, block_on};
use super::values;
use crate::app::App;
use crate::app::bank_photo::{Banked, NewPhoto};
use crate::app::error::{AppError, Refusal};
use crate::clock;
use crate::config::{GateConfig, Lookups};
use crate::store::SeenBefore;
use crate::tenancy::{Caller, TenantName};

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// Name of the bank
    name: String,
    #[command(flatten)]
    inputs: InputArgs,
    /// Where the photos come from, at most 1,000 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// Id that someone else uses for them, at most 256 bytes
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    external_id: String,
    /// How sure you are of them
    #[arg(long, default_value = "confirmed", value_parser = values::opinion())]
    opinion: Opinion,
    /// Keep them, but do not match photos against them
    #[arg(long)]
    disabled: bool,
}

/// Adds the photos, a line each and more lines where there is more to say.
///
/// # Errors
/// When the database fails, or the bank takes no photos.
pub fn run(args: &AddArgs, tenant: &TenantName, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let name = BankName::new(&args.name)?;
    let new = NewPhoto {
        note: Note::new(&args.note)?,
        external_id: ExternalId::new(&args.external_id)?,
        opinion: args.opinion,
        enabled: !args.disabled,
    };
    let config = shared.config(Use::Write, Lookups::Sightings, GateConfig::for_list())?;
    block_on(async {
        let app = App::open(config).await?;
        let done = add_all(&app, args, tenant, &name, &new).await;
        app.close().await;
        done
    })
}

async fn add_all(
    app: &App,
    args: &AddArgs,
    tenant: &TenantName,
    name: &BankName,
    new: &NewPhoto,
) -> anyhow::Result<ExitCode> {
    let caller = Caller::on_command_line(app.store().tenant(tenant).await?.id);
    app.banks_by(&caller).show(name).await?;
    let tally = Tally::default();
    for input in args.inputs.read()? {
        let (path, photo) = files::read_found(input.found);
        let path = sanitized(&path.display().to_string());
        let banked = match photo {
            Ok(photo) => match app.bank_photo(&caller, name, photo, new.clone()).await {
                Err(AppError::Refused(Refusal::Photo(error))) => Err(error.to_string()),
                banked => Ok(banked?),
            },
            Err(error) => Err(error.to_string()),
        };
        match banked {
            Ok(banked) => {
                let lines = banked_lines(&banked, &path, app.checker().matcher());
                io::stdout().write_all(lines.as_bytes())?;
            }
            Err(reason) => {
                tally.note_trouble();
                writeln!(io::stderr(), "not added\t{path}\t{reason}")?;
            }
        }
    }
    Ok(tally.exit_code())
}

/// What became of the photo; each line begins with what it is about and the id.
pub(super) fn banked_lines(banked: &Banked, path: &str, matcher: &Matcher) -> String {
    let id = banked.id.0;
    let what = if banked.added { "added" } else { "already there" };
    let mut lines = vec![format!("{what}\t{id}\t{path}\n")];
    if !matcher.is_comparable(banked.pdq_quality) {
        let (quality, least) = (banked.pdq_quality.value(), matcher.thresholds().pdq_quality_min);
        let why = format!("too little detail: its quality is {quality}, the least is {least}");
        lines.push(format!("not looked up\t{id}\t{why}\n"));
    }
    if let Some(reason) = &banked.quarantined {
        lines.push(format!("quarantined\t{id}\t{reason}\n"));
    }
    lines.extend(banked.seen_before.iter().map(|seen| {
        let SeenBefore { bank, content, accounts, last_seen_at } = seen;
        let plural = if *accounts == 1 { "" } else { "s" };
        let last = last_seen_at.map(|at| format!(", last {}", ago(at))).unwrap_or_default();
        let where_seen =
            format!("content {} of {bank}, {accounts} account{plural}{last}", content.0);
        format!("seen before\t{id}\t{where_seen}\n")
    }));
    lines.concat()
}

fn ago(seconds: i64) -> String {
    const DAY_S: i64 = 24 * 60 * 60;
    match (clock::now_s() - seconds) / DAY_S {
        days if days < 1 => "less than a day ago".into(),
        1 => "1 day ago".into(),
        days => format!("{days} days ago"),
    }
}
