//! The operator's secret for what waits in the database: photos of people, and URLs of such photos.
//!
//! Each check has a key of its own; what belongs to another check does not open.

use thiserror::Error;
use uuid::Uuid;

use crate::sealing::{NotOpened, Sealing};

/// The secret that photos are encrypted under. Cheap to clone, never shown.
#[derive(Debug, Clone)]
pub struct PhotoKey(Sealing);

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
        Ok(Self(Sealing::new("photocheck waiting photo", secret)))
    }

    /// Encrypts what belongs to a check.
    ///
    /// # Errors
    /// When it is too long for the cipher, which no photo is.
    pub fn seal(&self, check: Uuid, bytes: Vec<u8>) -> Result<Vec<u8>, NotOpened> {
        self.0.seal(check, bytes)
    }

    /// Decrypts it.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(&self, check: Uuid, sealed: Vec<u8>) -> Result<Vec<u8>, NotOpened> {
        self.0.open(check, sealed)
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
        assert_eq!(format!("{:?}", PhotoKey::new(SECRET).unwrap()), "PhotoKey(Sealing { .. })");
    }
}
