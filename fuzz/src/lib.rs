//! What the fuzz targets do with their bytes, and what must be true of any bytes.
//!
//! The core is built without its models, so a target compiles in minutes.

use photocheck_core::limits;
use photocheck_core::matching::hashes::PhotoHashes;
use photocheck_core::photo::{Photo, PhotoFormat};
use photocheck_core::provenance::{self, Finding, Kind};

/// Walks a container and reads all marks but credentials.
pub fn container(bytes: &[u8], format: PhotoFormat) {
    hold(&provenance::read_blocks(&provenance::blocks_of(bytes, format)));
}

/// Asserts what must be true of marks from any bytes.
pub fn hold(findings: &[Finding]) {
    for finding in findings {
        assert!(!finding.trusted || finding.kind == Kind::C2pa);
        let values = finding.detail.iter().map(|(_, value)| value).chain(&finding.by);
        for value in values {
            assert!(value.chars().count() <= limits::SHOWN_CHARS_MAX);
            assert!(!value.chars().any(char::is_control));
        }
    }
}

/// Decodes a photo of any format and asserts that the result is within the limits.
pub fn picture(bytes: &[u8]) {
    if let Ok(photo) = Photo::decode(bytes) {
        let (width, height) = photo.pixels().dimensions();
        assert!(u64::from(width) * u64::from(height) <= limits::PHOTO_PIXELS_MAX);
        assert!(limits::PHOTO_SIDE_MIN / 2 <= width.min(height));
        assert!(photo.animation().is_none_or(|it| it.judged < it.frames));
    }
}

/// Decodes the bytes and, if they are a photo, reads all its marks.
pub fn whole(bytes: &[u8]) {
    if let Ok(photo) = Photo::decode(bytes) {
        let hashes = PhotoHashes::of(photo.pixels());
        hold(&provenance::read(bytes, &photo, &hashes));
    }
}
