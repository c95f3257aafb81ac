//! The thumbnail in EXIF, compared with the photo: programs that crop or swap a picture often
//! leave the old thumbnail behind, and it betrays them.
//!
//! Both are compared by PDQ. A thumbnail may lie otherwise than the photo, because programs turn
//! the one and not the other, and may have bars where its sides are not those of the photo; the
//! nearest of these views counts. What has too little detail is not compared, and what is alike in
//! rough brightness agrees. The thresholds were measured (docs/provenance.md); a thumbnail that
//! agrees is no finding.

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
/// From this likeness on the two show the same picture, whatever their hashes.
const ALIKE: f32 = 0.6;
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
    if pdq(&upright).1.value() < QUALITY_MIN {
        return None;
    }
    let turned = [
        imageops::rotate90(&upright),
        imageops::rotate180(&upright),
        imageops::rotate270(&upright),
    ];
    let views = std::iter::once(&upright).chain(&turned);
    // PDQ of so small a picture moves far with its frame; rough brightness does not.
    let rough_photo = rough(photo.pixels());
    if views.clone().any(|view| ALIKE <= likeness(&rough(view), &rough_photo)) {
        return Some(Distance(0));
    }
    views.map(|view| nearest(view, photo, hashes.pdq)).min()
}

/// Brightness in 16x16 areas, each by 4x4 samples: a photo of any size costs the same.
fn rough(picture: &RgbImage) -> Vec<f32> {
    let place = |step: u32, side: u32| (2 * step + 1) * side / 128;
    let mut areas = vec![0.0; 256];
    for (row, column) in (0..64).flat_map(|row| (0..64).map(move |column| (row, column))) {
        let (x, y) = (place(column, picture.width()), place(row, picture.height()));
        let area = areas.get_mut((row / 4 * 16 + column / 4) as usize);
        if let (Some(area), Some(pixel)) = (area, picture.get_pixel_checked(x, y)) {
            *area += pixel.0.iter().map(|value| f32::from(*value)).sum::<f32>();
        }
    }
    areas
}

/// How alike two rough pictures are: the correlation, -1 to 1.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let centred = |values: &[f32]| -> Vec<f32> {
        let sum: f32 = values.iter().sum();
        values.iter().map(|value| value - sum / 256.0).collect()
    };
    let (one, other) = (centred(one), centred(other));
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    dot(&one, &other) / (dot(&one, &one) * dot(&other, &other)).sqrt().max(f32::MIN_POSITIVE)
}

/// The distance of a view, whole or without the bars it may have.
fn nearest(view: &RgbImage, photo: &Photo, hash: PdqHash) -> Distance {
    let whole = pdq(view).0.distance(hash);
    let cut = middle(view, (photo.width(), photo.height())).map(|it| pdq(&it).0.distance(hash));
    cut.map_or(whole, |cut| cut.min(whole))
}

/// The middle of a picture in the proportions of another.
fn middle(picture: &RgbImage, like: (u32, u32)) -> Option<RgbImage> {
    let (width, height) = (u64::from(picture.width()), u64::from(picture.height()));
    let (like_width, like_height) = (u64::from(like.0), u64::from(like.1));
    let cut_width = (height * like_width).checked_div(like_height)?.min(width);
    let cut_height = (width * like_height).checked_div(like_width)?.min(height);
    if cut_width < 32 || cut_height < 32 || (cut_width, cut_height) == (width, height) {
        return None;
    }
    let (cut_width, cut_height) = (u32::try_from(cut_width).ok()?, u32::try_from(cut_height).ok()?);
    let (x, y) = ((picture.width() - cut_width) / 2, (picture.height() - cut_height) / 2);
    Some(imageops::crop_imm(picture, x, y, cut_width, cut_height).to_image())
}

fn decode(jpeg: &[u8]) -> Option<DynamicImage> {
    let decoder = JpegDecoder::new(Cursor::new(jpeg)).ok()?;
    let (width, height) = decoder.dimensions();
    let is_small = (32..=limits::THUMBNAIL_SIDE_MAX).contains(&width)
        && (32..=limits::THUMBNAIL_SIDE_MAX).contains(&height);
    is_small.then(|| DynamicImage::from_decoder(decoder).ok())?
}
