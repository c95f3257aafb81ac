//! What of a photo is picture: without its borders, and inside the frame of an app.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides of photos are below 2^24, and lengths are clamped to them"
)]

use image::RgbImage;

use super::sampling::{Frame, Pyramid};
use super::trim;
use crate::photo::resize::PixelBox;
use crate::region::Region;

/// Faces and keypoints are looked for again inside a picture that fills less than this share of the
/// photo: they are found less surely when they are small in it.
const LOOK_AGAIN_BELOW: f32 = 0.6;

/// A photo's brightness at several sizes, and what of it is picture.
#[derive(Debug)]
pub struct Framing {
    pub(super) pyramid: Pyramid,
    /// The photo without plain borders, if it has some.
    pub(super) trimmed: Option<Frame>,
    /// The picture inside the frame of an app, if there is one.
    pub(super) inner: Option<Frame>,
    inside: Option<PixelBox>,
}

impl Framing {
    /// Looks for borders and frames.
    #[must_use]
    pub fn find(pixels: &RgbImage) -> Self {
        let pyramid = Pyramid::build(pixels);
        let trimmed = trim::without_borders(&pyramid);
        let inner = trim::inner_picture(&pyramid);
        let inside = picture_inside(pixels, &pyramid, trimmed, inner);
        Self { pyramid, trimmed, inner, inside }
    }

    /// The part of the photo that is the picture inside a frame, if it is a small part.
    #[must_use]
    pub fn inside(&self) -> Option<PixelBox> {
        self.inside
    }
}

fn picture_inside(
    pixels: &RgbImage,
    pyramid: &Pyramid,
    trimmed: Option<Frame>,
    inner: Option<Frame>,
) -> Option<PixelBox> {
    let (width, height) = pyramid.size();
    let share = |frame: &Frame| frame.bounds().area() / (width * height);
    let parts = trimmed.into_iter().chain(inner).filter(|it| share(it) < LOOK_AGAIN_BELOW);
    let part = parts.min_by(|a, b| share(a).total_cmp(&share(b)))?;
    Some(pixel_box(part.bounds(), pixels, (width, height)))
}

/// The pixels of the photo that a part of the pyramid's first plane shows.
fn pixel_box(part: Region, pixels: &RgbImage, (width, height): (f32, f32)) -> PixelBox {
    let along = |from: f32, length: f32, plane_side: f32, side: u32| {
        let scale = side as f32 / plane_side;
        let start = ((from * scale).max(0.0) as u32).min(side - 1);
        let length = ((length * scale).max(1.0) as u32).min(side - start);
        (start, length)
    };
    let (x, part_width) = along(part.x, part.width, width, pixels.width());
    let (y, part_height) = along(part.y, part.height, height, pixels.height());
    PixelBox { x, y, width: part_width, height: part_height }
}
