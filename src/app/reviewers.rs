//! Reviewers: moderators of a platform who logged in at the review page.
//!
//! A log-in is begun with what the API takes as well (a key with the scope `review`, or the token
//! of the banks), and lets nobody in once that does not count any more.

use std::time::Duration;

use super::App;
use super::access::BankAccess;
use super::callers::ensure_scope;
use super::error::{AppError, Failure};
use crate::store::ReviewSession;
use crate::tenancy::{Caller, Credential, KeyId, KeyScope, SessionSecret};

/// How long a log-in lasts: a working day.
pub const SESSION_LASTS: Duration = Duration::from_hours(10);

const OF_KEY: &str = "key ";
const OF_TOKEN: &str = "token ";
const OF_NOBODY: &str = "open";

/// Who reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    pub caller: Caller,
    /// What is kept of who decided: the id of a key.
    pub name: String,
    /// Names the log-in, in what it has open and what it may take back.
    pub session: String,
}

impl App {
    /// Logs a reviewer in who sends this, as a bearer token of the API would be sent.
    ///
    /// # Errors
    /// [`crate::tenancy::Denied`] when it is not valid, or not for reviewing.
    pub async fn log_in_reviewer(&self, sent: Option<&str>) -> Result<SessionSecret, AppError> {
        let caller = self.callers().identify(sent).await?;
        ensure_scope(&caller, KeyScope::Review)?;
        let secret = SessionSecret::create().map_err(Failure::Randomness)?;
        let credential = self.credential_text(&caller);
        let new = ReviewSession { tenant: caller.tenant, credential };
        self.store().add_review_session(secret.digest(), &new, SESSION_LASTS).await?;
        tracing::info!(key = caller.name(), "a reviewer logged in");
        Ok(secret)
    }

    /// Whether whoever reaches the service may review without logging in.
    pub async fn is_review_open(&self) -> Result<bool, AppError> {
        match self.callers().identify(None).await {
            Ok(caller) => Ok(caller.may(KeyScope::Review)),
            Err(AppError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Who logged in with this; `None` where it is over, or what it was begun with does not count
    /// any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reviewer(&self, secret: &SessionSecret) -> Result<Option<Reviewer>, AppError> {
        let digest = secret.digest();
        let Some(ReviewSession { tenant, credential }) =
            self.store().review_session(digest).await?
        else {
            return Ok(None);
        };
        let caller = if let Some(id) = credential.strip_prefix(OF_KEY).and_then(KeyId::new) {
            self.callers().by_key_id(&id).await
        } else if credential == OF_NOBODY {
            self.callers().identify(None).await
        } else {
            Ok(Caller::with_bank_token())
        };
        let caller = match caller {
            Ok(caller) => caller,
            Err(AppError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_as_before = caller.tenant == tenant
            && caller.may(KeyScope::Review)
            && self.credential_text(&caller) == credential;
        let (name, session) = (caller.name().to_owned(), digest.name());
        Ok(is_as_before.then_some(Reviewer { caller, name, session }))
    }

    /// Logs a reviewer out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_out_reviewer(&self, secret: &SessionSecret) -> Result<(), AppError> {
        let digest = secret.digest();
        Ok(self.store().end_review_session(digest, &digest.name()).await?)
    }

    /// What is kept of what a log-in was begun with. A token that was changed is another one.
    fn credential_text(&self, caller: &Caller) -> String {
        match (&caller.credential, self.callers().banks()) {
            (Credential::Key { id, .. }, _) => format!("{OF_KEY}{id}"),
            (Credential::BankToken, BankAccess::Token(digest)) => {
                // A part says which it was, and does not let anybody guess it.
                let start: String = hex::encode(digest).chars().take(8).collect();
                format!("{OF_TOKEN}{start}")
            }
            (Credential::BankToken, _) => OF_TOKEN.to_owned(),
            (Credential::Nothing | Credential::CommandLine | Credential::Accepted, _) => {
                OF_NOBODY.to_owned()
            }
        }
    }
}
