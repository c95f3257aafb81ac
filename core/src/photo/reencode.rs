//! Saving a photo again, as senders and messengers do.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};

use super::resize::shrink_to;
use crate::limits;

/// The photo as an app takes it in: its longer side is at most [`limits::EDITED_SIDE_MAX`].
#[must_use]
pub fn uploaded(pixels: &RgbImage) -> RgbImage {
    shrink_to(pixels, limits::EDITED_SIDE_MAX)
}

/// What a viewer shows after the photo was saved as JPEG of this quality (1 to 100).
///
/// # Panics
/// Never: photos are within the limits of the format.
#[must_use]
pub fn saved_as_jpeg(pixels: &RgbImage, quality: u8) -> RgbImage {
    let mut bytes = Vec::new();
    let saved = JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels);
    assert!(saved.is_ok(), "the sides are within the format's, and memory takes all: {saved:?}");
    opened(&bytes, ImageFormat::Jpeg)
}

pub(crate) fn opened(bytes: &[u8], format: ImageFormat) -> RgbImage {
    match image::load_from_memory_with_format(bytes, format) {
        Ok(decoded) => decoded.into_rgb8(),
        Err(error) => unreachable!("it was just written: {error}"),
    }
}
