//! Edits that put something around or on a photo.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides are at most some thousand pixels, and positions are clamped to the canvas"
)]

use image::{Rgb, RgbImage, imageops};

use super::draw::{self, Area, BLACK, WHITE, mixed, rounded, text_mask, to_byte};
use super::random::Random;
use crate::photo::resize::{PixelBox, cut, resize};

const CAPTIONS: [&str; 8] = [
    "good morning",
    "new profile pic",
    "weekend mood",
    "just me :)",
    "missing you",
    "Paris, last summer",
    "text me on my other app",
    "no filter today",
];

/// A border of one colour, as thick on every side.
pub fn border(pixels: &RgbImage, percent: u8, random: &mut Random) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let thickness = (width.min(height) * u32::from(percent) / 100).max(1);
    let any = random.colour();
    let colour = random.one_of(&[BLACK, WHITE, any]);
    let size = (width + 2 * thickness, height + 2 * thickness);
    let mut framed = RgbImage::from_pixel(size.0, size.1, Rgb(colour));
    paste(&mut framed, pixels, thickness, thickness);
    framed
}

/// Bars above and below or at the sides.
pub fn letterbox(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let shapes = [(9_u32, 16_u32), (16, 9)];
    // A photo that is of that shape already gets the other.
    let first = usize::from(random.coin());
    let canvas_of = |(across, down): (u32, u32)| {
        (width.max(height * across / down), height.max(width * down / across))
    };
    let mut sizes = shapes.into_iter().cycle().skip(first).take(2).map(canvas_of);
    let size = sizes.find(|size| *size != (width, height)).unwrap_or((width, height * 2));
    let mut boxed =
        if random.coin() { RgbImage::new(size.0, size.1) } else { blurred_cover(pixels, size) };
    paste(&mut boxed, pixels, (size.0 - width) / 2, (size.1 - height) / 2);
    boxed
}

/// The photo so enlarged that it covers `size`, blurred and darkened as apps fill empty space.
fn blurred_cover(pixels: &RgbImage, size: (u32, u32)) -> RgbImage {
    /// Pixels of the longer side while it is blurred: more would not be seen.
    const SMALL: f32 = 96.0;
    let scale = SMALL / size.0.max(size.1) as f32;
    let small = |side: u32| ((side as f32 * scale) as u32).max(1);
    let (width, height) = (small(size.0), small(size.1));
    let (from_width, from_height) = pixels.dimensions();
    // The part of the photo that has the canvas's shape.
    let part_width = from_width.min((from_height * width / height).max(1));
    let part_height = from_height.min((from_width * height / width).max(1));
    let part = PixelBox {
        x: (from_width - part_width) / 2,
        y: (from_height - part_height) / 2,
        width: part_width,
        height: part_height,
    };
    let mut cover = imageops::blur(&resize(&cut(pixels, part), width, height), 3.0);
    cover.pixels_mut().for_each(|pixel| draw::blend(pixel, BLACK, 0.25));
    resize(&cover, size.0, size.1)
}

fn paste(canvas: &mut RgbImage, pixels: &RgbImage, x: u32, y: u32) {
    imageops::replace(canvas, pixels, x.into(), y.into());
}

/// A story of 1080 by 1920 pixels.
pub fn story(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    const WIDTH: u32 = 1080;
    const HEIGHT: u32 = 1920;
    let mut canvas = gradient(WIDTH, HEIGHT, random);
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    // Within the app's bars and the text.
    let (room_width, room_height) = (WIDTH as f32 * random.between(0.7, 0.95), 1250.0);
    let scale = (room_width / width).min(room_height / height);
    let scaled = |side: f32| ((side * scale) as u32).max(1);
    let photo = resize(pixels, scaled(width), scaled(height));
    let left = (WIDTH - photo.width()) / 2;
    let room = 1250_u32.saturating_sub(photo.height());
    let top = 220 + room / 2 + random.up_to(room / 4);
    paste(&mut canvas, &photo, left, top);
    chrome(&mut canvas, random);
    let line = text_mask(random.one_of(&CAPTIONS), random.between(56.0, 84.0));
    let below = (top + photo.height()) as f32 + random.between(20.0, 60.0);
    let left = (WIDTH as f32 - line.width() as f32) / 2.0;
    draw::text(&mut canvas, &line, (left, below), random.one_of(&[WHITE, BLACK]));
    canvas
}

fn gradient(width: u32, height: u32, random: &mut Random) -> RgbImage {
    let (from, to) = (random.colour().map(f32::from), random.colour().map(f32::from));
    let slant = random.between(0.0, 0.5);
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (x as f32 / width as f32, y as f32 / height as f32);
        Rgb(mixed(from, to, slant * across + (1.0 - slant) * down).map(to_byte))
    })
}

/// What an app draws around a story: progress, who it is by, where to answer.
fn chrome(canvas: &mut RgbImage, random: &mut Random) {
    let parts = 1 + random.up_to(5);
    let (shown, step) = (random.up_to(parts - 1), 1040.0 / parts as f32);
    for part in 0..parts {
        let (left, width) = (20.0 + step * part as f32, step - 8.0);
        let opacity = if part <= shown { 0.95 } else { 0.4 };
        rounded(canvas, Area { left, top: 28.0, width, height: 6.0 }, 3.0, WHITE, opacity);
    }
    draw::disc(canvas, (74.0, 104.0), 42.0, random.colour());
    let names = ["anna.k_92", "mike_travels", "sofia", "the.real.james", "lena_m"];
    draw::text(canvas, &text_mask(random.one_of(&names), 40.0), (132.0, 64.0), WHITE);
    draw::text(canvas, &text_mask("3 h", 32.0), (132.0, 108.0), [220; 3]);
    draw::text(canvas, &text_mask("x", 56.0), (1010.0, 72.0), WHITE);
    let bar = Area { left: 30.0, top: 1780.0, width: 860.0, height: 96.0 };
    rounded(canvas, bar, 48.0, WHITE, 0.2);
    draw::text(canvas, &text_mask("Send message", 42.0), (76.0, 1806.0), [235; 3]);
    draw::heart(canvas, (980.0, 1828.0), 40.0);
}

/// A band with a caption, and an emoji; both may hide a face, as those of users do.
pub fn overlay(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let mut covered = pixels.clone();
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let band_height = height * random.between(0.07, 0.13);
    let top = random.between(0.0, height - band_height);
    let band = Area { left: 0.0, top, width, height: band_height };
    let (ground, ink) = if random.coin() { (BLACK, WHITE) } else { (WHITE, BLACK) };
    let opacity = random.between(0.5, 1.0);
    draw::paint(&mut covered, band, ground, |_, _| opacity);
    let caption = random.one_of(&CAPTIONS);
    // A letter is half as wide as high.
    let letters = caption.chars().count() as f32;
    let line = text_mask(caption, (0.8 * band_height).min(1.8 * width / letters));
    let left = (width - line.width() as f32) / 2.0;
    let line_top = top + (band_height - line.height() as f32) / 2.0;
    draw::text(&mut covered, &line, (left, line_top), ink);
    let radius = width.min(height) * random.between(0.06, 0.125);
    let middle = (random.between(radius, width - radius), random.between(radius, height - radius));
    if random.coin() {
        draw::smile(&mut covered, middle, radius);
    } else {
        draw::heart(&mut covered, middle, radius);
    }
    covered
}

/// A text repeated in slanted rows.
pub fn watermark(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let mut marked = pixels.clone();
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let line_height = width.min(height) * random.between(0.05, 0.09);
    let words = ["stockphoto", "PREVIEW", "(c) images", "sample", "@myphotos"];
    let line = text_mask(random.one_of(&words), line_height);
    let (step_x, step_y) =
        (line.width() as f32 + 1.5 * line_height, line_height * random.between(2.5, 4.0));
    let (sine, cosine) = random.between(0.0, 45.0_f32).to_radians().sin_cos();
    let opacity = random.between(0.25, 0.4);
    let area = Area { left: 0.0, top: 0.0, width, height };
    draw::paint(&mut marked, area, WHITE, |x, y| {
        let (along, down) = (x * cosine - y * sine, x * sine + y * cosine);
        let row = (down / step_y).floor();
        // Every second row is shifted by half a step.
        let along = along + 0.5 * step_x * row.rem_euclid(2.0);
        opacity * draw::covered(&line, along.rem_euclid(step_x), down.rem_euclid(step_y))
    });
    marked
}
