//! Views: the parts of a photo that are hashed, so that two crops of one photograph meet in one.
//!
//! Whoever steals a photo crops it, mirrors it, puts it into a frame or turns it a little. A hash
//! of the whole finds none of that. So a photo is also hashed without its borders, as the square
//! that an avatar would be cut from it, and in squares laid over its faces: however a photo was
//! cropped, a square over the same face shows the same. A face is only what the square is laid by;
//! what is compared is the picture inside, and another photo of the same person is another picture.
//!
//! A banked photo keeps the hashes of [`PhotoViews::banked`]. A photo that is looked up comes with
//! all views, each both ways round.

mod anchor;
mod keypoints;
mod sampling;
mod trim;

use image::RgbImage;

use crate::faces::{Face, FaceFinder, Point};
use crate::matching::hashes::pdq::{self, Mirror, Samples};
use crate::matching::hashes::{self, GradientHash, PdqHash, PdqQuality, PhotoHashes};
use crate::photo::resize::{PixelBox, cut};

use anchor::Anchor;
use keypoints::{Keypoint, keypoints};
use sampling::{Frame, Pyramid};

/// Which part of a photo a hash was taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View(u8);

/// The hashes of one view of a photo, as a bank keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewHashes {
    pub view: View,
    pub hashes: PhotoHashes,
}

/// One view of a photo that is looked up.
#[derive(Debug, Clone)]
pub struct PhotoView {
    pub view: View,
    /// The part of the photo it shows: x, y, width, height as fractions of its sides.
    pub region: [f32; 4],
    pub quality: PdqQuality,
    /// As it is, and mirrored.
    pdq: [PdqHash; 2],
    samples: Box<Samples>,
}

/// All that a photo is compared by.
#[derive(Debug, Clone)]
pub struct PhotoViews {
    /// Of the whole photo.
    pub hashes: PhotoHashes,
    /// The whole first.
    pub views: Vec<PhotoView>,
    /// The faces that were found in the whole photo, the largest and surest first.
    pub faces: Vec<Face>,
    /// Those that were found in the picture inside it, in fractions of the whole photo.
    pub faces_inside: Vec<Face>,
}

/// Sides of the squares over a face, in sides of its anchor.
const WINDOWS: [f32; 3] = [1.05, 1.6, 2.2];
const WINDOW_NAMES: [&str; 3] = ["face_close", "face_head", "face_bust"];
/// Faces that squares are laid over.
const FACES_MAX: usize = 3;
/// Smaller faces, in pixels of a photo of at most 1024, show too little.
const FACE_SIDE_MIN: f32 = 24.0;
/// Views of faces have codes from here on, eight a face.
const FACE_CODES: u8 = 16;
const CODES_PER_FACE: u8 = 8;
/// Squares over keypoints have codes from here on.
const KEYPOINT_CODES: u8 = 64;
/// Keypoints of a photo that a bank keeps a square over.
const KEYPOINTS_BANKED: u8 = 12;
/// Keypoints of a photo that are looked up, and again of the picture inside it: a crop or a frame
/// changes which are the first.
const KEYPOINTS_LOOKED_UP: u8 = 24;
/// Squares over keypoints that are sampled to find that many with enough detail.
const KEYPOINTS_TRIED_MAX: usize = 96;
/// Sides of the squares over keypoints, in their scales.
const KEYPOINT_SIDES: f32 = 8.0;
/// Smaller squares over keypoints, in pixels of a photo of at most 1024, show too little.
const KEYPOINT_SIDE_MIN: f32 = 40.0;
/// A square over a keypoint is as detailed as the field asks of a photo.
const KEYPOINT_QUALITY_MIN: u8 = 50;
/// Share of the height that the upper part shows: captions stand below it.
const TOP_SHARE: f32 = 0.62;
/// A square is only hashed when the photo is longer than it by this factor.
const SQUARE_FROM: f32 = 1.04;
/// Faces and keypoints are looked for again inside a picture that fills less than this share of the
/// photo.
const LOOK_AGAIN_BELOW: f32 = 0.6;

impl View {
    /// All of the photo.
    pub const WHOLE: Self = Self(0);
    /// Without plain borders.
    pub const TRIMMED: Self = Self(1);
    /// The square in the middle of what is left without borders.
    pub const SQUARE: Self = Self(2);
    /// The upper part of what is left without borders.
    pub const TOP: Self = Self(3);
    /// The picture inside the frame of an app.
    pub const INNER: Self = Self(4);
    /// The square in the middle of that picture.
    pub const INNER_SQUARE: Self = Self(5);

    /// A number that stays the same for ever: banks keep it.
    #[must_use]
    pub fn code(self) -> u8 {
        self.0
    }

    /// The view of that number; `None` for one that this version does not know.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        let view = Self(code);
        let known = match view.window() {
            _ if view.is_of_keypoint() => code < KEYPOINT_CODES + 2 * KEYPOINTS_LOOKED_UP,
            Some(window) => {
                window < WINDOWS.len()
                    && usize::from((code - FACE_CODES) / CODES_PER_FACE) < FACES_MAX
            }
            None => code <= Self::INNER_SQUARE.0,
        };
        known.then_some(view)
    }

    /// Stable name. Views of several faces have the same.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self, self.window()) {
            _ if self.is_of_keypoint() => "keypoint",
            (_, Some(window)) => WINDOW_NAMES.get(window).copied().unwrap_or("face"),
            (Self::TRIMMED, _) => "trimmed",
            (Self::SQUARE, _) => "square",
            (Self::TOP, _) => "top",
            (Self::INNER, _) => "inner",
            (Self::INNER_SQUARE, _) => "inner_square",
            _ => "whole",
        }
    }

    /// Whether this view of one photo and `other` of another may show the same: squares over faces
    /// of the same size meet, whichever face they are laid over, and views of all the picture meet.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        if self.is_of_keypoint() || other.is_of_keypoint() {
            return self.is_of_keypoint() && other.is_of_keypoint();
        }
        match (self.window(), other.window()) {
            (Some(window), Some(other)) => window == other,
            (None, None) => (self == Self::TOP) == (other == Self::TOP),
            _ => false,
        }
    }

    /// Whether it is a square over a face.
    #[must_use]
    pub fn is_of_face(self) -> bool {
        self.window().is_some()
    }

    /// Whether it is a square over a keypoint.
    #[must_use]
    pub fn is_of_keypoint(self) -> bool {
        KEYPOINT_CODES <= self.0
    }

    /// Whether it shows a part that may have been cut out of one picture and put into another.
    #[must_use]
    pub fn shows_part(self) -> bool {
        self.is_of_face() || self.is_of_keypoint()
    }

    #[expect(clippy::cast_possible_truncation, reason = "three faces of three windows")]
    fn of_face(face: usize, window: usize) -> Self {
        Self(FACE_CODES + CODES_PER_FACE * face as u8 + window as u8)
    }

    /// The next view over a keypoint of the photo after `before` of them, or of the picture inside.
    fn of_keypoint(before: usize, is_inside: bool) -> Option<Self> {
        let number = u8::try_from(before).ok().filter(|it| *it < KEYPOINTS_LOOKED_UP)?;
        let first = if is_inside { KEYPOINTS_LOOKED_UP } else { 0 };
        Some(Self(KEYPOINT_CODES + first + number))
    }

    fn window(self) -> Option<usize> {
        let code = self.0.checked_sub(FACE_CODES).filter(|_| !self.is_of_keypoint())?;
        Some(usize::from(code % CODES_PER_FACE))
    }

    /// Whether banks keep it. A picture inside a frame is only looked for when it is looked up.
    fn is_banked(self) -> bool {
        self != Self::INNER
            && self != Self::INNER_SQUARE
            && self.0 < KEYPOINT_CODES + KEYPOINTS_BANKED
    }

    /// What changes places in this view when the photo is mirrored: the roll of a keypoint points
    /// the other way then, so its square lies upside down.
    fn mirror(self) -> Mirror {
        if self.is_of_keypoint() { Mirror::UpDown } else { Mirror::LeftRight }
    }
}

impl PhotoView {
    fn of(view: View, frame: &Frame, pyramid: &Pyramid) -> Self {
        let samples = Box::new(pyramid.sample(frame));
        let [left, top, width, height] = frame.bounds();
        let (photo_width, photo_height) = size_of(pyramid);
        let region =
            [left / photo_width, top / photo_height, width / photo_width, height / photo_height];
        Self::sampled(view, region, samples)
    }

    fn sampled(view: View, region: [f32; 4], samples: Box<Samples>) -> Self {
        let quality = pdq::quality_of(&samples);
        Self { view, region, quality, pdq: pdq::both_ways(&samples, view.mirror()), samples }
    }

    /// The view of a part of a photo as one of the whole photo.
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    fn in_whole(mut self, part: PixelBox, pixels: &RgbImage) -> Self {
        let (width, height) = (pixels.width() as f32, pixels.height() as f32);
        let [left, top, across, down] = self.region;
        self.region = [
            (part.x as f32 + left * part.width as f32) / width,
            (part.y as f32 + top * part.height as f32) / height,
            across * part.width as f32 / width,
            down * part.height as f32 / height,
        ];
        self
    }

    /// The PDQ hash of the view as it is, or mirrored.
    #[must_use]
    pub fn pdq(&self, mirrored: bool) -> PdqHash {
        let [plain, turned] = self.pdq;
        if mirrored { turned } else { plain }
    }

    /// The gradient hash of the view as it is, or mirrored.
    #[must_use]
    pub fn gradient(&self, mirrored: bool) -> GradientHash {
        hashes::gradient_of_samples(&self.samples, mirrored.then_some(self.view.mirror()))
    }

    fn hashes(&self) -> PhotoHashes {
        PhotoHashes {
            pdq: self.pdq(false),
            pdq_quality: self.quality,
            gradient: self.gradient(false),
        }
    }
}

impl PhotoViews {
    /// Hashes a photo in all its views.
    #[must_use]
    pub fn of(pixels: &RgbImage, face_finder: &FaceFinder) -> Self {
        let samples = Box::new(pdq::filtered_samples(pixels));
        let whole = PhotoView::sampled(View::WHOLE, [0.0, 0.0, 1.0, 1.0], samples);
        let hashes = whole.hashes();
        let mut views = vec![whole];
        let pyramid = Pyramid::of(pixels);
        let trimmed = trim::without_borders(&pyramid);
        let inner = trim::inner_picture(&pyramid);
        for (view, frame) in frames(&pyramid, trimmed, inner) {
            views.push(PhotoView::of(view, &frame, &pyramid));
        }
        let faces = face_finder.find(pixels);
        let inside = picture_inside(pixels, &pyramid, trimmed, inner);
        let looked = inside.map(|part| faces_inside(pixels, part, face_finder));
        let faces_inside = looked.unwrap_or_default();
        let framed = if faces_inside.is_empty() { &faces } else { &faces_inside };
        let framed = framed.iter().take(FACES_MAX);
        let settled = framed.map(|face| face_finder.settle(pixels, face).unwrap_or(*face));
        views.extend(views_of_faces(&settled.collect::<Vec<_>>(), &pyramid));
        views.extend(views_of_keypoints(&pyramid, false));
        if let Some(part) = inside {
            let views_inside = views_of_keypoints(&Pyramid::of(&cut(pixels, part)), true);
            views.extend(views_inside.into_iter().map(|view| view.in_whole(part, pixels)));
        }
        Self { hashes, views, faces, faces_inside }
    }

    /// What a bank keeps of the photo beside the hashes of the whole.
    pub fn banked(&self) -> impl Iterator<Item = ViewHashes> {
        let kept = self.views.iter().filter(|it| it.view != View::WHOLE && it.view.is_banked());
        kept.map(|it| ViewHashes { view: it.view, hashes: it.hashes() })
    }
}

/// All views but the whole and those of faces.
fn frames(pyramid: &Pyramid, trimmed: Option<Frame>, inner: Option<Frame>) -> Vec<(View, Frame)> {
    let (width, height) = size_of(pyramid);
    let picture = trimmed.unwrap_or(Frame::upright([0.0, 0.0, width, height]));
    let mut frames = Vec::new();
    frames.extend(trimmed.map(|frame| (View::TRIMMED, frame)));
    frames.extend(square_in(&picture).map(|frame| (View::SQUARE, frame)));
    let [left, top, width, height] = picture.bounds();
    frames.push((View::TOP, Frame::upright([left, top, width, height * TOP_SHARE])));
    if let Some(inner) = inner.filter(|inner| Some(*inner) != trimmed) {
        frames.push((View::INNER, inner));
        frames.extend(square_in(&inner).map(|frame| (View::INNER_SQUARE, frame)));
    }
    frames
}

fn square_in(frame: &Frame) -> Option<Frame> {
    let [left, top, width, height] = frame.bounds();
    let side = width.min(height);
    let is_longer = SQUARE_FROM * side < width.max(height);
    is_longer.then(|| {
        let (x, y) = (left + (width - side) / 2.0, top + (height - side) / 2.0);
        Frame::upright([x, y, side, side])
    })
}

fn views_of_faces(faces: &[Face], pyramid: &Pyramid) -> Vec<PhotoView> {
    let (width, height) = size_of(pyramid);
    let mut views = Vec::new();
    for (number, face) in faces.iter().enumerate() {
        let anchor = Anchor::of(face, width, height);
        if anchor.side < FACE_SIDE_MIN {
            continue;
        }
        for (window, sides) in WINDOWS.iter().enumerate() {
            let frame = Frame::turned(anchor.centre, anchor.side * sides, anchor.roll);
            views.push(PhotoView::of(View::of_face(number, window), &frame, pyramid));
        }
    }
    views
}

/// Squares over the first keypoints that lie inside the photo, none over nearly the same part.
/// `is_inside` for the picture inside a photo.
fn views_of_keypoints(pyramid: &Pyramid, is_inside: bool) -> Vec<PhotoView> {
    let size = size_of(pyramid);
    let is_shown = |keypoint: &Keypoint| {
        KEYPOINT_SIDE_MIN <= KEYPOINT_SIDES * keypoint.scale
            && keypoint.lies_inside(KEYPOINT_SIDES, size)
    };
    let mut used: Vec<Keypoint> = Vec::new();
    let mut views = Vec::new();
    let shown = keypoints(pyramid).into_iter().filter(is_shown);
    for keypoint in shown.take(KEYPOINTS_TRIED_MAX) {
        let Some(view) = View::of_keypoint(views.len(), is_inside) else { break };
        if used.iter().any(|it| keypoint.is_near(it)) {
            continue;
        }
        let square = PhotoView::of(view, &keypoint.frame(KEYPOINT_SIDES), pyramid);
        if KEYPOINT_QUALITY_MIN <= square.quality.value() {
            used.push(keypoint);
            views.push(square);
        }
    }
    views
}

/// The picture inside a photo that is a small part of it. Faces and keypoints are found less surely
/// when they are small in the photo, so they are looked for in that part again.
fn picture_inside(
    pixels: &RgbImage,
    pyramid: &Pyramid,
    trimmed: Option<Frame>,
    inner: Option<Frame>,
) -> Option<PixelBox> {
    let (width, height) = size_of(pyramid);
    let area = |frame: &Frame| {
        let [_, _, frame_width, frame_height] = frame.bounds();
        frame_width * frame_height / (width * height)
    };
    let parts = trimmed.into_iter().chain(inner).filter(|it| area(it) < LOOK_AGAIN_BELOW);
    let part = parts.min_by(|a, b| area(a).total_cmp(&area(b)))?;
    Some(pixel_box(&part, pixels, (width, height)))
}

/// The faces in a part of the photo, in fractions of the whole photo.
fn faces_inside(pixels: &RgbImage, part: PixelBox, face_finder: &FaceFinder) -> Vec<Face> {
    let faces = face_finder.find(&cut(pixels, part));
    faces.iter().map(|face| face_in_whole(face, part, pixels)).collect()
}

/// The pixels of the photo that a frame in the pyramid shows.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the side")]
#[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
fn pixel_box(frame: &Frame, pixels: &RgbImage, (width, height): (f32, f32)) -> PixelBox {
    let along = |from: f32, length: f32, of: f32, side: u32| {
        let scale = side as f32 / of;
        let start = ((from * scale).max(0.0) as u32).min(side - 1);
        let length = ((length * scale).max(1.0) as u32).min(side - start);
        (start, length)
    };
    let [left, top, frame_width, frame_height] = frame.bounds();
    let (x, part_width) = along(left, frame_width, width, pixels.width());
    let (y, part_height) = along(top, frame_height, height, pixels.height());
    PixelBox { x, y, width: part_width, height: part_height }
}

/// A face found in a part of the photo, in fractions of the whole.
#[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
fn face_in_whole(face: &Face, part: PixelBox, pixels: &RgbImage) -> Face {
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let across = |x: f32| (part.x as f32 + x * part.width as f32) / width;
    let down = |y: f32| (part.y as f32 + y * part.height as f32) / height;
    Face {
        x: across(face.x),
        y: down(face.y),
        width: face.width * part.width as f32 / width,
        height: face.height * part.height as f32 / height,
        points: face.points.map(|point| Point { x: across(point.x), y: down(point.y) }),
        score: face.score,
    }
}

#[expect(clippy::cast_precision_loss, reason = "sides are at most 1024")]
fn size_of(pyramid: &Pyramid) -> (f32, f32) {
    let (width, height) = pyramid.size();
    (width as f32, height as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_and_others_are_refused() {
        let mut known = 0;
        for code in 0..=u8::MAX {
            if let Some(view) = View::from_code(code) {
                assert_eq!(view.code(), code);
                known += 1;
            }
        }
        assert_eq!(known, 6 + FACES_MAX * WINDOWS.len() + 2 * usize::from(KEYPOINTS_LOOKED_UP));
    }

    #[test]
    fn only_views_that_may_show_the_same_meet() {
        let (close, head) = (View::of_face(0, 0), View::of_face(1, 1));
        assert!(close.meets(View::of_face(2, 0)));
        assert!(!close.meets(head));
        assert!(!close.meets(View::WHOLE));
        assert!(View::SQUARE.meets(View::WHOLE));
        assert!(View::TOP.meets(View::TOP));
        assert!(!View::TOP.meets(View::WHOLE));
    }
}
