//! The page for moderators in English.

use photocheck_core::verdict::{Code, Verdict};

use super::page::{Refused, grouped};
use super::review::{
    DecideWords, DoneWords, ItemWords, KeyWords, LogInWords, Notices, QueueWords, ReviewWords,
};

pub(super) const WORDS: ReviewWords = ReviewWords {
    title: "Review",
    log_in: LogInWords {
        title: "Log in to review",
        lead: "This page is for the moderators of a platform. It shows what was flagged, and why.",
        key: "Your key",
        key_hint: "An API key with the scope “review”. Without keys, the token of the banks.",
        submit: "Log in",
        log_out: "Log out",
    },
    queue: QUEUE,
    verdict: |verdict| match verdict {
        Verdict::Fake => "Flagged",
        Verdict::Suspect => "Suspicious",
        Verdict::Inconclusive => "Unsure",
        Verdict::Clear => "Not flagged",
    },
    reason,
    item: ITEM,
    decide: DECIDE,
    done: DoneWords {
        confirmed: "You confirmed the verdict on the last photo.",
        confirmed_banked: "You confirmed the verdict on the last photo and put it into a bank.",
        rejected: "You rejected the verdict on the last photo.",
        rejected_allowed: "You rejected the verdict on the last photo. Nothing flags that photo \
                           again.",
        escalated: "You escalated the last photo.",
        appeal: "You decided the appeal. The platform is being informed, so this cannot be undone.",
        skipped: "You skipped the last photo. It is open to others.",
        undone: "Your decision was undone. The photo is open again.",
        none_left: "No photo of this list is free at the moment.",
        undo: "Undo",
        logged_out: "You are logged out.",
    },
    keys: KeyWords {
        title: "Keyboard shortcuts",
        lead: "They do the same as the buttons, while you are not writing.",
        next: "Review the next photo",
        undo: "Undo the last decision",
        help: "Show or hide this list",
        on: "Use keyboard shortcuts",
        close: "Close",
    },
    notices: NOTICES,
};

const QUEUE: QueueWords = QueueWords {
    lead: "The most suspicious photos come first, then the oldest.",
    parts: "Parts of the queue",
    open: "Open",
    escalated: "Escalated",
    decided: "Decided",
    appeals: "Appeals",
    next: "Review the next photo",
    filter_title: "Show only some",
    verdict: "Verdict",
    reason: "Reason",
    any: "Any",
    filter: "Show",
    empty: "Nothing waits here. You are up to date.",
    empty_decided: "Nobody has decided anything yet.",
    empty_filtered: "Nothing here matches. Choose another verdict or reason.",
    more: |count| format!("The first {count} are shown."),
    taken: "open with somebody else",
    yours: "open with you",
    photo: |name| format!("Photo {name}"),
    checked: |at| format!("Checked {at}"),
};

const ITEM: ItemWords = ItemWords {
    back: "Back to the queue",
    no_photo: "This service does not keep photos, so there is only the evidence to see. Look at \
               the photo itself in your own system.",
    why: "Why",
    score: |score, threshold| format!("Score {score}; the threshold is {threshold}."),
    distance: |bits, most| format!("{bits} of 256 bits differ; {most} may."),
    real: |count, of| {
        let verb = if count == 1 { "is" } else { "are" };
        format!("Of {} real photos, about {count} {verb} flagged for this.", grouped(of, ","))
    },
    by_chance: |of| {
        format!("At most 1 in {} pairs of different photos match by chance.", grouped(of, ","))
    },
    where_title: "Where it was found",
    drawing: "A drawing of the photo's frame, with what was found in it",
    drawing_lead: "The frame has the shape of the photo. Nothing of the photo is shown.",
    nothing_drawn: "No part of the photo stands out.",
    faces: "Thin line: a face.",
    heat: "Red: what looks most like AI. It is a hint, not a proof.",
    matches: "Copies of known photos",
    matched: |bank, bits, imported| {
        let whose = if imported { ", a list of somebody else" } else { "" };
        format!("“{bank}”{whose}: {bits} of 256 bits differ.")
    },
    accounts: "Other accounts",
    accounts_unknown: "It is not known whether other accounts show it: none was named with the \
                       photo, or none are kept.",
    other_accounts: |count| match count {
        0 => "No other account is known to show this photo.".to_owned(),
        1 => "1 other account shows this photo too.".to_owned(),
        _ => format!("{count} other accounts show this photo too."),
    },
    facts: "Which check it was",
    picture: "Picture",
    fingerprint: "Fingerprint of the file (SHA-256)",
    check: "Check",
    checked_at: "Checked",
    checked_with: "Checked with",
    appeal: "Somebody disputes the verdict",
    appealed: |at| format!("Appealed {at}"),
    feedback: "What was said of the verdict",
    said_right: "The verdict was right.",
    said_wrong: "The verdict was wrong.",
    history: "What was decided",
    nobody: "Nobody has decided yet.",
    escalated: "Escalated",
    confirmed: "Confirmed: the verdict was right",
    rejected: "Rejected: the verdict was wrong",
    upheld: "Appeal decided: the verdict stands",
    overturned: "Appeal decided: the verdict was wrong",
    undone: "undone",
    allowed: "Nothing flags the photo again.",
    banked: "The photo's hashes are in a bank.",
    by: |who, at| format!("by {who}, {at}"),
};

const DECIDE: DecideWords = DecideWords {
    title: "Was the verdict right?",
    appeal_title: "Does the verdict stand?",
    lease: |minutes| format!("For {minutes} minutes nobody else can decide about this photo."),
    take: "Review this photo",
    take_lead: "Open it before you decide, so that nobody else decides at the same time.",
    taken: "Somebody else is reviewing this photo. You can look at it, and decide once they are \
            done or their time is over.",
    confirm: "Confirm",
    confirm_hint: "The photo was rightly flagged.",
    reject: "Reject",
    reject_hint: "The photo was wrongly flagged.",
    uphold: "Uphold the verdict",
    uphold_hint: "The photo was rightly flagged.",
    overturn: "Overturn the verdict",
    overturn_hint: "The photo was wrongly flagged. Nothing flags it again.",
    escalate: "Escalate",
    skip: "Skip",
    allow: "When rejected, never flag this photo again",
    bank: "When confirmed, put it into the bank",
    no_bank: "None",
    reason: "Reason",
    reason_hint: "Needed to escalate. Kept with the check; in an appeal, sent to the platform.",
};

const NOTICES: Notices = Notices {
    over: Refused {
        what: "You are no longer logged in.",
        what_to_do: "A log-in ends after ten hours, and when its key is revoked. Log in again.",
    },
    key_not_valid: Refused {
        what: "This key does not let you in.",
        what_to_do: "Check that it is complete and has not expired, or ask whoever made it.",
    },
    scope: Refused {
        what: "This key is not for reviewing.",
        what_to_do: "Ask for a key with the scope “review”.",
    },
    throttled: Refused {
        what: "There were too many requests from your address.",
        what_to_do: "Wait a minute and try again.",
    },
    form: Refused {
        what: "This form is out of date, or does not come from this page. Nothing was changed.",
        what_to_do: "Open the queue again and repeat what you did.",
    },
    not_there: Refused {
        what: "There is no such photo in your queue.",
        what_to_do: "Checks are deleted when their time is over. Go back to the queue.",
    },
    not_yours: Refused {
        what: "You do not have this photo open, so nothing was changed.",
        what_to_do: "Somebody else took it or decided. Below is how it stands now.",
    },
    other_appeal: Refused {
        what: "This photo was appealed, or its appeal was decided, while you had it open.",
        what_to_do: "So nothing was changed. Below is how it stands now.",
    },
    not_undone: Refused {
        what: "This decision cannot be undone any more.",
        what_to_do: "It was undone before, or somebody decided again since.",
    },
    no_reason: Refused {
        what: "Nothing was changed: a reason is missing.",
        what_to_do: "Write why somebody else should decide, then escalate.",
    },
    long_reason: Refused {
        what: "Nothing was changed: the reason is too long.",
        what_to_do: "Shorten it to 1,000 bytes, which is some 150 words.",
    },
    allow_bank: Refused {
        what: "Nothing was changed: the bank ALLOWED_ON_APPEAL is used for something else.",
        what_to_do: "Ask whoever keeps the banks to rename it.",
    },
    no_bank: Refused {
        what: "Nothing was changed: that bank is not there any more.",
        what_to_do: "Choose another one, or none.",
    },
    busy: Refused {
        what: "The service is busy. Nothing was changed.",
        what_to_do: "Try again in a moment.",
    },
    failed: Refused {
        what: "Something failed here. It is not your fault.",
        what_to_do: "Try again later, or tell whoever runs the service.",
    },
};

fn reason(code: Code) -> &'static str {
    match code {
        Code::KnownPhoto => "A copy of a photo on a list of known photos",
        Code::KnownPhotoUnsure => "A copy of a listed photo that nobody has confirmed",
        Code::KnownPhotoPartAllowed => {
            "A part is a copy of a listed photo, a part of one that is never flagged"
        }
        Code::KnownPhotoDisputed => "A copy of a listed photo that is disputed",
        Code::AllowedPhoto => "A copy of a photo that is never flagged",
        Code::AllowedPhotoPart => "A part is a copy of a photo that is never flagged",
        Code::AllowedPhotoUnsure => "A copy of a photo that may be one never to flag",
        Code::AllowedPhotoDisputed => "A copy of a photo that is never flagged, which is disputed",
        Code::SeenOnOtherAccounts => "Other accounts show this photo too",
        Code::SyntheticFace => "A face looks as if AI made it",
        Code::SyntheticFaceStrong => "A face looks very much as if AI made it",
        Code::SyntheticFaceUnsure => "A face has some traces of AI, as some real photos have",
        Code::SyntheticFaceUnstable => {
            "A face looks as if AI made it, but not after a small change of the photo"
        }
        Code::NoFaceFound => "Not judged for AI: no face was found",
        Code::FaceTooSmall => "Not judged for AI: the face is too small",
        Code::FaceTooBlurred => "Not judged for AI: the face is too blurred",
        Code::FaceDrawn => "Not judged for AI: it seems to be a drawing or a figure",
        Code::DetectorFailed => "Not judged for AI: that part of the check failed",
        Code::LowDetail => "Too little detail to be compared with known photos",
        Code::DeclaredAiGenerated => "The file says that AI made it",
        Code::DeclaredAiEdited => "The file says that AI edited it",
        Code::CredentialsInvalid => "The signed record in the file does not match the file",
        Code::ThumbnailDiffers => "The preview in the file shows another picture",
        Code::CameraContradicted => "The file names a camera, and something contradicts that",
        Code::NoEvidence => "Nothing was found",
    }
}
