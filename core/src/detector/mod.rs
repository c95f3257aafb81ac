//! The synthetic-face detector: how likely a photo was made by a generator.
//!
//! The model takes in one or more square crops of the photo (a face, the whole) and returns a logit
//! for each; a calibrated weighted sum of them becomes the score: of photos that score 0.9, nine in
//! ten were AI-made among photos like those it was fitted on. Every face is scored, and the photo's
//! score is the highest: one AI-made face is enough. Where no face is found it does not guess: it
//! was neither trained nor measured on such photos. Everything it needs to know of a model stands
//! in the `model.toml` beside it.

mod alignment;
mod colours;
mod description;
mod heat_map;
mod perturbations;
mod scoring;
mod sharpness;
mod trunk;

pub use self::scoring::{Detector, ModelFiles, ScoreLevels, trunk_name};
