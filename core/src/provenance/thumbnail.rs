//! The thumbnail in EXIF, compared with the photo: programs that crop or swap a picture often
//! leave the old thumbnail behind, and it betrays them.
//!
//! A thumbnail may lie otherwise than the photo, because programs turn the one and not the other.
//! Cameras whose photos have other sides than their thumbnails put dark bars at them, on one side
//! or on all, or cut the photo's ends off. The nearest of these views counts. What is alike in
//! rough brightness agrees; the rest is compared by PDQ, unless it has too little detail. The
//! thresholds were measured (docs/provenance.md); a thumbnail that agrees is no mark.

#![allow(clippy::indexing_slicing, reason = "areas are counted below 256")]

use image::imageops;
use image::metadata::Orientation;
use image::{GenericImageView, Rgb, RgbImage, SubImage};

use super::exif::Exif;
use super::mark::{Claim, Kind, Mark};
use crate::limits;
use crate::matching::hashes::pdq::pdq;
use crate::matching::hashes::{Distance, PhotoHashes};
use crate::photo::{Photo, jpeg};

/// From this distance on the two show different pictures.
const DISTANCE_MIN: Distance = Distance(90);
/// From this likeness on the two show the same picture, whatever their hashes.
const ALIKE: f32 = 0.6;
/// A row or a column belongs to a bar when nearly all of it is this dark.
const DARK: u8 = 48;
/// The least detail with which a hash is compared.
const QUALITY_MIN: u8 = 50;

/// A mark when the thumbnail shows another picture than the photo.
pub(super) fn read(exif: &Exif<'_>, photo: &Photo, hashes: &PhotoHashes) -> Option<Mark> {
    let distance = distance(exif, photo, hashes)?;
    let mark = Mark::new(Kind::Thumbnail, Claim::Edited);
    (DISTANCE_MIN <= distance).then(|| mark.with("distance", distance.0.to_string()))
}

/// The distance between the photo and the nearest view of its thumbnail; `None` without a
/// thumbnail that can be compared.
#[must_use]
pub fn distance(exif: &Exif<'_>, photo: &Photo, hashes: &PhotoHashes) -> Option<Distance> {
    if hashes.pdq_quality.value() < QUALITY_MIN {
        return None;
    }
    let orientation = Orientation::from_exif(exif.orientation);
    let mut thumbnail = jpeg::thumbnail(exif.thumbnail?, 32, limits::THUMBNAIL_SIDE_MAX)?;
    thumbnail.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    let upright = thumbnail.into_rgb8();
    if pdq(&upright).1.value() < QUALITY_MIN {
        return None;
    }
    let views = [Some(upright.clone()), without_bars(&upright)];
    let views: Vec<RgbImage> = views.into_iter().flatten().flat_map(turned).collect();
    // PDQ of so small a picture moves far with its frame; rough brightness does not.
    if views.iter().any(|view| is_alike(view, photo.pixels())) {
        return Some(Distance(0));
    }
    views.iter().map(|view| pdq(view).0.distance(hashes.pdq)).min()
}

/// A picture as it lies, and turned by each right angle.
fn turned(picture: RgbImage) -> [RgbImage; 4] {
    let turned = [
        imageops::rotate90(&picture),
        imageops::rotate180(&picture),
        imageops::rotate270(&picture),
    ];
    let [quarter, half, three] = turned;
    [picture, quarter, half, three]
}

/// The picture without dark bars at its sides, when it has some.
fn without_bars(picture: &RgbImage) -> Option<RgbImage> {
    let (width, height) = picture.dimensions();
    let is_dark = |x, y| {
        let pixel = picture.get_pixel_checked(x, y);
        pixel.is_none_or(|pixel| pixel.0.iter().all(|value| *value <= DARK))
    };
    // One bright pixel in twenty is a picture; fewer are traces of the compression.
    let is_bar = |bright: usize, all: u32| 20 * bright <= all as usize;
    let is_row = |y: &u32| !is_bar((0..width).filter(|x| !is_dark(*x, *y)).count(), width);
    let is_column = |x: &u32| !is_bar((0..height).filter(|y| !is_dark(*x, *y)).count(), height);
    let (top, bottom) = ((0..height).find(is_row)?, (0..height).rfind(is_row)?);
    let (left, right) = ((0..width).find(is_column)?, (0..width).rfind(is_column)?);
    let (cut_width, cut_height) = (right - left + 1, bottom - top + 1);
    if cut_width < 32 || cut_height < 32 || (cut_width, cut_height) == (width, height) {
        return None;
    }
    Some(imageops::crop_imm(picture, left, top, cut_width, cut_height).to_image())
}

/// Whether two pictures are alike in rough brightness: as they are, or the photo without the ends
/// that the thumbnail's sides leave out.
fn is_alike(thumbnail: &RgbImage, photo: &RgbImage) -> bool {
    let seen = rough(thumbnail);
    let is_it = |part: Vec<f32>| ALIKE <= likeness(&seen, &part);
    is_it(rough(photo)) || is_it(rough(&*middle(photo, thumbnail.dimensions())))
}

/// The middle of a photo in the proportions of a thumbnail.
fn middle(photo: &RgbImage, like: (u32, u32)) -> SubImage<&RgbImage> {
    let (width, height) = photo.dimensions();
    // Sides are at most 16,384 and 1,024: their product fits.
    let cut_width = (height * like.0).checked_div(like.1).unwrap_or(width).clamp(1, width);
    let cut_height = (width * like.1).checked_div(like.0).unwrap_or(height).clamp(1, height);
    let (left, top) = ((width - cut_width) / 2, (height - cut_height) / 2);
    imageops::crop_imm(photo, left, top, cut_width, cut_height)
}

/// Brightness in 16x16 areas, each by 4x4 samples: a photo of any size costs the same.
fn rough(picture: &impl GenericImageView<Pixel = Rgb<u8>>) -> Vec<f32> {
    let sampled = |step: u32, side: u32| (2 * step + 1) * side / 128;
    let mut areas = vec![0.0; 256];
    for (row, column) in (0..64).flat_map(|row| (0..64).map(move |column| (row, column))) {
        // Below the sides: 127 parts of 128.
        let (x, y) = (sampled(column, picture.width()), sampled(row, picture.height()));
        let pixel = picture.get_pixel(x, y);
        let area = &mut areas[(row / 4 * 16 + column / 4) as usize];
        *area += pixel.0.iter().map(|value| f32::from(*value)).sum::<f32>();
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
