//! What is said to a browser beside each page, and what it says beside each form (S-15, S-16).

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

/// Name of the cookie. The prefix makes a browser refuse it without `Secure`, for a part of the site, or from another host.
const COOKIE: &str = "__Host-musubi";
/// Nothing from elsewhere, nothing inside the page itself, nobody around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// The headers of every answer.
pub(super) fn guard(headers: &mut HeaderMap, cached: bool) {
    let cache = if cached { "private, max-age=3600" } else { "no-store" };
    let fixed: [(HeaderName, &'static str); 7] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, cache),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The cookie of a session; an empty one takes it away.
pub(super) fn cookie_line(value: &str) -> Option<HeaderValue> {
    let end = if value.is_empty() { "; Max-Age=0" } else { "" };
    HeaderValue::from_str(&format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{end}")).ok()
}

/// The cookie that came with a request.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Does a form come from a page of ours? A browser names the origin of a form, or says `null` because our pages ask it to
/// name no referrer: then `Sec-Fetch-Site`, which no page can set, must say that it is the same site. One that says neither
/// is refused.
pub(super) fn same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin") {
        return false;
    }
    let host = uri.authority().map(|authority| authority.as_str()).or_else(|| text(header::HOST));
    match text(header::ORIGIN).filter(|origin| *origin != "null") {
        Some(origin) => origin.strip_prefix("https://").is_some_and(|named| Some(named) == host),
        None => site.is_some(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn s16_a_form_of_another_origin_or_of_none_is_not_ours() {
        let uri: Uri = "/work".parse().unwrap();
        let ours = |pairs: &[(&'static str, &'static str)]| same_origin(&headers(pairs), &uri);
        let host = ("host", "musubi.example:8444");
        assert!(ours(&[host, ("origin", "https://musubi.example:8444")]));
        assert!(ours(&[host, ("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[host]));
        assert!(!ours(&[host, ("origin", "null")]));
        assert!(!ours(&[host, ("origin", "http://musubi.example:8444")]));
        assert!(!ours(&[host, ("origin", "https://elsewhere.example")]));
        assert!(!ours(&[host, ("origin", "https://musubi.example:8444"), ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn s15_the_cookie_is_found_among_others_and_is_for_this_host_alone() {
        let sent = headers(&[("cookie", "a=b; __Host-musubi=abc; c=d")]);
        assert_eq!((cookie(&sent), cookie(&headers(&[("cookie", "musubi=abc")]))), (Some("abc"), None));
        let line = cookie_line("abc").unwrap();
        for word in ["__Host-musubi=abc;", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
            assert!(line.to_str().unwrap().contains(word), "{word}");
        }
    }
}
