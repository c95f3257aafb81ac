//! Colours at half their resolution, as most JPEG files keep them.
//!
//! How fine a photo's colours are depends on what encoded it, not on what made it: photos mostly
//! come with colours at half size, and a picture as a generator makes it never had them halved. A
//! model that saw few of those would judge them by that.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "bytes, and products of bytes in fixed point, at most 2 * 256 * 64"
)]
#![allow(clippy::indexing_slicing, reason = "one product for each value of a byte")]

use image::{Rgb, RgbImage};

use crate::photo::resize::resize;

/// No photo of training was longer: a larger piece is first brought to this side, in pixels.
const SIDE_MAX: u32 = 1600;

/// The square piece with its brightness as it is and its colours halved and enlarged again.
pub fn halved(piece: RgbImage) -> RgbImage {
    let (width, height) = piece.dimensions();
    if width.max(height) > SIDE_MAX {
        return halved(resize(&piece, width.min(SIDE_MAX), height.min(SIDE_MAX)));
    }
    let mut turned = piece;
    for pixel in turned.pixels_mut() {
        *pixel = to_ycbcr(*pixel);
    }
    let small = resize(&turned, (width / 2).max(1), (height / 2).max(1));
    let mut wide = resize(&small, width, height);
    for (coloured, bright) in wide.pixels_mut().zip(turned.pixels()) {
        let [_, blue, red] = coloured.0;
        *coloured = to_rgb(Rgb([bright.0[0], blue, red]));
    }
    wide
}

/// Brightness and two colours as JFIF defines them (ITU-T T.871, section 7), rounded down as Pillow
/// does: the heads were fitted on pictures that it converted, and they notice half a level.
fn to_ycbcr(Rgb([red, green, blue]): Rgb<u8>) -> Rgb<u8> {
    const LUMA: [Products; 3] = [
        products(299_000, 0, ONE / 2),
        products(587_000, 0, ONE / 2),
        products(114_000, 0, ONE / 2),
    ];
    const BLUE: [Products; 3] =
        [products(-168_736, 0, 0), products(-331_264, 0, 0), products(500_000, 0, 0)];
    const RED: [Products; 3] =
        [products(500_000, 0, 0), products(-418_688, 0, 0), products(-81_312, 0, 0)];
    let sum = |[of_red, of_green, of_blue]: &[Products; 3]| {
        at(of_red, red) + at(of_green, green) + at(of_blue, blue)
    };
    Rgb([
        byte(sum(&LUMA) >> BITS),
        byte((sum(&BLUE) >> BITS) + 128),
        byte((sum(&RED) >> BITS) + 128),
    ])
}

fn to_rgb(Rgb([bright, blue, red]): Rgb<u8>) -> Rgb<u8> {
    const RED_OF_RED: Products = products(1_402_000, 128, 0);
    const GREEN_OF_BLUE: Products = products(-344_136, 128, 0);
    const GREEN_OF_RED: Products = products(-714_136, 128, 0);
    const BLUE_OF_BLUE: Products = products(1_772_000, 128, 0);
    let bright = i32::from(bright);
    Rgb([
        byte(bright + (at(&RED_OF_RED, red) >> BITS)),
        byte(bright + ((at(&GREEN_OF_BLUE, blue) + at(&GREEN_OF_RED, red)) >> BITS)),
        byte(bright + (at(&BLUE_OF_BLUE, blue) >> BITS)),
    ])
}

/// Fixed point of the two conversions: bits behind the point, and a factor's unit.
const BITS: u32 = 6;
const ONE: i64 = 1_000_000;

/// A factor times each value of a byte, in fixed point.
type Products = [i32; 256];

/// The products of a factor in millionths and a byte less `zero`.
const fn products(factor: i64, zero: i64, rounding: i64) -> Products {
    let mut products = [0; 256];
    let mut value = 0;
    while value < 256 {
        let product = factor * (value as i64 - zero) * (1 << BITS);
        products[value] = ((product + rounding) / ONE) as i32;
        value += 1;
    }
    products
}

fn at(products: &Products, value: u8) -> i32 {
    products[usize::from(value)]
}

fn byte(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_piece_keeps_its_colour(colour: [u8; 3], width in 1_u32..9, height in 1_u32..9) {
            let plain = RgbImage::from_pixel(width, height, Rgb(colour));
            for pixel in halved(plain).pixels() {
                for (found, given) in pixel.0.into_iter().zip(colour) {
                    prop_assert!(found.abs_diff(given) <= 4, "{colour:?}");
                }
            }
        }
    }

    /// Colours, and what `Image.convert` of Pillow 13.0 makes of them and of that again.
    const PILLOW: [([u8; 3], [u8; 3], [u8; 3]); 8] = [
        ([0, 0, 0], [0, 128, 128], [0, 0, 0]),
        ([255, 255, 255], [255, 128, 128], [255, 255, 255]),
        ([90, 90, 90], [90, 128, 128], [90, 90, 90]),
        ([200, 50, 60], [95, 107, 202], [198, 49, 57]),
        ([50, 126, 60], [95, 107, 95], [48, 125, 57]),
        ([12, 200, 240], [148, 179, 30], [10, 200, 238]),
        ([233, 180, 160], [193, 109, 156], [232, 179, 159]),
        ([61, 33, 19], [39, 116, 143], [60, 32, 17]),
    ];

    #[test]
    fn conversions_round_as_those_of_training() {
        for (rgb, ycbcr, back) in PILLOW {
            assert_eq!(to_ycbcr(Rgb(rgb)), Rgb(ycbcr), "{rgb:?}");
            assert_eq!(to_rgb(Rgb(ycbcr)), Rgb(back), "{rgb:?}");
        }
    }

    #[test]
    fn a_piece_larger_than_any_of_training_is_brought_to_its_size() {
        let large = RgbImage::from_pixel(SIDE_MAX + 1, SIDE_MAX + 1, Rgb([90, 90, 90]));
        assert_eq!(halved(large), RgbImage::from_pixel(SIDE_MAX, SIDE_MAX, Rgb([90, 90, 90])));
    }

    #[test]
    fn stripes_of_colour_fade_and_stripes_of_brightness_stay() {
        let striped = |dark: [u8; 3], light: [u8; 3]| {
            RgbImage::from_fn(32, 32, |x, _| Rgb(if x % 2 == 0 { dark } else { light }))
        };
        let apart = |piece: &RgbImage| {
            let (left, right) = (piece.get_pixel(14, 16).0, piece.get_pixel(15, 16).0);
            left.iter().zip(right).map(|(a, b)| a.abs_diff(b)).max().unwrap_or_default()
        };
        let grey = striped([60, 60, 60], [180, 180, 180]);
        let kept = halved(grey.clone());
        // Rounding down can cost a level.
        assert!(kept.iter().zip(grey.iter()).all(|(found, given)| found.abs_diff(*given) <= 1));
        // Red and green of one brightness.
        let colourful = striped([200, 50, 60], [50, 126, 60]);
        assert!(apart(&colourful) > 100 && apart(&halved(colourful)) < 10);
    }
}
