//! Who comes to the pages for moderators.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Extension};
use axum::http::HeaderMap;

use super::visit::Visit;
use crate::app::error::AppError;
use crate::app::reviewers::Reviewer;
use crate::http::browser;
use crate::http::client_limit::Client;
use crate::http::service::Service;

/// Where a request came from, if that is known.
pub type CameFrom = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Counts a request for its address, as requests of the API that have no key. Returns false where
/// there were too many.
#[must_use]
pub fn is_welcome(service: &Service, from: CameFrom) -> bool {
    let client = from.and_then(|from| Client::at(from.0.0.ip()));
    let minute = client.and_then(|client| service.limiters.count(&client, None));
    minute.is_none_or(|minute| minute.goes_on)
}

/// Who reviews, how the browser is known, and whether it must be sent the cookie. Where reviewing
/// is open to everybody, whoever comes is logged in.
///
/// # Errors
/// When the database fails.
pub async fn reviewer(
    service: &Service,
    headers: &HeaderMap,
) -> Result<Option<(Reviewer, Visit, bool)>, AppError> {
    let app = &service.app;
    if let Visit::LoggedIn(secret) = Visit::of(headers)
        && let Some(reviewer) = app.reviewer(&secret).await?
    {
        return Ok(Some((reviewer, Visit::LoggedIn(secret), false)));
    }
    // As the API: not by a name that a page of another site could bind to this machine.
    if browser::may_be_rebound(headers) || !app.is_review_open().await? {
        return Ok(None);
    }
    let secret = app.log_in_reviewer(None).await?;
    let reviewer = app.reviewer(&secret).await?;
    Ok(reviewer.map(|reviewer| (reviewer, Visit::LoggedIn(secret), true)))
}
