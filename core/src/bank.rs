//! What an index knows of a bank: its identity, what it is for, and how sure its reviewers are.

/// Names one bank for good. Names of banks are for people; two tenants may use the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankId(pub i64);

/// What a match with a bank means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Stolen photos, or photos that scams were run with.
    KnownFake,
    /// Photos that are never flagged: the owner's own, or a stock portrait wrongly banked.
    Allow,
    /// Photos seen on accounts.
    Seen,
}

/// A reviewer's judgement of a banked photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opinion {
    /// It belongs in its bank.
    Confirmed,
    /// Worth looking into; nobody has confirmed it.
    Unsure,
    /// Somebody says that it does not belong in its bank.
    Disputed,
}

/// A bank as an index knows it. None of this ever changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BankFacts {
    pub id: BankId,
    pub name: String,
    pub purpose: Purpose,
    /// Whether its contents were taken over from somebody else; the platform's own outrank them.
    pub imported: bool,
}
impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::KnownFake, Self::Allow, Self::Seen];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::KnownFake => "known_fake",
            Self::Allow => "allow",
            Self::Seen => "seen",
        }
    }

    /// The purpose of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }
}

impl Opinion {
    /// Every opinion.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::Unsure, Self::Disputed];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unsure => "unsure",
            Self::Disputed => "disputed",
        }
    }

    /// The opinion of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|opinion| opinion.name() == name)
    }
}
