//! The answer to a referral: the note of a consultation, with the number that the referral has in every format.

use super::Subject;
use super::body::{section, table, text};
use crate::family::Person;
use crate::hospital::report::COMPLETED;
use crate::wording;
use crate::xml::Writer;
use base64::Engine as _;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Type of the note (LOINC).
pub(super) const CONSULTATION: &str = "11488-4";

/// The first step that completed a referral of a person.
pub(super) fn answer<'f>(one: &Person<'f>) -> Option<(&'f proto::Entry, &'f proto::ReferralStep)> {
    answers(one).into_iter().next()
}

fn answers<'f>(one: &Person<'f>) -> Vec<(&'f proto::Entry, &'f proto::ReferralStep)> {
    let mut steps = one.bodies(|body| if let Body::ReferralStep(step) = body { Some(step) } else { None });
    steps.retain(|(_, step)| step.state == COMPLETED);
    steps
}

/// The orders that the document fulfils.
pub(super) fn orders(out: &mut Writer, one: &Person<'_>) {
    for (_, step) in answers(one) {
        out.open_with("inFulfillmentOf", &[("typeCode", "FLFS")]);
        out.open_with("order", &[("classCode", "ACT"), ("moodCode", "RQO")]);
        out.empty("id", &[("extension", &step.referral_id), ("assigningAuthorityName", &step.to_agency)]);
        out.close();
        out.close();
    }
}

/// What was reported in words.
pub(super) fn words(out: &mut Writer, subject: &Subject<'_>) {
    if let Some((_, step)) = subject.answer {
        text(out, ("", "報告"), &step.note, "");
    }
}

/// What else reports it and has a section in no other document.
pub(super) fn others(out: &mut Writer, subject: &Subject<'_>) {
    if subject.answer.is_none() {
        return;
    }
    for body in subject.one.entries.iter().filter_map(|entry| entry.body.as_ref()) {
        match body {
            Body::Consultation(_)
            | Body::CareDelivery(_)
            | Body::PrenatalCheck(_)
            | Body::InfantCheck(_)
            | Body::ContactAttempt(_)
            | Body::SupportPlan(_) => {
                if let Some((heading, rows)) = wording::rows(body) {
                    section(out, ("", heading), |out| table(out, &rows));
                }
            }
            Body::Document(paper) => attached(out, paper),
            _ => {}
        }
    }
}

/// A document: its words, or what is packed beside its title.
fn attached(out: &mut Writer, paper: &proto::Document) {
    let title = if paper.title.is_empty() { "文書" } else { &paper.title };
    if paper.media_type == "text/plain" {
        return text(out, ("", title), &String::from_utf8_lossy(&paper.content), &paper.xhtml);
    }
    section(out, ("", title), |out| {
        out.leaf("text", title);
        out.open("entry");
        out.open_with("observationMedia", &[("classCode", "OBS"), ("moodCode", "EVN")]);
        let packed = base64::engine::general_purpose::STANDARD.encode(&paper.content);
        let kind = [("xsi:type", "cda:ED"), ("mediaType", &*paper.media_type), ("representation", "B64")];
        out.leaf_with("value", &kind, &packed);
        out.close();
        out.close();
    });
}
