//! Keypoints: points of a picture that a crop, a frame, a turn or a resize does not move.
//!
//! A keypoint is an extremum of the differences of Gaussians over place and scale (Lowe,
//! "Distinctive Image Features from Scale-Invariant Keypoints", 2004): the middle of something
//! brighter or darker than what surrounds it, as large as its scale. It is found from the picture
//! around it alone, so it lies at the same spot of the same picture however that was cut. Its roll
//! is the direction in which brightness grows around it, which turns with the picture. Only large
//! ones are looked for: they survive compression, and a square over one shows a good part of the
//! photo. What a keypoint lies on (a face, a lamp, a stripe) is not asked.

#![allow(clippy::cast_precision_loss, reason = "sides of the plane are at most 1024")]
#![allow(
    clippy::indexing_slicing,
    reason = "extrema lie inside a plane's edge, offsets are 0 to 2"
)]

use multiversion::multiversion;

use super::sampling::{Frame, Plane, Pyramid};

/// Longer side of the plane that is searched, in pixels, at most; at least half of it.
const SIDE_MAX: usize = 256;
/// The smallest scale (deviation of a Gaussian), in sides of the plane's longer side.
const SCALE_MIN: f32 = 3.0 / 256.0;
/// Doublings of the scale that are searched.
const OCTAVES: usize = 3;
/// Scales an octave.
const STEPS: usize = 4;
/// Blurred planes an octave: each extremum needs a difference before and after its own.
const LEVELS: usize = STEPS + 3;
/// Steps of brightness, of 255, by which a keypoint differs from its surroundings at least.
const CONTRAST_MIN: f32 = 1.0;
/// The squared sum of the two curvatures over their product; more is an edge, which can slide.
const EDGE_MAX: f32 = 8.0;
/// Farther than this from the sampled point, in steps, an extremum belongs to another.
const OFFSET_MAX: f32 = 1.2;

/// A point in a picture, in pixels of the pyramid's first plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Keypoint {
    pub centre: [f32; 2],
    /// Deviation of the Gaussian that fits it.
    pub scale: f32,
    /// Where brightness grows, in radians clockwise from the right.
    pub roll: f32,
    strength: f32,
}

impl Keypoint {
    /// The square over it: `sides` scales wide, turned by its roll.
    pub fn frame(&self, sides: f32) -> Frame {
        Frame::turned(self.centre, sides * self.scale, self.roll)
    }

    /// Whether an upright square of `sides` scales over it lies inside a photo of this size.
    pub fn lies_inside(&self, sides: f32, (width, height): (f32, f32)) -> bool {
        let reach = sides * self.scale / 2.0;
        let [x, y] = self.centre;
        reach <= x && x <= width - reach && reach <= y && y <= height - reach
    }

    /// Whether both show nearly the same part of the picture.
    pub fn is_near(&self, other: &Self) -> bool {
        let [x, y] = [self.centre[0] - other.centre[0], self.centre[1] - other.centre[1]];
        x.hypot(y) < self.scale / 2.0 && (self.scale / other.scale).log2().abs() < 0.5
    }

    /// Large and clear ones come first.
    fn rank(&self) -> f32 {
        self.strength * self.scale.sqrt()
    }
}

/// The keypoints of a picture, the largest and clearest first.
pub(super) fn keypoints(pyramid: &Pyramid) -> Vec<Keypoint> {
    let (plane, mut factor) = pyramid.plane_within(SIDE_MAX);
    let scale = SCALE_MIN * plane.width.max(plane.height) as f32;
    let mut found = Vec::new();
    let mut first = plane.blurred(scale);
    for _ in 0..OCTAVES {
        if first.width.min(first.height) < 8 {
            break;
        }
        let levels = levels_from(first, scale);
        let differences: Vec<Plane> =
            levels.windows(2).map(|pair| pair[1].less(&pair[0])).collect();
        for (step, three) in differences.windows(3).enumerate() {
            let roll_level = &levels[step + 3];
            let around = Around { planes: [&three[0], &three[1], &three[2]] };
            for (x, y) in around.extrema() {
                let Some(fit) = around.fitted(x, y) else { continue };
                let at = [x as f32 + 0.5 + fit.right, y as f32 + 0.5 + fit.down];
                let exponent = (step as f32 + 1.0 + fit.finer) / STEPS as f32;
                found.push(Keypoint {
                    centre: at.map(|along| along * factor),
                    scale: scale * exponent.exp2() * factor,
                    roll: roll_at(roll_level, at),
                    strength: fit.value.abs(),
                });
            }
        }
        first = levels[STEPS].halved();
        factor *= 2.0;
    }
    found.sort_by(|a, b| b.rank().total_cmp(&a.rank()));
    found
}

/// The plane that is blurred by `scale` already, and it blurred further, a step each.
fn levels_from(first: Plane, scale: f32) -> Vec<Plane> {
    let mut levels = vec![first];
    for step in 1..LEVELS {
        let reached = |step: usize| scale * (step as f32 / STEPS as f32).exp2();
        let more = (reached(step).powi(2) - reached(step - 1).powi(2)).sqrt();
        levels.push(levels[step - 1].blurred(more));
    }
    levels
}

fn roll_at(level: &Plane, [x, y]: [f32; 2]) -> f32 {
    let right = level.at(x + 1.0, y) - level.at(x - 1.0, y);
    let down = level.at(x, y + 1.0) - level.at(x, y - 1.0);
    down.atan2(right)
}

/// Three neighbouring differences of Gaussians.
struct Around<'a> {
    planes: [&'a Plane; 3],
}

/// Where between the samples an extremum lies, in steps, and its value.
struct Fit {
    finer: f32,
    down: f32,
    right: f32,
    value: f32,
}

impl Around<'_> {
    /// Points at which the middle plane is above or below all 26 neighbours.
    fn extrema(&self) -> Vec<(usize, usize)> {
        let [_, own, _] = self.planes;
        let mut found = Vec::new();
        let mut marks = vec![false; own.width.saturating_sub(2)];
        for y in 1..own.height.saturating_sub(1) {
            // Few pass this, so that all neighbours are seldom asked.
            mark_outermost(own.row(y - 1), own.row(y), own.row(y + 1), &mut marks);
            let marked = marks.iter().enumerate().filter(|(_, is_outermost)| **is_outermost);
            for x in marked.map(|(before, _)| before + 1) {
                if self.is_extreme(x, y) {
                    found.push((x, y));
                }
            }
        }
        found
    }

    fn is_extreme(&self, x: usize, y: usize) -> bool {
        let [_, own, _] = self.planes;
        let value = own.row(y)[x];
        let rows = self.planes.into_iter().flat_map(|plane| (y - 1..=y + 1).map(|y| plane.row(y)));
        let mut near = rows.flat_map(|row| &row[x - 1..=x + 1]);
        if 0.0 < value { near.all(|it| *it <= value) } else { near.all(|it| value <= *it) }
    }

    /// A parabola through the 27 values; `None` for an edge, or when its top lies elsewhere.
    fn fitted(&self, x: usize, y: usize) -> Option<Fit> {
        let value =
            |[step, down, right]: [usize; 3]| self.planes[step].row(y + down - 1)[x + right - 1];
        let middle = value([1, 1, 1]);
        let moved = |by: [(usize, usize); 2]| {
            let mut offset = [1, 1, 1];
            for (axis, to) in by {
                offset[axis] = to;
            }
            value(offset)
        };
        let mut slope = [0.0; 3];
        let mut bend = [[0.0; 3]; 3];
        for (axis, (slope, row)) in slope.iter_mut().zip(&mut bend).enumerate() {
            let (before, after) = (moved([(axis, 0); 2]), moved([(axis, 2); 2]));
            *slope = (after - before) / 2.0;
            for (other, cell) in row.iter_mut().enumerate() {
                *cell = if other == axis {
                    after - 2.0 * middle + before
                } else {
                    let corner = |a: usize, b: usize| moved([(axis, a), (other, b)]);
                    (corner(2, 2) - corner(2, 0) - corner(0, 2) + corner(0, 0)) / 4.0
                };
            }
        }
        let [_, [_, down, across], [_, _, right]] = bend;
        let product = down * right - across * across;
        if product <= 0.0 || EDGE_MAX * product < (down + right).powi(2) {
            return None;
        }
        let [finer, down, right] = solved(&bend, slope.map(|it| -it))?;
        let lies_here = [finer, down, right].iter().all(|offset| offset.abs() <= OFFSET_MAX);
        let value = middle + (slope[0] * finer + slope[1] * down + slope[2] * right) / 2.0;
        lies_here.then_some(Fit { finer, down, right, value })
    }
}

/// Marks the points of a row, from the second to the last but one, that are clear and above or
/// below their four neighbours.
#[multiversion(targets("x86_64+avx2"))]
fn mark_outermost(above: &[f32], row: &[f32], below: &[f32], marks: &mut [bool]) {
    let across = row.iter().zip(&row[1..]).zip(&row[2..]);
    let near = across.zip(&above[1..]).zip(&below[1..]);
    for (mark, ((((left, value), right), up), down)) in marks.iter_mut().zip(near) {
        let (lowest, highest) =
            (left.min(*right).min(up.min(*down)), left.max(*right).max(up.max(*down)));
        *mark = (CONTRAST_MIN < *value && highest <= *value)
            || (*value < -CONTRAST_MIN && *value <= lowest);
    }
}

/// Solves three equations by Cramer's rule; `None` when they have no single solution.
fn solved(matrix: &[[f32; 3]; 3], right: [f32; 3]) -> Option<[f32; 3]> {
    let [a, b, c] = [0, 1, 2].map(|column| matrix.map(|row| row[column]));
    let triple = |a: [f32; 3], b: [f32; 3], c: [f32; 3]| {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - b[0] * (a[1] * c[2] - a[2] * c[1])
            + c[0] * (a[1] * b[2] - a[2] * b[1])
    };
    let whole = triple(a, b, c);
    let solution = [triple(right, b, c), triple(a, right, c), triple(a, b, right)];
    let solution = solution.map(|part| part / whole);
    solution.iter().all(|part| part.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    /// Soft spots on grey: x, y, deviation, brightness.
    fn spots(width: u32, height: u32, spots: &[(f32, f32, f32, f32)]) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let light: f32 = spots
                .iter()
                .map(|(at_x, at_y, size, light)| {
                    let (x, y) = (x as f32 + 0.5 - at_x, y as f32 + 0.5 - at_y);
                    light * (-(x * x + y * y) / (2.0 * size * size)).exp()
                })
                .sum();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
            let value = (128.0 + light).clamp(0.0, 255.0) as u8;
            Rgb([value; 3])
        })
    }

    #[test]
    fn a_spot_is_found_where_it_is_and_as_large_as_it_is() {
        let photo = spots(400, 300, &[(150.0, 120.0, 16.0, 90.0)]);
        let found = keypoints(&Pyramid::build(&photo));
        let first = found.first().expect("a keypoint");
        assert!((first.centre[0] - 150.0).abs() < 0.7, "{first:?}");
        assert!((first.centre[1] - 120.0).abs() < 0.7, "{first:?}");
        // The difference of Gaussians is strongest a little below the spot's own deviation.
        assert!((0.75..1.1).contains(&(first.scale / 16.0)), "{first:?}");
    }

    #[test]
    fn a_crop_and_a_resize_leave_it_at_the_same_point() {
        let marks = [(150.0, 120.0, 16.0, 90.0), (190.0, 140.0, 14.0, -70.0)];
        let whole = keypoints(&Pyramid::build(&spots(400, 300, &marks)));
        let cropped = marks
            .map(|(x, y, size, light)| ((x - 60.0) * 1.5, (y - 30.0) * 1.5, size * 1.5, light));
        let cropped = keypoints(&Pyramid::build(&spots(420, 330, &cropped)));
        for mark in whole.iter().take(2) {
            let expected = [(mark.centre[0] - 60.0) * 1.5, (mark.centre[1] - 30.0) * 1.5];
            let scale = mark.scale * 1.5;
            let met = cropped.iter().any(|it| {
                let away = (it.centre[0] - expected[0]).hypot(it.centre[1] - expected[1]);
                let turned = (it.roll - mark.roll).sin().abs();
                away < 0.1 * scale && (it.scale / scale - 1.0).abs() < 0.05 && turned < 0.1
            });
            assert!(met, "{mark:?} in {cropped:?}");
        }
    }

    #[test]
    fn plain_and_tiny_pictures_have_none() {
        for (width, height) in [(1, 1), (2, 900), (300, 200)] {
            let photo = RgbImage::from_pixel(width, height, Rgb([90; 3]));
            assert_eq!(keypoints(&Pyramid::build(&photo)), []);
        }
    }

    #[test]
    fn an_edge_is_no_keypoint() {
        let photo = RgbImage::from_fn(300, 300, |x, _| Rgb([if x < 150 { 30 } else { 220 }; 3]));
        assert_eq!(keypoints(&Pyramid::build(&photo)), []);
    }

    #[test]
    fn equations_are_solved_or_refused() {
        let solution =
            solved(&[[2.0, 0.0, 1.0], [0.0, 4.0, 0.0], [0.0, 0.0, 8.0]], [5.0, 8.0, 8.0]);
        assert_eq!(solution, Some([2.0, 2.0, 1.0]));
        assert_eq!(solved(&[[1.0; 3]; 3], [1.0, 2.0, 3.0]), None);
    }
}
