//! Words: sentences for people, a file a language. The core's answers and reasons have facts and no
//! sentences.

mod english;

pub use self::english::{known_copy, made_by_ai, quarantine, seen_on, sentence};
