//! PDQ, the perceptual hash by which platforms exchange known photos.
//!
//! Written from the published description (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the
//! PDQ Image-Hashing Algorithm", 2019): luma, two passes of a box filter in each direction (a
//! Jarosz filter), 64x64 samples, the 16x16 lowest frequencies of a DCT without its constant term,
//! one bit each for "above the median". The quality tells how much detail the 64x64 samples hold.
//!
//! The filter is separable and only 64 rows and columns of what it gives are sampled, so each
//! sample is taken at once: a weighted mean of the pixels that both passes of the filter reach from
//! its place. The reference filters all of the photo; the results differ by rounding alone, which
//! moves at most a few bits whose frequency lies at the median (the tests compare with the
//! reference's own hashes).

use std::f64::consts::PI;
use std::ops::Range;
use std::sync::LazyLock;

use image::RgbImage;
use multiversion::multiversion;

use crate::matching::hashes::{PdqHash, PdqQuality};

/// Samples along each side after filtering.
pub(crate) const SAMPLES: usize = 64;
/// Frequencies kept along each side.
const FREQUENCIES: usize = 16;

/// Luma, 0 to 255, row after row.
pub(crate) type Samples = [[f32; SAMPLES]; SAMPLES];
type Frequencies = [f32; FREQUENCIES * FREQUENCIES];

/// Hashes `pixels` (at least 2x2) and says how much detail the hash rests on.
#[must_use]
pub fn pdq(pixels: &RgbImage) -> (PdqHash, PdqQuality) {
    let samples = filtered_samples(pixels);
    (hash(&samples), quality_of(&samples))
}

/// The hash of samples.
pub(crate) fn hash(samples: &Samples) -> PdqHash {
    hash_of(&dct(samples))
}

/// What changes places in a mirror image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mirror {
    LeftRight,
    UpDown,
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
    [hash_of(&frequencies), hash_of(&mirrored)]
}

pub(crate) fn filtered_samples(pixels: &RgbImage) -> Samples {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let columns = reaches_along(width);
    let mut samples = [[0.0; SAMPLES]; SAMPLES];
    let mut filtered = vec![0.0; width];
    for (line, reach) in samples.iter_mut().zip(reaches_along(height)) {
        filtered.fill(0.0);
        let rows = pixels.as_raw().chunks_exact(3 * width).skip(reach.start);
        for (row, weight) in rows.zip(&reach.weights) {
            add_luma(row, *weight, &mut filtered);
        }
        for (sample, reach) in line.iter_mut().zip(&columns) {
            let reached = filtered.iter().skip(reach.start).zip(&reach.weights);
            *sample = reached.map(|(value, weight)| value * weight).sum();
        }
    }
    samples
}

/// Rec. 601 luma of a pixel, 0 to 255.
pub(crate) fn luma_of([red, green, blue]: [u8; 3]) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// Adds a row's luma, times `weight`.
#[multiversion(targets("x86_64+avx2"))]
fn add_luma(row: &[u8], weight: f32, sums: &mut [f32]) {
    let (pixels, _) = row.as_chunks();
    for (sum, pixel) in sums.iter_mut().zip(pixels) {
        *sum += weight * luma_of(*pixel);
    }
}

/// The pixels along one side of a photo that a sample is the mean of.
#[derive(Debug)]
struct Reach {
    start: usize,
    /// What each pixel from `start` on weighs.
    weights: Vec<f32>,
}

/// Where along a side of `length` pixels the samples are taken: in the middle of each 64th.
fn reaches_along(length: usize) -> Vec<Reach> {
    let places = (0..SAMPLES).map(|index| (2 * index + 1) * length / (2 * SAMPLES));
    places.map(|place| Reach::from(place, length)).collect()
}

impl Reach {
    /// Of both passes of the box filter: the mean over a window of means over windows.
    #[expect(clippy::cast_precision_loss, reason = "a window is at most a few hundred pixels wide")]
    fn from(place: usize, length: usize) -> Self {
        let once = window_around(place, length);
        let (start, end) =
            (window_around(once.start, length).start, window_around(once.end - 1, length).end);
        let mut weights = vec![0.0; end - start];
        for middle in once.clone() {
            let twice = window_around(middle, length);
            let share = 1.0 / (once.len() * twice.len()) as f32;
            for weight in weights.iter_mut().take(twice.end - start).skip(twice.start - start) {
                *weight += share;
            }
        }
        Self { start, weights }
    }
}

/// The window of the box filter around a place: `length / 128` pixels, rounded up, fewer at both
/// ends of the side.
fn window_around(place: usize, length: usize) -> Range<usize> {
    let window = length.div_ceil(2 * SAMPLES);
    let end = place + window / 2 + 1;
    end.saturating_sub(window)..end.min(length)
}

/// Of each of the 64 sample positions, the cosines of frequencies 1 to 16.
#[expect(clippy::cast_precision_loss, reason = "numbers up to 127")]
static COSINES: LazyLock<[[f32; FREQUENCIES]; SAMPLES]> = LazyLock::new(|| {
    let scale = (2.0 / SAMPLES as f64).sqrt();
    std::array::from_fn(|position| {
        std::array::from_fn(|frequency| {
            let angle = PI / (2.0 * SAMPLES as f64);
            let turns = (frequency + 1) as f64 * (2 * position + 1) as f64;
            #[expect(clippy::cast_possible_truncation, reason = "the DCT is defined in f32")]
            let cosine = (scale * (angle * turns).cos()) as f32;
            cosine
        })
    })
});

fn hash_of(frequencies: &Frequencies) -> PdqHash {
    let mut sorted = *frequencies;
    let middle = sorted.len() / 2 - 1;
    // The lower of the two middle values, as the reference's median takes it.
    let (_, median, _) = sorted.select_nth_unstable_by(middle, f32::total_cmp);
    let median = *median;
    let mut words = [0_u64; 4];
    for (bit, value) in frequencies.iter().enumerate() {
        // Bit 0 is the last of the hexadecimal number, so words run from the end.
        if median < *value
            && let Some(word) = words.get_mut(3 - bit / 64)
        {
            *word |= 1 << (bit % 64);
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
            let weight = at_position.get(down).copied().unwrap_or_default();
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
pub(crate) fn quality_of(samples: &Samples) -> PdqQuality {
    #[expect(clippy::cast_possible_truncation, reason = "a step is at most 100")]
    let step = |from: f32, to: f32| (((from - to) * 100.0 / 255.0) as i32).unsigned_abs();
    let mut steps = 0;
    for (row, next) in samples.iter().zip(samples.iter().skip(1)) {
        steps += row.iter().zip(next).map(|(a, b)| step(*a, *b)).sum::<u32>();
    }
    for row in samples {
        steps += row.iter().zip(row.iter().skip(1)).map(|(a, b)| step(*a, *b)).sum::<u32>();
    }
    PdqQuality::from_steps(steps)
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "numbers up to 200")]
mod tests {
    use super::*;
    use image::imageops;

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

    /// The box filter as its definition says it: the mean over the window around each place.
    fn box_filter_by_definition(row: &[f32], window: usize) -> Vec<f32> {
        let half = window / 2 + 1;
        (0..row.len())
            .map(|place| {
                let end = (place + half).min(row.len());
                let start = (place + half).saturating_sub(window);
                row[start..end].iter().sum::<f32>() / (end - start) as f32
            })
            .collect()
    }

    #[test]
    fn a_sample_is_what_two_passes_of_the_filter_give() {
        for length in [1_usize, 2, 63, 64, 65, 129, 1000, 1024, 9001] {
            let row: Vec<f32> = (0..length).map(|i| ((i * 37) % 101) as f32).collect();
            let window = length.div_ceil(128);
            let once = box_filter_by_definition(&row, window);
            let twice = box_filter_by_definition(&once, window);
            for (index, reach) in reaches_along(length).iter().enumerate() {
                let reached = row[reach.start..].iter().zip(&reach.weights);
                let sample: f32 = reached.map(|(value, weight)| value * weight).sum();
                let expected = twice[(2 * index + 1) * length / 128];
                assert!((sample - expected).abs() < 1e-3, "{length}: {sample} and {expected}");
            }
        }
    }

    #[test]
    fn a_photo_without_detail_has_quality_zero() {
        let plain = RgbImage::from_pixel(100, 80, image::Rgb([120, 130, 140]));
        let (_, quality) = pdq(&plain);
        assert_eq!(quality.value(), 0);
    }
}
