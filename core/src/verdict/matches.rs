//! What matches amount to: whose word counts, and what it says.
//!
//! The platform's own allow outranks its own known fakes, and these outrank all that was taken over
//! from others, where again an allow outranks a known fake. The weightiest match that decides is
//! the only one that counts: a confirmed known fake makes `fake`, an unsure one `suspect`, a
//! confirmed allow `clear` whatever else was found. The rest is told.
//!
//! An allowed photo that was met by a part alone clears nothing: the part may have been pasted in.
//! It only makes `inconclusive` of a known fake that was met by a part as well, since the owner's
//! own crop of a photo that is in both lists looks like that.

use crate::bank::{Opinion, Purpose};
use crate::report::{Match, SeenElsewhere};
use crate::verdict::{Cost, Policy, Reason, ReasonCode, Verdict};

/// The verdict that a match alone would give; `None` where it decides nothing. An allow that
/// nobody has confirmed must not hide a stolen photo, and sightings have a finding of their own.
fn decision(found: &Match) -> Option<Verdict> {
    match (found.bank.purpose, found.opinion) {
        (Purpose::Allow, Opinion::Confirmed) if !found.view.shows_part() => Some(Verdict::Clear),
        (Purpose::KnownFake, Opinion::Confirmed) => Some(Verdict::Fake),
        (Purpose::KnownFake, Opinion::Unsure) => Some(Verdict::Suspect),
        _ => None,
    }
}

/// The place in the order of precedence; the lowest weighs most.
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

impl Policy {
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
    pub(super) fn matches_finding(&self, matches: &[Match]) -> (Option<Verdict>, Vec<Reason>) {
        let mut by_weight: Vec<&Match> =
            matches.iter().filter(|found| found.bank.purpose != Purpose::Seen).collect();
        by_weight.sort_by_key(|found| rank(found));
        let deciding = by_weight.iter().copied().find(|found| decision(found).is_some());
        let verdict = deciding.and_then(|deciding| weighed(deciding, &by_weight));
        let mut told = Vec::new();
        let mut reasons = Vec::new();
        for found in by_weight {
            let kind = (found.bank.purpose, found.bank.imported, found.opinion);
            if !told.contains(&kind) {
                told.push(kind);
                reasons.push(self.match_reason(found, deciding));
            }
        }
        (verdict, reasons)
    }

    fn match_reason(&self, found: &Match, deciding: Option<&Match>) -> Reason {
        let list = &found.bank.name;
        let copy = format!("this photo is a copy of one in the list {list}");
        let allowed = format!("{copy}, whose photos are never flagged");
        let disputed = "but it is disputed that it belongs there";
        let (code, mut message) = match (found.bank.purpose, found.opinion) {
            (Purpose::Allow, Opinion::Confirmed) if is_partly_allowed(found) => {
                let message = format!("a part of {allowed}; that clears no more than the part");
                (ReasonCode::AllowedPhotoPart, message)
            }
            (Purpose::Allow, Opinion::Confirmed) => (ReasonCode::AllowedPhoto, allowed),
            (Purpose::Allow, Opinion::Unsure) => {
                let message = format!("{allowed}, but nobody has confirmed it");
                (ReasonCode::AllowedPhotoUnsure, message)
            }
            (Purpose::Allow, Opinion::Disputed) => {
                (ReasonCode::AllowedPhotoDisputed, format!("{allowed}, {disputed}"))
            }
            (_, Opinion::Confirmed) => (ReasonCode::KnownPhoto, copy),
            (_, Opinion::Unsure) => {
                let message = format!("{copy}, which nobody has confirmed");
                (ReasonCode::KnownPhotoUnsure, message)
            }
            (_, Opinion::Disputed) => {
                (ReasonCode::KnownPhotoDisputed, format!("{copy}, {disputed}"))
            }
        };
        if let (Some(here), Some(deciding)) = (decision(found), deciding)
            && decision(deciding) != Some(here)
        {
            message.push_str("; it is outranked by the list ");
            message.push_str(&deciding.bank.name);
        }
        Reason {
            code,
            message,
            value: Some(found.distance.0.into()),
            threshold: Some(self.distance_threshold(found.distance).0.into()),
            cost: Some(Cost::FalseMatchRate(self.known_photo.false_match_rate)),
        }
    }

    pub(super) fn seen_finding(&self, seen: Option<&SeenElsewhere>) -> Option<(Verdict, Reason)> {
        let count = seen?.other_accounts;
        if count == 0 {
            return None;
        }
        let threshold = self.seen.suspect_accounts;
        let verdict = if threshold <= count { Verdict::Suspect } else { Verdict::Clear };
        let accounts = if count == 1 { "account shows" } else { "accounts show" };
        let reason = Reason {
            code: ReasonCode::SeenOnOtherAccounts,
            message: format!("{count} other {accounts} this photo too"),
            value: Some(count.into()),
            threshold: Some(threshold.into()),
            cost: None,
        };
        Some((verdict, reason))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bank::{BankFacts, BankId};
    use crate::detector::{NotApplicable, Synthetic};
    use crate::matching::hashes::{Distance, PdqQuality};
    use crate::matching::index::ContentId;
    use crate::matching::views::View;
    use crate::report::Signals;
    use crate::verdict::shipped_policy;

    /// Kinds of matches, nearest first; the verdict; the codes of their reasons.
    type Case<'a> = (&'a [(Purpose, bool, Opinion)], Verdict, &'a [&'a str]);

    const OWN: bool = false;
    const IMPORTED: bool = true;

    fn found(purpose: Purpose, imported: bool, opinion: Opinion, distance: u16) -> Match {
        let name = format!("{}_{imported}", purpose.name());
        Match {
            bank: Arc::new(BankFacts { id: BankId(1), name, purpose, imported }),
            content: ContentId(distance.into()),
            distance: Distance(distance),
            view: View::WHOLE,
            mirrored: false,
            region: [0.0, 0.0, 1.0, 1.0],
            banked_view: View::WHOLE,
            opinion,
        }
    }

    /// Signals that say nothing but what their matches and sightings say: `inconclusive` for want
    /// of a face.
    fn signals(matches: Vec<Match>, other_accounts: Option<u32>) -> Signals {
        let bank = "SEEN".to_owned();
        let since_s = Some(7);
        Signals {
            matches,
            seen: other_accounts.map(|other_accounts| SeenElsewhere {
                bank,
                other_accounts,
                since_s,
            }),
            pdq_quality: PdqQuality::new(100).unwrap(),
            synthetic: Synthetic::NotApplicable {
                code: NotApplicable::NoFaceFound,
                faces: Vec::new(),
            },
            provenance: vec![],
        }
    }

    #[test]
    fn the_weightiest_match_that_decides_is_the_only_one_that_counts() {
        use Opinion::{Confirmed, Disputed, Unsure};
        use Purpose::{Allow, KnownFake, Seen};
        use Verdict::{Clear, Fake, Inconclusive, Suspect};
        let cases: &[Case] = &[
            (&[], Inconclusive, &[]),
            (&[(KnownFake, OWN, Confirmed)], Fake, &["KNOWN_PHOTO"]),
            (&[(KnownFake, OWN, Unsure)], Suspect, &["KNOWN_PHOTO_UNSURE"]),
            (&[(KnownFake, OWN, Disputed)], Inconclusive, &["KNOWN_PHOTO_DISPUTED"]),
            (&[(KnownFake, IMPORTED, Confirmed)], Fake, &["KNOWN_PHOTO"]),
            (&[(KnownFake, IMPORTED, Unsure)], Suspect, &["KNOWN_PHOTO_UNSURE"]),
            (&[(Allow, OWN, Confirmed)], Clear, &["ALLOWED_PHOTO"]),
            (&[(Allow, OWN, Unsure)], Inconclusive, &["ALLOWED_PHOTO_UNSURE"]),
            (&[(Allow, OWN, Disputed)], Inconclusive, &["ALLOWED_PHOTO_DISPUTED"]),
            (&[(Allow, IMPORTED, Confirmed)], Clear, &["ALLOWED_PHOTO"]),
            (&[(Seen, OWN, Confirmed)], Inconclusive, &[]),
            // Own allow > own known fake > imported allow > imported known fake.
            (
                &[(KnownFake, OWN, Confirmed), (Allow, OWN, Confirmed)],
                Clear,
                &["ALLOWED_PHOTO", "KNOWN_PHOTO"],
            ),
            (
                &[(Allow, IMPORTED, Confirmed), (KnownFake, OWN, Confirmed)],
                Fake,
                &["KNOWN_PHOTO", "ALLOWED_PHOTO"],
            ),
            (
                &[(KnownFake, IMPORTED, Confirmed), (Allow, OWN, Confirmed)],
                Clear,
                &["ALLOWED_PHOTO", "KNOWN_PHOTO"],
            ),
            (
                &[(KnownFake, IMPORTED, Confirmed), (Allow, IMPORTED, Confirmed)],
                Clear,
                &["ALLOWED_PHOTO", "KNOWN_PHOTO"],
            ),
            // The platform's own doubt outranks what others are sure of.
            (
                &[(KnownFake, IMPORTED, Confirmed), (KnownFake, OWN, Unsure)],
                Suspect,
                &["KNOWN_PHOTO_UNSURE", "KNOWN_PHOTO"],
            ),
            // Of one bank's photos the surer one decides.
            (
                &[(KnownFake, OWN, Unsure), (KnownFake, OWN, Confirmed)],
                Fake,
                &["KNOWN_PHOTO", "KNOWN_PHOTO_UNSURE"],
            ),
            // What decides nothing stands in nobody's way.
            (
                &[(Allow, OWN, Unsure), (KnownFake, OWN, Confirmed)],
                Fake,
                &["KNOWN_PHOTO", "ALLOWED_PHOTO_UNSURE"],
            ),
            (
                &[(KnownFake, OWN, Disputed), (KnownFake, IMPORTED, Confirmed)],
                Fake,
                &["KNOWN_PHOTO", "KNOWN_PHOTO_DISPUTED"],
            ),
            (
                &[(KnownFake, OWN, Disputed), (Allow, IMPORTED, Confirmed)],
                Clear,
                &["ALLOWED_PHOTO", "KNOWN_PHOTO_DISPUTED"],
            ),
        ];
        for (kinds, verdict, codes) in cases {
            let matches = (10_u16..)
                .zip(*kinds)
                .map(|(distance, (purpose, imported, opinion))| {
                    found(*purpose, *imported, *opinion, distance)
                })
                .collect();
            let (decided, reasons) = shipped_policy().decide(&signals(matches, None));
            let mut expected = codes.to_vec();
            expected.push("NO_FACE_FOUND");
            let told: Vec<_> = reasons.iter().map(|reason| reason.code.name()).collect();
            assert_eq!((decided, told), (*verdict, expected), "{kinds:?}");
        }
    }

    #[test]
    fn a_part_that_is_allowed_clears_no_more_than_a_part() {
        use Purpose::{Allow, KnownFake};
        use Verdict::{Clear, Fake, Inconclusive};
        let part = View::from_code(64).unwrap();
        let of = |purpose, imported, view| Match {
            view,
            ..found(purpose, imported, Opinion::Confirmed, 3)
        };
        for (matches, verdict) in [
            (vec![of(Allow, OWN, View::WHOLE)], Clear),
            (vec![of(Allow, OWN, part)], Inconclusive), // for want of a face
            (vec![of(KnownFake, OWN, part)], Fake),
            (vec![of(Allow, OWN, part), of(KnownFake, OWN, View::WHOLE)], Fake),
            (vec![of(Allow, OWN, part), of(KnownFake, OWN, part)], Inconclusive),
            (vec![of(Allow, OWN, part), of(KnownFake, IMPORTED, part)], Inconclusive),
            (vec![of(Allow, IMPORTED, part), of(KnownFake, OWN, part)], Fake),
            (vec![of(Allow, OWN, View::WHOLE), of(KnownFake, OWN, part)], Clear),
        ] {
            let told = format!("{matches:?}");
            assert_eq!(shipped_policy().decide(&signals(matches, None)).0, verdict, "{told}");
        }
        let (_, reasons) = shipped_policy().decide(&signals(vec![of(Allow, OWN, part)], None));
        assert_eq!(reasons[0].code.name(), "ALLOWED_PHOTO_PART");
        assert!(reasons[0].message.starts_with("a part of this photo is"), "{reasons:?}");
    }

    #[test]
    fn a_match_that_is_outranked_says_by_which_list() {
        let matches = vec![
            found(Purpose::KnownFake, OWN, Opinion::Confirmed, 3),
            found(Purpose::Allow, OWN, Opinion::Confirmed, 9),
        ];
        let (_, reasons) = shipped_policy().decide(&signals(matches, None));
        assert!(reasons[1].message.ends_with("; it is outranked by the list allow_false"));
        assert_eq!((reasons[0].value, reasons[1].value), (Some(9.0), Some(3.0)));
    }

    #[test]
    fn many_matches_do_not_crowd_out_the_one_that_decides() {
        let near = (0..200).map(|_| found(Purpose::KnownFake, IMPORTED, Opinion::Disputed, 1));
        let mut matches: Vec<_> = near.collect();
        matches.push(found(Purpose::KnownFake, IMPORTED, Opinion::Unsure, 20));
        matches.push(found(Purpose::Allow, OWN, Opinion::Confirmed, 31));
        let kept = Policy::weightiest(matches, 100);
        assert_eq!(kept.len(), 100);
        assert!(kept.is_sorted_by_key(|found| found.distance));
        let (verdict, _) = shipped_policy().decide(&signals(kept, None));
        assert_eq!(verdict, Verdict::Clear);
    }

    #[test]
    fn sightings_make_a_photo_suspect_from_the_policys_number_on() {
        use Verdict::{Inconclusive, Suspect};
        let mut policy = shipped_policy();
        let verdicts = |policy: &Policy| {
            [None, Some(0), Some(1), Some(2)].map(|count| {
                let (verdict, reasons) = policy.decide(&signals(vec![], count));
                (verdict, reasons[0].code == ReasonCode::SeenOnOtherAccounts)
            })
        };
        let none = (Inconclusive, false);
        assert_eq!(verdicts(&policy), [none, none, (Suspect, true), (Suspect, true)]);
        policy.seen.suspect_accounts = 2;
        assert_eq!(verdicts(&policy), [none, none, (Inconclusive, true), (Suspect, true)]);
        let allowed = vec![found(Purpose::Allow, OWN, Opinion::Confirmed, 0)];
        let (verdict, reasons) = policy.decide(&signals(allowed, Some(9)));
        assert_eq!((verdict, reasons.len()), (Verdict::Clear, 3));
    }
}
