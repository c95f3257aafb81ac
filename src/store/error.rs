//! What can go wrong with the store, sorted by whose fault it is.

use std::io::ErrorKind;
use std::path::PathBuf;

use thiserror::Error;

/// An answer of the store that is no success.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Asked for: a name that breaks the rule.
    #[error("a bank's name has 1 to 64 of the characters A to Z, 0 to 9 and _, not {0:?}")]
    BankName(String),
    /// Asked for: a note over the limit.
    #[error("the note has {bytes} bytes, the limit is {bytes_max}")]
    NoteTooLong { bytes: usize, bytes_max: usize },
    /// Asked for: a note with line breaks, escapes or the like.
    #[error("the note holds a control character; it must be one line of plain text")]
    NoteNotPlain,
    /// Asked for: an external id over the limit.
    #[error("the external id has {bytes} bytes, the limit is {bytes_max}")]
    ExternalIdTooLong { bytes: usize, bytes_max: usize },
    /// Asked for: an external id with line breaks, escapes or the like.
    #[error("the external id holds a control character; it must be one line of plain text")]
    ExternalIdNotPlain,
    /// Asked for: a bank that is there already.
    #[error("there is a bank {0} already")]
    BankExists(String),
    /// Asked for: a bank that is not there.
    #[error("there is no bank {0}")]
    NoSuchBank(String),
    /// Asked for: a content that the bank does not hold.
    #[error("bank {bank} has no content {content}")]
    NoSuchContent { bank: String, content: i64 },
    /// Asked for: banking by hand what only checks with an account bring, or exchanging it.
    #[error(
        "bank {0} keeps photos seen on accounts; they come by checks that name an account and are \
         not exchanged"
    )]
    BankOfSightings(String),
    /// Ours: the configured bank of sightings has another purpose.
    #[error("bank {0} is not of the purpose seen")]
    NotForSightings(String),
    /// Ours: the configured account key. Under another one every account would seem to be two.
    #[error("bank {0} was filled under another account key; use that key, or another bank")]
    OtherAccountKey(String),
    /// Ours: the configured URL.
    #[error("the database's URL must begin with sqlite:")]
    UnsupportedUrl,
    /// Ours: no database where the configuration says. An empty one would clear every photo.
    #[error(
        "there is no database {}; name another (--db, PHOTOCHECK_DB), or add --create to begin \
         an empty one there", .0.display()
    )]
    NoDatabase(PathBuf),
    /// Ours: the database's file or folder.
    #[error("the database {} cannot be opened: {error}", file.display())]
    File { file: PathBuf, error: std::io::Error },
    /// Ours: the database, by the name of its file.
    #[error("the database {} cannot be opened: {error}", file.display())]
    Open { file: PathBuf, error: Box<StoreError> },
    /// Ours: a database that the program did not make.
    #[error("it is no database of photocheck")]
    NotOurs,
    /// Ours: a schema that is not this program's, where nothing can be written.
    #[error("it is of another version, and can only be read here")]
    OtherVersion,
    /// Ours: the file was moved, deleted or replaced under the program.
    #[error(
        "the database {} is no longer the file that was opened: it was moved, deleted or replaced; \
         start the program again", .0.display()
    )]
    Replaced(PathBuf),
    /// Ours: others write for longer than a writer waits.
    #[error("others are writing to the database, and it did not become free in time")]
    Busy,
    /// Ours: the database failed.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
    /// Ours: the schema could not be brought up to date.
    #[error("the database cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Ours: changes could not be applied to an index.
    #[error("changes could not be applied to the index: {0}")]
    Apply(String),
    /// Ours: a lookup that did not come to its end.
    #[error("a lookup failed: {0}")]
    Lookup(String),
    /// Ours: a row holds what the program never writes.
    #[error("the database holds a content {0} that is not valid")]
    Corrupt(i64),
    /// Ours: the same of a bank.
    #[error("the database holds a bank {0} that is not valid")]
    CorruptBank(i64),
}

impl StoreError {
    /// Stable code; the same one for all that is our fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BankName(_) => "BANK_NAME_NOT_VALID",
            Self::NoteTooLong { .. } => "NOTE_TOO_LONG",
            Self::NoteNotPlain => "NOTE_NOT_PLAIN",
            Self::ExternalIdTooLong { .. } => "EXTERNAL_ID_TOO_LONG",
            Self::ExternalIdNotPlain => "EXTERNAL_ID_NOT_PLAIN",
            Self::BankOfSightings(_) => "BANK_OF_SIGHTINGS",
            Self::BankExists(_) => "BANK_EXISTS",
            Self::NoSuchBank(_) => "NO_SUCH_BANK",
            Self::NoSuchContent { .. } => "NO_SUCH_CONTENT",
            Self::NoDatabase(_) => "NO_DATABASE",
            Self::Replaced(_) => "DATABASE_REPLACED",
            Self::Busy => "DATABASE_BUSY",
            Self::NotForSightings(_)
            | Self::OtherAccountKey(_)
            | Self::UnsupportedUrl
            | Self::File { .. }
            | Self::Open { .. }
            | Self::NotOurs
            | Self::OtherVersion
            | Self::Database(_)
            | Self::Migration(_)
            | Self::Apply(_)
            | Self::Lookup(_)
            | Self::Corrupt(_)
            | Self::CorruptBank(_) => "STORE_FAILED",
        }
    }

    /// Whether the database could perhaps be opened without writing anything.
    pub(super) fn wants_no_writing(&self) -> bool {
        const READ_ONLY: i32 = 8;
        const CANNOT_OPEN: i32 = 14;
        match self {
            Self::Open { error, .. } => error.wants_no_writing(),
            Self::File { error, .. } => {
                matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
            }
            Self::Database(error) => {
                matches!(sqlite_code(error), Some(READ_ONLY | CANNOT_OPEN))
            }
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        const BUSY: i32 = 5;
        const LOCKED: i32 = 6;
        match (&error, sqlite_code(&error)) {
            (_, Some(BUSY | LOCKED)) | (sqlx::Error::PoolTimedOut, _) => Self::Busy,
            _ => Self::Database(error),
        }
    }
}

/// `SQLite`'s primary result code.
fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}
