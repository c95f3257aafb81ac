//! `/v1/checks/{check_id}/statement`: the reasons for a verdict, for the person concerned.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{self, Called};
use super::checks::read_id;
use super::extract::{Path, Query};
use super::problem::Problem;
use super::service::Service;
use crate::wire::names;
use crate::wire::statement::StatementJson;
use crate::words::language::Language;

const VARY: HeaderValue = HeaderValue::from_static("accept, accept-language");

/// In which language.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StatementQuery {
    /// Where it is left out, the header `accept-language` counts, and without it English.
    #[param(schema_with = names::language, required = false)]
    language: Option<String>,
}

/// Ask for the statement of reasons of a verdict, as JSON or, where `accept` prefers it, as plain
/// text to be passed on.
///
/// It has what article 17(3) of the European Union's Digital Services Act asks for, as far as this
/// service can say it, and names what the platform has to add.
#[utoipa::path(get, path = "/v1/checks/{check_id}/statement", tag = "checks",
    operation_id = "show_statement", params(StatementQuery),
    responses((status = 200, description = "the statement, as it is now",
        content((StatementJson = "application/json"), (String = "text/plain")))))]
pub async fn show(
    State(service): State<Arc<Service>>,
    Called(caller): Called,
    Path(id): Path<String>,
    Query(query): Query<StatementQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    auth::ensure_may_keep(&caller, &service.origins, &headers)?;
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let language = match &query.language {
        Some(code) => read_language(code)?,
        None => Language::preferred(text(header::ACCEPT_LANGUAGE)),
    };
    let statement = service.app.statement(caller.tenant, read_id(&id)?, language).await?;
    let headers = [
        (header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code())),
        (header::VARY, VARY),
    ];
    Ok(if prefers_text(text(header::ACCEPT)) {
        (headers, statement.text()).into_response()
    } else {
        (headers, Json(statement)).into_response()
    })
}

fn read_language(code: &str) -> Result<Language, Problem> {
    let known = Language::ALL.map(Language::code).join(", ");
    Language::from_code(code).ok_or_else(|| Problem::not_known("language", code, &known))
}

/// Whether plain text is wanted more than JSON, which is sent to whoever does not say.
fn prefers_text(accepted: &str) -> bool {
    let weight = |kind: &str| {
        let items = accepted.split(',').filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_it = parts.next()?.eq_ignore_ascii_case(kind);
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_it.then_some(weight.unwrap_or(1.0))
        });
        items.fold(0.0, f32::max)
    };
    weight("application/json").max(weight("application/*"))
        < weight("text/plain").max(weight("text/*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_sent_to_whoever_wants_it_more() {
        for (accepted, expected) in [
            ("", false),
            ("*/*", false),
            ("application/json", false),
            ("text/plain", true),
            ("Text/Plain; charset=utf-8", true),
            ("text/*", true),
            ("text/plain;q=0.5, application/json", false),
            ("text/plain, application/json;q=0.5", true),
            ("text/plain;q=0", false),
            ("text/plain, application/json", false),
            (",;q=x", false),
        ] {
            assert_eq!(prefers_text(accepted), expected, "{accepted}");
        }
    }
}
