//! Encrypts what is kept in the database and is not for whoever reads it there.
//!
//! A secret has a key of its own for each id, derived by HKDF, so what is encrypted under one key
//! is encrypted once, as long as no id is used twice. The cipher is AES-256-GCM; whatever was
//! changed, or belongs to another id, does not open.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use thiserror::Error;
use uuid::Uuid;

/// A secret that is encrypted under. Cheap to clone, never shown.
#[derive(Clone)]
pub struct Sealing {
    derive: Prk,
}

/// What was encrypted does not open: under another secret, for another id, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it was encrypted with another key, or was changed")]
pub struct NotOpened;

impl Sealing {
    /// Takes a secret, for one purpose: under another it opens nothing of this one.
    #[must_use]
    pub fn new(purpose: &'static str, secret: &[u8]) -> Self {
        Self { derive: Salt::new(HKDF_SHA256, purpose.as_bytes()).extract(secret) }
    }

    /// Encrypts what belongs to this id, once.
    ///
    /// # Errors
    /// When it is too long for the cipher, which nothing here is.
    pub fn seal(&self, id: Uuid, mut bytes: Vec<u8>) -> Result<Vec<u8>, NotOpened> {
        let key = self.key_of(id)?;
        key.seal_in_place_append_tag(nonce(), Aad::from(id.as_bytes()), &mut bytes)
            .map_err(|_| NotOpened)?;
        Ok(bytes)
    }

    /// Decrypts it.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(&self, id: Uuid, mut sealed: Vec<u8>) -> Result<Vec<u8>, NotOpened> {
        let key = self.key_of(id)?;
        let opened = key.open_in_place(nonce(), Aad::from(id.as_bytes()), &mut sealed);
        let bytes = opened.map_err(|_| NotOpened)?.len();
        sealed.truncate(bytes);
        Ok(sealed)
    }

    fn key_of(&self, id: Uuid) -> Result<LessSafeKey, NotOpened> {
        let info: [&[u8]; 1] = [id.as_bytes()];
        let derived = self.derive.expand(&info, &AES_256_GCM).map_err(|_| NotOpened)?;
        Ok(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

/// Always the same: no key encrypts twice.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealing").finish_non_exhaustive()
    }
}
