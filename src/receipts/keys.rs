//! The keys that receipts are signed with: Ed25519, kept and published as a JSON Web Key Set (RFC
//! 7517, RFC 8037).
//!
//! The file has the key that signs first. A key after it that still has its private part waits: it
//! is published, so that everybody knows it before it signs. One without is retired: it only
//! verifies what it signed.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Keys of a file: one that signs, one that waits, and those of many years.
const KEYS_MAX: usize = 64;

/// A key that verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its thumbprint (RFC 7638): nobody can give another key the same id.
    pub id: String,
    pub bytes: [u8; 32],
}

/// What signs, and what verifies that. Cheap to clone, its private part never shown.
#[derive(Clone)]
pub struct SigningKeys {
    pub(super) pair: Arc<Ed25519KeyPair>,
    /// The first is the one that signs.
    public: Vec<PublicKey>,
}

/// The file of the operator. Never shown.
pub struct KeyFile {
    keys: Vec<Key>,
}

struct Key {
    public: PublicKey,
    /// `None` of one that is retired.
    seed: Option<[u8; 32]>,
}

/// A key as JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct Jwk {
    pub kty: String,
    #[serde(default)]
    pub crv: String,
    #[serde(default)]
    pub x: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<String>,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    alg: String,
    #[serde(default, rename = "use")]
    used_for: String,
}

/// Keys as JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct JwkSet {
    pub keys: Vec<Jwk>,
}

/// Why a file of keys cannot be used. No message has a part of a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyFileError {
    #[error("it is no JSON Web Key Set")]
    NotASet,
    #[error("it has {count} keys, the limit is {KEYS_MAX}")]
    TooMany { count: usize },
    #[error("its key {place} is no Ed25519 key")]
    OtherKind { place: usize },
    #[error("the public and the private part of its key {place} do not belong together")]
    NotAPair { place: usize },
    #[error("its first key has no private part, so nothing can be signed")]
    NothingSigns,
    #[error("no key waits to take the place of the first: add one with receipt new-key")]
    NothingWaits,
    #[error("a key waits already: let it sign first, with receipt rotate")]
    OneWaits,
    #[error("no key can be made: {0}")]
    Randomness(getrandom::Error),
}

impl PublicKey {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        let x = URL_SAFE_NO_PAD.encode(bytes);
        // The members that RFC 8037 names, in the order of their names.
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        Self { id: URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)), bytes }
    }

    fn jwk(&self, d: Option<String>) -> Jwk {
        Jwk {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: URL_SAFE_NO_PAD.encode(self.bytes),
            d,
            kid: self.id.clone(),
            alg: "EdDSA".to_owned(),
            used_for: "sig".to_owned(),
        }
    }
}

impl Jwk {
    /// The public key; `None` for another kind of key.
    pub(super) fn public(&self) -> Option<PublicKey> {
        let is_ed25519 = self.kty == "OKP" && self.crv == "Ed25519";
        if is_ed25519 { decoded(&self.x).map(PublicKey::new) } else { None }
    }
}

fn decoded(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

impl Key {
    fn create() -> Result<Self, KeyFileError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(KeyFileError::Randomness)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed);
        let public = pair.ok().and_then(|pair| pair.public_key().as_ref().try_into().ok());
        // Any 32 bytes are a seed.
        let public = public.ok_or(KeyFileError::NotAPair { place: 1 })?;
        Ok(Self { public: PublicKey::new(public), seed: Some(seed) })
    }
}

impl KeyFile {
    /// A file with a new key.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn create() -> Result<Self, KeyFileError> {
        Ok(Self { keys: vec![Key::create()?] })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none, or nothing can be signed with it.
    pub fn read(text: &str) -> Result<Self, KeyFileError> {
        let set: JwkSet = serde_json::from_str(text).map_err(|_| KeyFileError::NotASet)?;
        if KEYS_MAX < set.keys.len() {
            return Err(KeyFileError::TooMany { count: set.keys.len() });
        }
        let keys = set.keys.iter().zip(1..).map(|(jwk, place)| {
            let other = KeyFileError::OtherKind { place };
            let public = jwk.public().ok_or_else(|| other.clone())?;
            let seed = match &jwk.d {
                None => None,
                Some(d) => Some(decoded(d).ok_or(other)?),
            };
            if let Some(seed) = &seed {
                let pair = Ed25519KeyPair::from_seed_and_public_key(seed, &public.bytes);
                pair.map_err(|_| KeyFileError::NotAPair { place })?;
            }
            Ok(Key { public, seed })
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.first().is_none_or(|key| key.seed.is_none()) {
            return Err(KeyFileError::NothingSigns);
        }
        Ok(Self { keys })
    }

    /// Adds a key that waits: it is published, and signs nothing yet.
    ///
    /// # Errors
    /// When one waits already, there are as many as there may be, or the system has no randomness.
    pub fn add(&mut self) -> Result<PublicKey, KeyFileError> {
        if self.waiting().is_some() {
            return Err(KeyFileError::OneWaits);
        }
        let count = self.keys.len() + 1;
        if KEYS_MAX < count {
            return Err(KeyFileError::TooMany { count });
        }
        let key = Key::create()?;
        let public = key.public.clone();
        self.keys.push(key);
        Ok(public)
    }

    /// Makes the key that waits the one that signs. Those before it lose their private part.
    ///
    /// # Errors
    /// When none waits.
    pub fn rotate(&mut self) -> Result<PublicKey, KeyFileError> {
        let place = self.waiting().ok_or(KeyFileError::NothingWaits)?;
        let key = self.keys.remove(place);
        let public = key.public.clone();
        self.keys.iter_mut().for_each(|key| key.seed = None);
        self.keys.insert(0, key);
        Ok(public)
    }

    fn waiting(&self) -> Option<usize> {
        self.keys.iter().skip(1).position(|key| key.seed.is_some()).map(|place| place + 1)
    }

    /// What the file holds, private parts with it.
    #[must_use]
    pub fn reveal(&self) -> String {
        let jwk = |key: &Key| key.public.jwk(key.seed.map(|seed| URL_SAFE_NO_PAD.encode(seed)));
        let keys = self.keys.iter().map(jwk).collect();
        serde_json::to_string_pretty(&JwkSet { keys }).unwrap_or_default() + "\n"
    }

    /// What signs.
    ///
    /// # Errors
    /// When the first key has no private part.
    pub fn signing(&self) -> Result<SigningKeys, KeyFileError> {
        let first = self.keys.first().ok_or(KeyFileError::NothingSigns)?;
        let seed = first.seed.as_ref().ok_or(KeyFileError::NothingSigns)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, &first.public.bytes);
        let pair = Arc::new(pair.map_err(|_| KeyFileError::NotAPair { place: 1 })?);
        let public = self.keys.iter().map(|key| key.public.clone()).collect();
        Ok(SigningKeys { pair, public })
    }
}

impl SigningKeys {
    /// The id of the key that signs.
    #[must_use]
    pub fn id(&self) -> &str {
        self.public.first().map_or("", |key| key.id.as_str())
    }

    /// All that verify, the one that signs first.
    #[must_use]
    pub fn public(&self) -> &[PublicKey] {
        &self.public
    }

    /// These as a JSON Web Key Set.
    #[must_use]
    pub fn public_set(&self) -> serde_json::Value {
        let keys = self.public.iter().map(|key| key.jwk(None)).collect();
        serde_json::to_value(JwkSet { keys }).unwrap_or_default()
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and its thumbprint of RFC 8037, appendix A.
    #[test]
    fn a_key_and_its_id_are_those_of_the_rfc() {
        let text = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        let keys = KeyFile::read(text).unwrap().signing().unwrap();
        assert_eq!(keys.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let public = keys.public_set();
        assert_eq!(public["keys"][0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert!(public["keys"][0].get("d").is_none() && !format!("{keys:?}").contains("nWGx"));
    }

    #[test]
    fn a_key_waits_before_it_signs_and_an_old_one_only_verifies() {
        let mut file = KeyFile::create().unwrap();
        let first = file.signing().unwrap().id().to_owned();
        assert_eq!(file.rotate().unwrap_err(), KeyFileError::NothingWaits);
        let second = file.add().unwrap().id;
        assert_eq!(file.add().unwrap_err(), KeyFileError::OneWaits);
        let mut file = KeyFile::read(&file.reveal()).unwrap();
        let keys = file.signing().unwrap();
        assert_eq!((keys.id(), keys.public().len()), (first.as_str(), 2));
        assert_eq!(file.rotate().unwrap().id, second);
        let file = KeyFile::read(&file.reveal()).unwrap();
        let keys = file.signing().unwrap();
        let ids: Vec<_> = keys.public().iter().map(|key| key.id.clone()).collect();
        assert_eq!(ids, [second, first]);
        assert_eq!(file.reveal().matches(r#""d""#).count(), 1, "the old one cannot sign again");
    }

    #[test]
    fn what_cannot_sign_is_refused_and_no_key_is_shown() {
        let whole = KeyFile::create().unwrap().reveal();
        let other = KeyFile::create().unwrap().reveal();
        let line = |text: &str, name: &str| {
            text.lines().find(|line| line.contains(name)).unwrap().to_owned()
        };
        let mixed = whole.replace(&line(&whole, r#""d""#), &line(&other, r#""d""#));
        let retired = whole.replace(&line(&whole, r#""d""#), "");
        for (text, expected) in [
            ("", KeyFileError::NotASet),
            ("{}", KeyFileError::NotASet),
            (r#"{"keys": []}"#, KeyFileError::NothingSigns),
            (r#"{"keys": [{"kty": "RSA"}]}"#, KeyFileError::OtherKind { place: 1 }),
            (&mixed, KeyFileError::NotAPair { place: 1 }),
            (&retired, KeyFileError::NothingSigns),
        ] {
            assert_eq!(KeyFile::read(text).unwrap_err(), expected, "{text}");
        }
        assert_eq!(format!("{:?}", KeyFile::read(&whole).unwrap()), "KeyFile { keys: 1, .. }");
    }
}
