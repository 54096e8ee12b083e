//! DiagnosticReport: what it concludes, and the report itself where it is attached. Its results are Observations of their own.

use super::{papers, results, values};
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::keys;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// Reads one report.
pub(super) fn read(reading: &mut Reading<'_>, number: usize) {
    const PATH: &str = "observation.text";
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let says_more = ["conclusion", "conclusionCode", "presentedForm"].iter().any(|name| node.get(name).is_some());
    let refers = node.all("result").any(|result| reading.target(Some(result), number).is_some());
    if !says_more {
        if !refers {
            reading.information(
                "H003",
                node,
                "結果も所見もない報告は記録に写さず、原文のまま保管しました。",
                "A report without a result or a conclusion is not mapped: it is kept in the raw document.",
            );
        }
        return;
    }
    let Some(person) = reading.person(number, "subject") else { return };
    let told = reading.number_of(node);
    let code = values::coding(node.first("code"), "observation.code");
    let attachments: Vec<_> = node.all("presentedForm").collect();
    papers::attached(reading, person, node, &attachments, (code.clone(), &told));
    let at = results::effective(reading, node, "observation.observed_at");
    let at = at.or_else(|| reading.stamp(node, "issued", "observation.observed_at"));
    let text = node.take("conclusion", PATH).to_owned();
    let coded = if text.is_empty() { values::coding(node.first("conclusionCode"), "observation.coded") } else { None };
    let (Some(code), true) = (code, !text.is_empty() || coded.is_some()) else { return };
    let told = keys::name(told, keys::about(&code));
    let day = at.map(Stamp::compact).unwrap_or_default();
    let key = format!("{}/report/{told}/{}", reading.key(person), day.get(..8).unwrap_or(&day));
    if node.peek("status") == "entered-in-error" {
        reading.withdraw(person, key, node, "observation", Category::C05Delivery);
        return;
    }
    let is_text = !text.is_empty();
    let body = Body::Observation(proto::Observation {
        code: Some(code),
        coded,
        text,
        observed_at: at.map(Stamp::date_time),
        status: results::status(node).to_owned(),
        ..proto::Observation::default()
    });
    let mut entry = reading.entry(person, key, node, at, body);
    let codes = [values::codes(node.first("code")), values::codes(node.first("conclusionCode"))].concat();
    raise::by_codes(&mut entry, codes.iter().map(|(system, code)| (&**system, &**code)));
    if is_text {
        raise::narrative(&mut entry);
    }
    reading.push("observation", entry);
}
