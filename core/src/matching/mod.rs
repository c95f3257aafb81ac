//! Matching: which banked photos a photo is a copy of.
//!
//! A photo is hashed in several [`views`], each hash ([`hashes`]) is looked up in an [`index`] of
//! banked ones, and the [`Matcher`] decides by its [`Thresholds`] which hits make a match.

pub mod hashes;
pub mod index;
mod matcher;
mod thresholds;
pub mod views;

pub use self::matcher::Matcher;
pub use self::thresholds::{OutOfRange, Thresholds};
