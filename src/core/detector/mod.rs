//! The synthetic-face detector: how likely a photo was made by a generator.
//!
//! The model looks at one or more square cuts of the photo (its face, the whole), gives a logit for
//! each, and a calibrated weighted sum of them becomes the score: of photos that score 0.9, nine in
//! ten were AI-made among photos like those it was fitted on. Where no face is found it does not
//! guess: it was neither trained nor measured on such photos. Everything it needs to know of a
//! model stands in the `model.toml` beside it.

mod colours;
mod description;
mod heat_map;
mod lives;
mod sharpness;

use image::RgbImage;

use self::description::{Description, LookKind};
pub use self::heat_map::HeatMap;
use crate::core::errors::ModelError;
use crate::core::faces::Face;
use crate::core::onnx::Net;
use crate::core::resize::{cut, resize};

/// A calibrated probability that the photo is AI-made, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(f32);

/// What the detector says of a photo.
#[derive(Debug, Clone, PartialEq)]
pub enum Synthetic {
    /// It scored the photo by this face.
    Evaluated(Evaluated),
    /// The photo is not of the kind it judges.
    NotApplicable { code: NotApplicable },
    /// It failed on this photo, through no fault of the photo.
    UnableToEvaluate { code: UnableToEvaluate },
}

/// A score and what stands behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    pub score: Score,
    /// The face that was scored.
    pub face: Face,
    /// How the score holds over small changes of the photo; only of a score that is doubted.
    pub stability: Option<Stability>,
    /// Which parts of the face speak for AI; only of a score that is doubted, and of models that
    /// tell.
    pub heat_map: Option<HeatMap>,
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
    /// The largest face has fewer pixels than the model was measured on.
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

    /// The score that this share of held-out real photos reached, if the model states it.
    #[must_use]
    pub fn score_at_rate(&self, fpr: f64) -> Option<f64> {
        let close = |stated: f64| (stated - fpr).abs() < 1e-9;
        self.description.threshold.iter().find(|it| close(it.fpr)).map(|it| it.score)
    }

    /// Scores a photo by its foremost face. A score of `doubt_from` or more is doubted: it is
    /// scored in further lives, and comes with a heat map.
    #[must_use]
    pub fn score(&self, pixels: &RgbImage, face: Option<&Face>, doubt_from: f64) -> Synthetic {
        let Some(face) = face else {
            return Synthetic::NotApplicable { code: NotApplicable::NoFaceFound };
        };
        let needs = &self.description.face;
        if face.side_in(pixels.width(), pixels.height()) < needs.side_min {
            return Synthetic::NotApplicable { code: NotApplicable::FaceTooSmall };
        }
        let evaluated = self.evaluate(pixels, face, doubt_from);
        evaluated.unwrap_or_else(|code| Synthetic::UnableToEvaluate { code })
    }

    fn evaluate(
        &self,
        pixels: &RgbImage,
        face: &Face,
        doubt_from: f64,
    ) -> Result<Synthetic, UnableToEvaluate> {
        let Seen { score, refused, heat_map } = self.looked(pixels, face)?;
        if let Some(code) = refused {
            return Ok(Synthetic::NotApplicable { code });
        }
        let mut evaluated = Evaluated { score, face: *face, stability: None, heat_map: None };
        if doubt_from <= f64::from(score.value()) {
            evaluated.stability = Some(self.stability(pixels, face, score)?);
            evaluated.heat_map = heat_map;
        }
        Ok(Synthetic::Evaluated(evaluated))
    }

    fn stability(
        &self,
        pixels: &RgbImage,
        face: &Face,
        score: Score,
    ) -> Result<Stability, UnableToEvaluate> {
        let mut stability = Stability { lives: 1, lowest: score, highest: score };
        for (pixels, face) in lives::of(pixels, face) {
            let Seen { score, .. } = self.looked(&pixels, &face)?;
            stability.lives += 1;
            if score < stability.lowest {
                stability.lowest = score;
            }
            if stability.highest < score {
                stability.highest = score;
            }
        }
        Ok(stability)
    }

    /// All looks at one photo, put together.
    fn looked(&self, pixels: &RgbImage, face: &Face) -> Result<Seen, UnableToEvaluate> {
        let mut logit = self.description.calibration.bias;
        let (mut refused, mut heat_map) = (None, None);
        for look in &self.description.look {
            let area = look.area(pixels.width(), pixels.height(), face);
            let side = self.net.side();
            let mut piece = cut(pixels, area);
            if self.description.halve_colours {
                piece = colours::halved(piece);
            }
            let cut = resize(&piece, side, side);
            let outputs = self.net.run(&cut).map_err(|_| UnableToEvaluate::ModelFailed)?;
            let column = |head: usize| {
                let logits = outputs.first().and_then(|logits| logits.get([0, head]));
                logits.copied().ok_or(UnableToEvaluate::ModelFailed)
            };
            logit += look.weight * column(look.head)?;
            if look.kind == LookKind::Face {
                let drawn = match self.description.drawn {
                    Some(drawn) => drawn.logit <= column(drawn.head)?,
                    None => false,
                };
                if drawn {
                    refused = Some(NotApplicable::FaceDrawn);
                } else if sharpness::of(&cut) < self.description.face.sharpness_min {
                    refused = Some(NotApplicable::FaceTooBlurred);
                }
                let photo = (pixels.width(), pixels.height());
                heat_map = outputs.get(1).and_then(|maps| HeatMap::read(maps, look, area, photo));
            }
        }
        let score = Score::new(1.0 / (1.0 + (-logit).exp()));
        let score = score.ok_or(UnableToEvaluate::ScoreNotFinite)?;
        Ok(Seen { score, refused, heat_map })
    }
}

/// What one pass over a photo's looks gave.
struct Seen {
    score: Score,
    /// Why the score means nothing, if it does.
    refused: Option<NotApplicable>,
    heat_map: Option<HeatMap>,
}
