//! A photo: decoded, upright sRGB pixels of which the limits are known to hold.
//!
//! [`Photo::decode`] is the only way to make one, so whoever holds a `Photo` need not check again.
//! The format is read from the bytes, never from a name; the limits are checked on the header,
//! before memory for the pixels is taken. What comes out is what people see: upright by EXIF, with
//! its colour profile applied, transparent pixels laid on white, and of an animation the frame that
//! is on show for longest. A file of which a part of the picture is missing is refused: grey filler
//! would be hashed and scored as if somebody had photographed it.

mod animation;
mod colour;
mod error;
mod format;
mod gif;
pub(crate) mod heif;
pub mod jpeg;
mod png;
pub mod reencode;
pub mod resize;
mod webp;

use image::metadata::Orientation;
use image::{DynamicImage, Frames, ImageDecoder, ImageError, Limits, RgbImage};
use sha2::{Digest, Sha256};

pub use self::animation::Animation;
use self::colour::Source;
pub use self::error::PhotoError;
pub use self::format::PhotoFormat;
use crate::limits;

/// SHA-256 of the file's bytes as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhotoDigest(pub [u8; 32]);

/// A decoded photo within the limits. See the module's text.
#[derive(Debug, Clone)]
pub struct Photo {
    pixels: RgbImage,
    size: (u32, u32),
    shrunk: u32,
    animation: Option<Animation>,
    format: PhotoFormat,
    digest: PhotoDigest,
}

/// What the decoder of a format returns.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The picture as it lies in the file, within the limits.
    pub picture: DynamicImage,
    /// What its colours mean.
    source: Source,
    orientation: Orientation,
    /// Width and height in pixels as the file has them.
    size: (u32, u32),
    /// The part by which both sides were made smaller while decoding; 1 for not at all.
    shrunk: u32,
    animation: Option<Animation>,
}

impl Decoded {
    fn new(picture: DynamicImage, source: Source) -> Self {
        let size = (picture.width(), picture.height());
        let orientation = Orientation::NoTransforms;
        Self { picture, source, orientation, size, shrunk: 1, animation: None }
    }
}

impl Photo {
    /// Decodes `bytes`.
    ///
    /// # Errors
    /// A [`PhotoError`] when a limit is passed or the bytes are not a readable photo.
    pub fn decode(bytes: &[u8]) -> Result<Self, PhotoError> {
        check_bytes(bytes)?;
        let format = PhotoFormat::of(bytes)?;
        let decoded = match format {
            PhotoFormat::Jpeg => jpeg::decode(bytes),
            PhotoFormat::Png => png::decode(bytes),
            PhotoFormat::WebP => webp::decode(bytes),
            PhotoFormat::Gif => gif::decode(bytes),
            PhotoFormat::Heic => heif::decode(bytes),
        }?;
        let Decoded { mut picture, source, orientation, size, shrunk, animation } = decoded;
        picture.apply_orientation(orientation);
        let is_turned = matches!(
            orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        Ok(Self {
            pixels: colour::to_srgb(picture, &source),
            size: if is_turned { (size.1, size.0) } else { size },
            shrunk,
            animation,
            format,
            digest: PhotoDigest(Sha256::digest(bytes).into()),
        })
    }

    /// Upright pixels, row by row, three bytes each.
    #[must_use]
    pub fn pixels(&self) -> &RgbImage {
        &self.pixels
    }

    /// Width in pixels after orientation, as the file has it.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.size.0
    }

    /// Height in pixels after orientation, as the file has it.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.size.1
    }

    /// Whether the pixels are fewer than the file has.
    #[must_use]
    pub fn is_shrunk(&self) -> bool {
        self.shrunk != 1
    }

    /// The frames, when the file is an animation.
    #[must_use]
    pub fn animation(&self) -> Option<Animation> {
        self.animation
    }

    /// The format read from the bytes.
    #[must_use]
    pub fn format(&self) -> PhotoFormat {
        self.format
    }

    /// Digest of the bytes this photo was decoded from.
    #[must_use]
    pub fn digest(&self) -> PhotoDigest {
        self.digest
    }
}

fn check_bytes(bytes: &[u8]) -> Result<(), PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    let count = bytes.len() as u64;
    if limits::PHOTO_BYTES_MAX < count {
        return Err(PhotoError::TooManyBytes { bytes: count, bytes_max: limits::PHOTO_BYTES_MAX });
    }
    Ok(())
}

/// Width and height are not among them: [`check_at_most`] names the value and the limit.
fn decoder_limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(limits::DECODER_BYTES_MAX);
    limits
}

/// Checks the limits on the header; returns the decoder and how the picture lies.
fn open<D: ImageDecoder>(
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
fn still<D: ImageDecoder>(format: PhotoFormat, decoder: D) -> Result<DynamicImage, PhotoError> {
    DynamicImage::from_decoder(decoder).map_err(|error| refusal(format, &error))
}

/// Decodes a frame of an animation, drawn over those before it.
fn nth_frame(
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

fn pixels_of<D: ImageDecoder>(decoder: &D) -> u64 {
    let (width, height) = decoder.dimensions();
    u64::from(width) * u64::from(height)
}

fn check_sides(width: u32, height: u32) -> Result<(), PhotoError> {
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

fn check_at_most(width: u32, height: u32) -> Result<(), PhotoError> {
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

fn check_decoded_bytes(bytes: u64) -> Result<(), PhotoError> {
    if limits::DECODED_BYTES_MAX < bytes {
        let bytes_max = limits::DECODED_BYTES_MAX;
        return Err(PhotoError::TooManyDecodedBytes { bytes, bytes_max });
    }
    Ok(())
}

fn refusal(format: PhotoFormat, error: &ImageError) -> PhotoError {
    let detail = match error {
        ImageError::Limits(_) => "its inner tables would take more memory than the limit".into(),
        other => other.to_string(),
    };
    PhotoError::Damaged { format: format.name(), detail }
}
