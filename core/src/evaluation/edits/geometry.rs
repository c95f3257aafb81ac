//! Edits that move pixels: crops, turns, a photographed screen.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides are at most some thousand pixels, and positions are clamped to the photo"
)]

use std::f32::consts::TAU;

use image::{Rgb, RgbImage};

use super::draw::{mixed, to_byte};
use super::random::Random;
use crate::photo::resize::{PixelBox, cut, resize};

/// Keeps `percent` of each side at a random position.
pub fn crop(pixels: &RgbImage, percent: u8, random: &mut Random) -> RgbImage {
    let kept = |side: u32| (side * u32::from(percent) / 100).max(1);
    let (width, height) = (kept(pixels.width()), kept(pixels.height()));
    at_random_place(pixels, width, height, random)
}

/// At half its size and back again.
pub fn down_up(pixels: &RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    resize(&resize(pixels, (width / 2).max(1), (height / 2).max(1)), width, height)
}

/// Keeps a square of 80 to 100 % of the shorter side at a random position.
pub fn square_off_centre(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let shorter = pixels.width().min(pixels.height());
    let side = ((shorter as f32 * random.between(0.8, 1.0)) as u32).clamp(1, shorter);
    at_random_place(pixels, side, side, random)
}

fn at_random_place(pixels: &RgbImage, width: u32, height: u32, random: &mut Random) -> RgbImage {
    let x = random.up_to(pixels.width().saturating_sub(width));
    let y = random.up_to(pixels.height().saturating_sub(height));
    cut(pixels, PixelBox { x, y, width, height })
}

/// Turns by `degrees` to a random side and enlarges until the turned photo covers the frame.
pub fn turn(pixels: &RgbImage, degrees: u8, random: &mut Random) -> RgbImage {
    let angle = f32::from(degrees).to_radians();
    let (sine, cosine) = if random.coin() { angle } else { -angle }.sin_cos();
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    // The turned frame of either side must lie within the photo.
    let zoom = cosine + sine.abs() * (width / height).max(height / width);
    let (middle_x, middle_y) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
    let mut turned = RgbImage::new(pixels.width(), pixels.height());
    for (x, y, target) in turned.enumerate_pixels_mut() {
        let (dx, dy) = ((x as f32 - middle_x) / zoom, (y as f32 - middle_y) / zoom);
        let (from_x, from_y) = (dx * cosine - dy * sine, dx * sine + dy * cosine);
        *target = Rgb(sample(pixels, middle_x + from_x, middle_y + from_y).map(to_byte));
    }
    turned
}

/// A dark room, the photo on a screen seen slightly from aside, the screen's pattern, noise.
pub fn screen_photo(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let margins = [(); 4].map(|()| random.between(0.03, 0.15));
    let [left, top, right, bottom] = margins;
    let mut shot = RgbImage::new(
        (width * (1.0 + left + right)).ceil() as u32,
        (height * (1.0 + top + bottom)).ceil() as u32,
    );
    // A corner may lie up to 3 % of a side from where it would be seen from the front.
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| {
        let (aside, above) = (random.between(-0.03, 0.03), random.between(-0.03, 0.03));
        (width * (left + x + aside), height * (top + y + above))
    });
    let back = to_unit_square(corners);
    let room = [(); 3].map(|()| random.between(8.0, 40.0));
    let pattern = Moire::new(random);
    for (x, y, target) in shot.enumerate_pixels_mut() {
        let (x, y) = (x as f32, y as f32);
        let (u, v) = back(x, y);
        let inside = (0.0..=1.0).contains(&u) && (0.0..=1.0).contains(&v);
        let colour = if inside {
            let shown = sample(pixels, u * width - 0.5, v * height - 0.5);
            let light = pattern.light(x, y);
            [0.9 * light[0] * shown[0], 0.95 * light[1] * shown[1], light[2] * shown[2] + 4.0]
        } else {
            room
        };
        let noise = 4.0 * random.normal();
        *target = Rgb(colour.map(|value| to_byte(value + noise)));
    }
    shot
}

/// Waves of light and dark that a camera sees where its grid meets that of a screen.
struct Moire {
    strength: f32,
    /// Radians a pixel.
    wave: (f32, f32),
}

impl Moire {
    fn new(random: &mut Random) -> Self {
        let strength = random.between(0.02, 0.06);
        let (frequency, direction) = (TAU / random.between(3.0, 9.0), random.between(0.0, TAU));
        Self { strength, wave: (frequency * direction.cos(), frequency * direction.sin()) }
    }

    fn light(&self, x: f32, y: f32) -> [f32; 3] {
        let phase = x * self.wave.0 + y * self.wave.1;
        [0.0, 2.0, 4.0].map(|shift| 1.0 + self.strength * (phase + shift).sin())
    }
}

/// Takes points of a quadrangle, whose corners are given clockwise from the upper left, to those of
/// the unit square (Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, 2.2.3).
#[expect(clippy::many_single_char_names, reason = "the letters are those of the source")]
fn to_unit_square(corners: [(f32, f32); 4]) -> impl Fn(f32, f32) -> (f32, f32) {
    let [(x0, y0), (x1, y1), (x2, y2), (x3, y3)] = corners;
    let (dx1, dy1, dx2, dy2) = (x1 - x2, y1 - y2, x3 - x2, y3 - y2);
    let (dx3, dy3) = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3);
    let determinant = dx1 * dy2 - dx2 * dy1;
    let g = (dx3 * dy2 - dx2 * dy3) / determinant;
    let h = (dx1 * dy3 - dx3 * dy1) / determinant;
    let (a, b, c) = (x1 - x0 + g * x1, x3 - x0 + h * x3, x0);
    let (d, e, f) = (y1 - y0 + g * y1, y3 - y0 + h * y3, y0);
    move |x, y| {
        let u = (e - f * h) * x + (c * h - b) * y + (b * f - c * e);
        let v = (f * g - d) * x + (a - c * g) * y + (c * d - a * f);
        let w = (d * h - e * g) * x + (b * g - a * h) * y + (a * e - b * d);
        (u / w, v / w)
    }
}

/// The colour at a point between pixels; beyond the edge it is that of the edge.
fn sample(pixels: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (x_max, y_max) = ((pixels.width() - 1) as f32, (pixels.height() - 1) as f32);
    let (x, y) = (x.clamp(0.0, x_max), y.clamp(0.0, y_max));
    let (left, top) = (x.floor(), y.floor());
    let at = |x: f32, y: f32| {
        pixels.get_pixel(x.min(x_max) as u32, y.min(y_max) as u32).0.map(f32::from)
    };
    let upper = mixed(at(left, top), at(left + 1.0, top), x - left);
    let lower = mixed(at(left, top + 1.0), at(left + 1.0, top + 1.0), x - left);
    mixed(upper, lower, y - top)
}

#[cfg(test)]
mod tests {
    use super::super::edit::Edit;
    use super::*;

    #[test]
    fn corners_go_to_corners() {
        let corners = [(3.0, 5.0), (105.0, 2.0), (98.0, 220.0), (1.0, 190.0)];
        let back = to_unit_square(corners);
        let unit = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        for ((x, y), (u, v)) in corners.into_iter().zip(unit) {
            let found = back(x, y);
            assert!((found.0 - u).abs() < 1e-4 && (found.1 - v).abs() < 1e-4, "{found:?}");
        }
    }

    /// A black photo with a white edge: a turn must not bring anything from beyond the edge, so a
    /// photo whose outermost pixels alone are white stays black in its corners only if it is
    /// enlarged enough.
    #[test]
    fn a_turn_leaves_no_corner_empty() {
        let size = (300, 200);
        let photo = RgbImage::from_fn(size.0, size.1, |x, y| {
            let edge = x == 0 || y == 0 || x == size.0 - 1 || y == size.1 - 1;
            Rgb([if edge { 255 } else { 0 }; 3])
        });
        let random = Random::seeded(1, 0, Edit::Turn(1));
        for degrees in [1, 2, 4, 8] {
            let turned = turn(&photo, degrees, &mut random.clone());
            let white = turned.pixels().filter(|pixel| 250 < pixel.0[0]).count();
            assert!(white <= 8, "{degrees} degrees: {white} pixels from beyond the edge");
        }
    }
}
