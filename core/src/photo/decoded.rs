//! What the decoders of all formats share: checking the limits on the header, before memory for the
//! pixels is taken, and decoding by the `image` crate.

use image::metadata::Orientation;
use image::{DynamicImage, Frames, ImageDecoder, ImageError, Limits};

use super::animation::Animation;
use super::colour::Source;
use super::error::PhotoError;
use super::format::PhotoFormat;
use crate::limits;

/// What the decoder of a format returns.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The picture as it lies in the file, within the limits.
    pub picture: DynamicImage,
    /// What its colours mean.
    pub source: Source,
    pub orientation: Orientation,
    /// Width and height in pixels as the file has them.
    pub size: (u32, u32),
    /// The part by which both sides were made smaller while decoding; 1 for not at all.
    pub shrunk: u32,
    pub animation: Option<Animation>,
}

impl Decoded {
    pub fn new(picture: DynamicImage, source: Source) -> Self {
        let size = (picture.width(), picture.height());
        let orientation = Orientation::NoTransforms;
        Self { picture, source, orientation, size, shrunk: 1, animation: None }
    }
}

/// Width and height are not among them: [`check_at_most`] names the value and the limit.
pub(super) fn decoder_limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(limits::DECODER_BYTES_MAX);
    limits
}

/// Checks the limits on the header; returns the decoder and how the picture lies.
pub(super) fn open<D: ImageDecoder>(
    format: PhotoFormat,
    decoder: Result<D, ImageError>,
) -> Result<(D, Orientation), PhotoError> {
    let refuse = |error: ImageError| refusal(format, &error);
    let mut decoder = decoder.map_err(refuse)?;
    let (width, height) = decoder.dimensions();
    check_at_most(width, height)?;
    check_sides(width, height)?;
    check_decoded_bytes(decoder.total_bytes())?;
    decoder.set_limits(decoder_limits()).map_err(refuse)?;
    // Broken EXIF is no reason to refuse a photo that every viewer shows.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((decoder, orientation))
}

/// Decodes the one picture, or the first.
pub(super) fn still<D: ImageDecoder>(
    format: PhotoFormat,
    decoder: D,
) -> Result<DynamicImage, PhotoError> {
    DynamicImage::from_decoder(decoder).map_err(|error| refusal(format, &error))
}

/// Decodes a frame of an animation, drawn over those before it.
pub(super) fn nth_frame(
    format: PhotoFormat,
    frames: Frames<'_>,
    number: u32,
) -> Result<DynamicImage, PhotoError> {
    let mut last = None;
    for frame in frames.take(number as usize + 1) {
        last = Some(frame.map_err(|error| refusal(format, &error))?);
    }
    let missing =
        || PhotoError::Damaged { format: format.name(), detail: "it has no frame".into() };
    last.map(|frame| frame.into_buffer().into()).ok_or_else(missing)
}

pub(super) fn count_pixels<D: ImageDecoder>(decoder: &D) -> u64 {
    let (width, height) = decoder.dimensions();
    u64::from(width) * u64::from(height)
}

pub(super) fn check_sides(width: u32, height: u32) -> Result<(), PhotoError> {
    if limits::PHOTO_SIDE_MAX < width.max(height) {
        let side_max = limits::PHOTO_SIDE_MAX;
        return Err(PhotoError::TooLarge { width, height, side_max });
    }
    if width.min(height) < limits::PHOTO_SIDE_MIN {
        let side_min = limits::PHOTO_SIDE_MIN;
        return Err(PhotoError::TooSmall { width, height, side_min });
    }
    Ok(())
}

pub(super) fn check_at_most(width: u32, height: u32) -> Result<(), PhotoError> {
    if limits::PHOTO_SIDE_MAX < width.max(height) {
        let side_max = limits::PHOTO_SIDE_MAX;
        return Err(PhotoError::TooLarge { width, height, side_max });
    }
    let pixels = u64::from(width) * u64::from(height);
    if limits::PHOTO_PIXELS_MAX < pixels {
        return Err(PhotoError::TooManyPixels { pixels, pixels_max: limits::PHOTO_PIXELS_MAX });
    }
    Ok(())
}

pub(super) fn check_decoded_bytes(bytes: u64) -> Result<(), PhotoError> {
    if limits::DECODED_BYTES_MAX < bytes {
        let bytes_max = limits::DECODED_BYTES_MAX;
        return Err(PhotoError::TooManyDecodedBytes { bytes, bytes_max });
    }
    Ok(())
}

pub(super) fn refusal(format: PhotoFormat, error: &ImageError) -> PhotoError {
    let detail = match error {
        ImageError::Limits(_) => "its inner tables would take more memory than the limit".into(),
        other => other.to_string(),
    };
    PhotoError::Damaged { format: format.name(), detail }
}
