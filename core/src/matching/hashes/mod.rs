//! Perceptual hashes: numbers that stay close when a photo is re-saved, resized or recoloured.
//!
//! Two independent ones are taken. PDQ (256 bit, with a quality) is what the field exchanges and
//! what banks are looked up by. The gradient hash (256 bit, by `img_hash`) is a second opinion: it
//! compares neighbouring brightness where PDQ compares frequencies. Hashes of photos of people are
//! personal data: they are shown to whoever sent the photo and are never logged.

pub mod pdq;

use image::{GrayImage, RgbImage, imageops};
use img_hash::{HashAlg, HasherConfig};

use self::pdq::{Mirror, SAMPLES, Samples};
use crate::photo::Photo;
use crate::photo::PhotoError;

/// Bits of each hash.
pub const HASH_BITS: u16 = 256;

/// Number of bits in which two hashes differ, 0 to 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Distance(pub u16);

/// A PDQ hash; the words are read in the order of its hexadecimal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PdqHash(pub [u64; 4]);

/// How much detail a PDQ hash rests on: 0 (plain colour) to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PdqQuality(u8);

/// A gradient hash by `img_hash`, 16 rows of 16 comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GradientHash(pub [u64; 4]);

/// 64 of the bits of a gradient hash, from every second row and column: what an index keeps of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GradientSample(pub u64);

/// What a photo is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoHashes {
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    pub gradient: GradientHash,
}

impl PdqHash {
    /// Number of differing bits.
    #[must_use]
    pub fn distance(self, other: Self) -> Distance {
        bits_apart(self.0, other.0)
    }

    /// The 64 hexadecimal digits that the field exchanges.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex_of(self.0)
    }

    /// Reads 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        words_of(text).map(Self)
    }
}

impl GradientHash {
    /// Number of differing bits.
    #[must_use]
    pub fn distance(self, other: Self) -> Distance {
        bits_apart(self.0, other.0)
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex_of(self.0)
    }

    /// A quarter of its bits, spread evenly.
    #[must_use]
    pub fn sample(self) -> GradientSample {
        // A word holds four rows of 16 bits: of each the first and third row, of these every second
        // bit.
        let kept = self.0.iter().flat_map(|word| [word >> 48, word >> 16]);
        let bits = kept.flat_map(|row| (0..8).map(move |bit| (row >> (2 * bit)) & 1));
        GradientSample(bits.fold(0, |sum, bit| sum << 1 | bit))
    }
}

impl GradientSample {
    /// Number of differing bits of 64.
    #[must_use]
    pub fn distance(self, other: Self) -> Distance {
        // At most 64.
        Distance((self.0 ^ other.0).count_ones().try_into().unwrap_or(HASH_BITS))
    }
}

impl PdqQuality {
    /// The best there is.
    pub const BEST: Self = Self(100);

    /// A quality of 0 to 100; `None` above.
    #[must_use]
    pub fn new(value: u8) -> Option<Self> {
        (value <= 100).then_some(Self(value))
    }

    /// From the sum of steps between samples (see [`crate::matching::hashes::pdq`]).
    #[must_use]
    pub(crate) fn from_steps(steps: u32) -> Self {
        Self(u8::try_from(steps / 90).unwrap_or(u8::MAX).min(100))
    }

    /// 0 to 100.
    #[must_use]
    pub fn value(self) -> u8 {
        self.0
    }
}

impl PhotoHashes {
    /// Decodes and hashes a photo.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn of_file(bytes: &[u8]) -> Result<Self, PhotoError> {
        Photo::decode(bytes).map(|photo| Self::of(photo.pixels()))
    }

    /// Hashes a photo's pixels.
    #[must_use]
    pub fn of(pixels: &RgbImage) -> Self {
        let samples = pdq::filtered_samples(pixels);
        Self {
            pdq: pdq::hash(&samples),
            pdq_quality: pdq::quality_of(&samples),
            gradient: gradient_of_samples(&samples, None),
        }
    }
}

/// Rows and columns of the gradient hash.
const ROWS: u32 = 16;

/// The gradient hash of a photo or a view, from the 64x64 samples of its PDQ hash, as they are or
/// mirrored: hashing a full photo costs a hundred times as much.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples are 0 to 255")]
pub(crate) fn gradient_of_samples(samples: &Samples, mirror: Option<Mirror>) -> GradientHash {
    let mut small = GrayImage::new(SAMPLES as u32, SAMPLES as u32);
    for (line, row) in small.rows_mut().zip(samples) {
        for (pixel, sample) in line.zip(row) {
            pixel.0 = [sample.round() as u8];
        }
    }
    match mirror {
        Some(Mirror::LeftRight) => imageops::flip_horizontal_in_place(&mut small),
        Some(Mirror::UpDown) => imageops::flip_vertical_in_place(&mut small),
        None => {}
    }
    let hasher = HasherConfig::with_bytes_type::<[u8; 32]>()
        .hash_size(ROWS, ROWS)
        .hash_alg(HashAlg::Gradient)
        .to_hasher();
    GradientHash(words_from(hasher.hash_image(&small).into_inner()))
}

fn bits_apart(a: [u64; 4], b: [u64; 4]) -> Distance {
    let bits: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
    // At most 256.
    Distance(u16::try_from(bits).unwrap_or(HASH_BITS))
}

fn hex_of(words: [u64; 4]) -> String {
    let [a, b, c, d] = words;
    format!("{a:016x}{b:016x}{c:016x}{d:016x}")
}

fn words_of(text: &str) -> Option<[u64; 4]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(words_from(bytes))
}

#[must_use]
pub fn words_from(bytes: [u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = chunk.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hex_reads_back(words: [u64; 4]) {
            let hash = PdqHash(words);
            prop_assert_eq!(PdqHash::from_hex(&hash.to_hex()), Some(hash));
        }

        #[test]
        fn distance_is_a_metric(a: [u64; 4], b: [u64; 4], c: [u64; 4]) {
            let (a, b, c) = (PdqHash(a), PdqHash(b), PdqHash(c));
            prop_assert_eq!(a.distance(a), Distance(0));
            prop_assert_eq!(a.distance(b), b.distance(a));
            prop_assert!(a.distance(c).0 <= a.distance(b).0 + b.distance(c).0);
        }
    }

    #[test]
    fn hex_of_another_length_is_refused() {
        for text in ["", "00", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64)] {
            assert_eq!(PdqHash::from_hex(text), None, "{text}");
        }
    }
}
