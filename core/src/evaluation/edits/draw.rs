//! Drawing on a photo: shapes, text, an emoji, mixing of colours.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides are at most some thousand pixels, and positions are clamped to the canvas"
)]

use image::{GrayImage, Luma, Rgb, RgbImage, imageops};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

pub const BLACK: [u8; 3] = [0; 3];
pub const WHITE: [u8; 3] = [255; 3];

/// A rectangle in pixels; may reach beyond the canvas.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    pub left: f32,
    pub top: f32,
    pub width: f32,
    pub height: f32,
}

/// The nearest brightness.
pub fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

/// From `a` (share 0) to `b` (share 1).
pub fn mixed(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    let ([ar, ag, ab], [br, bg, bb]) = (a, b);
    [ar + (br - ar) * share, ag + (bg - ag) * share, ab + (bb - ab) * share]
}

/// Lays a colour, this opaque, on a pixel.
pub fn blend(pixel: &mut Rgb<u8>, colour: [u8; 3], opacity: f32) {
    let over = mixed(pixel.0.map(f32::from), colour.map(f32::from), opacity.clamp(0.0, 1.0));
    pixel.0 = over.map(to_byte);
}

/// Lays a colour on every pixel of `area`, as opaque as `opacity` says for it.
pub fn paint(
    canvas: &mut RgbImage,
    area: Area,
    colour: [u8; 3],
    opacity: impl Fn(f32, f32) -> f32,
) {
    let end_x = ((area.left + area.width).max(0.0).ceil() as u32).min(canvas.width());
    let end_y = ((area.top + area.height).max(0.0).ceil() as u32).min(canvas.height());
    for y in area.top.max(0.0) as u32..end_y {
        for x in area.left.max(0.0) as u32..end_x {
            let opacity = opacity(x as f32, y as f32);
            if 0.0 < opacity {
                blend(canvas.get_pixel_mut(x, y), colour, opacity);
            }
        }
    }
}

/// A rectangle whose corners are rounded.
pub fn rounded(canvas: &mut RgbImage, area: Area, radius: f32, colour: [u8; 3], opacity: f32) {
    let Area { left, top, width, height } = area;
    let (middle_x, middle_y) = (left + width / 2.0, top + height / 2.0);
    let radius = radius.min(width / 2.0).min(height / 2.0);
    paint(canvas, area, colour, |x, y| {
        let dx = ((x + 0.5 - middle_x).abs() - (width / 2.0 - radius)).max(0.0);
        let dy = ((y + 0.5 - middle_y).abs() - (height / 2.0 - radius)).max(0.0);
        opacity * (radius + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0)
    });
}

/// A filled circle.
pub fn disc(canvas: &mut RgbImage, middle: (f32, f32), radius: f32, colour: [u8; 3]) {
    let (left, top, side) = (middle.0 - radius, middle.1 - radius, 2.0 * radius);
    let area = Area { left, top, width: side, height: side };
    rounded(canvas, area, radius, colour, 1.0);
}

/// A line of text, `height` pixels high: how much each pixel is covered. The letters are those of
/// Noto Sans Mono at 32 pixels, resized.
pub fn text_mask(text: &str, height: f32) -> GrayImage {
    let (weight, size) = (FontWeight::Bold, RasterHeight::Size32);
    let (letter_width, letter_height) = (get_raster_width(weight, size) as u32, size.val() as u32);
    let letters = text.chars().filter_map(|letter| get_raster(letter, weight, size));
    let mut line = GrayImage::new(letter_width * text.chars().count() as u32, letter_height);
    for (number, letter) in (0_u32..).zip(letters) {
        for (y, row) in (0_u32..).zip(letter.rows()) {
            for (x, covered) in (number * letter_width..).zip(row) {
                if let Some(pixel) = line.get_pixel_mut_checked(x, y) {
                    *pixel = Luma([*covered]);
                }
            }
        }
    }
    let scale = height / letter_height as f32;
    let scaled = |side: u32| ((side as f32 * scale) as u32).max(1);
    let (width, height) = (scaled(line.width()), scaled(line.height()));
    imageops::resize(&line, width, height, imageops::FilterType::Triangle)
}

/// Draws a line of text whose upper left corner is at `corner`.
pub fn text(canvas: &mut RgbImage, line: &GrayImage, corner: (f32, f32), colour: [u8; 3]) {
    let (left, top) = (corner.0.round(), corner.1.round());
    let area = Area { left, top, width: line.width() as f32, height: line.height() as f32 };
    paint(canvas, area, colour, |x, y| covered(line, x - left, y - top));
}

/// How much of a pixel a line covers, 0 to 1.
pub fn covered(line: &GrayImage, x: f32, y: f32) -> f32 {
    let pixel = line.get_pixel_checked(x.max(0.0) as u32, y.max(0.0) as u32);
    pixel.map_or(0.0, |Luma([value])| f32::from(*value) / 255.0)
}

/// A smiling face.
pub fn smile(canvas: &mut RgbImage, middle: (f32, f32), radius: f32) {
    const YELLOW: [u8; 3] = [255, 205, 60];
    const BROWN: [u8; 3] = [95, 60, 20];
    let (x, y) = middle;
    disc(canvas, middle, radius, YELLOW);
    for side in [-0.36, 0.36] {
        disc(canvas, (x + side * radius, y - 0.25 * radius), 0.14 * radius, BROWN);
    }
    let (left, top) = (x - radius, y);
    let mouth = Area { left, top, width: 2.0 * radius, height: radius };
    paint(canvas, mouth, BROWN, |px, py| {
        let away = (px - x).hypot(py - y) / radius;
        let low = 0.15 < (py - y) / radius;
        if low && (0.5..0.66).contains(&away) { 1.0 } else { 0.0 }
    });
}

/// A heart.
pub fn heart(canvas: &mut RgbImage, middle: (f32, f32), radius: f32) {
    const RED: [u8; 3] = [225, 30, 60];
    let (left, top, side) = (middle.0 - radius, middle.1 - radius, 2.0 * radius);
    let area = Area { left, top, width: side, height: side };
    paint(canvas, area, RED, |x, y| {
        // The plane curve (x² + y² - 1)³ = x² y³.
        let (x, y) = (1.3 * (x - middle.0) / radius, -1.3 * (y - middle.1) / radius);
        let circle = x * x + y * y - 1.0;
        if circle.powi(3) <= x * x * y.powi(3) { 1.0 } else { 0.0 }
    });
}
