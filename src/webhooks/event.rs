//! Events: what a tenant is told without asking.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// A check that was accepted to be done later is finished.
    CheckFinished,
    /// An appeal against a verdict was decided.
    AppealDecided,
    /// A photo was banked that accounts had shown before.
    PhotoSeenBefore,
    /// A banked photo matches too many different ones or mostly led to wrong verdicts, and is
    /// looked up no more.
    HashQuarantined,
    /// One of the tenant's endpoints failed for so long that nothing is sent to it any more.
    EndpointSwitchedOff,
}

/// Which events an endpoint is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKinds {
    /// All, also those of later versions.
    All,
    /// These.
    Some(BTreeSet<EventKind>),
}

/// An event that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub kind: EventKind,
    /// The body of its message: JSON.
    pub payload: String,
}

/// A text names no kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an event is one of {}, not {name:?}", EventKind::ALL.map(EventKind::name).join(", "))]
pub struct EventKindError {
    name: String,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::CheckFinished,
        Self::AppealDecided,
        Self::PhotoSeenBefore,
        Self::HashQuarantined,
        Self::EndpointSwitchedOff,
    ];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CheckFinished => "check.finished",
            Self::AppealDecided => "appeal.decided",
            Self::PhotoSeenBefore => "photo.seen_before",
            Self::HashQuarantined => "hash.quarantined",
            Self::EndpointSwitchedOff => "endpoint.switched_off",
        }
    }
}

impl FromStr for EventKind {
    type Err = EventKindError;

    fn from_str(name: &str) -> Result<Self, EventKindError> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| EventKindError { name: name.chars().take(80).collect() })
    }
}

impl EventKindError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "EVENT_NOT_VALID"
    }
}

impl EventKinds {
    /// Whether this is among them.
    #[must_use]
    pub fn include(&self, kind: EventKind) -> bool {
        match self {
            Self::All => true,
            Self::Some(kinds) => kinds.contains(&kind),
        }
    }

    /// By their names; all where there is none.
    ///
    /// # Errors
    /// When one is unknown.
    pub fn from_names<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, EventKindError> {
        let kinds: BTreeSet<_> = names.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        Ok(if kinds.is_empty() { Self::All } else { Self::Some(kinds) })
    }

    /// The names of those that were chosen; none where all are.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Self::All => Vec::new(),
            Self::Some(kinds) => kinds.iter().map(|kind| kind.name()).collect(),
        }
    }
}

/// Names, separated by commas; nothing for all.
impl fmt::Display for EventKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_they_are_written() {
        let read =
            |text: &str| EventKinds::from_names(text.split(',').filter(|name| !name.is_empty()));
        assert_eq!(read("").unwrap(), EventKinds::All);
        let some = read("photo.seen_before,check.finished,check.finished").unwrap();
        assert_eq!(some.to_string(), "check.finished,photo.seen_before");
        assert_eq!(read(&some.to_string()).unwrap(), some);
        assert!(some.include(EventKind::CheckFinished));
        assert!(!some.include(EventKind::HashQuarantined));
        let unknown = read("check.begun").unwrap_err();
        assert!(unknown.to_string().ends_with("not \"check.begun\""), "{unknown}");
    }
}
