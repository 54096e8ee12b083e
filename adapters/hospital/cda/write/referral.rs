//! What is asked of another agency: the order in the header, and the words of a section.

use super::body::{section, table};
use super::values::coded;
use crate::hospital::cda::referral::{KIND, PRIORITIES, PRIORITY};
use crate::hospital::fhir::APPROVAL;
use crate::wording;
use crate::wording::codes::{REFERRAL_KIND, word};
use crate::xml::Writer;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// The order that the document fulfils: its number, what kind it is, and how soon it is wanted.
pub(super) fn order(out: &mut Writer, referral: &proto::Referral) {
    out.open_with("inFulfillmentOf", &[("typeCode", "FLFS")]);
    out.open_with("order", &[("classCode", "ACT"), ("moodCode", "RQO")]);
    out.empty("id", &[("extension", &referral.referral_id), ("assigningAuthorityName", &referral.from)]);
    if !referral.approval_number.is_empty() {
        out.empty("id", &[("extension", &referral.approval_number), ("assigningAuthorityName", APPROVAL)]);
    }
    if !referral.kind.is_empty() {
        let (system, code, text) = (KIND.to_owned(), referral.kind.clone(), word(REFERRAL_KIND, &referral.kind));
        coded(out, "code", &proto::Coded { system, code, text }, "");
    }
    if let Some((code, _)) = PRIORITIES.iter().find(|(_, urgency)| *urgency == referral.urgency) {
        out.empty("priorityCode", &[("code", code), ("codeSystem", PRIORITY)]);
    }
    out.close();
    out.close();
}

/// Everything about a referral but its reason, which is a section of its own.
pub(super) fn words(out: &mut Writer, referral: &proto::Referral) {
    let rest = Body::Referral(proto::Referral { reason: String::new(), ..referral.clone() });
    if let Some((heading, rows)) = wording::rows(&rest) {
        section(out, ("", heading), |out| table(out, &rows));
    }
}
