//! The synthetic-face detector: how likely a photo was made by a generator.
//!
//! The model looks at one or more square cuts of the photo (its face, the whole), gives a logit for
//! each, and a calibrated weighted sum of them becomes the score: of photos that score 0.9, nine in
//! ten were AI-made among photos like those it was fitted on. Where no face is found it does not
//! guess: it was neither trained nor measured on such photos. Everything it needs to know of a
//! model stands in the `model.toml` beside it.

use serde::Deserialize;

use crate::core::errors::ModelError;
use crate::core::faces::Face;
use crate::core::onnx::{InputScale, Net};
use crate::core::photo::Photo;
use crate::core::resize::{PixelBox, cut, resize};

/// A calibrated probability that the photo is AI-made, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(f32);

/// What the detector says of a photo.
#[derive(Debug, Clone, PartialEq)]
pub enum Synthetic {
    /// It scored the photo by this face.
    Evaluated { score: Score, face: Face },
    /// The photo is not of the kind it judges.
    NotApplicable { code: NotApplicable },
    /// It failed on this photo, through no fault of the photo.
    UnableToEvaluate { code: UnableToEvaluate },
}

/// Why the detector does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApplicable {
    /// No face was found.
    NoFaceFound,
    /// The largest face has fewer pixels than the model was measured on.
    FaceTooSmall,
}

/// Why the detector could not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnableToEvaluate {
    /// The model failed to run.
    ModelFailed,
    /// The model gave a number that is no probability.
    ScoreNotFinite,
}

impl Score {
    /// A probability; `None` outside 0 to 1 and for what is no number.
    #[must_use]
    pub fn new(value: f32) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// 0 to 1.
    #[must_use]
    pub fn value(self) -> f32 {
        self.0
    }
}

impl NotApplicable {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoFaceFound => "NO_FACE_FOUND",
            Self::FaceTooSmall => "FACE_TOO_SMALL",
        }
    }
}

impl UnableToEvaluate {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ModelFailed => "MODEL_FAILED",
            Self::ScoreNotFinite => "SCORE_NOT_FINITE",
        }
    }
}

/// The file beside a model: what it is and how it is fed.
#[derive(Debug, Clone, Deserialize)]
struct Description {
    name: String,
    sha256: String,
    input: InputScale,
    look: Vec<Look>,
    calibration: Calibration,
    #[serde(default)]
    face: FaceNeeds,
}

/// One square cut the model looks at.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    kind: LookKind,
    /// Side of a face look, in units of the longer side of the face box.
    #[serde(default = "one")]
    scale: f32,
    /// Column of the model's output that belongs to this look.
    head: usize,
    weight: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LookKind {
    /// The largest square in the middle of the photo.
    Whole,
    /// A square around the face.
    Face,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Calibration {
    bias: f32,
}

/// Which faces the model was measured on; without a word of it, all that are found.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaceNeeds {
    /// Pixels along the longer side of the face box.
    side_min: f32,
}

fn one() -> f32 {
    1.0
}

/// A loaded detector. Shared between threads.
#[derive(Debug)]
pub struct Detector {
    net: Net,
    description: Description,
}

impl Detector {
    /// Loads a model and the description beside it.
    ///
    /// # Errors
    /// [`ModelError`] when the description is not valid or the model is not the one it names.
    pub fn load(onnx: &[u8], description: &str) -> Result<Self, ModelError> {
        let description: Description = toml::from_str(description)?;
        if description.look.is_empty() {
            return Err(ModelError::Unusable("it names no look".into()));
        }
        let net = Net::load(onnx, &description.sha256, description.input)?;
        Ok(Self { net, description })
    }

    /// The model's name, which stands in every report.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Scores a photo by its largest face.
    #[must_use]
    pub fn score(&self, photo: &Photo, faces: &[Face]) -> Synthetic {
        let Some(face) = faces.first() else {
            return Synthetic::NotApplicable { code: NotApplicable::NoFaceFound };
        };
        if face.side_in(photo.width(), photo.height()) < self.description.face.side_min {
            return Synthetic::NotApplicable { code: NotApplicable::FaceTooSmall };
        }
        let Ok(logit) = self.logit(photo, face) else {
            return Synthetic::UnableToEvaluate { code: UnableToEvaluate::ModelFailed };
        };
        match Score::new(1.0 / (1.0 + (-logit).exp())) {
            Some(score) => Synthetic::Evaluated { score, face: *face },
            None => Synthetic::UnableToEvaluate { code: UnableToEvaluate::ScoreNotFinite },
        }
    }

    fn logit(&self, photo: &Photo, face: &Face) -> Result<f32, ModelError> {
        let mut sum = self.description.calibration.bias;
        for look in &self.description.look {
            sum += look.weight * self.look_logit(photo, face, look)?;
        }
        Ok(sum)
    }

    fn look_logit(&self, photo: &Photo, face: &Face, look: &Look) -> Result<f32, ModelError> {
        let area = area_of(look, photo.width(), photo.height(), face);
        let side = self.net.side();
        let seen = resize(&cut(photo.pixels(), area), side, side);
        let outputs = self.net.run(&seen)?;
        let logits = outputs.first().and_then(|logits| logits.get([0, look.head]));
        logits
            .copied()
            .ok_or_else(|| ModelError::Unusable(format!("its output has no column {}", look.head)))
    }
}

fn area_of(look: &Look, width: u32, height: u32, face: &Face) -> PixelBox {
    /// Smaller cuts hold no detail that the model could have learned from.
    const SIDE_MIN: f32 = 32.0;
    match look.kind {
        LookKind::Whole => PixelBox::middle_square(width, height),
        LookKind::Face => {
            let side = (look.scale * face.side_in(width, height) + 0.5).floor().max(SIDE_MIN);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at least 32"
            )]
            let side = side as u32;
            PixelBox::square_around(face.centre_in(width, height), side, width, height)
        }
    }
}
