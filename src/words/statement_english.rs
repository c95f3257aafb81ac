//! Statements of reasons in English.

use photocheck_core::verdict::{Code, Verdict};

use super::statement::StatementWords;

pub(super) const WORDS: StatementWords = StatementWords {
    title: "Statement of reasons",
    check: "Check",
    checked_at: "Checked on",
    photo: "Fingerprint of the file (SHA-256)",
    result: "Result",
    verdict,
    facts_title: "Facts and circumstances",
    counted: "The result rests on this:",
    not_counted: "This was found too, and did not lead to the result:",
    none_counted: "Nothing that was found counts against the photo.",
    fact,
    automated_title: "Use of automated means",
    automated: |model| {
        format!(
            "The photo was examined and judged by a program, photocheck, without a person. It \
             compares the photo with lists of known photos, reads what the file says of its own \
             origin, and searches faces for signs of artificial intelligence (AI) with a model \
             named {model}. It can be wrong."
        )
    },
    not_reviewed: "No person has reviewed the result.",
    appealed: "The result was contested, and a person is to decide on that.",
    confirmed: |day| format!("On {day} a person reviewed the result and confirmed it."),
    rejected: |day| format!("On {day} a person reviewed the result and found it wrong."),
    upheld: |day| format!("The result was contested. On {day} a person confirmed it."),
    overturned: |day| {
        format!("The result was contested. On {day} a person found it wrong: it no longer counts.")
    },
    ground_title: "Ground",
    ground: |name, version| {
        format!(
            "The result follows from a set of rules named {name}, version {version}, which says \
             how much each finding counts. These rules are neither a law nor a contract. The law \
             or the term of use on which a decision rests is for the platform to name."
        )
    },
    decision_title: "The decision",
    decision: "The program decides nothing about a photo or an account. What was restricted, \
               where and for how long, and whether somebody had reported the photo, is for the \
               platform to say.",
    redress_title: "How to contest it",
    redress: "Tell the platform that you do not agree, and why. It can pass that on as an appeal, \
              which a person decides; if the result was wrong, the photo is not flagged again. In \
              the European Union you may also use the platform's internal complaint system, turn \
              to a certified body for out-of-court dispute settlement, and go to court. The \
              platform has to tell you how.",
};

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clear => {
            "Nothing was found that counts against the photo. That does not prove that it is \
             genuine."
        }
        Verdict::Inconclusive => "It cannot be said with enough certainty what the photo is.",
        Verdict::Suspect => "There are signs that count against the photo. They are no proof.",
        Verdict::Fake => "By the rules named below the photo counts as a fake.",
    }
}

fn fact(code: Code, other_accounts: u32) -> String {
    match code {
        Code::KnownPhoto => "It is a copy of a photo that is known to be stolen or used in scams.",
        Code::KnownPhotoUnsure => {
            "It is a copy of a photo that was reported as stolen or used in scams, which nobody \
             has confirmed."
        }
        Code::KnownPhotoPartAllowed => {
            "A part of it is a copy of a photo that is known to be stolen or used in scams, and \
             another part of a photo that is never flagged."
        }
        Code::KnownPhotoDisputed => {
            "It is a copy of a photo that was reported as stolen or used in scams, which somebody \
             disputes."
        }
        Code::AllowedPhoto => "It is a copy of a photo that is never flagged.",
        Code::AllowedPhotoPart => {
            "A part of it is a copy of a photo that is never flagged. That clears no more than \
             the part."
        }
        Code::AllowedPhotoUnsure => {
            "It is a copy of a photo that is said to be harmless, which nobody has confirmed."
        }
        Code::AllowedPhotoDisputed => {
            "It is a copy of a photo that is said to be harmless, which somebody disputes."
        }
        Code::SeenOnOtherAccounts if other_accounts == 1 => "1 other account shows it too.",
        Code::SeenOnOtherAccounts => {
            return format!("{other_accounts} other accounts show it too.");
        }
        Code::SyntheticFace => "A face in it shows signs of having been made by AI.",
        Code::SyntheticFaceStrong => "A face in it shows strong signs of having been made by AI.",
        Code::SyntheticFaceUnsure => {
            "A face in it has some traces of pictures made by AI, as some real photos have."
        }
        Code::SyntheticFaceUnstable => {
            "A face in it shows signs of having been made by AI, but no longer after a small \
             change of the photo."
        }
        Code::NoFaceFound => "It was not judged for AI, because no face was found.",
        Code::FaceTooSmall => "It was not judged for AI, because the face is too small.",
        Code::FaceTooBlurred => "It was not judged for AI, because the face is too blurred.",
        Code::FaceDrawn => {
            "It was not judged for AI, because it seems to be a drawing or a figure."
        }
        Code::DetectorFailed => "It was not judged for AI, because that part of the check failed.",
        Code::LowDetail => {
            "It was not compared with known photos, because it has too little detail."
        }
        Code::DeclaredAiGenerated => "The file itself says that the picture was made by AI.",
        Code::DeclaredAiEdited => "The file itself says that the picture was edited with AI.",
        Code::CredentialsInvalid => {
            "The record of origin in the file is damaged, or is that of another picture."
        }
        Code::ThumbnailDiffers => "The small preview inside the file shows another picture.",
        Code::CameraContradicted => {
            "The file names a camera, and the face shows signs of having been made by AI."
        }
        Code::NoEvidence => {
            "No sign of a fake was found, which does not prove that the photo is genuine."
        }
    }
    .to_owned()
}
