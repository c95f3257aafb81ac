//! What matches amount to: whose word counts, and what it says.
//!
//! The platform's own allow outranks its own known fakes, and these outrank all that was taken over
//! from others, where again an allow outranks a known fake. The weightiest match that decides is
//! the only one that counts: a confirmed known fake makes `fake`, an unsure one `suspect`, a
//! confirmed allow `clear` whatever else was found. The rest is reported.
//!
//! An allowed photo that matches in a part alone clears nothing: the part may have been pasted in.
//! It only makes `inconclusive` of a known fake that matches in a part as well, since the owner's
//! own crop of a photo that is in both lists looks like that.

use std::sync::Arc;

use super::reason::{Cause, Copied, Cost, Reason, Verdict};
use crate::bank::{Opinion, Purpose};
use crate::matching::Thresholds;
use crate::signals::{Match, SeenElsewhere};

/// The verdict that a match alone would give; `None` where it decides nothing. An allow that
/// nobody has confirmed must not hide a stolen photo, and sightings are judged apart.
fn decision(found: &Match) -> Option<Verdict> {
    match (found.bank.purpose, found.opinion) {
        (Purpose::Allow, Opinion::Confirmed) if !found.view.shows_part() => Some(Verdict::Clear),
        (Purpose::KnownFake, Opinion::Confirmed) => Some(Verdict::Fake),
        (Purpose::KnownFake, Opinion::Unsure) => Some(Verdict::Suspect),
        _ => None,
    }
}

/// The rank in the order of precedence; the lowest weighs most.
fn rank(found: &Match) -> u8 {
    let within = match decision(found) {
        Some(Verdict::Clear) => 0,
        Some(Verdict::Fake) => 1,
        Some(_) => 2,
        None if is_partly_allowed(found) => 3,
        None => return u8::MAX,
    };
    if found.bank.imported { 4 + within } else { within }
}

/// Whether a part of the photo is a part of one that is never flagged.
fn is_partly_allowed(found: &Match) -> bool {
    found.view.shows_part()
        && (found.bank.purpose, found.opinion) == (Purpose::Allow, Opinion::Confirmed)
}

/// What the deciding match decides beside the others: a part that is allowed is set against a part
/// that is a known fake, unless it was taken over from others and the known fake was not.
fn weighed(deciding: &Match, others: &[&Match]) -> Option<Verdict> {
    let sets_against = |other: &&&Match| {
        is_partly_allowed(other) && (!other.bank.imported || deciding.bank.imported)
    };
    let is_set_against = deciding.bank.purpose == Purpose::KnownFake
        && deciding.view.shows_part()
        && others.iter().any(|other| sets_against(&other));
    if is_set_against { Some(Verdict::Inconclusive) } else { decision(deciding) }
}

/// The `count_max` of `matches` (nearest first) that weigh most, nearest first: whatever many
/// matches there are, the one that decides is among them.
#[must_use]
pub fn weightiest(mut matches: Vec<Match>, count_max: usize) -> Vec<Match> {
    if count_max < matches.len() {
        // Stable: among equals the nearest stay in front.
        matches.sort_by_key(rank);
        matches.truncate(count_max);
        matches.sort_by_key(|found| (found.distance, found.content));
    }
    matches
}

/// The verdict by the weightiest match that decides, if one does, and a reason for the nearest
/// match of each kind, the weightiest first.
pub(super) fn judge_matches(
    matches: &[Match],
    thresholds: &Thresholds,
) -> (Option<Verdict>, Vec<Reason>) {
    let mut by_weight: Vec<&Match> =
        matches.iter().filter(|found| found.bank.purpose != Purpose::Seen).collect();
    by_weight.sort_by_key(|found| rank(found));
    let deciding = by_weight.iter().copied().find(|found| decision(found).is_some());
    let verdict = deciding.and_then(|deciding| weighed(deciding, &by_weight));
    let mut reported = Vec::new();
    let mut reasons = Vec::new();
    for found in by_weight {
        let kind = (found.bank.purpose, found.bank.imported, found.opinion);
        if !reported.contains(&kind) {
            reported.push(kind);
            reasons.push(reason(found, deciding, thresholds));
        }
    }
    (verdict, reasons)
}

fn reason(found: &Match, deciding: Option<&Match>, thresholds: &Thresholds) -> Reason {
    let own = decision(found);
    let outranking = deciding.filter(|it| own.is_some() && decision(it) != own);
    let copied = Copied {
        bank: Arc::clone(&found.bank),
        outranked_by: outranking.map(|it| Arc::clone(&it.bank)),
    };
    let cause = match (found.bank.purpose, found.opinion) {
        (Purpose::Allow, Opinion::Confirmed) if is_partly_allowed(found) => {
            Cause::AllowedPhotoPart(copied)
        }
        (Purpose::Allow, Opinion::Confirmed) => Cause::AllowedPhoto(copied),
        (Purpose::Allow, Opinion::Unsure) => Cause::AllowedPhotoUnsure(copied),
        (Purpose::Allow, Opinion::Disputed) => Cause::AllowedPhotoDisputed(copied),
        (_, Opinion::Confirmed) => Cause::KnownPhoto(copied),
        (_, Opinion::Unsure) => Cause::KnownPhotoUnsure(copied),
        (_, Opinion::Disputed) => Cause::KnownPhotoDisputed(copied),
    };
    Reason {
        cause,
        value: Some(found.distance.0.into()),
        threshold: Some(thresholds.passed_by(found.distance).0.into()),
        cost: Some(Cost::FalseMatchRate(thresholds.false_match_rate)),
    }
}

/// The judgement on sightings on other accounts; from `suspect_accounts` of them on the photo is
/// `suspect`.
pub(super) fn judge_sightings(
    seen: Option<&SeenElsewhere>,
    suspect_accounts: u32,
) -> Option<(Verdict, Reason)> {
    let other_accounts = seen?.other_accounts;
    if other_accounts == 0 {
        return None;
    }
    let is_suspect = suspect_accounts <= other_accounts;
    let verdict = if is_suspect { Verdict::Suspect } else { Verdict::Clear };
    let reason = Reason {
        cause: Cause::SeenOnOtherAccounts { other_accounts },
        value: Some(other_accounts.into()),
        threshold: Some(suspect_accounts.into()),
        cost: None,
    };
    Some((verdict, reason))
}
