//! What a statement of reasons says: the fields that every language fills in.
//!
//! It is for the person whose photo it is. So it names no list: a list's name may say who reported
//! the photo. It has no score either, which people read as a likelihood.

use photocheck_core::verdict::{Code, Verdict};

/// All that a statement of reasons says in one language.
#[derive(Debug)]
pub struct StatementWords {
    pub title: &'static str,
    pub check: &'static str,
    pub checked_at: &'static str,
    pub photo: &'static str,
    pub result: &'static str,
    pub verdict: fn(Verdict) -> &'static str,
    pub facts_title: &'static str,
    pub counted: &'static str,
    pub not_counted: &'static str,
    pub none_counted: &'static str,
    /// What was found, in a sentence. The number is that of other accounts.
    pub fact: fn(Code, u32) -> String,
    pub automated_title: &'static str,
    /// By the model of this name.
    pub automated: fn(&str) -> String,
    pub not_reviewed: &'static str,
    pub appealed: &'static str,
    /// By a moderator, on this day.
    pub confirmed: fn(&str) -> String,
    pub rejected: fn(&str) -> String,
    /// After an appeal, on this day.
    pub upheld: fn(&str) -> String,
    pub overturned: fn(&str) -> String,
    pub ground_title: &'static str,
    /// By the policy of this name and version.
    pub ground: fn(&str, &str) -> String,
    pub decision_title: &'static str,
    pub decision: &'static str,
    pub redress_title: &'static str,
    pub redress: &'static str,
}
