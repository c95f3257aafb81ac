//! Samples: the 64x64 values of brightness that both hashes of a photo or a view are taken from.
//!
//! PDQ samples a photo after two passes of a box filter in each direction (a Jarosz filter). The
//! filter is separable and only 64 rows and columns of its output are sampled, so each sample is
//! taken at once: a weighted mean of the pixels that both passes reach from its position. The
//! reference filters all of the photo; the results differ by rounding alone, which moves at most a
//! few bits whose frequency lies at the median (the tests compare with the reference's own hashes).

#![allow(clippy::cast_precision_loss, reason = "a window is at most a few hundred pixels wide")]

use std::ops::Range;

use image::RgbImage;
use multiversion::multiversion;

/// Samples along each side after filtering.
pub(crate) const SAMPLES: usize = 64;

/// Luma, 0 to 255, row after row.
pub(crate) type Samples = [[f32; SAMPLES]; SAMPLES];

/// What a mirror image swaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mirror {
    LeftRight,
    UpDown,
}

/// The samples of a photo of at least 1x1 pixels.
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
pub(crate) fn luma([red, green, blue]: [u8; 3]) -> f32 {
    0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue)
}

/// Adds a row's luma, times `weight`.
#[multiversion(targets("x86_64+avx2"))]
fn add_luma(row: &[u8], weight: f32, sums: &mut [f32]) {
    let (pixels, _) = row.as_chunks();
    for (sum, pixel) in sums.iter_mut().zip(pixels) {
        *sum += weight * luma(*pixel);
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
    let positions = (0..SAMPLES).map(|index| (2 * index + 1) * length / (2 * SAMPLES));
    positions.map(|position| Reach::around(position, length)).collect()
}

impl Reach {
    /// Of both passes of the box filter: the mean over a window of means over windows.
    fn around(position: usize, length: usize) -> Self {
        let once = window_around(position, length);
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

/// The window of the box filter around a pixel: `length / 128` pixels, rounded up, fewer at both
/// ends of the side.
fn window_around(position: usize, length: usize) -> Range<usize> {
    let window = length.div_ceil(2 * SAMPLES);
    let end = position + window / 2 + 1;
    end.saturating_sub(window)..end.min(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The box filter as its definition says it: the mean over the window around each pixel.
    fn box_filter_by_definition(row: &[f32], window: usize) -> Vec<f32> {
        let half = window / 2 + 1;
        (0..row.len())
            .map(|position| {
                let end = (position + half).min(row.len());
                let start = (position + half).saturating_sub(window);
                row[start..end].iter().sum::<f32>() / (end - start) as f32
            })
            .collect()
    }

    #[test]
    fn a_sample_is_what_two_passes_of_the_filter_make() {
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
}
