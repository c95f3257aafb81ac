//! The pipeline: the way of one photo from bytes to report.

use std::sync::Arc;

use image::RgbImage;

use crate::core::banks::{BankFacts, Opinion};
use crate::core::detector::Detector;
use crate::core::errors::PhotoError;
use crate::core::faces::FaceFinder;
use crate::core::hashes::PhotoHashes;
use crate::core::index::{ContentId, Entry, Index};
use crate::core::limits;
use crate::core::photo::Photo;
use crate::core::provenance;
use crate::core::report::{Match, PhotoFacts, Report, Signals, Versions};
use crate::core::verdict::Policy;
use crate::core::views::View;

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
        let photo = Photo::decode(bytes)?;
        let hashes = PhotoHashes::of(photo.pixels());
        let matches = self.matches(&hashes, index);
        let faces = self.face_finder.find(photo.pixels());
        let synthetic = self.detector.score(&photo, &faces);
        let provenance = provenance::read(bytes, &photo, &hashes);
        let pdq_quality = hashes.pdq_quality;
        let signals = Signals { matches, pdq_quality, synthetic, provenance };
        let (verdict, reasons) = self.policy.decide(&signals);
        let facts = PhotoFacts {
            digest: photo.digest(),
            format: photo.format(),
            width: photo.width(),
            height: photo.height(),
        };
        let versions = self.versions(index);
        Ok(Report { photo: facts, verdict, reasons, signals, hashes, versions })
    }

    /// The banked photos that these pixels are a copy of, as [`Self::check`] finds them.
    #[must_use]
    pub fn matches_of(&self, pixels: &RgbImage, index: &Index) -> Vec<Match> {
        self.matches(&PhotoHashes::of(pixels), index)
    }

    /// What an index holds of a photo once it is banked; nothing, if it is too plain to compare.
    #[must_use]
    pub fn entries_of(
        &self,
        pixels: &RgbImage,
        content: ContentId,
        bank: &Arc<BankFacts>,
    ) -> Vec<Entry> {
        let PhotoHashes { pdq, pdq_quality, .. } = PhotoHashes::of(pixels);
        let entry = Entry {
            hash: pdq,
            content,
            view: View::WHOLE,
            opinion: Opinion::Confirmed,
            bank: Arc::clone(bank),
        };
        if self.policy.is_comparable(pdq_quality) { vec![entry] } else { Vec::new() }
    }

    fn matches(&self, hashes: &PhotoHashes, index: &Index) -> Vec<Match> {
        if !self.policy.is_comparable(hashes.pdq_quality) {
            return Vec::new();
        }
        let near = index.lookup(hashes.pdq, self.policy.pdq_distance_max());
        let matches = near.into_iter().map(|near| Match {
            bank: near.bank,
            content: near.content,
            distance: near.distance,
            view: View::WHOLE,
            banked_view: near.view,
            opinion: near.opinion,
        });
        matches.take(limits::MATCHES_MAX).collect()
    }

    fn versions(&self, index: &Index) -> Versions {
        Versions {
            model: Arc::clone(&self.model),
            policy: Arc::clone(&self.policy_version),
            index: index.generation(),
        }
    }
}
