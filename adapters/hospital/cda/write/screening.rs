//! The EPDS as one battery: its total and each of its items is an observation.

use super::LOINC;
use super::body::observation;
use super::values::{coded, number};
use crate::xml::Writer;
use musubi_proto::v1 as proto;

/// Writes one form. The total has a LOINC; an item has none that was verified, and is known by its text.
pub(super) fn epds(out: &mut Writer, screening: &proto::Screening) {
    let total = screening.total.map(|score| (of(LOINC, "99046-5", "EPDS"), score));
    let items = (1..).zip(screening.items.iter().copied());
    let items = items.chain(screening.self_harm_item.map(|score| (10, score)));
    let items =
        items.map(|(item, score)| (of("99MUSUBI", &format!("EPDS{item:02}"), &format!("EPDS項目{item}")), score));
    let scores: Vec<(proto::Coded, i32)> = total.into_iter().chain(items).collect();
    if scores.is_empty() {
        return;
    }
    let at = screening.answered_on.as_ref().and_then(super::date);
    out.open("entry");
    out.open_with("organizer", &[("classCode", "BATTERY"), ("moodCode", "EVN")]);
    coded(out, "code", &of(LOINC, "71354-5", "EPDS"), "");
    out.empty("statusCode", &[("code", "completed")]);
    at.iter().for_each(|at| out.empty("effectiveTime", &[("value", at)]));
    for (code, score) in scores {
        out.open("component");
        observation(out, &code, "completed", at.as_deref(), |out| number(out, &score.to_string(), "{score}", ""));
        out.close();
    }
    out.close();
    out.close();
}

fn of(system: &str, code: &str, text: &str) -> proto::Coded {
    proto::Coded { system: system.to_owned(), code: code.to_owned(), text: text.to_owned() }
}
