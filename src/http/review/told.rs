//! Why something was not done at the page for moderators.

use axum::http::StatusCode;
use axum::response::Response;

use crate::http::problem::{Problem, ProblemCode};
use crate::words::page::Refused;
use crate::words::review::Notices;

/// Why something was not done, in words.
#[derive(Clone, Copy)]
pub struct Told {
    pub status: StatusCode,
    /// For metrics and logs.
    pub code: &'static str,
    pub words: Refused,
}

/// Why something was not done.
pub enum Refusing {
    /// It is said on the screen that is shown then.
    Told(Told),
    /// There is nothing to show.
    Failed(Problem),
}

impl Told {
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, words: Refused) -> Self {
        Self { status, code, words }
    }

    #[must_use]
    pub fn over(notices: &Notices) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "KEY_NEEDED", notices.over)
    }

    #[must_use]
    pub fn form(notices: &Notices) -> Self {
        Self::new(StatusCode::FORBIDDEN, "CROSS_SITE", notices.form)
    }

    #[must_use]
    pub fn throttled(notices: &Notices) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", notices.throttled)
    }

    #[must_use]
    pub fn not_yours(notices: &Notices) -> Self {
        Self::new(StatusCode::CONFLICT, "REVIEW_NOT_OPEN", notices.not_yours)
    }

    #[must_use]
    pub fn other_appeal(notices: &Notices) -> Self {
        Self::new(StatusCode::CONFLICT, "REVIEW_NOT_OPEN", notices.other_appeal)
    }

    #[must_use]
    pub fn not_there(notices: &Notices) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NO_SUCH_CHECK", notices.not_there)
    }

    /// Sets the status of an answer.
    #[must_use]
    pub fn mark(self, mut response: Response) -> Response {
        if response.status().is_success() {
            *response.status_mut() = self.status;
            response.extensions_mut().insert(ProblemCode(self.code));
        }
        response
    }
}

impl From<Told> for Refusing {
    fn from(told: Told) -> Self {
        Self::Told(told)
    }
}
