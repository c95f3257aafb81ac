//! How reports are written as JSON: the same for the service and the command line.

pub mod answers;
pub mod checks;
pub mod events;
pub mod kept;
pub mod names;
pub mod quality;
pub mod statement;
pub mod versions;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::app::error::AppError;
use photocheck_core::faces::Face;
use photocheck_core::photo::Animation;
use photocheck_core::photo::PhotoError;
use photocheck_core::provenance::Mark;
use photocheck_core::region::Region;
use photocheck_core::report::Report;
use photocheck_core::signals::{
    Evaluated, FaceResult, HeatMap, KnownPhoto, Match, SeenElsewhere, Stability, Synthetic,
};
use photocheck_core::verdict::{Cost, Reason};

use crate::words;
use answers::AnswersJson;
use versions::VersionsJson;

/// The answer on one photo. Equal bytes and versions give an equal report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReportJson {
    pub photo: PhotoJson,
    #[schema(schema_with = names::verdict)]
    pub verdict: &'static str,
    pub answers: AnswersJson,
    /// Every reason; never empty.
    pub reasons: Vec<ReasonJson>,
    pub evidence: EvidenceJson,
    pub hashes: HashesJson,
    pub versions: VersionsJson,
}

/// On which other accounts a photo was seen.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SeenJson {
    /// The bank that keeps the sightings.
    #[schema(example = "SEEN")]
    pub bank: String,
    /// Other accounts than the one that the caller named.
    pub other_accounts: u32,
    /// When the first of them showed it, in seconds since 1970, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

/// What the file was.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoJson {
    /// SHA-256 of the bytes as they came, hexadecimal.
    pub sha256: String,
    #[schema(schema_with = names::photo_format)]
    pub format: &'static str,
    /// Pixels after EXIF orientation.
    pub width: u32,
    /// Pixels after EXIF orientation.
    pub height: u32,
    /// Only of an animation: its frames, and which one was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub animation: Option<AnimationJson>,
}

/// The frames of an animation. Judged is the one on show for longest in the first minute, of which
/// a viewer sees most.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct AnimationJson {
    /// How many frames the file has.
    pub frames: u32,
    /// The judged one, from 0.
    pub judged: u32,
}

/// One reason for the answers and the verdict.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReasonJson {
    #[schema(schema_with = names::reason)]
    pub code: &'static str,
    /// Plain words.
    pub message: String,
    /// The number found: a score, or a distance in bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The number it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Share of honest photos that pass this threshold, as measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub false_positive_rate: Option<f64>,
    /// Share of pairs of different photos that pass this threshold, at most, as measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub false_match_rate: Option<f64>,
    #[schema(schema_with = names::weight)]
    pub weight: &'static str,
}

/// What the verdict rests on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EvidenceJson {
    pub known_photo: KnownPhotoJson,
    /// Known and allowed photos this one is a copy of, nearest first.
    pub matches: Vec<MatchJson>,
    /// On which other accounts the photo was seen, where the caller named an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenJson>,
    pub synthetic: SyntheticJson,
    /// What the file says about its origin. That it says nothing proves nothing.
    pub provenance: Vec<ProvenanceJson>,
}

/// Whether the photo was compared with the known fakes of the banks.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum KnownPhotoJson {
    Compared {
        /// With so many of their hashes; a photo has several.
        hashes: usize,
    },
    NotCompared {
        /// `NO_BANKS` (no bank of known fakes holds a photo that is looked up) or `LOW_DETAIL`.
        #[schema(example = "NO_BANKS")]
        code: &'static str,
    },
}

/// A mark of origin in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProvenanceJson {
    #[schema(schema_with = names::mark_kind)]
    pub kind: &'static str,
    #[schema(schema_with = names::mark_claim)]
    pub claim: &'static str,
    /// The program, camera or signer, as it names itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<String>,
    /// Whether a signature by somebody on a trust list proves it.
    pub trusted: bool,
    /// What else the mark says.
    pub detail: BTreeMap<&'static str, String>,
}

/// A banked photo of which this one is a copy.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchJson {
    #[schema(example = "ROMANCE_SCAM")]
    pub bank: String,
    #[schema(schema_with = names::purpose)]
    pub purpose: &'static str,
    /// Whether the bank was taken over from somebody else.
    pub imported: bool,
    pub content_id: i64,
    #[schema(schema_with = names::opinion)]
    pub opinion: &'static str,
    /// The hash that matched: `pdq`.
    pub signal: &'static str,
    /// Differing bits of 256.
    pub distance: u16,
    /// Which view of the photo matched: `whole`, `trimmed`, `square`, `top`, `inner`,
    /// `inner_square`, `face_close`, `face_head`, `face_bust` or `keypoint`.
    #[schema(example = "face_head")]
    pub view: &'static str,
    /// Whether it matched mirrored.
    pub mirrored: bool,
    /// Which view of the banked photo matched.
    pub banked_view: &'static str,
    pub region: BoxJson,
}

/// A rectangle in fractions of the photo's width and height.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct BoxJson {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// What the synthetic-face detector says.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SyntheticJson {
    Evaluated {
        /// Of the most suspicious face, 0 to 1.
        score: f64,
        /// That face.
        face: BoxJson,
        /// All faces that were found, the largest first, three at most.
        faces: Vec<FaceJson>,
        /// Over small changes of the photo; only where the score is high enough to matter.
        #[serde(skip_serializing_if = "Option::is_none")]
        stability: Option<StabilityJson>,
        /// Which parts of the face speak for AI; only where the score is high enough to matter.
        #[serde(skip_serializing_if = "Option::is_none")]
        heat_map: Option<HeatMapJson>,
    },
    NotApplicable {
        /// Stable code.
        code: &'static str,
        /// All faces that were found, the largest first, three at most.
        faces: Vec<FaceJson>,
    },
    UnableToEvaluate {
        /// Stable code.
        code: &'static str,
    },
}

/// One face of the photo.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct FaceJson {
    #[serde(rename = "box")]
    pub area: BoxJson,
    /// `evaluated` with a score, or `not_applicable` with a code.
    #[schema(example = "evaluated")]
    pub state: &'static str,
    /// 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Stable code: why it has no score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
}

/// The scores of a photo as it is and after changes that leave it what it is: mirrored, made
/// smaller and saved again, cut a little. Where one of them alone would be `clear`, the verdict is
/// `inconclusive`.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct StabilityJson {
    /// How many were scored, the photo as it is among them.
    pub variants: u8,
    pub lowest: f64,
    pub highest: f64,
}

/// How much each part of the face adds to the score.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HeatMapJson {
    /// Where the grid lies.
    pub region: BoxJson,
    /// Rows from the top, cells from the left, in log-odds: above 0 speaks for AI.
    pub rows: Vec<Vec<f64>>,
}

/// What the photo is compared by.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HashesJson {
    /// PDQ, 64 hexadecimal digits.
    pub pdq: String,
    /// Detail the PDQ hash rests on, 0 to 100.
    pub pdq_quality: u8,
    /// Gradient hash, 64 hexadecimal digits.
    pub gradient: String,
}

/// A refused photo, in a line of the command line.
#[derive(Debug, Clone, Serialize)]
pub struct RefusalJson {
    pub code: &'static str,
    pub message: String,
}

impl From<&Report> for ReportJson {
    fn from(report: &Report) -> Self {
        let Report { photo, verdict, answers, reasons, signals, hashes, versions } = report;
        Self {
            photo: PhotoJson {
                sha256: hex::encode(photo.digest.0),
                format: photo.format.name(),
                width: photo.width,
                height: photo.height,
                animation: photo.animation.map(AnimationJson::from),
            },
            verdict: verdict.name(),
            answers: answers.into(),
            reasons: reasons.iter().map(ReasonJson::from).collect(),
            evidence: EvidenceJson {
                known_photo: KnownPhotoJson::from(signals.known_photo),
                matches: signals.matches.iter().map(MatchJson::from).collect(),
                seen: signals.seen.as_ref().map(SeenJson::from),
                synthetic: SyntheticJson::from(&signals.synthetic),
                provenance: signals.provenance.iter().map(ProvenanceJson::from).collect(),
            },
            hashes: HashesJson {
                pdq: hashes.pdq.to_hex(),
                pdq_quality: hashes.pdq_quality.value(),
                gradient: hashes.gradient.to_hex(),
            },
            versions: versions.into(),
        }
    }
}

impl From<KnownPhoto> for KnownPhotoJson {
    fn from(known: KnownPhoto) -> Self {
        match known {
            KnownPhoto::Compared { hashes } => Self::Compared { hashes },
            KnownPhoto::NotCompared(why) => Self::NotCompared { code: why.code() },
        }
    }
}

impl From<Animation> for AnimationJson {
    fn from(animation: Animation) -> Self {
        let Animation { frames, judged } = animation;
        Self { frames, judged }
    }
}

impl From<&Reason> for ReasonJson {
    fn from(reason: &Reason) -> Self {
        let (false_positive_rate, false_match_rate) = match reason.cost {
            Some(Cost::FalsePositiveRate(rate)) => (Some(rate), None),
            Some(Cost::FalseMatchRate(rate)) => (None, Some(rate)),
            None => (None, None),
        };
        Self {
            code: reason.code().name(),
            message: words::sentence(reason),
            value: reason.value.map(rounded),
            threshold: reason.threshold.map(rounded),
            false_positive_rate,
            false_match_rate,
            weight: reason.weight.name(),
        }
    }
}

impl From<&SeenElsewhere> for SeenJson {
    fn from(seen: &SeenElsewhere) -> Self {
        let SeenElsewhere { bank, other_accounts, since_s } = seen;
        Self { bank: bank.clone(), other_accounts: *other_accounts, since: *since_s }
    }
}

impl From<&Match> for MatchJson {
    fn from(found: &Match) -> Self {
        Self {
            bank: found.bank.name.clone(),
            purpose: found.bank.purpose.name(),
            imported: found.bank.imported,
            content_id: found.content.0,
            opinion: found.opinion.name(),
            signal: "pdq",
            distance: found.distance.0,
            view: found.view.name(),
            mirrored: found.mirrored,
            banked_view: found.banked_view.name(),
            region: found.region.into(),
        }
    }
}

impl From<&Mark> for ProvenanceJson {
    fn from(mark: &Mark) -> Self {
        Self {
            kind: mark.kind.name(),
            claim: mark.claim.name(),
            claimed_by: mark.claimed_by.clone(),
            trusted: mark.trusted,
            detail: mark.detail.iter().cloned().collect(),
        }
    }
}

impl From<&Face> for BoxJson {
    fn from(face: &Face) -> Self {
        face.region().into()
    }
}

impl From<Region> for BoxJson {
    fn from(Region { x, y, width, height }: Region) -> Self {
        let [x, y, width, height] = [x, y, width, height].map(|side| rounded(side.into()));
        Self { x, y, width, height }
    }
}

impl From<&Synthetic> for SyntheticJson {
    fn from(synthetic: &Synthetic) -> Self {
        match synthetic {
            Synthetic::Evaluated(Evaluated { score, face, faces, stability, heat_map }) => {
                Self::Evaluated {
                    score: rounded(score.value().into()),
                    face: face.into(),
                    faces: faces.iter().map(FaceJson::from).collect(),
                    stability: stability.as_ref().map(StabilityJson::from),
                    heat_map: heat_map.as_ref().map(HeatMapJson::from),
                }
            }
            Synthetic::NotApplicable { code, faces } => {
                let faces = faces.iter().map(FaceJson::from).collect();
                Self::NotApplicable { code: code.code(), faces }
            }
            Synthetic::UnableToEvaluate { code } => Self::UnableToEvaluate { code: code.code() },
        }
    }
}

impl From<&FaceResult> for FaceJson {
    fn from(result: &FaceResult) -> Self {
        let (state, score, code) = match result.answer {
            Ok(score) => ("evaluated", Some(rounded(score.value().into())), None),
            Err(code) => ("not_applicable", None, Some(code.code())),
        };
        Self { area: BoxJson::from(&result.face), state, score, code }
    }
}

impl From<&Stability> for StabilityJson {
    fn from(stability: &Stability) -> Self {
        let Stability { variants, lowest, highest } = stability;
        let (lowest, highest) = (rounded(lowest.value().into()), rounded(highest.value().into()));
        Self { variants: *variants, lowest, highest }
    }
}

impl From<&HeatMap> for HeatMapJson {
    fn from(map: &HeatMap) -> Self {
        /// Digits of a cell: more would say nothing.
        const PRECISION: f64 = 1e3;
        let cell = |cell: &f32| (f64::from(*cell) * PRECISION).round() / PRECISION;
        let rows = map.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
        Self { region: map.region.into(), rows }
    }
}

impl RefusalJson {
    /// Something failed here.
    #[must_use]
    pub fn ours(code: &'static str) -> Self {
        Self { code, message: "something failed here; the photo was not at fault".into() }
    }

    /// Of a file that could not be read at all.
    #[must_use]
    pub fn unreadable(error: &std::io::Error) -> Self {
        Self { code: "FILE_UNREADABLE", message: format!("the file cannot be read: {error}") }
    }
}

impl From<AppError> for RefusalJson {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Refused(refusal) => {
                Self { code: refusal.code(), message: refusal.to_string() }
            }
            AppError::Failed(failure) => Self::ours(failure.code()),
        }
    }
}

impl From<&PhotoError> for RefusalJson {
    fn from(error: &PhotoError) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

/// Rounds a score, which is f32 inside: widened to f64 it would show digits that nobody measured.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
