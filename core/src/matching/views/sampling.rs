//! Sampling a turned square or a box of a photo at 64x64 points, each the mean of what is around.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides of planes are at most 1024, and points are clamped to them"
)]
#![allow(clippy::indexing_slicing, reason = "points are clamped to a plane before they are read")]

use std::ops::Range;

use image::RgbImage;
use multiversion::multiversion;

use crate::matching::hashes::samples::{SAMPLES, Samples, luma};
use crate::photo::resize::resize;
use crate::region::Region;

/// Photos are looked at with at most this longer side, in pixels; a view has 64 samples a side.
const SIDE_MAX: u32 = 1024;

/// A part of a photo: a parallelogram around a centre, in pixels of the plane it is sampled from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub centre: [f32; 2],
    /// From the centre to the middle of the right edge.
    pub right: [f32; 2],
    /// From the centre to the middle of the lower edge.
    pub down: [f32; 2],
}

/// Luma at one size, 0 to 255.
#[derive(Debug)]
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    pub luma: Vec<f32>,
}

/// A photo's luma, each plane half as large as the one before; there is at least one.
#[derive(Debug)]
pub(super) struct Pyramid {
    planes: Vec<Plane>,
}

impl Frame {
    /// An upright box.
    pub fn upright(area: Region) -> Self {
        let (right, down) = (area.width / 2.0, area.height / 2.0);
        Self { centre: [area.x + right, area.y + down], right: [right, 0.0], down: [0.0, down] }
    }

    /// A square of `side`, turned by `roll` radians clockwise.
    pub fn turned(centre: [f32; 2], side: f32, roll: f32) -> Self {
        let (sine, cosine) = roll.sin_cos();
        let half = side / 2.0;
        let (right, down) = ([cosine * half, sine * half], [-sine * half, cosine * half]);
        Self { centre, right, down }
    }

    /// The upright box around it.
    pub fn bounds(&self) -> Region {
        let reach = |axis: usize| self.right[axis].abs() + self.down[axis].abs();
        let (across, down) = (reach(0), reach(1));
        Region {
            x: self.centre[0] - across,
            y: self.centre[1] - down,
            width: 2.0 * across,
            height: 2.0 * down,
        }
    }

    fn scaled(&self, factor: f32) -> Self {
        let scale = |vector: [f32; 2]| vector.map(|value| value * factor);
        Self { centre: scale(self.centre), right: scale(self.right), down: scale(self.down) }
    }
}

impl Plane {
    /// Rec. 601 luma of every pixel.
    fn from_pixels(pixels: &RgbImage) -> Self {
        let luma = to_luma(pixels.as_raw());
        Self { width: pixels.width() as usize, height: pixels.height() as usize, luma }
    }

    /// The means of 2x2 pixels; an odd last row or column is left out.
    pub fn halved(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut luma = vec![0.0; width * height];
        let pairs = self.luma.chunks_exact(2 * self.width);
        for (means, pair) in luma.chunks_exact_mut(width.max(1)).zip(pairs) {
            let (upper, lower) = pair.split_at(self.width);
            halve(upper, lower, means);
        }
        Self { width, height, luma }
    }

    /// Blurred by a Gaussian of that deviation, in pixels; outside, the nearest edge goes on.
    pub fn blurred(&self, deviation: f32) -> Self {
        let (middle, sides) = gaussian(deviation);
        let reach = sides.len();
        let mut across = vec![0.0; self.luma.len()];
        let mut padded = vec![0.0; self.width + 2 * reach];
        let rows = self.luma.chunks_exact(self.width);
        for (row, sums) in rows.zip(across.chunks_exact_mut(self.width)) {
            let (left, rest) = padded.split_at_mut(reach);
            let (inside, right) = rest.split_at_mut(self.width);
            left.fill(row[0]);
            inside.copy_from_slice(row);
            right.fill(row[self.width - 1]);
            set_weighted(sums, row, middle);
            for (away, weight) in (1..).zip(&sides) {
                let (before, after) = (&padded[reach - away..], &padded[reach + away..]);
                add_weighted(sums, before, after, *weight);
            }
        }
        let across = Self { luma: across, ..*self };
        let mut luma = vec![0.0; self.luma.len()];
        for (y, sums) in luma.chunks_exact_mut(self.width).enumerate() {
            set_weighted(sums, across.row(y), middle);
            for (away, weight) in (1..).zip(&sides) {
                let (above, below) = (across.row(y.saturating_sub(away)), across.row(y + away));
                add_weighted(sums, above, below, *weight);
            }
        }
        Self { luma, ..*self }
    }

    /// Some of its rows, as columns.
    pub fn transposed(&self, rows: Range<usize>) -> Self {
        // So many at a time that their ends stay in the cache.
        const COLUMNS: usize = 16;
        let (width, height) = (rows.len(), self.width);
        let mut luma = vec![0.0; width * height];
        for (block, columns) in luma.chunks_mut(COLUMNS * width.max(1)).enumerate() {
            for (x, row) in rows.clone().map(|y| self.row(y)).enumerate() {
                let cells = columns.iter_mut().skip(x).step_by(width);
                for (cell, value) in cells.zip(row.iter().skip(COLUMNS * block)) {
                    *cell = *value;
                }
            }
        }
        Self { width, height, luma }
    }

    /// What it is brighter than `other`, pixel by pixel.
    pub fn less(&self, other: &Self) -> Self {
        let luma = self.luma.iter().zip(&other.luma).map(|(own, other)| own - other).collect();
        Self { luma, ..*self }
    }

    /// A row; the nearest one for a point outside.
    pub fn row(&self, y: usize) -> &[f32] {
        let start = y.min(self.height - 1) * self.width;
        &self.luma[start..start + self.width]
    }

    /// The value at a point between pixels; outside, that of the nearest edge.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (column, line) = (Between::at(x, self.width), Between::at(y, self.height));
        self.between(column, line)
    }

    fn between(&self, column: Between, line: Between) -> f32 {
        let index = line.before * self.width + column.before;
        let next = index + usize::from(1 < self.width);
        let below = if 1 < self.height { self.width } else { 0 };
        let luma = self.luma.as_slice();
        let upper = luma[index] + (luma[next] - luma[index]) * column.share;
        let lower = luma[index + below];
        let lower = lower + (luma[next + below] - lower) * column.share;
        upper + (lower - upper) * line.share
    }
}

/// A point along one side of a plane: the pixel before it, never the last, and how much of the next
/// it takes.
#[derive(Debug, Clone, Copy, Default)]
struct Between {
    before: usize,
    share: f32,
}

impl Between {
    #[inline]
    fn at(at: f32, length: usize) -> Self {
        let at = (at - 0.5).clamp(0.0, (length - 1) as f32);
        let before = (at as i32 as usize).min(length.saturating_sub(2));
        Self { before, share: at - before as f32 }
    }
}

/// The values at 64 points from `start` on, `step` apart.
#[multiversion(targets("x86_64+avx2"))]
fn sample_row(plane: &Plane, start: [f32; 2], step: [f32; 2]) -> [f32; SAMPLES] {
    // Two loops: the first has no look-ups and goes several points at a time.
    let mut points = [(Between::default(), Between::default()); SAMPLES];
    for (index, (column, line)) in points.iter_mut().enumerate() {
        let along = |start: f32, step: f32| start + index as f32 * step;
        *column = Between::at(along(start[0], step[0]), plane.width);
        *line = Between::at(along(start[1], step[1]), plane.height);
    }
    points.map(|(column, line)| plane.between(column, line))
}

#[multiversion(targets("x86_64+avx2"))]
fn to_luma(bytes: &[u8]) -> Vec<f32> {
    let (pixels, _) = bytes.as_chunks();
    pixels.iter().map(|pixel| luma(*pixel)).collect()
}

#[multiversion(targets("x86_64+avx2"))]
fn halve(upper: &[f32], lower: &[f32], means: &mut [f32]) {
    let (upper, lower) = (upper.as_chunks().0, lower.as_chunks().0);
    for ((mean, [a, b]), [c, d]) in means.iter_mut().zip(upper).zip(lower) {
        *mean = (a + b + c + d) / 4.0;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn set_weighted(sums: &mut [f32], values: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = weight * value;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add_weighted(sums: &mut [f32], before: &[f32], after: &[f32], weight: f32) {
    for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
        *sum += weight * (before + after);
    }
}

/// Weights of a Gaussian that sum to one: in the middle, and from there outward on either side, to
/// three deviations.
fn gaussian(deviation: f32) -> (f32, Vec<f32>) {
    let reach = (3.0 * deviation).ceil() as usize;
    let weight = |away: usize| (-(away as f32 / deviation).powi(2) / 2.0).exp();
    let sides: Vec<f32> = (1..=reach).map(weight).collect();
    let sum = 1.0 + 2.0 * sides.iter().sum::<f32>();
    (1.0 / sum, sides.into_iter().map(|weight| weight / sum).collect())
}

impl Pyramid {
    /// Builds the pyramid of a photo of at least 1x1 pixels.
    pub fn build(pixels: &RgbImage) -> Self {
        let (width, height) = (pixels.width(), pixels.height());
        let longer = width.max(height);
        let mut planes = Vec::new();
        planes.push(if longer <= SIDE_MAX {
            Plane::from_pixels(pixels)
        } else {
            let fitted = |side: u32| (side * SIDE_MAX).div_ceil(longer).max(1);
            Plane::from_pixels(&resize(pixels, fitted(width), fitted(height)))
        });
        while let Some(last) = planes.last()
            && SAMPLES < last.width.min(last.height)
        {
            let half = last.halved();
            planes.push(half);
        }
        Self { planes }
    }

    /// Width and height of the largest plane: frames are in its pixels.
    pub fn size(&self) -> (f32, f32) {
        let first = &self.planes[0];
        (first.width as f32, first.height as f32)
    }

    /// The largest plane of which neither side is above `side_max`, and how many times smaller
    /// than the first it is.
    pub fn plane_within(&self, side_max: usize) -> (&Plane, f32) {
        let fits = |plane: &Plane| plane.width.max(plane.height) <= side_max;
        let level = self.planes.iter().position(fits).unwrap_or(self.planes.len() - 1);
        (&self.planes[level], (1_u32 << level) as f32)
    }

    /// Samples `frame` in the middle of each 64th of its sides, from the plane whose pixels are
    /// about as far apart, so that each is the mean of what is around. Outside the photo its edge
    /// goes on.
    pub fn sample(&self, frame: &Frame) -> Samples {
        let length = |vector: [f32; 2]| vector[0].hypot(vector[1]);
        let apart = 2.0 * length(frame.right).max(length(frame.down)) / SAMPLES as f32;
        let (plane, frame) = self.plane_for(apart, frame);
        let along = |index: usize| (2 * index + 1) as f32 / SAMPLES as f32 - 1.0;
        let step = frame.right.map(|way| 2.0 * way / SAMPLES as f32);
        std::array::from_fn(|y| {
            let at = |axis: usize| {
                frame.centre[axis] + along(y) * frame.down[axis] + along(0) * frame.right[axis]
            };
            sample_row(plane, [at(0), at(1)], step)
        })
    }

    /// The smallest plane in which points `apart` pixels of the first are still a pixel apart.
    fn plane_for(&self, apart: f32, frame: &Frame) -> (&Plane, Frame) {
        let mut factor = 1.0;
        let mut chosen = &self.planes[0];
        for plane in self.planes.iter().skip(1) {
            if apart * factor < 2.0 {
                break;
            }
            factor /= 2.0;
            chosen = plane;
        }
        (chosen, frame.scaled(factor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brightness that grows evenly to the right and downward.
    fn slope(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([u8::try_from((x + y) * 255 / (width + height)).unwrap(); 3])
        })
    }

    #[test]
    fn a_box_is_sampled_where_it_lies() {
        let pyramid = Pyramid::build(&slope(300, 200));
        let samples = pyramid.sample(&Frame::upright(Region {
            x: 100.0,
            y: 50.0,
            width: 100.0,
            height: 100.0,
        }));
        for (line, row) in [(0, &samples[0]), (63, &samples[63])] {
            for column in [0, 63] {
                let at = 150.0 + (column + line) as f32 * 100.0 / 64.0 + 100.0 / 64.0;
                let expected = at * 255.0 / 500.0;
                assert!((row[column] - expected).abs() < 2.0, "{} and {expected}", row[column]);
            }
        }
    }

    #[test]
    fn a_turned_square_is_sampled_turned() {
        let pyramid = Pyramid::build(&slope(300, 300));
        let quarter = std::f32::consts::FRAC_PI_2;
        let upright = pyramid.sample(&Frame::turned([150.0, 150.0], 120.0, 0.0));
        let turned = pyramid.sample(&Frame::turned([150.0, 150.0], 120.0, quarter));
        for (y, row) in turned.iter().enumerate() {
            for (x, sample) in row.iter().enumerate() {
                assert!((sample - upright[x][63 - y]).abs() < 1.5);
            }
        }
    }

    #[test]
    fn bounds_hold_the_corners() {
        let frame = Frame::turned([10.0, 20.0], 4.0, std::f32::consts::FRAC_PI_4);
        let Region { x: left, y: top, width, height } = frame.bounds();
        let reach = 2.0 * 2.0_f32.sqrt();
        for (found, expected) in
            [(left, 10.0 - reach), (top, 20.0 - reach), (width, 2.0 * reach), (height, 2.0 * reach)]
        {
            assert!((found - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn the_smallest_photos_are_sampled() {
        for (width, height) in [(1, 1), (2, 900), (3000, 1)] {
            let pyramid = Pyramid::build(&RgbImage::from_pixel(width, height, image::Rgb([9; 3])));
            let samples = pyramid.sample(&Frame::upright(Region {
                x: -5.0,
                y: -5.0,
                width: 40.0,
                height: 40.0,
            }));
            assert!(samples.iter().flatten().all(|value| (value - 9.0).abs() < 1e-3));
        }
    }
}
