//! The pipeline: the way of one photo from bytes to report, a stage a line in
//! [`Checker::examine_decoded`].

use std::sync::Arc;

use image::RgbImage;

use crate::bank::Purpose;
use crate::detector::{Detector, ScoreLevels};
use crate::faces::{Face, FaceFinder, Faces};
use crate::limits;
use crate::matching::Matcher;
use crate::matching::index::{Index, Scope};
use crate::matching::views::{Framing, PhotoViews};
use crate::photo::{Photo, PhotoError};
use crate::provenance;
use crate::report::{Examined, PhotoFacts, Report, Versions};
use crate::signals::{KnownPhoto, Match, SeenElsewhere, Signals, Synthetic};
use crate::verdict::{Decided, Policy, weightiest};

/// What judges photos: the models and the policy, loaded once and shared between threads.
#[derive(Debug)]
pub struct Checker {
    face_finder: Arc<FaceFinder>,
    detector: Arc<Detector>,
    matcher: Matcher,
    policy: Policy,
    model: Arc<str>,
}

/// A stage of a check, for callers that measure how long each takes: the core has no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Decode,
    Faces,
    Views,
    Lookup,
    Model,
    Marks,
    /// [`Checker::report`].
    Verdict,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::Decode,
        Self::Faces,
        Self::Views,
        Self::Lookup,
        Self::Model,
        Self::Marks,
        Self::Verdict,
    ];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Faces => "faces",
            Self::Views => "views",
            Self::Lookup => "lookup",
            Self::Model => "model",
            Self::Marks => "marks",
            Self::Verdict => "verdict",
        }
    }
}

impl Checker {
    /// Puts loaded parts together.
    #[must_use]
    pub fn new(face_finder: FaceFinder, detector: Detector, policy: Policy) -> Self {
        let matcher = Matcher::new(*policy.thresholds());
        let model = Arc::from(detector.name());
        let (face_finder, detector) = (Arc::new(face_finder), Arc::new(detector));
        Self { face_finder, detector, matcher, policy, model }
    }

    /// The same models with another policy. Copies are found as before: an index is made for the
    /// thresholds of one policy.
    #[must_use]
    pub fn with_policy(&self, policy: Policy) -> Self {
        let (face_finder, detector) = (Arc::clone(&self.face_finder), Arc::clone(&self.detector));
        Self {
            face_finder,
            detector,
            matcher: self.matcher,
            policy,
            model: Arc::clone(&self.model),
        }
    }

    /// Checks one photo against the banks of a scope.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn check(&self, bytes: &[u8], index: &Index, scope: &Scope) -> Result<Report, PhotoError> {
        Ok(self.report(self.examine(bytes, index, scope)?, None, &self.policy))
    }

    /// The first half of [`Checker::check`], for callers that look up sightings before the policy
    /// decides.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn examine(
        &self,
        bytes: &[u8],
        index: &Index,
        scope: &Scope,
    ) -> Result<Examined, PhotoError> {
        self.examine_in_stages(bytes, index, scope, &mut |_| {})
    }

    /// The same, and says after each stage that it is `done`.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn examine_in_stages(
        &self,
        bytes: &[u8],
        index: &Index,
        scope: &Scope,
        done: &mut dyn FnMut(Stage),
    ) -> Result<Examined, PhotoError> {
        Ok(self.examine_with_views(bytes, index, scope, done)?.0)
    }

    /// The same, with all that the photo is looked up by, for callers that compare photos with each
    /// other.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn examine_with_views(
        &self,
        bytes: &[u8],
        index: &Index,
        scope: &Scope,
        done: &mut dyn FnMut(Stage),
    ) -> Result<(Examined, PhotoViews), PhotoError> {
        let photo = Photo::decode(bytes)?;
        done(Stage::Decode);
        Ok(self.examine_decoded(bytes, &photo, index, scope, done))
    }

    /// The stages behind decoding, for callers that need the photo too. `bytes` are those that it
    /// was decoded from.
    #[must_use]
    pub fn examine_decoded(
        &self,
        bytes: &[u8],
        photo: &Photo,
        index: &Index,
        scope: &Scope,
        done: &mut dyn FnMut(Stage),
    ) -> (Examined, PhotoViews) {
        let pixels = photo.pixels();
        let framing = Framing::find(pixels);
        let faces = self.find_faces(pixels, &framing);
        done(Stage::Faces);
        let views = PhotoViews::hash(pixels, &framing, faces);
        done(Stage::Views);
        let (seen_copies, matches) = split_seen(self.matches(&views, index, scope));
        done(Stage::Lookup);
        let synthetic = self.score(pixels, &views.faces.whole);
        done(Stage::Model);
        let provenance = provenance::read(bytes, photo, &views.hashes);
        done(Stage::Marks);
        let pdq_quality = views.hashes.pdq_quality;
        let examined = Examined {
            photo: PhotoFacts::from(photo),
            signals: Signals {
                matches,
                known_photo: self.known_photo(&views, index, scope),
                seen: None,
                pdq_quality,
                synthetic,
                provenance,
            },
            seen_copies,
            hashes: views.hashes,
            views: views.banked().collect(),
            generation: index.generation(),
        };
        (examined, views)
    }

    /// The second half of [`Checker::check`]: lets a policy decide.
    #[must_use]
    pub fn report(
        &self,
        examined: Examined,
        seen: Option<SeenElsewhere>,
        policy: &Policy,
    ) -> Report {
        let Examined { photo, mut signals, hashes, generation, .. } = examined;
        signals.seen = seen;
        let Decided { verdict, answers, reasons } = policy.decide(&signals);
        let versions = Versions {
            model: Arc::clone(&self.model),
            policy: Arc::clone(policy.version()),
            index: generation,
        };
        Report { photo, verdict, answers, reasons, signals, hashes, versions }
    }

    /// The stage of faces: those of the whole photo, those inside its frame, and the boxes that
    /// squares are laid over.
    #[must_use]
    pub fn find_faces(&self, pixels: &RgbImage, framing: &Framing) -> Faces {
        self.face_finder.find_all(pixels, framing.inside())
    }

    /// The stage of matching: the banked photos of a scope that this one is a copy of, nearest
    /// first, whatever their bank is for.
    #[must_use]
    pub fn matches(&self, views: &PhotoViews, index: &Index, scope: &Scope) -> Vec<Match> {
        self.matcher.matches(views, index, scope)
    }

    /// The stage of the detector: its answer by these faces and smaller ones beside them.
    #[must_use]
    pub fn score(&self, pixels: &RgbImage, faces: &[Face]) -> Synthetic {
        let faces = self.face_finder.faces_to_judge(pixels, faces);
        // Between the two no variant can change the verdict.
        let levels = ScoreLevels {
            unsure: self.policy.unsure_score(),
            suspect: self.policy.suspect_score(),
        };
        self.detector.score(pixels, &faces, levels)
    }

    /// All that a photo is compared by: the stages up to the views.
    #[must_use]
    pub fn views(&self, pixels: &RgbImage) -> PhotoViews {
        let framing = Framing::find(pixels);
        let faces = self.find_faces(pixels, &framing);
        PhotoViews::hash(pixels, &framing, faces)
    }

    /// Decodes a photo and returns all that it is compared by.
    ///
    /// # Errors
    /// A [`PhotoError`] when the bytes are no photo within the limits.
    pub fn hash(&self, bytes: &[u8]) -> Result<PhotoViews, PhotoError> {
        Photo::decode(bytes).map(|photo| self.views(photo.pixels()))
    }

    /// The detector's answer on these pixels, without all else that [`Self::check`] does.
    #[must_use]
    pub fn synthetic(&self, pixels: &RgbImage) -> Synthetic {
        self.score(pixels, &self.face_finder.find(pixels))
    }

    /// The faces of these pixels, as the detector judges them.
    #[must_use]
    pub fn judged_faces(&self, pixels: &RgbImage) -> Vec<Face> {
        self.face_finder.faces_to_judge(pixels, &self.face_finder.find(pixels))
    }

    /// What decides which photos are copies.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// The policy whose thresholds it examines by, and that decides unless another one is named.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The detector itself.
    #[must_use]
    pub fn detector(&self) -> &Detector {
        &self.detector
    }

    /// Name of the detector's model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    fn known_photo(&self, views: &PhotoViews, index: &Index, scope: &Scope) -> KnownPhoto {
        let known_photo = KnownPhoto::by(index, scope);
        if self.matcher.looks_up_any(views) { known_photo } else { known_photo.with_low_detail() }
    }
}

/// Photos seen on accounts, and those that weigh most of all others.
fn split_seen(matches: Vec<Match>) -> (Vec<Match>, Vec<Match>) {
    let is_seen = |found: &Match| found.bank.purpose == Purpose::Seen;
    let (mut seen, others): (Vec<_>, Vec<_>) = matches.into_iter().partition(is_seen);
    seen.truncate(limits::MATCHES_MAX);
    (seen, weightiest(others, limits::MATCHES_MAX))
}
