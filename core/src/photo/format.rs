//! Which format a file has, read from its first bytes, and the names of those that are not read.

use super::error::PhotoError;

/// A file format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoFormat {
    Jpeg,
    Png,
    WebP,
    Gif,
    /// Read only with the cargo feature `heic`.
    Heic,
}

impl PhotoFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Png, Self::WebP, Self::Gif, Self::Heic];

    /// Lower-case name, as it stands in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
            Self::Heic => "heic",
        }
    }

    /// Reads the format from the first bytes (magic numbers as registered for each format).
    ///
    /// # Errors
    /// [`PhotoError::UnsupportedFormat`] for a format that is known and not read,
    /// [`PhotoError::NotAnImage`] for anything else.
    pub fn detect(bytes: &[u8]) -> Result<Self, PhotoError> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Self::Gif),
            _ if is_heic(bytes) => Ok(Self::Heic),
            _ => Err(refusal(bytes)),
        }
    }
}

const SAVE_AS: &str = "save the photo as JPEG, PNG or WebP and send that";
const STILL: &str = "send a still photo as JPEG";
const DRAWING: &str = "send a photo, not a drawing";

fn refusal(bytes: &[u8]) -> PhotoError {
    let (format, advice) = match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brands @ ..] => media(brands),
        [b'B', b'M', ..] => ("BMP", SAVE_AS),
        [b'I', b'I', 0x2A | 0x2B, 0, ..] | [b'M', b'M', 0, 0x2A | 0x2B, ..] => {
            ("TIFF or a camera's raw file", SAVE_AS)
        }
        [b'I', b'I', b'R' | b'U', ..] | [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', ..] => {
            ("a camera's raw file", SAVE_AS)
        }
        [b'I', b'I', 0xBC, ..] => ("JPEG XR", SAVE_AS),
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => ("JPEG XL", SAVE_AS),
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => {
            ("JPEG 2000", SAVE_AS)
        }
        // JPEG-LS and lossless JPEG begin as every JPEG does.
        [b'8', b'B', b'P', b'S', ..] => ("a Photoshop file", SAVE_AS),
        [0, 0, 1 | 2, 0, ..] => ("an icon", SAVE_AS),
        [b'q', b'o', b'i', b'f', ..] => ("QOI", SAVE_AS),
        [b'P', b'1'..=b'7', b' ' | b'\n' | b'\r' | b'\t', ..] => ("PNM", SAVE_AS),
        [b'#', b'?', b'R', b'A', b'D', ..] => ("Radiance HDR", SAVE_AS),
        [0x76, 0x2F, 0x31, 0x01, ..] => ("OpenEXR", SAVE_AS),
        [b'%', b'P', b'D', b'F', ..] => ("PDF", "send the photo itself, as JPEG"),
        [b'%', b'!', b'P', b'S', ..] => ("PostScript", "send the photo itself, as JPEG"),
        [0x1A, 0x45, 0xDF, 0xA3, ..] => ("a video (Matroska or WebM)", STILL),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => {
            ("a video (AVI)", STILL)
        }
        [b'P', b'K', 3, 4, ..] => ("a ZIP file", "take the photo out of it and send that"),
        _ if is_svg(bytes) => ("SVG", DRAWING),
        _ => {
            let first_bytes = hex::encode(bytes.get(..bytes.len().min(8)).unwrap_or_default());
            return PhotoError::NotAnImage { first_bytes };
        }
    };
    PhotoError::UnsupportedFormat { format, advice }
}

/// Whether this is a still HEIC: by the major brand, or else by the first compatible one that says.
fn is_heic(bytes: &[u8]) -> bool {
    let Some([b'f', b't', b'y', b'p', brands @ ..]) = bytes.get(4..) else { return false };
    let said = brands.chunks_exact(4).take(16).find_map(|brand| match brand {
        b"heic" | b"heix" | b"heim" | b"heis" => Some(true),
        b"avif" | b"avis" | b"hevc" | b"hevx" | b"qt  " | b"isom" | b"mp41" | b"mp42" => {
            Some(false)
        }
        _ => None,
    });
    said.unwrap_or(false)
}

/// The name of an ISO media file: by its major brand, or else by the compatible ones.
fn media(brands: &[u8]) -> (&'static str, &'static str) {
    const IPHONE: &str = "on an iPhone choose “Most Compatible”, or send a JPEG copy";
    // The major brand, four bytes of version, then compatible ones; a box has few of them.
    for brand in brands.chunks_exact(4).take(16) {
        match brand {
            b"avif" | b"avis" => return ("AVIF", SAVE_AS),
            b"hevc" | b"hevx" => return ("a HEIC of moving pictures", IPHONE),
            b"crx " => return ("a camera's raw file", SAVE_AS),
            b"qt  " | b"isom" | b"mp41" | b"mp42" | b"3gp4" | b"3gp5" | b"M4V " => break,
            _ => {}
        }
    }
    match brands.get(..4) {
        Some(b"mif1" | b"mif2" | b"msf1") => ("a HEIF file of an unusual kind", IPHONE),
        _ => ("a video or other ISO media file", STILL),
    }
}

/// Whether an SVG element begins near the start: XML heads, comments and spaces may stand before.
fn is_svg(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    let is_markup = start.starts_with(b"<svg") || start.starts_with(b"<?xml");
    let is_markup = is_markup || start.starts_with(b"<!--") || start.starts_with(b"<!DOCTYPE svg");
    is_markup && start.windows(4).any(|part| part == b"<svg")
}
