//! Every combination of signals: `strict` decides as the rule did before there were policies,
//! `label` is never stricter, and each question has the answer that its signals call for.

use super::tests::{IMPORTED, LABEL, OWN, STRICT, found, thresholds};
use super::*;
use crate::bank::{Opinion, Purpose};
use crate::faces::{Face, Point};
use crate::matching::hashes::PdqQuality;
use crate::matching::views::{KeypointSlot, View};
use crate::provenance::{Claim, Kind, Mark};
use crate::signals::{
    Evaluated, FaceResult, KnownPhoto, Match, NotApplicable, NotCompared, Score, SeenElsewhere,
    Signals, Stability, Synthetic, UnableToEvaluate,
};

const UNSURE: f64 = 0.5;
const SUSPECT: f64 = 0.8;
const FAKE: f64 = 0.95;
const SUSPECT_ACCOUNTS: u32 = 2;
const QUALITY_MIN: u8 = 50;

/// The rule as it was before policies had weights.
mod before {
    use super::*;

    pub fn rule(signals: &Signals) -> Verdict {
        let decided = by_matches(&signals.matches);
        if decided == Some(Verdict::Clear) {
            return Verdict::Clear;
        }
        let is_declared = signals.provenance.iter().any(|mark| mark.claim == Claim::AiGenerated);
        let accounts = signals.seen.as_ref().map_or(0, |seen| seen.other_accounts);
        let is_comparable = QUALITY_MIN <= signals.pdq_quality.value();
        [
            decided.unwrap_or(Verdict::Clear),
            if is_declared { Verdict::Fake } else { Verdict::Clear },
            if SUSPECT_ACCOUNTS <= accounts { Verdict::Suspect } else { Verdict::Clear },
            if is_comparable { Verdict::Clear } else { Verdict::Inconclusive },
            by_detector(&signals.synthetic),
        ]
        .into_iter()
        .max()
        .unwrap()
    }

    fn by_detector(synthetic: &Synthetic) -> Verdict {
        let Synthetic::Evaluated(evaluated) = synthetic else { return Verdict::Inconclusive };
        let score = f64::from(evaluated.score.value());
        let verdict = match score {
            score if FAKE <= score => Verdict::Fake,
            score if SUSPECT <= score => Verdict::Suspect,
            score if UNSURE <= score => return Verdict::Inconclusive,
            _ => return Verdict::Clear,
        };
        let lowest = evaluated.stability.map(|stability| f64::from(stability.lowest.value()));
        if lowest.is_none_or(|it| UNSURE <= it) { verdict } else { Verdict::Inconclusive }
    }

    pub fn by_matches(matches: &[Match]) -> Option<Verdict> {
        let mut by_weight: Vec<&Match> = matches.iter().collect();
        by_weight.sort_by_key(|found| rank(found));
        let deciding = by_weight.iter().copied().find(|found| decision(found).is_some())?;
        let sets_against = |other: &&Match| {
            is_partly_allowed(other) && (!other.bank.imported || deciding.bank.imported)
        };
        let is_set_against = deciding.bank.purpose == Purpose::KnownFake
            && deciding.view.shows_part()
            && matches.iter().any(|other| sets_against(&other));
        if is_set_against { Some(Verdict::Inconclusive) } else { decision(deciding) }
    }

    fn decision(found: &Match) -> Option<Verdict> {
        match (found.bank.purpose, found.opinion) {
            (Purpose::Allow, Opinion::Confirmed) if !found.view.shows_part() => {
                Some(Verdict::Clear)
            }
            (Purpose::KnownFake, Opinion::Confirmed) => Some(Verdict::Fake),
            (Purpose::KnownFake, Opinion::Unsure) => Some(Verdict::Suspect),
            _ => None,
        }
    }

    /// Its first half is as the rule had it; a whole photo came before a part by chance only.
    fn rank(found: &Match) -> (u8, bool) {
        (precedence(found), found.view.shows_part())
    }

    fn precedence(found: &Match) -> u8 {
        let within = match decision(found) {
            Some(Verdict::Clear) => 0,
            Some(Verdict::Fake) => 1,
            Some(_) => 2,
            None if is_partly_allowed(found) => 3,
            None => return u8::MAX,
        };
        if found.bank.imported { 4 + within } else { within }
    }

    fn is_partly_allowed(found: &Match) -> bool {
        found.view.shows_part()
            && (found.bank.purpose, found.opinion) == (Purpose::Allow, Opinion::Confirmed)
    }
}

fn policy(text: &str) -> Policy {
    let fake = format!("fake = {{ score = {FAKE}, false_positive_rate = 0.001 }}");
    let thresholds = thresholds(SUSPECT_ACCOUNTS) + &fake;
    Policy::load(&thresholds, text, "test").unwrap()
}

/// Sets of up to `most` matches of different kinds.
fn matchings(most: usize) -> Vec<Vec<Match>> {
    let part = View::Keypoint(KeypointSlot::new(0).unwrap());
    let mut kinds = Vec::new();
    for purpose in [Purpose::Allow, Purpose::KnownFake] {
        for imported in [OWN, IMPORTED] {
            for opinion in Opinion::ALL {
                for view in [View::Whole, part] {
                    kinds.push(Match { view, ..found(purpose, imported, opinion, 3) });
                }
            }
        }
    }
    let mut sets: Vec<(Vec<Match>, usize)> = vec![(Vec::new(), 0)];
    let mut begun = 0;
    for _ in 0..most {
        let shorter = sets[begun..].to_vec();
        begun = sets.len();
        for (set, next) in shorter {
            for (kind, matched) in kinds.iter().enumerate().skip(next) {
                sets.push(([set.clone(), vec![matched.clone()]].concat(), kind + 1));
            }
        }
    }
    sets.into_iter().map(|(set, _)| set).collect()
}

/// Every answer of the detector.
fn detections() -> Vec<Synthetic> {
    let face = Face {
        x: 0.2,
        y: 0.2,
        width: 0.5,
        height: 0.5,
        score: 0.9,
        points: [Point { x: 0.4, y: 0.4 }; 6],
    };
    let score_of = |value: f32| Score::new(value).unwrap();
    let mut all: Vec<Synthetic> = Vec::new();
    for score in [0.1, 0.6, 0.85, 0.99].map(score_of) {
        for lowest in [None, Some(0.1), Some(0.6)] {
            let stability = lowest.map(|lowest| Stability {
                variants: 4,
                lowest: score_of(lowest),
                highest: score,
            });
            let faces = vec![FaceResult { face, answer: Ok(score) }];
            let evaluated = Evaluated { score, face, faces, stability, heat_map: None };
            all.push(Synthetic::Evaluated(evaluated));
        }
    }
    for code in [
        NotApplicable::NoFaceFound,
        NotApplicable::FaceTooSmall,
        NotApplicable::FaceTooBlurred,
        NotApplicable::FaceDrawn,
    ] {
        all.push(Synthetic::NotApplicable { code, faces: Vec::new() });
    }
    for code in [UnableToEvaluate::ModelFailed, UnableToEvaluate::ScoreNotFinite] {
        all.push(Synthetic::UnableToEvaluate { code });
    }
    all
}

fn mark(kind: Kind, claim: Claim) -> Mark {
    Mark { kind, claim, claimed_by: None, trusted: false, detail: Vec::new() }
}

/// Every set of the marks that say something.
fn markings() -> Vec<Vec<Mark>> {
    let marks = [
        mark(Kind::GeneratorText, Claim::AiGenerated),
        mark(Kind::DigitalSourceType, Claim::AiEdited),
        mark(Kind::C2pa, Claim::Invalid),
        mark(Kind::Thumbnail, Claim::Unknown),
        mark(Kind::Camera, Claim::Camera),
    ];
    let chosen = |set: usize| {
        let marks = marks.iter().enumerate();
        marks.filter(|(number, _)| set >> number & 1 == 1).map(|(_, mark)| mark.clone()).collect()
    };
    (0..1 << marks.len()).map(chosen).collect()
}

/// Calls `check` with every combination.
fn for_each(
    matchings: &[Vec<Match>],
    detections: &[Synthetic],
    markings: &[Vec<Mark>],
    mut check: impl FnMut(&Signals),
) {
    let seen =
        |other_accounts| SeenElsewhere { bank: "SEEN".into(), other_accounts, since_s: None };
    let known = [
        KnownPhoto::Compared { hashes: 1 },
        KnownPhoto::NotCompared(NotCompared::NoBanks),
        KnownPhoto::NotCompared(NotCompared::LowDetail),
    ];
    for matches in matchings {
        for synthetic in detections {
            for provenance in markings {
                let mut signals = Signals {
                    matches: matches.clone(),
                    known_photo: known[0],
                    seen: None,
                    pdq_quality: PdqQuality::new(100).unwrap(),
                    synthetic: synthetic.clone(),
                    provenance: provenance.clone(),
                };
                for known_photo in known {
                    for quality in [100, QUALITY_MIN - 1] {
                        for accounts in [None, Some(0), Some(1), Some(2)] {
                            signals.known_photo = known_photo;
                            signals.pdq_quality = PdqQuality::new(quality).unwrap();
                            signals.seen = accounts.map(seen);
                            check(&signals);
                        }
                    }
                }
            }
        }
    }
}

/// What the signals say of AI, read from them alone.
fn expected_made_by_ai(signals: &Signals) -> &'static str {
    if signals.provenance.iter().any(|mark| mark.claim == Claim::AiGenerated) {
        return "declared";
    }
    let Synthetic::Evaluated(evaluated) = &signals.synthetic else { return "not_judged" };
    let score = f64::from(evaluated.score.value());
    let is_stable = evaluated.stability.is_none_or(|it| UNSURE <= it.lowest.value().into());
    match score {
        score if score < UNSURE => "no_sign",
        score if SUSPECT <= score && is_stable => "likely",
        _ => "unsure",
    }
}

/// What the signals say of known photos, by the verdict that matches alone led to before.
fn expected_known_photo(signals: &Signals) -> &'static str {
    let is_disputed = |found: &Match| {
        (found.bank.purpose, found.opinion) == (Purpose::KnownFake, Opinion::Disputed)
    };
    match before::by_matches(&signals.matches) {
        Some(Verdict::Clear) => "allowed",
        Some(Verdict::Fake) => "match",
        Some(Verdict::Suspect | Verdict::Inconclusive) => "unsure",
        None if signals.matches.iter().any(is_disputed) => "unsure",
        None if signals.pdq_quality.value() < QUALITY_MIN => "not_compared",
        None if signals.known_photo == (KnownPhoto::Compared { hashes: 1 }) => "no_match",
        None => "not_compared",
    }
}

fn check_policies(strict: &Policy, label: &Policy, signals: &Signals) {
    let (by_strict, by_label) = (strict.decide(signals), label.decide(signals));
    assert_eq!(by_strict.verdict, before::rule(signals), "{signals:?}");
    assert!(by_label.verdict <= by_strict.verdict, "{signals:?}");
    assert_eq!(by_label.answers, by_strict.answers, "{signals:?}");
    // What says that AI made it changes nothing by `label`.
    let mut without = signals.clone();
    without.provenance.retain(|mark| mark.claim != Claim::AiGenerated);
    without.synthetic = detections().swap_remove(0);
    assert_eq!(by_label.verdict, strict.decide(&without).verdict, "{signals:?}");
}

fn check_answers(decided: &Decided, signals: &Signals) {
    let Answers { made_by_ai, known_photo, seen_elsewhere } = &decided.answers;
    let (ai, known) = (made_by_ai.answer, known_photo.answer);
    assert_eq!(ai.name(), expected_made_by_ai(signals), "{signals:?}");
    assert_eq!(known.name(), expected_known_photo(signals), "{signals:?}");
    assert_eq!(ai.code().is_some(), ai.name() == "not_judged");
    assert_eq!(known.code().is_some(), known.name() == "not_compared");
    let accounts = signals.seen.as_ref().map(|seen| seen.other_accounts);
    let seen = seen_elsewhere.as_ref().map(|seen| seen.answer);
    let expected = accounts.map(|accounts| match accounts {
        0 => SeenOn::No,
        other_accounts => SeenOn::Yes { other_accounts },
    });
    assert_eq!(seen, expected);
    // Each answer names reasons of the report, and has one exactly if something was found.
    let codes: Vec<Code> = decided.reasons.iter().map(Reason::code).collect();
    let named = made_by_ai.reasons.iter().chain(&known_photo.reasons);
    assert!(named.clone().all(|code| codes.contains(code)), "{decided:?}");
    assert_eq!(made_by_ai.reasons.is_empty(), ai == MadeByAi::NoSign);
    let is_found = matches!(known, KnownCopy::Unsure | KnownCopy::Match | KnownCopy::Allowed);
    assert!(!is_found || !known_photo.reasons.is_empty(), "{decided:?}");
    assert_eq!(is_found, known_photo.cost.is_some());
    assert_eq!(made_by_ai.cost.is_some(), matches!(ai, MadeByAi::Unsure | MadeByAi::Likely));
}

#[test]
fn strict_decides_as_before_and_label_is_never_stricter() {
    let (strict, label) = (policy(STRICT), policy(LABEL));
    let mut count = 0;
    let mut check = |signals: &Signals| {
        check_policies(&strict, &label, signals);
        count += 1;
    };
    // All of them with at most one match, and all sets of matches with some of the others.
    for_each(&matchings(1), &detections(), &markings(), &mut check);
    let few = [detections()[0].clone(), detections()[6].clone()];
    for_each(&matchings(3), &few, &markings()[..2], &mut check);
    assert_eq!(count, 24 * (25 * 18 * 32 + 2325 * 2 * 2));
}

#[test]
fn every_combination_has_the_answers_that_its_signals_call_for() {
    let strict = policy(STRICT);
    let check = |signals: &Signals| check_answers(&strict.decide(signals), signals);
    for_each(&matchings(1), &detections(), &markings()[..2], check);
    for_each(&matchings(3), &detections()[..1], &markings()[..1], check);
}
