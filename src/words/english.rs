//! English sentences: lower case, without a full stop.

use photocheck_core::verdict::{Cause, Copied, Hub, Reason};

/// What a reason says.
#[must_use]
pub fn sentence(reason: &Reason) -> String {
    match &reason.cause {
        Cause::KnownPhoto(copied) => copy(copied, "", ""),
        Cause::KnownPhotoUnsure(copied) => copy(copied, "", ", which nobody has confirmed"),
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
        Cause::SyntheticFaceUnsure { faces } => {
            let face = face(*faces);
            format!("{face} has some traces of AI-made pictures, as some real photos have")
        }
        Cause::SyntheticFaceUnstable { faces } => format!(
            "{} looks as if it was made by AI, but no longer so after a small change of the photo",
            face(*faces)
        ),
        Cause::NoFaceFound => "no face was found, so the photo was not judged for AI".into(),
        Cause::FaceTooSmall => "the face is too small in the photo to be judged for AI".into(),
        Cause::FaceTooBlurred => "the face is too blurred to be judged for AI".into(),
        Cause::FaceDrawn => {
            "this looks like a drawing or a figure, so it was not judged for AI".into()
        }
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

    fn check(cause: Cause, expected: &str) {
        let reason = Reason { cause, value: None, threshold: None, cost: None };
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
}
