//! What the pages say: the fields that every language fills in.
//!
//! A language is one constant of these types, so that a sentence that is missing or misspelt does
//! not compile. A sentence with a number or a name in it is a function.

/// All that the pages say in one language.
#[derive(Debug)]
pub struct PageWords {
    /// Its name in itself.
    pub language: &'static str,
    pub frame: Frame,
    pub form: Form,
    pub progress: Progress,
    pub made_by_ai: MadeByAiWords,
    pub known_photo: KnownPhotoWords,
    pub evidence: EvidenceWords,
    pub facts: FactsWords,
    pub common: CommonWords,
    pub help: Help,
    pub report: ReportWords,
    pub refusals: Refusals,
    pub protect: ProtectWords,
}

/// What is around all pages.
#[derive(Debug)]
pub struct Frame {
    pub title: &'static str,
    pub skip: &'static str,
    pub languages: &'static str,
    pub developers: &'static str,
}

/// Choosing a photo.
#[derive(Debug)]
pub struct Form {
    pub title: &'static str,
    pub lead_lists: &'static str,
    pub lead_no_lists: &'static str,
    pub lead_unknown_lists: &'static str,
    pub jump: &'static str,
    pub choose: &'static str,
    pub or: &'static str,
    pub limits: fn(u64) -> String,
    pub several: &'static str,
    pub camera: &'static str,
    pub submit: &'static str,
    pub kept: &'static str,
    pub key: &'static str,
    pub key_hint: &'static str,
    pub key_script: &'static str,
    pub offline: &'static str,
}

/// What is said while a photo is on its way. `{}` stands for a number that the script fills in.
#[derive(Debug)]
pub struct Progress {
    pub sending: &'static str,
    pub looking: &'static str,
    pub waiting: &'static str,
    pub done: &'static str,
    pub refused: &'static str,
    pub offline: &'static str,
    pub too_many: &'static str,
    pub result_of: &'static str,
}

/// One of the things that can be answered: in a word, in a sentence, and what it does not mean.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub label: &'static str,
    pub sentence: &'static str,
    pub not: &'static str,
}

/// Whether AI made the photo.
#[derive(Debug)]
pub struct MadeByAiWords {
    pub question: &'static str,
    pub declared: Said,
    pub declared_sure: &'static str,
    pub likely: Said,
    pub unsure: Said,
    pub no_sign: Said,
    pub no_face: Said,
    pub small: Said,
    pub blurred: Said,
    pub drawn: Said,
    pub failed: Said,
    /// So many of so many real photos look like this.
    pub real: fn(u32, u32) -> String,
    /// So many of so many photos made by AI get this answer too.
    pub missed: fn(u32, u32) -> String,
}

/// Whether it is a copy of a known photo.
#[derive(Debug)]
pub struct KnownPhotoWords {
    pub question: &'static str,
    pub found: Said,
    pub unsure: Said,
    pub allowed: Said,
    pub no_match: Said,
    pub no_lists: Said,
    pub low_detail: Said,
    /// At most one of so many pairs of different photos is taken for a copy.
    pub by_chance: fn(u32) -> String,
    /// So many of 100 edited copies of listed photos are not recognised.
    pub missed: fn(u32) -> String,
}

/// What there is to look at.
#[derive(Debug)]
pub struct EvidenceWords {
    pub title: &'static str,
    pub photo: &'static str,
    pub no_picture: &'static str,
    /// The outlined part is this part of a photo on the list of that name.
    pub matched: fn(part: &str, list: &str, mirrored: bool) -> String,
    pub whole: &'static str,
    pub middle: &'static str,
    pub top: &'static str,
    pub inner: &'static str,
    pub face: &'static str,
    pub detail: &'static str,
    pub one_face: &'static str,
    pub faces: fn(usize) -> String,
    pub heat: &'static str,
    pub heat_slider: &'static str,
    pub marks: &'static str,
    pub no_marks: &'static str,
    pub ai_generated: fn(&str) -> String,
    pub ai_edited: fn(&str) -> String,
    pub camera: fn(&str) -> String,
    pub program: fn(&str) -> String,
    pub preview: &'static str,
    pub broken: &'static str,
    pub trusted: &'static str,
    pub untrusted: &'static str,
}

/// What a bank, the police or an app needs to find the photo again.
#[derive(Debug)]
pub struct FactsWords {
    pub title: &'static str,
    pub lead: &'static str,
    pub checked_at: &'static str,
    pub file: &'static str,
    pub picture: &'static str,
    pub fingerprint: &'static str,
    pub id: &'static str,
    pub checked_with: &'static str,
    pub print: &'static str,
    pub save: &'static str,
    pub save_without_script: &'static str,
}

/// What several photos have in common. `{}` stands for a number or a name.
#[derive(Debug)]
pub struct CommonWords {
    pub title: &'static str,
    pub lead: &'static str,
    pub same_file: &'static str,
    pub same_picture: &'static str,
    pub same_list: &'static str,
    pub ai: &'static str,
    pub same_origin: &'static str,
    pub nothing: &'static str,
    pub not: &'static str,
}

/// What to do.
#[derive(Debug)]
pub struct Help {
    pub who_title: &'static str,
    pub who: &'static [&'static str],
    pub now_title: &'static str,
    pub situations: &'static [Situation],
    pub elsewhere_title: &'static str,
    pub elsewhere: &'static [&'static str],
}

/// What to do in one situation, the first step first.
#[derive(Debug)]
pub struct Situation {
    pub id: &'static str,
    pub title: &'static str,
    pub lead: &'static str,
    pub steps: &'static [&'static str],
}

/// Where to report.
#[derive(Debug)]
pub struct ReportWords {
    pub title: &'static str,
    pub lead: &'static str,
    pub elsewhere: &'static str,
    pub checked: fn(&str) -> String,
    pub named_by_others: &'static str,
    pub phone: &'static str,
}

/// Why there is no result, and what to do.
#[derive(Debug)]
pub struct Refusals {
    pub title: &'static str,
    pub title_ours: &'static str,
    pub no_photo: Refused,
    pub several: Refused,
    pub empty: Refused,
    pub too_many_bytes: Refused,
    /// A format that is known, by its name.
    pub format: fn(&str) -> String,
    pub format_do: &'static str,
    pub not_an_image: Refused,
    pub too_many_pixels: Refused,
    pub too_small: Refused,
    pub damaged: Refused,
    pub busy: Refused,
    pub rate_limited: Refused,
    pub quota: Refused,
    pub too_slow: Refused,
    pub key: Refused,
    pub failed: Refused,
}

/// Fingerprints of one's own photos.
#[derive(Debug)]
pub struct ProtectWords {
    pub link: &'static str,
    pub title: &'static str,
    pub lead: &'static str,
    pub no_script: &'static str,
    pub choose: &'static str,
    pub stays: &'static str,
    pub working: &'static str,
    pub done: &'static str,
    pub usable: &'static str,
    pub low_detail: &'static str,
    pub unreadable: &'static str,
    pub noise: &'static str,
    pub made: &'static str,
    pub list: &'static str,
    pub save: &'static str,
    pub next_title: &'static str,
    pub next: &'static [&'static str],
    pub limits_title: &'static str,
    pub limits: &'static [&'static str],
}

/// What happened, and what to do.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    pub what: &'static str,
    pub what_to_do: &'static str,
}

/// A name in brackets after a space; nothing where there is none.
pub(super) fn in_brackets(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

/// A number in groups of three digits.
pub(super) fn grouped(number: u32, separator: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            grouped.push_str(separator);
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        for (number, expected) in [(7, "7"), (999, "999"), (1000, "1,000"), (500_000, "500,000")] {
            assert_eq!(grouped(number, ","), expected);
        }
    }
}
