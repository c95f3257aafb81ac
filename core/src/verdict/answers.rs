//! The answers: whether AI made the photo, whether it is a known one, and whether other accounts
//! show it. They are the same by every policy; what they amount to is not.
//!
//! Each question is answered by the strongest of the reasons that point to an answer.

use super::code::Code;
use super::reason::{Cause, Cost, Reason};
use crate::signals::{KnownPhoto, NotApplicable, NotCompared, Signals, UnableToEvaluate};

/// What is known about one photo, question by question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    pub made_by_ai: Answer<MadeByAi>,
    pub known_photo: Answer<KnownCopy>,
    /// `None` where the caller named no account.
    pub seen_elsewhere: Option<Answer<SeenOn>>,
}

/// One answer and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<T> {
    pub answer: T,
    /// The codes of the report's reasons that led to it; empty where nothing was found.
    pub reasons: Vec<Code>,
    /// What the threshold costs that was passed; `None` where none was, or nobody has measured it.
    pub cost: Option<Cost>,
}

/// Whether AI made the photo. The order is that of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MadeByAi {
    /// The score passes no threshold, and the file declares nothing. No proof.
    NoSign,
    NotJudged(NotJudged),
    /// Real and AI-made photos are hard to tell apart at this score, or it is not stable.
    Unsure,
    /// The score passes a threshold, and small changes of the photo do not change that.
    Likely,
    /// The file says so itself, by a mark that is believed.
    Declared,
}

/// Why a photo was not judged for AI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotJudged {
    NotApplicable(NotApplicable),
    UnableToEvaluate(UnableToEvaluate),
}

/// Whether the photo is a copy of a banked one. The order is that of strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KnownCopy {
    /// It is no copy of any known fake that it was compared with.
    NoMatch,
    NotCompared(NotCompared),
    /// It is a copy of one of which it is not certain that it belongs in its bank, or only by a
    /// part that an allowed photo has too.
    Unsure,
    /// It is a copy of a confirmed known fake.
    Match,
    /// It is a copy of a photo that is never flagged, and no bank that weighs more says otherwise.
    Allowed,
}

/// Whether other accounts show the photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeenOn {
    No,
    Yes { other_accounts: u32 },
}

impl Answers {
    /// The answers that these reasons lead to.
    pub(super) fn from_reasons(reasons: &[Reason], signals: &Signals) -> Self {
        let unmatched = match signals.known_photo {
            KnownPhoto::Compared { .. } => KnownCopy::NoMatch,
            KnownPhoto::NotCompared(why) => KnownCopy::NotCompared(why),
        };
        let seen = signals.seen.as_ref();
        Self {
            made_by_ai: MadeByAi::from_reasons(reasons),
            known_photo: strongest(unmatched, reasons, known_copy),
            seen_elsewhere: seen.map(|_| strongest(SeenOn::No, reasons, seen_on)),
        }
    }
}

fn strongest<T: Copy + Ord>(
    least: T,
    reasons: &[Reason],
    points_to: impl Fn(&Reason) -> Option<T>,
) -> Answer<T> {
    let answer = reasons.iter().filter_map(&points_to).fold(least, T::max);
    let mut leading = reasons.iter().filter(|reason| points_to(reason) == Some(answer));
    let mut codes: Vec<_> = leading.clone().map(Reason::code).collect();
    // Several banks may say the same.
    codes.dedup();
    Answer { answer, reasons: codes, cost: leading.find_map(|reason| reason.cost) }
}

fn made_by_ai(reason: &Reason) -> Option<MadeByAi> {
    match &reason.cause {
        Cause::DeclaredAiGenerated { .. } => Some(MadeByAi::Declared),
        Cause::SyntheticFace { .. } | Cause::SyntheticFaceStrong { .. } => Some(MadeByAi::Likely),
        Cause::SyntheticFaceUnsure { .. } | Cause::SyntheticFaceUnstable { .. } => {
            Some(MadeByAi::Unsure)
        }
        Cause::NotApplicable(why) => Some(MadeByAi::NotJudged(NotJudged::NotApplicable(*why))),
        Cause::DetectorFailed(why) => Some(MadeByAi::NotJudged(NotJudged::UnableToEvaluate(*why))),
        Cause::KnownPhoto(_)
        | Cause::KnownPhotoUnsure(_)
        | Cause::KnownPhotoPartAllowed(_)
        | Cause::KnownPhotoDisputed(_)
        | Cause::AllowedPhoto(_)
        | Cause::AllowedPhotoPart(_)
        | Cause::AllowedPhotoUnsure(_)
        | Cause::AllowedPhotoDisputed(_)
        | Cause::SeenOnOtherAccounts { .. }
        | Cause::LowDetail
        // An edited photo is not a made one, and the rest is context.
        | Cause::DeclaredAiEdited { .. }
        | Cause::CredentialsInvalid
        | Cause::ThumbnailDiffers
        | Cause::CameraContradicted { .. }
        | Cause::NoEvidence => None,
    }
}

fn known_copy(reason: &Reason) -> Option<KnownCopy> {
    match &reason.cause {
        Cause::KnownPhoto(copied) if copied.outranked_by.is_none() => Some(KnownCopy::Match),
        Cause::KnownPhotoUnsure(copied) if copied.outranked_by.is_none() => Some(KnownCopy::Unsure),
        Cause::AllowedPhoto(copied) if copied.outranked_by.is_none() => Some(KnownCopy::Allowed),
        // A copy it is, whoever disputes the list: `no_match` would not be true.
        Cause::KnownPhotoPartAllowed(_) | Cause::KnownPhotoDisputed(_) => Some(KnownCopy::Unsure),
        Cause::LowDetail => Some(KnownCopy::NotCompared(NotCompared::LowDetail)),
        _ => None,
    }
}

fn seen_on(reason: &Reason) -> Option<SeenOn> {
    match reason.cause {
        Cause::SeenOnOtherAccounts { other_accounts } => Some(SeenOn::Yes { other_accounts }),
        _ => None,
    }
}

impl MadeByAi {
    /// The answer that these reasons lead to.
    pub(super) fn from_reasons(reasons: &[Reason]) -> Answer<Self> {
        strongest(Self::NoSign, reasons, made_by_ai)
    }

    /// Every name.
    pub const NAMES: [&'static str; 5] = ["declared", "likely", "unsure", "no_sign", "not_judged"];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Likely => "likely",
            Self::Unsure => "unsure",
            Self::NoSign => "no_sign",
            Self::NotJudged(_) => "not_judged",
        }
    }

    /// The stable code of why there is no answer.
    #[must_use]
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::NotJudged(NotJudged::NotApplicable(why)) => Some(why.code()),
            Self::NotJudged(NotJudged::UnableToEvaluate(why)) => Some(why.code()),
            Self::Declared | Self::Likely | Self::Unsure | Self::NoSign => None,
        }
    }
}

impl KnownCopy {
    /// Every name.
    pub const NAMES: [&'static str; 5] = ["match", "unsure", "allowed", "no_match", "not_compared"];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Unsure => "unsure",
            Self::Allowed => "allowed",
            Self::NoMatch => "no_match",
            Self::NotCompared(_) => "not_compared",
        }
    }

    /// The stable code of why there is no answer.
    #[must_use]
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::NotCompared(why) => Some(why.code()),
            Self::Match | Self::Unsure | Self::Allowed | Self::NoMatch => None,
        }
    }
}

impl SeenOn {
    /// Every name.
    pub const NAMES: [&'static str; 2] = ["yes", "no"];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Yes { .. } => "yes",
            Self::No => "no",
        }
    }
}
