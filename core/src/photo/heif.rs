//! HEIC, which iPhones keep, by the `heifer` crate: HEVC in safe Rust (docs/decisions/0013).
//!
//! Behind the cargo feature `heic`; without it HEIC is refused by its name. Turns and mirrors that
//! the file states are applied by the crate; EXIF repeats them and is not applied once more.

#[cfg(feature = "heic")]
pub(crate) use self::with_heifer::{decode, marks};

#[cfg(not(feature = "heic"))]
use crate::photo::error::PhotoError;

/// Refuses the file.
///
/// # Errors
/// [`PhotoError::UnsupportedFormat`].
#[cfg(not(feature = "heic"))]
pub(crate) fn decode(_bytes: &[u8]) -> Result<super::decoded::Decoded, PhotoError> {
    let advice = "on an iPhone choose “Most Compatible”, or send a JPEG copy";
    Err(PhotoError::UnsupportedFormat { format: "HEIC", advice })
}

#[cfg(feature = "heic")]
mod with_heifer {
    use std::panic::catch_unwind;

    use heifer::heifer_isobmff::HeifFile;
    use heifer::heifer_isobmff::boxes::{ColorInfo, Property};
    use heifer::{Error, Options};
    use image::{DynamicImage, RgbImage, RgbaImage};

    use crate::limits;
    use crate::photo::colour::Source;
    use crate::photo::decoded::{Decoded, check_at_most, check_sides};
    use crate::photo::error::PhotoError;

    /// Decodes the primary picture.
    ///
    /// # Errors
    /// A [`PhotoError`] when a limit is passed or the file cannot be read.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, PhotoError> {
        // The crate reads a stranger's bytes; a panic in it must not cost more than the photo.
        let decoded = catch_unwind(|| decode_guarded(bytes));
        decoded.unwrap_or_else(|_| Err(damaged("its decoder gave up".into())))
    }

    /// EXIF, from its TIFF header on, and XMP.
    #[must_use]
    pub(crate) fn marks(bytes: &[u8]) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let read = || {
            let file = HeifFile::parse(bytes).ok()?;
            let id = file.primary_id;
            Some((file.exif(id).ok().flatten(), file.xmp(id).ok().flatten()))
        };
        catch_unwind(read).ok().flatten().unwrap_or_default()
    }

    fn decode_guarded(bytes: &[u8]) -> Result<Decoded, PhotoError> {
        let file = HeifFile::parse(bytes).map_err(|error| refusal(&error.into()))?;
        let id = file.primary_id;
        let size = file.image_size(id).map_err(|error| refusal(&error.into()))?;
        let (width, height) = size.ok_or_else(|| damaged("it states no size".into()))?;
        check_sides(width, height)?;
        check_at_most(width, height)?;
        // Checks of other photos run on the other cores.
        let options = Options { max_threads: 1, max_pixels: limits::PHOTO_PIXELS_MAX };
        let image = heifer::decode_rgba8(bytes, &options).map_err(|error| refusal(&error))?;
        let (width, height) = (image.width, image.height);
        check_sides(width, height)?;
        let picture = if image.has_alpha {
            RgbaImage::from_raw(width, height, image.data).map(DynamicImage::from)
        } else {
            RgbImage::from_raw(width, height, image.into_rgb8()).map(DynamicImage::from)
        };
        let picture = picture.ok_or_else(|| damaged("its pixels do not fill its size".into()))?;
        Ok(Decoded::new(picture, source(&file)))
    }

    /// What the colours mean: by the profile, or else by code points.
    fn source(file: &HeifFile<'_>) -> Source {
        let id = file.primary_id;
        let profile = file.icc_profile(id).ok().flatten();
        if let Some(profile) = profile.filter(|it| it.len() <= limits::PROFILE_BYTES_MAX) {
            return Source::Profile(profile.to_vec());
        }
        let properties = file.item_properties(id).ok();
        let points = properties.into_iter().flatten().find_map(|property| match property {
            Property::Color(ColorInfo::Nclx { primaries, transfer, .. }) => {
                Some([u8::try_from(*primaries).ok()?, u8::try_from(*transfer).ok()?, 0, 1])
            }
            _ => None,
        });
        points.map_or(Source::Srgb, Source::CodePoints)
    }

    fn refusal(error: &Error) -> PhotoError {
        match error {
            Error::Unsupported(_) => PhotoError::UnsupportedFormat {
                format: "HEIC of an unusual kind",
                advice: "on an iPhone choose “Most Compatible”, or send a JPEG copy",
            },
            other => damaged(other.to_string()),
        }
    }

    fn damaged(detail: String) -> PhotoError {
        PhotoError::Damaged { format: "heic", detail }
    }
}
