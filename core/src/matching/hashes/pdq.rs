//! PDQ, the perceptual hash by which platforms exchange known photos.
//!
//! Written from the published description (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the
//! PDQ Image-Hashing Algorithm", 2019): luma, two passes of a box filter in each direction (a
//! Jarosz filter), 64x64 samples, the 16x16 lowest frequencies of a DCT without its constant term,
//! one bit each for "above the median". The quality says how much detail the 64x64 samples have.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "samples and frequencies are counted up to 127; the DCT is defined in f32"
)]
#![allow(clippy::indexing_slicing, reason = "arrays are indexed below their fixed lengths")]

use std::f64::consts::PI;
use std::sync::LazyLock;

use image::RgbImage;
use multiversion::multiversion;

use super::distance::{Distance, bits_apart, from_hex, to_hex};
use super::samples::{Mirror, SAMPLES, Samples, filtered_samples};

/// Frequencies kept along each side.
const FREQUENCIES: usize = 16;

type Frequencies = [f32; FREQUENCIES * FREQUENCIES];

/// A PDQ hash; the words are read in the order of its hexadecimal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PdqHash(pub [u64; 4]);

/// How much detail a PDQ hash rests on: 0 (plain colour) to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PdqQuality(u8);

impl PdqHash {
    /// Number of differing bits.
    #[must_use]
    pub fn distance(self, other: Self) -> Distance {
        bits_apart(self.0, other.0)
    }

    /// The 64 hexadecimal digits that the field exchanges.
    #[must_use]
    pub fn to_hex(self) -> String {
        to_hex(self.0)
    }

    /// Reads 64 hexadecimal digits; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
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

    /// 0 to 100.
    #[must_use]
    pub fn value(self) -> u8 {
        self.0
    }
}

/// Hashes `pixels` (at least 2x2) and says how much detail the hash rests on.
#[must_use]
pub fn pdq(pixels: &RgbImage) -> (PdqHash, PdqQuality) {
    let samples = filtered_samples(pixels);
    (hash(&samples), quality(&samples))
}

/// The hash of samples.
pub(crate) fn hash(samples: &Samples) -> PdqHash {
    hash_frequencies(&dct(samples))
}

/// The hashes of samples and of their mirror image.
pub(crate) fn both_ways(samples: &Samples, mirror: Mirror) -> [PdqHash; 2] {
    let frequencies = dct(samples);
    let mut mirrored = frequencies;
    // A cosine of an odd frequency changes its sign when its ends change places; the first is odd.
    for (down, line) in mirrored.chunks_exact_mut(FREQUENCIES).enumerate() {
        for (across, value) in line.iter_mut().enumerate() {
            let frequency = if mirror == Mirror::LeftRight { across } else { down };
            if frequency % 2 == 0 {
                *value = -*value;
            }
        }
    }
    [hash_frequencies(&frequencies), hash_frequencies(&mirrored)]
}

/// Of each of the 64 sample positions, the cosines of frequencies 1 to 16.
static COSINES: LazyLock<[[f32; FREQUENCIES]; SAMPLES]> = LazyLock::new(|| {
    let scale = (2.0 / SAMPLES as f64).sqrt();
    std::array::from_fn(|position| {
        std::array::from_fn(|frequency| {
            let angle = PI / (2.0 * SAMPLES as f64);
            let turns = (frequency + 1) as f64 * (2 * position + 1) as f64;
            (scale * (angle * turns).cos()) as f32
        })
    })
});

fn hash_frequencies(frequencies: &Frequencies) -> PdqHash {
    let mut sorted = *frequencies;
    let middle = sorted.len() / 2 - 1;
    // The lower of the two middle values, as the reference's median takes it.
    let (_, median, _) = sorted.select_nth_unstable_by(middle, f32::total_cmp);
    let median = *median;
    let mut words = [0_u64; 4];
    for (bit, value) in frequencies.iter().enumerate() {
        // Bit 0 is the last of the hexadecimal number, so words run from the end.
        if median < *value {
            words[3 - bit / 64] |= 1 << (bit % 64);
        }
    }
    PdqHash(words)
}

/// `C * samples * C^T`, row after row.
#[multiversion(targets("x86_64+avx2"))]
fn dct(samples: &Samples) -> Frequencies {
    let cosines = &*COSINES;
    let mut frequencies = [0.0; FREQUENCIES * FREQUENCIES];
    for (down, line) in frequencies.chunks_exact_mut(FREQUENCIES).enumerate() {
        let mut across = [0.0_f32; SAMPLES];
        for (at_position, row) in cosines.iter().zip(samples) {
            let weight = at_position[down];
            for (sum, sample) in across.iter_mut().zip(row) {
                *sum += weight * sample;
            }
        }
        for (at_position, value) in cosines.iter().zip(across) {
            for (target, cosine) in line.iter_mut().zip(at_position) {
                *target += value * cosine;
            }
        }
    }
    frequencies
}

/// Sum of the steps between neighbouring samples, in hundredths of the full range, divided by 90.
pub(crate) fn quality(samples: &Samples) -> PdqQuality {
    let step = |from: f32, to: f32| (((from - to) * 100.0 / 255.0) as i32).unsigned_abs();
    let mut steps = 0;
    for (row, next) in samples.iter().zip(samples.iter().skip(1)) {
        steps += row.iter().zip(next).map(|(a, b)| step(*a, *b)).sum::<u32>();
    }
    for row in samples {
        steps += row.iter().zip(row.iter().skip(1)).map(|(a, b)| step(*a, *b)).sum::<u32>();
    }
    PdqQuality((steps / 90).min(100) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::imageops;
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

    #[test]
    fn the_hash_of_the_mirror_image_needs_no_second_look() {
        let photo = RgbImage::from_fn(64, 64, |x, y| {
            let value = |step: u32| u8::try_from((x * x + y * step) % 251).unwrap();
            image::Rgb([value(3), value(7), value(11)])
        });
        for (mirror, image) in [
            (Mirror::LeftRight, imageops::flip_horizontal(&photo)),
            (Mirror::UpDown, imageops::flip_vertical(&photo)),
        ] {
            let [plain, mirrored] = both_ways(&filtered_samples(&photo), mirror);
            assert_eq!(plain, pdq(&photo).0);
            let [turned, back] = both_ways(&filtered_samples(&image), mirror);
            assert!(mirrored.distance(turned).0 <= 4, "{:?}", mirrored.distance(turned));
            assert!(plain.distance(back).0 <= 4, "{:?}", plain.distance(back));
            assert!(40 < plain.distance(mirrored).0, "{:?}", plain.distance(mirrored));
        }
    }

    #[test]
    fn a_photo_without_detail_has_quality_zero() {
        let plain = RgbImage::from_pixel(100, 80, image::Rgb([120, 130, 140]));
        let (_, quality) = pdq(&plain);
        assert_eq!(quality.value(), 0);
    }
}
