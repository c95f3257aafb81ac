//! What `photocheck eval-matching` measured, for its table and its page.

use std::collections::BTreeSet;

use photocheck_core::evaluation::edits::Edit;
use photocheck_core::evaluation::matching::Totals;
use photocheck_core::matching::hashes::Distance;

/// All that was measured about a folder of photos.
#[derive(Debug)]
pub struct MatchingRun {
    pub policy: String,
    pub seed: u64,
    /// Names below the folder, in the order that the edits were drawn in.
    pub photos: Vec<String>,
    /// How many of them are too plain to be looked up.
    pub too_plain: usize,
    /// Names of files that are no photos, with the reason.
    pub refused: Vec<(String, String)>,
    /// Positions in `photos` of pairs that are known to show the same.
    pub copies: BTreeSet<(usize, usize)>,
    pub totals: Totals,
    /// Nearest first.
    pub false_matches: Vec<FalseMatch>,
}

/// A photo that was taken for a copy of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FalseMatch {
    pub distance: Distance,
    /// Positions in the photos.
    pub photo: usize,
    pub edit: Option<Edit>,
    pub found: usize,
    pub view: &'static str,
    pub banked_view: &'static str,
}

impl MatchingRun {
    /// The name of the photo at a position.
    #[must_use]
    pub fn name(&self, position: usize) -> &str {
        self.photos.get(position).map_or("?", String::as_str)
    }
}

impl FalseMatch {
    /// Name of the edit.
    #[must_use]
    pub fn edit_name(&self) -> String {
        self.edit.map_or("clean".into(), Edit::name)
    }
}
