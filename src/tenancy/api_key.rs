//! API keys: `pck_live_<id>_<secret><checksum>`.
//!
//! Scanners of source code know a key by its fixed beginning. The checksum (CRC-32 of all before
//! it, in base 62) tells a mistyped key from an unknown one without asking the database; it keeps
//! nobody from anything. The secret has 190 bits of randomness, so no guess comes near it and its
//! plain SHA-256 can be stored: a slow hash would protect only what people choose.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// Names a key. It is no secret: lists and logs show it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// A whole key. Not shown by `Debug`.
#[derive(Clone)]
pub struct ApiKey {
    id: KeyId,
    text: String,
}

/// What is kept of a key.
#[derive(Debug, Clone, Copy)]
pub struct KeyDigest(pub [u8; 32]);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyFormError {
    #[error("an API key has the form pck_live_…, {} characters in all", ApiKey::CHARS)]
    Form,
    #[error("the API key is mistyped or cut off: its checksum does not match")]
    Checksum,
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl KeyId {
    /// Characters of an id.
    pub const CHARS: usize = 12;

    /// Checks the form.
    #[must_use]
    pub fn new(id: &str) -> Option<Self> {
        (id.len() == Self::CHARS && is_base_62(id)).then(|| Self(id.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ApiKey {
    /// How each key begins.
    pub const PREFIX: &str = "pck_live_";
    /// Characters of a key.
    pub const CHARS: usize =
        Self::PREFIX.len() + KeyId::CHARS + 1 + Self::SECRET_CHARS + Self::CHECKSUM_CHARS;
    /// Characters of the secret: 32 times log2(62) is 190 bits.
    const SECRET_CHARS: usize = 32;
    /// The smallest number of characters that holds 32 bits.
    const CHECKSUM_CHARS: usize = 6;

    /// A new key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn create() -> Result<Self, getrandom::Error> {
        let id = KeyId(random_text(KeyId::CHARS)?);
        let mut text = format!("{}{id}_{}", Self::PREFIX, random_text(Self::SECRET_CHARS)?);
        text.push_str(&checksum(&text));
        Ok(Self { id, text })
    }

    /// Whether a text claims to be a key.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(Self::PREFIX)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// When it has another form, or its checksum does not match.
    pub fn parse(text: &str) -> Result<Self, KeyFormError> {
        let rest = text.strip_prefix(Self::PREFIX).ok_or(KeyFormError::Form)?;
        let (id, rest) = rest.split_once('_').ok_or(KeyFormError::Form)?;
        let id = KeyId::new(id).ok_or(KeyFormError::Form)?;
        if text.len() != Self::CHARS || !is_base_62(rest) {
            return Err(KeyFormError::Form);
        }
        let (key, sum) =
            text.split_at_checked(Self::CHARS - Self::CHECKSUM_CHARS).ok_or(KeyFormError::Form)?;
        if checksum(key) != sum {
            return Err(KeyFormError::Checksum);
        }
        Ok(Self { id, text: text.to_owned() })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        KeyDigest(Sha256::digest(&self.text).into())
    }

    /// The key itself, for whoever is to have it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl KeyDigest {
    /// Whether it is of this key. The time taken says nothing about it.
    #[must_use]
    pub fn is_of(&self, key: &ApiKey) -> bool {
        self.0.ct_eq(&key.digest().0).into()
    }
}

fn is_base_62(text: &str) -> bool {
    text.bytes().all(|c| c.is_ascii_alphanumeric())
}

/// The character of a number below 62.
fn character(number: u32) -> char {
    let place = usize::try_from(number % 62).unwrap_or_default();
    ALPHABET.get(place).copied().map_or('0', char::from)
}

fn checksum(text: &str) -> String {
    let sum = crc32fast::hash(text.as_bytes());
    (0..6).rev().map(|place| character(sum / 62_u32.pow(place))).collect()
}

/// Random characters, each as likely as another.
fn random_text(chars: usize) -> Result<String, getrandom::Error> {
    // Above it bytes would make some characters likelier.
    const FAIR_BELOW: u8 = 62 * 4;
    let mut text = String::with_capacity(chars);
    while text.len() < chars {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes)?;
        let fair = bytes.into_iter().filter(|byte| *byte < FAIR_BELOW);
        text.extend(fair.take(chars - text.len()).map(|byte| character(byte.into())));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_made() {
        let keys: Vec<_> = (0..200).map(|_| ApiKey::create().unwrap()).collect();
        for key in &keys {
            let read = ApiKey::parse(key.reveal()).unwrap();
            assert_eq!((read.id(), read.reveal()), (key.id(), key.reveal()));
            assert!(key.digest().is_of(&read));
            assert!(!key.digest().is_of(&keys[0]) || key.id() == keys[0].id());
            assert_eq!(key.reveal().len(), ApiKey::CHARS);
        }
        let ids: HashSet<_> = keys.iter().map(ApiKey::id).collect();
        assert_eq!(ids.len(), keys.len());
        let used: HashSet<char> = keys.iter().flat_map(|key| key.id().as_str().chars()).collect();
        assert_eq!(used.len(), 62, "every character comes");
        assert_eq!(format!("{:?}", keys[0]), format!("ApiKey {{ id: {:?}, .. }}", keys[0].id()));
    }

    /// By Python: `zlib.crc32(key)` in base 62, six places.
    #[test]
    fn the_checksum_is_crc_32_in_base_62() {
        assert_eq!(checksum("123456789"), "3jZRME");
        assert_eq!(checksum(""), "000000");
    }

    /// One wrong or missing character is not taken for a key that nobody has.
    #[test]
    fn a_mistyped_key_is_no_key() {
        let key = ApiKey::create().unwrap();
        for place in ApiKey::PREFIX.len()..ApiKey::CHARS {
            let mut typed: Vec<char> = key.reveal().chars().collect();
            typed[place] = if typed[place] == 'a' { 'b' } else { 'a' };
            let typed: String = typed.into_iter().collect();
            let is_separator = place == ApiKey::PREFIX.len() + KeyId::CHARS;
            let expected = if is_separator { KeyFormError::Form } else { KeyFormError::Checksum };
            assert_eq!(ApiKey::parse(&typed).unwrap_err(), expected, "{place}");
        }
        let cut = &key.reveal()[..ApiKey::CHARS - 1];
        for text in ["", "pck_live_", "pck_test_x", cut, &format!("{}x", key.reveal()), "ä"] {
            assert_eq!(ApiKey::parse(text).unwrap_err(), KeyFormError::Form, "{text}");
        }
    }
}
