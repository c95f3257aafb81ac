//! Signals: what was found out about a photo, which the policy judges.
//!
//! The stages of a check fill them in: matching, the detector, the reader of marks of origin, and
//! the caller, who may know on which accounts the photo was seen. [`crate::verdict`] judges them.

use std::sync::Arc;

use crate::bank::{BankFacts, Opinion};
use crate::faces::Face;
use crate::matching::hashes::{Distance, PdqQuality};
use crate::matching::index::{ContentId, Index, Scope};
use crate::matching::views::View;
use crate::provenance::Mark;
use crate::region::Region;

/// The evidence that the verdict rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Known and allowed photos this one is a copy of, nearest first, at most
    /// [`crate::limits::MATCHES_MAX`]: of more, those that weigh most.
    pub matches: Vec<Match>,
    pub known_photo: KnownPhoto,
    /// `None` where the caller named no account.
    pub seen: Option<SeenElsewhere>,
    /// Detail of the hash that was looked up.
    pub pdq_quality: PdqQuality,
    pub synthetic: Synthetic,
    /// The marks of origin in the file, at most [`crate::limits::MARKS_MAX`].
    pub provenance: Vec<Mark>,
}

/// A banked photo of which this one is a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub bank: Arc<BankFacts>,
    pub content: ContentId,
    pub distance: Distance,
    /// Which view of the photo matched.
    pub view: View,
    /// Whether it matched mirrored.
    pub mirrored: bool,
    /// The part of the photo that this view shows, in fractions of its sides.
    pub region: Region,
    /// Which view of the banked photo matched.
    pub banked_view: View,
    /// A reviewer's judgement of the banked photo.
    pub opinion: Opinion,
}

/// Whether the photo was compared with known fakes. Where it was not, an empty list of matches
/// says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownPhoto {
    /// With this many of their hashes.
    Compared {
        hashes: usize,
    },
    NotCompared(NotCompared),
}

/// Why a photo was not compared with known fakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotCompared {
    /// No part of the photo has enough detail, or not the whole.
    LowDetail,
    /// No bank of known fakes holds a photo that is looked up.
    NoBanks,
}

/// On which other accounts the photo was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenElsewhere {
    /// The bank that keeps the sightings.
    pub bank: String,
    /// Other accounts than the one that the caller named.
    pub other_accounts: u32,
    /// When the first of them showed it, in seconds since 1970, UTC; `None` if there is none.
    pub since_s: Option<i64>,
}

/// The detector's answer on a photo.
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
    /// The stability check; only of a score high enough to be re-scored, and no further than the
    /// first variant that settles it.
    pub stability: Option<Stability>,
    /// Which parts of the face speak for AI; only of a score of `unsure` or more, and of models
    /// that have such a map.
    pub heat_map: Option<HeatMap>,
}

/// A calibrated probability that the photo is AI-made, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(f32);

/// One face of a photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceResult {
    pub face: Face,
    /// Its score, or why it has none.
    pub answer: Result<Score, NotApplicable>,
}

/// The scores of several variants of a photo: as it is, and after small perturbations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stability {
    /// How many were scored, the photo as it is among them.
    pub variants: u8,
    pub lowest: Score,
    pub highest: Score,
}

/// How much each cell of a grid over the crop of the face adds to the score, as log-odds against
/// the average photo.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// The crop, in fractions of the photo's sides.
    pub region: Region,
    /// Rows from the top, cells from the left; above 0 speaks for AI, below 0 against.
    pub rows: Vec<Vec<f32>>,
}

/// Why the detector does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnableToEvaluate {
    /// The model failed to run.
    ModelFailed,
    /// The model returned a number that is no probability.
    ScoreNotFinite,
}

impl NotCompared {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoBanks => "NO_BANKS",
            Self::LowDetail => "LOW_DETAIL",
        }
    }
}

impl KnownPhoto {
    /// What a photo with enough detail is compared with in this scope.
    #[must_use]
    pub fn by(index: &Index, scope: &Scope) -> Self {
        match index.known_fakes(scope) {
            0 => Self::NotCompared(NotCompared::NoBanks),
            hashes => Self::Compared { hashes },
        }
    }

    /// The same for a photo of which no part has enough detail.
    #[must_use]
    pub fn with_low_detail(self) -> Self {
        match self {
            Self::Compared { .. } => Self::NotCompared(NotCompared::LowDetail),
            Self::NotCompared(_) => self,
        }
    }
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
