//! The audit log: who did what, when. Entries are only ever added, and each is chained to the one
//! before by its hash. No I/O.
//!
//! A tenant's entries are a chain of their own. The hash of an entry is the SHA-256 of a JSON
//! array: the hash of the entry before, the tenant's number, and the entry's number, time, actor,
//! action and subject. So whoever has the entries can compute it, in any language.

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::tenancy::{Caller, Credential, KeyId};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A program by itself.
    Service,
    /// Whoever can run the command line on the database.
    CommandLine,
    /// Whoever has the token of the banks.
    BankToken,
    Key(KeyId),
    /// Whoever reaches a service that is open to everybody.
    Anybody,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    TenantCreated,
    TenantErased,
    KeyMade,
    KeyRevoked,
    BankCreated,
    BankRenamed,
    BankDeleted,
    BankShared,
    BankUnshared,
    BankImported,
    ContentAdded,
    ContentChanged,
    ContentRemoved,
    ContentQuarantined,
    AccountErased,
    FeedbackGiven,
    AppealMade,
    AppealUpheld,
    AppealOverturned,
    ReviewConfirmed,
    ReviewRejected,
    ReviewEscalated,
    ReviewUndone,
    PolicySet,
    PolicyReset,
    EndpointRegistered,
    EndpointRemoved,
    EndpointSwitchedOn,
    EndpointSwitchedOff,
    SecretRotated,
    MessagesReplayed,
}

/// An entry, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without a gap.
    pub number: i64,
    /// Seconds since 1970, UTC.
    pub at: i64,
    pub actor: String,
    pub action: String,
    /// To what it was done, by names and ids.
    pub subject: String,
    /// SHA-256, hexadecimal.
    pub hash: String,
}

/// The end of a chain. Who notes it elsewhere can tell later that nothing was cut off or rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// How many entries there are.
    pub number: i64,
    /// The hash of the last one.
    pub hash: String,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Broken {
    #[error("entry {0} is missing")]
    Missing(i64),
    #[error("entry {0} was changed, or another was put in its place")]
    Changed(i64),
    #[error("the log ends with entry {last}, and {head} were written")]
    CutOff { last: i64, head: i64 },
    #[error("the end of the log was changed: it names another hash than that of entry {0}")]
    OtherHead(i64),
    #[error("there are {last} entries, and only {head} were written")]
    TooMany { last: i64, head: i64 },
    #[error("entry {0} is another than the one that was noted: the log was rewritten")]
    Rewritten(i64),
    #[error("the log ends with entry {last}, before the one that was noted, {noted}")]
    BeforeNoted { last: i64, noted: i64 },
}

/// A text that names no head.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a head is written NUMBER:HASH, as audit verify prints it")]
pub struct NoHead;

impl Actor {
    /// Whoever calls.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        match &caller.credential {
            Credential::Key { id, .. } => Self::Key(id.clone()),
            Credential::BankToken => Self::BankToken,
            Credential::CommandLine => Self::CommandLine,
            Credential::Nothing => Self::Anybody,
            Credential::Accepted => Self::Service,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service => write!(f, "service"),
            Self::CommandLine => write!(f, "command_line"),
            Self::BankToken => write!(f, "bank_token"),
            Self::Key(id) => write!(f, "key {id}"),
            Self::Anybody => write!(f, "anybody"),
        }
    }
}

impl Action {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TenantCreated => "tenant.created",
            Self::TenantErased => "tenant.erased",
            Self::KeyMade => "key.made",
            Self::KeyRevoked => "key.revoked",
            Self::BankCreated => "bank.created",
            Self::BankRenamed => "bank.renamed",
            Self::BankDeleted => "bank.deleted",
            Self::BankShared => "bank.shared",
            Self::BankUnshared => "bank.unshared",
            Self::BankImported => "bank.imported",
            Self::ContentAdded => "content.added",
            Self::ContentChanged => "content.changed",
            Self::ContentRemoved => "content.removed",
            Self::ContentQuarantined => "content.quarantined",
            Self::AccountErased => "account.erased",
            Self::FeedbackGiven => "feedback.given",
            Self::AppealMade => "appeal.made",
            Self::AppealUpheld => "appeal.upheld",
            Self::AppealOverturned => "appeal.overturned",
            Self::ReviewConfirmed => "review.confirmed",
            Self::ReviewRejected => "review.rejected",
            Self::ReviewEscalated => "review.escalated",
            Self::ReviewUndone => "review.undone",
            Self::PolicySet => "policy.set",
            Self::PolicyReset => "policy.reset",
            Self::EndpointRegistered => "endpoint.registered",
            Self::EndpointRemoved => "endpoint.removed",
            Self::EndpointSwitchedOn => "endpoint.switched_on",
            Self::EndpointSwitchedOff => "endpoint.switched_off",
            Self::SecretRotated => "endpoint.secret_rotated",
            Self::MessagesReplayed => "endpoint.messages_replayed",
        }
    }
}

impl Head {
    /// Of a chain without entries.
    #[must_use]
    pub fn none() -> Self {
        Self { number: 0, hash: "0".repeat(64) }
    }

    /// Reads what [`fmt::Display`] writes.
    ///
    /// # Errors
    /// [`NoHead`] for any other text.
    pub fn read(text: &str) -> Result<Self, NoHead> {
        let (number, hash) = text.split_once(':').ok_or(NoHead)?;
        let number = number.parse().map_err(|_| NoHead)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|c| c.is_ascii_hexdigit());
        if number < 1 || !is_hash {
            return Err(NoHead);
        }
        Ok(Self { number, hash: hash.to_ascii_lowercase() })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl Entry {
    /// The hash that it must have after an entry of this hash.
    #[must_use]
    pub fn hash_after(&self, before: &str, tenant: i64) -> String {
        let Self { number, at, actor, action, subject, .. } = self;
        // An array of JSON: no two entries are written alike.
        let text = serde_json::json!([before, tenant, number, at, actor, action, subject]);
        hex::encode(Sha256::digest(text.to_string()))
    }
}

/// Verifies a chain, entry by entry.
#[derive(Debug)]
pub struct Verifier {
    tenant: i64,
    last: Head,
    noted: Option<Head>,
}

impl Verifier {
    /// Begins with the first entry of a tenant's chain, in which the noted one must be.
    #[must_use]
    pub fn new(tenant: i64, noted: Option<Head>) -> Self {
        Self { tenant, last: Head::none(), noted }
    }

    /// Takes the next entry, by number.
    ///
    /// # Errors
    /// [`Broken`] when it is not the one that was written.
    pub fn add(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.last.number + 1;
        if expected < entry.number {
            return Err(Broken::Missing(expected));
        }
        let is_as_written = entry.hash == entry.hash_after(&self.last.hash, self.tenant);
        if entry.number != expected || !is_as_written {
            return Err(Broken::Changed(entry.number));
        }
        let is_noted = |noted: &Head| noted.number == entry.number && noted.hash != entry.hash;
        if self.noted.as_ref().is_some_and(is_noted) {
            return Err(Broken::Rewritten(entry.number));
        }
        self.last = Head { number: entry.number, hash: entry.hash.clone() };
        Ok(())
    }

    /// Ends it with the head that was written.
    ///
    /// # Errors
    /// [`Broken`] when entries are missing at the end.
    pub fn end(self, head: &Head) -> Result<Head, Broken> {
        let Self { last, noted, .. } = self;
        if last.number < head.number {
            return Err(Broken::CutOff { last: last.number, head: head.number });
        }
        if head.number < last.number {
            return Err(Broken::TooMany { last: last.number, head: head.number });
        }
        if last.hash != head.hash {
            return Err(Broken::OtherHead(last.number));
        }
        match noted {
            Some(noted) if last.number < noted.number => {
                Err(Broken::BeforeNoted { last: last.number, noted: noted.number })
            }
            _ => Ok(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Python: `sha256(json.dumps(["0" * 64, 1, 1, 1795800000, "command_line", "bank.created",
    /// "SCAM"], separators=(",", ":")).encode()).hexdigest()`.
    #[test]
    fn a_hash_is_what_anybody_computes() {
        let entry = Entry {
            number: 1,
            at: 1_795_800_000,
            actor: "command_line".to_owned(),
            action: Action::BankCreated.name().to_owned(),
            subject: "SCAM".to_owned(),
            hash: String::new(),
        };
        assert_eq!(entry.hash_after(&Head::none().hash, 1), PYTHON);
    }

    const PYTHON: &str = "18e8752fa5fa937f851f822cf535ca690992940c7b7ba16ffaeaf290027166ea";

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head { number: 7, hash: "ab".repeat(32) };
        assert_eq!(Head::read(&head.to_string()), Ok(head));
        for text in ["", "7", "7:ab", "0:", "x:y", &format!("0:{}", "ab".repeat(32))] {
            assert_eq!(Head::read(text), Err(NoHead), "{text}");
        }
    }
}
