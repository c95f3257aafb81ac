//! Tables: columns and rows, and how they are written in each format.

#[cfg(feature = "parquet")]
pub mod as_parquet;
pub mod photos;
pub mod table;
