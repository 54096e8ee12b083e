//! Visits, attempts and consultations in the words of the format.

use musubi_proto::v1 as proto;
use proto::entry::Body;

/// A visit, an attempt or a consultation.
#[derive(Default)]
pub(super) struct Contact<'a> {
    pub(super) at: Option<&'a proto::DateTime>,
    pub(super) date: Option<&'a proto::Date>,
    pub(super) method: &'static str,
    pub(super) result: &'static str,
    pub(super) child_seen: Option<bool>,
    pub(super) note: &'a str,
}

impl<'a> Contact<'a> {
    pub(super) fn of(body: &'a Body) -> Option<Self> {
        match body {
            Body::HomeVisit(visit) => Some(Contact {
                at: None,
                date: visit.visited_on.as_ref(),
                method: "Visit",
                result: visit_result(visit),
                child_seen: visit.child_seen,
                note: &visit.note,
            }),
            Body::ContactAttempt(attempt) => Some(Contact {
                at: attempt.at.as_ref(),
                date: None,
                method: method(&attempt.method),
                result: attempt_result(&attempt.result),
                child_seen: attempt.child_seen,
                note: &attempt.note,
            }),
            Body::Consultation(consultation) => Some(Contact {
                at: consultation.at.as_ref(),
                method: method(&consultation.method),
                note: &consultation.note,
                ..Contact::default()
            }),
            _ => None,
        }
    }
}

/// A postponed visit, and one that another city made, have no code here and stand without a result.
fn visit_result(visit: &proto::HomeVisit) -> &'static str {
    match visit.result.as_str() {
        _ if visit.child_seen == Some(true) => "SeenChild",
        "met_both" | "met_mother" | "met_family" => "SeenGuardianOnly",
        "postponed_hospital" => "Hospitalised",
        other => attempt_result(other),
    }
}

fn attempt_result(result: &str) -> &'static str {
    match result {
        "seen_child" => "SeenChild",
        "seen_guardian_only" => "SeenGuardianOnly",
        "absent" => "Absent",
        "refused" => "Refused",
        "address_unknown" => "AddressUnknown",
        "moved_out" => "MovedOut",
        "hospitalised" => "Hospitalised",
        "abroad" => "Abroad",
        _ => "",
    }
}

/// A letter and an online talk have no code here.
fn method(method: &str) -> &'static str {
    match method {
        "visit" => "Visit",
        "phone" => "Phone",
        "office" => "Office",
        "hospital" => "Hospital",
        "school" => "School",
        _ => "",
    }
}
