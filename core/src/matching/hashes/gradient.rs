//! The gradient hash: a second opinion that compares neighbouring brightness where PDQ compares
//! frequencies, by the crate `img_hash`.

use image::{GrayImage, imageops};
use img_hash::{HashAlg, HasherConfig};

use super::distance::{Distance, bits_apart, to_hex, words_from};
use super::samples::{Mirror, SAMPLES, Samples};

/// Rows and columns of the gradient hash.
const ROWS: u32 = 16;

/// A gradient hash, 16 rows of 16 comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GradientHash(pub [u64; 4]);

/// 64 of the bits of a gradient hash, from every second row and column: what an index keeps of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GradientSample(pub u64);

impl GradientHash {
    /// Number of differing bits.
    #[must_use]
    pub fn distance(self, other: Self) -> Distance {
        bits_apart(self.0, other.0)
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        to_hex(self.0)
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
        Distance::from_bits((self.0 ^ other.0).count_ones())
    }
}

/// The gradient hash of a photo or a view, from the 64x64 samples of its PDQ hash, as they are or
/// mirrored: hashing a full photo costs a hundred times as much.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples are 0 to 255")]
pub(crate) fn hash(samples: &Samples, mirror: Option<Mirror>) -> GradientHash {
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
