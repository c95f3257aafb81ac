//! Where in the queue one is: the address of the page says it, so that each place can be kept and
//! gone back to. All of the page has one path, which makes its cookie one too.

use axum::http::Uri;
use photocheck_core::verdict::{Code, Verdict};
use url::form_urlencoded;
use uuid::Uuid;

use crate::store::{QueueFilter, QueueState};
use crate::words::language::Language;

/// What the address of the log-in says where one goes on to insight.
const TO_INSIGHT: &str = "insight";

/// See the module's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub language: Language,
    pub filter: QueueFilter,
    /// The item that is open.
    pub check: Option<Uuid>,
    pub done: Option<Done>,
    /// Whether the page of insight was asked for, before one was logged in.
    pub to_insight: bool,
}

/// What was just done, to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A decision, by its id.
    Decided(Uuid),
    Appeal,
    Skipped,
    Undone,
    NoneLeft,
    LoggedOut,
}

impl Done {
    const NAMED: [(&str, Self); 5] = [
        ("appeal", Self::Appeal),
        ("skipped", Self::Skipped),
        ("undone", Self::Undone),
        ("none", Self::NoneLeft),
        ("out", Self::LoggedOut),
    ];

    fn read(text: &str) -> Option<Self> {
        let named = Self::NAMED.into_iter().find(|(name, _)| *name == text).map(|(_, done)| done);
        named.or_else(|| Uuid::parse_str(text).ok().map(Self::Decided))
    }

    fn text(self) -> String {
        if let Self::Decided(id) = self {
            return id.to_string();
        }
        let named = Self::NAMED.into_iter().find(|(_, done)| *done == self);
        named.map(|(name, _)| name.to_owned()).unwrap_or_default()
    }
}

impl Place {
    /// Where one comes in.
    #[must_use]
    pub fn first(language: Language) -> Self {
        let filter = QueueFilter::default();
        Self { language, filter, check: None, done: None, to_insight: false }
    }

    /// What an address says; what it says wrong counts as not said.
    #[must_use]
    pub fn read(uri: &Uri, language: Language) -> Self {
        let mut place = Self::first(language);
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "state" => {
                    let state = QueueState::ALL.into_iter().find(|state| state.name() == value);
                    place.filter.state = state.unwrap_or_default();
                }
                "verdict" => place.filter.verdict = Verdict::from_name(&value),
                "reason" => place.filter.reason = Code::from_name(&value),
                "check" => place.check = Uuid::parse_str(&value).ok(),
                "to" => place.to_insight = value == TO_INSIGHT,
                "done" => place.done = Done::read(&value),
                _ => {}
            }
        }
        place
    }

    /// The address, relative, so that it works under a path of a proxy too.
    #[must_use]
    pub fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("lang", self.language.code());
        let QueueFilter { state, verdict, reason } = self.filter;
        if state != QueueState::default() {
            query.append_pair("state", state.name());
        }
        if let Some(verdict) = verdict {
            query.append_pair("verdict", verdict.name());
        }
        if let Some(reason) = reason {
            query.append_pair("reason", reason.name());
        }
        if let Some(check) = self.check {
            query.append_pair("check", &check.to_string());
        }
        if let Some(done) = self.done {
            query.append_pair("done", &done.text());
        }
        if self.to_insight {
            query.append_pair("to", TO_INSIGHT);
        }
        format!("review?{}", query.finish())
    }

    /// The address of the same place, without what was just done.
    #[must_use]
    pub fn here(&self) -> String {
        self.at(self.check).address()
    }

    /// The address of the list that it is in.
    #[must_use]
    pub fn list(&self) -> String {
        self.at(None).address()
    }

    /// The same with an item open, or none.
    #[must_use]
    pub fn at(self, check: Option<Uuid>) -> Self {
        Self { check, done: None, ..self }
    }

    /// The whole of one part of the queue.
    #[must_use]
    pub fn part(self, state: QueueState) -> Self {
        let filter = QueueFilter { state, ..QueueFilter::default() };
        Self { filter, check: None, done: None, ..self }
    }

    /// The same, to say what was done.
    #[must_use]
    pub fn having(self, done: Done) -> Self {
        Self { done: Some(done), ..self }
    }
}

/// The address of the page of insight, relative.
#[must_use]
pub fn insight_address(language: Language) -> String {
    format!("insight?lang={}", language.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        let check = "019abf5e-0000-7000-8000-000000000000";
        for address in [
            "review?lang=en",
            "review?lang=es&state=appeals&verdict=suspect&reason=NO_FACE_FOUND",
            &format!("review?lang=en&check={check}&done={check}"),
            "review?lang=en&state=decided&done=skipped",
            "review?lang=es&to=insight",
        ] {
            let uri: Uri = format!("/{address}").parse().unwrap();
            let language =
                if address.contains("=es") { Language::Spanish } else { Language::English };
            assert_eq!(Place::read(&uri, language).address(), address);
        }
        let wrong: Uri = "/review?state=x&verdict=x&reason=%25&check=x&done=x".parse().unwrap();
        assert_eq!(Place::read(&wrong, Language::English).address(), "review?lang=en");
    }
}
