//! The report: the one answer that every door gives.
//!
//! These are the core's own types; how they are written as JSON is the shell's business. Equal
//! bytes and equal versions give an equal report: nothing of the clock or of the caller is in it.

use std::sync::Arc;

use crate::core::banks::{BankFacts, Opinion};
use crate::core::detector::Synthetic;
use crate::core::hashes::{Distance, PdqQuality, PhotoHashes};
use crate::core::index::ContentId;
use crate::core::photo::{PhotoDigest, PhotoFormat};
use crate::core::provenance::Finding;
use crate::core::verdict::{Reason, Verdict};
use crate::core::views::View;

/// All that was found out about one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub photo: PhotoFacts,
    pub verdict: Verdict,
    /// Every finding; never empty.
    pub reasons: Vec<Reason>,
    pub signals: Signals,
    pub hashes: PhotoHashes,
    pub versions: Versions,
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
}

/// The evidence that the verdict rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Banked photos this one is a copy of, nearest first, at most
    /// [`crate::core::limits::MATCHES_MAX`].
    pub matches: Vec<Match>,
    /// Detail of the hash that was looked up.
    pub pdq_quality: PdqQuality,
    pub synthetic: Synthetic,
    /// What the file says about its origin, at most [`crate::core::limits::FINDINGS_MAX`].
    pub provenance: Vec<Finding>,
}

/// A banked photo of which this one is a copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub bank: Arc<BankFacts>,
    pub content: ContentId,
    pub distance: Distance,
    /// Which view of the photo met the banked one.
    pub view: View,
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
