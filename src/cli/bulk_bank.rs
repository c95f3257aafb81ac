//! `photocheck bulk bank`: photos that somebody chose among the results of a job go into a bank.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use photocheck_core::bank::{BankName, ExternalId, Note, Opinion};
use sha2::{Digest, Sha256};

use super::bank_add::banked_lines;
use super::bulk_report::open;
use super::exit::Tally;
use super::output::sanitized;
use super::shared::{SharedArgs, Use, block_on};
use super::values;
use crate::app::App;
use crate::app::bank_photo::NewPhoto;
use crate::app::error::{AppError, Refusal};
use crate::bulk::entry::read_file;
use crate::bulk::state::State;
use crate::config::{GateConfig, Lookups};
use crate::tenancy::{Caller, TenantName};

#[derive(Debug, clap::Args)]
pub struct BankArgs {
    /// Folder of the job
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The rows that you chose: a table of the results with the other rows taken out. Its columns
    /// path and sha256 are read
    #[arg(long, value_name = "FILE")]
    rows: PathBuf,
    /// Name of the bank
    #[arg(long, value_name = "NAME")]
    bank: String,
    /// Tenant that the bank belongs to
    #[arg(long, default_value = TenantName::DEFAULT, value_name = "NAME")]
    tenant: String,
    /// Where the photos come from, at most 1,000 bytes
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// How sure you are of them
    #[arg(long, default_value = "confirmed", value_parser = values::opinion())]
    opinion: Opinion,
}

/// A row that was chosen.
struct Chosen {
    path: String,
    /// Of the bytes that were checked; empty if the table does not have it.
    sha256: String,
}

/// Banks the photos, a line each.
///
/// # Errors
/// When the folder has no job, the table has no paths, the database fails, or the bank takes no
/// photos.
pub fn run(args: &BankArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let name = BankName::new(&args.bank)?;
    let tenant = TenantName::new(&args.tenant)?;
    let new = NewPhoto {
        note: Note::new(&args.note)?,
        external_id: ExternalId::default(),
        opinion: args.opinion,
        enabled: true,
    };
    let chosen = read(&args.rows).with_context(|| args.rows.display().to_string())?;
    let config = shared.config(Use::Write, Lookups::Sightings, GateConfig::for_list())?;
    block_on(async {
        let state = open(&args.folder).await?;
        let app = App::open(config).await?;
        let done = bank_all(&app, &tenant, &state, &chosen, &name, &new).await;
        app.close().await;
        state.close().await;
        done
    })
}

fn read(rows: &Path) -> anyhow::Result<Vec<Chosen>> {
    let mut table = csv::Reader::from_path(rows)?;
    let names = table.headers()?.clone();
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let path = place("path").context("it has no column path")?;
    let sha256 = place("sha256");
    let mut chosen = Vec::new();
    for row in table.records() {
        let row = row?;
        let field = |place: usize| row.get(place).unwrap_or_default().to_owned();
        chosen.push(Chosen { path: field(path), sha256: sha256.map(field).unwrap_or_default() });
    }
    Ok(chosen)
}

async fn bank_all(
    app: &App,
    tenant: &TenantName,
    state: &State,
    chosen: &[Chosen],
    name: &BankName,
    new: &NewPhoto,
) -> anyhow::Result<ExitCode> {
    let caller = Caller::on_command_line(app.store().tenant(tenant).await?.id);
    app.banks_by(&caller).show(name).await?;
    let tally = Tally::default();
    for one in chosen {
        let path = sanitized(&one.path);
        let banked = match bytes_of(one, state.file_of(&one.path).await?) {
            Ok(photo) => match app.bank_photo(&caller, name, photo, new.clone()).await {
                Err(AppError::Refused(Refusal::Photo(error))) => Err(error.to_string()),
                banked => Ok(banked?),
            },
            Err(why) => Err(why),
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

/// The bytes that were checked: a photo that was replaced since is another one.
fn bytes_of(chosen: &Chosen, file: Option<String>) -> Result<Vec<u8>, String> {
    let file = file.ok_or("the job read no file of this path; add it with bank add")?;
    let bytes = read_file(Path::new(&file)).map_err(|why| why.message)?;
    let is_same = chosen.sha256.is_empty() || hex::encode(Sha256::digest(&bytes)) == chosen.sha256;
    if is_same { Ok(bytes) } else { Err("the file has changed since it was checked".into()) }
}
