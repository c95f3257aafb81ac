//! The synthetic-face detector: how likely a photo was made by a generator.
//!
//! The model looks at one or more square cuts of the photo (a face, the whole), gives a logit for
//! each, and a calibrated weighted sum of them becomes the score: of photos that score 0.9, nine in
//! ten were AI-made among photos like those it was fitted on. Every face is scored, and the photo's
//! score is the highest: one AI-made face is enough. Where no face is found it does not guess: it
//! was neither trained nor measured on such photos. Everything it needs to know of a model stands
//! in the `model.toml` beside it.

mod answer;
#[cfg(feature = "models")]
mod colours;
#[cfg(feature = "models")]
mod description;
mod heat_map;
#[cfg(feature = "models")]
mod lives;
#[cfg(feature = "models")]
mod scoring;
#[cfg(feature = "models")]
mod sharpness;
#[cfg(feature = "models")]
mod trunk;

pub use self::answer::{
    Evaluated, FaceResult, NotApplicable, Score, Stability, Synthetic, UnableToEvaluate,
};
pub use self::heat_map::HeatMap;
#[cfg(feature = "models")]
pub use self::scoring::{Detector, ModelFiles, trunk_name};
