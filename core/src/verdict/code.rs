//! The four verdicts, the stable codes of reasons, and the most that a policy may make of each.

use crate::signals::NotApplicable;

/// What a photo is taken for. The order is that of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Clear,
    Inconclusive,
    Suspect,
    Fake,
}

/// Names a reason without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    KnownPhoto,
    KnownPhotoUnsure,
    KnownPhotoPartAllowed,
    KnownPhotoDisputed,
    AllowedPhoto,
    AllowedPhotoPart,
    AllowedPhotoUnsure,
    AllowedPhotoDisputed,
    SeenOnOtherAccounts,
    SyntheticFace,
    SyntheticFaceStrong,
    SyntheticFaceUnsure,
    SyntheticFaceUnstable,
    NoFaceFound,
    FaceTooSmall,
    FaceTooBlurred,
    FaceDrawn,
    DetectorFailed,
    LowDetail,
    DeclaredAiGenerated,
    DeclaredAiEdited,
    CredentialsInvalid,
    ThumbnailDiffers,
    CameraContradicted,
    NoEvidence,
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

    /// The verdict of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 25] = [
        Self::KnownPhoto,
        Self::KnownPhotoUnsure,
        Self::KnownPhotoPartAllowed,
        Self::KnownPhotoDisputed,
        Self::AllowedPhoto,
        Self::AllowedPhotoPart,
        Self::AllowedPhotoUnsure,
        Self::AllowedPhotoDisputed,
        Self::SeenOnOtherAccounts,
        Self::SyntheticFace,
        Self::SyntheticFaceStrong,
        Self::SyntheticFaceUnsure,
        Self::SyntheticFaceUnstable,
        Self::NoFaceFound,
        Self::FaceTooSmall,
        Self::FaceTooBlurred,
        Self::FaceDrawn,
        Self::DetectorFailed,
        Self::LowDetail,
        Self::DeclaredAiGenerated,
        Self::DeclaredAiEdited,
        Self::CredentialsInvalid,
        Self::ThumbnailDiffers,
        Self::CameraContradicted,
        Self::NoEvidence,
    ];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KnownPhoto => "KNOWN_PHOTO",
            Self::KnownPhotoUnsure => "KNOWN_PHOTO_UNSURE",
            Self::KnownPhotoPartAllowed => "KNOWN_PHOTO_PART_ALLOWED",
            Self::KnownPhotoDisputed => "KNOWN_PHOTO_DISPUTED",
            Self::AllowedPhoto => "ALLOWED_PHOTO",
            Self::AllowedPhotoPart => "ALLOWED_PHOTO_PART",
            Self::AllowedPhotoUnsure => "ALLOWED_PHOTO_UNSURE",
            Self::AllowedPhotoDisputed => "ALLOWED_PHOTO_DISPUTED",
            Self::SeenOnOtherAccounts => "SEEN_ON_OTHER_ACCOUNTS",
            Self::SyntheticFace => "SYNTHETIC_FACE",
            Self::SyntheticFaceStrong => "SYNTHETIC_FACE_STRONG",
            Self::SyntheticFaceUnsure => "SYNTHETIC_FACE_UNSURE",
            Self::SyntheticFaceUnstable => "SYNTHETIC_FACE_UNSTABLE",
            Self::NoFaceFound => NotApplicable::NoFaceFound.code(),
            Self::FaceTooSmall => NotApplicable::FaceTooSmall.code(),
            Self::FaceTooBlurred => NotApplicable::FaceTooBlurred.code(),
            Self::FaceDrawn => NotApplicable::FaceDrawn.code(),
            Self::DetectorFailed => "DETECTOR_FAILED",
            Self::LowDetail => "LOW_DETAIL",
            Self::DeclaredAiGenerated => "DECLARED_AI_GENERATED",
            Self::DeclaredAiEdited => "DECLARED_AI_EDITED",
            Self::CredentialsInvalid => "CREDENTIALS_INVALID",
            Self::ThumbnailDiffers => "THUMBNAIL_DIFFERS",
            Self::CameraContradicted => "CAMERA_CONTRADICTED",
            Self::NoEvidence => "NO_EVIDENCE",
        }
    }

    /// The code of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// The most severe verdict that a policy may make of it; `None` for what no policy weighs,
    /// because it never counts against a photo. Only what a person has confirmed, what the file
    /// declares, or what hardly any real photo reaches may be `fake`: a wrong one hurts an honest
    /// person.
    #[must_use]
    pub fn weight_max(self) -> Option<Verdict> {
        match self {
            Self::KnownPhoto | Self::SyntheticFaceStrong | Self::DeclaredAiGenerated => {
                Some(Verdict::Fake)
            }
            Self::KnownPhotoUnsure
            | Self::KnownPhotoPartAllowed
            | Self::SeenOnOtherAccounts
            | Self::SyntheticFace
            | Self::SyntheticFaceUnsure
            | Self::SyntheticFaceUnstable
            | Self::NoFaceFound
            | Self::FaceTooSmall
            | Self::FaceTooBlurred
            | Self::FaceDrawn
            | Self::DetectorFailed
            | Self::LowDetail
            | Self::DeclaredAiEdited
            | Self::CredentialsInvalid
            | Self::ThumbnailDiffers
            | Self::CameraContradicted => Some(Verdict::Suspect),
            Self::KnownPhotoDisputed
            | Self::AllowedPhoto
            | Self::AllowedPhotoPart
            | Self::AllowedPhotoUnsure
            | Self::AllowedPhotoDisputed
            | Self::NoEvidence => None,
        }
    }
}
