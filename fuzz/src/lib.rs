//! What the fuzz targets do with their bytes, and what must hold whatever the bytes are.
//!
//! The core is built without its models: a target is compiled in minutes.

use photocheck_core::limits;
use photocheck_core::matching::hashes::PhotoHashes;
use photocheck_core::photo::{Photo, PhotoFormat};
use photocheck_core::provenance::{self, Kind, Mark};

/// Walks a container and reads all marks but credentials.
pub fn container(bytes: &[u8], format: PhotoFormat) {
    hold(&provenance::read_blocks(&provenance::walk(bytes, format)));
}

/// What holds of marks whatever the bytes.
///
/// # Panics
/// When it does not hold.
pub fn hold(marks: &[Mark]) {
    for mark in marks {
        assert!(!mark.trusted || mark.kind == Kind::C2pa);
        let values = mark.detail.iter().map(|(_, value)| value).chain(&mark.claimed_by);
        for value in values {
            assert!(value.chars().count() <= limits::SHOWN_CHARS_MAX);
            assert!(!value.chars().any(char::is_control));
        }
    }
}

/// Decodes a photo of any format; what comes out keeps within the limits.
///
/// # Panics
/// When it does not.
pub fn picture(bytes: &[u8]) {
    if let Ok(photo) = Photo::decode(bytes) {
        let (width, height) = photo.pixels().dimensions();
        assert!(u64::from(width) * u64::from(height) <= limits::PHOTO_PIXELS_MAX);
        assert!(limits::PHOTO_SIDE_MIN / 2 <= width.min(height));
        assert!(photo.animation().is_none_or(|it| it.judged < it.frames));
    }
}

/// Decodes a photo, and reads all marks when it is one.
pub fn whole(bytes: &[u8]) {
    if let Ok(photo) = Photo::decode(bytes) {
        let hashes = PhotoHashes::hash(photo.pixels());
        hold(&provenance::read(bytes, &photo, &hashes));
    }
}
