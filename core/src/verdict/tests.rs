//! What a policy decides on signals of all kinds.

use std::sync::Arc;

use super::*;
use crate::bank::{BankFacts, BankId, Opinion, Purpose};
use crate::matching::hashes::{Distance, PdqQuality};
use crate::matching::index::ContentId;
use crate::matching::views::{KeypointSlot, View};
use crate::region::Region;
use crate::signals::{
    KnownPhoto, Match, NotApplicable, SeenElsewhere, Signals, Synthetic, UnableToEvaluate,
};

/// The bundled policies.
pub(super) const STRICT: &str = include_str!("../../../models/policies/strict.toml");
pub(super) const LABEL: &str = include_str!("../../../models/policies/label.toml");

/// Thresholds by which this many other accounts count.
pub(super) fn thresholds(suspect_accounts: u32) -> String {
    format!(
        r#"
        version = "numbers"
        [known_photo]
        pdq_distance_max = 31
        pdq_distance_wide_max = 45
        gradient_distance_max = 14
        pdq_quality_min = 50
        keypoint_alone_max = 12
        keypoint_margin_min = 26
        false_match_rate = 1e-6
        [seen]
        suspect_accounts = {suspect_accounts}
        [quarantine]
        different_photos_max = 10
        distance_min = 46
        [synthetic_face]
        model = "test"
        unsure = {{ score = 0.5, false_positive_rate = 0.05 }}
        suspect = {{ score = 0.8, false_positive_rate = 0.01, score_interval = [0.7, 0.9] }}
        "#
    )
}

/// The policy `strict` with these thresholds.
fn policy(suspect_accounts: u32) -> Policy {
    Policy::load(&thresholds(suspect_accounts), STRICT, "test").unwrap()
}

fn decide(signals: &Signals) -> (Verdict, Vec<Reason>) {
    let Decided { verdict, reasons, .. } = policy(1).decide(signals);
    (verdict, reasons)
}

/// Kinds of matches, nearest first; the verdict; the codes of their reasons.
type Case<'a> = (&'a [(Purpose, bool, Opinion)], Verdict, &'a [&'a str]);

pub(super) const OWN: bool = false;
pub(super) const IMPORTED: bool = true;

/// A match of the whole photo.
pub(super) fn found(purpose: Purpose, imported: bool, opinion: Opinion, distance: u16) -> Match {
    let name = format!("{}_{imported}", purpose.name());
    Match {
        bank: Arc::new(BankFacts { id: BankId(1), name, purpose, imported }),
        content: ContentId(distance.into()),
        distance: Distance(distance),
        view: View::Whole,
        mirrored: false,
        region: Region::WHOLE,
        banked_view: View::Whole,
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
        known_photo: KnownPhoto::Compared { hashes: 1 },
        seen: other_accounts.map(|other_accounts| SeenElsewhere { bank, other_accounts, since_s }),
        pdq_quality: PdqQuality::new(100).unwrap(),
        synthetic: Synthetic::NotApplicable { code: NotApplicable::NoFaceFound, faces: Vec::new() },
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
        // The platform's own unsure match outranks what others are sure of.
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
        let (decided, reasons) = decide(&signals(matches, None));
        let mut expected = codes.to_vec();
        expected.push("NO_FACE_FOUND");
        let reported: Vec<_> = reasons.iter().map(|reason| reason.code().name()).collect();
        assert_eq!((decided, reported), (*verdict, expected), "{kinds:?}");
    }
}

#[test]
fn a_part_that_is_allowed_clears_no_more_than_a_part() {
    use Purpose::{Allow, KnownFake};
    use Verdict::{Clear, Fake, Inconclusive};
    let part = View::Keypoint(KeypointSlot::new(0).unwrap());
    let of =
        |purpose, imported, view| Match { view, ..found(purpose, imported, Opinion::Confirmed, 3) };
    for (matches, verdict) in [
        (vec![of(Allow, OWN, View::Whole)], Clear),
        (vec![of(Allow, OWN, part)], Inconclusive), // for want of a face
        (vec![of(KnownFake, OWN, part)], Fake),
        (vec![of(Allow, OWN, part), of(KnownFake, OWN, View::Whole)], Fake),
        (vec![of(Allow, OWN, part), of(KnownFake, OWN, part)], Inconclusive),
        (vec![of(Allow, OWN, part), of(KnownFake, IMPORTED, part)], Inconclusive),
        (vec![of(Allow, IMPORTED, part), of(KnownFake, OWN, part)], Fake),
        (vec![of(Allow, OWN, View::Whole), of(KnownFake, OWN, part)], Clear),
        // The whole of one known fake decides, though a part of another lies nearer.
        (
            vec![
                of(KnownFake, OWN, part),
                of(Allow, OWN, part),
                Match { distance: Distance(9), ..of(KnownFake, OWN, View::Whole) },
            ],
            Fake,
        ),
    ] {
        let case = format!("{matches:?}");
        assert_eq!(decide(&signals(matches, None)).0, verdict, "{case}");
    }
    let (_, reasons) = decide(&signals(vec![of(Allow, OWN, part)], None));
    assert_eq!(reasons[0].code(), Code::AllowedPhotoPart);
    // That it is set against a known fake, the report says.
    let both = vec![of(Allow, OWN, part), of(KnownFake, OWN, part), of(KnownFake, IMPORTED, part)];
    let (_, reasons) = decide(&signals(both, None));
    let codes: Vec<_> = reasons.iter().map(Reason::code).collect();
    let expected = [Code::KnownPhotoPartAllowed, Code::AllowedPhotoPart, Code::KnownPhoto];
    assert_eq!(codes[..3], expected);
    let Cause::KnownPhoto(copied) = &reasons[2].cause else { panic!("{reasons:?}") };
    assert_eq!(copied.outranked_by.as_ref().unwrap().name, "known_fake_false");
}

#[test]
fn a_match_that_is_outranked_says_by_which_list() {
    let matches = vec![
        found(Purpose::KnownFake, OWN, Opinion::Confirmed, 3),
        found(Purpose::Allow, OWN, Opinion::Confirmed, 9),
    ];
    let (_, mut reasons) = decide(&signals(matches, None));
    assert_eq!(reasons.pop().unwrap().code(), Code::NoFaceFound);
    let outranked_by = reasons.iter().map(|reason| match &reason.cause {
        Cause::KnownPhoto(copied) | Cause::AllowedPhoto(copied) => copied.outranked_by.as_ref(),
        cause => panic!("{cause:?}"),
    });
    let names: Vec<_> = outranked_by.map(|bank| bank.map(|bank| bank.name.as_str())).collect();
    assert_eq!(names, [None, Some("allow_false")]);
    assert_eq!((reasons[0].value, reasons[1].value), (Some(9.0), Some(3.0)));
}

#[test]
fn many_matches_do_not_crowd_out_the_one_that_decides() {
    let near = (0..200).map(|_| found(Purpose::KnownFake, IMPORTED, Opinion::Disputed, 1));
    let mut matches: Vec<_> = near.collect();
    matches.push(found(Purpose::KnownFake, IMPORTED, Opinion::Unsure, 20));
    matches.push(found(Purpose::Allow, OWN, Opinion::Confirmed, 31));
    let kept = weightiest(matches, 100);
    assert_eq!(kept.len(), 100);
    assert!(kept.is_sorted_by_key(|found| found.distance));
    let (verdict, _) = decide(&signals(kept, None));
    assert_eq!(verdict, Verdict::Clear);
}

#[test]
fn sightings_make_a_photo_suspect_from_the_policys_number_on() {
    use Verdict::{Inconclusive, Suspect};
    let verdicts = |suspect_accounts: u32| {
        [None, Some(0), Some(1), Some(2)].map(|count| {
            let decided = policy(suspect_accounts).decide(&signals(vec![], count));
            (decided.verdict, decided.reasons[0].code() == Code::SeenOnOtherAccounts)
        })
    };
    let none = (Inconclusive, false);
    assert_eq!(verdicts(1), [none, none, (Suspect, true), (Suspect, true)]);
    assert_eq!(verdicts(2), [none, none, (Inconclusive, true), (Suspect, true)]);
    let allowed = vec![found(Purpose::Allow, OWN, Opinion::Confirmed, 0)];
    let decided = policy(2).decide(&signals(allowed, Some(9)));
    assert_eq!((decided.verdict, decided.reasons.len()), (Verdict::Clear, 3));
}

/// What is wrong with a policy, a fault a line.
fn faults(thresholds: &str, policy: &str) -> Vec<String> {
    let PolicyError(faults) = Policy::load(thresholds, policy, "test").unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn all_faults_of_a_policy_are_named() {
    assert_eq!(
        faults(&thresholds(0), STRICT),
        ["the policy's seen.suspect_accounts is 0, it must lie between 1 and 4294967295"]
    );
    let own = STRICT
        .replace("name = \"strict\"", "name = \"Ours!\"\nweight = 1")
        .replace("version = \"1\"\n", "")
        .replace("KNOWN_PHOTO = \"fake\"", "KNOWN_FOTO = \"fake\"")
        .replace("LOW_DETAIL = \"inconclusive\"", "LOW_DETAIL = \"fishy\"")
        .replace("NO_FACE_FOUND = \"inconclusive\"", "NO_FACE_FOUND = 3")
        .replace("SYNTHETIC_FACE = \"suspect\"", "SYNTHETIC_FACE = \"fake\"")
        + "ALLOWED_PHOTO = \"clear\"\n[quarantine]\ndistance_min = 0\ndifferent_photos_max = 0\n\
           [synthetic_face]\nmodel = \"test\"\n";
    let verdicts = "it must be \"clear\", \"inconclusive\", \"suspect\" or \"fake\"";
    assert_eq!(
        faults(&thresholds(1), &own),
        [
            "there is no weight",
            "name has 1 to 32 characters of a-z, 0-9, '.', '_' and '-', not \"Ours!\"",
            "version is missing",
            "weights.ALLOWED_PHOTO: no policy weighs this reason",
            "weights.KNOWN_FOTO: there is no such reason",
            "weights.KNOWN_PHOTO is missing",
            "weights.SYNTHETIC_FACE is \"fake\", it must be at most \"suspect\"",
            &format!("weights.NO_FACE_FOUND is 3, {verdicts}"),
            &format!("weights.LOW_DETAIL is \"fishy\", {verdicts}"),
            "synthetic_face: missing field `unsure`",
            "the policy's quarantine.different_photos_max is 0, it must lie between 1 and 1000",
            "the policy's quarantine.distance_min is 0, it must lie between 1 and 256",
        ]
    );
    let other = thresholds(1).replace("\"test\"", "\"another\"");
    let model = "the thresholds are written for model another, the model loaded is test";
    assert_eq!(faults(&other, STRICT), [model]);
    assert_eq!(faults(&thresholds(1), "name = 1\nweights = 1").len(), 3);
    assert_eq!(faults("version", "name").len(), 2, "neither is TOML");
}

/// A section of the policy's own replaces the one of the thresholds.
#[test]
fn a_policy_of_ones_own_has_its_own_weights_and_thresholds() {
    let own = STRICT
        .replace("name = \"strict\"", "name = \"ours\"")
        .replace("NO_FACE_FOUND = \"inconclusive\"", "NO_FACE_FOUND = \"suspect\"")
        + "[seen]\nsuspect_accounts = 3\n";
    let policy = Policy::load(&thresholds(1), &own, "test").unwrap();
    assert_eq!(policy.version().to_string(), "ours 1, thresholds numbers");
    let mut photo = signals(vec![], Some(2));
    assert_eq!(policy.decide(&photo).verdict, Verdict::Suspect, "for want of a face");
    photo.synthetic = Synthetic::UnableToEvaluate { code: UnableToEvaluate::ModelFailed };
    let decided = policy.decide(&photo);
    assert_eq!(decided.verdict, Verdict::Inconclusive, "two accounts do not count");
    let seen = decided.answers.seen_elsewhere.unwrap();
    assert_eq!(seen.answer, SeenOn::Yes { other_accounts: 2 }, "which is said all the same");
}
