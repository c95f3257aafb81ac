//! Edits that change brightness and colour, pixel by pixel or among neighbours.

#![expect(clippy::cast_precision_loss, reason = "sides are at most some thousand pixels")]

use image::{Rgb, RgbImage, imageops};

use super::draw::to_byte;
use super::random::Random;

/// The photo with every pixel's colour (0 to 255) put through `change`.
fn each(pixels: &RgbImage, mut change: impl FnMut([f32; 3]) -> [f32; 3]) -> RgbImage {
    let mut changed = pixels.clone();
    for Rgb(colour) in changed.pixels_mut() {
        *colour = change(colour.map(f32::from)).map(to_byte);
    }
    changed
}

pub fn blur(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let shorter = pixels.width().min(pixels.height()) as f32;
    // Below a third of a pixel nothing would change.
    imageops::blur(pixels, (shorter * random.between(0.003, 0.01)).max(0.3))
}

/// Normal noise of a deviation in this range.
pub fn noise(pixels: &RgbImage, (low, high): (f32, f32), random: &mut Random) -> RgbImage {
    let deviation = random.between(low, high);
    each(pixels, |colour| colour.map(|value| value + deviation * random.normal()))
}

/// The middle of the nine values around each, per channel; pixels at the edge stay.
pub fn median(pixels: &RgbImage) -> RgbImage {
    const AROUND: [(u32, u32); 9] =
        [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (2, 2)];
    let mut middle = pixels.clone();
    for y in 1..pixels.height().saturating_sub(1) {
        for x in 1..pixels.width().saturating_sub(1) {
            let around =
                AROUND.map(|(across, down)| pixels.get_pixel(x + across - 1, y + down - 1).0);
            for (channel, value) in middle.get_pixel_mut(x, y).0.iter_mut().enumerate() {
                let mut values = around.map(|colour| colour.get(channel).copied().unwrap_or(0));
                values.sort_unstable();
                *value = values[4];
            }
        }
    }
    middle
}

pub fn sharpen(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let amount = random.between(0.5, 1.5);
    let mut sharp = imageops::blur(pixels, random.between(1.0, 2.0));
    for (Rgb(soft), Rgb(colour)) in sharp.pixels_mut().zip(pixels.pixels()) {
        for (soft, value) in soft.iter_mut().zip(colour.map(f32::from)) {
            *soft = to_byte(value + amount * (value - f32::from(*soft)));
        }
    }
    sharp
}

pub fn brightness(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let factor = random.in_either((0.6, 0.85), (1.15, 1.4));
    each(pixels, |colour| colour.map(|value| factor * value))
}

pub fn contrast(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let factor = random.in_either((0.6, 0.85), (1.2, 1.6));
    each(pixels, |colour| colour.map(|value| 127.5 + factor * (value - 127.5)))
}

pub fn gamma(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let exponent = random.in_either((0.6, 0.8), (1.25, 1.7));
    each(pixels, |colour| colour.map(|value| 255.0 * (value / 255.0).powf(exponent)))
}

/// Luma of ITU-R BT.601.
pub fn grey(pixels: &RgbImage) -> RgbImage {
    each(pixels, |[red, green, blue]| [0.299 * red + 0.587 * green + 0.114 * blue; 3])
}

pub fn warm(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let strength = random.between(0.5, 1.0);
    let (redder, greener, bluer) = (1.0 + 0.2 * strength, 1.0 + 0.05 * strength, 0.3 * strength);
    each(pixels, |[red, green, blue]| {
        [redder * red + 6.0 * strength, greener * green, (1.0 - bluer) * blue]
    })
}

pub fn vignette(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let strength = random.between(0.4, 0.8);
    let (half_width, half_height) = (pixels.width() as f32 / 2.0, pixels.height() as f32 / 2.0);
    let mut darker = pixels.clone();
    for (x, y, Rgb(colour)) in darker.enumerate_pixels_mut() {
        let (across, down) = (x as f32 / half_width - 1.0, y as f32 / half_height - 1.0);
        // 0 in the middle, 1 in the corners.
        let away = f32::midpoint(across * across, down * down);
        *colour = colour.map(|value| to_byte(f32::from(value) * (1.0 - strength * away)));
    }
    darker
}
