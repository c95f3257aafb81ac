//! Why the app did not do what it was asked to do, sorted by whose fault it is: refused (the
//! caller's, and the caller learns why) or failed (ours, and it is logged).

use std::fmt;

use photocheck_core::bank::BankError;
use photocheck_core::photo::PhotoError;
use thiserror::Error;
use tokio::task::JoinError;

use super::gate::{NoPlace, QueueFull, TenantQueueFull};
use crate::accounts::AccountIdError;
use crate::fetch::FetchError;
use crate::idempotency::IdempotencyKeyError;
use crate::store::{self, StoreError, Waiting};
use crate::tenancy::{Denied, KeyScopeError, NameError};
use crate::webhooks::EventKindError;

/// See the module's text.
#[derive(Debug, Error)]
pub enum AppError {
    #[error(transparent)]
    Refused(Refusal),
    #[error(transparent)]
    Failed(Failure),
}

/// What was asked for cannot be done.
#[derive(Debug, Error)]
pub enum Refusal {
    #[error(transparent)]
    Photo(PhotoError),
    #[error(transparent)]
    Text(BankError),
    #[error(transparent)]
    Bank(store::Refusal),
    #[error(transparent)]
    AccountId(AccountIdError),
    #[error(transparent)]
    Denied(Denied),
    #[error(transparent)]
    Name(NameError),
    #[error(transparent)]
    KeyScope(KeyScopeError),
    /// A tenant takes more of the gate than its share.
    #[error(transparent)]
    TenantQueueFull(TenantQueueFull),
    #[error(
        "this service keeps no sightings, so it takes no account_id; its operator can opt in with \
         --sightings-bank"
    )]
    SightingsNotKept,
    #[error("this service takes no photos by URL: send the photo itself")]
    UrlsNotTaken,
    #[error(transparent)]
    Fetch(FetchError),
    #[error("a tenant has at most {} endpoints", super::limits::ENDPOINTS_MAX)]
    TooManyEndpoints,
    #[error("the endpoint is switched off: switch it on first")]
    EndpointOff,
    #[error(
        "callback_url must have the scheme, host and port of an endpoint of the tenant that is on"
    )]
    CallbackNotRegistered,
    #[error(transparent)]
    Event(EventKindError),
    /// A call with too many checks.
    #[error("a call brings at most {} photos", super::limits::BATCH_CHECKS_MAX)]
    BatchTooLarge,
    /// As much of a tenant waits as may.
    #[error(
        "{} photos of this tenant wait, of {} bytes; the limits are {} and {}",
        waiting.checks,
        waiting.photo_bytes,
        super::limits::WAITING_CHECKS_MAX,
        super::limits::WAITING_BYTES_MAX
    )]
    TooManyWaiting { waiting: Waiting },
    #[error("the first call with this idempotency key is still under way; send it again later")]
    CallUnderWay,
    #[error("this idempotency key came before, with another call; a key is for one call")]
    OtherCall,
    #[error(transparent)]
    PolicyNotValid(PolicyNotValid),
    #[error(transparent)]
    IdempotencyKey(IdempotencyKeyError),
    #[error(
        "{} calls with an idempotency key are kept of this tenant, which is the limit; each is \
         kept for {} hours",
        super::limits::IDEMPOTENT_CALLS_MAX,
        super::limits::IDEMPOTENT_CALLS_KEPT_S / 3600
    )]
    TooManyCalls,
    #[error("this service signs no receipts: its operator can opt in with PHOTOCHECK_RECEIPT_KEY")]
    ReceiptsNotSigned,
    #[error("the photo waited in the memory of a program that ended; send it again")]
    PhotoLost,
    #[error("the check failed here time and again, and was given up")]
    CheckGivenUp,
}

/// Something went wrong here.
#[derive(Debug, Error)]
pub enum Failure {
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    QueueFull(QueueFull),
    /// No more of these are done at a time.
    #[error("{0}")]
    Busy(&'static str),
    /// Lookups may miss what was banked since.
    #[error("the index was last known to be up to date {age_ms} ms ago")]
    IndexStale { age_ms: u128 },
    /// The policy that a tenant set is none for this program.
    #[error("the policy of tenant {tenant} cannot be used by this version: {faults}")]
    PolicyNotUsable { tenant: i64, faults: String },
    /// Work that did not come to its end.
    #[error("{0}")]
    Work(JoinError),
    #[error("the reader of an import ended before its input")]
    ReaderGone,
    #[error("no key can be made: {0}")]
    Randomness(getrandom::Error),
    #[error("the hashes in a report that was kept cannot be read")]
    ReportUnreadable,
    #[error("checks of the call were deleted while it came, so none was accepted; send it again")]
    BatchGone,
    #[error("a photo that is to wait could not be encrypted")]
    NotEncrypted,
    #[error("a photo that waits was encrypted with another photo_key than this program has")]
    OtherPhotoKey,
}

impl AppError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Failed(failure) => failure.code(),
        }
    }
}

impl Refusal {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Photo(error) => error.code(),
            Self::Text(error) => error.code(),
            Self::Bank(error) => error.code(),
            Self::AccountId(error) => error.code(),
            Self::Denied(denied) => denied.code(),
            Self::Name(error) => error.code(),
            Self::KeyScope(error) => error.code(),
            Self::TenantQueueFull(_) => "TENANT_QUEUE_FULL",
            Self::SightingsNotKept => "SIGHTINGS_NOT_KEPT",
            Self::UrlsNotTaken => "URLS_NOT_TAKEN",
            Self::Fetch(error) => error.code(),
            Self::TooManyEndpoints => "TOO_MANY_ENDPOINTS",
            Self::EndpointOff => "ENDPOINT_OFF",
            Self::CallbackNotRegistered => "CALLBACK_NOT_REGISTERED",
            Self::Event(error) => error.code(),
            Self::BatchTooLarge => "BATCH_TOO_LARGE",
            Self::TooManyWaiting { .. } => "TOO_MANY_WAITING",
            Self::PolicyNotValid(_) => "POLICY_NOT_VALID",
            Self::CallUnderWay => "IDEMPOTENCY_KEY_IN_USE",
            Self::OtherCall => "IDEMPOTENCY_KEY_REUSED",
            Self::IdempotencyKey(_) => "IDEMPOTENCY_KEY_NOT_VALID",
            Self::TooManyCalls => "TOO_MANY_IDEMPOTENCY_KEYS",
            Self::ReceiptsNotSigned => "RECEIPTS_NOT_SIGNED",
            Self::PhotoLost => "PHOTO_LOST",
            Self::CheckGivenUp => "CHECK_GIVEN_UP",
        }
    }
}

impl Failure {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::QueueFull(_) => "QUEUE_FULL",
            Self::Busy(_) => "BUSY",
            Self::IndexStale { .. } => "INDEX_STALE",
            Self::PolicyNotUsable { .. } => "POLICY_NOT_USABLE",
            Self::Work(_)
            | Self::ReaderGone
            | Self::Randomness(_)
            | Self::ReportUnreadable
            | Self::NotEncrypted
            | Self::BatchGone
            | Self::OtherPhotoKey => "INTERNAL",
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for AppError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<PhotoError> for AppError {
    fn from(error: PhotoError) -> Self {
        Self::Refused(Refusal::Photo(error))
    }
}

impl From<BankError> for AppError {
    fn from(error: BankError) -> Self {
        Self::Refused(Refusal::Text(error))
    }
}

impl From<AccountIdError> for AppError {
    fn from(error: AccountIdError) -> Self {
        Self::Refused(Refusal::AccountId(error))
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::Refused(Refusal::Bank(refusal)),
            ours => Self::Failed(Failure::Store(ours)),
        }
    }
}

impl From<NoPlace> for AppError {
    fn from(no_place: NoPlace) -> Self {
        match no_place {
            NoPlace::Queue(full) => Self::Failed(Failure::QueueFull(full)),
            NoPlace::Tenant(full) => Self::Refused(Refusal::TenantQueueFull(full)),
        }
    }
}

impl From<Denied> for AppError {
    fn from(denied: Denied) -> Self {
        Self::Refused(Refusal::Denied(denied))
    }
}

impl From<NameError> for AppError {
    fn from(error: NameError) -> Self {
        Self::Refused(Refusal::Name(error))
    }
}

impl From<KeyScopeError> for AppError {
    fn from(error: KeyScopeError) -> Self {
        Self::Refused(Refusal::KeyScope(error))
    }
}

impl From<EventKindError> for AppError {
    fn from(error: EventKindError) -> Self {
        Self::Refused(Refusal::Event(error))
    }
}

/// All that is wrong with a policy.
#[derive(Debug, Error)]
pub struct PolicyNotValid(pub(super) Vec<String>);

impl fmt::Display for PolicyNotValid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the policy is not valid: {}", self.0.join("; "))
    }
}

impl From<PolicyNotValid> for AppError {
    fn from(error: PolicyNotValid) -> Self {
        Self::Refused(Refusal::PolicyNotValid(error))
    }
}

impl From<IdempotencyKeyError> for AppError {
    fn from(error: IdempotencyKeyError) -> Self {
        Self::Refused(Refusal::IdempotencyKey(error))
    }
}

impl From<JoinError> for AppError {
    fn from(error: JoinError) -> Self {
        Self::Failed(Failure::Work(error))
    }
}
