//! Refusals as HMA's clients read them: `message`, with the statuses that HMA answers.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::http::problem::ProblemCode;

/// Bytes of a problem: many times what one has.
const BYTES_MAX: usize = 64 * 1024;

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

/// What HMA's clients read; HMA has no codes.
#[derive(Serialize)]
struct RefusalJson<'a> {
    message: String,
    code: &'a str,
}

/// Puts every problem into this form.
pub async fn as_messages(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(ProblemCode(code)) = response.extensions().get::<ProblemCode>().copied() else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    let problem = to_bytes(body, BYTES_MAX).await.ok();
    let problem = problem.and_then(|bytes| serde_json::from_slice::<Problem>(&bytes).ok());
    let message = problem.map_or_else(|| code.to_owned(), |problem| problem.detail);
    parts.status = status(parts.status);
    parts.headers.remove(header::CONTENT_LENGTH);
    let json = HeaderValue::from_static("application/json");
    parts.headers.insert(header::CONTENT_TYPE, json);
    let body = serde_json::to_vec(&RefusalJson { message, code }).unwrap_or_default();
    Response::from_parts(parts, Body::from(body))
}

/// HMA knows fewer: what cannot be used is 400, and a name that is taken 403.
fn status(ours: StatusCode) -> StatusCode {
    match ours {
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            StatusCode::BAD_REQUEST
        }
        StatusCode::CONFLICT => StatusCode::FORBIDDEN,
        same => same,
    }
}
