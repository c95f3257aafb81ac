//! What the queries of HMA's interface ask for. What is named there and is not here (`seed`,
//! `bypass_coinflip`) is passed over: every bank is looked up always.

use photocheck_core::matching::hashes::PdqHash;
use serde::Deserialize;

use crate::app::lookup::LookedIn;
use crate::http::problem::Problem;

/// The one kind of content.
const CONTENT_TYPE: &str = "photo";

/// The one kind of hash that is exchanged.
pub(super) const SIGNAL_TYPE: &str = "pdq";

/// The query of what hashes, looks up or banks.
#[derive(Debug, Deserialize)]
pub struct Asked {
    pub(super) url: Option<String>,
    content_type: Option<String>,
    /// Of signals, separated by commas.
    types: Option<String>,
    signal: Option<String>,
    signal_type: Option<String>,
    /// Names, separated by commas.
    banks: Option<String>,
    include_distance: Option<String>,
    include_signals: Option<String>,
    include_metadata: Option<String>,
}

impl Asked {
    /// Makes sure that only kinds are asked for that there are.
    ///
    /// # Errors
    /// A [`Problem`] that names the other one.
    pub(super) fn ensure_kinds(&self) -> Result<(), Problem> {
        if let Some(other) = self.content_type.as_deref().filter(|it| *it != CONTENT_TYPE) {
            return Err(Problem::not_known("content_type", other, CONTENT_TYPE));
        }
        for name in self.types.iter().flat_map(|types| types.split(',')) {
            ensure_signal_type("types", name.trim())?;
        }
        Ok(())
    }

    /// The banks that are meant.
    pub(super) fn looked_in(&self) -> LookedIn {
        match self.banks.as_deref() {
            None | Some("") => LookedIn::KnownFakes,
            Some(names) => LookedIn::Named(names.split(',').map(ToOwned::to_owned).collect()),
        }
    }

    /// The hash that is looked up.
    ///
    /// # Errors
    /// A [`Problem`] when there is none.
    pub(super) fn hash(&self) -> Result<PdqHash, Problem> {
        let (Some(signal), Some(kind)) = (&self.signal, &self.signal_type) else {
            return Err(Problem::query_not_valid("both signal and signal_type are needed"));
        };
        ensure_signal_type("signal_type", kind)?;
        read_hash(signal)
    }

    /// Whether it is a file's and not a hash's matches that are asked for.
    pub(super) fn names_one_type(&self) -> bool {
        self.signal_type.is_some()
    }

    pub(super) fn wants_distance(&self) -> bool {
        is_true(self.include_distance.as_deref())
    }

    pub(super) fn wants_signals(&self) -> bool {
        is_true(self.include_signals.as_deref())
    }

    pub(super) fn wants_metadata(&self) -> bool {
        self.include_metadata.is_none() || is_true(self.include_metadata.as_deref())
    }
}

/// Makes sure that a signal is of the one kind.
///
/// # Errors
/// A [`Problem`] that names the other one.
pub(super) fn ensure_signal_type(field: &str, name: &str) -> Result<(), Problem> {
    if name == SIGNAL_TYPE {
        return Ok(());
    }
    Err(Problem::not_known(field, name, SIGNAL_TYPE))
}

/// Reads a hash.
///
/// # Errors
/// A [`Problem`] when it is none.
pub(super) fn read_hash(text: &str) -> Result<PdqHash, Problem> {
    PdqHash::from_hex(text).ok_or_else(|| {
        let start: String = text.chars().take(80).collect();
        Problem::query_not_valid(&format!(
            "a PDQ hash has 64 hexadecimal digits, and this is none: {start:?}"
        ))
    })
}

fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1")
}
