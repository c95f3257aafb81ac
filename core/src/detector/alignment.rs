//! How a face sits in its photo, against the template that FFHQ's faces were cut out by.
//!
//! FFHQ's script (Karras, Laine and Aila, "A Style-Based Generator Architecture for Generative
//! Adversarial Networks", 2019) turns a face so that the line from the eyes to the mouth is
//! upright, and cuts a square of side `max(4 eyes, 3.6 mouth)` around a point a tenth of the way
//! from the middle between the eyes to the mouth. `eyes` is the distance between the eyes, `mouth`
//! that from their middle to the mouth. A network that learned from FFHQ draws faces that sit the
//! same way, and hardly any camera's photo does.

use serde::Deserialize;

use crate::faces::Face;

/// Sides of the template by the distance between the eyes.
const EYES_TO_SIDE: f32 = 4.0;
/// Sides of the template by the distance from the eyes to the mouth.
const MOUTH_TO_SIDE: f32 = 3.6;
/// Share of the way from the eyes to the mouth at which the template's centre lies.
const CENTRE: f32 = 0.1;

/// How far a photo may be from the template: the least and the most of each measure of
/// [`Alignment`].
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlignmentLimits {
    pub x: [f32; 2],
    pub y: [f32; 2],
    pub size: [f32; 2],
    pub turn: [f32; 2],
    pub shape: [f32; 2],
}

/// How far a photo is from being the template's square over its face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// From the photo's middle to the template's centre, in widths of the photo.
    pub x: f32,
    /// The same downwards, in heights.
    pub y: f32,
    /// Natural logarithm of the template's side by the photo's, the geometric mean of its sides.
    pub size: f32,
    /// By which the template is turned in the photo, radians clockwise.
    pub turn: f32,
    /// Natural logarithm of the photo's width by its height.
    pub shape: f32,
}

impl Alignment {
    /// Measures a face in a photo of `width` by `height` pixels.
    pub fn measure(face: &Face, width: u32, height: u32) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
        let (width, height) = (width as f32, height as f32);
        let [left, right, _, mouth, ..] = face.points.map(|at| [at.x * width, at.y * height]);
        let middle = [f32::midpoint(left[0], right[0]), f32::midpoint(left[1], right[1])];
        let eyes = [right[0] - left[0], right[1] - left[1]];
        let down = [mouth[0] - middle[0], mouth[1] - middle[1]];
        let across = [eyes[0] + down[1], eyes[1] - down[0]];
        let side =
            (EYES_TO_SIDE * eyes[0].hypot(eyes[1])).max(MOUTH_TO_SIDE * down[0].hypot(down[1]));
        Self {
            x: (middle[0] + CENTRE * down[0]) / width - 0.5,
            y: (middle[1] + CENTRE * down[1]) / height - 0.5,
            size: (side / (width * height).sqrt()).ln(),
            turn: across[1].atan2(across[0]),
            shape: (width / height).ln(),
        }
    }

    /// Whether every measure is within its limits.
    pub fn is_within(&self, limits: &AlignmentLimits) -> bool {
        let Self { x, y, size, turn, shape } = *self;
        let AlignmentLimits { x: xs, y: ys, size: sizes, turn: turns, shape: shapes } = *limits;
        [(x, xs), (y, ys), (size, sizes), (turn, turns), (shape, shapes)]
            .iter()
            .all(|(measure, [least, most])| least <= measure && measure <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faces::Point;

    const SIDE: u32 = 1000;

    /// A face whose template is the whole of a square photo.
    fn aligned_face() -> Face {
        let points = [(0.38, 0.48), (0.62, 0.48), (0.5, 0.58), (0.5, 0.68), (0.3, 0.5), (0.7, 0.5)];
        let points = points.map(|(x, y)| Point { x, y });
        Face { x: 0.25, y: 0.3, width: 0.5, height: 0.5, points, score: 0.9 }
    }

    fn limits() -> AlignmentLimits {
        let small = [-0.02, 0.02];
        AlignmentLimits { x: small, y: small, size: [-0.1, 0.1], turn: [-0.2, 0.2], shape: small }
    }

    #[test]
    fn the_template_is_the_whole_photo_of_an_aligned_face() {
        let found = Alignment::measure(&aligned_face(), SIDE, SIDE);
        assert!(found.x.abs() < 1e-6 && found.y.abs() < 1e-6, "{found:?}");
        // Four times the distance between the eyes, 0.24 of the side.
        assert!((found.size - 0.96_f32.ln()).abs() < 1e-5, "{found:?}");
        assert!(found.turn.abs() < 1e-6 && found.shape.abs() < 1e-6, "{found:?}");
        assert!(found.is_within(&limits()));
    }

    #[test]
    fn a_shift_a_crop_or_a_turn_is_seen() {
        let moved = aligned_face();
        let moved = Face { points: moved.points.map(|at| Point { x: at.x + 0.03, ..at }), ..moved };
        assert!(!Alignment::measure(&moved, SIDE, SIDE).is_within(&limits()));
        // Cut to the inner 80 % around the same middle.
        let nearer = |at: f32| (at - 0.5) / 0.8 + 0.5;
        let cropped = aligned_face();
        let points = cropped.points.map(|at| Point { x: nearer(at.x), y: nearer(at.y) });
        assert!(!Alignment::measure(&Face { points, ..cropped }, SIDE, SIDE).is_within(&limits()));
        let turned = aligned_face();
        let (sine, cosine) = 0.4_f32.sin_cos();
        let points = turned.points.map(|at| {
            let (x, y) = (at.x - 0.5, at.y - 0.5);
            Point { x: 0.5 + cosine * x - sine * y, y: 0.5 + sine * x + cosine * y }
        });
        let found = Alignment::measure(&Face { points, ..turned }, SIDE, SIDE);
        assert!((found.turn - 0.4).abs() < 1e-5, "{found:?}");
        assert!(!found.is_within(&limits()));
    }

    #[test]
    fn a_face_without_extent_is_no_aligned_one() {
        let points = [Point { x: 0.5, y: 0.5 }; 6];
        let found = Alignment::measure(&Face { points, ..aligned_face() }, SIDE, SIDE);
        assert!(!found.is_within(&limits()));
    }
}
