//! Scopes of API keys: what a key may be used for. None includes another.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One thing that a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyScope {
    /// Checking photos.
    Check,
    /// Listing, showing and exporting banks.
    BankRead,
    /// Creating, changing, filling and deleting banks.
    BankWrite,
    /// What reviewers do.
    Review,
    /// Managing the tenant's keys; with a key of the tenant `default`, all tenants.
    Admin,
}

/// What a key may be used for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyScopes(BTreeSet<KeyScope>);

/// Why scopes are not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyScopeError {
    #[error("a scope is one of check, bank:read, bank:write, review and admin, not {0:?}")]
    Unknown(String),
    #[error("a key needs at least one scope: check, bank:read, bank:write, review or admin")]
    None,
}

impl KeyScope {
    /// Every scope.
    pub const ALL: [Self; 5] =
        [Self::Check, Self::BankRead, Self::BankWrite, Self::Review, Self::Admin];

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::BankRead => "bank:read",
            Self::BankWrite => "bank:write",
            Self::Review => "review",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for KeyScope {
    type Err = KeyScopeError;

    fn from_str(name: &str) -> Result<Self, KeyScopeError> {
        let found = Self::ALL.into_iter().find(|scope| scope.name() == name);
        found.ok_or_else(|| KeyScopeError::Unknown(name.chars().take(80).collect()))
    }
}

impl KeyScopes {
    /// Whether this is among them.
    #[must_use]
    pub fn include(&self, scope: KeyScope) -> bool {
        self.0.contains(&scope)
    }

    /// Each of them, in the order of [`KeyScope::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = KeyScope> {
        self.0.iter().copied()
    }

    /// Scopes by their names.
    ///
    /// # Errors
    /// When there is none, or one is unknown.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, KeyScopeError> {
        let scopes: BTreeSet<_> = names.into_iter().map(str::parse).collect::<Result<_, _>>()?;
        let scopes = Self(scopes);
        scopes.ensure_some().map(|()| scopes)
    }

    /// Makes sure that there is one.
    ///
    /// # Errors
    /// When there is none.
    pub fn ensure_some(&self) -> Result<(), KeyScopeError> {
        if self.0.is_empty() { Err(KeyScopeError::None) } else { Ok(()) }
    }
}

impl FromIterator<KeyScope> for KeyScopes {
    fn from_iter<I: IntoIterator<Item = KeyScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

/// Names, separated by commas.
impl fmt::Display for KeyScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(KeyScope::name).collect();
        f.write_str(&names.join(","))
    }
}

impl KeyScopeError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "KEY_SCOPE_NOT_VALID"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let all: KeyScopes = KeyScope::ALL.into_iter().collect();
        assert_eq!(all.to_string(), "check,bank:read,bank:write,review,admin");
        assert_eq!(KeyScopes::from_names(all.to_string().split(',')).unwrap(), all);
        let some = KeyScopes::from_names(["bank:read", "check", "check"]).unwrap();
        assert_eq!(some.to_string(), "check,bank:read");
        assert!(some.include(KeyScope::BankRead) && !some.include(KeyScope::BankWrite));
        let unknown = KeyScopes::from_names(["bank"]).unwrap_err();
        assert_eq!(unknown, KeyScopeError::Unknown("bank".to_owned()));
        assert_eq!(KeyScopes::from_names([]).unwrap_err(), KeyScopeError::None);
    }
}
