//! `photocheck bulk report`: a page about a job, in one file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::bulk_page::{self, Facts, RingShown};
use super::bulk_thumbnail::Thumbnails;
use super::shared::block_on;
use crate::bulk::state::STATE;
use crate::bulk::state::State;

/// Values that a column may have to get a table of its own.
const VALUES_MAX: usize = 50;
/// Photos, accounts and rings that are shown.
const PHOTOS_MAX: u32 = 100;
const ACCOUNTS_MAX: u32 = 20;
const RINGS_MAX: usize = 50;
/// Paths that are shown of each code.
const PATHS_MAX: u32 = 5;

#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// Folder of the job
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Write the page to this file
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// Show small pictures of photos that are files. Whoever has the page then has them
    #[arg(long)]
    thumbnails: bool,
}

/// Writes the page.
///
/// # Errors
/// When the folder has no job, or the page cannot be written.
pub fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let facts = block_on(async {
        let state = open(&args.folder).await?;
        let facts = collect(&state, &args.folder).await;
        state.close().await;
        facts
    })?;
    let page = bulk_page::page(&facts, &Thumbnails { are_wanted: args.thumbnails });
    std::fs::write(&args.html, page).with_context(|| args.html.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the state of a job.
///
/// # Errors
/// When there is none.
pub async fn open(folder: &Path) -> anyhow::Result<State> {
    let file = folder.join(STATE);
    anyhow::ensure!(file.exists(), "{}: there is no job in this folder", folder.display());
    State::read(&file).await.with_context(|| file.display().to_string())
}

async fn collect(state: &State, folder: &Path) -> anyhow::Result<Facts> {
    let (with, columns) = state.run_with().await?;
    let counts = state.counts().await?;
    let mut by_column = Vec::new();
    for (place, name) in columns.iter().enumerate() {
        if let Some(values) = state.by_column(place, VALUES_MAX).await? {
            by_column.push((name.clone(), values));
        }
    }
    let mut refused = Vec::new();
    for (code, count) in &counts.errors {
        refused.push((code.clone(), *count, state.paths_of(code, PATHS_MAX).await?));
    }
    Ok(Facts {
        folder: folder.display().to_string(),
        with,
        scores: state.scores().await?,
        reasons: state.reasons().await?,
        accounts: state.accounts(ACCOUNTS_MAX).await?,
        suspicious: state.suspicious(PHOTOS_MAX).await?,
        rings: rings(state, folder).await?,
        counts,
        by_column,
        refused,
    })
}

/// The first rings of `rings.csv`; `None` where they were not looked for.
async fn rings(state: &State, folder: &Path) -> anyhow::Result<Option<(usize, Vec<RingShown>)>> {
    let path = folder.join("rings.csv");
    if !path.exists() {
        return Ok(None);
    }
    let mut table = csv::Reader::from_path(&path)?;
    let names = table.headers()?.clone();
    let (mut rings, mut count): (Vec<RingShown>, usize) = (Vec::new(), 0);
    for row in table.records() {
        let row = row?;
        let field = |name: &str| {
            let place = names.iter().position(|it| it == name);
            place.and_then(|place| row.get(place)).unwrap_or_default().to_owned()
        };
        count = count.max(field("ring").parse().unwrap_or_default());
        if RINGS_MAX < count {
            continue;
        }
        if rings.len() < count {
            let [accounts, photos, files] = ["accounts", "photos", "files"].map(field);
            rings.push(RingShown { accounts, photos, files, members: Vec::new() });
        }
        let (path, account) = (field("path"), field("account_id"));
        if let Some(ring) = rings.last_mut()
            && ring.members.len() < RingShown::MEMBERS_MAX
        {
            let file = state.file_of(&path).await?;
            ring.members.push((path, account, file));
        }
    }
    Ok(Some((count, rings)))
}
