//! Who may use the banks over HTTP: whoever sends their token, the operator's own or one created at
//! first start.
//!
//! Banks decide whom a platform throws out, so only their keeper changes them. Behind a proxy every
//! caller comes from this machine, and a caller writes its headers as it likes, so only a secret
//! tells who may use the banks (docs/decisions/0014-bank-access.md). A token that was created stays
//! in a file beside the database, which only its owner may read: whoever can read that file can
//! read the database too. The token itself is never printed or logged.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::private_file;
use crate::tenancy::ApiKey;

/// Bytes of randomness in a token that is created.
const RANDOM_BYTES: usize = 32;

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenError {
    #[error("the token of the banks is empty")]
    Empty,
    #[error("the token of the banks may have visible ASCII characters only")]
    NotVisibleAscii,
    /// It would be read as a key, and refused.
    #[error(
        "the token of the banks begins with {}, as API keys do; choose another",
        ApiKey::PREFIX
    )]
    LikeAKey,
    #[error("the token file {} cannot be read: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("the token file {} is not usable: {error}", path.display())]
    File { path: PathBuf, error: Box<TokenError> },
    #[error("the token file {} cannot be written: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("no token can be created: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// Who may use the banks over HTTP, as the operator decided.
#[derive(Debug, Clone, Default)]
pub enum AccessConfig {
    /// Nobody: this program answers no requests.
    #[default]
    Nobody,
    /// Whoever sends this token.
    Token(BankToken),
    /// Whoever sends the token in the file beside the database, which is created if need be.
    TokenFile,
    /// Everybody who reaches the port.
    Everybody,
}

/// Who may use the banks over HTTP.
#[derive(Debug, Clone)]
pub enum BankAccess {
    Nobody,
    /// Whoever sends the token that has this SHA-256.
    Token([u8; 32]),
    /// Everybody who reaches the port.
    Everybody,
}

impl BankAccess {
    /// Access as the operator wants it, to the banks of the database in this file. Where calls need
    /// a key, a token in a file still counts, but none is made.
    ///
    /// # Errors
    /// When the file of the token cannot be read or written, or holds none.
    pub fn open(
        config: AccessConfig,
        database: Option<&Path>,
        need_keys: bool,
    ) -> anyhow::Result<Self> {
        match config {
            AccessConfig::Nobody => Ok(Self::Nobody),
            AccessConfig::Everybody => Ok(Self::Everybody),
            AccessConfig::Token(token) => Ok(Self::with_token(&token)),
            AccessConfig::TokenFile => {
                let file = database.map(path_beside);
                if need_keys && !file.as_ref().is_some_and(|file| file.exists()) {
                    return Ok(Self::Nobody);
                }
                let file = file.context(
                    "a database without a file needs PHOTOCHECK_BANK_TOKEN or keys \
                     (photocheck key create)",
                )?;
                let token = BankToken::read_or_create(&file)
                    .context("PHOTOCHECK_BANK_TOKEN is not set, so the token is kept in a file")?;
                Ok(Self::with_token(&token))
            }
        }
    }

    /// Access with this token.
    #[must_use]
    pub fn with_token(token: &BankToken) -> Self {
        Self::Token(Sha256::digest(token.as_str()).into())
    }

    /// Whether this is the token. The time taken says nothing about it.
    #[must_use]
    pub fn is_token(&self, token: &str) -> bool {
        match self {
            Self::Nobody | Self::Everybody => false,
            Self::Token(digest) => Sha256::digest(token).ct_eq(digest.as_slice()).into(),
        }
    }
}

/// A token that a header can carry. Not shown by `Debug`.
#[derive(Clone)]
pub struct BankToken(String);

impl BankToken {
    /// A token of the operator's choice.
    ///
    /// # Errors
    /// When it is empty, a header cannot carry it, or it would be taken for an API key.
    pub fn new(token: &str) -> Result<Self, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Empty);
        }
        if !token.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(TokenError::NotVisibleAscii);
        }
        if token.starts_with(ApiKey::PREFIX) {
            return Err(TokenError::LikeAKey);
        }
        Ok(Self(token.to_owned()))
    }

    /// Reads the token in the file at `path`, or creates one and writes it there.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds no token.
    pub fn read_or_create(path: &Path) -> Result<Self, TokenError> {
        match private_file::create_new(path) {
            Ok(file) => Self::create(path, file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => match Self::read(path) {
                // A file that is there is enough, even where none could be written.
                Err(_) => Err(TokenError::Write { path: path.to_owned(), error }),
                read => read,
            },
        }
    }

    fn create(path: &Path, mut file: fs::File) -> Result<Self, TokenError> {
        let mut secret = [0; RANDOM_BYTES];
        let made = getrandom::fill(&mut secret).map_err(TokenError::from).and_then(|()| {
            let token = hex::encode(secret);
            let written = writeln!(file, "{token}").and_then(|()| file.sync_all());
            written.map_err(|error| TokenError::Write { path: path.to_owned(), error })?;
            Ok(Self(token))
        });
        if made.is_err() {
            // An empty file would stand in the way of the next start.
            let _ = fs::remove_file(path);
        }
        made
    }

    fn read(path: &Path) -> Result<Self, TokenError> {
        let named = || path.to_owned();
        let text =
            fs::read_to_string(path).map_err(|error| TokenError::Read { path: named(), error })?;
        Self::new(text.trim())
            .map_err(|error| TokenError::File { path: named(), error: Box::new(error) })
    }

    /// The token.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for BankToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BankToken").finish_non_exhaustive()
    }
}

/// Where the token of a database is kept: its file's name and `.token`.
#[must_use]
pub fn path_beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".token");
    name.into()
}

#[cfg(test)]
mod tests {
    use temp_dir::TempDir;

    use super::*;

    #[test]
    fn a_token_is_created_once_and_read_after_that() {
        let folder = TempDir::new().unwrap();
        let path = path_beside(&folder.path().join("x.sqlite"));
        let made = BankToken::read_or_create(&path).unwrap();
        assert_eq!(made.as_str().len(), 2 * RANDOM_BYTES);
        assert_eq!(BankToken::read_or_create(&path).unwrap().as_str(), made.as_str());
        assert_eq!(format!("{made:?}"), "BankToken { .. }");
        let other = path_beside(&folder.path().join("y.sqlite"));
        assert_ne!(BankToken::read_or_create(&other).unwrap().as_str(), made.as_str());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_token_that_cannot_work_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "\n").unwrap();
        let error = BankToken::read_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("token is not usable: the token of the banks is empty"), "{error}");
        assert!(matches!(BankToken::new("").unwrap_err(), TokenError::Empty));
        assert!(matches!(BankToken::new("two words").unwrap_err(), TokenError::NotVisibleAscii));
        let error = BankToken::new("pck_live_of_ours").unwrap_err().to_string();
        assert!(error.contains("begins with pck_live_, as API keys do"), "{error}");
        let nowhere = folder.path().join("no/such/folder/token");
        let error = BankToken::read_or_create(&nowhere).unwrap_err();
        assert!(matches!(error, TokenError::Write { .. }), "{error}");
    }
}
