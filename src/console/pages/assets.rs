//! What a page is dressed in. Nothing comes from elsewhere.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

const STYLE: &str = "/style.css";

pub(in crate::console) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(STYLE, get(style))
}

/// May a browser keep what is at this path?
pub(in crate::console) fn is_one(path: &str) -> bool {
    path == STYLE
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../style.css"))
}
