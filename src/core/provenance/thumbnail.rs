//! The thumbnail in EXIF, compared with the photo: programs that crop or swap a picture often
//! leave the old thumbnail behind, and it betrays them.
//!
//! Both are compared by PDQ. A thumbnail may lie otherwise than the photo, because programs turn
//! the one and not the other, and may have bars where its sides are not those of the photo; the
//! nearest of these views counts. What has too little detail is not compared. The threshold was
//! measured (docs/provenance.md); a thumbnail that agrees is no finding.

use std::io::Cursor;

use image::codecs::jpeg::JpegDecoder;
use image::imageops;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, RgbImage};

use super::exif::Exif;
use super::{Finding, Kind, Says};
use crate::core::hashes::{Distance, PdqHash, PhotoHashes};
use crate::core::limits;
use crate::core::pdq::pdq;
use crate::core::photo::Photo;

/// From this distance on the two show different pictures.
const DISTANCE_MIN: Distance = Distance(90);
/// The least detail with which a hash is compared.
const QUALITY_MIN: u8 = 50;

/// A finding when the thumbnail shows another picture than the photo.
pub(super) fn read(exif: &Exif<'_>, photo: &Photo, hashes: &PhotoHashes) -> Option<Finding> {
    let distance = distance(exif, photo, hashes)?;
    let finding = Finding::new(Kind::Thumbnail, Says::Edited);
    (DISTANCE_MIN <= distance).then(|| finding.with("distance", distance.0.to_string()))
}

/// The distance between the photo and the nearest view of its thumbnail; `None` without a
/// thumbnail that can be compared.
#[must_use]
pub fn distance(exif: &Exif<'_>, photo: &Photo, hashes: &PhotoHashes) -> Option<Distance> {
    if hashes.pdq_quality.value() < QUALITY_MIN {
        return None;
    }
    let orientation = Orientation::from_exif(exif.orientation);
    let mut thumbnail = decode(exif.thumbnail?)?;
    thumbnail.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    let upright = thumbnail.into_rgb8();
    let turned = [
        imageops::rotate90(&upright),
        imageops::rotate180(&upright),
        imageops::rotate270(&upright),
    ];
    let views = std::iter::once(&upright).chain(&turned);
    views.filter_map(|view| nearest(view, photo, hashes.pdq)).min()
}

/// The distance of a view, whole and without the bars it may have.
fn nearest(view: &RgbImage, photo: &Photo, hash: PdqHash) -> Option<Distance> {
    let whole = detailed_hash(view).map(|found| found.distance(hash));
    let cut = without_bars(view, photo).and_then(|view| detailed_hash(&view));
    whole.into_iter().chain(cut.map(|found| found.distance(hash))).min()
}

fn detailed_hash(view: &RgbImage) -> Option<PdqHash> {
    let (hash, quality) = pdq(view);
    (QUALITY_MIN <= quality.value()).then_some(hash)
}

/// The middle of the view in the proportions of the photo.
fn without_bars(view: &RgbImage, photo: &Photo) -> Option<RgbImage> {
    let (width, height) = (u64::from(view.width()), u64::from(view.height()));
    let (photo_width, photo_height) = (u64::from(photo.width()), u64::from(photo.height()));
    let cut_width = (height * photo_width / photo_height).min(width);
    let cut_height = (width * photo_height / photo_width).min(height);
    if cut_width < 32 || cut_height < 32 || (cut_width, cut_height) == (width, height) {
        return None;
    }
    let (cut_width, cut_height) = (u32::try_from(cut_width).ok()?, u32::try_from(cut_height).ok()?);
    let (x, y) = ((view.width() - cut_width) / 2, (view.height() - cut_height) / 2);
    Some(imageops::crop_imm(view, x, y, cut_width, cut_height).to_image())
}

fn decode(jpeg: &[u8]) -> Option<DynamicImage> {
    let decoder = JpegDecoder::new(Cursor::new(jpeg)).ok()?;
    let (width, height) = decoder.dimensions();
    let is_small = (32..=limits::THUMBNAIL_SIDE_MAX).contains(&width)
        && (32..=limits::THUMBNAIL_SIDE_MAX).contains(&height);
    is_small.then(|| DynamicImage::from_decoder(decoder).ok())?
}
