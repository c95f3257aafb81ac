//! `photocheck bank add`: banking photos, and saying what comes of it.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use super::files;
use super::inputs::InputArgs;
use super::output;
use super::{SharedArgs, bank};
use crate::clock;
use crate::live::LiveIndex;
use crate::retro::{self, Banked};
use crate::store::{Bank, BankName, ExternalId, NewContent, Note, SeenBefore, Store};
use photocheck_core::bank::{Opinion, Purpose};
use photocheck_core::matching::Matcher;
use photocheck_core::matching::hashes::PdqQuality;
use photocheck_core::matching::index::Index;

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
    #[arg(long, default_value = "confirmed", value_parser = bank::opinions())]
    opinion: Opinion,
    /// Keep them, but do not match photos against them
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
    let index = index_of_seen(store, checker.matcher()).await?;
    let mut trouble = false;
    for input in args.inputs.read()? {
        let (path, hashed) = files::views(input.found, &checker);
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
            quarantined: String::new(),
            added_at: clock::now_s(),
        };
        let matches = checker.matches(&photo, &index);
        let seen = retro::seen_among(matches.iter().map(|found| (&*found.bank, found.content)));
        let banked = retro::bank_photo(store, checker.policy(), &name, content, &seen).await?;
        let lines = lines_of(&banked, &path, hashes.pdq_quality, checker.matcher());
        io::stdout().write_all(lines.as_bytes())?;
    }
    Ok(if trouble { ExitCode::from(output::TROUBLE) } else { ExitCode::SUCCESS })
}

/// The index that photos seen before are looked up in; an empty one where there are none.
async fn index_of_seen(store: &Store, matcher: &Matcher) -> anyhow::Result<Arc<Index>> {
    let has_seen = |bank: &Bank| bank.purpose == Purpose::Seen && 0 < bank.contents;
    if !store.banks().await?.iter().any(has_seen) {
        return Ok(Arc::default());
    }
    Ok(LiveIndex::load(store.clone(), matcher.thresholds().pdq_quality_min).await?.index())
}

/// What became of the photo; each line has a word for what it tells, the id and the telling.
fn lines_of(banked: &Banked, path: &str, quality: PdqQuality, matcher: &Matcher) -> String {
    let id = banked.id.0;
    let what = if banked.added { "added" } else { "already there" };
    let mut lines = vec![format!("{what}\t{id}\t{path}\n")];
    if !matcher.is_comparable(quality) {
        let (quality, least) = (quality.value(), matcher.thresholds().pdq_quality_min);
        let why = format!("too little detail, quality {quality} of at least {least}");
        lines.push(format!("not looked up\t{id}\t{why}\n"));
    }
    if !banked.quarantined.is_empty() {
        lines.push(format!("quarantined\t{id}\t{}\n", banked.quarantined));
    }
    lines.extend(banked.seen_before.iter().map(|seen| {
        let SeenBefore { bank, content, accounts, last_seen_at } = seen;
        let plural = if *accounts == 1 { "" } else { "s" };
        let last = last_seen_at.map(|at| format!(", last {}", ago(at))).unwrap_or_default();
        let told = format!("content {} of {bank}, {accounts} account{plural}{last}", content.0);
        format!("seen before\t{id}\t{told}\n")
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
