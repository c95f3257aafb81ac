//! Colours at half their resolution, as most JPEG files keep them.
//!
//! How fine a photo's colours are tells what encoded it, not what made it: photos mostly come with
//! colours at half size, and a picture as a generator gives it never had them halved. A model that
//! saw few of those would judge them by that.

use image::{Rgb, RgbImage};

use crate::core::resize::resize;

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

/// Fixed point of the two conversions: bits behind the point.
const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);

/// Brightness and two colours as JFIF defines them (ITU-T T.871, section 7).
fn to_ycbcr(Rgb([red, green, blue]): Rgb<u8>) -> Rgb<u8> {
    let (red, green, blue) = (i32::from(red), i32::from(green), i32::from(blue));
    Rgb([
        byte(19_595 * red + 38_470 * green + 7_471 * blue),
        byte(-11_059 * red - 21_709 * green + 32_768 * blue + (128 << BITS)),
        byte(32_768 * red - 27_439 * green - 5_329 * blue + (128 << BITS)),
    ])
}

fn to_rgb(Rgb([bright, blue, red]): Rgb<u8>) -> Rgb<u8> {
    let bright = i32::from(bright) << BITS;
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    Rgb([
        byte(bright + 91_881 * red),
        byte(bright - 22_554 * blue - 46_802 * red),
        byte(bright + 116_130 * blue),
    ])
}

fn byte(value: i32) -> u8 {
    let rounded = ((value + HALF) >> BITS).clamp(0, 255);
    u8::try_from(rounded).unwrap_or_else(|_| unreachable!("clamped to a byte"))
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
                    prop_assert!(found.abs_diff(given) <= 2, "{colour:?}");
                }
            }
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
        assert_eq!(halved(grey.clone()), grey);
        // Red and green of one brightness.
        let colourful = striped([200, 50, 60], [50, 126, 60]);
        assert!(apart(&colourful) > 100 && apart(&halved(colourful)) < 10);
    }
}
