//! A loaded face finder.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "pixels along a photo's sides, and a few times that many: below 2^24"
)]
#![allow(clippy::indexing_slicing, reason = "rows of the net's output have 16 columns")]

use image::{RgbImage, imageops};
use ndarray::{ArrayD, Axis, Ix3};
use serde::Deserialize;

use super::face::{ANCHORED_MAX, Face, Faces, Point};
use crate::net::{InputScale, ModelError, Net};
use crate::photo::resize::{PixelBox, cut, cut_and_resized};

/// The file beside the model.
#[derive(Debug, Clone, Deserialize)]
struct Description {
    sha256: String,
    /// How pixels become the net's input.
    mean: [f32; 3],
    std: [f32; 3],
    /// Pixels a cell and anchors a cell, of each grid in the order of the net's output.
    grids: Vec<(u32, usize)>,
    /// A candidate of any pass has at least this score.
    score_min: f32,
    /// Candidates that overlap by more (intersection over union) are the same face.
    overlap_max: f32,
    /// Over the photo: in longer sides of it. The next, larger in the net's input, sees smaller
    /// faces and runs when the one before found none.
    #[serde(rename = "first_looks")]
    first_passes: Vec<PassSize>,
    /// Over a candidate: in sides of its box.
    #[serde(rename = "second_look")]
    refining_pass: PassSize,
    /// Over a face once more, to lay squares by: in sides of its box.
    #[serde(rename = "settling_look")]
    anchoring_pass: PassSize,
    /// Over a face that the detector judges, to crop it as in the detector's training: in sides of
    /// its box.
    #[serde(rename = "detector_look")]
    detector_pass: PassSize,
    /// Candidates that get a refining pass, by score and area.
    #[serde(rename = "looks")]
    candidates_max: usize,
    /// The mean score of the first and the refining pass is at least this for a face.
    face_min: f32,
}

/// How large a square a pass takes in, and how large that is in the net's input. The net is
/// convolutional: it has no size of its own, and takes time by the area of its input.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct PassSize {
    square: f32,
    /// Pixels along each side of the input.
    side: u32,
}

/// The net made ready for passes of one size.
#[derive(Debug)]
struct Pass {
    net: Net,
    anchors: Vec<Point>,
    square: f32,
}

/// A loaded face finder. Shared between threads.
#[derive(Debug)]
pub struct FaceFinder {
    first: Vec<Pass>,
    refining: Pass,
    anchoring: Pass,
    detector: Pass,
    description: Description,
}

/// A face while it is being found: pixels of the photo, not fractions.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    points: [Point; 6],
    score: f32,
}

/// A square of the photo that a pass takes in; it may reach outside the photo.
#[derive(Debug, Clone, Copy)]
struct Square {
    x: i64,
    y: i64,
    side: i64,
}

/// The net's input, and which part of the photo lies where in it.
struct Input {
    source: PixelBox,
    target: PixelBox,
    canvas: RgbImage,
}

impl FaceFinder {
    /// Loads the net and the description beside it.
    ///
    /// # Errors
    /// [`ModelError`] when the description is not valid or the net is not the one it names.
    pub fn load(onnx: &[u8], description: &str) -> Result<Self, ModelError> {
        let description: Description = toml::from_str(description)?;
        let mut nets: Vec<Net> = Vec::new();
        let mut pass = |size: PassSize| {
            let Description { mean, std, .. } = description;
            let known = nets.iter().find(|net| net.side() == size.side).cloned();
            let load =
                || Net::load(onnx, &description.sha256, InputScale { side: size.side, mean, std });
            let net = known.map_or_else(load, Ok)?;
            nets.push(net.clone());
            let anchors = anchors(&description.grids, size.side);
            Ok::<_, ModelError>(Pass { net, anchors, square: size.square })
        };
        let first = description.first_passes.iter().map(|size| pass(*size));
        let first = first.collect::<Result<_, _>>()?;
        let refining = pass(description.refining_pass)?;
        let anchoring = pass(description.anchoring_pass)?;
        let detector = pass(description.detector_pass)?;
        Ok(Self { first, refining, anchoring, detector, description })
    }

    /// The faces in `pixels` and, apart from them, in `inside`, the part that is the picture inside
    /// a frame. Faces are found less surely when they are small in the photo, so squares are laid
    /// over those inside the frame if there are any.
    #[must_use]
    pub fn find_all(&self, pixels: &RgbImage, inside: Option<PixelBox>) -> Faces {
        let whole = self.find(pixels);
        let inside = inside.map(|part| self.find_in(pixels, part)).unwrap_or_default();
        let chosen = if inside.is_empty() { &whole } else { &inside };
        let chosen = chosen.iter().take(ANCHORED_MAX);
        let anchored = chosen.map(|face| self.anchor(pixels, face).unwrap_or(*face)).collect();
        Faces { whole, inside, anchored }
    }

    /// The faces in `pixels`, the largest and surest first. A net that fails finds none.
    #[must_use]
    pub fn find(&self, pixels: &RgbImage) -> Vec<Face> {
        let mut found = self.first.iter().map(|pass| self.find_by(pixels, pass));
        let faces = found.find(|faces| !faces.is_empty()).unwrap_or_default();
        faces.iter().map(|face| face.in_fractions(pixels.width(), pixels.height())).collect()
    }

    /// The faces in a part of the photo, in fractions of the whole photo.
    fn find_in(&self, pixels: &RgbImage, part: PixelBox) -> Vec<Face> {
        let faces = self.find(&cut(pixels, part));
        let (width, height) = pixels.dimensions();
        faces.iter().map(|face| face.in_whole(part, width, height)).collect()
    }

    /// The faces that a first pass and the refining passes agree on.
    fn find_by(&self, pixels: &RgbImage, pass: &Pass) -> Vec<Candidate> {
        self.confirm(pixels, self.run(pixels, first_square(pixels, pass), pass))
    }

    /// Those candidates that a refining pass agrees on, the largest and surest first.
    fn confirm(&self, pixels: &RgbImage, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        sort_by_weight(&mut candidates);
        candidates.truncate(self.description.candidates_max);
        let seen_twice = candidates.iter().filter_map(|first| {
            let again = self.find_again(pixels, first, &self.refining)?;
            Some(Candidate { score: f32::midpoint(first.score, again.score), ..again })
        });
        let mut faces: Vec<_> =
            seen_twice.filter(|face| self.description.face_min <= face.score).collect();
        sort_by_weight(&mut faces);
        faces
    }

    /// The same face as one more pass around its box finds it; the box and its points come to rest,
    /// so that they hardly depend on how the photo was cropped. `None` when this pass finds none.
    #[must_use]
    pub fn anchor(&self, pixels: &RgbImage, face: &Face) -> Option<Face> {
        let (width, height) = (pixels.width(), pixels.height());
        let face = Candidate::from_face(face, width, height);
        let again = self.find_again(pixels, &face, &self.anchoring)?;
        Some(again.in_fractions(width, height))
    }

    /// The faces that the detector judges: `faces`, and behind them smaller ones that the first
    /// pass missed, in the boxes that the detector's training would have drawn.
    #[must_use]
    pub fn faces_to_judge(&self, pixels: &RgbImage, faces: &[Face]) -> Vec<Face> {
        self.redraw_boxes(pixels, &self.add_smaller(pixels, faces))
    }

    /// These faces, and behind them smaller ones that the first pass missed; no more than are
    /// looked for in all.
    fn add_smaller(&self, pixels: &RgbImage, faces: &[Face]) -> Vec<Face> {
        let (width, height) = (pixels.width(), pixels.height());
        let room = self.description.candidates_max.saturating_sub(faces.len());
        let mut all = faces.to_vec();
        let Some(pass) = self.first.last().filter(|_| 0 < room && !faces.is_empty()) else {
            return all;
        };
        let known: Vec<_> =
            faces.iter().map(|face| Candidate::from_face(face, width, height)).collect();
        let mut candidates = self.run(pixels, first_square(pixels, pass), pass);
        let overlap_max = self.description.overlap_max;
        candidates.retain(|it| known.iter().all(|known| overlap(it, known) <= overlap_max));
        let smaller = self.confirm(pixels, candidates);
        all.extend(smaller.iter().take(room).map(|face| face.in_fractions(width, height)));
        all
    }

    /// The faces in the boxes that the detector's training would have drawn, in their order.
    fn redraw_boxes(&self, pixels: &RgbImage, faces: &[Face]) -> Vec<Face> {
        let (width, height) = (pixels.width(), pixels.height());
        let redraw = |face: &Face| {
            let face_in_pixels = Candidate::from_face(face, width, height);
            let again = self.find_again(pixels, &face_in_pixels, &self.detector);
            let again = again.map(|again| again.in_fractions(width, height));
            again.map_or(*face, |again| Face { score: face.score, ..again })
        };
        faces.iter().map(redraw).collect()
    }

    /// The same face, found again in a square around its box.
    fn find_again(&self, pixels: &RgbImage, face: &Candidate, pass: &Pass) -> Option<Candidate> {
        const SIDE_MIN: f32 = 16.0;
        let side = (face.width.max(face.height) * pass.square + 0.5).floor();
        let side = side.max(SIDE_MIN);
        let start = |centre: f32| (centre - side / 2.0 + 0.5).floor() as i64;
        let (x, y) = (start(face.x + face.width / 2.0), start(face.y + face.height / 2.0));
        let found = self.run(pixels, Square { x, y, side: side as i64 }, pass);
        let overlap_max = self.description.overlap_max;
        // The surest come first.
        found.into_iter().find(|again| overlap_max < overlap(again, face))
    }

    /// The faces in one square of the photo, surest first.
    fn run(&self, pixels: &RgbImage, square: Square, pass: &Pass) -> Vec<Candidate> {
        let side = pass.net.side();
        let Some(input) = draw_input(pixels, square, side) else { return Vec::new() };
        let Ok(outputs) = pass.net.run(&input.canvas) else { return Vec::new() };
        let mut found = pass.candidates(&outputs).unwrap_or_default();
        found.retain(|face| {
            self.description.score_min <= face.score && 0.0 < face.width && 0.0 < face.height
        });
        let kept = suppress(found, self.description.overlap_max);
        kept.iter().map(|face| face.in_photo(&input, side)).collect()
    }
}

/// The square of a first pass: the photo in the middle of a margin.
fn first_square(pixels: &RgbImage, pass: &Pass) -> Square {
    let (width, height) = (i64::from(pixels.width()), i64::from(pixels.height()));
    let side = (width.max(height) as f32 * pass.square).floor() as i64;
    // Whole pixels; what does not divide goes to the right and below.
    Square { x: -(side - width).div_euclid(2), y: -(side - height).div_euclid(2), side }
}

impl Pass {
    /// Decodes the net's outputs, `regressors [1, N, 16]` and `scores [1, N, 1]`, into candidates
    /// in fractions of the net's input.
    fn candidates(&self, outputs: &[ArrayD<f32>]) -> Option<Vec<Candidate>> {
        let [regressors, scores] = outputs else { return None };
        let regressors = regressors.view().into_dimensionality::<Ix3>().ok()?;
        let scores = scores.view().into_dimensionality::<Ix3>().ok()?;
        let [_, _, 16] = regressors.shape() else { return None };
        let rows = regressors.index_axis_move(Axis(0), 0);
        let scores = scores.index_axis_move(Axis(0), 0);
        let side = self.net.side() as f32;
        let decoded =
            rows.outer_iter().zip(&scores).zip(&self.anchors).map(|((row, logit), anchor)| {
                let at = |column: usize| row[column] / side;
                let (width, height) = (at(2), at(3));
                Candidate {
                    x: at(0) + anchor.x - width / 2.0,
                    y: at(1) + anchor.y - height / 2.0,
                    width,
                    height,
                    points: [4, 6, 8, 10, 12, 14]
                        .map(|x| Point { x: at(x) + anchor.x, y: at(x + 1) + anchor.y }),
                    score: 1.0 / (1.0 + (-logit.clamp(-100.0, 100.0)).exp()),
                }
            });
        Some(decoded.collect())
    }
}

impl Candidate {
    /// From fractions to pixels of the photo.
    fn from_face(face: &Face, width: u32, height: u32) -> Self {
        let (width, height) = (width as f32, height as f32);
        Self {
            x: face.x * width,
            y: face.y * height,
            width: face.width * width,
            height: face.height * height,
            points: face.points.map(|at| Point { x: at.x * width, y: at.y * height }),
            score: face.score,
        }
    }

    /// From fractions of the net's input to pixels of the photo.
    fn in_photo(&self, input: &Input, side: u32) -> Self {
        let Input { source, target, .. } = input;
        let along = |at: f32, from: u32, length: u32, to: u32, room: u32| {
            from as f32 + (at * side as f32 - to as f32) * length as f32 / room as f32
        };
        let point = |at: Point| Point {
            x: along(at.x, source.x, source.width, target.x, target.width),
            y: along(at.y, source.y, source.height, target.y, target.height),
        };
        let start = point(Point { x: self.x, y: self.y });
        let end = point(Point { x: self.x + self.width, y: self.y + self.height });
        Self {
            x: start.x,
            y: start.y,
            width: end.x - start.x,
            height: end.y - start.y,
            points: self.points.map(point),
            score: self.score,
        }
    }

    /// From pixels to fractions of the photo.
    fn in_fractions(&self, width: u32, height: u32) -> Face {
        let (width, height) = (width as f32, height as f32);
        Face {
            x: self.x / width,
            y: self.y / height,
            width: self.width / width,
            height: self.height / height,
            points: self.points.map(|point| Point { x: point.x / width, y: point.y / height }),
            score: self.score,
        }
    }
}

/// The centre of each anchor: row by row over each grid, as often as its cells have anchors.
fn anchors(grids: &[(u32, usize)], side: u32) -> Vec<Point> {
    let mut centres = Vec::new();
    for (pixels, anchors) in grids {
        let cells = side / pixels;
        let middle = |cell: u32| (cell as f32 + 0.5) / cells as f32;
        for row in 0..cells {
            for column in 0..cells {
                let centre = Point { x: middle(column), y: middle(row) };
                centres.extend(std::iter::repeat_n(centre, *anchors));
            }
        }
    }
    centres
}

/// What decides which of several faces is the photo's: large and sure first.
fn sort_by_weight(faces: &mut [Candidate]) {
    let weight = |face: &Candidate| face.score * face.width * face.height;
    faces.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
}

/// Draws `square` of the photo into a black canvas of `side` by `side`; `None` when they do not
/// meet.
fn draw_input(pixels: &RgbImage, square: Square, side: u32) -> Option<Input> {
    let (width, height) = (i64::from(pixels.width()), i64::from(pixels.height()));
    let (left, right) = (square.x.max(0), (square.x + square.side).min(width));
    let (top, bottom) = (square.y.max(0), (square.y + square.side).min(height));
    if right <= left || bottom <= top || square.side <= 0 {
        return None;
    }
    let scaled = |length: i64| rounded(length * i64::from(side), square.side);
    let (x, y) = (scaled(left - square.x), scaled(top - square.y));
    let target = pixel_box(x, y, scaled(right - square.x), scaled(bottom - square.y))?;
    let source = pixel_box(left, top, right, bottom)?;
    let part = cut_and_resized(pixels, source, target.width, target.height);
    let mut canvas = RgbImage::new(side, side);
    imageops::replace(&mut canvas, &part, target.x.into(), target.y.into());
    Some(Input { source, target, canvas })
}

/// A box from its edges, at least one pixel each way.
fn pixel_box(left: i64, top: i64, right: i64, bottom: i64) -> Option<PixelBox> {
    let whole = |length: i64| u32::try_from(length).ok();
    Some(PixelBox {
        x: whole(left)?,
        y: whole(top)?,
        width: whole((right - left).max(1))?,
        height: whole((bottom - top).max(1))?,
    })
}

/// `a / b` to the nearest whole number, halves up; `a` is not negative, `b` is positive.
fn rounded(a: i64, b: i64) -> i64 {
    (2 * a + b) / (2 * b)
}

/// Intersection over union of two boxes.
fn overlap(a: &Candidate, b: &Candidate) -> f32 {
    let width = (a.x + a.width).min(b.x + b.width) - a.x.max(b.x);
    let height = (a.y + a.height).min(b.y + b.height) - a.y.max(b.y);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let shared = width * height;
    shared / (a.width * a.height + b.width * b.height - shared)
}

/// Of candidates that overlap, one remains: their mean weighted by score, with the best score.
fn suppress(mut candidates: Vec<Candidate>, overlap_max: f32) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept = Vec::new();
    while !candidates.is_empty() {
        let best = candidates.remove(0);
        let (mut same, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|other| overlap_max < overlap(&best, other));
        same.push(best);
        kept.push(weighted_mean(&same, best));
        candidates = others;
    }
    kept
}

fn weighted_mean(same: &[Candidate], best: Candidate) -> Candidate {
    let total: f32 = same.iter().map(|face| face.score).sum();
    if total <= 0.0 {
        return best;
    }
    let mean = |value: fn(&Candidate) -> f32| {
        same.iter().map(|face| value(face) * face.score).sum::<f32>() / total
    };
    let mut points = [Point { x: 0.0, y: 0.0 }; 6];
    for face in same {
        for (sum, point) in points.iter_mut().zip(face.points) {
            sum.x += point.x * face.score / total;
            sum.y += point.y * face.score / total;
        }
    }
    Candidate {
        x: mean(|face| face.x),
        y: mean(|face| face.y),
        width: mean(|face| face.width),
        height: mean(|face| face.height),
        points,
        score: best.score,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(x: f32, score: f32) -> Candidate {
        let points = [Point { x, y: 0.0 }; 6];
        Candidate { x, y: 0.0, width: 1.0, height: 1.0, points, score }
    }

    #[test]
    fn overlapping_candidates_become_one_and_others_stay() {
        let kept =
            suppress(vec![candidate(0.0, 0.5), candidate(0.2, 1.0), candidate(5.0, 0.7)], 0.3);
        assert_eq!(kept.len(), 2);
        assert!((kept[0].x - 0.2 / 1.5).abs() < 1e-6, "{:?}", kept[0]);
        assert!((kept[0].score - 1.0).abs() < 1e-6);
        assert!((kept[1].x - 5.0).abs() < 1e-6);
    }

    #[test]
    fn a_square_beside_the_photo_shows_nothing() {
        let pixels = RgbImage::new(50, 40);
        assert!(draw_input(&pixels, Square { x: 60, y: 0, side: 30 }, 128).is_none());
    }

    #[test]
    fn a_wide_photo_lies_in_the_middle_of_the_canvas() {
        let pixels = RgbImage::from_pixel(200, 100, image::Rgb([255; 3]));
        let input = draw_input(&pixels, Square { x: 0, y: -50, side: 200 }, 128).unwrap();
        assert_eq!(input.target, PixelBox { x: 0, y: 32, width: 128, height: 64 });
        assert_eq!(input.canvas.get_pixel(64, 31).0, [0; 3]);
        assert_eq!(input.canvas.get_pixel(64, 32).0, [255; 3]);
    }
}
