//! Accounts: their ids are kept as keyed hashes, so that the database alone names nobody.
//!
//! The hash is HMAC-SHA-256 under a secret that is in the environment and never in the
//! database. Ids are short and can be guessed; without the key a guess cannot be tried.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

/// What is kept of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountHash(pub [u8; 32]);

/// The secret that account ids are hashed under. Cheap to clone, never shown.
#[derive(Clone)]
pub struct AccountKey {
    keyed: Hmac<Sha256>,
}

/// Why there is no account key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccountKeyError {
    #[error(
        "{} is not set; account ids are hashed with it, and it needs at least {} bytes",
        AccountKey::VARIABLE,
        AccountKey::BYTES_MIN
    )]
    Missing,
    #[error(
        "{} has {bytes} bytes, at least {} are needed",
        AccountKey::VARIABLE,
        AccountKey::BYTES_MIN
    )]
    TooShort { bytes: usize },
}

/// Why an account id is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AccountIdError {
    #[error("the account id is empty")]
    Empty,
    #[error("the account id has {bytes} bytes, the limit is {}", AccountKey::ID_BYTES_MAX)]
    TooLong { bytes: usize },
}

impl AccountKey {
    /// Where the secret is read from.
    pub const VARIABLE: &str = "PHOTOCHECK_ACCOUNT_KEY";
    /// Bytes of the secret, at least: as many as the hash has.
    pub const BYTES_MIN: usize = 32;
    /// Bytes of an account id.
    pub const ID_BYTES_MAX: usize = 256;

    /// Takes a secret.
    pub fn new(secret: &[u8]) -> Result<Self, AccountKeyError> {
        let too_short = AccountKeyError::TooShort { bytes: secret.len() };
        if secret.len() < Self::BYTES_MIN {
            return Err(too_short);
        }
        // HMAC takes keys of any length.
        let keyed = Hmac::new_from_slice(secret).map_err(|_| too_short)?;
        Ok(Self { keyed })
    }

    /// The hash of an account's id.
    pub fn hash(&self, id: &str) -> Result<AccountHash, AccountIdError> {
        match id.len() {
            0 => Err(AccountIdError::Empty),
            bytes if Self::ID_BYTES_MAX < bytes => Err(AccountIdError::TooLong { bytes }),
            _ => Ok(AccountHash(self.keyed_hash(&["account ", id]))),
        }
    }

    /// A text that differs from key to key, and does not reveal the key.
    #[must_use]
    pub fn check(&self) -> String {
        hex::encode(self.keyed_hash(&["key check"]))
    }

    fn keyed_hash(&self, parts: &[&str]) -> [u8; 32] {
        let mut keyed = self.keyed.clone();
        for part in parts {
            keyed.update(part.as_bytes());
        }
        keyed.finalize().into_bytes().into()
    }
}

impl AccountIdError {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        "ACCOUNT_ID_NOT_VALID"
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn one_id_has_one_hash_under_one_key() {
        let key = AccountKey::new(SECRET).unwrap();
        let other = AccountKey::new(b"another key that is long enough!").unwrap();
        assert_eq!(key.hash("42").unwrap(), AccountKey::new(SECRET).unwrap().hash("42").unwrap());
        assert_ne!(key.hash("42").unwrap(), key.hash("43").unwrap());
        assert_ne!(key.hash("42").unwrap(), other.hash("42").unwrap());
        assert_ne!(key.check(), other.check());
    }

    /// By Python: `hmac.new(b"0123456789abcdef" * 2, b"account 42", "sha256").hexdigest()`.
    #[test]
    fn the_hash_is_hmac_sha_256() {
        let hash = AccountKey::new(SECRET).unwrap().hash("42").unwrap();
        assert_eq!(
            hex::encode(hash.0),
            "722f08c0c457c4d6938d64994f357c857aae11232aabca42205643ca4b6bc5ef"
        );
    }

    #[test]
    fn short_secrets_and_ids_outside_the_limit_are_refused() {
        assert_eq!(AccountKey::new(b"short").unwrap_err(), AccountKeyError::TooShort { bytes: 5 });
        let key = AccountKey::new(SECRET).unwrap();
        assert_eq!(key.hash("").unwrap_err(), AccountIdError::Empty);
        assert!(key.hash(&"x".repeat(256)).is_ok());
        let error = key.hash(&"x".repeat(257)).unwrap_err();
        assert_eq!(error.to_string(), "the account id has 257 bytes, the limit is 256");
    }

    #[test]
    fn the_secret_is_not_shown() {
        let debug = format!("{:?}", AccountKey::new(SECRET).unwrap());
        assert_eq!(debug, "AccountKey { .. }");
    }
}
