//! URLs of strangers, as far as they tell by themselves what they are.

use ::url::Url;

use super::error::FetchError;

/// Bytes of a URL, at most.
pub const URL_BYTES_MAX: usize = 2048;

/// Makes sure that a text is a URL that can be fetched, as far as it tells by itself.
///
/// # Errors
/// A [`FetchError`] that says why not.
pub fn check_url(text: &str) -> Result<(), FetchError> {
    check_parts(&read_url(text)?)
}

pub(super) fn check_parts(url: &Url) -> Result<(), FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Credentials);
    }
    Ok(())
}

pub(super) fn read_url(text: &str) -> Result<Url, FetchError> {
    if URL_BYTES_MAX < text.len() {
        let (bytes, bytes_max) = (text.len(), URL_BYTES_MAX);
        return Err(FetchError::UrlTooLong { bytes, bytes_max });
    }
    Url::parse(text).map_err(|error| FetchError::UrlNotValid(error.to_string()))
}
