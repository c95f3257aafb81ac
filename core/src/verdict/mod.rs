//! The verdict: what the signals of one photo amount to, and why.
//!
//! [`Policy::decide`] is pure and total. The thresholds stand in one versioned policy file, each
//! with what it costs: the share of honest photos it would flag. Four verdicts: `clear` (no
//! evidence was found, which is not proof), `inconclusive` (not sure), `suspect`, `fake`. The
//! strongest finding decides, unless an allow does; every finding is named.

mod error;
mod matches;
mod quarantine;
mod synthetic;

use serde::Deserialize;

pub use self::error::PolicyError;

use crate::detector::{NotApplicable, Synthetic};
use crate::matching::hashes::{Distance, HASH_BITS, PdqQuality};
use crate::provenance::{Finding, Kind, Says};
use crate::report::Signals;

/// What a photo is taken for. The order is that of severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Clear,
    Inconclusive,
    Suspect,
    Fake,
}

/// Stable codes of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonCode {
    /// The photo is a copy of a banked one.
    KnownPhoto,
    /// It is a copy of a banked one that nobody has confirmed.
    KnownPhotoUnsure,
    /// It is a copy of a banked one that is said not to belong in its bank.
    KnownPhotoDisputed,
    /// The photo is a copy of one that is never flagged.
    AllowedPhoto,
    /// A part of it is a copy of a part of one that is never flagged.
    AllowedPhotoPart,
    /// It is a copy of one that nobody has confirmed to be never flagged.
    AllowedPhotoUnsure,
    /// It is a copy of one of which it is disputed that it is never flagged.
    AllowedPhotoDisputed,
    /// Other accounts show the photo too.
    SeenOnOtherAccounts,
    /// The detector's score passes a threshold.
    SyntheticFace,
    /// The score lies where real and AI-made photos are hard to tell apart.
    SyntheticFaceUnsure,
    /// The detector does not apply: no face.
    NoFaceFound,
    /// The score passes a threshold, but some life of the photo would be `clear`.
    SyntheticFaceUnstable,
    /// The detector does not apply: the face has too few pixels.
    FaceTooSmall,
    /// The detector does not apply: the face is too blurred.
    FaceTooBlurred,
    /// The detector does not apply: a drawing, no photo.
    FaceDrawn,
    /// The detector failed.
    DetectorFailed,
    /// The photo has too little detail to be compared with banks.
    LowDetail,
    /// The file says that its picture was made by AI.
    DeclaredAiGenerated,
    /// The file says that AI made or changed a part of its picture.
    DeclaredAiEdited,
    /// The Content Credentials do not belong to this picture.
    CredentialsInvalid,
    /// The thumbnail in the file shows another picture.
    ThumbnailDiffers,
    /// The file names a camera, the picture looks made by AI.
    CameraContradicted,
    /// Nothing was found.
    NoEvidence,
}

/// One finding, with the number behind it and what its threshold costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    pub code: ReasonCode,
    /// For a person: plain words.
    pub message: String,
    pub value: Option<f64>,
    pub threshold: Option<f64>,
    /// What the threshold costs, as measured.
    pub cost: Option<Cost>,
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

impl ReasonCode {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KnownPhoto => "KNOWN_PHOTO",
            Self::KnownPhotoUnsure => "KNOWN_PHOTO_UNSURE",
            Self::KnownPhotoDisputed => "KNOWN_PHOTO_DISPUTED",
            Self::AllowedPhoto => "ALLOWED_PHOTO",
            Self::AllowedPhotoPart => "ALLOWED_PHOTO_PART",
            Self::AllowedPhotoUnsure => "ALLOWED_PHOTO_UNSURE",
            Self::AllowedPhotoDisputed => "ALLOWED_PHOTO_DISPUTED",
            Self::SeenOnOtherAccounts => "SEEN_ON_OTHER_ACCOUNTS",
            Self::SyntheticFace => "SYNTHETIC_FACE",
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
}

/// The thresholds, read from the policy file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    version: String,
    known_photo: KnownPhotoPolicy,
    seen: SeenPolicy,
    quarantine: QuarantinePolicy,
    synthetic_face: SyntheticFacePolicy,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownPhotoPolicy {
    /// A match by the PDQ hash alone.
    pdq_distance_max: u16,
    /// A match if the gradient hashes agree as well.
    pdq_distance_wide_max: u16,
    /// Of 64 bits of the gradient hashes, at most these many differ where they agree.
    gradient_distance_max: u16,
    pdq_quality_min: u8,
    /// Up to this distance one square over a keypoint is a match by itself.
    keypoint_alone_max: u16,
    /// Several are one if so many bits are left to the distance at which none would be met, summed.
    keypoint_closeness_min: u16,
    /// Share of pairs of different photos that lie within the distance, at most.
    false_match_rate: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenPolicy {
    /// From this number of other accounts on a photo is `suspect`.
    suspect_accounts: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuarantinePolicy {
    /// A banked photo that matches more different seen photos than this is quarantined.
    different_photos_max: u16,
    /// Photos of which no two hashes lie closer than this are different.
    distance_min: u16,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SyntheticFacePolicy {
    /// The model whose scores the thresholds were fitted on.
    model: String,
    unsure: ScoreThreshold,
    suspect: ScoreThreshold,
    /// Absent while too few honest photos were measured to state its rate.
    fake: Option<ScoreThreshold>,
}

/// From this score on; and the share of honest photos that reach it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreThreshold {
    score: f64,
    false_positive_rate: f64,
    /// 95 % bootstrap interval of the score.
    #[expect(dead_code, reason = "stated for readers of the file")]
    score_interval: Option<[f64; 2]>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`] when it is not valid, a number is out of range, or it was fitted for
    /// another model than `model`.
    pub fn load(text: &str, model: &str) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text)?;
        policy.check_ranges()?;
        if policy.synthetic_face.model != model {
            let expected = policy.synthetic_face.model;
            return Err(PolicyError::Model { expected, found: model.to_owned() });
        }
        Ok(policy)
    }

    fn check_ranges(&self) -> Result<(), PolicyError> {
        let KnownPhotoPolicy {
            pdq_distance_max,
            pdq_distance_wide_max,
            gradient_distance_max,
            pdq_quality_min,
            keypoint_alone_max,
            keypoint_closeness_min,
            false_match_rate,
        } = &self.known_photo;
        let SyntheticFacePolicy { unsure, suspect, fake, .. } = &self.synthetic_face;
        let last = fake.unwrap_or(*suspect);
        let check = |field, value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(PolicyError::Range { field, value, least, most })
        };
        let wide = f64::from(*pdq_distance_wide_max);
        check("known_photo.pdq_distance_max", (*pdq_distance_max).into(), 0.0, wide)?;
        check("known_photo.pdq_distance_wide_max", wide, 0.0, HASH_BITS.into())?;
        check("known_photo.gradient_distance_max", (*gradient_distance_max).into(), 0.0, 64.0)?;
        check("known_photo.pdq_quality_min", (*pdq_quality_min).into(), 0.0, 100.0)?;
        let sure = f64::from(*pdq_distance_max);
        check("known_photo.keypoint_alone_max", (*keypoint_alone_max).into(), 0.0, sure)?;
        let closeness_min = f64::from(*keypoint_closeness_min);
        check("known_photo.keypoint_closeness_min", closeness_min, 1.0, 12.0 * (sure + 1.0))?;
        check("known_photo.false_match_rate", *false_match_rate, f64::MIN_POSITIVE, 1.0)?;
        check("seen.suspect_accounts", self.seen.suspect_accounts.into(), 1.0, u32::MAX.into())?;
        let QuarantinePolicy { different_photos_max, distance_min } = self.quarantine;
        check("quarantine.different_photos_max", different_photos_max.into(), 1.0, 1e3)?;
        check("quarantine.distance_min", distance_min.into(), 1.0, HASH_BITS.into())?;
        check("synthetic_face.unsure.score", unsure.score, 0.0, suspect.score)?;
        check("synthetic_face.suspect.score", suspect.score, 0.0, last.score)?;
        check("synthetic_face.fake.score", last.score, 0.0, 1.0)?;
        for threshold in [unsure, suspect, &last] {
            let rate = threshold.false_positive_rate;
            check("synthetic_face.false_positive_rate", rate, f64::MIN_POSITIVE, 1.0)?;
        }
        Ok(())
    }

    /// Version of the policy, which stands in every report.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How far a copy may lie from a banked photo by its PDQ hash alone.
    #[must_use]
    pub fn sure_distance_max(&self) -> Distance {
        Distance(self.known_photo.pdq_distance_max)
    }

    /// How far it may lie if the gradient hashes agree.
    #[must_use]
    pub fn wide_distance_max(&self) -> Distance {
        Distance(self.known_photo.pdq_distance_wide_max)
    }

    /// In how many bits gradient hashes that agree may differ, of 64.
    #[must_use]
    pub fn gradient_distance_max(&self) -> Distance {
        Distance(self.known_photo.gradient_distance_max)
    }

    /// The least detail, 0 to 100, with which a hash is looked up.
    #[must_use]
    pub fn pdq_quality_min(&self) -> u8 {
        self.known_photo.pdq_quality_min
    }

    /// The distance up to which one square over a keypoint is a match by itself.
    #[must_use]
    pub fn keypoint_alone_max(&self) -> Distance {
        Distance(self.known_photo.keypoint_alone_max)
    }

    /// How closely several squares over keypoints must be met to be a match: the sum, over the
    /// squares, of the bits by which they lie nearer than the first distance that is not sure.
    #[must_use]
    pub fn keypoint_closeness_min(&self) -> u16 {
        self.known_photo.keypoint_closeness_min
    }

    /// Whether a hash holds enough detail to be compared with banks.
    #[must_use]
    pub fn is_comparable(&self, quality: PdqQuality) -> bool {
        self.known_photo.pdq_quality_min <= quality.value()
    }

    /// The score from which a photo is no longer `clear`.
    #[must_use]
    pub fn unsure_score(&self) -> f64 {
        self.synthetic_face.unsure.score
    }

    /// The score from which a photo is `suspect`.
    #[must_use]
    pub fn suspect_score(&self) -> f64 {
        self.synthetic_face.suspect.score
    }

    /// The verdict on one photo's signals, and every finding that led to it.
    #[must_use]
    pub fn decide(&self, signals: &Signals) -> (Verdict, Vec<Reason>) {
        let (decided, mut reasons) = self.matches_finding(&signals.matches);
        let findings = [
            self.seen_finding(signals.seen.as_ref()),
            self.low_detail_finding(signals),
            self.synthetic_finding(&signals.synthetic),
        ];
        let declared = declared_findings(&signals.provenance);
        let contradicted = self.camera_finding(signals);
        let mut verdict = decided.unwrap_or(Verdict::Clear);
        for (found, reason) in findings.into_iter().flatten().chain(declared).chain(contradicted) {
            verdict = verdict.max(found);
            reasons.push(reason);
        }
        // An allow decided: nothing else flags the photo.
        if decided == Some(Verdict::Clear) {
            verdict = Verdict::Clear;
        }
        if reasons.is_empty() {
            reasons.push(no_evidence());
        }
        (verdict, reasons)
    }

    fn low_detail_finding(&self, signals: &Signals) -> Option<(Verdict, Reason)> {
        if self.is_comparable(signals.pdq_quality) {
            return None;
        }
        let reason = Reason {
            code: ReasonCode::LowDetail,
            message: "the photo has too little detail to be compared with known photos".into(),
            value: Some(signals.pdq_quality.value().into()),
            threshold: Some(self.known_photo.pdq_quality_min.into()),
            cost: None,
        };
        Some((Verdict::Inconclusive, reason))
    }

    /// A camera that is named lowers nothing: everybody can write one into a file.
    fn camera_finding(&self, signals: &Signals) -> Option<(Verdict, Reason)> {
        let Synthetic::Evaluated(evaluated) = &signals.synthetic else { return None };
        let score = f64::from(evaluated.score.value());
        let camera = signals.provenance.iter().find(|finding| finding.says == Says::Camera)?;
        if score < self.suspect_score() {
            return None;
        }
        let message = format!("the file names a camera{}, the face looks AI-made", by(camera));
        Some((Verdict::Clear, plain(ReasonCode::CameraContradicted, message)))
    }
}

/// What marks of origin amount to: who declares a picture to be made by AI is believed. All else is
/// told and decides nothing.
fn declared_findings(provenance: &[Finding]) -> Vec<(Verdict, Reason)> {
    let first = |is_it: fn(&Finding) -> bool| provenance.iter().find(|finding| is_it(finding));
    let told = |code, message| Some((Verdict::Clear, plain(code, message)));
    let made = first(|it| it.says == Says::AiGenerated).map(|finding| {
        let message = format!("the file itself says that it was made by AI{}", by(finding));
        (Verdict::Fake, plain(ReasonCode::DeclaredAiGenerated, message))
    });
    let edited = first(|it| it.says == Says::AiEdited).and_then(|finding| {
        let message = format!("the file itself says that it was edited with AI{}", by(finding));
        told(ReasonCode::DeclaredAiEdited, message)
    });
    let invalid = first(|it| it.kind == Kind::C2pa && it.says == Says::Invalid).and_then(|_| {
        let message = "the content credentials in the file are not of this picture, or are broken";
        told(ReasonCode::CredentialsInvalid, message.into())
    });
    let thumbnail = first(|it| it.kind == Kind::Thumbnail).and_then(|_| {
        let message = "the preview inside the file shows another picture";
        told(ReasonCode::ThumbnailDiffers, message.into())
    });
    [made, edited, invalid, thumbnail].into_iter().flatten().collect()
}

/// Who says so, in brackets.
fn by(finding: &Finding) -> String {
    finding.by.as_ref().map(|name| format!(" ({name})")).unwrap_or_default()
}

fn no_evidence() -> Reason {
    let message = "no evidence of a fake was found, which is no proof that the photo is genuine";
    plain(ReasonCode::NoEvidence, message.into())
}

fn plain(code: ReasonCode, message: String) -> Reason {
    Reason { code, message, value: None, threshold: None, cost: None }
}

/// The policy that is bundled, for tests that count on its thresholds.
#[cfg(test)]
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "for tests")]
pub fn shipped_policy() -> Policy {
    let text = include_str!("../../../models/policy.toml");
    let model = text.split_once("model = \"").unwrap().1.split_once('"').unwrap().0;
    Policy::load(text, model).unwrap()
}
