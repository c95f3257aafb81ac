//! Webhooks, as Standard Webhooks says it: what is told, how it is signed, when it is sent again.
//! No I/O.

pub mod event;
pub mod schedule;
pub mod secret;

pub use event::{EventKind, EventKindError, EventKinds, NewEvent};
pub use secret::{WebhookSecret, signatures};
