//! The envelope of receipts: a JSON Web Signature (RFC 7515) in the flattened JSON form, signed
//! with Ed25519 (RFC 8037).
//!
//! The header is read only to find the key and to refuse what is no receipt. It never chooses how
//! the signature is verified: that is Ed25519, whatever it says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::keys::{JwkSet, PublicKey, SigningKeys};
use super::receipt::Receipt;

const ALGORITHM: &str = "EdDSA";
const KIND: &str = "photocheck-receipt";

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReceiptError {
    #[error("it is no receipt, or it is damaged: {0}")]
    Damaged(&'static str),
    #[error("it says that it is signed by {0:?}; a receipt is signed by EdDSA and nothing else")]
    OtherAlgorithm(String),
    #[error("it is signed with the key {0:?}, which is none of those that were named")]
    UnknownKey(String),
    #[error("the signature is wrong: it was changed, or was signed by somebody else")]
    WrongSignature,
    #[error("it is of another photo: of one with the SHA-256 {of}, and this one has {this}")]
    OtherPhoto { of: String, this: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    payload: String,
    protected: String,
    signature: String,
}

/// Nothing else may be in it: what is not known could change what the rest means.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

impl Receipt {
    /// Signs it. Equal receipts and keys have equal envelopes.
    #[must_use]
    pub fn sign(&self, keys: &SigningKeys) -> serde_json::Value {
        let header =
            Header { alg: ALGORITHM.to_owned(), kid: keys.id().to_owned(), typ: KIND.to_owned() };
        let protected = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap_or_default());
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default());
        let signature = keys.pair.sign(signed(&protected, &payload).as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature);
        serde_json::to_value(Envelope { payload, protected, signature }).unwrap_or_default()
    }

    /// What a signed receipt says, and the key that signed it.
    ///
    /// # Errors
    /// [`ReceiptError`] when it was not signed like this by one of the keys.
    pub fn verify<'k>(
        envelope: &str,
        keys: &'k [PublicKey],
    ) -> Result<(Self, &'k PublicKey), ReceiptError> {
        let damaged = ReceiptError::Damaged;
        // serde would take an array of the same values, which is no such signature.
        if !envelope.trim_start().starts_with('{') {
            return Err(damaged("it is no JSON Web Signature in the flattened form"));
        }
        let envelope: Envelope = serde_json::from_str(envelope)
            .map_err(|_| damaged("it is no JSON Web Signature in the flattened form"))?;
        let Envelope { payload, protected, signature } = &envelope;
        let header = URL_SAFE_NO_PAD.decode(protected);
        let header = header.map_err(|_| damaged("its header is no base64url"))?;
        let header: Header = serde_json::from_slice(&header)
            .map_err(|_| damaged("its header does not have alg, kid and typ alone"))?;
        if header.alg != ALGORITHM {
            return Err(ReceiptError::OtherAlgorithm(start(&header.alg)));
        }
        if header.typ != KIND {
            return Err(damaged("its header names another type"));
        }
        let signature = URL_SAFE_NO_PAD.decode(signature);
        let signature = signature.map_err(|_| damaged("its signature is no base64url"))?;
        let key = keys.iter().find(|key| key.id == header.kid);
        let key = key.ok_or_else(|| ReceiptError::UnknownKey(start(&header.kid)))?;
        UnparsedPublicKey::new(&ED25519, key.bytes)
            .verify(signed(protected, payload).as_bytes(), &signature)
            .map_err(|_| ReceiptError::WrongSignature)?;
        let payload = URL_SAFE_NO_PAD.decode(payload);
        let payload = payload.map_err(|_| damaged("its payload is no base64url"))?;
        let receipt = serde_json::from_slice(&payload)
            .map_err(|_| damaged("its payload does not have what a receipt says"))?;
        Ok((receipt, key))
    }

    /// Makes sure that it is of the photo with this SHA-256, hexadecimal.
    ///
    /// # Errors
    /// [`ReceiptError::OtherPhoto`] when it is not.
    pub fn ensure_of(&self, photo_sha256: &str) -> Result<(), ReceiptError> {
        if self.photo.sha256 == photo_sha256 {
            return Ok(());
        }
        let (of, this) = (start(&self.photo.sha256), photo_sha256.to_owned());
        Err(ReceiptError::OtherPhoto { of, this })
    }
}

/// The Ed25519 keys of a JSON Web Key Set, whoever wrote it; `None` when it is none. Other keys in
/// it are passed over.
#[must_use]
pub fn read_public_keys(text: &str) -> Option<Vec<PublicKey>> {
    let set: JwkSet = serde_json::from_str(text).ok()?;
    Some(set.keys.iter().filter_map(super::keys::Jwk::public).collect())
}

/// What is signed.
fn signed(protected: &str, payload: &str) -> String {
    format!("{protected}.{payload}")
}

/// As much of a stranger's text as a message shows.
fn start(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::receipts::KeyFile;
    use crate::wire::kept::KeptReport;

    fn receipt() -> Receipt {
        let report = KeptReport::read(include_str!("../http/report_example.json")).unwrap();
        Receipt::new(report, "019abf5e-0000-7000-8000-000000000000".to_owned(), 1_795_800_000)
    }

    fn keys() -> SigningKeys {
        KeyFile::create().unwrap().signing().unwrap()
    }

    /// The same with another header, signed anew.
    fn with_header(header: &Value, keys: &SigningKeys) -> String {
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&receipt()).unwrap());
        let signature = keys.pair.sign(signed(&protected, &payload).as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature);
        json!({ "payload": payload, "protected": protected, "signature": signature }).to_string()
    }

    #[test]
    fn a_flipped_bit_anywhere_is_found() {
        let keys = keys();
        let signed = receipt().sign(&keys).to_string();
        let (read, key) = Receipt::verify(&signed, keys.public()).unwrap();
        assert_eq!((read, key.id.as_str()), (receipt(), keys.id()));
        for place in 0..signed.len() {
            for bit in 0..8 {
                let mut changed = signed.clone().into_bytes();
                changed[place] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(changed) else { continue };
                let verified = Receipt::verify(&changed, keys.public());
                assert!(verified.is_err(), "bit {bit} of byte {place}: {changed}");
            }
        }
        for end in 0..signed.len() {
            assert!(Receipt::verify(&signed[..end], keys.public()).is_err(), "{end}");
        }
        assert!(Receipt::verify(&format!("{signed}x"), keys.public()).is_err());
    }

    #[test]
    fn each_fault_has_its_answer() {
        let (keys, others) = (keys(), keys());
        let signed = receipt().sign(&keys).to_string();
        let fault =
            |signed: &str, keys: &SigningKeys| Receipt::verify(signed, keys.public()).unwrap_err();
        assert_eq!(fault(&signed, &others), ReceiptError::UnknownKey(keys.id().to_owned()));
        // Another key under the same id.
        let posing = [PublicKey { id: keys.id().to_owned(), ..others.public()[0].clone() }];
        assert_eq!(Receipt::verify(&signed, &posing), Err(ReceiptError::WrongSignature));
        assert!(matches!(fault("no receipt", &keys), ReceiptError::Damaged(_)));
        let sha256 = receipt().photo.sha256;
        assert_eq!(receipt().ensure_of(&sha256), Ok(()));
        let other = receipt().ensure_of("00").unwrap_err();
        assert_eq!(other, ReceiptError::OtherPhoto { of: sha256, this: "00".to_owned() });
    }

    /// Whatever the header says, and whoever signed it: only what we would write is taken.
    #[test]
    fn the_header_chooses_nothing() {
        let keys = keys();
        let header = |alg: &str| json!({ "alg": alg, "kid": keys.id(), "typ": KIND });
        let verify = |header: &Value| Receipt::verify(&with_header(header, &keys), keys.public());
        assert!(verify(&header("EdDSA")).is_ok());
        for alg in ["none", "HS256", "RS256", "Ed25519", "eddsa", ""] {
            let other = ReceiptError::OtherAlgorithm(alg.to_owned());
            assert_eq!(verify(&header(alg)), Err(other));
        }
        for (name, value) in [
            ("crit", json!(["b64"])),
            ("b64", json!(false)),
            ("jwk", json!({})),
            ("typ", json!("JWT")),
            ("alg", json!(7)),
        ] {
            let mut header = header("EdDSA");
            header[name] = value;
            assert!(matches!(verify(&header), Err(ReceiptError::Damaged(_))), "{name}");
        }
        let mut unsigned: Value =
            serde_json::from_str(&with_header(&header("none"), &keys)).unwrap();
        unsigned["signature"] = "".into();
        assert!(Receipt::verify(&unsigned.to_string(), keys.public()).is_err());
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over() {
        let mut set = keys().public_set();
        set["keys"].as_array_mut().unwrap().push(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }));
        assert_eq!(read_public_keys(&set.to_string()).unwrap().len(), 1);
        assert_eq!(read_public_keys("[]"), None);
    }
}
