//! Words: sentences for people, a file a language. The core's reasons have facts and no sentences.

mod english;

pub use self::english::{quarantine, sentence};
