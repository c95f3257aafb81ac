//! photocheck tells whether a profile photo is a fake: made by AI, or stolen from somebody else.
//!
//! `core` decides, the rest brings it bytes and carries its answers away. See `ARCHITECTURE.md`.

pub mod accounts;
pub mod cli;
pub mod clock;
pub mod exchange;
pub mod gate;
pub mod http;
pub mod live;
pub mod models;
pub mod private_file;
pub mod retro;
pub mod room;
pub mod sightings;
pub mod snapshot;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod wire;
pub mod words;
