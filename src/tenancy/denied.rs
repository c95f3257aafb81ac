//! Why a call is not let in, told apart as far as it helps whoever holds the key and nobody else: a
//! key's state is shown only to who sends the whole of it.

use std::num::NonZeroU32;

use thiserror::Error;

use super::api_key::KeyFormError;
use super::key_scope::KeyScope;

/// See the module's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Denied {
    #[error("this needs an API key: send it as authorization: Bearer pck_live_…")]
    KeyNeeded,
    #[error("the banks need their token: send it as authorization: Bearer …")]
    TokenNeeded,
    #[error(transparent)]
    KeyNotValid(KeyFormError),
    #[error("there is no such API key")]
    KeyUnknown,
    #[error("the API key has expired; let a new one be made")]
    KeyExpired,
    #[error("the API key was revoked")]
    KeyRevoked,
    #[error("the key lacks the scope {}", .0.name())]
    ScopeNeeded(KeyScope),
    #[error("only whoever runs the service may do this, with an admin key of the tenant default")]
    OperatorNeeded,
    #[error("the key may send {per_day} requests a day (UTC), and has sent them")]
    QuotaUsedUp { per_day: NonZeroU32, retry_after_s: u64 },
}

impl Denied {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::KeyNeeded => "KEY_NEEDED",
            Self::TokenNeeded => "TOKEN_NEEDED",
            Self::KeyNotValid(_) => "KEY_NOT_VALID",
            Self::KeyUnknown => "KEY_UNKNOWN",
            Self::KeyExpired => "KEY_EXPIRED",
            Self::KeyRevoked => "KEY_REVOKED",
            Self::ScopeNeeded(_) => "SCOPE_NEEDED",
            Self::OperatorNeeded => "OPERATOR_NEEDED",
            Self::QuotaUsedUp { .. } => "QUOTA_USED_UP",
        }
    }
}
