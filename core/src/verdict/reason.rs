//! Verdicts and reasons: what the judgement of a photo consists of.
//!
//! A reason has a stable code and the facts that its sentence needs, but no sentence: those are
//! the shell's, in the language of whoever reads them.

use std::sync::Arc;

use crate::bank::BankFacts;
use crate::signals::{NotApplicable, UnableToEvaluate};

/// What a photo is taken for. The order is that of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Clear,
    Inconclusive,
    Suspect,
    Fake,
}

/// One judgement, with the number behind it and what its threshold costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    pub cause: Cause,
    pub value: Option<f64>,
    pub threshold: Option<f64>,
    /// What the threshold costs, as measured.
    pub cost: Option<Cost>,
}

/// What was found, with the facts that a sentence about it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The photo is a copy of a banked one.
    KnownPhoto(Copied),
    /// It is a copy of a banked one that nobody has confirmed.
    KnownPhotoUnsure(Copied),
    /// It is a copy of a banked one that is said not to belong in its bank.
    KnownPhotoDisputed(Copied),
    /// The photo is a copy of one that is never flagged.
    AllowedPhoto(Copied),
    /// A part of it is a copy of a part of one that is never flagged.
    AllowedPhotoPart(Copied),
    /// It is a copy of one that nobody has confirmed to be never flagged.
    AllowedPhotoUnsure(Copied),
    /// It is a copy of one of which it is disputed that it is never flagged.
    AllowedPhotoDisputed(Copied),
    /// Other accounts show the photo too.
    SeenOnOtherAccounts { other_accounts: u32 },
    /// The detector's score passes a threshold. `faces` is how many the photo has.
    SyntheticFace { faces: usize },
    /// The score lies where real and AI-made photos are hard to tell apart.
    SyntheticFaceUnsure { faces: usize },
    /// The score passes a threshold, but some variant of the photo would be `clear`.
    SyntheticFaceUnstable { faces: usize },
    /// The detector does not apply: no face.
    NoFaceFound,
    /// The detector does not apply: the face has too few pixels.
    FaceTooSmall,
    /// The detector does not apply: the face is too blurred.
    FaceTooBlurred,
    /// The detector does not apply: a drawing, no photo.
    FaceDrawn,
    /// The detector failed.
    DetectorFailed(UnableToEvaluate),
    /// The photo has too little detail to be compared with banks.
    LowDetail,
    /// The file claims that its picture was made by AI.
    DeclaredAiGenerated { claimed_by: Option<String> },
    /// The file claims that AI made or changed a part of its picture.
    DeclaredAiEdited { claimed_by: Option<String> },
    /// The Content Credentials do not belong to this picture.
    CredentialsInvalid,
    /// The thumbnail in the file shows another picture.
    ThumbnailDiffers,
    /// The file names a camera, the picture looks made by AI.
    CameraContradicted { claimed_by: Option<String> },
    /// Nothing was found.
    NoEvidence,
}

/// Of which bank a photo is a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    pub bank: Arc<BankFacts>,
    /// The bank whose match decided otherwise.
    pub outranked_by: Option<Arc<BankFacts>>,
}

/// How often a threshold is passed without cause, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cost {
    /// Share of honest photos.
    FalsePositiveRate(f64),
    /// Share of pairs of a photo and a banked one that shows something else. A bank of a million
    /// photos multiplies it by a million.
    FalseMatchRate(f64),
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Clear, Self::Inconclusive, Self::Suspect, Self::Fake];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Inconclusive => "inconclusive",
            Self::Suspect => "suspect",
            Self::Fake => "fake",
        }
    }
}

impl Reason {
    /// A reason without numbers.
    pub(super) fn plain(cause: Cause) -> Self {
        Self { cause, value: None, threshold: None, cost: None }
    }

    /// The stable code of its cause.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }
}

impl Cause {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::KnownPhoto(_) => "KNOWN_PHOTO",
            Self::KnownPhotoUnsure(_) => "KNOWN_PHOTO_UNSURE",
            Self::KnownPhotoDisputed(_) => "KNOWN_PHOTO_DISPUTED",
            Self::AllowedPhoto(_) => "ALLOWED_PHOTO",
            Self::AllowedPhotoPart(_) => "ALLOWED_PHOTO_PART",
            Self::AllowedPhotoUnsure(_) => "ALLOWED_PHOTO_UNSURE",
            Self::AllowedPhotoDisputed(_) => "ALLOWED_PHOTO_DISPUTED",
            Self::SeenOnOtherAccounts { .. } => "SEEN_ON_OTHER_ACCOUNTS",
            Self::SyntheticFace { .. } => "SYNTHETIC_FACE",
            Self::SyntheticFaceUnsure { .. } => "SYNTHETIC_FACE_UNSURE",
            Self::SyntheticFaceUnstable { .. } => "SYNTHETIC_FACE_UNSTABLE",
            Self::NoFaceFound => NotApplicable::NoFaceFound.code(),
            Self::FaceTooSmall => NotApplicable::FaceTooSmall.code(),
            Self::FaceTooBlurred => NotApplicable::FaceTooBlurred.code(),
            Self::FaceDrawn => NotApplicable::FaceDrawn.code(),
            Self::DetectorFailed(_) => "DETECTOR_FAILED",
            Self::LowDetail => "LOW_DETAIL",
            Self::DeclaredAiGenerated { .. } => "DECLARED_AI_GENERATED",
            Self::DeclaredAiEdited { .. } => "DECLARED_AI_EDITED",
            Self::CredentialsInvalid => "CREDENTIALS_INVALID",
            Self::ThumbnailDiffers => "THUMBNAIL_DIFFERS",
            Self::CameraContradicted { .. } => "CAMERA_CONTRADICTED",
            Self::NoEvidence => "NO_EVIDENCE",
        }
    }
}
