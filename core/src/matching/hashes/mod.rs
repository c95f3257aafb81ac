//! Perceptual hashes: numbers that stay close when a photo is re-saved, resized or recoloured.
//!
//! Two independent ones are taken. PDQ (256 bit, with a quality) is what the field exchanges and
//! what banks are looked up by. The gradient hash (256 bit, by `img_hash`) is a second opinion.
//! Hashes of photos of people are personal data: they are shown to whoever sent the photo and are
//! never logged.

mod distance;
pub(crate) mod gradient;
pub mod pdq;
pub(crate) mod samples;

use image::RgbImage;

use crate::photo::{Photo, PhotoError};

pub use self::distance::{Distance, HASH_BITS, words_from};
pub use self::gradient::{GradientHash, GradientSample};
pub use self::pdq::{PdqHash, PdqQuality};

/// What a photo is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoHashes {
    pub pdq: PdqHash,
    pub pdq_quality: PdqQuality,
    pub gradient: GradientHash,
}

impl PhotoHashes {
    /// Decodes and hashes a photo.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn hash_file(bytes: &[u8]) -> Result<Self, PhotoError> {
        Photo::decode(bytes).map(|photo| Self::hash(photo.pixels()))
    }

    /// Hashes a photo's pixels.
    #[must_use]
    pub fn hash(pixels: &RgbImage) -> Self {
        let samples = samples::filtered_samples(pixels);
        Self {
            pdq: pdq::hash(&samples),
            pdq_quality: pdq::quality(&samples),
            gradient: gradient::hash(&samples, None),
        }
    }
}
