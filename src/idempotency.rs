//! The keys by which callers repeat a call, and how its answer is kept: encrypted under the call.
//!
//! What is kept opens for whoever makes the same call again: with the same credential, the same
//! key and the same body. Nothing of the call itself is kept, so a copy of the database neither
//! shows an answer, in which there may be a new API key, nor tells whether a photo was sent. That
//! it does not open is how another call is told apart.

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::ids;
use crate::sealing::{NotOpened, Sealing};

/// What a caller names a call by, to repeat it.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// Why a header is no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdempotencyKeyError {
    #[error("idempotency-key comes {0} times; a call has one")]
    NotOne(usize),
    #[error(
        "idempotency-key is a text of printable ASCII in quotation marks, with neither these nor a \
         backslash in it, as in \"8e03978e-40d5-43e8-bc93-6894a57f9324\"; without the marks it has \
         no space, comma or semicolon either"
    )]
    Form,
    #[error(
        "idempotency-key has {characters} characters; a key has 1 to {}",
        IdempotencyKey::CHARACTERS_MAX
    )]
    Length { characters: usize },
}

impl IdempotencyKey {
    /// Characters of a key, without its quotation marks.
    pub const CHARACTERS_MAX: usize = 255;

    /// Reads the value of the header: a string as structured fields have it (RFC 9651), which is
    /// in quotation marks. Many clients leave them out; it is the same key then.
    pub fn read(value: &[u8]) -> Result<Self, IdempotencyKeyError> {
        let value = value.trim_ascii();
        let inner = value.strip_prefix(b"\"").map(|rest| rest.strip_suffix(b"\""));
        let key = inner.unwrap_or(Some(value)).ok_or(IdempotencyKeyError::Form)?;
        if !(1..=Self::CHARACTERS_MAX).contains(&key.len()) {
            return Err(IdempotencyKeyError::Length { characters: key.len() });
        }
        let is_plain = |c: &u8| match c {
            b'"' | b'\\' => false,
            b' ' | b',' | b';' => inner.is_some(),
            c => c.is_ascii_graphic(),
        };
        match std::str::from_utf8(key) {
            Ok(text) if key.iter().all(is_plain) => Ok(Self(text.to_owned())),
            _ => Err(IdempotencyKeyError::Form),
        }
    }

    /// By what its call is found again: the key itself is not kept.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// A caller may have written into it what is nobody else's business.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKey").finish_non_exhaustive()
    }
}

/// A call, but for its body: what its answer is encrypted under.
#[derive(Clone)]
pub struct Call {
    /// Of all parts, each with its length, so that no two calls read alike.
    digest: Sha256,
}

impl Call {
    /// A call with this credential, key and head.
    #[must_use]
    pub fn new(credential: &str, key: &IdempotencyKey, head: [&str; 3]) -> Self {
        let mut digest = Sha256::new();
        for part in [credential, &key.0].into_iter().chain(head) {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Self { digest }
    }

    /// Encrypts what is kept of its answer.
    ///
    /// # Errors
    /// When it is too long for the cipher, which no answer is.
    pub fn seal(&self, body: [u8; 32], kept: Vec<u8>) -> Result<Vec<u8>, NotOpened> {
        // Another one each time: a call may be answered again under the same secret.
        let id = ids::new_id();
        let sealed = self.sealing(body).seal(id, kept)?;
        Ok([id.as_bytes().as_slice(), &sealed].concat())
    }

    /// Decrypts it.
    ///
    /// # Errors
    /// When it was another call.
    pub fn open(&self, body: [u8; 32], sealed: &[u8]) -> Result<Vec<u8>, NotOpened> {
        let (id, sealed) = sealed.split_first_chunk().ok_or(NotOpened)?;
        self.sealing(body).open(Uuid::from_bytes(*id), sealed.to_vec())
    }

    fn sealing(&self, body: [u8; 32]) -> Sealing {
        let secret = self.digest.clone().chain_update(body).finalize();
        Sealing::new("photocheck answer of a call", &secret)
    }
}

/// Its parts are secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_and_without_quotation_marks() {
        let read = |value: &str| IdempotencyKey::read(value.as_bytes());
        assert_eq!(read("\"abc-1\""), read("abc-1"));
        assert_eq!(read(" abc-1 "), read("abc-1"));
        assert_ne!(read("abc-1"), read("abc-2"));
        for value in
            ["\"abc", "abc\"", "a b", "a,b", "a;b", "a\\b", "\"a\";x=1", "ä", "a\u{7f}", "\""]
        {
            assert_eq!(read(value), Err(IdempotencyKeyError::Form), "{value}");
        }
        for (value, characters) in [("", 0), ("\"\"", 0), (&"x".repeat(256), 256)] {
            assert_eq!(read(value), Err(IdempotencyKeyError::Length { characters }), "{value}");
        }
        assert!(read(&"x".repeat(255)).is_ok() && read("\"a, b; c\"").is_ok());
    }

    #[test]
    fn an_answer_opens_for_the_same_call_alone() {
        let key = |text: &str| IdempotencyKey::read(text.as_bytes()).unwrap();
        let head = ["POST", "/v1/banks", "application/json"];
        let call = Call::new("pck_live_1", &key("one"), head);
        let sealed = call.seal([1; 32], b"the answer".to_vec()).unwrap();
        assert_ne!(sealed, call.seal([1; 32], b"the answer".to_vec()).unwrap());
        assert!(!sealed.windows(6).any(|part| part == b"answer"));
        assert_eq!(call.open([1; 32], &sealed).unwrap(), b"the answer");
        assert_eq!(call.open([2; 32], &sealed), Err(NotOpened));
        assert_eq!(call.open([1; 32], &sealed[..9]), Err(NotOpened));
        let others = [
            Call::new("pck_live_2", &key("one"), head),
            Call::new("pck_live_1", &key("two"), head),
            Call::new("pck_live_1", &key("one"), ["POST", "/v1/banks", "text/plain"]),
            Call::new("pck_live_1o", &key("ne"), head),
        ];
        for other in others {
            assert_eq!(other.open([1; 32], &sealed), Err(NotOpened));
        }
        assert_eq!(format!("{call:?} {:?}", key("one")), "Call { .. } IdempotencyKey { .. }");
    }
}
