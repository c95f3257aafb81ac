//! The formats of exchange and their names.

/// A format of exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A PDQ hash per line, which its quality, gradient hash and file name may follow.
    Text,
    /// CSV with a header.
    Csv,
    /// JSON a line, with all that a bank keeps.
    Ndjson,
    /// `pdq` and a hash a line: what python-threatexchange's `local_file` exchange reads.
    Threatexchange,
    /// CSV as python-threatexchange dumps its data sets.
    ThreatexchangeCsv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] =
        [Self::Text, Self::Csv, Self::Ndjson, Self::Threatexchange, Self::ThreatexchangeCsv];

    /// The names, for messages.
    pub const NAMES: &'static str = "text, csv, ndjson, threatexchange, threatexchange-csv";

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Threatexchange => "threatexchange",
            Self::ThreatexchangeCsv => "threatexchange-csv",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}
