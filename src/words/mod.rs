//! Words: sentences for people, a file a language. The core's answers and reasons have facts and no
//! sentences. `english` has those of the API and the command line, the files named `page_` those of
//! the pages for everybody, those named `review_` and `insight_` those of the pages for
//! moderators, those named `statement_` those of statements of reasons.

mod english;
pub mod insight;
mod insight_english;
mod insight_spanish;
pub mod language;
pub mod page;
mod page_english;
mod page_spanish;
pub mod rates;
pub mod review;
mod review_english;
mod review_spanish;
pub mod statement;
mod statement_english;
mod statement_spanish;

use self::insight::InsightWords;
use self::language::Language;
use self::page::PageWords;
use self::review::ReviewWords;
use self::statement::StatementWords;

pub use self::english::{known_copy, made_by_ai, mostly_wrong, quarantine, seen_on, sentence};

/// What the pages say in a language.
#[must_use]
pub fn of_pages(language: Language) -> &'static PageWords {
    match language {
        Language::English => &page_english::WORDS,
        Language::Spanish => &page_spanish::WORDS,
    }
}

/// What statements of reasons say in a language.
#[must_use]
pub fn of_statements(language: Language) -> &'static StatementWords {
    match language {
        Language::English => &statement_english::WORDS,
        Language::Spanish => &statement_spanish::WORDS,
    }
}

/// What the page for moderators says in a language.
#[must_use]
pub fn of_review(language: Language) -> &'static ReviewWords {
    match language {
        Language::English => &review_english::WORDS,
        Language::Spanish => &review_spanish::WORDS,
    }
}

/// What the page of insight says in a language.
#[must_use]
pub fn of_insight(language: Language) -> &'static InsightWords {
    match language {
        Language::English => &insight_english::WORDS,
        Language::Spanish => &insight_spanish::WORDS,
    }
}
