//! Banks from a file, without a database: a snapshot of an index, or an exported list.
//!
//! For programs that look photos up where no database is at hand, such as the workers of a cluster.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use photocheck_core::bank::{BankFacts, BankId, BankName, BankedPhoto, Note, Opinion, Purpose};
use photocheck_core::matching::hashes::{GradientHash, PdqHash, PdqQuality};
use photocheck_core::matching::index::snapshot::Damage;
use photocheck_core::matching::index::{ContentId, Entry, Index};
use photocheck_core::matching::views::View;

use super::snapshot_file::{SnapshotError, SnapshotFile};
use crate::exchange::{Defaults, Reader};

/// Records that are read at once.
const BATCH: usize = 1024;

/// Reads what photos are looked up in. Hashes below `quality_min` are not looked up.
///
/// A snapshot holds the banks of all tenants, as they were. A list is taken for one bank of known
/// fakes from elsewhere, named after its file; its records are numbered from 1 on. A line that
/// cannot be read is an error: nobody would see that it was left out.
///
/// # Errors
/// When the file cannot be read, is damaged, or is of another policy.
pub fn read(path: &Path, quality_min: u8) -> anyhow::Result<Index> {
    let index = match SnapshotFile::open(path) {
        Ok(Some(snapshot)) => {
            let made_for = snapshot.header().quality_min;
            anyhow::ensure!(
                made_for == quality_min,
                "{}: it was made by a policy that looks hashes up from a quality of {made_for} on, \
                 and this one does from {quality_min} on",
                path.display()
            );
            snapshot.read().map_err(anyhow::Error::from)
        }
        Err(SnapshotError::Damaged(Damage::NoSnapshot)) => read_list(path, quality_min),
        Ok(None) => Err(anyhow::anyhow!("there is no such file")),
        Err(error) => Err(error.into()),
    };
    index.with_context(|| format!("the bank {}", path.display()))
}

fn read_list(path: &Path, quality_min: u8) -> anyhow::Result<Index> {
    let (name, purpose) = (name_of(path), Purpose::KnownFake);
    let bank = Arc::new(BankFacts { id: BankId(1), name, purpose, imported: true });
    let defaults = Defaults { note: Note::default(), opinion: Opinion::Confirmed, added_at: 0 };
    let mut reader = Reader::new(BufReader::new(File::open(path)?), None, defaults)?.strict(true);
    let (mut entries, mut number) = (Vec::new(), 0);
    loop {
        let photos = reader.next_batch(BATCH)?;
        if photos.is_empty() {
            // An export that failed must not pass for a bank in which nothing is known.
            anyhow::ensure!(0 < number, "it has no record");
            return Ok(Index::new(entries, 0));
        }
        for photo in &photos {
            number += 1;
            if photo.enabled && photo.quarantined.is_none() {
                entries.extend(entries_of(photo, ContentId(number), &bank, quality_min));
            }
        }
    }
}

/// The hashes of a record that have enough detail.
fn entries_of(
    photo: &BankedPhoto,
    content: ContentId,
    bank: &Arc<BankFacts>,
    quality_min: u8,
) -> impl Iterator<Item = Entry> {
    let whole = (View::Whole, photo.pdq, photo.pdq_quality, photo.gradient);
    let views = photo.views.iter().map(|it| (it.view, it.pdq, it.pdq_quality, it.gradient));
    let entry = move |(view, hash, quality, gradient): Hashed| {
        (quality_min <= quality.value()).then(|| Entry {
            hash,
            gradient: gradient.map(GradientHash::sample),
            content,
            view,
            opinion: photo.opinion,
            bank: Arc::clone(bank),
        })
    };
    std::iter::once(whole).chain(views).filter_map(entry)
}

/// A view of a record.
type Hashed = (View, PdqHash, PdqQuality, Option<GradientHash>);

/// The name of the file as a bank may be named.
fn name_of(path: &Path) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let letters = stem.chars().map(|c| c.to_ascii_uppercase());
    let letters = letters.map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let name: String = letters.take(BankName::CHARS_MAX).collect();
    if name.is_empty() { "LIST".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_is_named_after_its_file() {
        for (path, expected) in
            [("a/scam-2026.ndjson", "SCAM_2026"), ("ünï.csv", "_N_"), ("..", "LIST")]
        {
            assert_eq!(name_of(Path::new(path)), expected);
            assert!(BankName::new(expected).is_ok());
        }
    }
}
