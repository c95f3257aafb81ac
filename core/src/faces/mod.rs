//! Finding faces: a box and six points each, to crop by. Nothing here tells whose face it is.
//!
//! The net is BlazeFace (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on
//! Mobile GPUs", 2019). Its first pass takes in the photo with a margin, black outside; a refining
//! pass over a square around each of the best candidates gives every face the same size and
//! position in the input and makes the box steadier. A face is what both passes agree on. Where
//! there is none, the first pass runs again with more pixels, for smaller faces. All cutting is
//! done in whole pixels, as `training/faces/face_boxes.py` does it, so that training sees the same
//! boxes.

mod face;
#[cfg(feature = "models")]
mod finder;

pub use self::face::{ANCHORED_MAX, Face, Faces, Point};
#[cfg(feature = "models")]
pub use self::finder::FaceFinder;
