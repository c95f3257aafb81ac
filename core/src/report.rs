//! The report: the one answer that the service, the page and the command line return.
//!
//! These are the core's own types; the shell writes them as JSON. Equal bytes and equal versions
//! make an equal report: it depends neither on the clock nor on the caller. Only where the caller
//! named an account does a report include the sightings of that moment.

use std::sync::Arc;

use crate::matching::hashes::PhotoHashes;
use crate::matching::index::{Index, Scope};
use crate::matching::views::ViewHashes;
use crate::photo::{Animation, Photo, PhotoDigest, PhotoFormat};
use crate::signals::{Match, Signals};
use crate::verdict::{Reason, Verdict};

/// All that was found out about one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub photo: PhotoFacts,
    pub verdict: Verdict,
    /// Every judgement; never empty.
    pub reasons: Vec<Reason>,
    pub signals: Signals,
    pub known_photo: KnownPhoto,
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
    pub known_photo: KnownPhoto,
    pub hashes: PhotoHashes,
    /// The hashes of views other than the whole.
    pub views: Vec<ViewHashes>,
    pub versions: Versions,
}

/// Whether the photo was compared with known fakes. Where it was not, an empty list of matches
/// says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownPhoto {
    /// With this many of their hashes.
    Compared {
        hashes: usize,
    },
    NotCompared(NotCompared),
}

/// Why a photo was not compared with known fakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCompared {
    /// No bank of known fakes holds a photo that is looked up.
    NoBanks,
    /// No part of the photo has enough detail.
    LowDetail,
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
    /// Version of the policy file.
    pub policy: Arc<str>,
    /// Generation of the banks; each change of a bank raises it.
    pub index: i64,
}

impl NotCompared {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoBanks => "NO_BANKS",
            Self::LowDetail => "LOW_DETAIL",
        }
    }
}

impl KnownPhoto {
    /// What a photo with enough detail is compared with in this scope.
    #[must_use]
    pub fn by(index: &Index, scope: &Scope) -> Self {
        match index.known_fakes(scope) {
            0 => Self::NotCompared(NotCompared::NoBanks),
            hashes => Self::Compared { hashes },
        }
    }

    /// The same for a photo of which no part has enough detail.
    #[must_use]
    pub fn with_low_detail(self) -> Self {
        match self {
            Self::Compared { .. } => Self::NotCompared(NotCompared::LowDetail),
            Self::NotCompared(_) => self,
        }
    }
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
