//! What matches say: whose word counts, and what it is.
//!
//! The platform's own allow outranks its own known fakes, and these outrank all that was taken over
//! from others, where again an allow outranks a known fake. The weightiest match that decides is
//! the only one that counts; a confirmed allow clears the photo whatever else was found. The rest
//! is reported.
//!
//! An allowed photo that matches in a part alone clears nothing: the part may have been pasted in.
//! It only makes a known fake uncertain that matches in a part as well, since the owner's own crop
//! of a photo that is in both lists is such a photo.

use std::sync::Arc;

use super::reason::{Cause, Copied, Cost, Reason};
use crate::bank::{Opinion, Purpose};
use crate::matching::Thresholds;
use crate::signals::{Match, SeenElsewhere};

/// What a match says where it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Allowed,
    Known,
    KnownUnsure,
    /// It is a known fake, but a part of the photo is allowed.
    KnownPartAllowed,
}

/// What a match alone says; `None` where it decides nothing. An allow that nobody has confirmed
/// must not hide a stolen photo, and sightings are judged apart.
fn decision(found: &Match) -> Option<Decision> {
    match (found.bank.purpose, found.opinion) {
        (Purpose::Allow, Opinion::Confirmed) if !found.view.shows_part() => Some(Decision::Allowed),
        (Purpose::KnownFake, Opinion::Confirmed) => Some(Decision::Known),
        (Purpose::KnownFake, Opinion::Unsure) => Some(Decision::KnownUnsure),
        _ => None,
    }
}

/// The rank in the order of precedence; the lowest weighs most. A match of the whole photo comes
/// before one of a part, which an allowed part may be set against.
fn rank(found: &Match) -> (u8, bool) {
    (precedence(found), found.view.shows_part())
}

fn precedence(found: &Match) -> u8 {
    let within = match decision(found) {
        Some(Decision::Allowed) => 0,
        Some(Decision::Known) => 1,
        Some(Decision::KnownUnsure | Decision::KnownPartAllowed) => 2,
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

/// What the deciding match says beside the others: a part that is allowed is set against a part
/// that is a known fake, unless it was taken over from others and the known fake was not.
fn weighed(deciding: &Match, others: &[&Match]) -> Option<Decision> {
    let sets_against = |other: &&&Match| {
        is_partly_allowed(other) && (!other.bank.imported || deciding.bank.imported)
    };
    let is_set_against = deciding.bank.purpose == Purpose::KnownFake
        && deciding.view.shows_part()
        && others.iter().any(|other| sets_against(&other));
    if is_set_against { Some(Decision::KnownPartAllowed) } else { decision(deciding) }
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

/// Whether a photo with these matches is never to be flagged: the one that decides says so.
#[must_use]
pub fn is_allowed(matches: &[Match]) -> bool {
    let weightiest = matches.iter().min_by_key(|found| rank(found));
    weightiest.and_then(decision) == Some(Decision::Allowed)
}

/// A reason for the nearest match of each kind, the weightiest first. Those that decide otherwise
/// than the weightiest one name it.
pub(super) fn judge_matches(matches: &[Match], thresholds: &Thresholds) -> Vec<Reason> {
    let mut by_weight: Vec<&Match> =
        matches.iter().filter(|found| found.bank.purpose != Purpose::Seen).collect();
    by_weight.sort_by_key(|found| rank(found));
    let deciding = by_weight.iter().copied().find(|found| decision(found).is_some());
    let decided = deciding.and_then(|deciding| weighed(deciding, &by_weight));
    let mut reported = Vec::new();
    let mut reasons = Vec::new();
    for found in by_weight {
        let kind = (found.bank.purpose, found.bank.imported, found.opinion);
        if reported.contains(&kind) {
            continue;
        }
        reported.push(kind);
        let is_deciding = deciding.is_some_and(|deciding| std::ptr::eq(deciding, found));
        let own = if is_deciding { decided } else { decision(found) };
        let outranking = deciding.filter(|_| own.is_some() && own != decided);
        let copied = Copied {
            bank: Arc::clone(&found.bank),
            outranked_by: outranking.map(|it| Arc::clone(&it.bank)),
        };
        reasons.push(Reason {
            value: Some(found.distance.0.into()),
            threshold: Some(thresholds.passed_by(found.distance).0.into()),
            cost: Some(Cost::FalseMatchRate(thresholds.false_match_rate)),
            ..Reason::plain(cause(found, own, copied))
        });
    }
    reasons
}

fn cause(found: &Match, decision: Option<Decision>, copied: Copied) -> Cause {
    match (decision, found.bank.purpose, found.opinion) {
        (Some(Decision::Allowed), ..) => Cause::AllowedPhoto(copied),
        (Some(Decision::Known), ..) => Cause::KnownPhoto(copied),
        (Some(Decision::KnownUnsure), ..) => Cause::KnownPhotoUnsure(copied),
        (Some(Decision::KnownPartAllowed), ..) => Cause::KnownPhotoPartAllowed(copied),
        (None, Purpose::Allow, Opinion::Confirmed) => Cause::AllowedPhotoPart(copied),
        (None, Purpose::Allow, Opinion::Unsure) => Cause::AllowedPhotoUnsure(copied),
        (None, Purpose::Allow, Opinion::Disputed) => Cause::AllowedPhotoDisputed(copied),
        (None, Purpose::KnownFake | Purpose::Seen, _) => Cause::KnownPhotoDisputed(copied),
    }
}

/// The judgement on sightings on other accounts, which count from `suspect_accounts` of them on.
pub(super) fn judge_sightings(
    seen: Option<&SeenElsewhere>,
    suspect_accounts: u32,
) -> Option<Reason> {
    let other_accounts = seen?.other_accounts;
    (other_accounts != 0).then(|| Reason {
        value: Some(other_accounts.into()),
        threshold: Some(suspect_accounts.into()),
        ..Reason::plain(Cause::SeenOnOtherAccounts { other_accounts })
    })
}
