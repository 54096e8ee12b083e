//! What the answer of a destination means for a delivery: the class decides, not the wording (`formats/hospital.md` 2.8).

use axum::http::StatusCode;

/// The class of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The destination has it.
    Taken,
    /// It has it not, and may take it later: try again.
    Transient(&'static str),
    /// Nobody knows whether it has it. Sent again only where the destination knows what comes twice.
    Ambiguous(&'static str),
    /// It will never take it as it is: a person must look.
    Rejected(&'static str),
}

/// An HTTP status. A redirect is followed nowhere: it is a refusal (S-05).
pub fn of_http(status: StatusCode) -> Answer {
    match status.as_u16() {
        200..=299 => Answer::Taken,
        408 | 425 | 429 | 503 => Answer::Transient("busy"),
        // A gateway answers these without saying how far the message came.
        500 | 502 | 504 => Answer::Ambiguous("server-error"),
        300..=399 => Answer::Rejected("redirect"),
        401 | 403 => Answer::Rejected("not-admitted"),
        _ => Answer::Rejected("refused"),
    }
}

/// A v2 acknowledgement: `MSA-1`, and the first code of `ERR-3`. `None` for a code that is no acknowledgement.
pub fn of_acknowledgement(code: &str, error: Option<u16>) -> Option<Answer> {
    Some(match (code, error) {
        ("AA" | "CA", _) => Answer::Taken,
        ("AR" | "CR", Some(206 | 207)) => Answer::Transient("busy"),
        ("AE" | "CE" | "AR" | "CR", _) => Answer::Rejected("refused"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_an_http_answer_decides() {
        let class = |status| StatusCode::from_u16(status).map(of_http).ok();
        for taken in [200, 201, 202, 204] {
            assert_eq!(class(taken), Some(Answer::Taken));
        }
        for later in [408, 425, 429, 503] {
            assert_eq!(class(later), Some(Answer::Transient("busy")));
        }
        for unknown in [500, 502, 504] {
            assert_eq!(class(unknown), Some(Answer::Ambiguous("server-error")));
        }
        for never in [301, 307, 400, 401, 404, 409, 413, 422, 501] {
            assert!(matches!(class(never), Some(Answer::Rejected(_))), "{never}");
        }
    }

    #[test]
    fn the_class_of_an_acknowledgement_decides() {
        assert_eq!(of_acknowledgement("AA", None), Some(Answer::Taken));
        assert_eq!(of_acknowledgement("AR", Some(207)), Some(Answer::Transient("busy")));
        for error in [None, Some(200), Some(203), Some(205)] {
            assert_eq!(of_acknowledgement("AR", error), Some(Answer::Rejected("refused")));
        }
        assert_eq!(of_acknowledgement("AE", Some(207)), Some(Answer::Rejected("refused")));
        assert_eq!(of_acknowledgement("", None), None);
    }
}
