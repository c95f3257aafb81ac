//! A photo that waits to be checked: its bytes, or the URL to fetch it from, and the account that
//! shows it. As bytes of its own, since it waits encrypted.

use axum::body::Bytes;

use crate::accounts::AccountHash;

/// See the module's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingPhoto {
    pub source: Source,
    pub account: Option<AccountHash>,
}

/// Where the photo is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Bytes(Bytes),
    Url(String),
}

const IS_URL: u8 = 1;
const HAS_ACCOUNT: u8 = 2;

impl WaitingPhoto {
    /// How much memory it takes, about.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let source = match &self.source {
            Source::Bytes(photo) => photo.len(),
            Source::Url(url) => url.len(),
        };
        source as u64
    }

    /// As bytes: what it has, then the account if it has one, then the photo or its URL.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let (flag, source) = match &self.source {
            Source::Bytes(photo) => (0, &**photo),
            Source::Url(url) => (IS_URL, url.as_bytes()),
        };
        let account = self.account.as_ref().map(|account| account.0.as_slice());
        let mut bytes = Vec::with_capacity(64 + source.len());
        bytes.push(flag | account.map_or(0, |_| HAS_ACCOUNT));
        bytes.extend_from_slice(account.unwrap_or_default());
        bytes.extend_from_slice(source);
        bytes
    }

    /// What was written; `None` when that is not it.
    #[must_use]
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Bytes::from(bytes);
        let flags = *bytes.first()?;
        let mut rest = bytes.slice(1..);
        let account = if flags & HAS_ACCOUNT == 0 {
            None
        } else {
            let account = rest.get(..32)?.try_into().ok()?;
            rest = rest.slice(32..);
            Some(AccountHash(account))
        };
        let source = match flags & !HAS_ACCOUNT {
            0 => Source::Bytes(rest),
            IS_URL => Source::Url(String::from_utf8(rest.to_vec()).ok()?),
            _ => return None,
        };
        Some(Self { source, account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for source in [
            Source::Bytes(Bytes::from_static(b"\xff\xd8\xff")),
            Source::Bytes(Bytes::new()),
            Source::Url("https://photos.example.org/7.jpg".to_owned()),
        ] {
            for account in [None, Some(AccountHash([7; 32]))] {
                let waiting = WaitingPhoto { source: source.clone(), account };
                assert_eq!(WaitingPhoto::read(waiting.write()), Some(waiting));
            }
        }
        for broken in [vec![], vec![4], vec![HAS_ACCOUNT, 1, 2], vec![IS_URL, 0xff]] {
            assert_eq!(WaitingPhoto::read(broken), None);
        }
    }
}
