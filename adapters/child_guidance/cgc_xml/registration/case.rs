//! The case itself, with its allegations and assessments, and its contacts.

use super::{date_of, fault, moment_of};
use crate::child_guidance::cgc_xml::fields;
use crate::child_guidance::cgc_xml::form::{Faults, Form, leaf};
use crate::xml::Element;
use musubi_core::cases::{CaseCategory, CaseSeverity, ReporterRoute, Urgency};
use musubi_proto::v1 as proto;

/// Longest case number of an agency.
const CASE_NUMBER_LENGTH_MAX: usize = 40;

const STATUS: &[&str] =
    &["Intake", "Assessing", "HomeSupport", "TemporaryCustody", "Placement", "TransferPending", "Closed", "Monitoring"];
const ABUSE: &[&str] = &["Physical", "Sexual", "Neglect", "Psychological"];
const PERPETRATOR: &[&str] = &["Father", "OtherFather", "Mother", "OtherMother", "BothParents", "Other"];

/// The case and its number.
pub(super) fn read<'a>(form: &Form<'a>, faults: &mut Faults) -> Option<(&'a str, proto::WelfareCase)> {
    let element = form.element;
    let number = form.text("ChildWelfareAgencyCaseID", "CG-E004", faults);
    let number = number.and_then(|text| case_number(text, &element.place_of("ChildWelfareAgencyCaseID"), faults));
    let mut case = proto::WelfareCase { case_id: number.unwrap_or_default().to_owned(), ..Default::default() };
    let category = form.text("CategoryCode", "CG-E004", faults);
    let category: Option<CaseCategory> =
        category.and_then(|text| fields::word(text, &element.place_of("CategoryCode"), faults));
    case.category = category.map(CaseCategory::word).unwrap_or_default().to_owned();
    case.initiation_reason = code(form, "CaseInitiationReasonCode", &["NF", "RE", "SE", "TI"], faults);
    case.status = code(form, "CaseStatus", STATUS, faults);
    let intake = form.text("IntakeDateTime", "CG-E004", faults);
    let intake = intake.and_then(|text| fields::moment(text, &element.place_of("IntakeDateTime"), faults));
    case.intake_at = intake.map(moment_of);
    let route = form.text_if("ReporterRouteCode", faults);
    let route: Option<ReporterRoute> =
        route.and_then(|text| fields::word(text, &element.place_of("ReporterRouteCode"), faults));
    case.reporter_route = route.map(ReporterRoute::word).unwrap_or_default().to_owned();
    case.lead_agency = form.text("LeadAgency", "CG-E004", faults).unwrap_or_default().to_owned();
    case.other_agencies =
        element.all("OtherAgency").filter_map(|other| leaf(other, &[], faults).map(str::to_owned)).collect();
    case.plan_summary = form.text_if("PlanSummary", faults).unwrap_or_default().to_owned();
    let review = if case.status == "Closed" {
        form.text_if("NextReviewDate", faults)
    } else {
        form.text("NextReviewDate", "CG-E004", faults)
    };
    let review = review.and_then(|text| fields::date(text, &element.place_of("NextReviewDate"), faults));
    case.next_review_on = review.map(date_of);
    for allegation in element.all("Allegation") {
        case.allegations.extend(read_allegation(allegation, faults));
    }
    for assessment in element.all("RiskAssessment") {
        case.assessments.extend(read_assessment(assessment, faults));
    }
    check_allegations(element, category, &case, faults);
    let worst = case.allegations.iter().filter_map(|allegation| allegation.severity.parse::<CaseSeverity>().ok()).max();
    case.severity = worst.map(CaseSeverity::word).unwrap_or_default().to_owned();
    case.urgency = case.assessments.last().map(|last| last.urgency.clone()).unwrap_or_default();
    Some((number?, case))
}

fn case_number<'a>(text: &'a str, place: &str, faults: &mut Faults) -> Option<&'a str> {
    let number = fields::number(text, place, faults)?;
    if number.chars().count() > CASE_NUMBER_LENGTH_MAX {
        faults.push(fault(
            "CG-E004",
            place.to_owned(),
            "ケース番号は40文字までです。",
            "A case number has at most 40 characters.",
        ));
        return None;
    }
    Some(number)
}

/// Exactly one allegation is the primary one (`CG-E403`); a specified pregnant woman has none (`CG-E404`).
fn check_allegations(
    element: &Element,
    category: Option<CaseCategory>,
    case: &proto::WelfareCase,
    faults: &mut Faults,
) {
    if element.child("Allegation").is_none() {
        return;
    }
    let place = element.place_of("Allegation");
    if category == Some(CaseCategory::SpecifiedPregnantWoman) {
        faults.push(fault(
            "CG-E404",
            place,
            "特定妊婦のケースに虐待の内容は書けません。",
            "A case of a specified pregnant woman carries no allegation.",
        ));
    } else if case.allegations.iter().filter(|allegation| allegation.primary == Some(true)).count() != 1 {
        faults.push(fault(
            "CG-E403",
            place,
            "主たる虐待(Primary=true)をちょうど1件にしてください。",
            "Exactly one allegation must be the primary one.",
        ));
    }
}

fn read_allegation(element: &Element, faults: &mut Faults) -> Option<proto::Allegation> {
    let children = [
        "AbuseKindCode",
        "Primary",
        "AbuseNeglectSeverityCode",
        "PerpetratorCode",
        "OccurredFrom",
        "OccurredTo",
        "WitnessedDV",
    ];
    let form = Form::open(element, &children, &[], faults);
    let kind = code(&form, "AbuseKindCode", ABUSE, faults);
    let primary = form.text("Primary", "CG-E004", faults);
    let primary = primary.and_then(|text| fields::yes_no(text, &element.place_of("Primary"), faults));
    let severity = form.required("AbuseNeglectSeverityCode", "CG-E004", faults)?;
    let text = leaf(severity, &["scale"], faults)?;
    let scale = severity.attribute("scale").unwrap_or_default();
    fields::one_of(scale, &["JP5"], &severity.place_of("@scale"), faults)?;
    let severity: CaseSeverity = fields::word(text, &severity.place, faults)?;
    let mut date = |name: &'static str| {
        let text = form.text_if(name, faults)?;
        fields::date(text, &element.place_of(name), faults).map(date_of)
    };
    let (occurred_from, occurred_to) = (date("OccurredFrom"), date("OccurredTo"));
    let witnessed = form.text_if("WitnessedDV", faults);
    Some(proto::Allegation {
        kind,
        primary,
        severity: severity.word().to_owned(),
        perpetrator: code_if(&form, "PerpetratorCode", PERPETRATOR, faults),
        occurred_from,
        occurred_to,
        witnessed_violence: witnessed.and_then(|text| fields::yes_no(text, &element.place_of("WitnessedDV"), faults)),
    })
}

fn read_assessment(element: &Element, faults: &mut Faults) -> Option<proto::RiskAssessment> {
    let form = Form::open(element, &["DateTime", "AssessmentItem", "UrgencyCode", "OverrideReason"], &[], faults);
    let at = form.text("DateTime", "CG-E004", faults)?;
    let at = fields::moment(at, &element.place_of("DateTime"), faults)?;
    let mut items = Vec::new();
    for item in element.all("AssessmentItem") {
        leaf(item, &["code", "answer"], faults);
        let code = fields::id(item.attribute("code").unwrap_or_default(), &item.place_of("@code"), faults);
        let answer = item.attribute("answer").unwrap_or_default();
        let answer = fields::one_of(answer, &["yes", "no", "unknown"], &item.place_of("@answer"), faults);
        if let (Some(code), Some(answer)) = (code, answer) {
            items.push(proto::Answer { item: code.to_owned(), value: answer.to_owned() });
        }
    }
    let urgency = form.text_if("UrgencyCode", faults);
    let urgency: Option<Urgency> =
        urgency.and_then(|text| fields::word(text, &element.place_of("UrgencyCode"), faults));
    Some(proto::RiskAssessment {
        assessed_at: Some(moment_of(at)),
        items,
        urgency: urgency.map(Urgency::word).unwrap_or_default().to_owned(),
        override_reason: form.text_if("OverrideReason", faults).unwrap_or_default().to_owned(),
    })
}

const CONTACT: &[&str] = &["ContactID", "DateTime", "MethodCode", "PerformedBy", "ContactResultCode", "ChildSeen"];

/// The words of the format and those of the record.
const METHODS: &[(&str, &str)] =
    &[("Visit", "visit"), ("Phone", "phone"), ("Office", "office"), ("Hospital", "hospital"), ("School", "school")];
const RESULTS: &[(&str, &str)] = &[
    ("SeenChild", "seen_child"),
    ("SeenGuardianOnly", "seen_guardian_only"),
    ("Absent", "absent"),
    ("Refused", "refused"),
    ("AddressUnknown", "address_unknown"),
    ("MovedOut", "moved_out"),
    ("Hospitalised", "hospitalised"),
    ("Abroad", "abroad"),
];

/// A contact and its id.
pub(super) fn contact<'a>(element: &'a Element, faults: &mut Faults) -> Option<(&'a str, proto::ContactAttempt)> {
    let form = Form::open(element, CONTACT, &[], faults);
    let id = form.text("ContactID", "CG-E004", faults);
    let id = id.and_then(|id| fields::id(id, &element.place_of("ContactID"), faults));
    let at = form.text("DateTime", "CG-E004", faults);
    let at = at.and_then(|text| fields::moment(text, &element.place_of("DateTime"), faults));
    form.text("PerformedBy", "CG-E004", faults);
    let method = translated(&form, "MethodCode", METHODS, faults);
    let result = translated(&form, "ContactResultCode", RESULTS, faults);
    let seen = form.text("ChildSeen", "CG-E004", faults);
    let seen = seen.and_then(|text| fields::yes_no(text, &element.place_of("ChildSeen"), faults));
    if seen == Some(true) && result.is_some_and(|result| result != "seen_child") {
        faults.push(fault(
            "CG-E405",
            element.place_of("ChildSeen"),
            "児を目視したのに、結果がSeenChildではありません。",
            "The child was seen, but the result is not SeenChild.",
        ));
    }
    let attempt = proto::ContactAttempt {
        at: Some(moment_of(at?)),
        method: method?.to_owned(),
        result: result?.to_owned(),
        child_seen: seen,
        note: String::new(),
    };
    Some((id?, attempt))
}

fn translated(
    form: &Form<'_>,
    name: &'static str,
    table: &'static [(&'static str, &'static str)],
    faults: &mut Faults,
) -> Option<&'static str> {
    let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
    let word = code(form, name, &words, faults);
    table.iter().find(|(known, _)| *known == word).map(|(_, own)| *own)
}

fn code(form: &Form<'_>, name: &'static str, words: &[&str], faults: &mut Faults) -> String {
    let text = form.text(name, "CG-E004", faults);
    checked(text, form, name, words, faults)
}

fn code_if(form: &Form<'_>, name: &'static str, words: &[&str], faults: &mut Faults) -> String {
    let text = form.text_if(name, faults);
    checked(text, form, name, words, faults)
}

fn checked(text: Option<&str>, form: &Form<'_>, name: &str, words: &[&str], faults: &mut Faults) -> String {
    let word = text.and_then(|text| fields::one_of(text, words, &form.element.place_of(name), faults));
    word.unwrap_or_default().to_owned()
}
