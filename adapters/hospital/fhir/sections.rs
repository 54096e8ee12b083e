//! The sections of the Composition: one for each person, one for each entry, with a narrative and what it rests on.

use super::clinical::{self, Context};
use super::datatypes::{LOINC, concept};
use super::document::{Document, Slot, author_of};
use super::json::{Json, list, object, word};
use super::people::{Agencies, People};
use super::relatives;
use super::requests;
use crate::family::{Family, Person};
use crate::hospital::pregnancy;
use crate::hospital::xhtml::{self, Form};
use crate::markup::Markup;
use crate::wording::{self, Row, Rows, kin, person, title};
use musubi_core::record::kind_of;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Every section that has something to say, person by person. What is told in words alone is told in the `whole` document.
pub(super) fn write(
    document: &mut Document,
    family: &Family<'_>,
    people: &People,
    agencies: &mut Agencies,
    whole: Slot,
) -> Vec<Json> {
    let mut sections = Vec::new();
    let mut reports = requests::Reports::of(whole);
    for (position, one) in family.people.iter().enumerate() {
        sections.extend(who(document, family, people, position, one));
        let person = person::heading(one);
        for entry in &one.entries {
            let Some((heading, rows)) = told(entry) else { continue };
            let subject = people.patient(position).map(|slot| document.reference(slot));
            let author = agencies.reference(document, author_of(entry), family);
            let mut context = Context { document, agencies, family, one, subject: subject.clone().into(), author };
            let slots = clinical::write(&mut context, entry);
            reports.note(entry, &slots);
            let references = slots.into_iter().map(|slot| document.reference(slot));
            sections.push(object([
                ("title", [person.as_str(), "・", heading].concat().into()),
                ("code", entry.body.as_ref().map(code).into()),
                ("focus", subject.into()),
                ("text", entry.body.as_ref().map(|body| narrative_of_body(body, &rows)).into()),
                ("entry", list(references)),
            ]));
        }
    }
    reports.write(document);
    sections
}

/// Who somebody is; nothing for a person of whom nothing is known and nothing told.
fn who(document: &Document, family: &Family<'_>, people: &People, position: usize, one: &Person<'_>) -> Option<Json> {
    let rows = person::rows(one);
    let name = person::name(one).map(|name| match person::kana(one) {
        Some(kana) => format!("{name} ({kana})"),
        None => name,
    });
    if rows.is_empty() && name.is_none() {
        return None;
    }
    let entries = people.all_of(family, position).into_iter().map(|slot| document.reference(slot));
    Some(object([
        ("title", person::heading(one).into()),
        ("text", narrative(true, name.as_deref(), &rows)),
        ("entry", list(entries)),
    ]))
}

/// The LOINC code of a section, where there is one.
fn code(body: &Body) -> Json {
    match body {
        Body::Newborn(_) => concept(LOINC, "57075-4", "Newborn delivery information"),
        _ => Json::Nothing,
    }
}

/// Heading and rows of a body; of a document its title, since the document itself is attached.
fn told(entry: &proto::Entry) -> Option<(&'static str, Vec<Row>)> {
    let body = entry.body.as_ref()?;
    match body {
        Body::ReferralStep(step) => Some(("連携の経過", requests::rows(step))),
        Body::Coverage(coverage) => Some((title(kind_of(body)), kin::coverage(coverage))),
        Body::Family(family) => Some((title(kind_of(body)), kin::family(family))),
        Body::Document(document) => {
            let mut title = Rows::default();
            title.text("表題", &document.title);
            title.text("形式", &document.media_type);
            Some(("文書", title.into_rows()))
        }
        _ => wording::told(entry),
    }
}

/// Do the resources of a body say all that its narrative says?
fn is_told_by_resources(body: &Body) -> bool {
    match body {
        Body::Condition(_)
        | Body::Coverage(_)
        | Body::Document(_)
        | Body::Encounter(_)
        | Body::Observation(_)
        | Body::Screening(_) => true,
        Body::ReferralStep(step) => step.scheduled_for.is_none(),
        Body::Family(family) => relatives::say_all(family),
        Body::DischargeNotice(notice) => notice.expected_discharge_at.is_none(),
        Body::PregnancyNotification(pregnancy) => pregnancy::is_all_parts(pregnancy),
        Body::Newborn(newborn) => newborn.present_location.is_empty(),
        Body::Delivery(delivery) => {
            delivery.duration_minutes.is_none() && delivery.place.is_empty() && delivery.attendant.is_empty()
        }
        Body::Referral(referral) => referral.reply_by.is_none() && referral.approval_number.is_empty(),
        _ => false,
    }
}

/// A narrative; `generated` when it says no more than the resources do.
pub(super) fn narrative(generated: bool, name: Option<&str>, rows: &[Row]) -> Json {
    let table = Markup::table_of_texts(rows.iter().map(|row| (row.label.as_str(), row.value.as_str())));
    let inner = match name {
        Some(name) => Markup::element("p", Markup::text(name)).then(&table),
        None => table,
    };
    narrative_of(generated, &inner)
}

/// The narrative of a body. A text of which more than its words is kept stands there with its tables and lists.
fn narrative_of_body(body: &Body, rows: &[Row]) -> Json {
    let generated = is_told_by_resources(body);
    let marked = match body {
        Body::DischargeNotice(notice) => vec![
            (&notice.course, &notice.course_xhtml),
            (&notice.instructions, &notice.instructions_xhtml),
            (&notice.request, &notice.request_xhtml),
        ],
        Body::Referral(referral) => vec![(&referral.reason, &referral.reason_xhtml)],
        _ => Vec::new(),
    };
    if marked.iter().all(|(_, xhtml)| xhtml.is_empty()) {
        return narrative(generated, None, rows);
    }
    let value = |row: &Row| {
        let found = marked.iter().find(|(text, xhtml)| !xhtml.is_empty() && text.trim() == row.value);
        let kept = found.and_then(|(_, xhtml)| xhtml::markup(xhtml, Form::Xhtml));
        kept.unwrap_or_else(|| Markup::text(&row.value))
    };
    narrative_of(generated, &Markup::table(rows.iter().map(|row| (row.label.as_str(), value(row)))))
}

/// A narrative of what was marked up already.
pub(super) fn narrative_of(generated: bool, inner: &Markup) -> Json {
    let status = word(if generated { "generated" } else { "additional" });
    object([("status", status), ("div", Markup::narrative(inner).into_string().into())])
}
