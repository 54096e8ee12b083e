//! The referral that a document is, and the answer to one.

use super::guide::Kind;
use super::header::Document;
use super::sections::{self, REASON};
use super::tree::Words;
use super::values;
use crate::hospital::fhir::APPROVAL;
use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::Reading;
use crate::json::Node;
use crate::wording::codes::REFERRAL_KIND;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Name of the codes for kinds of request, which are Musubi's own.
pub(super) const KIND: &str = "urn:musubi:referral-kind";
/// OID of ActPriority, and its codes as urgencies; each urgency is written as the first that has it.
pub(super) const PRIORITY: &str = "2.16.840.1.113883.5.7";
pub(super) const PRIORITIES: [(&str, &str); 3] = [("R", "routine"), ("UR", "soon"), ("A", "urgent")];
/// Codes that are read besides: none makes a request less urgent than its sender says.
const OTHER_PRIORITIES: [(&str, &str); 4] = [("EL", "routine"), ("S", "urgent"), ("EM", "urgent"), ("RR", "urgent")];

/// The referral that a referral document is, and the answer that a consultation note is.
pub(super) fn read(reading: &mut Reading<'_>, patient: usize, document: &Document<'_>, words: &Words) {
    let root = reading.tree.root();
    let written = root.first("author").and_then(|author| author.first("time"));
    let written = written.and_then(|time| reading.stamp(time, "@value", "referral.requested_at"));
    let at = written.or(reading.sent);
    if document.is(Kind::Referral) {
        let id = document.orders.first().unwrap_or(&document.series);
        let to = receivers(root);
        if to.is_empty() {
            reading.warning_at(
                "H008",
                root,
                "informationRecipient",
                "紹介先(informationRecipient)がありません。",
                "The receiving organisation (informationRecipient) is missing.",
            );
        }
        let (kind, urgency) = (asked_for(document), urgency(reading, document));
        let mut numbers = document.order.into_iter().flat_map(|order| order.all("id"));
        let approval = numbers.find(|id| id.peek("@assigningAuthorityName") == APPROVAL);
        let approval = approval.map_or("", |id| id.take("@extension", "referral.approval_number"));
        let several = to.len() > 1;
        let to = if to.is_empty() { vec![String::new()] } else { to };
        let reason = sections::words_of(document, REASON, "referral.reason", words);
        let from = document.custodian.and_then(organization).unwrap_or_default();
        for (to, order) in to.into_iter().zip(1..) {
            let referral_id = if several { format!("{id}/{order}") } else { id.clone() };
            let key = format!("{}/referral/{referral_id}", reading.key(patient));
            let body = Body::Referral(proto::Referral {
                referral_id,
                kind: kind.to_owned(),
                from: from.clone(),
                to,
                reason: reason.text.clone(),
                reason_xhtml: reason.xhtml.clone(),
                urgency: urgency.to_owned(),
                requested_at: at.map(Stamp::date_time),
                approval_number: approval.to_owned(),
                ..proto::Referral::default()
            });
            let entry = reading.entry(patient, key, root, at, body);
            reading.push("referral", entry);
        }
    }
    if document.is(Kind::Consultation) {
        for id in &document.orders {
            let body = Body::ReferralStep(proto::ReferralStep {
                referral_id: id.clone(),
                state: "completed".to_owned(),
                at: at.map(Stamp::date_time),
                by_agency: document.custodian.and_then(organization).unwrap_or_default(),
                to_agency: receivers(root).into_iter().next().unwrap_or_default(),
                ..proto::ReferralStep::default()
            });
            let entry =
                reading.entry(patient, format!("{}/referral/{id}/completed", reading.key(patient)), root, at, body);
            reading.push("referral_step", entry);
        }
    }
}

/// What kind of request it is: by Musubi's own code, or by the word for it.
fn asked_for(document: &Document<'_>) -> &'static str {
    let Some(code) = document.order.and_then(|order| order.first("code")) else { return "" };
    let own = code.peek("@codeSystemName") == KIND;
    let is_it = |kind: &str, word: &str| own && code.peek("@code") == kind || code.peek("@displayName") == word;
    let Some((kind, _)) = REFERRAL_KIND.iter().find(|(kind, word)| is_it(kind, word)) else { return "" };
    for name in ["@code", "@displayName"] {
        code.take(name, "referral.kind");
    }
    kind
}

/// How soon it is wanted: of the order, else of the act that asks for it in the section with the reason (C-CDA).
fn urgency(reading: &mut Reading<'_>, document: &Document<'_>) -> &'static str {
    let of_order = document.order.and_then(|order| order.first("priorityCode"));
    let acts = || {
        let asking = document.sections.iter().filter(|section| section.loinc == REASON);
        let acts = asking.flat_map(|section| section.node.all("entry")).filter_map(|entry| entry.first("act"));
        acts.filter_map(|act| act.first("priorityCode")).next()
    };
    let Some(code) = of_order.or_else(acts) else { return "" };
    let written = code.take("@code", "referral.urgency");
    let known = PRIORITIES.iter().chain(&OTHER_PRIORITIES).find(|(known, _)| *known == written);
    if known.is_none() && !values::is_null(code) {
        reading.warning(
            "H104",
            code,
            "緊急度のコードが表(ActPriority)にありません。急ぎかどうかは本文で確かめてください。",
            "This priority is not in the table (ActPriority); see the text for how urgent it is.",
        );
    }
    known.map_or("", |(_, urgency)| *urgency)
}

/// The organisations to which it is addressed.
fn receivers(root: Node<'_>) -> Vec<String> {
    let receivers = root.all("informationRecipient").filter_map(|one| one.first("intendedRecipient"));
    receivers.filter_map(|one| one.first("receivedOrganization")).filter_map(organization).collect()
}

/// The agency behind an organisation, else its name.
fn organization(node: Node<'_>) -> Option<String> {
    let name = || node.first("name").map(|name| name.take("#text", "referral").to_owned());
    values::agency(node, "referral").or_else(name).filter(|name| !name.is_empty())
}
