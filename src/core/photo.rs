//! A photo: decoded, upright RGB pixels of which the limits are known to hold.
//!
//! [`Photo::decode`] is the only way to make one, so whoever holds a `Photo` need not check again.
//! The format is read from the bytes, never from a name; the limits are checked on the header,
//! before memory for the pixels is taken. EXIF orientation is applied. Transparent pixels are laid
//! on white, as the page of a dating platform would show them. Of an animation the first frame
//! counts. A file that ends before its picture does is refused: grey filler would be hashed and
//! scored as if somebody had photographed it.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::jpeg::JpegDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, Rgb, RgbImage};
use sha2::{Digest, Sha256};

use crate::core::container::{check_jpeg_is_whole, webp_frame_sizes};
use crate::core::errors::PhotoError;
use crate::core::limits;

/// A file format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoFormat {
    Jpeg,
    Png,
    WebP,
    Gif,
}

impl PhotoFormat {
    /// Lower-case name, as it stands in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }
}

/// SHA-256 of the file's bytes as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhotoDigest(pub [u8; 32]);

/// A decoded photo within the limits. See the module's text.
#[derive(Debug, Clone)]
pub struct Photo {
    pixels: RgbImage,
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
        let format = sniff(bytes)?;
        let pixels = match format {
            PhotoFormat::Jpeg => {
                check_jpeg_is_whole(bytes)?;
                read(format, JpegDecoder::new(Cursor::new(bytes)))
            }
            PhotoFormat::Png => {
                read(format, PngDecoder::with_limits(Cursor::new(bytes), decoder_limits()))
            }
            PhotoFormat::WebP => {
                for (width, height) in webp_frame_sizes(bytes)? {
                    check_at_most(width, height)?;
                }
                read(format, WebPDecoder::new(Cursor::new(bytes)))
            }
            PhotoFormat::Gif => read(format, GifDecoder::new(Cursor::new(bytes))),
        }?;
        Ok(Self { pixels, format, digest: PhotoDigest(Sha256::digest(bytes).into()) })
    }

    /// Upright pixels, row by row, three bytes each.
    #[must_use]
    pub fn pixels(&self) -> &RgbImage {
        &self.pixels
    }

    /// Width in pixels after orientation.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels after orientation.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.pixels.height()
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

/// Reads the format from the first bytes (magic numbers as registered for each format).
fn sniff(bytes: &[u8]) -> Result<PhotoFormat, PhotoError> {
    const SAVE_AS: &str = "save the photo as JPEG, PNG or WebP and send that";
    let unsupported = |format, advice| Err(PhotoError::UnsupportedFormat { format, advice });
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Ok(PhotoFormat::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(PhotoFormat::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(PhotoFormat::WebP),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(PhotoFormat::Gif),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4) {
            Some(b"avif" | b"avis") => unsupported("AVIF", SAVE_AS),
            Some(b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1") => {
                unsupported("HEIC", "on an iPhone choose “Most Compatible”, or send a JPEG copy")
            }
            _ => unsupported("a video or other ISO media file", "send a still photo as JPEG"),
        },
        [b'B', b'M', ..] => unsupported("BMP", SAVE_AS),
        [b'I', b'I', 0x2A, 0, ..] | [b'M', b'M', 0, 0x2A, ..] => {
            unsupported("TIFF or a camera's raw file", SAVE_AS)
        }
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => {
            unsupported("JPEG XL", SAVE_AS)
        }
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] => unsupported("JPEG 2000", SAVE_AS),
        [b'%', b'P', b'D', b'F', ..] => unsupported("PDF", "send the photo itself, as JPEG"),
        [b'<', b's', b'v', b'g', ..] => unsupported("SVG", "send a photo, not a drawing"),
        _ => Err(PhotoError::NotAnImage { first_bytes: hex_of_first(bytes) }),
    }
}

fn hex_of_first(bytes: &[u8]) -> String {
    hex::encode(bytes.get(..bytes.len().min(8)).unwrap_or_default())
}

/// Width and height are not among them: [`check_size`] names the value and the limit.
fn decoder_limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(limits::DECODER_BYTES_MAX);
    limits
}

/// Checks the limits on the header, then decodes, then turns the photo upright.
fn read<D: ImageDecoder>(
    format: PhotoFormat,
    decoder: Result<D, ImageError>,
) -> Result<RgbImage, PhotoError> {
    let refuse = |error: ImageError| refusal(format, &error);
    let mut decoder = decoder.map_err(refuse)?;
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    check_decoded_bytes(decoder.total_bytes())?;
    decoder.set_limits(decoder_limits()).map_err(refuse)?;
    // Broken EXIF is no reason to refuse a photo that every viewer shows.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(refuse)?;
    decoded.apply_orientation(orientation);
    Ok(on_white(decoded))
}

fn check_size(width: u32, height: u32) -> Result<(), PhotoError> {
    check_at_most(width, height)?;
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

/// Lays transparent pixels on white and brings every layout to 8-bit RGB.
fn on_white(decoded: DynamicImage) -> RgbImage {
    if !decoded.color().has_alpha() {
        return decoded.into_rgb8();
    }
    let with_alpha = decoded.into_rgba8();
    let mut pixels = RgbImage::new(with_alpha.width(), with_alpha.height());
    for (target, source) in pixels.pixels_mut().zip(with_alpha.pixels()) {
        let [red, green, blue, alpha] = source.0;
        let over = |value: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            // Never above 255: a weighted mean of `value` and 255, rounded.
            u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        *target = Rgb([over(red), over(green), over(blue)]);
    }
    pixels
}
