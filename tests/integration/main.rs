//! The integration tests: one binary, a file for each subject.
//!
//! How to write one: `support` has the real program in each of its forms. `support::checker()` is
//! the bundled pipeline, `Service::start()` a real service on a free port over a temporary
//! database, `photocheck([...])` the real binary. Cases are data: a loop over fixtures or a
//! `check(input, expected)` with many short calls, and a case that did not run is a failure.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a test that cannot run here says so")]

mod appeals;
mod architecture;
mod audit;
mod banks;
mod bulk;
mod bulk_archives;
mod bulk_resume;
mod bulk_rings;
mod clients;
mod command_line;
#[cfg(feature = "c2pa")]
mod credentials;
mod databases;
mod dependencies;
mod deployments;
mod drift;
mod entry_points;
mod errors;
mod evaluation;
mod exchange;
mod fetching;
mod hma;
mod idempotency;
mod keys;
mod later;
mod later_kills;
mod machines;
mod matching;
mod metrics;
mod model;
mod openapi;
mod operations;
mod outbox;
mod page;
mod page_insight;
mod page_look;
mod page_protect;
mod page_review;
mod page_review_look;
mod page_review_turns;
mod photos;
mod pictures;
mod policies;
mod provenance;
mod proxies;
mod purposes;
mod python_module;
mod quality;
mod receipts;
mod service;
mod shadow;
mod sightings;
mod snapshots;
mod statements;
mod store;
mod store_contents;
mod support;
mod tenant_policies;
mod tenant_routes;
mod tenants;
mod threatexchange;
mod traces;
mod uploads;
mod walk;
mod webhooks;
mod xmp;
