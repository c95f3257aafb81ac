//! `/insight`, the page for moderators that shows all checks together: what they found, how far
//! people agree with that, drift, and what waits. It changes nothing.
//!
//! Whoever is logged in at `/review` sees it; whoever is not is sent there. Charts are drawn here,
//! and each is a table too, which can be downloaded.

mod charts;
mod tables;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded;

use self::tables::{Section, Table};
use super::page::{html, language, others};
use super::problem::Problem;
use super::review::address::Place;
use super::review::visit::Visit;
use super::review::visitor::{self, CameFrom};
use super::service::Service;
use crate::words;
use crate::words::insight::InsightWords;
use crate::words::language::Language;
use crate::words::page::PageWords;

/// The page.
#[derive(Debug, Template)]
#[template(path = "insight.html")]
struct InsightPage {
    w: &'static PageWords,
    i: &'static InsightWords,
    language: Language,
    review: String,
    sections: Vec<Section>,
}

/// Why nothing is shown.
enum Barred {
    NotLoggedIn,
    Failed(Problem),
}

/// `GET /insight`: the page.
pub async fn show(
    State(service): State<Arc<Service>>,
    from: CameFrom,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let language = language(&uri, &headers);
    let shown = sections(&service, from, &headers, language).await;
    let page = shown.and_then(|(sections, cookie)| {
        let page = InsightPage {
            w: words::of_pages(language),
            i: words::of_insight(language),
            language,
            review: Place::first(language).address(),
            sections,
        };
        Ok(with_cookie(html(&page, language)?, cookie))
    });
    page.unwrap_or_else(|barred| barred.answer(language))
}

/// `GET /insight.csv`: one table of the page, by its name.
pub async fn csv(
    State(service): State<Arc<Service>>,
    from: CameFrom,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let language = language(&uri, &headers);
    let query = uri.query().unwrap_or_default().as_bytes();
    let asked = form_urlencoded::parse(query).find(|(name, _)| name == "table");
    let asked = asked.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let shown = sections(&service, from, &headers, language).await;
    let file = shown.and_then(|(sections, cookie)| {
        let found = sections.iter().find(|section| section.name == asked);
        let Some(section) = found else { return Ok(StatusCode::NOT_FOUND.into_response()) };
        Ok(with_cookie(csv_file(section.name, &section.table)?, cookie))
    });
    file.unwrap_or_else(|barred| barred.answer(language))
}

/// What there is to see, and the cookie by which the browser is known from now on, if it must be
/// sent one.
async fn sections(
    service: &Service,
    from: CameFrom,
    headers: &HeaderMap,
    language: Language,
) -> Result<(Vec<Section>, Option<HeaderValue>), Barred> {
    // A link from another site brings no cookie: `/review` asks again from within the site.
    let is_withheld = Visit::of(headers).is_withheld(headers);
    if is_withheld || !visitor::is_welcome(service, from) {
        return Err(Barred::NotLoggedIn);
    }
    let found = visitor::reviewer(service, headers).await?;
    let (reviewer, visit, is_new) = found.ok_or(Barred::NotLoggedIn)?;
    let insight = service.app.insight(reviewer.caller.tenant).await?;
    let cookie = is_new.then(|| visit.cookie(headers)).flatten();
    Ok((tables::sections(&insight, language), cookie))
}

impl Barred {
    /// Whoever may not see it is sent to the log-in, which says why.
    fn answer(self, language: Language) -> Response {
        if let Self::Failed(problem) = self {
            return problem.into_response();
        }
        let place = Place { to_insight: true, ..Place::first(language) };
        let address = HeaderValue::from_str(&place.address());
        let address = address.unwrap_or(HeaderValue::from_static("review"));
        (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
    }
}

impl<E: Into<Problem>> From<E> for Barred {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn csv_file(name: &str, table: &Table) -> Result<Response, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = writer.write_record(table.columns.iter().map(|column| column.name));
    written.map_err(|error| Problem::ours(&error))?;
    for row in &table.rows {
        let written = writer.write_record(row.cells.iter().map(|cell| &cell.raw));
        written.map_err(|error| Problem::ours(&error))?;
    }
    let text = writer.into_inner().map_err(|error| Problem::ours(&error))?;
    let disposition = format!("attachment; filename=\"photocheck-{name}.csv\"");
    let disposition = HeaderValue::from_str(&disposition);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (
            header::CONTENT_DISPOSITION,
            disposition.unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, text).into_response())
}
