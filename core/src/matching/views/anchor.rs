//! The anchor: a square laid over a face, which stays where it is on the face however the photo
//! is cropped, turned or re-saved.
//!
//! A box alone moves by some hundredths of its side. The square that fits all six points best in
//! the least-squares sense (Umeyama, "Least-Squares Estimation of Transformation Parameters Between
//! Two Point Patterns", 1991) moves in other directions, and the mean of both moves least
//! (docs/matching.md).

#![allow(clippy::cast_precision_loss, reason = "two or six points")]

use crate::faces::{Face, Point};

/// Where the points of a face lie from the middle of its box, in sides of the box: the mean over 68
/// faces of the training sources, made symmetric.
const POINTS: [[f32; 2]; 6] =
    [[-0.191, -0.222], [0.191, -0.222], [0.0, 0.013], [0.0, 0.218], [-0.4, -0.122], [0.4, -0.122]];

/// A square over a face: its middle and side in pixels, and its turn in radians clockwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Anchor {
    pub centre: [f32; 2],
    pub side: f32,
    pub roll: f32,
}

impl Anchor {
    /// Lays a square over a face in a photo of `width` by `height` pixels.
    pub fn lay(face: &Face, width: f32, height: f32) -> Self {
        let in_pixels = |point: Point| [point.x * width, point.y * height];
        let points = face.points.map(in_pixels);
        let by_box = Self {
            centre: [(face.x + face.width / 2.0) * width, (face.y + face.height / 2.0) * height],
            side: (face.width * width).max(face.height * height),
            roll: roll(points[0], points[1]),
        };
        by_box.mean(Self::fitted(points))
    }

    /// The square whose own points lie nearest to `points`.
    fn fitted(points: [[f32; 2]; 6]) -> Self {
        let (middle, own_middle) = (mean(points), mean(POINTS));
        let (mut along, mut across, mut norm) = (0.0, 0.0, 0.0);
        for (point, own) in points.iter().zip(POINTS) {
            let [x, y] = [point[0] - middle[0], point[1] - middle[1]];
            let [own_x, own_y] = [own[0] - own_middle[0], own[1] - own_middle[1]];
            along += own_x * x + own_y * y;
            across += own_x * y - own_y * x;
            norm += own_x * own_x + own_y * own_y;
        }
        let (cosine, sine) = (along / norm, across / norm);
        let centre = [
            middle[0] - cosine * own_middle[0] + sine * own_middle[1],
            middle[1] - sine * own_middle[0] - cosine * own_middle[1],
        ];
        Self { centre, side: cosine.hypot(sine), roll: sine.atan2(cosine) }
    }

    fn mean(self, other: Self) -> Self {
        // The smaller turn between the two, across the jump at half a circle.
        let apart = other.roll - self.roll;
        let apart = apart.sin().atan2(apart.cos());
        Self {
            centre: mean([self.centre, other.centre]),
            side: f32::midpoint(self.side, other.side),
            roll: self.roll + apart / 2.0,
        }
    }
}

fn roll(left: [f32; 2], right: [f32; 2]) -> f32 {
    (right[1] - left[1]).atan2(right[0] - left[0])
}

fn mean<const N: usize>(points: [[f32; 2]; N]) -> [f32; 2] {
    let mut sum = [0.0, 0.0];
    for [x, y] in points {
        sum[0] += x;
        sum[1] += y;
    }
    sum.map(|total| total / N as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_anchor_of_a_turned_face_is_turned() {
        let (side, roll, centre) = (80.0_f32, 0.3_f32, [210.0_f32, 120.0_f32]);
        let (sine, cosine) = roll.sin_cos();
        let (width, height) = (400.0, 300.0);
        let points = POINTS.map(|[x, y]| Point {
            x: (centre[0] + side * (cosine * x - sine * y)) / width,
            y: (centre[1] + side * (sine * x + cosine * y)) / height,
        });
        let face = Face {
            x: (centre[0] - side / 2.0) / width,
            y: (centre[1] - side / 2.0) / height,
            width: side / width,
            height: side / height,
            points,
            score: 1.0,
        };
        let anchor = Anchor::lay(&face, width, height);
        assert!((anchor.side - side).abs() < 0.1, "{anchor:?}");
        assert!((anchor.roll - roll).abs() < 1e-3, "{anchor:?}");
        assert!((anchor.centre[0] - centre[0]).abs() < 0.1, "{anchor:?}");
        assert!((anchor.centre[1] - centre[1]).abs() < 0.1, "{anchor:?}");
    }

    #[test]
    fn a_face_upside_down_is_no_trouble() {
        let turned = |roll: f32| Anchor { centre: [0.0; 2], side: 1.0, roll };
        let mean = turned(3.1).mean(turned(-3.1));
        assert!((mean.roll.abs() - std::f32::consts::PI).abs() < 0.01, "{mean:?}");
    }
}
