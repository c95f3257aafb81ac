//! Where people report a scam: `pages/report.toml`, as far as somebody has looked it up.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::words::language::Language;

const FILE: &str = include_str!("../../../pages/report.toml");

/// A country, and where one reports there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Country {
    pub name: InLanguages,
    pub place: Vec<Place>,
}

/// An office or a helpline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub name: String,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub what_for: InLanguages,
    pub mark: Checked,
    /// Year, month and day.
    pub checked_on: String,
}

/// How far a place was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checked {
    /// A page of the office itself was read.
    Official,
    /// A page of somebody else names it.
    Others,
    /// Nobody has looked it up, so it is not shown.
    Memory,
}

/// A text in every language of the pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InLanguages {
    english: String,
    spanish: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    country: Vec<Country>,
}

impl InLanguages {
    /// The text in that language.
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Spanish => &self.spanish,
        }
    }
}

impl Place {
    /// Whether only somebody else names it.
    #[must_use]
    pub fn is_named_by_others(&self) -> bool {
        self.mark == Checked::Others
    }

    /// The number as a phone dials it.
    #[must_use]
    pub fn dialled(&self) -> String {
        let phone = self.phone.as_deref().unwrap_or_default();
        phone.chars().filter(|c| !c.is_whitespace()).collect()
    }

    /// The address without what every address begins with.
    #[must_use]
    pub fn short_address(&self) -> &str {
        let address = self.address.as_deref().unwrap_or_default();
        address.trim_start_matches("https://").trim_start_matches("www.")
    }
}

/// The countries of which a place may be shown, those places alone.
///
/// # Errors
/// When the file that was compiled in is not valid, which a test rules out.
pub fn countries() -> Result<&'static [Country], &'static toml::de::Error> {
    static SHOWN: LazyLock<Result<Vec<Country>, toml::de::Error>> = LazyLock::new(|| {
        let mut countries = toml::from_str::<File>(FILE)?.country;
        for country in &mut countries {
            country.place.retain(|place| place.mark != Checked::Memory);
        }
        countries.retain(|country| !country.place.is_empty());
        Ok(countries)
    });
    SHOWN.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_that_were_looked_up_are_shown() {
        let all: File = toml::from_str(FILE).unwrap();
        let is_day =
            |text: &str| text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
        for place in all.country.iter().flat_map(|country| &country.place) {
            assert!(is_day(&place.checked_on), "{place:?}");
            let safe = place.address.iter().all(|address| address.starts_with("https://"));
            assert!(safe, "{place:?}");
        }
        let shown = countries().unwrap();
        assert!(10 <= shown.len() && shown.len() < all.country.len());
        let names: Vec<_> = shown.iter().map(|it| it.name.of(Language::Spanish)).collect();
        assert!(names.contains(&"Estados Unidos") && !names.contains(&"Alemania"), "{names:?}");
    }
}
