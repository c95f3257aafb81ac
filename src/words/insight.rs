//! What the page of insight says: the fields that every language fills in.

use photocheck_core::bank::Purpose;
use photocheck_core::evaluation::drift::DriftLevel;

/// All that the page says in one language.
#[derive(Debug)]
pub struct InsightWords {
    pub title: &'static str,
    pub lead: &'static str,
    pub to_review: &'static str,
    pub sections: &'static str,
    pub table: &'static str,
    pub csv: &'static str,
    pub number: fn(u64) -> String,
    /// Seconds, in words.
    pub lasts: fn(u64) -> String,
    pub checks: CheckWords,
    pub reasons: ReasonWords,
    pub scores: ScoreWords,
    pub drift: DriftWords,
    pub banks: BankWords,
    pub agreement: AgreementWords,
    pub now: NowWords,
    pub webhooks: WebhookWords,
}

/// Checks over time.
#[derive(Debug)]
pub struct CheckWords {
    pub title: &'static str,
    /// For how many days they are kept.
    pub note: fn(u16) -> String,
    pub empty: &'static str,
    pub day: &'static str,
    pub failed: &'static str,
    /// How many there were in all, and on the day with the most.
    pub drawn: fn(&str, &str) -> String,
}

/// Why photos were flagged.
#[derive(Debug)]
pub struct ReasonWords {
    pub title: &'static str,
    pub note: &'static str,
    pub empty: &'static str,
    pub reason: &'static str,
    pub photos: &'static str,
}

/// The scores, beside the card's.
#[derive(Debug)]
pub struct ScoreWords {
    pub title: fn(u16) -> String,
    pub note: &'static str,
    pub empty: &'static str,
    /// How many photos have a score, and how many are needed.
    pub too_few: fn(&str, &str) -> String,
    pub level: fn(DriftLevel) -> &'static str,
    /// So many of 100 photos.
    pub ai_share: fn(u32) -> String,
    pub up_to: &'static str,
    pub photos: &'static str,
    pub share: &'static str,
    pub expected: &'static str,
    pub drawn: &'static str,
}

/// Drift, day by day.
#[derive(Debug)]
pub struct DriftWords {
    pub title: &'static str,
    pub note: &'static str,
    pub empty: &'static str,
    pub photos: &'static str,
    pub distance: &'static str,
    pub ai_share: &'static str,
    pub not_enough: &'static str,
    /// The largest distance of a day.
    pub drawn: fn(&str) -> String,
}

/// Banks and what is in them.
#[derive(Debug)]
pub struct BankWords {
    pub title: &'static str,
    pub note: &'static str,
    pub empty: &'static str,
    pub bank: &'static str,
    pub purpose: &'static str,
    pub purposes: fn(Purpose) -> &'static str,
    pub photos: &'static str,
    pub quarantined: &'static str,
}

/// How often people agree.
#[derive(Debug)]
pub struct AgreementWords {
    pub title: &'static str,
    /// How many decisions, and by how many people.
    pub note: fn(&str, &str) -> String,
    pub empty: &'static str,
    pub who: &'static str,
    pub both: &'static str,
    pub agreed: &'static str,
    pub with_platform: &'static str,
    pub with_appeal: &'static str,
}

/// What waits, and the index.
#[derive(Debug)]
pub struct NowWords {
    pub title: &'static str,
    pub note: &'static str,
    pub what: &'static str,
    pub value: &'static str,
    pub review_oldest: &'static str,
    pub checks: &'static str,
    pub check_oldest: &'static str,
    pub index_age: &'static str,
    pub generation: &'static str,
    pub nothing: &'static str,
}

/// Webhooks.
#[derive(Debug)]
pub struct WebhookWords {
    pub title: &'static str,
    pub note: fn(u16) -> String,
    pub endpoints: &'static str,
    pub failing: &'static str,
    pub switched_off: &'static str,
    pub pending: &'static str,
    pub delivered: &'static str,
    pub dead: &'static str,
}
