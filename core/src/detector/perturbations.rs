//! Perturbations: small changes that leave a photo what it is, so a score should hold over them.

use image::{RgbImage, imageops};

use crate::faces::Face;
use crate::photo::reencode::{saved_as_jpeg, uploaded};
use crate::photo::resize::{PixelBox, cut, resize};

/// JPEG quality of a photo that is sent on, as messengers save it.
const SENT_QUALITY: u8 = 60;

/// A photo and a face in it, both changed.
type Perturbation = fn(&RgbImage, &Face) -> (RgbImage, Face);

/// The photo mirrored; made smaller and saved again; cut a little on two sides. Each comes with the
/// face where it is then, and is made when it is asked for.
pub fn perturb(pixels: &RgbImage, face: &Face) -> impl Iterator<Item = (RgbImage, Face)> {
    let (pixels, face) = (uploaded(pixels), *face);
    let perturbations: [Perturbation; 3] = [mirrored, sent, shifted];
    perturbations.into_iter().map(move |perturbed| perturbed(&pixels, &face))
}

fn mirrored(pixels: &RgbImage, face: &Face) -> (RgbImage, Face) {
    (imageops::flip_horizontal(pixels), Face { x: 1.0 - face.x - face.width, ..*face })
}

/// At three quarters of its size, saved again.
fn sent(pixels: &RgbImage, face: &Face) -> (RgbImage, Face) {
    let (width, height) = pixels.dimensions();
    let smaller = |side: u32| (side * 3 / 4).max(1);
    (saved_as_jpeg(&resize(pixels, smaller(width), smaller(height)), SENT_QUALITY), *face)
}

/// Without a twenty-fifth of its width at the left and of its height at the top.
#[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
fn shifted(pixels: &RgbImage, face: &Face) -> (RgbImage, Face) {
    let (width, height) = pixels.dimensions();
    let (x, y) = (width / 25, height / 25);
    let area = PixelBox { x, y, width: width - x, height: height - y };
    let (left, across) = (x as f32 / width as f32, area.width as f32 / width as f32);
    let (top, down) = (y as f32 / height as f32, area.height as f32 / height as f32);
    let face = Face {
        x: (face.x - left) / across,
        y: (face.y - top) / down,
        width: face.width / across,
        height: face.height / down,
        ..*face
    };
    (cut(pixels, area), face)
}
