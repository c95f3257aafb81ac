//! Inputs: where the photos of a job come from, and how each kind is read.

pub mod archive;
pub mod folder;
pub mod lines;
pub mod manifest;
pub mod own;
#[cfg(feature = "parquet")]
pub mod parquet_rows;
pub mod plan;
pub mod tape;
pub mod zipped;
