//! Conditional reading (`If-None-Match`): who has an answer already is told only that it still stands.
//!
//! The tag of an answer follows from what it says to this agency, without its time and its release: two states of the store that
//! differ in what the agency may not see have one tag. It is asked for behind the decision, so that it opens nothing and what is
//! not there stays 404; that an answer still stands is a release like any other.

use super::{Form, answer};
use crate::digits::hex;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use musubi_core::release::Outgoing;

/// An answer and its tag.
pub(super) struct Tagged {
    pub(super) outgoing: Outgoing,
    pub(super) tag: String,
}

/// What the tag is made of: a form of writing, and the hash of what is said.
pub(super) fn view(form: Form, said: &[u8]) -> String {
    format!("{} {}", form.media_type(), hex(said))
}

/// The answer with its tag, or 304 without it where the request names that tag.
pub(super) fn read(form: Form, headers: &HeaderMap, tagged: &Tagged) -> Response {
    let Ok(tag) = HeaderValue::from_str(&format!("W/\"{}\"", tagged.tag)) else {
        return answer(form, StatusCode::OK, tagged.outgoing.bytes().to_vec());
    };
    let mut response = if names(headers, &tagged.tag) {
        (StatusCode::NOT_MODIFIED, [(header::CACHE_CONTROL, "no-store")]).into_response()
    } else {
        answer(form, StatusCode::OK, tagged.outgoing.bytes().to_vec())
    };
    response.headers_mut().insert(header::ETAG, tag);
    response
}

/// Does the request name this tag? Weak or not makes no difference (RFC 9110, section 13.1.2).
fn names(headers: &HeaderMap, tag: &str) -> bool {
    let written = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    written.flat_map(|value| value.split(',')).map(str::trim).any(|named| {
        let opaque = named.strip_prefix("W/").unwrap_or(named);
        named == "*" || opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_among_others_weak_or_strong() {
        let names = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            super::names(&headers, "abc")
        };
        assert!(names("W/\"abc\"") && names("\"abc\"") && names("\"x\", W/\"abc\"") && names("*"));
        assert!(!names("abc") && !names("W/\"abcd\"") && !names("\"ab\",\"c\""));
        assert!(!super::names(&HeaderMap::new(), "abc"));
    }
}
