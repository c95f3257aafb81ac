//! What `photocheck eval` measured, for its table and its page.

use photocheck_core::evaluation::detection::{Judged, SourceRow, Summary, Truth};
use photocheck_core::evaluation::edits::Edit;

/// All that was measured about labelled photos.
#[derive(Debug)]
pub struct DetectionRun {
    pub model: String,
    pub policy: String,
    pub suspect_score: f64,
    /// As the labels name them.
    pub names: Vec<String>,
    /// In the order of the names.
    pub judged: Vec<Judged>,
    pub summary: Summary,
    pub sources: Vec<SourceRow>,
    /// By the detector alone, after each edit; empty if it was not asked for.
    pub robustness: Vec<(Edit, Summary)>,
    pub against: Option<Against>,
}

/// Another model on the same photos.
#[derive(Debug)]
pub struct Against {
    pub model: String,
    pub summary: Summary,
    /// Scores at which the two models state the same rate of honest photos: this one, the other.
    pub thresholds: (f64, f64),
    pub changed: Vec<Changed>,
}

/// A photo on one side of one model's threshold and on the other of the other's.
#[derive(Debug)]
pub struct Changed {
    /// Its position in the names.
    pub photo: usize,
    pub score: f64,
    pub other: f64,
}

impl DetectionRun {
    /// How the labels name a photo.
    #[must_use]
    pub fn name(&self, photo: usize) -> &str {
        self.names.get(photo).map_or("", String::as_str)
    }

    /// `AI` or `real`.
    #[must_use]
    pub fn class(&self, photo: usize) -> &'static str {
        let synthetic = |one: &Judged| one.truth == Truth::Synthetic;
        if self.judged.get(photo).is_some_and(synthetic) { "AI" } else { "real" }
    }
}
