//! JPEG: which decoder reads a file right, and reading it by that.
//!
//! The fast decoder, `zune-jpeg` by way of the `image` crate, reads the layouts that cameras and
//! programs write. Of the others it gets many wrong without a word (docs/decisions/0013), so they
//! are recognised from the markers and read by `jpeg-decoder`, which agreed with libjpeg on every
//! layout it accepts, but for those that `check_is_read_right` refuses. Photos of more pixels
//! than are decoded at full size are decoded at half of it.

mod coverage;
mod head;
mod huffman;
mod segments;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use self::coverage::Scans;
use self::head::{Colours, Head, damaged, unsupported};
use super::colour::{self, Source};
use super::decoded::{Decoded, check_at_most, check_decoded_bytes, check_sides, open, still};
use crate::limits;
use crate::photo::error::PhotoError;
use crate::photo::format::PhotoFormat;

pub use self::head::is_tiff;

/// Decodes a JPEG.
///
/// # Errors
/// A [`PhotoError`] when a limit is passed or the file cannot be read.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, PhotoError> {
    let mut head = Head::read(bytes)?;
    let (width, height) = (head.frame.width, head.frame.height);
    check_sides(width, height)?;
    let shrunk = shrunk(&head)?;
    let scans = coverage::check(bytes, &mut head)?;
    let mut file = whole_file(bytes, scans.end);
    if let Some(at) = head.strange_adobe {
        // Its colours are decided here; the decoders refuse a transform that they do not know.
        file.to_mut().get_mut(at).into_iter().for_each(|transform| *transform = 1);
    }
    let picture = if shrunk == 1 && is_plain(&head, &scans) {
        let (decoder, _) = open(PhotoFormat::Jpeg, JpegDecoder::new(Cursor::new(&*file)))?;
        still(PhotoFormat::Jpeg, decoder)?
    } else {
        check_is_read_right(&head, &scans)?;
        decode_other(&file, &head, shrunk)?
    };
    let orientation = head.exif.as_deref().and_then(Orientation::from_exif_chunk);
    let source = match (head.colours(), head.profile) {
        // Inks have become colours already.
        (Colours::Cmyk | Colours::Ycck, _) | (_, None) => Source::Srgb,
        (_, Some(profile)) => Source::Profile(profile),
    };
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    Ok(Decoded { orientation, shrunk, size: (width, height), ..Decoded::new(picture, source) })
}

/// Decodes the small JPEG that EXIF holds, if its sides keep within the bounds.
#[must_use]
pub fn thumbnail(bytes: &[u8], side_min: u32, side_max: u32) -> Option<DynamicImage> {
    let frame = Head::read(bytes).ok()?.frame;
    let sides = side_min..=side_max;
    (sides.contains(&frame.width) && sides.contains(&frame.height)).then_some(())?;
    decode(bytes).ok().map(|decoded| decoded.picture)
}

/// The part by which both sides are made smaller while decoding.
fn shrunk(head: &Head) -> Result<u32, PhotoError> {
    let (width, height) = (head.frame.width, head.frame.height);
    let pixels = u64::from(width) * u64::from(height);
    if pixels <= limits::PHOTO_PIXELS_MAX {
        check_at_most(width, height)?;
        return Ok(1);
    }
    let pixels_max = limits::SHRUNK_PIXELS_MAX;
    if pixels_max < pixels {
        return Err(PhotoError::TooManyPixels { pixels, pixels_max });
    }
    // The coefficients of a progressive picture are kept at full size.
    if head.frame.is_progressive {
        let pixels_max = limits::PHOTO_PIXELS_MAX;
        return Err(PhotoError::TooManyPixels { pixels, pixels_max });
    }
    Ok(2)
}

/// The file up to the end of its picture, with an end marker.
fn whole_file(bytes: &[u8], end: usize) -> std::borrow::Cow<'_, [u8]> {
    const END: [u8; 2] = [0xFF, segments::EOI];
    let file = bytes.get(..end).unwrap_or(bytes);
    if file.ends_with(&END) { file.into() } else { [file, END.as_slice()].concat().into() }
}

/// Whether the layout is one of those that `zune-jpeg` was seen to read right.
fn is_plain(head: &Head, scans: &Scans) -> bool {
    let frame = &head.frame;
    let sampling: Vec<(u32, u32)> =
        frame.components.iter().map(|it| (it.across, it.down)).collect();
    let is_usual =
        matches!(sampling.as_slice(), [(1 | 2, 1 | 2)] | [(1 | 2, 1 | 2), (1, 1), (1, 1)]);
    let in_order: Vec<usize> = (0..frame.components.len()).collect();
    let is_one_scan = scans.components == [in_order];
    is_usual && head.is_plain_colour() && (frame.is_progressive || is_one_scan)
}

/// Refuses the layouts that `jpeg-decoder` does not read, or reads wrong.
fn check_is_read_right(head: &Head, scans: &Scans) -> Result<(), PhotoError> {
    const UNEVEN: &str = "a JPEG whose components are sampled in an unusual way";
    let frame = &head.frame;
    let (across_max, down_max) = frame.sampling_max();
    let is_even = |it: &head::Component| across_max % it.across == 0 && down_max % it.down == 0;
    if !frame.components.iter().all(is_even) {
        return Err(unsupported(UNEVEN));
    }
    // In a scan of one component it counts the blocks of whole units.
    let alone = scans.components.iter().filter(|components| components.len() == 1).flatten();
    let (units_across, units_down) = frame.units();
    for component in alone.filter_map(|index| frame.components.get(*index)) {
        let counted = (
            (units_across * component.across).min(frame.width.div_ceil(8)),
            (units_down * component.down).min(frame.height.div_ceil(8)),
        );
        if counted != frame.blocks(*component) {
            return Err(unsupported(UNEVEN));
        }
    }
    // Pixels, planes of whole units, and two bytes a coefficient that progressive pictures keep.
    let unit = 64 * u64::from(units_across) * u64::from(units_down);
    let blocks: u32 = frame.components.iter().map(|it| it.across * it.down).sum();
    let bytes_each = if frame.is_progressive { 3 } else { 1 };
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    let shrunk = if limits::PHOTO_PIXELS_MAX < pixels { 4 } else { 1 };
    let pixels_bytes = pixels * frame.components.len() as u64;
    check_decoded_bytes(pixels_bytes / shrunk)?;
    check_decoded_bytes(unit * u64::from(blocks) * bytes_each / shrunk / 2)
}

/// Decodes by `jpeg-decoder`.
fn decode_other(file: &[u8], head: &Head, shrunk: u32) -> Result<DynamicImage, PhotoError> {
    let mut decoder = Decoder::new(file);
    let transform = match head.colours() {
        Colours::Grey => ColorTransform::Grayscale,
        Colours::YCbCr => ColorTransform::YCbCr,
        Colours::Rgb => ColorTransform::RGB,
        Colours::Cmyk => ColorTransform::CMYK,
        Colours::Ycck => ColorTransform::YCCK,
    };
    decoder.set_color_transform(transform);
    let side = |length: u32| u16::try_from(length / shrunk).unwrap_or(u16::MAX);
    let work = || {
        if 1 < shrunk {
            decoder.scale(side(head.frame.width), side(head.frame.height))?;
        }
        Ok((decoder.decode()?, decoder.info()))
    };
    // The crate was fuzzed for years; a panic in it must still not cost more than the photo.
    let decoded: Result<_, jpeg_decoder::Error> =
        catch_unwind(AssertUnwindSafe(work)).map_err(|_| damaged("its decoder gave up".into()))?;
    let (values, info) = decoded.map_err(|error| damaged(error.to_string()))?;
    let info = info.ok_or_else(|| damaged("it has no size".into()))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let picture = match info.pixel_format {
        PixelFormat::L8 => GrayImage::from_raw(width, height, values).map(DynamicImage::from),
        PixelFormat::RGB24 => RgbImage::from_raw(width, height, values).map(DynamicImage::from),
        PixelFormat::CMYK32 => {
            let pixels = colour::inks_to_srgb(&values, head.profile.as_deref());
            RgbImage::from_raw(width, height, pixels).map(DynamicImage::from)
        }
        PixelFormat::L16 => None,
    };
    picture.ok_or_else(|| damaged("its pixels do not fill its size".into()))
}
