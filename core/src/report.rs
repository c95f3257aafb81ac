//! The report: the one answer that every door gives.
//!
//! These are the core's own types; how they are written as JSON is the shell's business. Equal
//! bytes and equal versions give an equal report: nothing of the clock or of the caller is in it.
//! Only where the caller named an account does a report say what the sightings of that moment are.

use std::sync::Arc;

use crate::bank::{BankFacts, Opinion};
use crate::detector::Synthetic;
use crate::matching::hashes::{Distance, PdqQuality, PhotoHashes};
use crate::matching::index::{ContentId, Index};
use crate::matching::views::{View, ViewHashes};
use crate::photo::{Animation, PhotoDigest, PhotoFormat};
use crate::provenance::Finding;
use crate::verdict::{Reason, Verdict};

/// All that was found out about one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub photo: PhotoFacts,
    pub verdict: Verdict,
    /// Every finding; never empty.
    pub reasons: Vec<Reason>,
    pub signals: Signals,
    pub known_photo: KnownPhoto,
    pub hashes: PhotoHashes,
    pub versions: Versions,
}

/// One photo, looked at: all that a report is made of, before the policy decides.
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

/// Whether the photo was compared with known fakes. Where it was not, that none was found says
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownPhoto {
    /// With so many of their hashes.
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
    /// What a photo is compared with that has enough detail.
    #[must_use]
    pub fn by(index: &Index) -> Self {
        match index.known_fakes() {
            0 => Self::NotCompared(NotCompared::NoBanks),
            hashes => Self::Compared { hashes },
        }
    }

    /// The same of a photo of which no part has enough detail.
    #[must_use]
    pub fn with_low_detail(self) -> Self {
        match self {
            Self::Compared { .. } => Self::NotCompared(NotCompared::LowDetail),
            Self::NotCompared(_) => self,
        }
    }
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

/// The evidence that the verdict rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Known and allowed photos this one is a copy of, nearest first, at most
    /// [`crate::limits::MATCHES_MAX`]: of more, those that weigh most.
    pub matches: Vec<Match>,
    /// `None` where the caller named no account.
    pub seen: Option<SeenElsewhere>,
    /// Detail of the hash that was looked up.
    pub pdq_quality: PdqQuality,
    pub synthetic: Synthetic,
    /// What the file says about its origin, at most [`crate::limits::FINDINGS_MAX`].
    pub provenance: Vec<Finding>,
}

/// On which other accounts the photo was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenElsewhere {
    /// The bank that keeps the sightings.
    pub bank: String,
    /// Other accounts than the one that the caller named.
    pub other_accounts: u32,
    /// When the first of them showed it, in seconds since 1970, UTC; `None` if there is none.
    pub since_s: Option<i64>,
}

/// A banked photo of which this one is a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub bank: Arc<BankFacts>,
    pub content: ContentId,
    pub distance: Distance,
    /// Which view of the photo met the banked one.
    pub view: View,
    /// Whether it met it mirrored.
    pub mirrored: bool,
    /// The part of the photo that this view shows: x, y, width, height as fractions of its sides; a
    /// square over a face at the photo's edge may reach outside 0 to 1.
    pub region: [f32; 4],
    /// Which view of the banked photo it met.
    pub banked_view: View,
    /// What is thought of the banked photo.
    pub opinion: Opinion,
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
