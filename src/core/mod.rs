//! The core: everything that is decided about a photo, pure and synchronous.
//!
//! No files, network, clock, environment or database in here; the shell brings bytes and takes
//! reports. A test holds that.

pub mod banks;
pub mod checker;
pub mod detector;
pub mod edits;
pub mod errors;
pub mod evaluation;
pub mod faces;
pub mod hashes;
pub mod index;
pub mod limits;
pub mod matching;
pub mod matching_evaluation;
pub mod onnx;
mod packed;
pub mod pdq;
pub mod photo;
pub mod provenance;
pub mod report;
pub mod resize;
pub mod verdict;
pub mod views;
