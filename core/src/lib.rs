//! The core of photocheck: everything that is decided about one photo, pure and synchronous.
//!
//! No files, network, clock, environment or database: callers bring bytes and take reports. The way
//! of a photo is `checker`, from top to bottom. Without the feature `models` there are no face
//! finder and no detector, and so no checker: decoding, hashing, matching, marks of origin, the
//! verdict and the report stand by themselves.

pub mod bank;
#[cfg(feature = "models")]
pub mod checker;
#[cfg(feature = "models")]
pub mod detector;
#[cfg(feature = "evaluation")]
pub mod evaluation;
pub mod faces;
pub mod limits;
pub mod matching;
#[cfg(feature = "models")]
pub mod net;
pub mod photo;
pub mod provenance;
pub mod region;
pub mod report;
pub mod signals;
pub mod verdict;
