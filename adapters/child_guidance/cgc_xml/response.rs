//! `CaseQueryResponse`: the hits, each as far as its level goes.
//!
//! Only what was released is at hand here, and the level takes away from it. Nothing says that something was withheld,
//! the order follows from what is shown, and an empty answer looks the same whatever the reason. Informants (C20) are
//! never released, and no element of this format takes one: `CG-E320` cannot arise.

use super::contacts::Contact;
use super::{NAMESPACE, SCHEMA_VERSION, is_too_long};
use crate::xml::Writer;
use musubi_core::cases::{CaseCategory, CaseQuery, HITS_MAX, Level, last_seen, narrowed, owner_agency, tracking_id};
use musubi_core::id::PersonId;
use musubi_core::release::{NOTICE, Released};
use musubi_core::signals;
use musubi_core::time::Time;
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;
use std::collections::{BTreeMap, BTreeSet};

/// Writes the answer to a query. `granted` is the limit of the ground; what is told is the lower of it and what the query
/// asks for. A release without a visible case is no hit and is left out.
pub fn encode_response(
    in_response_to: &str,
    query: &CaseQuery,
    granted: Level,
    hits: &[&Released],
    truncated: bool,
    now: Time,
) -> Vec<u8> {
    let level = query.level.min(granted);
    let mut hits: Vec<(PersonId, &Released)> =
        hits.iter().filter_map(|released| Some((tracking_id(released)?, *released))).collect();
    hits.sort_by_key(|(id, _)| *id);
    hits.dedup_by_key(|(id, _)| *id);
    let mut writer = begin(in_response_to, granted, now);
    let truncated = truncated || is_too_long(hits.len());
    for (id, released) in hits.into_iter().take(HITS_MAX) {
        Hit { level, released, entries: narrowed(released, level), now }.write(id, &mut writer);
    }
    end(writer, truncated)
}

/// What stands before the hits or the counts.
pub(super) fn begin(in_response_to: &str, granted: Level, now: Time) -> Writer {
    let attributes = [("schemaVersion", SCHEMA_VERSION), ("createdAt", &now.rfc3339())];
    let mut writer = Writer::new("cg", NAMESPACE, "CaseQueryResponse", &attributes);
    writer.leaf("InResponseTo", in_response_to);
    writer.leaf("LevelGranted", level_word(granted));
    // In every answer, also an empty one: it tells nothing of what was found.
    writer.leaf("UseLimitationText", NOTICE);
    writer
}

/// What stands after them.
pub(super) fn end(mut writer: Writer, truncated: bool) -> Vec<u8> {
    writer.leaf("Truncated", if truncated { "true" } else { "false" });
    writer.finish()
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::L0 => "L0",
        Level::L1 => "L1",
        Level::L2 => "L2",
        Level::L3 => "L3",
    }
}

/// One family of the answer.
struct Hit<'a> {
    level: Level,
    released: &'a Released,
    /// What the level leaves of the release.
    entries: Vec<proto::Entry>,
    now: Time,
}

impl Hit<'_> {
    fn write(&self, id: PersonId, out: &mut Writer) {
        out.open("Hit");
        out.leaf("CaseTrackingID", &id.to_string());
        let owner = owner_agency(self.released).unwrap_or_default();
        out.leaf("OwnerAgency", &owner);
        out.open("Contact");
        out.leaf("OrganizationIdentification", &owner);
        out.close();
        if self.level >= Level::L1 {
            self.write_cases(out);
            if let Some(seen) = last_seen(self.released, self.now) {
                out.leaf("LastSeenDate", &seen.on.to_string());
            }
        }
        if self.level >= Level::L2 {
            self.write_persons(out);
            self.write_links(out);
            self.write_contacts(out);
            self.write_signals(out);
        }
        out.close();
    }

    fn has_narratives(&self) -> bool {
        self.level == Level::L3
    }

    fn write_cases(&self, out: &mut Writer) {
        for entry in &self.entries {
            match &entry.body {
                Some(Body::WelfareCase(case)) => self.write_case(case, out),
                Some(Body::CouncilCase(case)) => write_council_case(case, out),
                Some(Body::Concern(concern)) => {
                    out.open("Concern");
                    write_moment(WHEN, concern.observed_at.as_ref(), out);
                    out.leaf_if("UrgencyCode", &concern.urgency);
                    if self.has_narratives() {
                        out.leaf_if("NarrativeText", &concern.text);
                    }
                    out.close();
                }
                _ => {}
            }
        }
    }

    fn write_case(&self, case: &proto::WelfareCase, out: &mut Writer) {
        out.open("ChildWelfareCase");
        out.leaf_if("ChildWelfareAgencyCaseID", &case.case_id);
        out.leaf_if("CategoryCode", &case.category);
        if !case.severity.is_empty() {
            out.leaf_with("AbuseNeglectSeverityCode", &[("scale", "JP5")], &case.severity);
        }
        out.leaf_if("UrgencyCode", &case.urgency);
        out.leaf_if("CaseInitiationReasonCode", &case.initiation_reason);
        out.leaf_if("CaseStatus", &case.status);
        write_moment(INTAKE, case.intake_at.as_ref(), out);
        out.leaf_if("LeadAgency", &case.lead_agency);
        for agency in &case.other_agencies {
            out.leaf_if("OtherAgency", agency);
        }
        write_date("NextReviewDate", case.next_review_on.as_ref(), out);
        if self.has_narratives() {
            case.allegations.iter().for_each(|allegation| write_allegation(allegation, out));
            case.assessments.iter().for_each(|assessment| write_assessment(assessment, out));
            out.leaf_if("PlanSummary", &case.plan_summary);
        }
        out.close();
    }

    fn write_persons(&self, out: &mut Writer) {
        let pregnancy = CaseCategory::SpecifiedPregnantWoman.word();
        let of_pregnancy = self
            .entries
            .iter()
            .any(|entry| matches!(&entry.body, Some(Body::WelfareCase(case)) if case.category == pregnancy));
        for entry in &self.entries {
            let Some(Body::PersonDetails(details)) = &entry.body else { continue };
            let (element, role) = match entry.roles().next() {
                Some(Role::Child) => ("SubjectPerson", "Child"),
                Some(Role::Mother) if of_pregnancy => ("SubjectPerson", "PregnantWoman"),
                Some(Role::Mother) => ("RelatedPerson", "Mother"),
                Some(Role::Guardian) => ("RelatedPerson", "Guardian"),
                _ => ("RelatedPerson", "Other"),
            };
            out.open(element);
            out.leaf("RoleCode", role);
            out.leaf_if("PersonID", entry.person_ids.first().map_or("", String::as_str));
            self.write_details(details, out);
            out.close();
        }
    }

    fn write_details(&self, details: &proto::PersonDetails, out: &mut Writer) {
        for name in &details.names {
            if name.representation() == proto::NameRepresentation::Phonetic {
                out.leaf_if("PersonKanaName", &name.text);
            } else if !name.text.is_empty() {
                out.open("PersonName");
                out.leaf("PersonFullName", &name.text);
                out.close();
            }
        }
        write_date("PersonBirthDate", details.birth_date.as_ref(), out);
        if let Some(sex) = details.sex {
            out.leaf("PersonSexCode", &sex.to_string());
        }
        if let Some(order) = details.birth_order {
            out.leaf("BirthOrderNumeric", &order.to_string());
        }
        if self.has_narratives() {
            details.addresses.iter().for_each(|address| write_address(address, out));
            for contact in &details.contacts {
                out.leaf_if("TelephoneNumberFullID", &contact.value);
            }
        }
    }

    fn write_links(&self, out: &mut Writer) {
        for entry in &self.entries {
            let Some(Body::ParentChild(link)) = &entry.body else { continue };
            let of_role = |child: bool| {
                let mut persons = entry.person_ids.iter().zip(entry.roles());
                persons.find(|(_, role)| (*role == Role::Child) == child).map_or("", |(id, _)| id.as_str())
            };
            out.open("ParentChildAssociation");
            out.leaf_if("ParentPersonID", of_role(false));
            out.leaf_if("ChildPersonID", of_role(true));
            out.leaf_if("KinshipCode", kinship(&link.relationship));
            out.close();
        }
    }

    fn write_contacts(&self, out: &mut Writer) {
        for entry in &self.entries {
            let Some(contact) = entry.body.as_ref().and_then(Contact::of) else { continue };
            out.open("ContactActivity");
            out.leaf("ContactID", &entry.id);
            match contact.at.or(entry.occurred_at.as_ref()) {
                Some(at) => write_moment(WHEN, Some(at), out),
                None => write_date(WHEN.1, contact.date, out),
            }
            out.leaf_if("MethodCode", contact.method);
            out.leaf_if("PerformedBy", &entry.author);
            out.leaf_if("ContactResultCode", contact.result);
            if let Some(seen) = contact.child_seen {
                out.leaf("ChildSeen", if seen { "true" } else { "false" });
            }
            if self.has_narratives() {
                out.leaf_if("NarrativeText", contact.note);
            }
            out.close();
        }
    }

    /// What stands in the record and is not closed, and what the entries of this answer raise by themselves.
    fn write_signals(&self, out: &mut Writer) {
        let mut raised: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in &self.entries {
            if let Some(Body::Signal(signal)) = &entry.body
                && signal.state != "closed"
            {
                raised.entry(&signal.code).or_default().extend(signal.evidence.iter().map(String::as_str));
            }
        }
        let found = signals::find_in(&self.entries, self.now);
        let ids: Vec<(&str, Vec<String>)> = found
            .iter()
            .map(|signal| (signal.code, signal.evidence.iter().map(ToString::to_string).collect()))
            .collect();
        for (code, evidence) in &ids {
            raised.entry(code).or_default().extend(evidence.iter().map(String::as_str));
        }
        for (code, evidence) in raised {
            out.open("Signal");
            out.leaf("SignalCode", code);
            for day in self.evidence_days(&evidence) {
                out.leaf("ActivityDate", &day);
            }
            out.close();
        }
    }

    /// Days of the evidence that is itself in this answer.
    fn evidence_days(&self, evidence: &BTreeSet<&str>) -> BTreeSet<String> {
        let shown = self.entries.iter().filter(|entry| evidence.contains(entry.id.as_str()));
        shown.filter_map(day_of).collect()
    }
}

/// How parent and child belong together, where the format has a word for it; mother or father is told by the person's role.
fn kinship(relationship: &str) -> &'static str {
    match relationship {
        "MTH" | "FTH" => "Biological",
        "ADOPT" => "Adoption",
        "FOST" => "Foster",
        "GUARD" => "Guardianship",
        _ => "",
    }
}

fn write_council_case(case: &proto::CouncilCase, out: &mut Writer) {
    out.open("CouncilCase");
    out.leaf_if("ChildWelfareAgencyCaseID", &case.case_id);
    write_date("ActivityDate", case.opened_on.as_ref(), out);
    out.leaf_if("LeadAgency", &case.lead_agency);
    for member in &case.members {
        out.leaf_if("OtherAgency", member);
    }
    out.close();
}

fn write_allegation(allegation: &proto::Allegation, out: &mut Writer) {
    out.open("Allegation");
    out.leaf_if("AbuseKindCode", &allegation.kind);
    if let Some(primary) = allegation.primary {
        out.leaf("Primary", if primary { "true" } else { "false" });
    }
    if !allegation.severity.is_empty() {
        out.leaf_with("AbuseNeglectSeverityCode", &[("scale", "JP5")], &allegation.severity);
    }
    out.leaf_if("PerpetratorCode", &allegation.perpetrator);
    write_date("OccurredFrom", allegation.occurred_from.as_ref(), out);
    write_date("OccurredTo", allegation.occurred_to.as_ref(), out);
    if let Some(witnessed) = allegation.witnessed_violence {
        out.leaf("WitnessedDV", if witnessed { "true" } else { "false" });
    }
    out.close();
}

fn write_assessment(assessment: &proto::RiskAssessment, out: &mut Writer) {
    out.open("RiskAssessment");
    write_moment(WHEN, assessment.assessed_at.as_ref(), out);
    for item in &assessment.items {
        out.leaf_with("AssessmentItem", &[("code", &item.item), ("answer", &item.value)], "");
    }
    out.leaf_if("UrgencyCode", &assessment.urgency);
    out.leaf_if("OverrideReason", &assessment.override_reason);
    out.close();
}

fn write_address(address: &proto::Address, out: &mut Writer) {
    out.open("Address");
    let whole = if address.text.is_empty() {
        [address.prefecture.as_str(), &address.city, &address.line].concat()
    } else {
        address.text.clone()
    };
    out.leaf_if("AddressFullText", &whole);
    out.leaf_if("AddressPostalCode", &address.postal_code);
    out.close();
}

/// The day of an entry, for the evidence of a signal.
fn day_of(entry: &proto::Entry) -> Option<String> {
    let date = match entry.body.as_ref()? {
        Body::HomeVisit(visit) => visit.visited_on.as_ref(),
        Body::PregnancyNotification(notification) => notification.notified_on.as_ref(),
        Body::Screening(screening) => screening.answered_on.as_ref(),
        _ => None,
    };
    let date = date.or_else(|| entry.occurred_at.as_ref()?.date.as_ref())?;
    Some(date_text(date))
}

fn write_date(name: &'static str, date: Option<&proto::Date>, out: &mut Writer) {
    if let Some(date) = date {
        out.leaf(name, &date_text(date));
    }
}

/// The element for a moment, and that for a date: of a date alone nobody makes midnight.
type Names = (&'static str, &'static str);
const WHEN: Names = ("DateTime", "ActivityDate");
const INTAKE: Names = ("IntakeDateTime", "IntakeDate");

/// A whole moment with the offset of Japan, or the date as far as it is known.
fn write_moment(names: Names, at: Option<&proto::DateTime>, out: &mut Writer) {
    let time = at.and_then(|at| Some((at.hour?, at.minute?, at.second.unwrap_or(0))));
    match (at.and_then(|at| at.date.as_ref()), time) {
        (Some(date), Some((hour, minute, second))) => {
            out.leaf(names.0, &format!("{}T{hour:02}:{minute:02}:{second:02}+09:00", date_text(date)));
        }
        (date, _) => write_date(names.1, date, out),
    }
}

/// As far as it is known: year, month, day.
fn date_text(date: &proto::Date) -> String {
    let part = |part: Option<i32>| part.map(|part| format!("-{part:02}")).unwrap_or_default();
    let month = part(date.month);
    let day = if month.is_empty() { String::new() } else { part(date.day) };
    format!("{:04}{month}{day}", date.year)
}
