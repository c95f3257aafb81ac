//! Encrypts what waits in the database: photos of people, and URLs of such photos.
//!
//! Each check has a key of its own, derived from the operator's secret by HKDF with the check's id,
//! so what is encrypted under one key is encrypted once. The cipher is AES-256-GCM; whatever was
//! changed, or belongs to another check, does not open.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use thiserror::Error;
use uuid::Uuid;

/// The secret that photos are encrypted under. Cheap to clone, never shown.
#[derive(Clone)]
pub struct PhotoKey {
    derive: Prk,
}

/// Why there is no photo key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PhotoKeyError {
    #[error(
        "{} is not set; photos that wait are encrypted with it, and it needs at least {} bytes",
        PhotoKey::VARIABLE,
        PhotoKey::BYTES_MIN
    )]
    Missing,
    #[error(
        "{} has {bytes} bytes, at least {} are needed",
        PhotoKey::VARIABLE,
        PhotoKey::BYTES_MIN
    )]
    TooShort { bytes: usize },
}

/// What was encrypted does not open: under another key, for another check, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it was encrypted with another key, or was changed")]
pub struct NotOpened;

impl PhotoKey {
    /// Where the secret is read from.
    pub const VARIABLE: &str = "PHOTOCHECK_PHOTO_KEY";
    /// Bytes of the secret, at least.
    pub const BYTES_MIN: usize = 32;

    /// Takes a secret.
    pub fn new(secret: &[u8]) -> Result<Self, PhotoKeyError> {
        if secret.len() < Self::BYTES_MIN {
            return Err(PhotoKeyError::TooShort { bytes: secret.len() });
        }
        Ok(Self { derive: Salt::new(HKDF_SHA256, b"photocheck waiting photo").extract(secret) })
    }

    /// Encrypts what belongs to a check.
    ///
    /// # Errors
    /// When it is too long for the cipher, which no photo is.
    pub fn seal(&self, check: Uuid, mut bytes: Vec<u8>) -> Result<Vec<u8>, NotOpened> {
        let key = self.key_of(check)?;
        key.seal_in_place_append_tag(nonce(), Aad::from(check.as_bytes()), &mut bytes)
            .map_err(|_| NotOpened)?;
        Ok(bytes)
    }

    /// Decrypts it.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(&self, check: Uuid, mut sealed: Vec<u8>) -> Result<Vec<u8>, NotOpened> {
        let key = self.key_of(check)?;
        let opened = key.open_in_place(nonce(), Aad::from(check.as_bytes()), &mut sealed);
        let bytes = opened.map_err(|_| NotOpened)?.len();
        sealed.truncate(bytes);
        Ok(sealed)
    }

    fn key_of(&self, check: Uuid) -> Result<LessSafeKey, NotOpened> {
        let info: [&[u8]; 1] = [check.as_bytes()];
        let derived = self.derive.expand(&info, &AES_256_GCM).map_err(|_| NotOpened)?;
        Ok(LessSafeKey::new(UnboundKey::from(derived)))
    }
}

/// Always the same: no key encrypts twice.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

impl fmt::Debug for PhotoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhotoKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn what_is_sealed_opens_for_its_check_and_key_only() {
        let (key, check) = (PhotoKey::new(SECRET).unwrap(), ids::new_id());
        let photo = b"a photo of somebody".to_vec();
        let sealed = key.seal(check, photo.clone()).unwrap();
        assert!(!sealed.windows(5).any(|part| part == b"photo"));
        assert_eq!(key.open(check, sealed.clone()).unwrap(), photo);
        assert_eq!(key.open(ids::new_id(), sealed.clone()), Err(NotOpened));
        let other = PhotoKey::new(b"another key that is long enough!").unwrap();
        assert_eq!(other.open(check, sealed.clone()), Err(NotOpened));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(key.open(check, changed), Err(NotOpened), "byte {place}");
        }
        assert_eq!(key.open(check, Vec::new()), Err(NotOpened));
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        assert_eq!(PhotoKey::new(b"short").unwrap_err(), PhotoKeyError::TooShort { bytes: 5 });
        assert_eq!(format!("{:?}", PhotoKey::new(SECRET).unwrap()), "PhotoKey { .. }");
    }
}
