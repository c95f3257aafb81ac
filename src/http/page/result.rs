//! A result as its template needs it: sentences chosen, numbers made into counts.
//!
//! The answers are the report's; nothing is decided here. A score is not shown: people read it as
//! how likely it is that AI made the photo, which it does not say.

use std::fmt::Write;

use photocheck_core::matching::views::View;
use photocheck_core::provenance::{Claim, Kind, Mark};
use photocheck_core::report::Report;
use photocheck_core::signals::{NotApplicable, NotCompared, Synthetic};
use photocheck_core::verdict::{Answer, Cost, KnownCopy, MadeByAi, NotJudged};

use super::picture::{Cell, Outline, SmallPhoto, shown_match};
use crate::words::page::{EvidenceWords, PageWords, Said};
use crate::words::rates::{counted, one_in};

/// Of 100 photos made by AI, of sources that were held out and as apps send them, so many stay
/// below the lower threshold (docs/model-card.md, "Calibration and thresholds").
const MISSED_BY_AI_OF_100: u32 = 37;

/// Of 100 edited copies of banked photos so many are not found (docs/matching.md).
const MISSED_COPIES_OF_100: u32 = 4;

/// One photo's result.
#[derive(Debug)]
pub struct ResultView {
    /// Whether AI made it, and whether it is a known photo.
    pub answers: [AnswerView; 2],
    pub photo: Option<SmallPhoto>,
    pub outlines: Vec<Outline>,
    pub heat: Vec<Cell>,
    pub captions: Vec<String>,
    pub marks: Vec<MarkView>,
    pub facts: Facts,
}

/// The answer to one question.
#[derive(Debug)]
pub struct AnswerView {
    pub question: &'static str,
    /// How it is marked: `found`, `unsure`, `none` or `open`.
    pub tone: &'static str,
    pub said: Said,
    /// How sure it is.
    pub sure: Option<String>,
    pub dots: Option<Dots>,
}

/// So many of a hundred or a thousand, drawn: paths of dots in a grid.
#[derive(Debug, PartialEq, Eq)]
pub struct Dots {
    /// How large the dots are: `hundred` or `thousand`.
    pub class: &'static str,
    pub width: u32,
    pub height: u32,
    pub filled: String,
    pub empty: String,
}

/// What a mark of origin says, and whether anybody could have written it.
#[derive(Debug, PartialEq, Eq)]
pub struct MarkView {
    pub text: String,
    pub trust: Option<&'static str>,
}

/// What identifies the photo and the check, and what the script compares photos by.
#[derive(Debug)]
pub struct Facts {
    pub format: String,
    pub width: u32,
    pub height: u32,
    pub sha256: String,
    pub check_id: String,
    pub checked_at: String,
    pub model: String,
    pub policy: String,
    pub pdq: String,
    pub pdq_quality: u8,
    pub looks_made_by_ai: bool,
    /// The list that the photo is known from, or nothing.
    pub list: String,
    /// The program or camera that the file names, or nothing.
    pub origin: String,
}

/// Which check it was.
#[derive(Debug)]
pub struct CheckedAt {
    pub id: String,
    /// In words, UTC.
    pub at: String,
}

impl ResultView {
    /// Of a report, in these words.
    #[must_use]
    pub fn new(
        report: &Report,
        photo: Option<SmallPhoto>,
        checked: CheckedAt,
        words: &'static PageWords,
    ) -> Self {
        let signals = &report.signals;
        let outlines = photo.as_ref().map(|photo| photo.outlines(report)).unwrap_or_default();
        let heat = photo.as_ref().map(|photo| photo.heat(signals)).unwrap_or_default();
        Self {
            answers: [
                made_by_ai(&report.answers.made_by_ai, words),
                known_photo(&report.answers.known_photo, words),
            ],
            captions: captions(report, !heat.is_empty(), &words.evidence),
            marks: marks(&signals.provenance, &words.evidence),
            facts: facts(report, checked),
            photo,
            outlines,
            heat,
        }
    }
}

/// The answer about AI in words.
#[must_use]
pub fn made_by_ai(answer: &Answer<MadeByAi>, words: &'static PageWords) -> AnswerView {
    let w = &words.made_by_ai;
    let (tone, said) = match answer.answer {
        MadeByAi::Declared => ("found", w.declared),
        MadeByAi::Likely => ("found", w.likely),
        MadeByAi::Unsure => ("unsure", w.unsure),
        MadeByAi::NoSign => ("none", w.no_sign),
        MadeByAi::NotJudged(NotJudged::NotApplicable(why)) => match why {
            NotApplicable::NoFaceFound => ("open", w.no_face),
            NotApplicable::FaceTooSmall => ("open", w.small),
            NotApplicable::FaceTooBlurred => ("open", w.blurred),
            NotApplicable::FaceDrawn => ("open", w.drawn),
        },
        MadeByAi::NotJudged(NotJudged::UnableToEvaluate(_)) => ("open", w.failed),
    };
    let (sure, dots) = match (answer.answer, answer.cost) {
        (MadeByAi::Declared, _) => (Some(w.declared_sure.to_owned()), None),
        (MadeByAi::NoSign, _) => {
            (Some((w.missed)(MISSED_BY_AI_OF_100, 100)), Dots::of(MISSED_BY_AI_OF_100, 100))
        }
        (_, Some(Cost::FalsePositiveRate(rate))) => {
            let (count, of) = counted(rate);
            (Some((w.real)(count, of)), Dots::of(count, of))
        }
        _ => (None, None),
    };
    AnswerView { question: w.question, tone, said, sure, dots }
}

/// The answer about known photos in words.
#[must_use]
pub fn known_photo(answer: &Answer<KnownCopy>, words: &'static PageWords) -> AnswerView {
    let w = &words.known_photo;
    let (tone, said) = match answer.answer {
        KnownCopy::Match => ("found", w.found),
        KnownCopy::Unsure => ("unsure", w.unsure),
        KnownCopy::Allowed => ("none", w.allowed),
        KnownCopy::NoMatch => ("none", w.no_match),
        KnownCopy::NotCompared(NotCompared::NoBanks) => ("open", w.no_lists),
        KnownCopy::NotCompared(NotCompared::LowDetail) => ("open", w.low_detail),
    };
    let (sure, dots) = match (answer.answer, answer.cost) {
        (KnownCopy::NoMatch, _) => {
            (Some((w.missed)(MISSED_COPIES_OF_100)), Dots::of(MISSED_COPIES_OF_100, 100))
        }
        (_, Some(Cost::FalseMatchRate(rate))) => (Some((w.by_chance)(one_in(rate))), None),
        _ => (None, None),
    };
    AnswerView { question: w.question, tone, said, sure, dots }
}

impl Dots {
    /// So many filled ones of all; `None` for more than people can look at.
    fn of(filled: u32, all: u32) -> Option<Self> {
        let (class, columns, side) = match all {
            100 => ("hundred", 20, 12),
            1000 => ("thousand", 50, 6),
            _ => return None,
        };
        let (width, height) = (columns * side, all / columns * side);
        let mut dots = Self { class, width, height, filled: String::new(), empty: String::new() };
        for place in 0..all {
            let (x, y) = (side / 2 + place % columns * side, side / 2 + place / columns * side);
            let path = if place < filled { &mut dots.filled } else { &mut dots.empty };
            // A line of no length with round ends is a dot.
            // Writing to a String cannot fail.
            let _ = write!(path, "M{x} {y}h.01");
        }
        Some(dots)
    }
}

fn captions(report: &Report, has_heat: bool, words: &EvidenceWords) -> Vec<String> {
    let mut captions = Vec::new();
    if let Some(found) = shown_match(report) {
        let part = part(found.banked_view, words);
        captions.push((words.matched)(part, &found.bank.name, found.mirrored));
    }
    if let Synthetic::Evaluated(evaluated) = &report.signals.synthetic {
        captions.push(match evaluated.faces.len() {
            0 | 1 => words.one_face.to_owned(),
            count => (words.faces)(count),
        });
    }
    if has_heat {
        captions.push(words.heat.to_owned());
    }
    captions
}

/// Which part of a banked photo a view shows.
fn part(view: View, words: &EvidenceWords) -> &'static str {
    match view {
        View::Whole | View::Trimmed => words.whole,
        View::Square | View::InnerSquare => words.middle,
        View::Top => words.top,
        View::Inner => words.inner,
        View::Face(..) => words.face,
        View::Keypoint(_) | View::InnerKeypoint(_) => words.detail,
    }
}

/// The same by the name of the view.
#[must_use]
pub fn part_named(view: &str, words: &EvidenceWords) -> &'static str {
    match view {
        "whole" | "trimmed" => words.whole,
        "square" | "inner_square" => words.middle,
        "top" => words.top,
        "inner" => words.inner,
        "keypoint" => words.detail,
        _ => words.face,
    }
}

/// Marks in words, the same one once. How the file was encoded says nothing to people.
#[must_use]
pub fn marks(marks: &[Mark], words: &EvidenceWords) -> Vec<MarkView> {
    let mut shown: Vec<MarkView> = Vec::new();
    for mark in marks {
        let by = mark.claimed_by.as_deref().unwrap_or_default();
        let text = match (mark.kind, mark.claim) {
            (Kind::Thumbnail, Claim::Edited) => words.preview.to_owned(),
            (Kind::Encoder | Kind::Unreadable | Kind::Thumbnail, _) => continue,
            (_, Claim::AiGenerated) => (words.ai_generated)(by),
            (_, Claim::AiEdited) => (words.ai_edited)(by),
            (_, Claim::Camera) => (words.camera)(by),
            (_, Claim::Invalid) => words.broken.to_owned(),
            (_, Claim::Edited | Claim::Unknown) if by.is_empty() => continue,
            (_, Claim::Edited | Claim::Unknown) => (words.program)(by),
        };
        let is_claim = mark.kind != Kind::Thumbnail && mark.claim != Claim::Invalid;
        let trust = if mark.trusted { words.trusted } else { words.untrusted };
        let mark = MarkView { text, trust: is_claim.then_some(trust) };
        if !shown.contains(&mark) {
            shown.push(mark);
        }
    }
    shown
}

fn facts(report: &Report, checked: CheckedAt) -> Facts {
    let Report { photo, answers, signals, hashes, versions, .. } = report;
    let is_known = matches!(answers.known_photo.answer, KnownCopy::Match | KnownCopy::Unsure);
    let list = shown_match(report).filter(|_| is_known).map(|found| found.bank.name.clone());
    let mut named = signals.provenance.iter().filter(|mark| {
        matches!(mark.claim, Claim::AiGenerated | Claim::AiEdited | Claim::Camera | Claim::Edited)
            || mark.kind == Kind::Software
    });
    Facts {
        format: photo.format.name().to_uppercase(),
        width: photo.width,
        height: photo.height,
        sha256: hex::encode(photo.digest.0),
        check_id: checked.id,
        checked_at: checked.at,
        model: versions.model.to_string(),
        policy: versions.policy.to_string(),
        pdq: hashes.pdq.to_hex(),
        pdq_quality: hashes.pdq_quality.value(),
        looks_made_by_ai: matches!(
            answers.made_by_ai.answer,
            MadeByAi::Declared | MadeByAi::Likely
        ),
        list: list.unwrap_or_default(),
        origin: named.find_map(|mark| mark.claimed_by.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_stands_for_each_photo() {
        for (filled, all) in [(0, 100), (1, 100), (37, 100), (100, 100), (1, 1000)] {
            let dots = Dots::of(filled, all).unwrap();
            let count = |path: &str| u32::try_from(path.matches('M').count()).unwrap();
            assert_eq!((count(&dots.filled), count(&dots.empty)), (filled, all - filled));
        }
        assert_eq!(Dots::of(1, 500_000), None);
    }
}
