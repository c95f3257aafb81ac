//! Examining one photo of a job: all of a check, or the part that was asked for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use photocheck_core::checker::Checker;
use photocheck_core::matching::hashes::PdqQuality;
use photocheck_core::matching::views::PhotoViews;
use photocheck_core::matching::views::kept::KeptViews;
use photocheck_core::photo::{Photo, PhotoError};
use photocheck_core::provenance::{self, Mark};
use photocheck_core::report::PhotoFacts;
use photocheck_core::signals::{KnownPhoto, NotApplicable, NotCompared, Signals, Synthetic};
use photocheck_core::verdict::{Code, Reason};

use super::outcome::Outcome;
use crate::app::live_index::View;
use crate::tenancy::TenantName;
use crate::wire::ReportJson;

/// What is asked of each photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Everything that `check` does.
    All,
    /// Whether it was made by AI, by its faces alone.
    Ai,
    /// What the file says of its origin.
    Provenance,
    /// The hash of the whole photo, by which equal photos are found.
    Hashes,
}

/// What photos are examined with.
#[derive(Debug, Clone)]
pub struct Examiner {
    pub checker: Arc<Checker>,
    /// The banks that its tenant sees, as they were when the job began.
    pub view: View,
    /// Its name.
    pub tenant: TenantName,
    /// Tells the database of the banks from others; `None` without banks.
    pub database: Option<String>,
    pub what: What,
}

/// What came of one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    pub outcome: Outcome,
    /// The whole report as JSON, of a whole check.
    pub report: Option<String>,
    /// What the photo is compared with others by.
    pub views: Option<KeptViews>,
}

impl What {
    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Ai => "ai",
            Self::Provenance => "provenance",
            Self::Hashes => "hashes",
        }
    }
}

impl Examiner {
    /// Examines the bytes of one photo. A fault of ours costs this photo alone.
    #[must_use]
    pub fn examine(&self, bytes: &[u8]) -> Examination {
        caught(|| match self.what {
            What::All => self.check(bytes),
            What::Ai => self.score(bytes),
            What::Provenance => self.read_marks(bytes),
            What::Hashes => hash(bytes),
        })
    }

    fn check(&self, bytes: &[u8]) -> Result<Examination, PhotoError> {
        let View { index, scope } = &self.view;
        let (examined, views) =
            self.checker.examine_with_views(bytes, index, scope, &mut |_| {})?;
        let report = self.checker.report(examined, None, self.checker.policy());
        Ok(Examination {
            outcome: Outcome::of_report(&report),
            report: serde_json::to_string(&ReportJson::from(&report)).ok(),
            views: Some(KeptViews::from(&views)),
        })
    }

    fn score(&self, bytes: &[u8]) -> Result<Examination, PhotoError> {
        let photo = Photo::decode(bytes)?;
        let mut outcome = Outcome::of_photo(&PhotoFacts::from(&photo));
        let synthetic = self.checker.synthetic(photo.pixels());
        outcome.add_score(&synthetic);
        outcome.judge(&self.judge(synthetic, Vec::new()));
        Ok(Examination { outcome, report: None, views: None })
    }

    fn read_marks(&self, bytes: &[u8]) -> Result<Examination, PhotoError> {
        let photo = Photo::decode(bytes)?;
        let mut outcome = Outcome::of_photo(&PhotoFacts::from(&photo));
        let views = PhotoViews::whole(photo.pixels());
        let marks = provenance::read(bytes, &photo, &views.hashes);
        outcome.add_marks(&marks);
        let nothing = Synthetic::NotApplicable { code: NotApplicable::NoFaceFound, faces: vec![] };
        // The detector was not asked, so its silence is no reason.
        let mut reasons = self.judge(nothing, marks);
        reasons.retain(|reason| reason.code() != Code::NoFaceFound);
        outcome.judge(&reasons);
        Ok(Examination { outcome, report: None, views: None })
    }

    /// What the policy makes of the part that was examined.
    fn judge(&self, synthetic: Synthetic, provenance: Vec<Mark>) -> Vec<Reason> {
        let signals = Signals {
            matches: vec![],
            known_photo: KnownPhoto::NotCompared(NotCompared::NoBanks),
            seen: None,
            pdq_quality: PdqQuality::BEST,
            synthetic,
            provenance,
        };
        self.checker.policy().decide(&signals).reasons
    }
}

/// The hash of one photo and nothing else, for which no model is needed.
#[must_use]
pub fn examine_hash(bytes: &[u8]) -> Examination {
    caught(|| hash(bytes))
}

fn caught(examine: impl FnOnce() -> Result<Examination, PhotoError>) -> Examination {
    let outcome = match catch_unwind(AssertUnwindSafe(examine)) {
        Ok(Ok(examination)) => return examination,
        Ok(Err(refused)) => Outcome::of_refused(&refused),
        Err(_) => Outcome::of_failed(),
    };
    Examination { outcome, report: None, views: None }
}

fn hash(bytes: &[u8]) -> Result<Examination, PhotoError> {
    let photo = Photo::decode(bytes)?;
    let mut outcome = Outcome::of_photo(&PhotoFacts::from(&photo));
    let views = PhotoViews::whole(photo.pixels());
    outcome.add_hash(views.hashes.pdq.to_hex(), views.hashes.pdq_quality.value());
    Ok(Examination { outcome, report: None, views: Some(KeptViews::from(&views)) })
}
