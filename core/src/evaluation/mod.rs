//! Figures of merit: of the detector on labelled photos, and of matching on edited copies.

pub mod detection;
pub mod edits;
pub mod interval;
pub mod matching;
