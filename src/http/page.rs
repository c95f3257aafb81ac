//! The page for people: choose, drop or paste a photo and see the verdict.
//!
//! Three files, bundled; nothing is loaded from elsewhere, and the content security policy says so
//! to the browser. The photo goes to `/v1/check` and nowhere else.

use axum::http::header;
use axum::response::{Html, IntoResponse};

const HTML: &str = include_str!("page/index.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const ICON: &str = include_str!("page/icon.svg");

pub async fn index() -> Html<&'static str> {
    Html(HTML)
}

pub async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

pub async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}

pub async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], ICON)
}
