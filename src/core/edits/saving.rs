//! Edits that save a photo with loss and open it again.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

use super::Random;
use crate::core::resize::resize;

/// What a viewer shows after the photo was saved as JPEG of this quality (1 to 100).
///
/// # Panics
/// Never: photos are within the limits of the format.
#[must_use]
pub fn jpeg(pixels: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let saved = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels);
    assert!(saved.is_ok(), "the sides are within the format's, and memory takes all: {saved:?}");
    opened(&bytes, ImageFormat::Jpeg)
}

/// The photo as a phone's screen of 1080 by 2160 pixels shows it, saved from there. The bars around
/// it are cut off, as they are before an upload.
pub fn screenshot(pixels: &RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let (shown_width, shown_height) = if width * 2 < height {
        ((2160 * width / height).max(1), 2160)
    } else {
        (1080, (1080 * height / width).max(1))
    };
    jpeg(&resize(pixels, shown_width, shown_height), 85)
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

fn opened(bytes: &[u8], format: ImageFormat) -> RgbImage {
    match image::load_from_memory_with_format(bytes, format) {
        Ok(decoded) => decoded.into_rgb8(),
        Err(error) => unreachable!("it was just written: {error}"),
    }
}
