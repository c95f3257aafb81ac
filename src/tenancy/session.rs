//! Log-ins at the review page: the secret in a browser's cookie, what is kept of it, and the token
//! that ties a form to it.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a browser sends to be known again. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret([u8; 32]);

/// What is kept of it. It names the session and lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionDigest(pub [u8; 32]);

impl SessionSecret {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn create() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self(secret))
    }

    /// Reads one, as [`Self::reveal`] wrote it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut secret = [0; 32];
        hex::decode_to_slice(text, &mut secret).ok()?;
        Some(Self(secret))
    }

    /// The secret itself, for the browser.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex::encode(self.0)
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> SessionDigest {
        SessionDigest(Sha256::digest(self.0).into())
    }

    /// What its forms carry: a page of another site cannot read it, so it cannot send it.
    #[must_use]
    pub fn form_token(&self) -> String {
        hex::encode(Sha256::new().chain_update(b"form").chain_update(self.0).finalize())
    }

    /// Whether a form carries that. The time taken says nothing about it.
    #[must_use]
    pub fn is_form_token(&self, token: &str) -> bool {
        self.form_token().as_bytes().ct_eq(token.as_bytes()).into()
    }
}

impl SessionDigest {
    /// The name of the session in what it has open and what it decided.
    #[must_use]
    pub fn name(self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSecret").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_tied_to_its_session() {
        let (one, other) = (SessionSecret::create().unwrap(), SessionSecret::create().unwrap());
        assert!(one.is_form_token(&one.form_token()));
        let digest = one.digest().name();
        for token in [other.form_token(), one.reveal(), digest, String::new()] {
            assert!(!one.is_form_token(&token), "{token}");
        }
        assert_eq!(SessionSecret::parse(&one.reveal()), Some(one.clone()));
        assert_ne!(one.digest(), other.digest());
        for text in ["", "00", &one.reveal()[1..], &format!("{}00", one.reveal()), "ä"] {
            assert_eq!(SessionSecret::parse(text), None, "{text}");
        }
        assert_eq!(format!("{one:?}"), "SessionSecret { .. }");
    }
}
