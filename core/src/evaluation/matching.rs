//! Measuring matching: what is found after an edit, and what is found wrongly.
//!
//! Every photo is edited and looked up among all photos. Found is an edit whose original is among
//! the matches; every other match is false, unless the two photos are known to be copies of one
//! another. The methods of the field are measured on the same copies: PDQ at a distance of at most
//! 31 in one orientation, as hash-sharing programmes use it, and the 64-bit `pHash` and `dHash` of
//! `img_hash` at a distance of at most 8. Figures are counts; nothing is guessed where there are
//! none.

use std::collections::{BTreeMap, BTreeSet};

use image::RgbImage;
use img_hash::{HashAlg, HasherConfig};

use crate::evaluation::edits::Edit;
use crate::evaluation::interval::{number, wilson};
use crate::matching::hashes::pdq;
use crate::matching::hashes::{Distance, HASH_BITS, PdqHash, PdqQuality};
use crate::photo::resize::resize;

/// What finds copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// This program by its policy.
    Ours,
    Pdq,
    PHash,
    DHash,
}

/// What the other methods compare a photo by.
#[derive(Debug, Clone, Copy)]
pub struct PeerHashes {
    pdq: PdqHash,
    pdq_quality: PdqQuality,
    phash: u64,
    dhash: u64,
}

/// How often each distance occurred, 0 to 256 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram(Vec<u64>);

/// Lookups of one method after one edit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Edited photos looked up.
    pub photos: u64,
    /// Of these, how many found their original.
    pub found: u64,
    /// At which distances they did.
    pub distances: Histogram,
    /// Pairs of a photo that was looked up and a different one.
    pub pairs: u64,
    /// Of these, how many were taken for copies.
    pub false_matches: u64,
}

/// All lookups. Clean photos stand beside the edits as `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    rows: BTreeMap<(Method, Option<Edit>), Row>,
    /// PDQ distances of whole edited photos to their originals.
    pub copies: Histogram,
    /// PDQ distances of whole edited photos to different ones.
    pub different: Histogram,
}

impl Method {
    /// Ours first.
    pub const ALL: [Self; 4] = [Self::Ours, Self::Pdq, Self::PHash, Self::DHash];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "photocheck",
            Self::Pdq => "pdq",
            Self::PHash => "phash",
            Self::DHash => "dhash",
        }
    }

    /// Name and rule, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Ours => "photocheck",
            Self::Pdq => "PDQ ≤ 31",
            Self::PHash => "pHash ≤ 8",
            Self::DHash => "dHash ≤ 8",
        }
    }
}

impl PeerHashes {
    /// Distance up to which PDQ hashes are copies by the custom of the field.
    const PDQ_DISTANCE_MAX: u16 = 31;
    /// Quality from which PDQ hashes are compared by the custom of the field.
    const PDQ_QUALITY_MIN: u8 = 50;
    /// Of 64 bits.
    const SMALL_DISTANCE_MAX: u16 = 8;

    /// Hashes a photo. The small hashes are taken of the photo shrunk to 256 by 256, which on
    /// full-size photos is many times as fast. `pHash` compares with the median: the mean, which
    /// `img_hash` also offers, is ruled by the overall brightness and confuses different photos.
    #[must_use]
    pub fn hash(pixels: &RgbImage) -> Self {
        const SIDE: u32 = 256;
        let (pdq, pdq_quality) = pdq::pdq(pixels);
        let small = resize(pixels, SIDE, SIDE);
        let config = || HasherConfig::with_bytes_type::<[u8; 8]>().hash_size(8, 8);
        let phash = config().hash_alg(HashAlg::Median).preproc_dct().to_hasher();
        let dhash = config().hash_alg(HashAlg::Gradient).to_hasher();
        let [phash, dhash] =
            [phash, dhash].map(|hasher| u64::from_be_bytes(hasher.hash_image(&small).into_inner()));
        Self { pdq, pdq_quality, phash, dhash }
    }

    /// The distance of two whole photos by PDQ, whatever their quality.
    #[must_use]
    pub fn pdq_distance(&self, other: &Self) -> Distance {
        self.pdq.distance(other.pdq)
    }

    /// The distance, if `method` takes the two for copies. Of this program it knows nothing.
    #[must_use]
    pub fn matched(&self, other: &Self, method: Method) -> Option<Distance> {
        let bits = |a: u64, b: u64| Distance(u16::try_from((a ^ b).count_ones()).unwrap_or(64));
        let (distance, most) = match method {
            Method::Ours => return None,
            Method::Pdq => {
                let worst = self.pdq_quality.min(other.pdq_quality);
                if worst.value() < Self::PDQ_QUALITY_MIN {
                    return None;
                }
                (self.pdq_distance(other), Self::PDQ_DISTANCE_MAX)
            }
            Method::PHash => (bits(self.phash, other.phash), Self::SMALL_DISTANCE_MAX),
            Method::DHash => (bits(self.dhash, other.dhash), Self::SMALL_DISTANCE_MAX),
        };
        (distance <= Distance(most)).then_some(distance)
    }
}

/// Pairs of indices (the smaller first) of photos that are copies of one another by PDQ.
#[must_use]
pub fn known_copies(photos: &[PeerHashes]) -> BTreeSet<(usize, usize)> {
    let mut copies = BTreeSet::new();
    for (second, photo) in photos.iter().enumerate() {
        for (first, earlier) in photos.iter().enumerate().take(second) {
            if photo.matched(earlier, Method::Pdq).is_some() {
                copies.insert((first, second));
            }
        }
    }
    copies
}

impl Default for Histogram {
    fn default() -> Self {
        Self(vec![0; usize::from(HASH_BITS) + 1])
    }
}

impl Histogram {
    /// Counts one more.
    pub fn add(&mut self, distance: Distance) {
        if let Some(count) = self.0.get_mut(usize::from(distance.0)) {
            *count += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(count, more)| *count += more);
    }

    /// How often each distance occurred, from 0 upwards.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.0
    }

    /// How many were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The smallest distance that at least a quarter, a half, three quarters do not exceed.
    #[must_use]
    pub fn quartiles(&self) -> Option<[Distance; 3]> {
        let total = self.total();
        let reached = |quarters: u64| {
            let mut below = 0;
            let bits = self.0.iter().position(|count| {
                below += count;
                total * quarters <= 4 * below
            });
            Distance(bits.and_then(|bits| u16::try_from(bits).ok()).unwrap_or(HASH_BITS))
        };
        (0 < total).then(|| [1, 2, 3].map(reached))
    }
}

impl Row {
    /// Counts one lookup: the distance of the original if it was found, and of how many different
    /// photos how many were found.
    pub fn add(&mut self, found: Option<Distance>, pairs: u64, false_matches: u64) {
        self.photos += 1;
        if let Some(distance) = found {
            self.found += 1;
            self.distances.add(distance);
        }
        self.pairs += pairs;
        self.false_matches += false_matches;
    }

    fn merge(&mut self, other: &Self) {
        self.photos += other.photos;
        self.found += other.found;
        self.distances.merge(&other.distances);
        self.pairs += other.pairs;
        self.false_matches += other.false_matches;
    }

    /// Share of the photos that were found.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        (0 < self.photos).then(|| number(self.found) / number(self.photos))
    }

    /// Its 95 % interval.
    #[must_use]
    pub fn recall_interval(&self) -> Option<(f64, f64)> {
        wilson(self.found, self.photos)
    }

    /// Upper end of the 95 % interval of the false-match rate. It takes pairs for independent.
    #[must_use]
    pub fn false_match_rate_max(&self) -> Option<f64> {
        wilson(self.false_matches, self.pairs).map(|(_, upper)| upper)
    }
}

impl Totals {
    /// Counts of `method` after `edit`, to count on.
    pub fn row_mut(&mut self, method: Method, edit: Option<Edit>) -> &mut Row {
        self.rows.entry((method, edit)).or_default()
    }

    /// Counts of `method` after `edit`.
    #[must_use]
    pub fn row(&self, method: Method, edit: Option<Edit>) -> Row {
        self.rows.get(&(method, edit)).cloned().unwrap_or_default()
    }

    /// Both together.
    #[must_use]
    pub fn merged(mut self, other: &Self) -> Self {
        for ((method, edit), row) in &other.rows {
            self.row_mut(*method, *edit).merge(row);
        }
        self.copies.merge(&other.copies);
        self.different.merge(&other.different);
        self
    }

    /// The edits for which `chosen` holds, together.
    #[must_use]
    pub fn sum(&self, method: Method, chosen: impl Fn(Option<Edit>) -> bool) -> Row {
        let mut sum = Row::default();
        for ((of, edit), row) in &self.rows {
            if *of == method && chosen(*edit) {
                sum.merge(row);
            }
        }
        sum
    }

    /// Mean over the edits, each counting the same.
    #[must_use]
    pub fn mean_recall(&self, method: Method) -> Option<f64> {
        let recalls =
            Edit::ALL.into_iter().filter_map(|edit| self.row(method, Some(edit)).recall());
        let recalls: Vec<f64> = recalls.collect();
        let sum: f64 = recalls.iter().sum();
        (!recalls.is_empty()).then(|| sum / number(recalls.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_of_known_distances() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quartiles(), None);
        for bits in [2, 4, 4, 8, 10, 12, 30, 256] {
            histogram.add(Distance(bits));
        }
        assert_eq!(histogram.quartiles(), Some([Distance(4), Distance(8), Distance(12)]));
        assert_eq!(histogram.total(), 8);
    }

    #[test]
    fn rows_add_up_and_edits_count_alike() {
        let mut first = Totals::default();
        let (mirror, grey) = (Some(Edit::Mirror), Some(Edit::Grey));
        first.row_mut(Method::Ours, mirror).add(None, 5, 1);
        first.row_mut(Method::Ours, grey).add(Some(Distance(3)), 5, 0);
        let mut second = Totals::default();
        second.row_mut(Method::Ours, mirror).add(Some(Distance(9)), 5, 0);
        second.row_mut(Method::Ours, None).add(Some(Distance(0)), 5, 0);
        second.row_mut(Method::Pdq, mirror).add(None, 5, 0);
        let both = first.merged(&second);
        assert_eq!(both.row(Method::Ours, mirror).recall(), Some(0.5));
        assert_eq!(both.row(Method::Pdq, mirror).recall(), Some(0.0));
        assert_eq!(both.row(Method::Pdq, grey).recall(), None);
        assert_eq!(both.mean_recall(Method::Ours), Some(0.75));
        let all = both.sum(Method::Ours, |_| true);
        assert_eq!((all.photos, all.found, all.pairs, all.false_matches), (4, 3, 20, 1));
        assert_eq!(all.distances.total(), 3);
    }

    #[test]
    fn copies_are_known_by_pdq_unless_they_are_too_plain() {
        let photo = |pdq, quality| PeerHashes {
            pdq: PdqHash([pdq, 0, 0, 0]),
            pdq_quality: PdqQuality::new(quality).unwrap(),
            phash: 0,
            dhash: 0xFF,
        };
        let photos = [photo(0, 100), photo((1 << 31) - 1, 50), photo(0, 49), photo(u64::MAX, 90)];
        assert_eq!(known_copies(&photos), BTreeSet::from([(0, 1)]));
        assert_eq!(photos[0].matched(&photos[1], Method::Pdq), Some(Distance(31)));
        assert_eq!(photos[0].matched(&photos[1], Method::PHash), Some(Distance(0)));
        assert_eq!(photos[0].matched(&photos[1], Method::Ours), None);
    }
}
