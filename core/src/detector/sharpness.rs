//! How sharp a picture is.

use image::{GrayImage, RgbImage, imageops};

/// Deviation of the Laplacian of the luma over the deviation of the luma, so that contrast does
/// not count; 0 for a picture of one tone. Without the division this is LAP4 of Pertuz, Puig,
/// Garcia, "Analysis of focus measure operators for shape-from-focus", 2013.
pub fn measure(pixels: &RgbImage) -> f32 {
    let luma = imageops::grayscale(pixels);
    let tone = deviation(luma.as_raw().iter().copied().map(f32::from));
    if tone <= 0.0 { 0.0 } else { deviation(laplacian(&luma)) / tone }
}

/// Four times each inner pixel less its four neighbours.
fn laplacian(luma: &GrayImage) -> impl Iterator<Item = f32> + Clone + '_ {
    let (width, height) = luma.dimensions();
    let at = |x: u32, y: u32| f32::from(luma.get_pixel(x, y).0[0]);
    let inner = (1..height.saturating_sub(1))
        .flat_map(move |y| (1..width.saturating_sub(1)).map(move |x| (x, y)));
    inner.map(move |(x, y)| {
        4.0 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1)
    })
}

#[expect(clippy::cast_precision_loss, reason = "pixels of a model's input are far below 2^24")]
fn deviation(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let count = values.clone().count().max(1) as f32;
    let mean = values.clone().sum::<f32>() / count;
    (values.map(|value| (value - mean) * (value - mean)).sum::<f32>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blur_lowers_it_and_contrast_does_not() {
        let photo = include_bytes!("../../../fixtures/photos/real-collins.png");
        let photo = image::load_from_memory(photo).unwrap().into_rgb8();
        let (sharp, blurred) = (measure(&photo), measure(&imageops::blur(&photo, 2.0)));
        assert!(4.0 * blurred < sharp, "{blurred} is not far below {sharp}");
        let mut faint = photo.clone();
        for value in faint.iter_mut() {
            *value = 64 + *value / 2;
        }
        let faint = measure(&faint);
        assert!((faint / sharp - 1.0).abs() < 0.1, "{faint} is not near {sharp}");
    }

    #[test]
    fn one_tone_has_none() {
        assert!(measure(&RgbImage::new(8, 8)).abs() < f32::EPSILON);
        assert!(measure(&RgbImage::new(1, 1)).abs() < f32::EPSILON);
    }
}
