//! Whether a JPEG had been compressed before, with coarser or otherwise lying steps. Context only:
//! every messenger saves photos again.
//!
//! Coefficients that were rounded twice lie unevenly: some values never occur, others too often.
//! The method is that of Lukáš and Fridrich ("Estimation of Primary Quantization Matrix in Double
//! Compressed JPEG Images", DFRWS 2003): the same picture half a block aside does not know the
//! grid and shows how the coefficients were spread before; the earlier steps are those that turn
//! this spread into the one found. The coefficients come from the decoded pixels, of a sample of
//! blocks; no second parser of JPEG data is needed.
//!
//! It misses an earlier compression that was finer than the last, and any before a resizing or a
//! crop off the grid. How often it errs was measured (docs/provenance.md).

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "blocks, steps and levels are counted below 2^24 and none is negative"
)]
#![allow(clippy::indexing_slicing, reason = "halves, levels and coefficients are clamped or fixed")]

use std::f32::consts::PI;

use image::RgbImage;

/// Blocks looked at, spread over the picture.
const BLOCKS_MAX: usize = 1024;
/// With fewer, chance decides.
const BLOCKS_MIN: usize = 256;
/// Coefficients are counted by halves, below 128.
const HALVES: usize = 256;
/// The coarsest earlier step that is tried.
const STEP_MAX: usize = 40;
/// How much better an earlier compression must explain the picture. Measured: docs/provenance.md.
const GAIN_MIN: f32 = 0.03;
/// Row and column of the coefficients looked at: those after the first, as files order them.
const COEFFICIENTS: [(usize, usize); 9] =
    [(0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0)];

/// The weights that make coefficients of eight samples, for the first four.
type Waves = [[f32; 8]; 4];
/// The coefficients of a block at [`COEFFICIENTS`].
type Coefficients = [f32; COEFFICIENTS.len()];

/// Whether there was an earlier compression; `None` for a picture that is too small to tell.
/// `steps` are luma's, in the order of files; the pixels lie as the file has them.
#[must_use]
pub fn is_recompressed(pixels: &RgbImage, steps: &[u16; 64]) -> Option<bool> {
    let waves = waves();
    let found = sample(pixels, 0, &waves);
    let moved = sample(pixels, 4, &waves);
    if found.len().min(moved.len()) < BLOCKS_MIN {
        return None;
    }
    let gain = |(index, step): (usize, &u16)| {
        let at = |block: &Coefficients| block[index].abs();
        let found: Vec<f32> = found.iter().map(at).collect();
        let moved: Vec<f32> = moved.iter().map(at).collect();
        gain(&found, &Spread::measure(&moved), usize::from(*step).max(1))
    };
    let gains = steps.iter().skip(1).take(COEFFICIENTS.len()).enumerate().map(gain);
    Some(GAIN_MIN <= gains.sum())
}

/// How much nearer to what was found the best earlier step comes than none.
fn gain(found: &[f32], before: &Spread, step: usize) -> f32 {
    let mut levels = vec![0.0; HALVES / 2 / step + 1];
    let share = 1.0 / count(found.len());
    for value in found {
        if let Some(level) = levels.get_mut(whole(value / count(step) + 0.5)) {
            *level += share;
        }
    }
    let mismatch = |earlier| mismatch(&levels, before, earlier, step);
    let none = mismatch(step).min(mismatch(1));
    (2..=STEP_MAX).map(|earlier| none - mismatch(earlier)).fold(0.0, f32::max)
}

/// The squared differences between what was found and what an earlier step would have left.
fn mismatch(found: &[f32], before: &Spread, earlier: usize, step: usize) -> f32 {
    let mut expected = vec![0.0; found.len()];
    for level in 0.. {
        let Some(bin) = expected.get_mut((2 * level * earlier + step) / (2 * step)) else { break };
        *bin += before.share((2 * level).saturating_sub(1) * earlier, (2 * level + 1) * earlier);
    }
    found.iter().zip(expected).map(|(found, expected)| (found - expected).powi(2)).sum()
}

/// How coefficients are spread: the share of them below each half.
struct Spread(Vec<f32>);

impl Spread {
    fn measure(values: &[f32]) -> Self {
        let mut shares = vec![0.0; HALVES + 1];
        let share = 1.0 / count(values.len());
        for value in values {
            if let Some(above) = shares.get_mut(whole(2.0 * value) + 1) {
                *above += share;
            }
        }
        let mut sum = 0.0;
        for above in &mut shares {
            sum += *above;
            *above = sum;
        }
        Self(shares)
    }

    /// The share of those from one half to another.
    fn share(&self, from: usize, to: usize) -> f32 {
        let below = |half: usize| self.0[half.min(HALVES)];
        below(to) - below(from)
    }
}

/// The coefficients of blocks that are spread evenly, from `aside` pixels right and below on.
fn sample(pixels: &RgbImage, aside: usize, waves: &Waves) -> Vec<Coefficients> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let across = width.saturating_sub(aside) / 8;
    let all = across * (height.saturating_sub(aside) / 8);
    let corner = |block: usize| (aside + block / across * 8, aside + block % across * 8);
    let chosen = (0..all.min(BLOCKS_MAX)).map(|n| n * all / all.min(BLOCKS_MAX));
    chosen
        .filter_map(|block| {
            let (top, left) = corner(block);
            coefficients(pixels.as_raw(), 3 * width, 3 * (top * width + left), waves)
        })
        .collect()
}

/// The coefficients of the block whose first sample stands at `start`.
fn coefficients(
    samples: &[u8],
    row_length: usize,
    start: usize,
    waves: &Waves,
) -> Option<Coefficients> {
    let mut sums = [[0.0; 4]; 4];
    for row in 0..8 {
        let from = start + row * row_length;
        let (pixels, _) = samples.get(from..from + 24)?.as_chunks::<3>();
        let mut line = [0.0; 4];
        for (column, [red, green, blue]) in pixels.iter().enumerate() {
            let [red, green, blue] = [red, green, blue].map(|value| f32::from(*value));
            let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
            for (sum, wave) in line.iter_mut().zip(waves) {
                *sum += luma * wave[column];
            }
        }
        for (sums, wave) in sums.iter_mut().zip(waves) {
            let weight = wave[row];
            sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += value * weight);
        }
    }
    Some(COEFFICIENTS.map(|(row, column)| sums[row][column]))
}

/// The discrete cosine transform of JPEG (ITU-T T.81, A.3.3), in one direction.
fn waves() -> Waves {
    let mut waves = [[0.0; 8]; 4];
    for (frequency, wave) in waves.iter_mut().enumerate() {
        let scale = if frequency == 0 { 0.125_f32.sqrt() } else { 0.5 };
        for (sample, weight) in wave.iter_mut().enumerate() {
            *weight = scale * (count((2 * sample + 1) * frequency) * PI / 16.0).cos();
        }
    }
    waves
}

fn count(number: usize) -> f32 {
    number as f32
}

fn whole(number: f32) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use image::codecs::jpeg::JpegEncoder;

    use super::*;
    use crate::photo::Photo;
    use crate::provenance::jpeg;

    /// Waves, edges and grain that stay the same from run to run.
    fn picture(side: u32) -> RgbImage {
        let mut seed = 7_u32;
        RgbImage::from_fn(side, side, |x, y| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let wave = (f64::from(x) / 9.0).sin() * 40.0 + (f64::from(y) / 5.0).cos() * 30.0;
            let edge = f64::from((x / 23 + y / 31) % 5) * 17.0;
            let grain = f64::from(seed >> 27);
            let value = (70.0 + wave + edge + grain) as u8;
            Rgb([value, value.saturating_add(9), value / 2 + 40])
        })
    }

    fn saved(pixels: &RgbImage, quality: u8) -> Vec<u8> {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(pixels).unwrap();
        jpeg
    }

    fn is_found(jpeg: &[u8]) -> Option<bool> {
        let photo = Photo::decode(jpeg).unwrap();
        let blocks = jpeg::blocks(jpeg);
        is_recompressed(photo.pixels(), blocks.encoder.as_ref()?.luma()?)
    }

    #[test]
    fn a_second_compression_is_seen_and_a_first_is_not() {
        let first = picture(400);
        for quality in [60, 75, 85, 90, 95] {
            assert_eq!(is_found(&saved(&first, quality)), Some(false), "quality {quality}");
        }
        for (earlier, last) in [(60, 90), (70, 85), (75, 90), (80, 95)] {
            let again = Photo::decode(&saved(&first, earlier)).unwrap();
            let again = saved(again.pixels(), last);
            assert_eq!(is_found(&again), Some(true), "{earlier}, then {last}");
        }
    }

    #[test]
    fn a_small_or_empty_picture_is_not_judged() {
        assert_eq!(is_found(&saved(&picture(120), 90)), None);
        let grey = saved(&RgbImage::from_pixel(400, 400, Rgb([120; 3])), 90);
        assert_eq!(is_found(&grey), Some(false));
        let steps = [0; 64];
        assert_eq!(is_recompressed(&picture(400), &steps), Some(false), "no step is 0");
    }
}
