//! The secrets that messages are signed with, in the form that every library of Standard Webhooks
//! reads: `whsec_` and base64.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use standardwebhooks::{Webhook, WebhookError};

/// A secret. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// How each secret begins.
    pub const PREFIX: &str = "whsec_";
    /// Bytes of a secret: as many as the signature has.
    const BYTES: usize = 32;

    /// A new secret.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn create() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; Self::BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{}{}", Self::PREFIX, STANDARD.encode(bytes))))
    }

    /// Reads a secret; `None` when it has another form.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let is_one = text.starts_with(Self::PREFIX) && Webhook::new(text).is_ok();
        is_one.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for whoever verifies.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecret").finish_non_exhaustive()
    }
}

/// The header `webhook-signature`: one signature for each secret, so that a receiver may have the
/// new one or still the old.
///
/// # Errors
/// When a secret is none.
pub fn signatures(
    secrets: &[WebhookSecret],
    id: &str,
    sent_at: i64,
    payload: &str,
) -> Result<String, WebhookError> {
    let sign = |secret: &WebhookSecret| {
        Webhook::new(secret.reveal())?.sign(id, sent_at, payload.as_bytes())
    };
    let signatures = secrets.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
    Ok(signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_random_read_back_and_not_shown() {
        let (one, other) = (WebhookSecret::create().unwrap(), WebhookSecret::create().unwrap());
        assert_ne!(one, other);
        assert_eq!(WebhookSecret::read(one.reveal()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "WebhookSecret { .. }");
        for broken in ["", "whsec", "whsec_!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert_eq!(WebhookSecret::read(broken), None, "{broken}");
        }
    }

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = WebhookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let payload = r#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = signatures(&[secret], id, 1_614_265_330, payload).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
