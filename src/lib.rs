//! photocheck tells whether a profile photo is a fake: made by AI, or stolen from somebody else.
//!
//! The crate `photocheck-core` decides about one photo. `app` is what photocheck can do; `http` and
//! `cli` translate between the outside and it. See `ARCHITECTURE.md`.

pub mod accounts;
pub mod app;
pub mod audit;
pub mod bulk;
pub mod cli;
pub mod clock;
pub mod config;
pub mod exchange;
pub mod fetch;
pub mod http;
pub mod idempotency;
pub mod ids;
pub mod photo_key;
pub mod private_file;
pub mod receipts;
pub mod sealing;
pub mod share;
pub mod store;
pub mod telemetry;
pub mod tenancy;
pub mod traces;
pub mod webhooks;
pub mod wire;
pub mod words;
