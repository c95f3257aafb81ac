//! The evidence of a check, read from its report, as the page for moderators shows it.
//!
//! The answers are put into the words of the page for everybody; beside them moderators see scores,
//! distances and thresholds.

use photocheck_core::provenance::{Claim, Kind, Mark};
use photocheck_core::signals::{NotApplicable, NotCompared, UnableToEvaluate};
use photocheck_core::verdict::{Answer, Code, Cost, KnownCopy, MadeByAi, NotJudged};
use serde::Deserialize;

use crate::http::page::result::{self, AnswerView, MarkView};
use crate::words::page::PageWords;
use crate::words::rates::{counted, one_in};
use crate::words::review::ReviewWords;

/// Units along the wider side of the drawing.
const SIDE: f64 = 320.0;
/// Cells that are fainter are left out.
const HEAT_MIN: f64 = 0.05;
/// How opaque the reddest cell is.
const HEAT_OPACITY: f64 = 0.7;

/// See the module's text.
#[derive(Debug)]
pub struct Evidence {
    pub answers: [AnswerView; 2],
    pub reasons: Vec<ReasonView>,
    pub drawing: Drawing,
    pub captions: Vec<String>,
    pub matches: Vec<String>,
    /// `None` where it is not known.
    pub accounts: Option<String>,
    pub marks: Vec<MarkView>,
    pub picture: String,
    pub sha256: String,
    pub checked_with: String,
}

/// A reason in words, with what it rests on.
#[derive(Debug)]
pub struct ReasonView {
    pub said: &'static str,
    pub facts: Vec<String>,
}

/// The frame of the photo and what was found in it.
#[derive(Debug)]
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    pub heat: Vec<Shape>,
    pub outlines: Vec<Shape>,
}

/// A rectangle in units of the drawing.
#[derive(Debug)]
pub struct Shape {
    pub class: &'static str,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
    pub opacity: f64,
}

#[derive(Debug, Deserialize)]
struct Report {
    photo: Photo,
    answers: Answers,
    reasons: Vec<Reason>,
    evidence: Found,
    versions: Versions,
}

#[derive(Debug, Deserialize)]
struct Photo {
    sha256: String,
    format: String,
    width: u32,
    height: u32,
}

#[derive(Debug, Deserialize)]
struct Answers {
    made_by_ai: Said,
    known_photo: Said,
}

#[derive(Debug, Deserialize)]
struct Said {
    answer: String,
    code: Option<String>,
    false_positive_rate: Option<f64>,
    false_match_rate: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Reason {
    code: String,
    value: Option<f64>,
    threshold: Option<f64>,
    false_positive_rate: Option<f64>,
    false_match_rate: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Found {
    matches: Vec<Match>,
    seen: Option<Seen>,
    synthetic: Synthetic,
    provenance: Vec<Origin>,
}

#[derive(Debug, Deserialize)]
struct Match {
    bank: String,
    purpose: String,
    imported: bool,
    distance: u16,
    mirrored: bool,
    banked_view: String,
    region: Area,
}

#[derive(Debug, Deserialize)]
struct Seen {
    other_accounts: u32,
}

#[derive(Debug, Deserialize)]
struct Synthetic {
    #[serde(default)]
    faces: Vec<Face>,
    heat_map: Option<HeatMap>,
}

#[derive(Debug, Deserialize)]
struct Face {
    #[serde(rename = "box")]
    area: Area,
}

#[derive(Debug, Deserialize)]
struct HeatMap {
    region: Area,
    rows: Vec<Vec<f64>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

#[derive(Debug, Deserialize)]
struct Origin {
    kind: String,
    claim: String,
    claimed_by: Option<String>,
    trusted: bool,
}

#[derive(Debug, Deserialize)]
struct Versions {
    model: String,
    policy: PolicyVersion,
}

#[derive(Debug, Deserialize)]
struct PolicyVersion {
    name: String,
    version: String,
}

impl Evidence {
    /// Of a report, in these words; `None` where it cannot be read.
    #[must_use]
    pub fn read(
        report: &str,
        words: &'static PageWords,
        review: &'static ReviewWords,
    ) -> Option<Self> {
        let report: Report = serde_json::from_str(report).ok()?;
        let Report { photo, answers, reasons, evidence, versions } = &report;
        let shown = evidence.matches.iter().find(|it| it.purpose != "allow");
        let drawing = Drawing::of(photo, shown, &evidence.synthetic);
        let w = &review.item;
        let mut captions = Vec::new();
        if let Some(found) = shown {
            let part = result::part_named(&found.banked_view, &words.evidence);
            captions.push((words.evidence.matched)(part, &found.bank, found.mirrored));
        }
        if !evidence.synthetic.faces.is_empty() {
            captions.push(w.faces.to_owned());
        }
        if !drawing.heat.is_empty() {
            captions.push(w.heat.to_owned());
        }
        let marks: Vec<_> = evidence.provenance.iter().filter_map(Origin::mark).collect();
        Some(Self {
            answers: [
                result::made_by_ai(&made_by_ai(&answers.made_by_ai)?, words),
                result::known_photo(&known_photo(&answers.known_photo)?, words),
            ],
            reasons: reasons.iter().filter_map(|reason| reason.view(review)).collect(),
            matches: evidence
                .matches
                .iter()
                .map(|it| (w.matched)(&it.bank, it.distance, it.imported))
                .collect(),
            accounts: evidence.seen.as_ref().map(|seen| (w.other_accounts)(seen.other_accounts)),
            marks: result::marks(&marks, &words.evidence),
            picture: format!("{}, {} × {}", photo.format.to_uppercase(), photo.width, photo.height),
            sha256: photo.sha256.clone(),
            checked_with: format!(
                "photocheck, {}, {} {}",
                versions.model, versions.policy.name, versions.policy.version
            ),
            captions,
            drawing,
        })
    }
}

impl Reason {
    fn view(&self, review: &'static ReviewWords) -> Option<ReasonView> {
        let said = (review.reason)(Code::from_name(&self.code)?);
        let w = &review.item;
        let mut facts = Vec::new();
        if let (Some(value), Some(threshold)) = (self.value, self.threshold) {
            if self.code.starts_with("SYNTHETIC_") {
                facts.push((w.score)(&format!("{value:.3}"), &format!("{threshold:.3}")));
            } else if self.code.starts_with("KNOWN_") || self.code.starts_with("ALLOWED_") {
                facts.push((w.distance)(&format!("{value:.0}"), &format!("{threshold:.0}")));
            }
        }
        if let Some(rate) = self.false_positive_rate {
            let (count, of) = counted(rate);
            facts.push((w.real)(count, of));
        }
        if let Some(rate) = self.false_match_rate {
            facts.push((w.by_chance)(one_in(rate)));
        }
        Some(ReasonView { said, facts })
    }
}

impl Origin {
    fn mark(&self) -> Option<Mark> {
        Some(Mark {
            kind: Kind::ALL.into_iter().find(|kind| kind.name() == self.kind)?,
            claim: Claim::ALL.into_iter().find(|claim| claim.name() == self.claim)?,
            claimed_by: self.claimed_by.clone(),
            trusted: self.trusted,
            detail: Vec::new(),
        })
    }
}

impl Drawing {
    fn of(photo: &Photo, shown: Option<&Match>, synthetic: &Synthetic) -> Self {
        let (wide, high) = (f64::from(photo.width.max(1)), f64::from(photo.height.max(1)));
        let longer = wide.max(high);
        // A strip is drawn as one, and not so thin that nothing shows in it.
        let side = |length: f64| (SIDE * length / longer).round().max(SIDE / 8.0);
        let mut drawing =
            Self { width: side(wide), height: side(high), heat: Vec::new(), outlines: Vec::new() };
        if let Some(HeatMap { region, rows }) = &synthetic.heat_map {
            drawing.heat = drawing.cells(*region, rows);
        }
        let faces = synthetic.faces.iter().map(|face| drawing.shape("other", face.area, 1.0));
        let found = shown.map(|it| drawing.shape("match", it.region, 1.0));
        drawing.outlines = faces.chain(found).collect();
        drawing
    }

    fn cells(&self, region: Area, rows: &[Vec<f64>]) -> Vec<Shape> {
        let most = rows.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
        let mut cells = Vec::new();
        let (mut y, height) = (region.y, region.height / count(rows.len()));
        for row in rows {
            let (mut x, width) = (region.x, region.width / count(row.len()));
            for value in row {
                let opacity = (value / most).clamp(0.0, 1.0) * HEAT_OPACITY;
                if HEAT_MIN <= opacity {
                    cells.push(self.shape("", Area { x, y, width, height }, opacity));
                }
                x += width;
            }
            y += height;
        }
        cells
    }

    fn shape(&self, class: &'static str, area: Area, opacity: f64) -> Shape {
        let short = |number: f64| (number * 10.0).round() / 10.0;
        Shape {
            class,
            x: short(area.x * self.width),
            y: short(area.y * self.height),
            width: short(area.width * self.width),
            height: short(area.height * self.height),
            opacity: (opacity * 100.0).round() / 100.0,
        }
    }
}

fn count(length: usize) -> f64 {
    f64::from(u32::try_from(length.max(1)).unwrap_or(u32::MAX))
}

fn made_by_ai(said: &Said) -> Option<Answer<MadeByAi>> {
    let answer = match said.answer.as_str() {
        "declared" => MadeByAi::Declared,
        "likely" => MadeByAi::Likely,
        "unsure" => MadeByAi::Unsure,
        "no_sign" => MadeByAi::NoSign,
        "not_judged" => {
            let code = said.code.as_deref().unwrap_or_default();
            let why = [
                NotApplicable::NoFaceFound,
                NotApplicable::FaceTooSmall,
                NotApplicable::FaceTooBlurred,
                NotApplicable::FaceDrawn,
            ];
            let why = why.into_iter().find(|why| why.code() == code);
            let failed = NotJudged::UnableToEvaluate(UnableToEvaluate::ModelFailed);
            MadeByAi::NotJudged(why.map_or(failed, NotJudged::NotApplicable))
        }
        _ => return None,
    };
    let cost = said.false_positive_rate.map(Cost::FalsePositiveRate);
    Some(Answer { answer, reasons: Vec::new(), cost })
}

fn known_photo(said: &Said) -> Option<Answer<KnownCopy>> {
    let answer = match said.answer.as_str() {
        "match" => KnownCopy::Match,
        "unsure" => KnownCopy::Unsure,
        "allowed" => KnownCopy::Allowed,
        "no_match" => KnownCopy::NoMatch,
        "not_compared" if said.code.as_deref() == Some(NotCompared::LowDetail.code()) => {
            KnownCopy::NotCompared(NotCompared::LowDetail)
        }
        "not_compared" => KnownCopy::NotCompared(NotCompared::NoBanks),
        _ => return None,
    };
    let cost = said.false_match_rate.map(Cost::FalseMatchRate);
    Some(Answer { answer, reasons: Vec::new(), cost })
}
