//! What the detector answers: a score and what stands behind it, or why there is none.

use super::heat_map::HeatMap;
use crate::faces::Face;

/// A calibrated probability that the photo is AI-made, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(f32);

/// What the detector says of a photo.
#[derive(Debug, Clone, PartialEq)]
pub enum Synthetic {
    /// It scored the photo by its most suspicious face.
    Evaluated(Evaluated),
    /// The photo is not of the kind it judges: no face was found, or the foremost one cannot be
    /// judged and no other is suspicious.
    NotApplicable { code: NotApplicable, faces: Vec<FaceResult> },
    /// It failed on this photo, through no fault of the photo.
    UnableToEvaluate { code: UnableToEvaluate },
}

/// A score and what stands behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    pub score: Score,
    /// The face that has this score, the highest of the photo.
    pub face: Face,
    /// All faces of the photo, that one included; the largest and surest first.
    pub faces: Vec<FaceResult>,
    /// How the score holds over small changes of the photo; only of a score that is doubted.
    pub stability: Option<Stability>,
    /// Which parts of the face speak for AI; only of a score that is doubted, and of models that
    /// tell.
    pub heat_map: Option<HeatMap>,
}

/// One face of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceResult {
    pub face: Face,
    /// Its score, or why it has none.
    pub answer: Result<Score, NotApplicable>,
}

/// The scores of a photo in several lives: as it is, and after changes that leave it what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stability {
    /// Lives scored, the photo as it is among them.
    pub lives: u8,
    pub lowest: Score,
    pub highest: Score,
}

/// Why the detector does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApplicable {
    /// No face was found.
    NoFaceFound,
    /// The face has fewer pixels than the model was measured on.
    FaceTooSmall,
    /// It is too blurred: the model was not measured on such faces.
    FaceTooBlurred,
    /// It is no photo of a face: a drawing, a cartoon, a figure.
    FaceDrawn,
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

    /// The logistic function of a logit.
    pub(super) fn of_logit(logit: f32) -> Result<Self, UnableToEvaluate> {
        Self::new(1.0 / (1.0 + (-logit).exp())).ok_or(UnableToEvaluate::ScoreNotFinite)
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
            Self::FaceTooBlurred => "FACE_TOO_BLURRED",
            Self::FaceDrawn => "FACE_DRAWN",
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

impl Synthetic {
    /// The answer on a photo that is not judged.
    pub(super) fn not_applicable(code: NotApplicable, faces: Vec<FaceResult>) -> Self {
        Self::NotApplicable { code, faces }
    }
}
