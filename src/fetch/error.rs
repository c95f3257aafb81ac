//! Why a photo could not be fetched.

use std::error::Error;
use std::io;

use thiserror::Error;

use super::address::Forbidden;
use super::resolver::{LOOKUPS_MAX, TooManyLookups};

/// See the module's text. None has the URL in it, or what its host resolved to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FetchError {
    #[error("the URL has {bytes} bytes, the limit is {bytes_max}")]
    UrlTooLong { bytes: usize, bytes_max: usize },
    #[error("the URL is not valid: {0}")]
    UrlNotValid(String),
    #[error("only http:// and https:// are fetched")]
    Scheme,
    #[error("a URL with a user or a password is not fetched")]
    Credentials,
    #[error("the URL leads to no public address")]
    AddressNotPublic,
    #[error("more than {redirects_max} redirects")]
    TooManyRedirects { redirects_max: usize },
    #[error("its server answered {0} instead of 200")]
    Status(u16),
    #[error("its server sent {content_type:?}, which is no picture")]
    NotAPicture { content_type: String },
    #[error("its server took more than {seconds} s")]
    TooSlow { seconds: u64 },
    #[error("its server sends more than {bytes_max} bytes")]
    TooManyBytes { bytes_max: u64 },
    #[error("its server broke the photo off")]
    BrokeOff,
    #[error("{fetches_max} photos are being fetched, which is the limit")]
    Busy { fetches_max: usize },
    #[error("{lookups_max} names of servers are being looked up, which is the limit")]
    LookupsBusy { lookups_max: usize },
    #[error("its server cannot be reached")]
    Unreachable,
}

impl FetchError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } | Self::LookupsBusy { .. } => "BUSY",
            Self::AddressNotPublic => "URL_NOT_ALLOWED",
            _ if self.is_of_url() => "URL_NOT_VALID",
            _ => "URL_NOT_FETCHED",
        }
    }

    /// Whether the URL itself is at fault, and not what its server does.
    #[must_use]
    pub fn is_of_url(&self) -> bool {
        matches!(
            self,
            Self::UrlTooLong { .. } | Self::UrlNotValid(_) | Self::Scheme | Self::Credentials
        )
    }
}

/// Why there was no connection. Which of a private network's hosts exist is nobody's business, so
/// nothing more is said.
pub(super) fn connecting(error: &hyper_util::client::legacy::Error) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if inner.is_some_and(<dyn Error + Send + Sync>::is::<Forbidden>) {
            return FetchError::AddressNotPublic;
        }
        if inner.is_some_and(<dyn Error + Send + Sync>::is::<TooManyLookups>) {
            return FetchError::LookupsBusy { lookups_max: LOOKUPS_MAX };
        }
        cause = error.source();
    }
    FetchError::Unreachable
}
