//! What was asked of another agency, and what became of it: ServiceRequest and Task (`formats/hospital.md` 4.7).

use super::clinical::Context;
use super::datatypes::{concept, moment, number, number_system, words};
use super::document::{Document, Slot};
use super::json::{Json, list, object, word};
use crate::wording::{Row, Rows, codes, japanese_moment};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// What the number of an approval is called, where it stands among other numbers.
pub(in crate::hospital) const APPROVAL: &str = "承認番号";

pub(super) fn request(context: &mut Context<'_, '_>, referral: &proto::Referral) -> Slot {
    let from = context.agencies.reference(context.document, &referral.from, context.family);
    let to = context.agencies.reference(context.document, &referral.to, context.family);
    let priority = match referral.urgency.as_str() {
        "routine" => Some("routine"),
        "soon" => Some("urgent"),
        "urgent" => Some("asap"),
        _ => None,
    };
    let approval = Json::from(referral.approval_number.as_str());
    let approval =
        if approval.is_nothing() { approval } else { object([("type", words(APPROVAL)), ("value", approval)]) };
    let id = number(number_system(&referral.from, "referral"), &referral.referral_id);
    let members = vec![
        ("identifier", list([id, approval])),
        ("status", word("active")),
        ("intent", word("order")),
        ("priority", priority.into()),
        ("code", words(&codes::word(codes::REFERRAL_KIND, &referral.kind))),
        ("subject", context.subject.clone()),
        ("authoredOn", moment(referral.requested_at.as_ref())),
        ("requester", from),
        ("performer", list([to])),
        ("reasonCode", list([words(&referral.reason)])),
    ];
    context.document.add("ServiceRequest", members)
}

/// States of a referral's loop with Task.status, the state of BSeR, and its word.
const STATES: [(&str, &str, &str, &str); 11] = [
    ("sent", "requested", "2.0", "送付"),
    ("received", "received", "", "受領"),
    ("accepted", "accepted", "3.0", "受諾"),
    ("declined", "rejected", "4.0", "辞退"),
    ("scheduled", "in-progress", "5.1.1", "予定"),
    ("no_show", "in-progress", "5.1.2", "不在"),
    ("in_service", "in-progress", "5.1.4", "対応中"),
    ("completed", "completed", "7.0", "完了"),
    ("cancel_asked", "on-hold", "5.2", "取消依頼"),
    ("cancelled", "cancelled", "6.0", "取消"),
    ("expired", "failed", "", "期限切れ"),
];

/// What the narrative of a step says.
pub(super) fn rows(step: &proto::ReferralStep) -> Vec<Row> {
    let word = STATES.into_iter().find(|(state, ..)| *state == step.state).map_or("", |(.., word)| word);
    let mut rows = Rows::default();
    rows.text("紹介番号", &step.referral_id);
    rows.text("状態", word);
    rows.add("日時", step.at.as_ref().and_then(japanese_moment));
    rows.add("予定日時", step.scheduled_for.as_ref().and_then(japanese_moment));
    rows.text("備考", &step.note);
    rows.into_rows()
}

/// One step of a referral; none for a state that FHIR does not know.
pub(super) fn step(context: &mut Context<'_, '_>, step: &proto::ReferralStep) -> Option<Slot> {
    let (_, status, bser, _) = STATES.into_iter().find(|(state, ..)| *state == step.state)?;
    // The asked one carries the task out, and takes every step but the request to cancel.
    let (requester, owner) = match step.state.as_str() {
        "cancel_asked" => (&step.by_agency, &step.to_agency),
        _ => (&step.to_agency, &step.by_agency),
    };
    let requester = context.agencies.reference(context.document, requester, context.family);
    let owner = context.agencies.reference(context.document, owner, context.family);
    let business = (!bser.is_empty()).then(|| concept("http://hl7.org/fhir/us/bser", bser, ""));
    let fulfil = concept("http://hl7.org/fhir/CodeSystem/task-code", "fulfill", "Fulfill the focal request");
    // The one number that all formats carry: what the task is about, and on what it rests.
    let referral = object([("type", word("ServiceRequest")), ("identifier", number(Json::Nothing, &step.referral_id))]);
    let members = vec![
        ("basedOn", list([referral.clone()])),
        ("status", word(status)),
        ("businessStatus", business.into()),
        ("intent", word("order")),
        ("code", fulfil),
        ("focus", referral),
        ("for", context.subject.clone()),
        ("lastModified", moment(step.at.as_ref())),
        ("requester", requester),
        ("owner", owner),
        ("note", list([object([("text", Json::from(step.note.as_str()))])])),
    ];
    Some(context.document.add("Task", members))
}

/// What reports the referrals of a document that were completed: an output of each Task names what of it stands in the same
/// document, and nothing else.
pub(super) struct Reports<'a> {
    /// The document itself, for what it tells in words alone.
    whole: Slot,
    /// The resources of each entry.
    told: BTreeMap<&'a str, Vec<Slot>>,
    tasks: Vec<(Slot, &'a proto::ReferralStep)>,
}

impl<'a> Reports<'a> {
    pub(super) fn of(whole: Slot) -> Self {
        Reports { whole, told: BTreeMap::new(), tasks: Vec::new() }
    }

    /// Notes an entry that is told, and by which resources.
    pub(super) fn note(&mut self, entry: &'a proto::Entry, slots: &[Slot]) {
        match (&entry.body, slots) {
            (Some(Body::ReferralStep(step)), [task, ..]) => self.tasks.push((*task, step)),
            _ => _ = self.told.insert(&entry.id, slots.to_vec()),
        }
    }

    /// Writes the outputs, once all that they may name is there.
    pub(super) fn write(self, document: &mut Document) {
        for (task, step) in &self.tasks {
            let mut outputs: Vec<Slot> = Vec::new();
            for told in step.report_entries.iter().filter_map(|id| self.told.get(id.as_str())) {
                let told = if told.is_empty() { std::slice::from_ref(&self.whole) } else { told };
                let new: Vec<Slot> = told.iter().copied().filter(|slot| !outputs.contains(slot)).collect();
                outputs.extend(new);
            }
            let outputs = outputs
                .into_iter()
                .map(|slot| object([("type", words(REPORT)), ("valueReference", document.reference(slot))]));
            let outputs = list(outputs.collect::<Vec<_>>());
            document.append(*task, "output", outputs);
        }
    }
}

/// What an output of a Task is called.
const REPORT: &str = "報告";
