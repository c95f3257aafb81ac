//! The store: banks and their contents in a database, the one truth that indexes are made from.
//!
//! All SQL of the program stands in this folder; what differs between databases stands in
//! `dialect.rs`. Each change of what banks hold is one transaction that raises the generation, so
//! an index can ask for what came since the generation it shows.
//!
//! A bank's name is resolved once, by [`Store::resolve`]; statements use its id, and a bank that
//! was deleted meanwhile is missed and not confused with a new one of the same name.
//!
//! Nothing is read from or written to a database whose file was replaced under the program: each
//! statement begins with [`Store::in_place`], each write ends with it before it is acknowledged.

mod announcements;
mod appeals;
mod audit;
mod backup;
mod banks;
mod changes;
mod checks;
mod columns;
mod connection;
mod contents;
mod copy;
mod copy_tables;
mod database;
mod dialect;
mod endpoints;
mod error;
mod export;
mod feedback;
mod file;
mod generation;
mod idempotency;
mod import;
mod insight;
mod judged_grounds;
mod judgements;
mod keys;
mod messages;
mod open;
mod policies;
mod queues;
mod releases;
mod review_decisions;
mod review_sessions;
mod reviews;
mod schema;
mod scores;
mod server;
mod shadows;
mod sightings;
mod snapshots;
mod tenants;
mod usage;
mod workers;

pub use appeals::{Appeal, AppealRuling, Decision};
pub use banks::{Bank, NewBank, ensure_exchanged};
pub use checks::{
    ClaimedCheck, NewBatch, NewCheck, Outcome, StoredCheck, StoredState, Waiting, WaitsIn,
};
pub use connection::Opening;
pub use contents::{Content, ContentChange};
pub use copy::TableSum;
pub use database::Store;
pub use endpoints::Endpoint;
pub use error::{Refusal, StoreError};
pub use feedback::Feedback;
pub use idempotency::{Claim, Claimed, KeptAnswer};
pub use import::{BATCH_PHOTOS, Import, Imported};
pub use insight::{CheckDay, Judgement, WaitingNow};
pub use judgements::{
    Judged, JudgedBank, JudgedContent, JudgedEverywhere, JudgedReason, Judgements, Judges,
};
pub use keys::{NewKey, StoredKey};
pub use messages::{Callback, ClaimedMessage, MessageState, Sent, StoredMessage};
pub use policies::TenantPolicy;
pub use queues::{Queue, Queues};
pub use review_decisions::{ReviewDecision, Ruling, Undone};
pub use review_sessions::ReviewSession;
pub use reviews::{
    ItemState, Leased, QueueCounts, QueueFilter, QueueState, QueuedItem, ReviewItem,
};
pub use scores::{SCORE_DAYS_KEPT, TenantDay};
pub use shadows::{ShadowAnswer, ShadowCount, ShadowSide};
pub use sightings::{Expired, NewSighting, Recorded, SeenBefore};
pub use tenants::{Erased, Scopes, Tenant};
pub use usage::Used;
pub use workers::WorkerId;
