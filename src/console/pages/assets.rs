//! What a page is dressed in, and what moves on it where scripts run. Nothing comes from elsewhere.

use axum::Router;
use axum::http::header;
use axum::routing::get;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const DRAWING: &str = "image/svg+xml";

/// Path, kind, content. htmx is vendored whole, its licence beside it; the name carries its version.
const ASSETS: [(&str, &str, &str); 4] = [
    ("/style.css", CSS, include_str!("../style.css")),
    ("/icon.svg", DRAWING, include_str!("../icon.svg")),
    ("/window.js", SCRIPT, include_str!("../window.js")),
    ("/htmx-2.0.11.js", SCRIPT, include_str!("../vendor/htmx-2.0.11.min.js")),
];

pub(in crate::console) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.into_iter().fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(move || async move { ([(header::CONTENT_TYPE, kind)], content) }))
    })
}

/// May a browser keep what is at this path?
pub(in crate::console) fn is_one(path: &str) -> bool {
    ASSETS.iter().any(|(known, ..)| *known == path)
}
