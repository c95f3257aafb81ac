//! What marks of origin say: a file that declares its picture to be made by AI is believed.
//! The rest is context.

use super::reason::{Cause, Reason};
use crate::provenance::{Claim, Kind, Mark};
use crate::signals::Synthetic;

/// The judgements on the marks alone.
pub(super) fn judge_marks(marks: &[Mark]) -> Vec<Reason> {
    let first = |is_it: fn(&Mark) -> bool| marks.iter().find(|mark| is_it(mark));
    let made = first(|it| it.claim == Claim::AiGenerated)
        .map(|mark| Cause::DeclaredAiGenerated { claimed_by: mark.claimed_by.clone() });
    let edited = first(|it| it.claim == Claim::AiEdited)
        .map(|mark| Cause::DeclaredAiEdited { claimed_by: mark.claimed_by.clone() });
    let invalid = first(|it| it.kind == Kind::C2pa && it.claim == Claim::Invalid)
        .map(|_| Cause::CredentialsInvalid);
    let thumbnail = first(|it| it.kind == Kind::Thumbnail).map(|_| Cause::ThumbnailDiffers);
    [made, edited, invalid, thumbnail].into_iter().flatten().map(Reason::plain).collect()
}

/// Reports a camera that the file names although the picture looks made by AI, which it does from
/// `suspect_score` on. A camera lowers nothing: everybody can write one into a file.
pub(super) fn judge_camera(
    marks: &[Mark],
    synthetic: &Synthetic,
    suspect_score: f64,
) -> Option<Reason> {
    let Synthetic::Evaluated(evaluated) = synthetic else { return None };
    let camera = marks.iter().find(|mark| mark.claim == Claim::Camera)?;
    if f64::from(evaluated.score.value()) < suspect_score {
        return None;
    }
    Some(Reason::plain(Cause::CameraContradicted { claimed_by: camera.claimed_by.clone() }))
}
