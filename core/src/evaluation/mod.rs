//! Figures of merit: of the detector on labelled photos, and of matching on edited copies; and how
//! far the scores of other photos lie from those of the labelled ones.

pub mod detection;
pub mod drift;
pub mod edits;
pub mod interval;
pub mod matching;
