//! Marks that people and sites lay over a photo: a text, a logo, a text repeated all over.

#![expect(clippy::cast_precision_loss, reason = "sides are at most some thousand pixels")]

use image::{GrayImage, RgbImage};

use super::draw::{self, Area, BLACK, WHITE, rounded, text_mask};
use super::random::Random;

const SIGNATURES: [&str; 6] = [
    "(c) Studio North",
    "@sofia.pics",
    "Mia Lindt Photo",
    "www.portraits.net",
    "2024 J. Ito",
    "SAMPLE",
];
const TILES: [&str; 5] = ["stockphoto", "PREVIEW", "photobank", "sample copy", "(c) images"];
const LETTERS: [&str; 6] = ["TV", "N1", "go", "AB", "fx", "me"];

/// A line of text in a lower corner, above the lower edge, or across the middle.
pub fn text(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let mut marked = pixels.clone();
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let text = random.one_of(&SIGNATURES);
    // A letter is half as wide as high.
    let letters = text.chars().count() as f32;
    let line_height = width.min(height) * random.between(0.05, 0.1);
    let line = text_mask(text, line_height.min(1.8 * width / letters));
    let margin = 0.03 * width.min(height);
    let room = (width - line.width() as f32 - margin).max(0.0);
    let left = random.one_of(&[margin, room, room / 2.0]).min(room);
    let lower = height - line.height() as f32 - margin;
    let top = random.one_of(&[lower, lower, (height - line_height) / 2.0]).max(0.0);
    let opacity = random.between(0.6, 1.0);
    outlined(&mut marked, &line, opacity, |x, y| (x - left, y - top));
    marked
}

/// A badge in a corner.
pub fn logo(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let mut marked = pixels.clone();
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let side = width.min(height) * random.between(0.12, 0.22);
    let margin = width.min(height) * random.between(0.02, 0.05);
    let left = if random.coin() { margin } else { width - side - margin };
    let top = if random.coin() { margin } else { height - side - margin };
    let (opacity, colour) = (random.between(0.5, 1.0), random.colour());
    let badge = Area { left, top, width: side, height: side };
    // From a square with round corners to a disc.
    let radius = side * random.between(0.1, 0.5);
    rounded(&mut marked, badge, radius, WHITE, opacity);
    let inner = 0.08 * side;
    let ground = Area {
        left: left + inner,
        top: top + inner,
        width: side - 2.0 * inner,
        height: side - 2.0 * inner,
    };
    rounded(&mut marked, ground, radius - inner, colour, opacity);
    let line = text_mask(random.one_of(&LETTERS), 0.6 * side);
    let text_left = left + (side - line.width() as f32) / 2.0;
    let text_top = top + (side - line.height() as f32) / 2.0;
    draw::text(&mut marked, &line, (text_left, text_top), WHITE);
    marked
}

/// A text repeated in rows, each shifted by half a step against the one above.
pub fn tiled(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let mut marked = pixels.clone();
    let shorter = pixels.width().min(pixels.height()) as f32;
    let line_height = shorter * random.between(0.05, 0.08);
    let line = text_mask(random.one_of(&TILES), line_height);
    let step_x = line.width() as f32 + random.between(1.0, 2.0) * line_height;
    let step_y = random.between(2.0, 3.2) * line_height;
    let (sine, cosine) = random.between(-40.0, 40.0_f32).to_radians().sin_cos();
    let opacity = random.between(0.35, 0.65);
    outlined(&mut marked, &line, opacity, |x, y| {
        let (along, down) = (x * cosine - y * sine, x * sine + y * cosine);
        let along = along + 0.5 * step_x * (down / step_y).floor().rem_euclid(2.0);
        // Room for the outline before the line.
        (along.rem_euclid(step_x) - 0.3 * line_height, down.rem_euclid(step_y) - 0.3 * line_height)
    });
    marked
}

/// Draws white text with a black outline; `to_line` maps a point of the photo into the line.
fn outlined(
    canvas: &mut RgbImage,
    line: &GrayImage,
    opacity: f32,
    to_line: impl Fn(f32, f32) -> (f32, f32),
) {
    /// Parts of the text's height, as wide as the outline is.
    const PARTS: f32 = 20.0;
    let width = (line.height() as f32 / PARTS).max(1.0);
    let (right, bottom) = (canvas.width() as f32, canvas.height() as f32);
    let area = Area { left: 0.0, top: 0.0, width: right, height: bottom };
    let around = [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)];
    draw::paint(canvas, area, BLACK, |x, y| {
        let (x, y) = to_line(x, y);
        let shifted = around.map(|(dx, dy)| within(line, x + dx * width, y + dy * width));
        0.8 * opacity * shifted.into_iter().fold(0.0, f32::max)
    });
    draw::paint(canvas, area, WHITE, |x, y| {
        let (x, y) = to_line(x, y);
        opacity * within(line, x, y)
    });
}

/// How much of a pixel a line covers; none of what lies before it.
fn within(line: &GrayImage, x: f32, y: f32) -> f32 {
    if x < 0.0 || y < 0.0 { 0.0 } else { draw::covered(line, x, y) }
}
