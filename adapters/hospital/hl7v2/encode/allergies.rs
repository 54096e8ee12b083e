//! The allergies of a person as one ADT^A60.

use super::line::{Line, escaped, repeated};
use super::{Message, people};
use crate::family::Person;
use crate::wording::state;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// One message, or none.
pub(super) fn message(person: &Person<'_>, pid: &Line) -> Option<Message> {
    let lines = person.entries.iter().filter_map(|entry| {
        let id = entry.source_key.rsplit_once("/allergy/")?.1;
        Some(match entry.body.as_ref()? {
            // IAM cannot say that there is none.
            Body::Observation(allergy) if allergy.kind == "allergy" && allergy.status != "none" => iam(id, allergy),
            // To what it was is not known any more; the field is required.
            Body::Withdrawal(_) => Line::new("IAM").with(3, "\"\"".to_owned()).with(6, "D".to_owned()).say(7, id),
            _ => return None,
        })
    });
    let lines: Vec<Line> =
        (1..).zip(lines).map(|(number, line): (usize, Line)| line.with(1, number.to_string())).collect();
    let message = |lines| Message { kind: "ADT^A60^ADT_A60", lines };
    (!lines.is_empty()).then(|| message([vec![people::evn(person, None, ""), pid.clone()], lines].concat()))
}

/// Table 0438: there once but not now, or not confirmed.
fn known(allergy: &proto::Observation) -> &'static str {
    match allergy.status.as_str() {
        _ if state::is_allergy_over(allergy) => "I",
        "preliminary" | "unverified" | "partial" => "U",
        _ => "",
    }
}

fn iam(id: &str, allergy: &proto::Observation) -> Line {
    Line::new("IAM")
        .coded(2, allergy.code.as_ref())
        .coded(3, allergy.coded.as_ref())
        .say(4, &allergy.interpretation)
        .with(5, repeated(allergy.text.lines().map(escaped)))
        .with(6, "A".to_owned())
        .say(7, id)
        .at(11, allergy.observed_at.as_ref())
        .with(17, known(allergy).to_owned())
}
