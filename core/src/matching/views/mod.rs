//! Views: the parts of a photo that are hashed, so that two crops of one photograph share one.
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
mod framing;
pub mod kept;
mod keypoints;
mod sampling;
mod trim;
mod view;

use image::RgbImage;

use super::hashes::samples::{Samples, filtered_samples};
use super::hashes::{GradientHash, PdqHash, PdqQuality, PhotoHashes, gradient, pdq};
use crate::faces::{Face, Faces};
use crate::photo::resize::{PixelBox, cut};
use crate::region::Region;

use anchor::Anchor;
use keypoints::{Keypoint, keypoints};
use sampling::{Frame, Pyramid};

pub use self::framing::Framing;
pub use self::view::{FaceSlot, KeypointSlot, Kind, View, Window};

/// Smaller faces, in pixels of a photo of at most 1024, show too little.
const FACE_SIDE_MIN: f32 = 24.0;
/// Squares over keypoints that are sampled to find enough of them with enough detail.
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
    /// The part of the photo it shows, in fractions of its sides.
    pub region: Region,
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
    /// The faces that the squares were laid over, and all others that were found.
    pub faces: Faces,
}

impl PhotoView {
    fn sample(view: View, frame: &Frame, pyramid: &Pyramid) -> Self {
        let region = frame.bounds().in_fractions(pyramid.size());
        Self::from_samples(view, region, Box::new(pyramid.sample(frame)))
    }

    fn from_samples(view: View, region: Region, samples: Box<Samples>) -> Self {
        let quality = pdq::quality(&samples);
        Self { view, region, quality, pdq: pdq::both_ways(&samples, view.mirror()), samples }
    }

    /// The view of a part of a photo as one of the whole photo.
    fn in_whole(mut self, part: PixelBox, pixels: &RgbImage) -> Self {
        self.region = self.region.in_whole(part, pixels.width(), pixels.height());
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
        gradient::hash(&self.samples, mirrored.then_some(self.view.mirror()))
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
    /// Hashes a photo in all its views. Without the face finder, `faces` is empty and the squares
    /// over faces are missing.
    #[must_use]
    pub fn hash(pixels: &RgbImage, framing: &Framing, faces: Faces) -> Self {
        let Self { hashes, mut views, .. } = Self::whole(pixels);
        let pyramid = &framing.pyramid;
        let parts = parts(framing).into_iter();
        views.extend(parts.map(|(view, frame)| PhotoView::sample(view, &frame, pyramid)));
        views.extend(hash_faces(&faces.anchored, pyramid));
        views.extend(hash_keypoints(pyramid, View::Keypoint));
        if let Some(part) = framing.inside() {
            let inside = Pyramid::build(&cut(pixels, part));
            let views_inside = hash_keypoints(&inside, View::InnerKeypoint);
            views.extend(views_inside.into_iter().map(|view| view.in_whole(part, pixels)));
        }
        Self { hashes, views, faces }
    }

    /// Hashes the whole alone.
    #[must_use]
    pub fn whole(pixels: &RgbImage) -> Self {
        let samples = Box::new(filtered_samples(pixels));
        let whole = PhotoView::from_samples(View::Whole, Region::WHOLE, samples);
        Self { hashes: whole.hashes(), views: vec![whole], faces: Faces::default() }
    }

    /// What a bank keeps of the photo beside the hashes of the whole.
    pub fn banked(&self) -> impl Iterator<Item = ViewHashes> {
        let kept = self.views.iter().filter(|it| it.view != View::Whole && it.view.is_banked());
        kept.map(|it| ViewHashes { view: it.view, hashes: it.hashes() })
    }
}

/// All views but the whole and those of faces and keypoints.
fn parts(framing: &Framing) -> Vec<(View, Frame)> {
    let Framing { pyramid, trimmed, inner, .. } = framing;
    let (width, height) = pyramid.size();
    let whole = Region { x: 0.0, y: 0.0, width, height };
    let picture = trimmed.unwrap_or(Frame::upright(whole)).bounds();
    let mut parts = Vec::new();
    parts.extend(trimmed.map(|frame| (View::Trimmed, frame)));
    parts.extend(square_in(picture).map(|frame| (View::Square, frame)));
    let top = Region { height: picture.height * TOP_SHARE, ..picture };
    parts.push((View::Top, Frame::upright(top)));
    if let Some(inner) = inner.filter(|inner| Some(*inner) != *trimmed) {
        parts.push((View::Inner, inner));
        parts.extend(square_in(inner.bounds()).map(|frame| (View::InnerSquare, frame)));
    }
    parts
}

fn square_in(picture: Region) -> Option<Frame> {
    let Region { width, height, .. } = picture;
    let is_longer = SQUARE_FROM * width.min(height) < width.max(height);
    is_longer.then(|| Frame::upright(picture.middle_square()))
}

fn hash_faces(faces: &[Face], pyramid: &Pyramid) -> Vec<PhotoView> {
    let (width, height) = pyramid.size();
    let mut views = Vec::new();
    for (number, face) in faces.iter().enumerate() {
        let Some(slot) = FaceSlot::new(number) else { break };
        let anchor = Anchor::lay(face, width, height);
        if anchor.side < FACE_SIDE_MIN {
            continue;
        }
        for window in Window::ALL {
            let frame = Frame::turned(anchor.centre, anchor.side * window.sides(), anchor.roll);
            views.push(PhotoView::sample(View::Face(slot, window), &frame, pyramid));
        }
    }
    views
}

/// Squares over the first keypoints that lie inside the photo, none over nearly the same part.
fn hash_keypoints(pyramid: &Pyramid, view: fn(KeypointSlot) -> View) -> Vec<PhotoView> {
    let size = pyramid.size();
    let is_shown = |keypoint: &Keypoint| {
        KEYPOINT_SIDE_MIN <= KEYPOINT_SIDES * keypoint.scale
            && keypoint.lies_inside(KEYPOINT_SIDES, size)
    };
    let mut used: Vec<Keypoint> = Vec::new();
    let mut views = Vec::new();
    let shown = keypoints(pyramid).into_iter().filter(is_shown);
    for keypoint in shown.take(KEYPOINTS_TRIED_MAX) {
        let Some(slot) = KeypointSlot::new(views.len()) else { break };
        if used.iter().any(|it| keypoint.is_near(it)) {
            continue;
        }
        let square = PhotoView::sample(view(slot), &keypoint.frame(KEYPOINT_SIDES), pyramid);
        if KEYPOINT_QUALITY_MIN <= square.quality.value() {
            used.push(keypoint);
            views.push(square);
        }
    }
    views
}
