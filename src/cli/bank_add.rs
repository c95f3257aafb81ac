//! `photocheck bank add`: banking photos, and saying what comes of it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use super::files;
use super::output;
use super::{SharedArgs, bank};
use crate::clock;
use crate::core::banks::Opinion;
use crate::store::{BankName, ExternalId, NewContent, Note, Store};

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    name: String,
    /// Photos, and folders of photos
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where they come from, at most 1,000 bytes
    #[arg(long, default_value = "")]
    note: String,
    /// What somebody else calls them, at most 256 bytes
    #[arg(long, default_value = "", value_name = "ID")]
    external_id: String,
    /// What is thought of them
    #[arg(long, default_value = "confirmed", value_parser = bank::opinions())]
    opinion: Opinion,
    /// Keep them, but do not look them up
    #[arg(long)]
    disabled: bool,
}

/// Adds the photos, a line each and more lines where there is more to say.
///
/// # Errors
/// When the database fails, or the bank takes no photos.
pub async fn run(store: &Store, args: &AddArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let name = BankName::new(&args.name)?;
    let (note, external_id) = (Note::new(&args.note)?, ExternalId::new(&args.external_id)?);
    store.bank(&name).await?;
    let checker = shared.checker()?;
    let mut trouble = false;
    for found in files::expand(&args.paths) {
        let (path, hashed) = files::views(found, &checker);
        let path = output::harmless(&path.display().to_string());
        let photo = match hashed {
            Ok(views) => views,
            Err(reason) => {
                trouble = true;
                writeln!(io::stderr(), "not added\t{path}\t{reason}")?;
                continue;
            }
        };
        let hashes = photo.hashes;
        let content = NewContent {
            hashes,
            views: photo.banked().collect(),
            note: note.clone(),
            external_id: external_id.clone(),
            opinion: args.opinion,
            enabled: !args.disabled,
            added_at: clock::now_s(),
        };
        let (id, added) = store.add_content(&name, &content).await?;
        let what = if added { "added" } else { "already there" };
        writeln!(io::stdout(), "{what}\t{}\t{path}", id.0)?;
        let policy = checker.policy();
        if !policy.is_comparable(hashes.pdq_quality) {
            let (quality, least) = (hashes.pdq_quality.value(), policy.pdq_quality_min());
            let why = format!("too little detail, quality {quality} of at least {least}");
            writeln!(io::stdout(), "not looked up\t{}\t{why}", id.0)?;
        }
    }
    Ok(if trouble { ExitCode::from(output::TROUBLE) } else { ExitCode::SUCCESS })
}
