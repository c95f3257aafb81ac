//! What the page for moderators says: the fields that every language fills in.

use photocheck_core::verdict::{Code, Verdict};

use super::page::Refused;

/// All that the page says in one language.
#[derive(Debug)]
pub struct ReviewWords {
    pub title: &'static str,
    pub log_in: LogInWords,
    pub queue: QueueWords,
    pub verdict: fn(Verdict) -> &'static str,
    /// What a reason of a report says.
    pub reason: fn(Code) -> &'static str,
    pub item: ItemWords,
    pub decide: DecideWords,
    pub done: DoneWords,
    pub keys: KeyWords,
    pub notices: Notices,
}

/// Logging in and out.
#[derive(Debug)]
pub struct LogInWords {
    pub title: &'static str,
    pub lead: &'static str,
    pub key: &'static str,
    pub key_hint: &'static str,
    pub submit: &'static str,
    pub log_out: &'static str,
}

/// The queue.
#[derive(Debug)]
pub struct QueueWords {
    pub lead: &'static str,
    pub parts: &'static str,
    pub open: &'static str,
    pub escalated: &'static str,
    pub decided: &'static str,
    pub appeals: &'static str,
    pub next: &'static str,
    pub filter_title: &'static str,
    pub verdict: &'static str,
    pub reason: &'static str,
    pub any: &'static str,
    pub filter: &'static str,
    pub empty: &'static str,
    pub empty_decided: &'static str,
    pub empty_filtered: &'static str,
    /// A list shows no more than so many.
    pub more: fn(usize) -> String,
    pub taken: &'static str,
    pub yours: &'static str,
    pub photo: fn(&str) -> String,
    pub checked: fn(&str) -> String,
}

/// One item and its evidence.
#[derive(Debug)]
pub struct ItemWords {
    pub back: &'static str,
    pub no_photo: &'static str,
    pub why: &'static str,
    /// A score and the threshold that it was compared with.
    pub score: fn(&str, &str) -> String,
    /// Differing bits, and how many may differ.
    pub distance: fn(&str, &str) -> String,
    /// So many of so many real photos.
    pub real: fn(u32, u32) -> String,
    /// At most one of so many pairs of different photos.
    pub by_chance: fn(u32) -> String,
    pub where_title: &'static str,
    pub drawing: &'static str,
    pub drawing_lead: &'static str,
    pub nothing_drawn: &'static str,
    pub faces: &'static str,
    pub heat: &'static str,
    pub matches: &'static str,
    /// A bank, in how many bits it differs, and whether it was taken over from others.
    pub matched: fn(&str, u16, bool) -> String,
    pub accounts: &'static str,
    pub accounts_unknown: &'static str,
    pub other_accounts: fn(u32) -> String,
    pub facts: &'static str,
    pub picture: &'static str,
    pub fingerprint: &'static str,
    pub check: &'static str,
    pub checked_at: &'static str,
    pub checked_with: &'static str,
    pub appeal: &'static str,
    pub appealed: fn(&str) -> String,
    pub feedback: &'static str,
    pub said_right: &'static str,
    pub said_wrong: &'static str,
    pub history: &'static str,
    pub nobody: &'static str,
    pub escalated: &'static str,
    pub confirmed: &'static str,
    pub rejected: &'static str,
    pub upheld: &'static str,
    pub overturned: &'static str,
    pub undone: &'static str,
    pub allowed: &'static str,
    pub banked: &'static str,
    /// Who, and when.
    pub by: fn(&str, &str) -> String,
}

/// Deciding.
#[derive(Debug)]
pub struct DecideWords {
    pub title: &'static str,
    pub appeal_title: &'static str,
    pub lease: fn(u64) -> String,
    pub take: &'static str,
    pub take_lead: &'static str,
    pub taken: &'static str,
    pub confirm: &'static str,
    pub confirm_hint: &'static str,
    pub reject: &'static str,
    pub reject_hint: &'static str,
    pub uphold: &'static str,
    pub uphold_hint: &'static str,
    pub overturn: &'static str,
    pub overturn_hint: &'static str,
    pub escalate: &'static str,
    pub skip: &'static str,
    pub allow: &'static str,
    pub bank: &'static str,
    pub no_bank: &'static str,
    pub reason: &'static str,
    pub reason_hint: &'static str,
}

/// What was just done.
#[derive(Debug)]
pub struct DoneWords {
    pub confirmed: &'static str,
    pub confirmed_banked: &'static str,
    pub rejected: &'static str,
    pub rejected_allowed: &'static str,
    pub escalated: &'static str,
    pub appeal: &'static str,
    pub skipped: &'static str,
    pub undone: &'static str,
    pub none_left: &'static str,
    pub undo: &'static str,
    pub logged_out: &'static str,
}

/// The keys that do the same as buttons.
#[derive(Debug)]
pub struct KeyWords {
    pub title: &'static str,
    pub lead: &'static str,
    pub next: &'static str,
    pub undo: &'static str,
    pub help: &'static str,
    pub on: &'static str,
    pub close: &'static str,
}

/// What went wrong, and what to do.
#[derive(Debug)]
pub struct Notices {
    pub over: Refused,
    pub key_not_valid: Refused,
    pub scope: Refused,
    pub throttled: Refused,
    pub form: Refused,
    pub not_there: Refused,
    pub not_yours: Refused,
    pub other_appeal: Refused,
    pub not_undone: Refused,
    pub no_reason: Refused,
    pub long_reason: Refused,
    pub allow_bank: Refused,
    pub no_bank: Refused,
    pub busy: Refused,
    pub failed: Refused,
}
