//! The pipeline: the way of one photo from bytes to report.

use std::sync::Arc;

use image::RgbImage;

use crate::bank::Purpose;
use crate::detector::{Detector, Synthetic};
use crate::faces::{Face, FaceFinder};
use crate::limits;
use crate::matching::index::Index;
use crate::matching::views::PhotoViews;
use crate::photo::Photo;
use crate::photo::PhotoError;
use crate::provenance;
use crate::report::{
    Examined, KnownPhoto, Match, PhotoFacts, Report, SeenElsewhere, Signals, Versions,
};
use crate::verdict::Policy;

/// What judges photos: the models and the policy, loaded once and shared between threads.
#[derive(Debug)]
pub struct Checker {
    face_finder: FaceFinder,
    detector: Detector,
    policy: Policy,
    model: Arc<str>,
    policy_version: Arc<str>,
}

impl Checker {
    /// Puts loaded parts together.
    #[must_use]
    pub fn new(face_finder: FaceFinder, detector: Detector, policy: Policy) -> Self {
        let model = Arc::from(detector.name());
        let policy_version = Arc::from(policy.version());
        Self { face_finder, detector, policy, model, policy_version }
    }

    /// The policy that decides.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Name of the detector's model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Checks one photo against one view of the banks.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn check(&self, bytes: &[u8], index: &Index) -> Result<Report, PhotoError> {
        Ok(self.report(self.examine(bytes, index)?, None))
    }

    /// The first half of [`Checker::check`], for doors that look up sightings before the policy
    /// decides.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn examine(&self, bytes: &[u8], index: &Index) -> Result<Examined, PhotoError> {
        let photo = Photo::decode(bytes)?;
        let views = self.views(photo.pixels());
        let hashes = views.hashes;
        let is_seen = |found: &Match| found.bank.purpose == Purpose::Seen;
        let (mut seen_copies, matches): (Vec<_>, Vec<_>) =
            self.policy.matches(&views, index).into_iter().partition(is_seen);
        seen_copies.truncate(limits::MATCHES_MAX);
        let known_photo = KnownPhoto::by(index);
        let is_looked_up = self.policy.looks_up_any(&views);
        let known_photo = if is_looked_up { known_photo } else { known_photo.with_low_detail() };
        let matches = Policy::weightiest(matches, limits::MATCHES_MAX);
        let synthetic = self.scored(photo.pixels(), &views.faces);
        let provenance = provenance::read(bytes, &photo, &hashes);
        let pdq_quality = hashes.pdq_quality;
        let signals = Signals { matches, seen: None, pdq_quality, synthetic, provenance };
        let facts = PhotoFacts {
            digest: photo.digest(),
            format: photo.format(),
            width: photo.width(),
            height: photo.height(),
            animation: photo.animation(),
        };
        let (versions, views) = (self.versions(index), views.banked().collect());
        Ok(Examined { photo: facts, signals, seen_copies, known_photo, hashes, views, versions })
    }

    /// The banked photos that these pixels are a copy of, as [`Self::check`] finds them.
    #[must_use]
    pub fn matches_of(&self, pixels: &RgbImage, index: &Index) -> Vec<Match> {
        self.policy.matches(&self.views(pixels), index)
    }

    /// The detector itself.
    #[must_use]
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// The faces of these pixels, as the detector judges them.
    #[must_use]
    pub fn judged_faces(&self, pixels: &RgbImage) -> Vec<Face> {
        self.refined(pixels, &self.face_finder.find(pixels))
    }

    /// What the detector says of these pixels, without all that [`Self::check`] does beside.
    #[must_use]
    pub fn synthetic(&self, pixels: &RgbImage) -> Synthetic {
        self.scored(pixels, &self.face_finder.find(pixels))
    }

    fn scored(&self, pixels: &RgbImage, faces: &[Face]) -> Synthetic {
        let faces = self.refined(pixels, faces);
        self.detector.score(pixels, &faces, self.policy.unsure_score())
    }

    /// These faces and smaller ones, in the boxes that the detector's training gave.
    fn refined(&self, pixels: &RgbImage, faces: &[Face]) -> Vec<Face> {
        self.face_finder.refined(pixels, &self.face_finder.with_smaller(pixels, faces))
    }

    /// All that a photo is compared by.
    #[must_use]
    pub fn views(&self, pixels: &RgbImage) -> PhotoViews {
        PhotoViews::of(pixels, &self.face_finder)
    }

    /// Decodes a photo and gives all that it is compared by.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn hash(&self, bytes: &[u8]) -> Result<PhotoViews, PhotoError> {
        Photo::decode(bytes).map(|photo| self.views(photo.pixels()))
    }

    /// The second half of [`Checker::check`]: lets the policy decide.
    #[must_use]
    pub fn report(&self, examined: Examined, seen: Option<SeenElsewhere>) -> Report {
        let Examined { photo, mut signals, known_photo, hashes, versions, .. } = examined;
        signals.seen = seen;
        let (verdict, reasons) = self.policy.decide(&signals);
        Report { photo, verdict, reasons, signals, known_photo, hashes, versions }
    }

    fn versions(&self, index: &Index) -> Versions {
        Versions {
            model: Arc::clone(&self.model),
            policy: Arc::clone(&self.policy_version),
            index: index.generation(),
        }
    }
}
