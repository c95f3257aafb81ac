//! A loaded detector and how it scores a photo.

use image::RgbImage;
use ndarray::ArrayD;

use super::alignment::Alignment;
use super::description::{AlignedHead, CropKind, Description, Exit};
use super::trunk::{Begun, Blocks, Trunk};
use super::{colours, description, heat_map, perturbations, sharpness};
use crate::faces::Face;
use crate::net::{Graph, ModelError, Part, Values};
use crate::photo::resize::{PixelBox, cut, resize};
use crate::signals::{
    Evaluated, FaceResult, HeatMap, NotApplicable, Score, Stability, Synthetic, UnableToEvaluate,
};

/// The files of a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelFiles<'a> {
    /// The trunk's ONNX file and `trunk.toml`.
    pub trunk: (&'a [u8], &'a str),
    /// What turns the trunk's tokens into logits.
    pub heads: &'a [u8],
    /// Recognises early that a photo is plainly real; only of models that name it.
    pub exit: Option<&'a [u8]>,
    /// `model.toml`.
    pub description: &'a str,
}

/// The scores of the policy from which on more is done about a photo.
#[derive(Debug, Clone, Copy)]
pub struct ScoreLevels {
    /// It comes with a heat map.
    pub unsure: f64,
    /// It is scored again after small perturbations, until one brings it below `unsure`.
    pub suspect: f64,
}

impl ScoreLevels {
    /// For whoever wants the score alone.
    pub const NONE: Self = Self { unsure: f64::INFINITY, suspect: f64::INFINITY };
}

/// The name of the trunk that a `model.toml` asks for: of the folder beside it.
///
/// # Errors
/// [`ModelError`] when the description is not valid, or the name could lead elsewhere.
pub fn trunk_name(description: &str) -> Result<String, ModelError> {
    let Description { trunk, .. } = toml::from_str(description)?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if trunk.is_empty() || !trunk.chars().all(is_plain) {
        return Err(ModelError::Unusable(format!("its trunk is named {trunk:?}")));
    }
    Ok(trunk)
}

/// A loaded detector. Shared between threads.
#[derive(Debug)]
pub struct Detector {
    trunk: Trunk,
    heads: Part,
    exit: Option<(Part, Exit)>,
    description: Description,
}

impl Detector {
    /// Loads a model.
    ///
    /// # Errors
    /// [`ModelError`] when a description is not valid or a file is not the one that it names.
    pub fn load(files: ModelFiles) -> Result<Self, ModelError> {
        let description: Description = toml::from_str(files.description)?;
        if description.crops.is_empty() {
            return Err(ModelError::Unusable("it names no crop".into()));
        }
        let exit = description.exit.as_ref();
        let blocks = Blocks { taps: &description.taps, exit: exit.map(|exit| exit.block.as_str()) };
        let (trunk, trunk_description) = files.trunk;
        let trunk = Trunk::load(trunk, trunk_description, blocks)?;
        let tokens = trunk.tokens();
        let taps: Vec<(&str, &[usize])> =
            description.taps.iter().map(|tap| (tap.as_str(), tokens.as_slice())).collect();
        let heads =
            Graph::read(files.heads, &description.sha256)?.part(&taps, &["logits", "heat"])?;
        let exit = match exit {
            None => None,
            Some(exit) => {
                let missing = || ModelError::Unusable("it names an exit without a file".into());
                let graph = Graph::read(files.exit.ok_or_else(missing)?, &exit.sha256)?;
                let part = graph.part(&[(exit.block.as_str(), tokens.as_slice())], &["logit"])?;
                Some((part, exit.clone()))
            }
        };
        Ok(Self { trunk, heads, exit, description })
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

    /// The logits of all heads on a square of exactly the trunk's side.
    ///
    /// # Errors
    /// [`ModelError`] when tract fails.
    pub fn logits(&self, square: &RgbImage) -> Result<Vec<f32>, ModelError> {
        let taps = self.trunk.finish(self.trunk.begin(square)?)?;
        let outputs = self.heads.run(&taps)?;
        let logits = outputs.first().map(Values::to_array).transpose()?;
        Ok(logits.into_iter().flatten().collect())
    }

    /// Scores every face of a photo; `faces` come the largest and surest first. Where the highest
    /// score is `unsure` or more, the face comes with a heat map; from `suspect` on it is scored
    /// again. The cost is bounded by the faces, of which a
    /// [`FaceFinder`](crate::faces::FaceFinder) finds three at most: one pass for the whole photo
    /// and one for the foremost face, two for each other face, and those of the perturbed photos
    /// for one face alone.
    #[must_use]
    pub fn score(&self, pixels: &RgbImage, faces: &[Face], levels: ScoreLevels) -> Synthetic {
        let judged = self.judge(pixels, faces, levels);
        judged.unwrap_or_else(|code| Synthetic::UnableToEvaluate { code })
    }

    fn judge(
        &self,
        pixels: &RgbImage,
        faces: &[Face],
        levels: ScoreLevels,
    ) -> Result<Synthetic, UnableToEvaluate> {
        let Some(foremost) = faces.first() else {
            return Ok(not_applicable(NotApplicable::NoFaceFound, Vec::new()));
        };
        let aligned = self.aligned_head(pixels, foremost);
        let whole = match self.whole_pass(pixels, foremost, aligned, faces.len() == 1)? {
            WholePass::Scored(logits) => logits,
            WholePass::PlainlyReal(score) => return Ok(self.plainly_real(pixels, foremost, score)),
        };
        let scored = faces.iter().enumerate().map(|(number, face)| {
            // The whole photo says most about its foremost face: any other is seen in its own
            // surroundings, as if the photo had been cut around it.
            let around = if number == 0 { whole } else { self.surroundings_logit(pixels, face)? };
            self.face_pass(pixels, face, around)
        });
        let scored: Vec<FacePass> = scored.collect::<Result<_, _>>()?;
        let faces: Vec<FaceResult> = scored.iter().map(|pass| pass.result).collect();
        let worst = scored.into_iter().filter(|pass| pass.result.answer.is_ok());
        let worst = worst.reduce(|a, b| if a.score < b.score { b } else { a });
        let foremost_code = faces.first().and_then(|first| first.answer.err());
        let Some(FacePass { result, score, heat_map }) = worst else {
            let code = foremost_code.unwrap_or(NotApplicable::NoFaceFound);
            return Ok(not_applicable(code, faces));
        };
        let is_unsure = levels.unsure <= f64::from(score.value());
        match foremost_code {
            // That a smaller face seems real says nothing about the foremost.
            Some(code) if !is_unsure => return Ok(not_applicable(code, faces)),
            _ => {}
        }
        let face = result.face;
        let mut evaluated = Evaluated { score, face, faces, stability: None, heat_map: None };
        if is_unsure {
            evaluated.heat_map = heat_map;
        }
        if levels.suspect <= f64::from(score.value()) {
            let around = if face == *foremost { Around::Photo { aligned } } else { Around::Face };
            let settled_below = levels.unsure;
            let stability = self.stability(pixels, &evaluated, around, settled_below)?;
            evaluated.stability = Some(stability);
        }
        Ok(Synthetic::Evaluated(evaluated))
    }

    /// Scores variants of the photo until one falls below `settled_below`, which none that follows
    /// can take back.
    fn stability(
        &self,
        pixels: &RgbImage,
        evaluated: &Evaluated,
        around: Around,
        settled_below: f64,
    ) -> Result<Stability, UnableToEvaluate> {
        let Evaluated { score, face, .. } = evaluated;
        let mut stability = Stability { variants: 1, lowest: *score, highest: *score };
        for (pixels, face) in perturbations::perturb(pixels, face) {
            let around = match around {
                Around::Photo { aligned } => self.whole_pass(&pixels, &face, aligned, true)?,
                Around::Face => WholePass::Scored(self.surroundings_logit(&pixels, &face)?),
            };
            let score = match around {
                WholePass::PlainlyReal(score) => score,
                WholePass::Scored(around) => self.face_pass(&pixels, &face, around)?.score,
            };
            stability.variants += 1;
            if score < stability.lowest {
                stability.lowest = score;
            }
            if stability.highest < score {
                stability.highest = score;
            }
            if f64::from(score.value()) < settled_below {
                break;
            }
        }
        Ok(stability)
    }

    /// The head for faces that sit as FFHQ's do, where this one does.
    fn aligned_head(&self, pixels: &RgbImage, face: &Face) -> Option<AlignedHead> {
        let alignment = Alignment::measure(face, pixels.width(), pixels.height());
        self.description.aligned.filter(|head| alignment.is_within(&head.limits))
    }

    /// What the crops of the whole photo add to every face's logit, with the calibration; or that
    /// they are enough, where the photo `may_leave` early. With the head for `aligned` faces none
    /// leaves: the ways out know nothing of it.
    fn whole_pass(
        &self,
        pixels: &RgbImage,
        face: &Face,
        aligned: Option<AlignedHead>,
        may_leave: bool,
    ) -> Result<WholePass, UnableToEvaluate> {
        let may_leave = may_leave && aligned.is_none();
        let mut logits = WholeLogits { sum: self.description.calibration.bias, aligned: None };
        for crop in self.description.crops.iter().filter(|crop| crop.kind == CropKind::Whole) {
            let begun = self.begin(&self.crop(pixels, crop.area(pixels, face)))?;
            if may_leave && let Some(score) = self.early_score(&begun)? {
                return Ok(WholePass::PlainlyReal(score));
            }
            let outputs = self.finish(begun)?;
            let found = column(&outputs, crop.head)?;
            if let Some(AlignedHead { head, weight, bias, .. }) = aligned {
                logits.aligned = Some(bias + weight * column(&outputs, head)?);
            }
            let alone = self.description.whole_alone.filter(|_| may_leave);
            if let Some(calibrated) = alone.and_then(|alone| alone.calibrated(found)) {
                return score_from_logit(calibrated).map(WholePass::PlainlyReal);
            }
            logits.sum += crop.weight * found;
        }
        Ok(WholePass::Scored(logits))
    }

    /// What the square around a face adds to its logit instead of the whole photo, the calibration
    /// included.
    fn surroundings_logit(
        &self,
        pixels: &RgbImage,
        face: &Face,
    ) -> Result<WholeLogits, UnableToEvaluate> {
        let mut sum = self.description.calibration.bias;
        for crop in self.description.crops.iter().filter(|crop| crop.kind == CropKind::Whole) {
            let piece = self.crop(pixels, description::surroundings(pixels, face));
            let outputs = self.finish(self.begin(&piece)?)?;
            sum += crop.weight * column(&outputs, crop.head)?;
        }
        Ok(WholeLogits { sum, aligned: None })
    }

    /// The score of a photo that the exit finds plainly real.
    fn early_score(&self, begun: &Begun) -> Result<Option<Score>, UnableToEvaluate> {
        let Some((part, exit)) = &self.exit else { return Ok(None) };
        let logits = part.run(std::slice::from_ref(&begun.tokens)).map_err(failed)?;
        let logits = logits.iter().map(Values::to_array).collect::<Result<Vec<_>, _>>();
        let logit = column(&logits.map_err(failed)?, 0)?;
        exit.leave.calibrated(logit).map(score_from_logit).transpose()
    }

    /// The answer on a photo that left early, by its one face.
    fn plainly_real(&self, pixels: &RgbImage, face: &Face, score: Score) -> Synthetic {
        let needs = &self.description.face;
        let crop = self.description.crops.iter().find(|crop| crop.kind == CropKind::Face);
        let is_blurred = crop.is_some_and(|crop| {
            sharpness::measure(&self.crop(pixels, crop.area(pixels, face))) < needs.sharpness_min
        });
        let refused = if face.side_in(pixels.width(), pixels.height()) < needs.side_min {
            Some(NotApplicable::FaceTooSmall)
        } else {
            is_blurred.then_some(NotApplicable::FaceTooBlurred)
        };
        let faces = vec![FaceResult { face: *face, answer: refused.map_or(Ok(score), Err) }];
        if let Some(code) = refused {
            return not_applicable(code, faces);
        }
        let face = *face;
        Synthetic::Evaluated(Evaluated { score, face, faces, stability: None, heat_map: None })
    }

    /// One face, scored on top of what the whole photo says.
    fn face_pass(
        &self,
        pixels: &RgbImage,
        face: &Face,
        whole: WholeLogits,
    ) -> Result<FacePass, UnableToEvaluate> {
        let needs = &self.description.face;
        let is_small = face.side_in(pixels.width(), pixels.height()) < needs.side_min;
        let mut refused = is_small.then_some(NotApplicable::FaceTooSmall);
        let (mut logit, mut heat_map) = (whole.sum, None);
        for crop in self.description.crops.iter().filter(|crop| crop.kind == CropKind::Face) {
            let area = crop.area(pixels, face);
            let piece = self.crop(pixels, area);
            let outputs = self.finish(self.begin(&piece)?)?;
            logit += crop.weight * column(&outputs, crop.head)?;
            let drawn = match self.description.drawn {
                Some(drawn) => drawn.logit <= column(&outputs, drawn.head)?,
                None => false,
            };
            if drawn {
                refused = refused.or(Some(NotApplicable::FaceDrawn));
            } else if sharpness::measure(&piece) < needs.sharpness_min {
                refused = refused.or(Some(NotApplicable::FaceTooBlurred));
            }
            let maps = outputs.get(1);
            heat_map = maps.and_then(|maps| heat_map::read(maps, crop, area, pixels.dimensions()));
        }
        let logit = match whole.aligned {
            // The greater of two would hide one that is no number.
            Some(aligned) if logit.is_nan() || aligned.is_nan() => f32::NAN,
            Some(aligned) => logit.max(aligned),
            None => logit,
        };
        let score = score_from_logit(logit)?;
        let answer = refused.map_or(Ok(score), Err);
        Ok(FacePass { result: FaceResult { face: *face, answer }, score, heat_map })
    }

    /// A crop as the model takes it in.
    fn crop(&self, pixels: &RgbImage, area: PixelBox) -> RgbImage {
        let mut piece = cut(pixels, area);
        if self.description.halve_colours {
            piece = colours::halved(piece);
        }
        let side = self.trunk.side();
        resize(&piece, side, side)
    }

    fn begin(&self, piece: &RgbImage) -> Result<Begun, UnableToEvaluate> {
        self.trunk.begin(piece).map_err(failed)
    }

    /// The logits `[1, heads]` and the heat maps `[1, crops, rows, columns]` of a crop.
    fn finish(&self, begun: Begun) -> Result<Vec<ArrayD<f32>>, UnableToEvaluate> {
        let taps = self.trunk.finish(begun).map_err(failed)?;
        let outputs = self.heads.run(&taps).map_err(failed)?;
        outputs.iter().map(Values::to_array).collect::<Result<_, _>>().map_err(failed)
    }
}

fn failed(_: ModelError) -> UnableToEvaluate {
    UnableToEvaluate::ModelFailed
}

/// The answer on a photo that is not judged.
fn not_applicable(code: NotApplicable, faces: Vec<FaceResult>) -> Synthetic {
    Synthetic::NotApplicable { code, faces }
}

/// The logistic function of a logit.
fn score_from_logit(logit: f32) -> Result<Score, UnableToEvaluate> {
    Score::new(1.0 / (1.0 + (-logit).exp())).ok_or(UnableToEvaluate::ScoreNotFinite)
}

/// What a face is scored on top of.
#[derive(Debug, Clone, Copy)]
enum Around {
    Photo {
        aligned: Option<AlignedHead>,
    },
    /// The square around it.
    Face,
}

/// What the crops of a whole photo add to the logit of a face.
#[derive(Debug, Clone, Copy)]
struct WholeLogits {
    /// Of all crops, the calibration included.
    sum: f32,
    /// The least logit of the photo's score, by the head for aligned faces.
    aligned: Option<f32>,
}

/// What the crops of a whole photo say.
enum WholePass {
    Scored(WholeLogits),
    /// They are enough.
    PlainlyReal(Score),
}

/// One logit of the first output, `[1, heads]`.
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
