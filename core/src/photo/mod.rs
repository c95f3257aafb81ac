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
mod decoded;
mod error;
mod format;
mod gif;
pub(crate) mod heif;
pub mod jpeg;
mod png;
pub mod reencode;
pub mod resize;
mod webp;

use image::RgbImage;
use image::metadata::Orientation;
use sha2::{Digest, Sha256};

pub use self::animation::Animation;
use self::decoded::Decoded;
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

impl Photo {
    /// Decodes `bytes`.
    ///
    /// # Errors
    /// A [`PhotoError`] when a limit is passed or the bytes are not a readable photo.
    pub fn decode(bytes: &[u8]) -> Result<Self, PhotoError> {
        check_bytes(bytes)?;
        let format = PhotoFormat::detect(bytes)?;
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
