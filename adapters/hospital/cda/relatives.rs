//! What a document tells of a relative of the patient: the entries of a family history. None of it is the patient's own.

use super::entries;
use super::tree::Words;
use super::values;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// Roles of a related subject that is a child of the patient.
const CHILDREN: [&str; 7] = ["CHILD", "NCHILD", "DAU", "SON", "DAUC", "SONC", "NBOR"];

/// The related subject, where it is a child of the patient.
pub(super) fn child<'n>(subject: Option<Node<'n>>) -> Option<Node<'n>> {
    related(subject).filter(|(_, code)| CHILDREN.contains(code)).map(|(related, _)| related)
}

/// The related subject, where it is another relative. In the history of a family a child of the patient is one too: it has no
/// record by being told of.
pub(super) fn relative(subject: Option<Node<'_>>, in_history: bool) -> Option<Node<'_>> {
    let other = |code: &str| in_history || !code.is_empty() && !CHILDREN.contains(&code);
    related(subject).filter(|(_, code)| other(code)).map(|(related, _)| related)
}

fn related<'n>(subject: Option<Node<'n>>) -> Option<(Node<'n>, &'n str)> {
    let related = subject?.first("relatedSubject")?;
    Some((related, related.first("code").map_or("", |code| code.peek("@code"))))
}

/// An illness of a relative; anything else that is told of one is kept in the raw document.
pub(super) fn illness(reading: &mut Reading<'_>, patient: usize, node: Node<'_>, relative: Node<'_>, words: &Words) {
    let value = node.first("value").filter(|_| entries::is_diagnosis(node));
    let Some(illness) = values::coded(value, "observation.coded", words) else { return };
    let code = values::coded(relative.first("code"), "observation.code", words).unwrap_or_default();
    let at = entries::effective(reading, node, "observation.observed_at");
    let none = node.take("@negationInd", "observation.status") == "true";
    let key = entries::key(reading, patient, &format!("family_history/{}", code.code), node, Some(&illness));
    if values::is_nullified(node) {
        return reading.withdraw(patient, key, node, "observation", Category::C11Family);
    }
    let body = Body::Observation(proto::Observation {
        code: Some(code),
        coded: Some(illness),
        observed_at: at.map(Stamp::date_time),
        status: if none { "none" } else { "final" }.to_owned(),
        kind: "family_history".to_owned(),
        ..proto::Observation::default()
    });
    let mut entry = reading.entry(patient, key, node, at, body);
    let codes = values::codes(value);
    raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
    raise::family(&mut entry);
    reading.push("observation", entry);
}
