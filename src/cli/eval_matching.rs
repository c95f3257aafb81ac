//! `photocheck eval-matching`: which edited copies are found, and which different photos wrongly.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use image::RgbImage;
use indicatif::ProgressBar;
use rayon::prelude::*;

use super::files;
use super::matching_page;
use super::matching_report;
use super::matching_run::{FalseMatch, MatchingRun};
use super::output::{self, sanitized};
use super::shared::SharedArgs;
use photocheck_core::bank::{BankFacts, BankId, Purpose};
use photocheck_core::checker::Checker;
use photocheck_core::evaluation::edits::{Edit, Random};
use photocheck_core::evaluation::matching::{self, Method, PeerHashes, Totals};
use photocheck_core::matching::index::{ContentId, Entry, Index, Scope};
use photocheck_core::photo::Photo;
use photocheck_core::photo::reencode::uploaded;

#[derive(Debug, clap::Args)]
pub struct EvalMatchingArgs {
    /// Folder of photos that all show something different
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Seed for the edits; the same seed makes the same edits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Use only this many photos, spread evenly over the file names [default: all]
    #[arg(long, value_name = "N")]
    photos: Option<usize>,
    /// Also write a web page with tables and plots to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// A photo of the folder as its bank holds it.
struct Banked {
    path: PathBuf,
    entries: Vec<Entry>,
    hashes: PeerHashes,
}

/// A folder of photos, banked: what every lookup needs.
struct BankedFolder<'a> {
    checker: &'a Checker,
    index: Index,
    photos: Vec<Banked>,
    copies: BTreeSet<(usize, usize)>,
    seed: u64,
}

/// What came of the lookups of some photos.
#[derive(Default)]
struct Lookups {
    totals: Totals,
    false_matches: Vec<FalseMatch>,
}

/// Banks every photo in memory, looks up every edit of it, and prints the figures.
///
/// # Errors
/// When there are not two photos, a file changes meanwhile, or something cannot be written.
pub fn run(args: &EvalMatchingArgs, shared: &SharedArgs) -> anyhow::Result<ExitCode> {
    let checker = shared.checker()?;
    let run = measure(args, &checker)?;
    if let Some(file) = &args.html {
        std::fs::write(file, matching_page::page(&run))
            .with_context(|| file.display().to_string())?;
    }
    let text = if args.json { matching_report::json(&run)? } else { matching_report::table(&run) };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &EvalMatchingArgs, checker: &Checker) -> anyhow::Result<MatchingRun> {
    let paths = chosen(&args.folder, args.photos)?;
    let bar = output::bar(2 * paths.len());
    let (photos, refused) = banked(&paths, checker, &bar);
    anyhow::ensure!(
        2 <= photos.len(),
        "{}: {} photos can be read, at least 2 are needed",
        args.folder.display(),
        photos.len()
    );
    let entries = photos.iter().flat_map(|photo| photo.entries.iter().cloned()).collect();
    let hashes: Vec<PeerHashes> = photos.iter().map(|photo| photo.hashes).collect();
    let copies = matching::known_copies(&hashes);
    let (index, seed) = (Index::new(entries, 1), args.seed);
    let folder = BankedFolder { checker, index, photos, copies, seed };
    let lookups = folder.look_up_all(&bar)?;
    bar.finish_and_clear();
    let BankedFolder { photos, copies, .. } = folder;
    let name = |path: &Path| {
        let below = path.strip_prefix(&args.folder).unwrap_or(path);
        sanitized(&below.display().to_string())
    };
    Ok(MatchingRun {
        policy: checker.policy().version().to_owned(),
        seed,
        too_plain: photos.iter().filter(|photo| photo.entries.is_empty()).count(),
        photos: photos.iter().map(|photo| name(&photo.path)).collect(),
        refused: refused.into_iter().map(|(path, reason)| (name(&path), reason)).collect(),
        copies,
        totals: lookups.totals,
        false_matches: lookups.false_matches,
    })
}

/// The files of the folder, evenly spaced if there are more than the limit.
fn chosen(folder: &Path, photos_max: Option<usize>) -> anyhow::Result<Vec<PathBuf>> {
    anyhow::ensure!(folder.is_dir(), "{} is not a folder", folder.display());
    let mut paths = Vec::new();
    for found in files::expand(&[folder.to_owned()]) {
        paths.push(found.map_err(|(path, error)| {
            anyhow::Error::from(error).context(path.display().to_string())
        })?);
    }
    let (all, kept) = (paths.len(), photos_max.unwrap_or(usize::MAX));
    if kept < all {
        let mut position = 0;
        paths.retain(|_| {
            position += 1;
            // True for `kept` of the places, as far apart as can be.
            position * kept / all != (position - 1) * kept / all
        });
    }
    Ok(paths)
}

/// Each photo with what is banked of it, and the files that are none.
fn banked(
    paths: &[PathBuf],
    checker: &Checker,
    bar: &ProgressBar,
) -> (Vec<Banked>, Vec<(PathBuf, String)>) {
    let facts = BankFacts {
        id: BankId(1),
        name: "ALL".into(),
        purpose: Purpose::KnownFake,
        imported: false,
    };
    let bank = Arc::new(facts);
    let hashed: Vec<_> = paths
        .par_iter()
        .map(|path| {
            let photo = decoded(path);
            bar.inc(1);
            photo.map(|photo| {
                let entries =
                    checker.matcher().entries(&checker.views(photo.pixels()), ContentId(0), &bank);
                Banked { path: path.clone(), entries, hashes: PeerHashes::hash(photo.pixels()) }
            })
        })
        .collect();
    let (mut photos, mut refused) = (Vec::new(), Vec::new());
    for (path, hashed) in paths.iter().zip(hashed) {
        match hashed {
            Ok(mut photo) => {
                // The number of a content is the position of its photo, known only now.
                let content = content_at(photos.len());
                photo.entries.iter_mut().for_each(|entry| entry.content = content);
                photos.push(photo);
            }
            Err(error) => refused.push((path.clone(), format!("{error:#}"))),
        }
    }
    (photos, refused)
}

fn decoded(path: &Path) -> anyhow::Result<Photo> {
    Ok(Photo::decode(&files::read(path)?)?)
}

fn content_at(position: usize) -> ContentId {
    ContentId(i64::try_from(position).unwrap_or(i64::MAX))
}

impl BankedFolder<'_> {
    fn look_up_all(&self, bar: &ProgressBar) -> anyhow::Result<Lookups> {
        let mut all = (0..self.photos.len())
            .into_par_iter()
            .zip(&self.photos)
            .map(|(position, photo)| {
                let found = self.look_up_edits(position, &photo.path);
                bar.inc(1);
                found.with_context(|| photo.path.display().to_string())
            })
            .try_reduce(Lookups::default, |mut all, more| {
                all.totals = all.totals.merged(&more.totals);
                all.false_matches.extend(more.false_matches);
                Ok(all)
            })?;
        all.false_matches.sort();
        Ok(all)
    }

    /// The photo as it is, then each edit of it, one at a time.
    fn look_up_edits(&self, position: usize, path: &Path) -> anyhow::Result<Lookups> {
        let mut lookups = Lookups::default();
        let photo = decoded(path)?;
        self.look_up(position, None, photo.pixels(), &mut lookups);
        let uploaded = uploaded(photo.pixels());
        drop(photo);
        for edit in Edit::ALL {
            let edited = edit.apply(&uploaded, &mut Random::seeded(self.seed, position, edit));
            // An edit that changes nothing (the middle square of a square) would count for nothing.
            if edited != uploaded {
                self.look_up(position, Some(edit), &edited, &mut lookups);
            }
        }
        Ok(lookups)
    }

    fn look_up(
        &self,
        position: usize,
        edit: Option<Edit>,
        pixels: &RgbImage,
        lookups: &mut Lookups,
    ) {
        let matches =
            self.checker.matches(&self.checker.views(pixels), &self.index, &Scope::Everything);
        let (own, others): (Vec<_>, Vec<_>) =
            matches.iter().partition(|found| found.content == content_at(position));
        let mut wrong = BTreeMap::new();
        for found in others {
            let other = usize::try_from(found.content.0).unwrap_or(usize::MAX);
            if self.differ(position, other) {
                let (view, banked_view) = (found.view.name(), found.banked_view.name());
                let (photo, distance) = (position, found.distance);
                let found = FalseMatch { distance, photo, edit, found: other, view, banked_view };
                // They come nearest first.
                wrong.entry(other).or_insert(found);
            }
        }
        let hashes = PeerHashes::hash(pixels);
        let different: Vec<&PeerHashes> = (0..)
            .zip(&self.photos)
            .filter(|(other, _)| self.differ(position, *other))
            .map(|(_, photo)| &photo.hashes)
            .collect();
        let pairs = different.len() as u64;
        let nearest = own.iter().map(|found| found.distance).min();
        lookups.totals.row_mut(Method::Ours, edit).add(nearest, pairs, wrong.len() as u64);
        lookups.false_matches.extend(wrong.into_values());
        let original = self.photos.get(position).map(|photo| &photo.hashes);
        for method in [Method::Pdq, Method::PHash, Method::DHash] {
            let found = original.and_then(|original| original.matched(&hashes, method));
            let is_match = |other: &&&PeerHashes| other.matched(&hashes, method).is_some();
            let wrong = different.iter().filter(is_match).count() as u64;
            lookups.totals.row_mut(method, edit).add(found, pairs, wrong);
        }
        if edit.is_some() {
            let Totals { copies, different: far, .. } = &mut lookups.totals;
            if let Some(original) = original {
                copies.add(original.pdq_distance(&hashes));
            }
            for other in different {
                far.add(other.pdq_distance(&hashes));
            }
        }
    }

    /// Whether two photos are different ones, as far as is known.
    fn differ(&self, position: usize, other: usize) -> bool {
        position != other && !self.copies.contains(&(position.min(other), position.max(other)))
    }
}
