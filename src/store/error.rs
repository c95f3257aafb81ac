//! What can go wrong with the store, sorted by whose fault it is.

use std::io::ErrorKind;
use std::path::PathBuf;

use thiserror::Error;

use super::dialect::Trouble;

/// What was asked for cannot be done: the caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A bank that is there already.
    #[error("there already is a bank {0}")]
    BankExists(String),
    /// A bank that is not there.
    #[error("there is no bank {0}")]
    NoSuchBank(String),
    /// A tenant that is there already.
    #[error("there already is a tenant {0}")]
    TenantExists(String),
    /// A tenant that is not there.
    #[error("there is no tenant {0}")]
    NoSuchTenant(String),
    /// Erasing the tenant of whoever runs the service.
    #[error("the tenant default cannot be erased; remove its banks and revoke its keys instead")]
    TenantIsDefault,
    /// A key that is not there.
    #[error("there is no key {0}")]
    NoSuchKey(String),
    /// A check that was not accepted from this tenant, or is over its retention.
    #[error("there is no check {0}")]
    NoSuchCheck(String),
    /// A check that has no report yet, or never will.
    #[error("check {0} has no report")]
    CheckNotDone(String),
    /// A verdict that was disputed before.
    #[error("check {0} was appealed before")]
    AppealExists(String),
    /// Nobody disputes the verdict, or it was decided.
    #[error("check {0} has no appeal that waits to be decided")]
    NoOpenAppeal(String),
    /// An endpoint that the tenant does not have.
    #[error("there is no endpoint {0}")]
    NoSuchEndpoint(String),
    /// A changed policy that calls itself as the one before.
    #[error(
        "there was another policy {name} {version} of this tenant; a change is a new version, \
         comments too"
    )]
    PolicyVersionTaken { name: String, version: String },
    /// More versions than are kept.
    #[error("a tenant has at most {versions_max} versions of policies")]
    TooManyPolicies { versions_max: i64 },
    /// A content that the bank does not hold.
    #[error("bank {bank} has no content {content}")]
    NoSuchContent { bank: String, content: i64 },
    /// Banking by hand what only checks with an account bring, exchanging it, or renaming its bank.
    #[error(
        "bank {0} keeps photos seen on accounts; they come from checks that name an account and \
         are not exchanged, and the bank keeps its name"
    )]
    BankOfSightings(String),
}

/// An answer of the store that is no success.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The caller's fault; all others are ours.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The configured bank of sightings has another purpose.
    #[error("bank {0} does not have the purpose seen")]
    NotForSightings(String),
    /// The configured account key. Under another one every account would seem to be two.
    #[error("bank {0} was filled with another account key; use that key, or another bank")]
    OtherAccountKey(String),
    /// The configured URL.
    #[error("the database's URL must begin with sqlite: or postgres://")]
    UnsupportedUrl,
    /// The same, by what is wrong with it. The URL itself may hold a password.
    #[error("the database's URL is not valid: {0}")]
    UrlNotValid(String),
    /// No database where the configuration says. An empty one would clear every photo.
    #[error(
        "there is no database {}; name another (--db, PHOTOCHECK_DB), or add --create to create \
         an empty one there", .0.display()
    )]
    NoDatabase(PathBuf),
    /// The same on a server. Which databases are there is decided by whoever runs the server.
    #[error("the database {0} is empty; name another (--db, PHOTOCHECK_DB), or add --create")]
    EmptyDatabase(String),
    /// The database's file or folder.
    #[error("the database {} cannot be opened: {error}", file.display())]
    File { file: PathBuf, error: std::io::Error },
    /// The database, by the name of its file or by its server and name.
    #[error("the database {place} cannot be opened: {error}")]
    Open { place: String, error: Box<StoreError> },
    /// A database that the program did not make.
    #[error("it is not a database of photocheck")]
    NotOurs,
    /// A schema that is not this program's, where nothing can be written.
    #[error("it is from another version of photocheck, and it can only be read here")]
    OtherVersion,
    /// A copy is to go into a database that holds something.
    #[error("the database {0} is not empty; nothing was copied into it")]
    NotEmpty(String),
    /// A backup of a database that is not in a file.
    #[error("the database {0} is not in a file; its server backs it up (docs/scale.md)")]
    NoFile(String),
    /// It was moved, deleted or replaced under the program.
    #[error(
        "the database {0} is no longer the one that was opened: it was moved, deleted or replaced; \
         start the program again"
    )]
    Replaced(String),
    /// Others write for longer than a writer waits.
    #[error("other writers kept the database busy for too long")]
    Busy,
    /// There is no connection to its server.
    #[error("the database cannot be reached: {0}")]
    Unreachable(sqlx::Error),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds what the program never writes.
    #[error("content {0} in the database is not valid")]
    Corrupt(i64),
    /// The same of a bank.
    #[error("bank {0} in the database is not valid")]
    CorruptBank(i64),
    /// The same of a tenant.
    #[error("tenant {0} in the database is not valid")]
    CorruptTenant(i64),
    /// The same of a check, by its id.
    #[error("check {0} in the database is not valid")]
    CorruptCheck(String),
    /// The same of an endpoint or one of its messages, by its id.
    #[error("endpoint or message {0} in the database is not valid")]
    CorruptEndpoint(String),
    /// The same of a key, by its id.
    #[error("key {0} in the database is not valid")]
    CorruptKey(String),
}

impl Refusal {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BankExists(_) => "BANK_EXISTS",
            Self::NoSuchBank(_) => "NO_SUCH_BANK",
            Self::TenantExists(_) => "TENANT_EXISTS",
            Self::NoSuchTenant(_) => "NO_SUCH_TENANT",
            Self::TenantIsDefault => "TENANT_IS_DEFAULT",
            Self::NoSuchKey(_) => "NO_SUCH_KEY",
            Self::NoSuchCheck(_) => "NO_SUCH_CHECK",
            Self::CheckNotDone(_) => "CHECK_NOT_DONE",
            Self::AppealExists(_) => "APPEAL_EXISTS",
            Self::NoOpenAppeal(_) => "NO_OPEN_APPEAL",
            Self::NoSuchEndpoint(_) => "NO_SUCH_ENDPOINT",
            Self::NoSuchContent { .. } => "NO_SUCH_CONTENT",
            Self::BankOfSightings(_) => "BANK_OF_SIGHTINGS",
            Self::PolicyVersionTaken { .. } => "POLICY_VERSION_TAKEN",
            Self::TooManyPolicies { .. } => "TOO_MANY_POLICIES",
        }
    }
}

impl StoreError {
    /// Stable code; the same one for all that is our fault and nobody can do anything about.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::NoDatabase(_) | Self::EmptyDatabase(_) => "NO_DATABASE",
            Self::Replaced(_) => "DATABASE_REPLACED",
            Self::Busy => "DATABASE_BUSY",
            Self::Unreachable(_) => "DATABASE_UNREACHABLE",
            Self::NotForSightings(_)
            | Self::OtherAccountKey(_)
            | Self::UnsupportedUrl
            | Self::UrlNotValid(_)
            | Self::File { .. }
            | Self::Open { .. }
            | Self::NotOurs
            | Self::OtherVersion
            | Self::NotEmpty(_)
            | Self::NoFile(_)
            | Self::Database(_)
            | Self::Migration(_)
            | Self::Corrupt(_)
            | Self::CorruptBank(_)
            | Self::CorruptTenant(_)
            | Self::CorruptCheck(_)
            | Self::CorruptEndpoint(_)
            | Self::CorruptKey(_) => "STORE_FAILED",
        }
    }

    /// Whether the database could perhaps be opened without writing anything.
    pub(super) fn wants_no_writing(&self) -> bool {
        match self {
            Self::Open { error, .. } => error.wants_no_writing(),
            Self::File { error, .. } => {
                matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
            }
            Self::Database(error) => Trouble::of(error) == Trouble::CannotWrite,
            _ => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match Trouble::of(&error) {
            Trouble::Busy => Self::Busy,
            Trouble::Unreachable => Self::Unreachable(error),
            Trouble::CannotWrite | Trouble::Other => Self::Database(error),
        }
    }
}
