//! The synthetic-face detector: how likely a photo was made by a generator.
//!
//! The model looks at one or more square cuts of the photo (a face, the whole), gives a logit for
//! each, and a calibrated weighted sum of them becomes the score: of photos that score 0.9, nine in
//! ten were AI-made among photos like those it was fitted on. Every face is scored, and the photo's
//! score is the highest: one AI-made face is enough. Where no face is found it does not guess: it
//! was neither trained nor measured on such photos. Everything it needs to know of a model stands
//! in the `model.toml` beside it.

mod colours;
mod description;
mod heat_map;
mod lives;
mod sharpness;

use image::RgbImage;
use ndarray::ArrayD;

use self::description::{Description, LookKind};
pub use self::heat_map::HeatMap;
use crate::core::errors::ModelError;
use crate::core::faces::Face;
use crate::core::onnx::Net;
use crate::core::resize::{PixelBox, cut, resize};

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

    /// Scores every face of a photo; `faces` come the largest and surest first. Where the highest
    /// score is `recheck_from` or more, that face is scored again after small changes of the photo,
    /// and comes with a heat map. The cost is bounded by the faces, of which a
    /// [`FaceFinder`](crate::core::faces::FaceFinder) finds three at most: one pass for the whole
    /// photo, one a face, and those of the changed photos for one face alone.
    #[must_use]
    pub fn score(&self, pixels: &RgbImage, faces: &[Face], recheck_from: f64) -> Synthetic {
        let judged = self.judge(pixels, faces, recheck_from);
        judged.unwrap_or_else(|code| Synthetic::UnableToEvaluate { code })
    }

    fn judge(
        &self,
        pixels: &RgbImage,
        faces: &[Face],
        recheck_from: f64,
    ) -> Result<Synthetic, UnableToEvaluate> {
        let Some(foremost) = faces.first() else {
            return Ok(Synthetic::not_applicable(NotApplicable::NoFaceFound, Vec::new()));
        };
        let whole = self.whole_logit(pixels, foremost)?;
        let scored = faces.iter().map(|face| self.face_pass(pixels, face, whole));
        let scored: Vec<FacePass> = scored.collect::<Result<_, _>>()?;
        let faces: Vec<FaceResult> = scored.iter().map(|pass| pass.result).collect();
        let worst = scored.into_iter().filter(|pass| pass.result.answer.is_ok());
        let worst = worst.reduce(|a, b| if a.score < b.score { b } else { a });
        let foremost_code = faces.first().and_then(|first| first.answer.err());
        let Some(FacePass { result, score, heat_map }) = worst else {
            let code = foremost_code.unwrap_or(NotApplicable::NoFaceFound);
            return Ok(Synthetic::not_applicable(code, faces));
        };
        let is_suspicious = recheck_from <= f64::from(score.value());
        match foremost_code {
            // That a smaller face seems real says nothing about the foremost.
            Some(code) if !is_suspicious => return Ok(Synthetic::not_applicable(code, faces)),
            _ => {}
        }
        let face = result.face;
        let mut evaluated = Evaluated { score, face, faces, stability: None, heat_map: None };
        if is_suspicious {
            evaluated.stability = Some(self.stability(pixels, &face, score)?);
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
            let whole = self.whole_logit(&pixels, &face)?;
            let FacePass { score, .. } = self.face_pass(&pixels, &face, whole)?;
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

    /// What the cuts of the whole photo add to every face's logit, the calibration included.
    fn whole_logit(&self, pixels: &RgbImage, face: &Face) -> Result<f32, UnableToEvaluate> {
        let mut logit = self.description.calibration.bias;
        for look in self.description.look.iter().filter(|look| look.kind == LookKind::Whole) {
            let outputs = self.run(&self.cut(pixels, look.area_of(pixels, face)))?;
            logit += look.weight * column(&outputs, look.head)?;
        }
        Ok(logit)
    }

    /// One face, scored on top of what the whole photo says.
    fn face_pass(
        &self,
        pixels: &RgbImage,
        face: &Face,
        whole: f32,
    ) -> Result<FacePass, UnableToEvaluate> {
        let needs = &self.description.face;
        let is_small = face.side_in(pixels.width(), pixels.height()) < needs.side_min;
        let mut refused = is_small.then_some(NotApplicable::FaceTooSmall);
        let (mut logit, mut heat_map) = (whole, None);
        for look in self.description.look.iter().filter(|look| look.kind == LookKind::Face) {
            let area = look.area_of(pixels, face);
            let piece = self.cut(pixels, area);
            let outputs = self.run(&piece)?;
            logit += look.weight * column(&outputs, look.head)?;
            let drawn = match self.description.drawn {
                Some(drawn) => drawn.logit <= column(&outputs, drawn.head)?,
                None => false,
            };
            if drawn {
                refused = refused.or(Some(NotApplicable::FaceDrawn));
            } else if sharpness::of(&piece) < needs.sharpness_min {
                refused = refused.or(Some(NotApplicable::FaceTooBlurred));
            }
            let maps = outputs.get(1);
            heat_map = maps.and_then(|maps| HeatMap::read(maps, look, area, pixels.dimensions()));
        }
        let score = Score::new(1.0 / (1.0 + (-logit).exp()));
        let score = score.ok_or(UnableToEvaluate::ScoreNotFinite)?;
        let answer = refused.map_or(Ok(score), Err);
        Ok(FacePass { result: FaceResult { face: *face, answer }, score, heat_map })
    }

    /// A square of the photo as the model sees it.
    fn cut(&self, pixels: &RgbImage, area: PixelBox) -> RgbImage {
        let mut piece = cut(pixels, area);
        if self.description.halve_colours {
            piece = colours::halved(piece);
        }
        let side = self.net.side();
        resize(&piece, side, side)
    }

    fn run(&self, piece: &RgbImage) -> Result<Vec<ArrayD<f32>>, UnableToEvaluate> {
        self.net.run(piece).map_err(|_| UnableToEvaluate::ModelFailed)
    }
}

impl Synthetic {
    fn not_applicable(code: NotApplicable, faces: Vec<FaceResult>) -> Self {
        Self::NotApplicable { code, faces }
    }
}

/// One logit of the model's first output, `[1, heads]`.
fn column(outputs: &[ArrayD<f32>], head: usize) -> Result<f32, UnableToEvaluate> {
    let logits = outputs.first().and_then(|logits| logits.get([0, head]));
    logits.copied().ok_or(UnableToEvaluate::ModelFailed)
}

/// What one pass over a face found.
struct FacePass {
    result: FaceResult,
    /// Also of a face that is not judged, whose score means nothing.
    score: Score,
    heat_map: Option<HeatMap>,
}
