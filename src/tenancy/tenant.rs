//! Tenants: platforms whose banks, sightings and keys are apart from each other's.

use std::fmt;

use thiserror::Error;

/// Names one tenant for as long as it exists. Another never gets the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub i64);

/// A tenant's name: 1 to [`TenantName::CHARS_MAX`] of `a`-`z`, `0`-`9` and `-`, not at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TenantName(String);

/// What people call a key: one line of at most [`KeyName::BYTES_MAX`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyName(String);

/// Why a name is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// A name that breaks the rule, cut off after the limit.
    #[error(
        "a tenant's name has 1 to 40 of the characters a to z, 0 to 9 and -, no - at its ends, \
         not {0:?}"
    )]
    Tenant(String),
    #[error(
        "a key's name is one line of 1 to {} bytes; this one has {bytes} bytes",
        KeyName::BYTES_MAX
    )]
    Key { bytes: usize },
}

impl TenantId {
    /// The tenant of whoever runs the service. It is always there.
    pub const DEFAULT: Self = Self(1);
}

impl TenantName {
    /// Characters of a name.
    pub const CHARS_MAX: usize = 40;
    /// The name of [`TenantId::DEFAULT`].
    pub const DEFAULT: &str = "default";

    /// Checks the rule.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let ends_well = !name.starts_with('-') && !name.ends_with('-');
        let has_length = (1..=Self::CHARS_MAX).contains(&name.len());
        if has_length && ends_well && name.bytes().all(allowed) {
            return Ok(Self(name.to_owned()));
        }
        Err(NameError::Tenant(name.chars().take(Self::CHARS_MAX + 1).collect()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyName {
    /// Bytes of a name.
    pub const BYTES_MAX: usize = 100;

    /// Checks the limit, and that a terminal or a table can show it.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let has_length = (1..=Self::BYTES_MAX).contains(&name.len());
        if has_length && !name.chars().any(char::is_control) {
            return Ok(Self(name.to_owned()));
        }
        Err(NameError::Key { bytes: name.len() })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NameError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "TENANT_NAME_NOT_VALID",
            Self::Key { .. } => "KEY_NAME_NOT_VALID",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_rule_are_refused() {
        for name in ["", "Upper", "with space", "a/b", "-a", "a-", &"a".repeat(41), "ä"] {
            assert_eq!(TenantName::new(name).unwrap_err().code(), "TENANT_NAME_NOT_VALID");
        }
        for name in ["default", "a", "acme-2", &"a".repeat(40)] {
            assert_eq!(TenantName::new(name).unwrap().as_str(), name);
        }
        for name in ["", "two\nlines", &"x".repeat(101)] {
            assert_eq!(KeyName::new(name).unwrap_err().code(), "KEY_NAME_NOT_VALID");
        }
        assert_eq!(KeyName::new("sign-up, EU").unwrap().as_str(), "sign-up, EU");
    }
}
