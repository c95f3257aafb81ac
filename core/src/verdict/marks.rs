//! What marks of origin amount to: a file that declares its picture to be made by AI is believed.
//! All else is reported and decides nothing.

use super::reason::{Cause, Reason, Verdict};
use crate::provenance::{Claim, Kind, Mark};
use crate::signals::Synthetic;

/// The judgements on the marks alone.
pub(super) fn judge_marks(marks: &[Mark]) -> Vec<(Verdict, Reason)> {
    let first = |is_it: fn(&Mark) -> bool| marks.iter().find(|mark| is_it(mark));
    let made = first(|it| it.claim == Claim::AiGenerated).map(|mark| {
        (Verdict::Fake, Cause::DeclaredAiGenerated { claimed_by: mark.claimed_by.clone() })
    });
    let edited = first(|it| it.claim == Claim::AiEdited).map(|mark| {
        (Verdict::Clear, Cause::DeclaredAiEdited { claimed_by: mark.claimed_by.clone() })
    });
    let invalid = first(|it| it.kind == Kind::C2pa && it.claim == Claim::Invalid)
        .map(|_| (Verdict::Clear, Cause::CredentialsInvalid));
    let thumbnail =
        first(|it| it.kind == Kind::Thumbnail).map(|_| (Verdict::Clear, Cause::ThumbnailDiffers));
    let judged = [made, edited, invalid, thumbnail].into_iter().flatten();
    judged.map(|(verdict, cause)| (verdict, Reason::plain(cause))).collect()
}

/// Reports a camera that the file names although the picture looks made by AI, which it does from
/// `suspect_score` on. A camera lowers nothing: everybody can write one into a file.
pub(super) fn judge_camera(
    marks: &[Mark],
    synthetic: &Synthetic,
    suspect_score: f64,
) -> Option<(Verdict, Reason)> {
    let Synthetic::Evaluated(evaluated) = synthetic else { return None };
    let camera = marks.iter().find(|mark| mark.claim == Claim::Camera)?;
    if f64::from(evaluated.score.value()) < suspect_score {
        return None;
    }
    let cause = Cause::CameraContradicted { claimed_by: camera.claimed_by.clone() };
    Some((Verdict::Clear, Reason::plain(cause)))
}
