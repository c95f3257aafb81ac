//! PDQ, the perceptual hash by which platforms exchange known photos.
//!
//! Written from the published description (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the
//! PDQ Image-Hashing Algorithm", 2019): luma, two passes of a box filter in each direction (a
//! Jarosz filter), 64x64 samples, the 16x16 lowest frequencies of a DCT without its constant term,
//! one bit each for "above the median". The quality tells how much detail the 64x64 samples hold.
//!
//! The filter is separable, so the columns are filtered first, row after row as they come, and only
//! the 64 rows that are sampled are filtered along their length: one pass over the photo and no
//! second copy of it. The reference filters rows first; the results differ by rounding alone, which
//! moves at most a few bits whose frequency lies at the median (the tests compare with the
//! reference's own hashes).

use std::f64::consts::PI;
use std::sync::LazyLock;

use image::RgbImage;

use crate::core::hashes::{PdqHash, PdqQuality};

/// Samples along each side after filtering.
pub(crate) const SAMPLES: usize = 64;
/// Frequencies kept along each side.
const FREQUENCIES: usize = 16;
/// Passes of the box filter in each direction.
const PASSES: usize = 2;

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
    let mut first = ColumnFilter::new(width, window_of(height));
    let mut second = ColumnFilter::new(width, window_of(height));
    let mut sampler = RowSampler::new(width, height);
    let mut luma = vec![0.0; width];
    let (mut once, mut twice) = (vec![0.0; width], vec![0.0; width]);
    for row in pixels.as_raw().chunks_exact(width * 3) {
        luma_of(row, &mut luma);
        if first.push(&luma, &mut once) && second.push(&once, &mut twice) {
            sampler.take(&twice);
        }
    }
    while first.drain(&mut once) {
        if second.push(&once, &mut twice) {
            sampler.take(&twice);
        }
    }
    while second.drain(&mut twice) {
        sampler.take(&twice);
    }
    sampler.samples
}

/// Rec. 601 luma, 0 to 255.
fn luma_of(row: &[u8], luma: &mut [f32]) {
    for (target, rgb) in luma.iter_mut().zip(row.chunks_exact(3)) {
        if let [red, green, blue] = rgb {
            *target =
                0.299 * f32::from(*red) + 0.587 * f32::from(*green) + 0.114 * f32::from(*blue);
        }
    }
}

/// Box width in pixels for a side of `length` pixels: `length / 128`, rounded up.
fn window_of(length: usize) -> usize {
    length.div_ceil(2 * SAMPLES)
}

/// Pixels of a window that lie at or after its centre.
fn half_of(window: usize) -> usize {
    window / 2 + 1
}

/// Where sample `index` lies along a side of `length` pixels: the middle of its 64th.
fn position_of(index: usize, length: usize) -> usize {
    (2 * index + 1) * length / (2 * SAMPLES)
}

/// One pass of the box filter down the columns, fed row by row; the window shrinks at the edges.
struct ColumnFilter {
    window: usize,
    /// The rows inside the window, used as a ring.
    ring: Vec<f32>,
    width: usize,
    sum: Vec<f32>,
    pushed: usize,
    drained: usize,
}

impl ColumnFilter {
    fn new(width: usize, window: usize) -> Self {
        let ring = vec![0.0; width * window];
        Self { window, ring, width, sum: vec![0.0; width], pushed: 0, drained: 0 }
    }

    /// Takes the next row; true when `filtered` holds the next filtered row.
    fn push(&mut self, row: &[f32], filtered: &mut [f32]) -> bool {
        let full = self.window <= self.pushed;
        let start = (self.pushed % self.window) * self.width;
        let slot = self.ring.iter_mut().skip(start).take(self.width);
        for ((sum, oldest), value) in self.sum.iter_mut().zip(slot).zip(row) {
            *sum += value;
            if full {
                *sum -= *oldest;
            }
            *oldest = *value;
        }
        self.pushed += 1;
        let ready = half_of(self.window) <= self.pushed;
        if ready {
            scale_into(&self.sum, self.pushed.min(self.window), filtered);
        }
        ready
    }

    /// After the last row: lets the window run out over the lower edge.
    fn drain(&mut self, filtered: &mut [f32]) -> bool {
        if half_of(self.window) - 1 <= self.drained {
            return false;
        }
        let oldest = (self.pushed - self.window.min(self.pushed) + self.drained) % self.window;
        let slot = self.ring.iter().skip(oldest * self.width);
        for (sum, value) in self.sum.iter_mut().zip(slot) {
            *sum -= value;
        }
        self.drained += 1;
        scale_into(&self.sum, self.window - self.drained, filtered);
        true
    }
}

#[expect(clippy::cast_precision_loss, reason = "a window is at most 128 pixels wide")]
fn scale_into(sums: &[f32], count: usize, means: &mut [f32]) {
    let count = count as f32;
    for (mean, sum) in means.iter_mut().zip(sums) {
        *mean = sum / count;
    }
}

/// Picks the sampled rows out of the filtered ones and filters each along its length.
struct RowSampler {
    height: usize,
    window: usize,
    row: usize,
    taken: usize,
    samples: Samples,
}

impl RowSampler {
    fn new(width: usize, height: usize) -> Self {
        let samples = [[0.0; SAMPLES]; SAMPLES];
        Self { height, window: window_of(width), row: 0, taken: 0, samples }
    }

    fn take(&mut self, filtered: &[f32]) {
        let row = self.row;
        self.row += 1;
        if SAMPLES <= self.taken || position_of(self.taken, self.height) != row {
            return;
        }
        let mut smooth = filtered.to_vec();
        for _ in 0..PASSES {
            smooth = box_filter(&smooth, self.window);
        }
        // A photo of fewer than 64 rows gives some rows to several samples.
        while self.taken < SAMPLES && position_of(self.taken, self.height) == row {
            if let Some(target) = self.samples.get_mut(self.taken) {
                for (index, sample) in target.iter_mut().enumerate() {
                    let column = position_of(index, smooth.len());
                    *sample = smooth.get(column).copied().unwrap_or_default();
                }
            }
            self.taken += 1;
        }
    }
}

/// One pass of the box filter along a row; the window shrinks at both ends.
#[expect(clippy::cast_precision_loss, reason = "a window is at most 128 pixels wide")]
fn box_filter(row: &[f32], window: usize) -> Vec<f32> {
    let mut filtered = Vec::with_capacity(row.len());
    let (mut sum, mut count) = (0.0_f32, 0_usize);
    let (mut entering, mut leaving) = (row.iter(), row.iter());
    while filtered.len() < row.len() {
        let mut leaves = window <= count;
        if let Some(value) = entering.next() {
            sum += value;
            count += 1;
        } else {
            leaves = true;
        }
        if leaves && let Some(value) = leaving.next() {
            sum -= value;
            count -= 1;
        }
        if leaves || half_of(window) <= count {
            filtered.push(sum / count as f32);
        }
    }
    filtered
}

/// Row `i` is the cosine of frequency `i + 1` at the 64 sample positions.
#[expect(clippy::cast_precision_loss, reason = "numbers up to 127")]
static COSINES: LazyLock<[[f32; SAMPLES]; FREQUENCIES]> = LazyLock::new(|| {
    let scale = (2.0 / SAMPLES as f64).sqrt();
    std::array::from_fn(|frequency| {
        std::array::from_fn(|position| {
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
fn dct(samples: &Samples) -> Frequencies {
    let cosines = &*COSINES;
    let mut frequencies = [0.0; FREQUENCIES * FREQUENCIES];
    for (line, row_cosines) in frequencies.chunks_exact_mut(FREQUENCIES).zip(cosines) {
        let mut across = [0.0_f32; SAMPLES];
        for (weight, row) in row_cosines.iter().zip(samples) {
            for (sum, sample) in across.iter_mut().zip(row) {
                *sum += weight * sample;
            }
        }
        for (target, column_cosines) in line.iter_mut().zip(cosines) {
            *target = across.iter().zip(column_cosines).map(|(a, b)| a * b).sum();
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
        let half = half_of(window);
        (0..row.len())
            .map(|place| {
                let end = (place + half).min(row.len());
                let start = (place + half).saturating_sub(window);
                row[start..end].iter().sum::<f32>() / (end - start) as f32
            })
            .collect()
    }

    #[test]
    fn row_filter_is_the_mean_over_the_window() {
        let row: Vec<f32> = (0..200).map(|i| ((i * 37) % 101) as f32).collect();
        for window in [1, 2, 3, 7, 8] {
            let expected = box_filter_by_definition(&row, window);
            let found = box_filter(&row, window);
            for (a, b) in expected.iter().zip(&found) {
                assert!((a - b).abs() < 1e-3, "window {window}: {a} and {b}");
            }
            assert_eq!(expected.len(), found.len());
        }
    }

    #[test]
    fn column_filter_answers_as_the_row_filter() {
        let column: Vec<f32> = (0..150).map(|i| ((i * 53) % 97) as f32).collect();
        for window in [1, 2, 3, 7, 8] {
            let mut filter = ColumnFilter::new(1, window);
            let (mut found, mut out) = (Vec::new(), vec![0.0]);
            for value in &column {
                if filter.push(&[*value], &mut out) {
                    found.push(out[0]);
                }
            }
            while filter.drain(&mut out) {
                found.push(out[0]);
            }
            let expected = box_filter(&column, window);
            assert_eq!(expected.len(), found.len(), "window {window}");
            for (a, b) in expected.iter().zip(&found) {
                assert!((a - b).abs() < 1e-3, "window {window}: {a} and {b}");
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
