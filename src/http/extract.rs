//! What handlers take out of requests: axum's own extractors, but what cannot be read is answered
//! with the field's name and what was wrong with it.

use std::error::Error;
use std::fmt::Display;
use std::num::NonZeroU32;

use axum::Json;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};

use super::problem::Problem;

/// A body of JSON.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

/// Parts of the address.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The query of the address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Json::<T>::from_request(request, state).await;
        read.map(|Json(value)| Self(value)).map_err(|rejected| json_problem(&rejected))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|it| Self(it.0)).map_err(|rejected| path_problem(&rejected))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|it| Self(it.0)).map_err(|rejected| query_problem(&rejected))
    }
}

/// Reads JSON that is in memory already.
///
/// # Errors
/// When it is not valid, or not what is asked for.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::json_not_valid(&error.to_string()))
}

/// Reads a whole number of a query, and says which text is none.
///
/// # Errors
/// When it is none.
pub fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        let start: String = text.chars().take(80).collect();
        D::Error::custom(format!("must be a whole number, not {start:?}"))
    })
}

/// Reads a number from 1 to `max` of a body, which JSON may write as 1.0; `None` for null.
///
/// # Errors
/// When it is another.
pub fn count<'de, D: Deserializer<'de>>(
    deserializer: D,
    max: u32,
) -> Result<Option<NonZeroU32>, D::Error> {
    let Some(number) = Option::<f64>::deserialize(deserializer)? else { return Ok(None) };
    let is_whole = number.fract() == 0.0 && (1.0..=f64::from(max)).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 32 bits")]
    #[expect(clippy::cast_sign_loss, reason = "it is at least 1")]
    let count = if is_whole { NonZeroU32::new(number as u32) } else { None };
    let not_one = || D::Error::custom(format!("must be a whole number from 1 to {max}"));
    count.map(Some).ok_or_else(not_one)
}

fn json_problem(rejected: &JsonRejection) -> Problem {
    let status = rejected.status();
    match rejected {
        JsonRejection::JsonDataError(error) => {
            Problem::bad_request(status, format!("the JSON is not valid here: {}", cause(error)))
        }
        JsonRejection::JsonSyntaxError(error) => Problem::bad_request(
            status,
            format!("the body cannot be read as JSON: {}", cause(error)),
        ),
        JsonRejection::MissingJsonContentType(_) => Problem::not_json(status),
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => Problem::body_too_large(),
        _ => Problem::bad_request(
            status,
            format!("the body cannot be read: {}", rejected.body_text()),
        ),
    }
}

fn path_problem(rejected: &PathRejection) -> Problem {
    let status = rejected.status();
    let PathRejection::FailedToDeserializePathParams(error) = rejected else {
        return Problem::bad_request(status, rejected.body_text());
    };
    match error.kind() {
        ErrorKind::ParseErrorAtIndex { value, .. } | ErrorKind::ParseError { value, .. } => {
            let start: String = value.chars().take(80).collect();
            Problem::bad_request(
                status,
                format!("the address has {start:?} where a whole number is needed"),
            )
        }
        other => Problem::bad_request(status, format!("the address cannot be read: {other}")),
    }
}

fn query_problem(rejected: &QueryRejection) -> Problem {
    let cause = match rejected {
        QueryRejection::FailedToDeserializeQueryString(error) => cause(error),
        other => other.body_text(),
    };
    Problem::bad_request(rejected.status(), format!("the query is not valid: {cause}"))
}

/// What the deserializer says, without what axum says before it.
fn cause<E: Error + Display>(error: &E) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
