//! The body of a written document: sections with their words and, where there are codes for it, entries.

use super::super::entries::WORKING;
use super::super::state;
use super::history::ACT_CODE;
use super::values::{coded, coded_with, number};
use super::{LOINC, ROLE, Subject, describe, history, maternity, person_ids, referral, report, screening, ts};
use crate::family::{self, Person};
use crate::hospital::absence;
use crate::hospital::xhtml::{self, Form};
use crate::wording::{self, Row, Rows, absences};
use crate::xml::Writer;
use musubi_core::release::Released;
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

/// Codes that judge a result (HL7 ObservationInterpretation).
const INTERPRETATION: &str = "2.16.840.1.113883.5.83";

/// Writes every section that has something to say; the first says what may be done with the document.
pub(super) fn write(out: &mut Writer, released: &Released, subject: &Subject<'_>) {
    out.open("component");
    out.open("structuredBody");
    let mut rows = Rows::default();
    rows.text("取扱い上の注意", &released.record().notice);
    rows.add("利用目的", Some(wording::purpose(released)));
    rows.add("提供の根拠", wording::basis(released));
    section(out, ("", "取扱い上の注意"), |out| table(out, &rows.into_rows()));
    report::words(out, subject);
    diagnoses(out, subject);
    if let Some((_, notice)) = subject.notice {
        text(out, ("8648-8", "入院中経過"), &notice.course, &notice.course_xhtml);
        text(out, ("8653-8", "退院時指導"), &notice.instructions, &notice.instructions_xhtml);
        text(out, ("18776-5", "依頼事項"), &notice.request, &notice.request_xhtml);
    }
    if let Some((_, referral)) = subject.referral {
        text(out, ("42349-1", "紹介目的"), &referral.reason, &referral.reason_xhtml);
        referral::words(out, referral);
    }
    observations(out, subject.one);
    history::write(out, subject);
    others(out, subject.one);
    report::others(out, subject);
    let told = |one: &Person<'_>| one.role == Role::Child && !results(one).is_empty() || !one.newborns().is_empty();
    for (child, _) in subject.family.people.iter().zip(0..).filter(|(one, at)| *at != subject.patient && told(one)) {
        newborn(out, child);
    }
    out.close();
    out.close();
}

/// A section around its words and entries.
pub(super) fn section(out: &mut Writer, (code, title): (&str, &str), inner: impl FnOnce(&mut Writer)) {
    out.open("component");
    out.open("section");
    if !code.is_empty() {
        out.empty("code", &[("code", code), ("codeSystem", LOINC)]);
    }
    out.leaf("title", title);
    inner(out);
    out.close();
    out.close();
}

/// A section of words; `xhtml` says the same with what they lose.
pub(super) fn text(out: &mut Writer, what: (&str, &str), words: &str, xhtml: &str) {
    if let Some(marked) = xhtml::markup(xhtml, Form::Cda).filter(|_| !words.is_empty()) {
        return section(out, what, |out| out.leaf_marked("text", &marked));
    }
    match words {
        "" => {}
        one if !one.contains('\n') => section(out, what, |out| out.leaf("text", one)),
        several => section(out, what, |out| {
            out.open("text");
            several.lines().for_each(|line| out.leaf("paragraph", line));
            out.close();
        }),
    }
}

/// The narrative of a section as a table.
pub(super) fn table(out: &mut Writer, rows: &[Row]) {
    out.open("text");
    out.open("table");
    out.open("tbody");
    for row in rows {
        out.open("tr");
        out.leaf("th", &row.label);
        out.leaf("td", &row.value);
        out.close();
    }
    for _ in 0..3 {
        out.close();
    }
}

fn diagnoses(out: &mut Writer, subject: &Subject<'_>) {
    let stated = subject.one.bodies(family::condition);
    for (kind, code, title) in
        [("admission", "46241-6", "入院時診断"), ("final", "11535-2", "退院時診断"), ("", "11450-4", "病名")]
    {
        let of_kind = |condition: &&proto::Condition| match condition.kind.as_str() {
            "admission" | "final" => condition.kind == kind,
            _ => kind.is_empty(),
        };
        let mut these: Vec<proto::Condition> = stated.iter().map(|(_, one)| *one).filter(of_kind).cloned().collect();
        let notice = subject.notice.filter(|_| kind == "final").map(|(_, notice)| notice.diagnoses.as_slice());
        for code in notice.unwrap_or_default() {
            if !stated.iter().any(|(_, one)| one.code.as_ref() == Some(code)) {
                these.push(proto::Condition { code: Some(code.clone()), ..proto::Condition::default() });
            }
        }
        if these.is_empty() {
            continue;
        }
        section(out, (code, title), |out| {
            let mut rows = Rows::default();
            for one in &these {
                let label = match (wording::rows::diagnosis_label(one), one.kind.as_str()) {
                    ("診断名", "working") => "暫定の病名",
                    ("診断名", _) => title,
                    (of_no_present_one, _) => of_no_present_one,
                };
                rows.add(label, wording::coded(one.code.as_ref()));
                rows.add("状態", Some(wording::codes::word(wording::codes::CLINICAL_STATE, &one.state)));
                rows.add("終了", one.ended.as_ref().and_then(wording::japanese_moment));
            }
            table(out, &rows.into_rows());
            these.iter().for_each(|one| diagnosis(out, one, kind.is_empty()));
        });
    }
}

/// One diagnosis; that of a list of problems is there now unless it says otherwise.
fn diagnosis(out: &mut Writer, condition: &proto::Condition, is_problem: bool) {
    let Some(code) = &condition.code else { return };
    out.open("entry");
    let mut attributes = vec![("classCode", "OBS"), ("moodCode", "EVN")];
    if condition.negated == Some(true) {
        attributes.push(("negationInd", "true"));
    }
    out.open_with("observation", &attributes);
    match condition.kind.as_str() {
        "working" => out.empty("code", &[("code", WORKING), ("codeSystem", ACT_CODE)]),
        _ => out.empty("code", &[("code", "29308-4"), ("codeSystem", LOINC), ("displayName", "Diagnosis")]),
    }
    out.empty("statusCode", &[("code", "completed")]);
    let (onset, ended) = (ts(condition.onset.as_ref()), ts(condition.ended.as_ref()));
    if onset.is_some() || ended.is_some() {
        out.open("effectiveTime");
        for (name, at) in [("low", &onset), ("high", &ended)] {
            at.iter().for_each(|at| out.empty(name, &[("value", at)]));
        }
        out.close();
    }
    coded_with(out, "value", code, "cda:CD", &condition.translations);
    // The high of its time says that it is over.
    match if ended.is_some() { &condition.state } else { wording::state::of(condition) } {
        "" if is_problem && ended.is_none() && condition.negated != Some(true) => state::of_unknown_problem(out),
        state => state::of_problem(out, state),
    }
    out.close();
    out.close();
}

/// Observations that have no section of their own, and what was asked in questionnaires: of the EPDS every score, of others
/// the words.
fn observations(out: &mut Writer, one: &Person<'_>) {
    let found = results(one);
    let asked: Vec<&proto::Screening> = one.bodies(asked).into_iter().map(|(_, one)| one).collect();
    if found.is_empty() && asked.is_empty() {
        return;
    }
    section(out, ("30954-2", "検査・観察"), |out| {
        let told = one.entries.iter().copied().filter(|entry| match &entry.body {
            Some(Body::Observation(one)) => one.kind.is_empty(),
            body => matches!(body, Some(Body::Screening(_))),
        });
        let rows: Vec<Row> = told.filter_map(wording::told).flat_map(|(_, rows)| rows).collect();
        table(out, &rows);
        for (entry, one) in found {
            finding(out, one, &entry.absent);
        }
        asked.into_iter().filter(|one| one.instrument == "epds").for_each(|one| screening::epds(out, one));
    });
}

/// What was found of a person and has no section of its own.
fn results<'a>(one: &Person<'a>) -> Vec<(&'a proto::Entry, &'a proto::Observation)> {
    let mut found = one.bodies(found);
    found.retain(|(_, one)| one.kind.is_empty());
    found
}

const fn found(body: &Body) -> Option<&proto::Observation> {
    if let Body::Observation(one) = body { Some(one) } else { None }
}

const fn asked(body: &Body) -> Option<&proto::Screening> {
    if let Body::Screening(one) = body { Some(one) } else { None }
}

/// One observation as an entry.
pub(super) fn entry(
    out: &mut Writer,
    code: &proto::Coded,
    status: &str,
    at: Option<&str>,
    value: impl FnOnce(&mut Writer),
) {
    out.open("entry");
    observation(out, code, status, at, value);
    out.close();
}

/// One observation around its value.
pub(super) fn observation(
    out: &mut Writer,
    code: &proto::Coded,
    status: &str,
    at: Option<&str>,
    value: impl FnOnce(&mut Writer),
) {
    out.open_with("observation", &[("classCode", "OBS"), ("moodCode", "EVN")]);
    coded(out, "code", code, "");
    out.empty("statusCode", &[("code", status)]);
    at.iter().for_each(|at| out.empty("effectiveTime", &[("value", at)]));
    value(out);
    out.close();
}

fn finding(out: &mut Writer, found: &proto::Observation, absent: &[proto::Absence]) {
    let source = found.code.clone().unwrap_or_default();
    let status = match found.status.as_str() {
        "preliminary" | "unverified" | "partial" | "pending" => "active",
        "none" => "cancelled",
        _ => "completed",
    };
    let at = ts(found.observed_at.as_ref());
    entry(out, &source, status, at.as_deref(), |out| {
        match (&found.quantity, &found.coded) {
            (Some(quantity), _) => number(out, &quantity.value, &quantity.unit, &quantity.comparator),
            (None, Some(answer)) => coded(out, "value", answer, "cda:CD"),
            (None, None) => match absences::of_observation(absent)
                .and_then(|absence| Some((absence, absence::flavor(&absence.reason)?)))
            {
                Some((absence, flavor)) => {
                    let kind = match absence.field.as_str() {
                        "quantity" => "cda:PQ",
                        "coded" => "cda:CD",
                        _ => "cda:ST",
                    };
                    out.empty("value", &[("xsi:type", kind), ("nullFlavor", flavor)]);
                }
                None => out.leaf_with("value", &[("xsi:type", "cda:ST")], &found.text),
            },
        }
        // Words that are no code have no place there.
        let judged = found.interpretation.as_str();
        if !judged.is_empty() && judged.bytes().all(|byte| byte.is_ascii_graphic()) {
            out.empty("interpretationCode", &[("code", judged), ("codeSystem", INTERPRETATION)]);
        }
    });
}

/// What else is told of the patient, in words.
fn others(out: &mut Writer, one: &Person<'_>) {
    for body in one.entries.iter().filter_map(|entry| entry.body.as_ref()) {
        let code = match body {
            Body::Delivery(_) => "57074-7",
            Body::PregnancyNotification(_) => "10162-6",
            Body::PostpartumCheck(_) | Body::HomeVisit(_) => "",
            _ => continue,
        };
        if let Some((heading, rows)) = wording::rows(body) {
            section(out, (code, heading), |out| {
                table(out, &rows);
                match body {
                    Body::Delivery(delivery) => maternity::delivery(out, delivery),
                    Body::PregnancyNotification(notification) => maternity::pregnancy(out, notification),
                    _ => {}
                }
            });
        }
    }
}

/// A child of the patient: who it is, what was measured at its birth, and what else was found.
fn newborn(out: &mut Writer, child: &Person<'_>) {
    section(out, ("57075-4", "新生児"), |out| {
        let told = child.entries.iter().copied().filter(|entry| match &entry.body {
            Some(Body::Observation(one)) => one.kind.is_empty(),
            body => matches!(body, Some(Body::Newborn(_))),
        });
        let rows: Vec<Row> = told.filter_map(wording::told).flat_map(|(_, rows)| rows).collect();
        table(out, &rows);
        out.open("subject");
        out.open_with("relatedSubject", &[("classCode", "PRS")]);
        out.empty("code", &[("code", "NCHILD"), ("codeSystem", ROLE)]);
        out.open("subject");
        person_ids(out, "sdtc:id", child);
        describe(out, child);
        for _ in 0..3 {
            out.close();
        }
        child.newborns().into_iter().for_each(|newborn| measured(out, newborn));
        results(child).into_iter().for_each(|(entry, one)| finding(out, one, &entry.absent));
    });
}

fn measured(out: &mut Writer, newborn: &proto::Newborn) {
    let at = ts(newborn.born_at.as_ref());
    let score = |score: Option<i32>| quantity(score, "{score}");
    let values = [
        ("76516-4", "在胎週数", quantity(newborn.gestation_days, "d")),
        ("8339-4", "出生体重", newborn.birth_weight.clone()),
        ("89269-5", "出生時身長", newborn.birth_length.clone()),
        ("9843-4", "頭囲", newborn.head_circumference.clone()),
        ("9272-6", "アプガースコア 1分", score(newborn.apgar_1)),
        ("9274-2", "アプガースコア 5分", score(newborn.apgar_5)),
        ("9271-8", "アプガースコア 10分", score(newborn.apgar_10)),
    ];
    for (code, text, value) in values {
        let Some(value) = value else { continue };
        let code = proto::Coded { system: "LN".to_owned(), code: code.to_owned(), text: text.to_owned() };
        entry(out, &code, "completed", at.as_deref(), |out| number(out, &value.value, &value.unit, &value.comparator));
    }
}

fn quantity(number: Option<i32>, unit: &str) -> Option<proto::Quantity> {
    number.map(|number| proto::Quantity { value: number.to_string(), unit: unit.to_owned(), comparator: String::new() })
}
