//! The page for people: a form that takes a photo, and what was found out about it.
//!
//! Everything is written here, in the language that is asked for, so it works without JavaScript.
//! The script sends the same form, one photo after the other, and takes the results out of the
//! pages that come back: there is one result, in one place. Style, script and icon are bundled;
//! nothing is loaded from elsewhere, and the content security policy says so to the browser.

mod picture;
mod places;
mod refusal;
pub mod result;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use chrono::DateTime;
use photocheck_core::limits;
use photocheck_core::photo::PhotoError;
use photocheck_core::signals::KnownPhoto;

use self::picture::SmallPhoto;
use self::places::Country;
use self::refusal::{RefusalView, UnreadFormat};
use self::result::{CheckedAt, ResultView};
use super::auth::Called;
use super::problem::{Problem, ProblemCode};
use super::service::Service;
use super::upload;
use crate::app::App;
use crate::app::error::{AppError, Refusal};
use crate::app::live_index::View;
use crate::clock;
use crate::ids;
use crate::tenancy::TenantId;
use crate::words;
use crate::words::language::Language;
use crate::words::page::PageWords;

const STYLE: &str = include_str!("../../pages/page.css");
const SCRIPT: &str = include_str!("../../pages/page.js");
const PDQ_SCRIPT: &str = include_str!("../../pages/pdq.js");
const PROTECT_SCRIPT: &str = include_str!("../../pages/protect.js");
const ICON: &str = include_str!("../../pages/icon.svg");

/// Photos that the script checks in one go: as many as profiles show.
const PHOTOS_MAX: usize = 12;

/// The page, with or without a result.
#[derive(Debug, Template)]
#[template(path = "check.html")]
struct CheckPage {
    w: &'static PageWords,
    language: Language,
    lists: Lists,
    countries: &'static [Country],
    outcome: Outcome,
    /// Whether there is a page of one's own photos.
    has_protect: bool,
}

/// The page that makes fingerprints of one's own photos.
#[derive(Debug, Template)]
#[template(path = "protect.html")]
struct ProtectPage {
    w: &'static PageWords,
    language: Language,
    /// What a hash needs to be looked up.
    quality_min: u8,
}

/// What the page shows beside its form.
#[derive(Debug)]
enum Outcome {
    Nothing,
    Result(Box<ResultView>),
    Refused(RefusalView),
}

/// Whether photos are compared with known ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    Some,
    None,
    /// It depends on the key.
    ByKey,
}

/// `GET /`: the page without a result.
pub async fn show(State(service): State<Arc<Service>>, uri: Uri, headers: HeaderMap) -> Response {
    let page = CheckPage::response(&service, language(&uri, &headers), Outcome::Nothing);
    page.unwrap_or_else(Problem::into_response)
}

/// `POST /`: the form with a photo; the page with its result.
pub async fn check(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    request: Request,
) -> Response {
    let language = language(request.uri(), request.headers());
    let Service { app, uploads, .. } = &*service;
    let mut unread = None;
    let checked = async {
        // Nobody sends a photo for nothing.
        app.store().in_place()?;
        let upload = uploads.receive(request, &caller, &[]).await?;
        let checking = async {
            let checked = app.check_and(&caller, upload, None, SmallPhoto::of).await;
            checked.inspect_err(|error| unread = unread_format(error))
        };
        let (report, photo) = upload::in_time(checking).await?;
        let checked = CheckedAt { id: ids::new_id().to_string(), at: now_in_words() };
        tracing::info!(check_id = checked.id, verdict = report.verdict.name(), "checked");
        let result = ResultView::new(&report, photo, checked, words::of_pages(language));
        CheckPage::response(&service, language, Outcome::Result(Box::new(result)))
    };
    checked.await.unwrap_or_else(|problem: Problem| {
        let mut response = problem.into_response();
        if let Some(format) = unread {
            response.extensions_mut().insert(format);
        }
        response
    })
}

/// Puts problems of the form into the words of the page; status and headers stay.
pub async fn in_words(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let language = language(request.uri(), request.headers());
    let answer = next.run(request).await;
    let Some(ProblemCode(code)) = answer.extensions().get().copied() else { return answer };
    let format = answer.extensions().get::<UnreadFormat>().copied();
    let refused = RefusalView::new(code, format, words::of_pages(language));
    let Ok(page) = CheckPage::response(&service, language, Outcome::Refused(refused)) else {
        return answer;
    };
    let (mut parts, _) = answer.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let (page, body) = page.into_response().into_parts();
    parts.headers.extend(page.headers);
    Response::from_parts(parts, body)
}

/// `GET /protect`: fingerprints of one's own photos, made in the browser.
pub async fn protect(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let language = language(&uri, &headers);
    let quality_min = service.app.checker().matcher().thresholds().pdq_quality_min;
    let page = ProtectPage { w: words::of_pages(language), language, quality_min };
    html(&page, language).unwrap_or_else(Problem::into_response)
}

/// The style of all pages.
pub async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// The script of the page.
pub async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

/// The PDQ hash in JavaScript.
pub async fn pdq_script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], PDQ_SCRIPT)
}

/// The script of the page of one's own photos.
pub async fn protect_script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], PROTECT_SCRIPT)
}

/// The icon of all pages.
pub async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)
}

impl CheckPage {
    fn response(
        service: &Service,
        language: Language,
        outcome: Outcome,
    ) -> Result<Response, Problem> {
        let countries = places::countries().map_err(|error| Problem::ours(error))?;
        let w = words::of_pages(language);
        let (lists, has_protect) = (Lists::of(&service.app), service.protect_page);
        html(&Self { w, language, lists, countries, outcome, has_protect }, language)
    }

    fn lead(&self) -> &'static str {
        match self.lists {
            Lists::Some => self.w.form.lead_lists,
            Lists::None => self.w.form.lead_no_lists,
            Lists::ByKey => self.w.form.lead_unknown_lists,
        }
    }

    fn limits(&self) -> String {
        (self.w.form.limits)(limits::PHOTO_BYTES_MAX / (1024 * 1024))
    }

    fn asks_for_key(&self) -> bool {
        let is_refused = matches!(&self.outcome, Outcome::Refused(it) if it.asks_for_key());
        is_refused || self.lists == Lists::ByKey
    }
}

pub(super) fn html(page: &impl Template, language: Language) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| Problem::ours(&error))?;
    let headers = [
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code())),
        (header::VARY, HeaderValue::from_static("accept-language")),
    ];
    Ok((headers, Html(html)).into_response())
}

/// The other languages, with their names in themselves.
pub(super) fn others(language: Language) -> impl Iterator<Item = (&'static str, &'static str)> {
    let others = Language::ALL.into_iter().filter(move |other| *other != language);
    others.map(|other| (other.code(), words::of_pages(other).language))
}

impl Lists {
    fn of(app: &App) -> Self {
        if app.callers().need_keys() {
            return Self::ByKey;
        }
        let View { index, scope } = app.banks(TenantId::DEFAULT).view();
        match KnownPhoto::by(&index, &scope) {
            KnownPhoto::Compared { .. } => Self::Some,
            KnownPhoto::NotCompared(_) => Self::None,
        }
    }
}

/// The language of the address (`?lang=es`), or else the one that the browser prefers. No cookie.
pub(super) fn language(uri: &Uri, headers: &HeaderMap) -> Language {
    let query = uri.query().unwrap_or_default().as_bytes();
    let chosen = url::form_urlencoded::parse(query).find(|(name, _)| name == "lang");
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    chosen
        .and_then(|(_, code)| Language::from_code(&code))
        .unwrap_or_else(|| Language::preferred(accepted.unwrap_or_default()))
}

fn unread_format(error: &AppError) -> Option<UnreadFormat> {
    match error {
        AppError::Refused(Refusal::Photo(PhotoError::UnsupportedFormat { format, .. })) => {
            Some(UnreadFormat(format))
        }
        AppError::Refused(_) | AppError::Failed(_) => None,
    }
}

fn now_in_words() -> String {
    time_in_words(clock::now_s())
}

/// A time in seconds since 1970, in words.
pub(super) fn time_in_words(at_s: i64) -> String {
    let at = DateTime::from_timestamp(at_s, 0).unwrap_or_default();
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
