//! Cutting and resizing pixels, the one way it is done everywhere in the core.
//!
//! The filter is the triangle, widened when shrinking (what Pillow calls BILINEAR), so that the
//! models see here what they saw in training. Cutting comes first: the filter then reads nothing
//! from outside the cut.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides of photos are below 2^24, and positions are clamped to them"
)]
#![allow(clippy::indexing_slicing, reason = "cuts are clamped to the photo")]

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

/// A rectangle of pixels that lies inside a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelBox {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl PixelBox {
    /// The largest square around the middle of a photo of `width` by `height` pixels.
    #[must_use]
    pub fn middle_square(width: u32, height: u32) -> Self {
        let side = width.min(height);
        Self { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side }
    }

    /// The square of `side` pixels around (`centre_x`, `centre_y`), made to fit: no larger than
    /// the photo's shorter side and shifted to lie inside.
    #[must_use]
    pub fn square_around(centre: (f32, f32), side: u32, width: u32, height: u32) -> Self {
        let side = side.min(width).min(height);
        let x = start(centre.0, side, width);
        let y = start(centre.1, side, height);
        Self { x, y, width: side, height: side }
    }
}

fn start(centre: f32, side: u32, length: u32) -> u32 {
    let room = (length - side) as f32;
    (centre - side as f32 / 2.0 + 0.5).floor().clamp(0.0, room) as u32
}

/// Copies `area` out of `pixels`, or as much of it as lies inside. Row by row: the `image` crate
/// goes pixel by pixel, which took 7 % of the time of a photo's views.
#[must_use]
pub fn cut(pixels: &RgbImage, area: PixelBox) -> RgbImage {
    let (left, top) = (area.x.min(pixels.width()), area.y.min(pixels.height()));
    let width = area.width.min(pixels.width() - left);
    let height = area.height.min(pixels.height() - top);
    let bytes = |pixels: u32| 3 * pixels as usize;
    let rows = pixels.as_raw().chunks_exact(bytes(pixels.width()).max(1));
    let rows = rows.skip(top as usize).take(height as usize);
    let mut kept = Vec::with_capacity(bytes(width) * height as usize);
    for row in rows {
        kept.extend_from_slice(&row[bytes(left)..bytes(left + width)]);
    }
    let cut = RgbImage::from_raw(width, height, kept);
    cut.unwrap_or_else(|| unreachable!("as many bytes as {width} by {height} pixels"))
}

/// Cuts `area` out and resizes it to exactly `width` by `height`, none of them zero.
#[must_use]
pub fn cut_and_resized(pixels: &RgbImage, area: PixelBox, width: u32, height: u32) -> RgbImage {
    let is_all = (area.width, area.height) == pixels.dimensions();
    if is_all { resize(pixels, width, height) } else { resize(&cut(pixels, area), width, height) }
}

/// Resizes `pixels` to exactly `width` by `height`, none of them zero.
///
/// # Panics
/// Never: the library refuses only layouts and cuts that are not used here.
#[must_use]
pub fn resize(pixels: &RgbImage, width: u32, height: u32) -> RgbImage {
    let mut target = RgbImage::new(width, height);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let resized = Resizer::new().resize(pixels, &mut target, &options);
    assert!(resized.is_ok(), "both sides hold 8-bit RGB and nothing is cut: {resized:?}");
    target
}

/// The photo at this length of its longer side; unchanged if it is not longer.
#[must_use]
pub fn shrink_to(pixels: &RgbImage, longer: u32) -> RgbImage {
    let (width, height) = pixels.dimensions();
    if width.max(height) <= longer {
        return pixels.clone();
    }
    let scaled = |side: u32| (side * longer / width.max(height)).max(1);
    resize(pixels, scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_at_the_edge_is_shifted_inside() {
        let found = PixelBox::square_around((5.0, 95.0), 40, 200, 100);
        assert_eq!(found, PixelBox { x: 0, y: 60, width: 40, height: 40 });
    }

    #[test]
    fn a_square_larger_than_the_photo_shrinks_to_it() {
        let found = PixelBox::square_around((100.0, 50.0), 400, 200, 100);
        assert_eq!(found, PixelBox { x: 50, y: 0, width: 100, height: 100 });
    }

    #[test]
    fn a_cut_shows_what_lies_there() {
        let photo = RgbImage::from_fn(7, 5, |x, y| {
            image::Rgb([x, y, x * y].map(|it| u8::try_from(it).unwrap()))
        });
        let found = cut(&photo, PixelBox { x: 2, y: 1, width: 3, height: 4 });
        assert_eq!(found.dimensions(), (3, 4));
        assert!(found.enumerate_pixels().all(|(x, y, it)| it == photo.get_pixel(x + 2, y + 1)));
        let at_the_edge = cut(&photo, PixelBox { x: 5, y: 3, width: 9, height: 9 });
        assert_eq!(at_the_edge.dimensions(), (2, 2));
        assert_eq!(at_the_edge.get_pixel(1, 1), photo.get_pixel(6, 4));
        let beside = cut(&photo, PixelBox { x: 9, y: 9, width: 1, height: 1 });
        assert_eq!(beside.dimensions(), (0, 0));
    }

    #[test]
    fn the_middle_square_of_an_upright_photo() {
        let found = PixelBox::middle_square(101, 200);
        assert_eq!(found, PixelBox { x: 0, y: 49, width: 101, height: 101 });
    }
}
