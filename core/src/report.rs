//! The report: the one answer that the service, the page and the command line return.
//!
//! These are the core's own types; the shell writes them as JSON. Equal bytes and equal versions
//! make an equal report: it depends neither on the clock nor on the caller. Only where the caller
//! named an account does a report include the sightings of that moment.

use std::sync::Arc;

use crate::matching::hashes::PhotoHashes;
use crate::matching::views::ViewHashes;
use crate::photo::{Animation, Photo, PhotoDigest, PhotoFormat};
use crate::signals::{Match, Signals};
use crate::verdict::{Answers, PolicyVersion, Reason, Verdict};

/// All that was found out about one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub photo: PhotoFacts,
    /// The policy's sum of the answers.
    pub verdict: Verdict,
    pub answers: Answers,
    /// Every judgement; never empty.
    pub reasons: Vec<Reason>,
    pub signals: Signals,
    pub hashes: PhotoHashes,
    pub versions: Versions,
}

/// One photo, examined: all that a report is made of, before the policy decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    pub photo: PhotoFacts,
    pub signals: Signals,
    /// Photos seen on accounts that this one is a copy of, nearest first, at most
    /// [`crate::limits::MATCHES_MAX`]. No report lists them: who was seen where is not for
    /// everybody who sends a photo.
    pub seen_copies: Vec<Match>,
    pub hashes: PhotoHashes,
    /// The hashes of views other than the whole.
    pub views: Vec<ViewHashes>,
    /// Generation of the banks that it was compared with.
    pub generation: i64,
}

/// What the file was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoFacts {
    pub digest: PhotoDigest,
    pub format: PhotoFormat,
    /// Pixels after orientation.
    pub width: u32,
    /// Pixels after orientation.
    pub height: u32,
    /// The frames of an animation, and which was judged; `None` for a still picture.
    pub animation: Option<Animation>,
}

/// What the answer depends on besides the photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Name of the detector's model.
    pub model: Arc<str>,
    pub policy: Arc<PolicyVersion>,
    /// Generation of the banks; each change of a bank raises it.
    pub index: i64,
}

impl From<&Photo> for PhotoFacts {
    fn from(photo: &Photo) -> Self {
        Self {
            digest: photo.digest(),
            format: photo.format(),
            width: photo.width(),
            height: photo.height(),
            animation: photo.animation(),
        }
    }
}
