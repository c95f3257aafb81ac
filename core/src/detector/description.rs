//! `model.toml`: what a model is, how it is fed and what its scores cost.

use image::RgbImage;
use serde::Deserialize;

use super::alignment::AlignmentLimits;
use crate::faces::Face;
use crate::photo::resize::PixelBox;

/// The file beside a model: what it is and how it is fed.
#[derive(Debug, Clone, Deserialize)]
pub struct Description {
    pub name: String,
    pub sha256: String,
    /// Whether crops have their colours halved first, as in training.
    #[serde(default)]
    pub halve_colours: bool,
    /// Name of the trunk that its heads were fitted on.
    pub trunk: String,
    /// Blocks of the trunk that the heads read, from the photo's side on.
    pub taps: Vec<String>,
    #[serde(rename = "look")]
    pub crops: Vec<Crop>,
    pub calibration: Calibration,
    #[serde(default)]
    pub face: FaceNeeds,
    #[serde(default)]
    pub threshold: Vec<RateThreshold>,
    /// Absent in models that cannot tell drawings from photos.
    pub drawn: Option<Drawn>,
    /// Absent in models that run every photo through the whole trunk.
    pub exit: Option<Exit>,
    /// Absent in models that always score the face too.
    pub whole_alone: Option<Leave>,
    /// Absent in models that know nothing special about faces that sit as FFHQ's do.
    pub aligned: Option<AlignedHead>,
}

/// The head of the whole photo that tells what a network drew after FFHQ from FFHQ's own photos.
/// It counts where the face sits within `limits`, if it says more than all other heads together:
/// the logit of its score is `bias + weight * logit`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlignedHead {
    /// Column of the model's output.
    pub head: usize,
    pub weight: f32,
    pub bias: f32,
    pub limits: AlignmentLimits,
}

/// Where a photo that is plainly real leaves early.
#[derive(Debug, Clone, Deserialize)]
pub struct Exit {
    /// Of the file `exit.onnx`.
    pub sha256: String,
    /// The trunk's block at which it reads the whole photo.
    pub block: String,
    #[serde(flatten)]
    pub leave: Leave,
}

/// Up to which logit a photo leaves, and its score there: `sigmoid(bias + weight * logit)`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Leave {
    pub logit_max: f32,
    pub weight: f32,
    pub bias: f32,
}

impl Leave {
    /// The logit of the score with which a photo of this logit leaves, if it does.
    #[must_use]
    pub fn calibrated(self, logit: f32) -> Option<f32> {
        (logit <= self.logit_max).then_some(self.bias + self.weight * logit)
    }
}

/// One square crop that the model takes in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    pub kind: CropKind,
    /// Side of a crop of the face, in units of the longer side of the face box.
    #[serde(default = "one")]
    pub scale: f32,
    /// Column of the model's output that belongs to this crop.
    pub head: usize,
    pub weight: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CropKind {
    /// The largest square in the middle of the photo.
    Whole,
    /// A square around the face.
    Face,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub bias: f32,
}

/// The head of the face's crop that tells drawings from photos.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// Column of the model's output.
    pub head: usize,
    /// From this logit on the face is drawn.
    pub logit: f32,
}

/// The score that a share of held-out real photos reaches.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct RateThreshold {
    /// Share of real photos, 0 to 1.
    pub fpr: f64,
    pub score: f64,
}

/// Which faces the model was measured on; all that are found unless it says otherwise.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceNeeds {
    /// Pixels along the longer side of the face box.
    #[serde(default)]
    pub side_min: f32,
    /// Sharpness of the face as the model sees it.
    #[serde(default)]
    pub sharpness_min: f32,
}

fn one() -> f32 {
    1.0
}

/// The square around a face that shows it as a profile photo of one person does.
#[must_use]
pub fn surroundings(pixels: &RgbImage, face: &Face) -> PixelBox {
    /// In longer sides of the face's box: head and shoulders.
    const SIDES: f32 = 3.0;
    let (width, height) = pixels.dimensions();
    square_around(SIDES * face.side_in(width, height), face, width, height)
}

/// A square of so many pixels around a face, at least as large as a crop may be.
fn square_around(side: f32, face: &Face, width: u32, height: u32) -> PixelBox {
    /// Smaller crops hold no detail that the model could have learned from.
    const SIDE_MIN: f32 = 32.0;
    let side = (side + 0.5).floor().max(SIDE_MIN);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 32")]
    let side = side as u32;
    PixelBox::square_around(face.centre_in(width, height), side, width, height)
}

impl Crop {
    /// The square of a photo that it shows.
    #[must_use]
    pub fn area(&self, pixels: &RgbImage, face: &Face) -> PixelBox {
        let (width, height) = pixels.dimensions();
        match self.kind {
            CropKind::Whole => PixelBox::middle_square(width, height),
            CropKind::Face => {
                square_around(self.scale * face.side_in(width, height), face, width, height)
            }
        }
    }
}
