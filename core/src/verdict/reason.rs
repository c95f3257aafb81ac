//! Reasons: what the judgement of a photo rests on.
//!
//! A reason has a stable code and the facts that its sentence needs, but no sentence: those are
//! the shell's, in the language of whoever reads them.

use std::sync::Arc;

use super::code::{Code, Verdict};
use crate::bank::BankFacts;
use crate::signals::{NotApplicable, UnableToEvaluate};

/// One judgement, with the number behind it and what its threshold costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    pub cause: Cause,
    pub value: Option<f64>,
    pub threshold: Option<f64>,
    /// What the threshold costs, as measured.
    pub cost: Option<Cost>,
    /// The verdict that the policy makes of this reason alone; `clear` where it does not count.
    pub weight: Verdict,
}

/// What was found, with the facts that a sentence about it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The photo is a copy of a banked one.
    KnownPhoto(Copied),
    /// It is a copy of a banked one that nobody has confirmed.
    KnownPhotoUnsure(Copied),
    /// A part of it is a copy of a part of a banked one, and another part of one that is never
    /// flagged.
    KnownPhotoPartAllowed(Copied),
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
    /// The score passes the highest threshold, which hardly any real photo reaches.
    SyntheticFaceStrong { faces: usize },
    /// The score lies where real and AI-made photos are hard to tell apart.
    SyntheticFaceUnsure { faces: usize },
    /// The score passes a threshold, but some variant of the photo would pass none.
    SyntheticFaceUnstable { faces: usize },
    /// The detector does not apply.
    NotApplicable(NotApplicable),
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

impl Reason {
    /// A reason without numbers.
    pub(super) fn plain(cause: Cause) -> Self {
        Self { cause, value: None, threshold: None, cost: None, weight: Verdict::Clear }
    }

    /// The stable code of its cause.
    #[must_use]
    pub fn code(&self) -> Code {
        self.cause.code()
    }

    /// Whether it is among those that a policy weighs: another bank may have decided otherwise, or
    /// too few accounts show the photo.
    pub(super) fn counts(&self) -> bool {
        match &self.cause {
            Cause::KnownPhoto(copied) | Cause::KnownPhotoUnsure(copied) => {
                copied.outranked_by.is_none()
            }
            Cause::SeenOnOtherAccounts { .. } => self.threshold <= self.value,
            _ => true,
        }
    }
}

impl Cause {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::KnownPhoto(_) => Code::KnownPhoto,
            Self::KnownPhotoUnsure(_) => Code::KnownPhotoUnsure,
            Self::KnownPhotoPartAllowed(_) => Code::KnownPhotoPartAllowed,
            Self::KnownPhotoDisputed(_) => Code::KnownPhotoDisputed,
            Self::AllowedPhoto(_) => Code::AllowedPhoto,
            Self::AllowedPhotoPart(_) => Code::AllowedPhotoPart,
            Self::AllowedPhotoUnsure(_) => Code::AllowedPhotoUnsure,
            Self::AllowedPhotoDisputed(_) => Code::AllowedPhotoDisputed,
            Self::SeenOnOtherAccounts { .. } => Code::SeenOnOtherAccounts,
            Self::SyntheticFace { .. } => Code::SyntheticFace,
            Self::SyntheticFaceStrong { .. } => Code::SyntheticFaceStrong,
            Self::SyntheticFaceUnsure { .. } => Code::SyntheticFaceUnsure,
            Self::SyntheticFaceUnstable { .. } => Code::SyntheticFaceUnstable,
            Self::NotApplicable(NotApplicable::NoFaceFound) => Code::NoFaceFound,
            Self::NotApplicable(NotApplicable::FaceTooSmall) => Code::FaceTooSmall,
            Self::NotApplicable(NotApplicable::FaceTooBlurred) => Code::FaceTooBlurred,
            Self::NotApplicable(NotApplicable::FaceDrawn) => Code::FaceDrawn,
            Self::DetectorFailed(_) => Code::DetectorFailed,
            Self::LowDetail => Code::LowDetail,
            Self::DeclaredAiGenerated { .. } => Code::DeclaredAiGenerated,
            Self::DeclaredAiEdited { .. } => Code::DeclaredAiEdited,
            Self::CredentialsInvalid => Code::CredentialsInvalid,
            Self::ThumbnailDiffers => Code::ThumbnailDiffers,
            Self::CameraContradicted { .. } => Code::CameraContradicted,
            Self::NoEvidence => Code::NoEvidence,
        }
    }
}
