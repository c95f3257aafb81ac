//! Edits that save a photo with loss and open it again.

use image::{ImageFormat, RgbImage};

use super::random::Random;
use crate::photo::reencode::{opened, saved_as_jpeg};
use crate::photo::resize::resize;

/// The photo as a phone's screen of 1080 by 2160 pixels shows it, saved from there. The bars around
/// it are cut off, as they are before an upload.
pub fn screenshot(pixels: &RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let (shown_width, shown_height) = if width * 2 < height {
        ((2160 * width / height).max(1), 2160)
    } else {
        (1080, (1080 * height / width).max(1))
    };
    saved_as_jpeg(&resize(pixels, shown_width, shown_height), 85)
}

/// The same as lossy WebP of a quality of 50 to 80. The encoder is libwebp: what the `image` crate
/// has of its own writes WebP without loss.
pub fn webp(pixels: &RgbImage, random: &mut Random) -> RgbImage {
    let quality = random.between(50.0, 80.0);
    let encoder = webp::Encoder::from_rgb(pixels.as_raw(), pixels.width(), pixels.height());
    match encoder.encode_simple(false, quality) {
        Ok(bytes) => opened(&bytes, ImageFormat::WebP),
        Err(error) => unreachable!("the sides are within the format's: {error:?}"),
    }
}
