//! The languages of the pages, and which one a browser asks for.

/// A language that the pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Spanish,
}

impl Language {
    /// Every language; the first is the one of whoever asks for none of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its code by BCP 47.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language of that code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    /// The best of those that a header `accept-language` names: the weightiest, and of equals the
    /// first. A region (`es-MX`) makes no difference.
    #[must_use]
    pub fn preferred(accepted: &str) -> Self {
        let mut best = (Self::English, 0.0);
        for item in accepted.split(',') {
            let mut parts = item.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let primary = tag.split('-').next().unwrap_or_default();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok());
            let weight: f32 = weight.unwrap_or(1.0);
            if let Some(language) = Self::from_code(primary)
                && best.1 < weight
            {
                best = (language, weight);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weightiest_language_that_there_is_wins() {
        for (accepted, code) in [
            ("", "en"),
            ("de", "en"),
            ("es", "es"),
            ("es-MX,es;q=0.9,en;q=0.8", "es"),
            ("en-US,en;q=0.9,es;q=0.8", "en"),
            ("de-DE, es;q=0.7, en;q=0.3", "es"),
            ("ES-419", "es"),
            ("es;q=0, en;q=0.1", "en"),
            ("es;q=x", "es"),
            (",;,q=1;;", "en"),
            ("*", "en"),
        ] {
            assert_eq!(Language::preferred(accepted).code(), code, "{accepted}");
        }
    }
}
