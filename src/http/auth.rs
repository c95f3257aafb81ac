//! Who calls, whether it may, and how often: the gate before every route of the API.
//!
//! It finds out who calls ([`crate::app::callers`]), counts the request, looks up which scope the
//! route needs ([`super::route_scopes`]), and hands the caller on to the handler. Where the banks
//! are open to everybody, at least no page of another site uses them, not even one that rebinds its
//! own name to this machine.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::arrival;
use super::browser;
use super::client_limit::{Client, Limits, Minute};
use super::problem::Problem;
use super::route_scopes::{is_closed_to_other_sites, needed, other_methods};
use super::service::Service;
use crate::app::callers::ensure_scope;
use crate::app::error::AppError;
use crate::config::Origin;
use crate::tenancy::{Caller, Credential, Denied, KeyScope};

/// Who sent a request, for its handler.
#[derive(Debug, Clone)]
pub struct Called(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for Called {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let called = parts.extensions.get::<Self>().cloned();
        called.ok_or_else(|| Problem::ours(&"a route is not behind the gate of callers"))
    }
}

/// Whom a request counts for, for one that brings several photos: each counts as a request.
#[derive(Debug, Clone)]
pub struct CountedFor {
    client: Option<Client>,
    caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for CountedFor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let counted = parts.extensions.get::<Self>().cloned();
        counted.ok_or_else(|| Problem::ours(&"a route is not behind the gate of callers"))
    }
}

impl CountedFor {
    /// Counts one more request.
    ///
    /// # Errors
    /// A [`Problem`] when it is one too many.
    pub async fn count(&self, service: &Service) -> Result<(), Problem> {
        let own = self.caller.key().and_then(|(_, limits)| limits.per_minute);
        refuse_over(self.client.as_ref().and_then(|it| service.limiters.count(it, own)))?;
        if let Some((key, limits)) = self.caller.key() {
            service.app.usage().count(key, limits).await?;
        }
        Ok(())
    }
}

/// Lets through who may do what the route does, as often as it may.
pub async fn admit(
    State(service): State<Arc<Service>>,
    mut request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    if let Some(methods) = other_methods(request.method(), route) {
        arrival::drain(request.into_body());
        return ([(header::ALLOW, methods)], Problem::method_not_allowed()).into_response();
    }
    let mut limits = Limits::default();
    let address = address_of(&request);
    let called = identify(&service, request.headers(), address, &mut limits).await;
    let asked = Asked {
        scope: needed(request.method(), route),
        headers: request.headers(),
        client: client_of(called.as_ref().ok(), &request),
    };
    let client = asked.client.clone();
    let admitted = admit_one(&service, called, asked, &mut limits).await;
    let mut response = match admitted {
        Ok(caller) => {
            request.extensions_mut().insert(CountedFor { client, caller: caller.clone() });
            request.extensions_mut().insert(Called(caller));
            next.run(request).await
        }
        Err(problem) => {
            arrival::drain(request.into_body());
            problem.into_response()
        }
    };
    limits.add_headers(response.headers_mut());
    response
}

/// Finds out who calls. A key that must be read from the database counts for its address first:
/// whoever sends invented ones is refused before the database is asked.
async fn identify(
    service: &Service,
    headers: &HeaderMap,
    address: Option<Client>,
    limits: &mut Limits,
) -> Result<Caller, Problem> {
    let callers = service.app.callers();
    let bearer = bearer(headers);
    if let Some(client) = address.filter(|_| callers.must_be_read(bearer)) {
        limits.minute = service.limiters.count(&client, None);
        refuse_over(limits.minute)?;
    }
    Ok(callers.identify(bearer).await?)
}

/// What of a request decides whether it is let in, beside its caller.
struct Asked<'a> {
    scope: KeyScope,
    headers: &'a HeaderMap,
    /// Whom it counts for.
    client: Option<Client>,
}

async fn admit_one(
    service: &Service,
    called: Result<Caller, Problem>,
    asked: Asked<'_>,
    limits: &mut Limits,
) -> Result<Caller, Problem> {
    let Asked { scope, headers, client } = asked;
    // Whoever could not be identified has been counted where a key had to be read.
    let is_counted = called.is_err() && limits.minute.is_some();
    if let Some(client) = client.filter(|_| !is_counted) {
        let own = called.as_ref().ok().and_then(Caller::key).and_then(|(_, it)| it.per_minute);
        limits.minute = service.limiters.count(&client, own);
        refuse_over(limits.minute)?;
    }
    let caller = called?;
    if is_closed_to_other_sites(scope) {
        ensure_own_site(&caller, &service.origins, headers)?;
    }
    ensure_scope(&caller, scope).map_err(AppError::from)?;
    ensure_unbound(&caller, scope, headers)?;
    if let Some((key, its)) = caller.key() {
        limits.per_day = its.per_day;
        limits.day = service.app.usage().count(key, its).await?;
    }
    Ok(caller)
}

fn refuse_over(minute: Option<Minute>) -> Result<(), Problem> {
    match minute.filter(|minute| !minute.goes_on) {
        Some(refused) => Err(Problem::rate_limited(refused.per_minute, refused.wait_s())),
        None => Ok(()),
    }
}

/// Whom a request counts for; nobody in particular from this machine, or through a proxy on it.
fn client_of(caller: Option<&Caller>, request: &Request) -> Option<Client> {
    match caller.map(|caller| &caller.credential) {
        Some(Credential::Key { id, .. }) => Some(Client::Key(id.clone())),
        Some(Credential::BankToken) => Some(Client::Keeper),
        Some(Credential::Nothing | Credential::CommandLine | Credential::Accepted) | None => {
            address_of(request)
        }
    }
}

fn address_of(request: &Request) -> Option<Client> {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    address.and_then(|it| Client::at(it.0.ip()))
}

/// Makes sure that this caller may name an account, or have checks kept and look at those of its
/// tenant: that changes something, and tells who else was asked about.
///
/// # Errors
/// A [`Problem`] that says why not.
pub fn ensure_may_keep(
    caller: &Caller,
    origins: &[Origin],
    headers: &HeaderMap,
) -> Result<(), Problem> {
    ensure_own_site(caller, origins, headers)?;
    if !caller.may_name_accounts() {
        return Err(AppError::from(Denied::TokenNeeded).into());
    }
    ensure_unbound(caller, KeyScope::BankWrite, headers)
}

fn ensure_own_site(
    caller: &Caller,
    origins: &[Origin],
    headers: &HeaderMap,
) -> Result<(), Problem> {
    // A page sends a key only where the operator let its origin in: the browser asks first.
    if caller.key().is_none() && browser::is_of_other_site(headers, origins) {
        return Err(Problem::cross_site());
    }
    Ok(())
}

/// Without a credential a browser may use more than checks only by a name that is nobody's.
fn ensure_unbound(caller: &Caller, scope: KeyScope, headers: &HeaderMap) -> Result<(), Problem> {
    let is_open = caller.credential == Credential::Nothing && is_closed_to_other_sites(scope);
    if is_open && browser::may_be_rebound(headers) {
        return Err(Problem::banks_closed());
    }
    Ok(())
}

/// The token of an `authorization` header. Its scheme may be written in any case (RFC 9110).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) =
        headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case() {
        let read = |value: &str| {
            let headers = [(header::AUTHORIZATION, value.parse().unwrap())];
            bearer(&headers.into_iter().collect()).map(ToOwned::to_owned)
        };
        for value in ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret", " Bearer s3cret "] {
            assert_eq!(read(value).as_deref(), Some("s3cret"), "{value}");
        }
        for value in ["s3cret", "Bearer", "Basic s3cret", "Bearers3cret"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
