//! Bulk jobs: every photo of folders, lists and archives checked once, on one machine.
//!
//! One thread reads [`inputs`], a thread a core examines ([`examine`]), and one task writes what
//! comes of it ([`job`]). Queues between them are short, so memory does not grow with the job.
//! What is done stands in one SQLite file ([`state`]): a job that was killed goes on from there.
//! The files with the results ([`parts`]) are written out of it, so each is complete or absent.

pub mod entry;
pub mod examine;
pub mod inputs;
pub mod job;
pub mod limits;
pub mod opening;
pub mod outcome;
pub mod part_file;
pub mod parts;
pub mod progress;
pub mod reading;
pub mod rings;
pub mod state;
pub mod summary;
pub mod tables;
