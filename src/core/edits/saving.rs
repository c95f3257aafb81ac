//! Edits that save a photo with loss and open it again.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

use super::Random;

/// What a viewer shows after the photo was saved as JPEG of this quality (1 to 100).
pub fn jpeg(pixels: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let saved = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels);
    assert!(saved.is_ok(), "the sides are within the format's, and memory takes all: {saved:?}");
    opened(&bytes, ImageFormat::Jpeg)
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
