//! English: sentences of answers, and of reasons in lower case, without a full stop.

use photocheck_core::signals::{NotApplicable, NotCompared};
use photocheck_core::verdict::{
    Answer, Cause, Copied, Cost, Hub, KnownCopy, MadeByAi, NotJudged, Reason, SeenOn,
};

/// Whether AI made the photo, and how sure that is.
#[must_use]
pub fn made_by_ai(answer: &Answer<MadeByAi>) -> String {
    let plain = match answer.answer {
        MadeByAi::Declared => "The file itself says that this photo was made by AI.",
        MadeByAi::Likely => "Probably made by AI.",
        MadeByAi::Unsure => "Perhaps made by AI: the check cannot tell.",
        MadeByAi::NoSign => "No sign that AI made it. That does not prove that it is real.",
        MadeByAi::NotJudged(NotJudged::NotApplicable(why)) => match why {
            NotApplicable::NoFaceFound => "Not judged for AI: no face was found.",
            NotApplicable::FaceTooSmall => "Not judged for AI: the face is too small.",
            NotApplicable::FaceTooBlurred => "Not judged for AI: the face is too blurred.",
            NotApplicable::FaceDrawn => "Not judged for AI: it seems to be a drawing or a figure.",
        },
        MadeByAi::NotJudged(NotJudged::UnableToEvaluate(_)) => {
            "Not judged for AI: that part of the check failed."
        }
    };
    match answer.cost {
        Some(Cost::FalsePositiveRate(rate)) => {
            let (count, of) = one_in(rate);
            let verb = if count == "1" { "scores" } else { "score" };
            format!("{plain} About {count} in {of} real photos {verb} as high.")
        }
        Some(Cost::FalseMatchRate(_)) | None => plain.to_owned(),
    }
}

/// Whether it is a copy of a known photo, and how sure that is.
#[must_use]
pub fn known_copy(answer: &Answer<KnownCopy>) -> String {
    let plain = match answer.answer {
        KnownCopy::Match => "A copy of a photo that is known to be stolen or used in scams.",
        KnownCopy::Unsure => {
            "A copy of a photo on a list of known photos, but it is not certain that it belongs \
             there."
        }
        KnownCopy::Allowed => "A copy of a photo that is never flagged.",
        KnownCopy::NoMatch => {
            "No copy of a known photo. It can still be stolen: not every stolen photo is on a list."
        }
        KnownCopy::NotCompared(NotCompared::NoBanks) => {
            "Not compared with known photos: there are none here yet."
        }
        KnownCopy::NotCompared(NotCompared::LowDetail) => {
            "Not compared with known photos: it has too little detail."
        }
    };
    match (answer.answer, answer.cost) {
        (KnownCopy::Match, Some(Cost::FalseMatchRate(rate))) => {
            let (count, of) = one_in(rate);
            format!("{plain} At most {count} in {of} pairs of different photos match by chance.")
        }
        _ => plain.to_owned(),
    }
}

/// Whether other accounts show it.
#[must_use]
pub fn seen_on(answer: &Answer<SeenOn>) -> String {
    match answer.answer {
        SeenOn::No => "No other account is known to show this photo.".to_owned(),
        SeenOn::Yes { other_accounts: 1 } => "1 other account shows this photo too.".to_owned(),
        SeenOn::Yes { other_accounts } => {
            format!("{other_accounts} other accounts show this photo too.")
        }
    }
}

/// A rate as so many in so many: 5 in 100, or 1 in more.
fn one_in(rate: f64) -> (String, String) {
    if rate < 0.01 {
        ("1".to_owned(), format!("{:.0}", 1.0 / rate))
    } else {
        (format!("{:.0}", rate * 100.0), "100".to_owned())
    }
}

/// What a reason says.
#[must_use]
pub fn sentence(reason: &Reason) -> String {
    match &reason.cause {
        Cause::KnownPhoto(copied) => copy(copied, "", ""),
        Cause::KnownPhotoUnsure(copied) => copy(copied, "", ", which nobody has confirmed"),
        Cause::KnownPhotoPartAllowed(copied) => {
            copy(copied, "a part of ", ", and a part is a copy of one that is never flagged")
        }
        Cause::KnownPhotoDisputed(copied) => copy(copied, "", DISPUTED),
        Cause::AllowedPhoto(copied) => copy(copied, "", ALLOWED),
        Cause::AllowedPhotoPart(copied) => {
            copy(copied, "a part of ", &format!("{ALLOWED}; that clears no more than the part"))
        }
        Cause::AllowedPhotoUnsure(copied) => {
            copy(copied, "", &format!("{ALLOWED}, but nobody has confirmed it"))
        }
        Cause::AllowedPhotoDisputed(copied) => copy(copied, "", &format!("{ALLOWED}{DISPUTED}")),
        Cause::SeenOnOtherAccounts { other_accounts: 1 } => {
            "1 other account shows this photo too".into()
        }
        Cause::SeenOnOtherAccounts { other_accounts } => {
            format!("{other_accounts} other accounts show this photo too")
        }
        Cause::SyntheticFace { faces } => {
            format!("{} looks as if it was made by AI", face(*faces))
        }
        Cause::SyntheticFaceStrong { faces } => {
            format!("{} looks very much as if it was made by AI", face(*faces))
        }
        Cause::SyntheticFaceUnsure { faces } => {
            let face = face(*faces);
            format!("{face} has some traces of AI-made pictures, as some real photos have")
        }
        Cause::SyntheticFaceUnstable { faces } => format!(
            "{} looks as if it was made by AI, but no longer so after a small change of the photo",
            face(*faces)
        ),
        Cause::NotApplicable(why) => match why {
            NotApplicable::NoFaceFound => "no face was found, so the photo was not judged for AI",
            NotApplicable::FaceTooSmall => "the face is too small in the photo to be judged for AI",
            NotApplicable::FaceTooBlurred => "the face is too blurred to be judged for AI",
            NotApplicable::FaceDrawn => {
                "this looks like a drawing or a figure, so it was not judged for AI"
            }
        }
        .into(),
        Cause::DetectorFailed(failure) => {
            format!("the photo could not be judged for AI ({})", failure.code())
        }
        Cause::LowDetail => {
            "the photo has too little detail to be compared with known photos".into()
        }
        Cause::DeclaredAiGenerated { claimed_by } => {
            format!(
                "the file itself says that it was made by AI{}",
                in_brackets(claimed_by.as_deref())
            )
        }
        Cause::DeclaredAiEdited { claimed_by } => {
            format!(
                "the file itself says that it was edited with AI{}",
                in_brackets(claimed_by.as_deref())
            )
        }
        Cause::CredentialsInvalid => {
            "the content credentials in the file are not of this picture, or are broken".into()
        }
        Cause::ThumbnailDiffers => "the preview inside the file shows another picture".into(),
        Cause::CameraContradicted { claimed_by } => {
            let camera = in_brackets(claimed_by.as_deref());
            format!("the file names a camera{camera}, the face looks AI-made")
        }
        Cause::NoEvidence => {
            "no evidence of a fake was found, which is no proof that the photo is genuine".into()
        }
    }
}

/// Why a banked photo is quarantined.
#[must_use]
pub fn quarantine(hub: Hub) -> String {
    format!("it matches more than {} different photos of accounts", hub.different_photos_max)
}

/// Why a banked photo is quarantined that mostly led to wrong verdicts.
#[must_use]
pub fn mostly_wrong(wrong: u64, decided: u64) -> String {
    format!("{wrong} of {decided} verdicts that it led to were decided to be wrong")
}

const ALLOWED: &str = ", whose photos are never flagged";
const DISPUTED: &str = ", but it is disputed that it belongs there";

fn copy(copied: &Copied, part: &str, more: &str) -> String {
    let Copied { bank, outranked_by } = copied;
    let copy = format!("{part}this photo is a copy of one in the list {}{more}", bank.name);
    match outranked_by {
        Some(other) => format!("{copy}; it is outranked by the list {}", other.name),
        None => copy,
    }
}

fn face(faces: usize) -> String {
    match faces {
        0 | 1 => "the face".to_owned(),
        faces => format!("one of the {faces} faces"),
    }
}

/// Who claims it.
fn in_brackets(claimed_by: Option<&str>) -> String {
    claimed_by.map(|name| format!(" ({name})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use photocheck_core::bank::{BankFacts, BankId, Purpose};
    use photocheck_core::verdict::Verdict;

    fn check(cause: Cause, expected: &str) {
        let (value, threshold, cost, weight) = (None, None, None, Verdict::Clear);
        let reason = Reason { cause, value, threshold, cost, weight };
        assert_eq!(sentence(&reason), expected);
    }

    fn copied(outranked_by: Option<&str>) -> Copied {
        let bank = |name: &str| {
            let (id, name) = (BankId(1), name.to_owned());
            Arc::new(BankFacts { id, name, purpose: Purpose::Allow, imported: false })
        };
        Copied { bank: bank("OWN"), outranked_by: outranked_by.map(bank) }
    }

    #[test]
    fn copies_name_their_list_and_what_outranks_it() {
        check(Cause::KnownPhoto(copied(None)), "this photo is a copy of one in the list OWN");
        check(
            Cause::KnownPhotoDisputed(copied(Some("THEIRS"))),
            "this photo is a copy of one in the list OWN, but it is disputed that it belongs \
             there; it is outranked by the list THEIRS",
        );
        check(
            Cause::AllowedPhotoPart(copied(None)),
            "a part of this photo is a copy of one in the list OWN, whose photos are never \
             flagged; that clears no more than the part",
        );
        check(
            Cause::AllowedPhotoDisputed(copied(None)),
            "this photo is a copy of one in the list OWN, whose photos are never flagged, but it \
             is disputed that it belongs there",
        );
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        let seen = |other_accounts| Cause::SeenOnOtherAccounts { other_accounts };
        check(seen(1), "1 other account shows this photo too");
        check(seen(3), "3 other accounts show this photo too");
        let made = |faces| Cause::SyntheticFace { faces };
        check(made(1), "the face looks as if it was made by AI");
        check(made(2), "one of the 2 faces looks as if it was made by AI");
    }

    #[test]
    fn claims_name_who_makes_them() {
        let made = |claimed_by| Cause::DeclaredAiGenerated { claimed_by };
        check(made(None), "the file itself says that it was made by AI");
        check(made(Some("X".into())), "the file itself says that it was made by AI (X)");
    }

    #[test]
    fn answers_say_how_sure_they_are() {
        let made = |answer, cost| made_by_ai(&Answer { answer, reasons: vec![], cost });
        let rate = |rate| Some(Cost::FalsePositiveRate(rate));
        assert_eq!(
            made(MadeByAi::Likely, rate(0.01)),
            "Probably made by AI. About 1 in 100 real photos scores as high."
        );
        let unsure = made(MadeByAi::Unsure, rate(0.05));
        assert!(unsure.ends_with("About 5 in 100 real photos score as high."), "{unsure}");
        let rare = made(MadeByAi::Likely, rate(0.001));
        assert!(rare.ends_with("About 1 in 1000 real photos scores as high."), "{rare}");
        let cost = Some(Cost::FalseMatchRate(2e-6));
        let known = |answer| known_copy(&Answer { answer, reasons: vec![], cost });
        assert_eq!(
            known(KnownCopy::Match),
            "A copy of a photo that is known to be stolen or used in scams. At most 1 in 500000 \
             pairs of different photos match by chance."
        );
        assert_eq!(known(KnownCopy::Allowed), "A copy of a photo that is never flagged.");
    }
}
