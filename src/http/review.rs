//! `/review`, the page for moderators: a queue of what was flagged or appealed, one item at a time
//! with its evidence, and what they decide.
//!
//! Everything works without JavaScript: each button sends a form, and the answer sends the browser
//! on to where one is then. The script adds keys.

pub mod address;
mod evidence;
mod screens;
mod told;
pub mod visit;
pub mod visitor;

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use photocheck_core::bank::Note;
use serde::Deserialize;
use uuid::Uuid;

use self::address::{Done, Place, insight_address};
use self::screens::Frame;
use self::told::{Refusing, Told};
use self::visit::Visit;
use self::visitor::CameFrom;
use super::browser;
use super::client_limit::Client;
use super::page::language;
use super::problem::Problem;
use super::service::Service;
use crate::app::error::{AppError, Failure, Refusal};
use crate::app::reviewers::Reviewer;
use crate::app::reviews::{Choice, Chosen};
use crate::store::{self, StoreError};
use crate::tenancy::{Denied, SessionSecret};
use crate::words;
use crate::words::page::Refused;
use crate::words::review::{Notices, ReviewWords};

const SCRIPT: &str = include_str!("../../pages/review.js");

/// Log-ins that are tried a minute from one address. A key cannot be guessed; a token that somebody
/// thought up might be.
const LOG_INS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

/// Bytes of a form: a reason has at most 1,000, three times that where it is escaped.
pub const FORM_BYTES_MAX: usize = 16 * 1024;

/// What a form of the page sends.
#[derive(Debug, Deserialize)]
pub struct Sent {
    #[serde(default)]
    token: String,
    action: String,
    key: Option<String>,
    check: Option<Uuid>,
    decision: Option<Uuid>,
    #[serde(default)]
    reason: String,
    allow: Option<String>,
    #[serde(default)]
    bank: String,
}

/// Who a request is of, and where in the page it is.
struct Asked<'a> {
    service: &'a Service,
    headers: &'a HeaderMap,
    place: Place,
    r: &'static ReviewWords,
}

/// `GET /review`: logging in, the queue, or one item of it.
pub async fn show(
    State(service): State<Arc<Service>>,
    from: CameFrom,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::new(&service, &uri, &headers);
    if let Err(refusing) = asked.count(from) {
        return asked.refuse(&refusing);
    }
    if Visit::of(&headers).is_withheld(&headers) {
        return screens::again(asked.place);
    }
    match visitor::reviewer(&service, &headers).await {
        Ok(Some((reviewer, visit, is_new))) => {
            let mut response = if asked.place.to_insight && service.insight_page {
                asked.to_insight()
            } else {
                asked.screen(&reviewer, &visit, None, String::new()).await
            };
            if is_new {
                asked.set_cookie(&mut response, &visit);
            }
            response
        }
        Ok(None) => {
            let is_over = matches!(Visit::of(&headers), Visit::LoggedIn(_));
            asked.log_in_screen(is_over.then(|| Told::over(asked.notices())))
        }
        Err(error) => asked.refuse(&asked.refusing(error)),
    }
}

/// `POST /review`: what a form of the page sends.
pub async fn act(
    State(service): State<Arc<Service>>,
    from: CameFrom,
    uri: Uri,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Response {
    let asked = Asked::new(&service, &uri, &headers);
    let form_refused = Told::form(asked.notices());
    if browser::is_of_other_site(&headers, &[]) {
        return asked.refuse(&form_refused.into());
    }
    if let Err(refusing) = asked.count(from) {
        return asked.refuse(&refusing);
    }
    let Ok(Form(sent)) = form else { return asked.refuse(&form_refused.into()) };
    let secret = match Visit::of(&headers) {
        Visit::LoggedIn(secret) | Visit::NotLoggedIn(secret) => Some(secret),
        Visit::New => None,
    };
    if !secret.is_some_and(|secret| secret.is_form_token(&sent.token)) {
        return asked.refuse(&form_refused.into());
    }
    if sent.action == "log_in" {
        return asked.log_in(from, sent.key.as_deref()).await;
    }
    let (reviewer, visit) = match visitor::reviewer(&service, &headers).await {
        Ok(Some((reviewer, visit, false))) => (reviewer, visit),
        Ok(_) => return asked.log_in_screen(Some(Told::over(asked.notices()))),
        Err(error) => return asked.refuse(&asked.refusing(error)),
    };
    if sent.action == "log_out" {
        return asked.log_out(&visit).await;
    }
    match asked.act(&reviewer, &sent).await {
        Ok(place) => sent_on(&place),
        Err(Refusing::Told(told)) => {
            let screen = asked.screen(&reviewer, &visit, Some(told.words), sent.reason).await;
            told.mark(screen)
        }
        Err(failed) => asked.refuse(&failed),
    }
}

/// The script of the page.
pub async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

impl<'a> Asked<'a> {
    fn new(service: &'a Service, uri: &Uri, headers: &'a HeaderMap) -> Self {
        let place = Place::read(uri, language(uri, headers));
        Self { service, headers, place, r: words::of_review(place.language) }
    }

    /// Sends the browser on to where it wanted to go before it was to log in.
    fn to_insight(&self) -> Response {
        see_other(&insight_address(self.place.language))
    }

    fn notices(&self) -> &'static Notices {
        &self.r.notices
    }

    /// Counts a request for its address.
    fn count(&self, from: CameFrom) -> Result<(), Refusing> {
        if visitor::is_welcome(self.service, from) {
            return Ok(());
        }
        Err(Told::throttled(self.notices()).into())
    }

    async fn log_in(&self, from: CameFrom, key: Option<&str>) -> Response {
        // Behind a proxy on this machine all who log in count as one.
        let nowhere = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let address = from.map_or(nowhere, |from| from.0.0.ip().to_canonical());
        let client = Client::at(address).unwrap_or(Client::Address(nowhere));
        let minute = self.service.limiters.count(&client, Some(LOG_INS_PER_MINUTE));
        if minute.is_some_and(|minute| !minute.goes_on) {
            return self.log_in_screen(Some(Told::throttled(self.notices())));
        }
        let key = key.map(str::trim).filter(|key| !key.is_empty());
        match self.service.app.log_in_reviewer(key).await {
            Ok(secret) => {
                let mut response = sent_on(&self.place);
                self.set_cookie(&mut response, &Visit::LoggedIn(secret));
                response
            }
            Err(AppError::Refused(Refusal::Denied(denied))) => {
                let (status, words) = match denied {
                    Denied::ScopeNeeded(_) => (StatusCode::FORBIDDEN, self.notices().scope),
                    _ => (StatusCode::UNAUTHORIZED, self.notices().key_not_valid),
                };
                self.log_in_screen(Some(Told::new(status, denied.code(), words)))
            }
            Err(error) => self.refuse(&self.refusing(error)),
        }
    }

    async fn log_out(&self, visit: &Visit) -> Response {
        if let Visit::LoggedIn(secret) = visit
            && let Err(error) = self.service.app.log_out_reviewer(secret).await
        {
            return self.refuse(&self.refusing(error));
        }
        let place = self.place.part(store::QueueState::default()).having(Done::LoggedOut);
        let mut response = sent_on(&place);
        self.set_cookie(&mut response, &Visit::New);
        response
    }

    /// Does what a form asks for; returns where one is then.
    async fn act(&self, reviewer: &Reviewer, sent: &Sent) -> Result<Place, Refusing> {
        let app = &self.service.app;
        let refusing = |error| self.refusing(error);
        let notices = self.notices();
        let not_yours = || Refusing::from(Told::not_yours(notices));
        match (sent.action.as_str(), sent.check, sent.decision) {
            ("next", ..) => self.next(reviewer, None).await,
            ("take", Some(check), _) => {
                if app.review_this(reviewer, check).await.map_err(refusing)? {
                    Ok(self.place.at(Some(check)))
                } else {
                    Err(not_yours())
                }
            }
            ("skip", Some(check), _) => {
                if app.skip_review(reviewer, check).await.map_err(refusing)? {
                    self.next(reviewer, Some(Done::Skipped)).await
                } else {
                    Err(not_yours())
                }
            }
            ("undo", _, Some(decision)) => {
                let undone = app.undo_review(reviewer, decision).await.map_err(refusing)?;
                let gone = notices.not_undone;
                let gone = Told::new(StatusCode::CONFLICT, "REVIEW_NOT_OPEN", gone);
                let check = undone.ok_or(gone)?;
                Ok(self.place.at(Some(check)).having(Done::Undone))
            }
            (action, Some(check), _) => {
                let choice = match action {
                    "confirm" => {
                        let bank = Some(sent.bank.clone()).filter(|bank| !bank.is_empty());
                        Choice::Confirm { bank }
                    }
                    "reject" => Choice::Reject { allow: sent.allow.is_some() },
                    "uphold" => Choice::Uphold,
                    "overturn" => Choice::Overturn,
                    "escalate" => Choice::Escalate,
                    _ => return Err(Told::form(notices).into()),
                };
                let reason = self.reason(&sent.reason)?;
                if choice == Choice::Escalate && reason.as_str().is_empty() {
                    let status = StatusCode::UNPROCESSABLE_ENTITY;
                    return Err(Told::new(status, "BAD_REQUEST", notices.no_reason).into());
                }
                let chosen = app.decide_review(reviewer, check, choice, reason).await;
                let done = match chosen.map_err(refusing)? {
                    Chosen::Decided(decision) => Done::Decided(decision),
                    Chosen::AppealDecided => Done::Appeal,
                    Chosen::NotYours => return Err(not_yours()),
                    Chosen::OtherAppeal => return Err(Told::other_appeal(notices).into()),
                };
                self.next(reviewer, Some(done)).await
            }
            _ => Err(Told::form(notices).into()),
        }
    }

    /// Opens the next item; where there is none, the queue.
    async fn next(&self, reviewer: &Reviewer, done: Option<Done>) -> Result<Place, Refusing> {
        let next = self.service.app.review_next(reviewer, self.place.filter).await;
        let next = next.map_err(|error| self.refusing(error))?;
        let place = self.place.at(next);
        Ok(match done {
            Some(done) => place.having(done),
            None if next.is_none() => place.having(Done::NoneLeft),
            None => place,
        })
    }

    /// The lines of a field as one.
    fn reason(&self, written: &str) -> Result<Note, Refusing> {
        let line = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let (status, words) = (StatusCode::UNPROCESSABLE_ENTITY, self.notices().long_reason);
        Note::new(&line).map_err(|error| Told::new(status, error.code(), words).into())
    }

    fn refusing(&self, error: AppError) -> Refusing {
        let notices = self.notices();
        match error {
            AppError::Refused(Refusal::Bank(store::Refusal::BankExists(_))) => {
                Told::new(StatusCode::CONFLICT, "BANK_EXISTS", notices.allow_bank).into()
            }
            AppError::Refused(Refusal::Bank(store::Refusal::NoSuchBank(_))) => {
                Told::new(StatusCode::CONFLICT, "NO_SUCH_BANK", notices.no_bank).into()
            }
            AppError::Refused(Refusal::Bank(store::Refusal::NoOpenAppeal(_))) => {
                Told::not_yours(notices).into()
            }
            AppError::Refused(Refusal::Bank(store::Refusal::NoSuchCheck(_))) => {
                Told::not_there(notices).into()
            }
            AppError::Failed(Failure::Busy(_) | Failure::Store(StoreError::Busy)) => {
                Told::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY", notices.busy).into()
            }
            error => Refusing::Failed(error.into()),
        }
    }

    /// The item or the queue, with what is to be said above it.
    async fn screen(
        &self,
        reviewer: &Reviewer,
        visit: &Visit,
        notice: Option<Refused>,
        written: String,
    ) -> Response {
        let shown = self.try_screen(reviewer, visit, notice, written).await;
        shown.unwrap_or_else(|refusing| self.refuse(&refusing))
    }

    async fn try_screen(
        &self,
        reviewer: &Reviewer,
        visit: &Visit,
        notice: Option<Refused>,
        written: String,
    ) -> Result<Response, Refusing> {
        let app = &self.service.app;
        let refusing = |error| self.refusing(error);
        let decision = match self.place.done {
            Some(Done::Decided(decision)) => {
                app.undoable_review(reviewer, decision).await.map_err(refusing)?
            }
            _ => None,
        };
        // What went wrong is more than what went well before.
        let done = self.place.done.filter(|_| notice.is_none());
        let done = done.and_then(|done| screens::done_in_words(done, decision.as_ref(), self.r));
        let frame = self.frame(token_of(visit), notice, done);
        if let Some(check) = self.place.check {
            if let Some(reviewed) = app.reviewed(reviewer, check).await.map_err(refusing)? {
                let banks = app.banks_for_reviewer(&reviewer.caller).await.map_err(refusing)?;
                return screens::item(frame, &reviewed, banks, written).map_err(Refusing::Failed);
            }
            let missing = Told::not_there(self.notices());
            let notice = Some(notice.unwrap_or(missing.words));
            let frame = Frame { notice, place: self.place.at(None), ..frame };
            return Ok(missing.mark(self.queue(reviewer, frame).await?));
        }
        self.queue(reviewer, frame).await
    }

    async fn queue(&self, reviewer: &Reviewer, frame: Frame) -> Result<Response, Refusing> {
        let queue = self.service.app.review_queue(reviewer, self.place.filter).await;
        let (items, counts) = queue.map_err(|error| self.refusing(error))?;
        screens::queue(frame, &items, counts).map_err(Refusing::Failed)
    }

    /// The screen for logging in, with why one is not let in.
    fn log_in_screen(&self, refused: Option<Told>) -> Response {
        let (visit, is_new) = match Visit::of(self.headers) {
            visit @ Visit::NotLoggedIn(_) => (visit, false),
            Visit::New | Visit::LoggedIn(_) => match SessionSecret::create() {
                Ok(secret) => (Visit::NotLoggedIn(secret), true),
                Err(error) => return Problem::ours(&error).into_response(),
            },
        };
        let done = self.place.done.filter(|done| *done == Done::LoggedOut && refused.is_none());
        let done = done.and_then(|done| screens::done_in_words(done, None, self.r));
        let frame = self.frame(token_of(&visit), refused.map(|told| told.words), done);
        let mut response = screens::log_in(frame).unwrap_or_else(Problem::into_response);
        if let Some(told) = refused {
            response = told.mark(response);
        }
        if is_new {
            self.set_cookie(&mut response, &visit);
        }
        response
    }

    /// What is shown where nothing of the queue can be.
    fn refuse(&self, refusing: &Refusing) -> Response {
        let told = match refusing {
            Refusing::Told(told) => *told,
            Refusing::Failed(Problem { status, code, .. }) => {
                let status = StatusCode::from_u16(*status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Told::new(status, code, self.notices().failed)
            }
        };
        let frame = self.frame(String::new(), Some(told.words), None);
        told.mark(screens::notice(frame).unwrap_or_else(Problem::into_response))
    }

    fn frame(
        &self,
        token: String,
        notice: Option<Refused>,
        done: Option<(&'static str, Option<Uuid>)>,
    ) -> Frame {
        let has_insight = self.service.insight_page;
        Frame { place: self.place, token, notice, done, has_insight }
    }

    fn set_cookie(&self, response: &mut Response, visit: &Visit) {
        if let Some(cookie) = visit.cookie(self.headers) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
}

fn token_of(visit: &Visit) -> String {
    match visit {
        Visit::LoggedIn(secret) | Visit::NotLoggedIn(secret) => secret.form_token(),
        Visit::New => String::new(),
    }
}

/// Sends the browser to a place of the page.
fn sent_on(place: &Place) -> Response {
    see_other(&place.address())
}

fn see_other(address: &str) -> Response {
    let address = HeaderValue::from_str(address);
    let address = address.unwrap_or(HeaderValue::from_static("review"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}
