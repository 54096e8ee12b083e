//! Each stay as one ADT: A03 with its discharge, A16 where that is planned, else A14 or A01.

use super::super::problems::CONDITION_CLINICAL;
use super::line::{Line, escaped, required, staff};
use super::{Message, people};
use crate::family::{Person, condition, discharge, encounter};
use crate::wording::{codes, state};
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// The message of a discharge carries what else is known of the person.
pub(super) const DISCHARGE: &str = "ADT^A03^ADT_A03";

/// What is said of one stay.
#[derive(Default)]
struct Stay<'a> {
    encounter: Option<&'a proto::Encounter>,
    notice: Option<&'a proto::DischargeNotice>,
    withdrawn: Option<&'a str>,
}

/// One message for each stay, and one with the diagnoses that belong to none.
pub(super) fn messages(person: &Person<'_>, pid: &Line, profile: &Profile) -> Vec<Message> {
    let mut stays: BTreeMap<&str, Stay<'_>> = BTreeMap::new();
    for (entry, encounter) in person.bodies(encounter) {
        stays.entry(&entry.source_key).or_default().encounter = Some(encounter);
    }
    for (entry, notice) in person.bodies(discharge) {
        stays.entry(&entry.source_key).or_default().notice = Some(notice);
    }
    let kinds = ["encounter", "discharge_notice"];
    for (entry, taken) in person.bodies(withdrawal).into_iter().filter(|(_, taken)| kinds.contains(&&*taken.body_kind))
    {
        stays.entry(&entry.source_key).or_default().withdrawn = Some(&taken.body_kind);
    }
    let mut beside = people::beside(person, profile);
    let mut messages: Vec<Message> = Vec::new();
    for (key, stay) in &stays {
        let kind = stay.kind();
        let mut lines = vec![people::evn(person, stay.occurred(), &stay.day_in(key)), pid.clone()];
        // Once, in the first message that is sure to be read as a whole.
        let told = if kind == DISCHARGE { std::mem::take(&mut beside) } else { Vec::new() };
        let after = told.iter().position(|line| !line.is("NK1")).unwrap_or(told.len());
        let (relatives, others) = told.split_at(after);
        lines.extend_from_slice(relatives);
        lines.push(stay.pv1(key));
        lines.extend(stay.pv2());
        let observed = others.iter().position(|line| !line.is("OBX")).unwrap_or(others.len());
        let (observed, insured) = others.split_at(observed);
        lines.extend_from_slice(observed);
        lines.extend(diagnoses(person, key));
        lines.extend_from_slice(insured);
        messages.push(Message { kind, lines });
    }
    let problems = problems(person);
    if !problems.is_empty() {
        messages.push(Message { kind: "PPR^ZD1^PPR_ZD1", lines: [vec![pid.clone()], problems].concat() });
    }
    messages
}

impl Stay<'_> {
    fn kind(&self) -> &'static str {
        let status = self.encounter.map(|encounter| encounter.status.as_str()).unwrap_or_default();
        match self.withdrawn {
            Some("encounter") => return "ADT^A11^ADT_A09",
            Some(_) if self.encounter.is_some() => return "ADT^A13^ADT_A01",
            Some(_) => return "ADT^A25^ADT_A21",
            None => {}
        }
        match self.notice {
            Some(notice) if notice.discharged_at.is_some() => DISCHARGE,
            Some(_) if self.encounter.is_none() => "ADT^A16^ADT_A16",
            _ if status == "planned" => "ADT^A14^ADT_A05",
            _ if status == "in_progress" => "ADT^A01^ADT_A01",
            _ => "ADT^A08^ADT_A01",
        }
    }

    fn occurred(&self) -> Option<&proto::DateTime> {
        let discharged = self.notice.and_then(|notice| notice.discharged_at.as_ref());
        discharged.or_else(|| self.encounter.and_then(|encounter| encounter.period.as_ref()?.start.as_ref()))
    }

    /// Of what is taken back the key alone may tell the day.
    fn day_in(&self, key: &str) -> String {
        let day = key.rsplit_once("/admitted/").or_else(|| key.rsplit_once("/discharged/"));
        day.filter(|_| self.withdrawn.is_some()).map(|(_, day)| day.to_owned()).unwrap_or_default()
    }

    fn pv1(&self, key: &str) -> Line {
        let nothing = (proto::Encounter::default(), proto::DischargeNotice::default());
        let encounter = self.encounter.unwrap_or(&nothing.0);
        let notice = self.notice.unwrap_or(&nothing.1);
        let either = |one: &str, other: &str| if one.is_empty() { escaped(other) } else { escaped(one) };
        let named = if encounter.attending.is_empty() { &notice.attending } else { &encounter.attending };
        let period = encounter.period.unwrap_or_default();
        // The number of a visit names the series, also where only the notice was released.
        let in_key = key.rsplit_once("/visit/").map(|(_, number)| number).unwrap_or_default();
        Line::new("PV1")
            .with(1, "1".to_owned())
            .with(2, required(class(&encounter.class).to_owned()))
            .with(3, either(&encounter.ward, &notice.ward))
            .with(7, staff(named))
            .with(10, either(&encounter.department, &notice.department))
            .say(14, &encounter.admit_source)
            .with(19, either(&encounter.visit_number, in_key))
            .coded(36, notice.destination.as_ref())
            .at(44, period.start.as_ref().or(notice.admitted_at.as_ref()))
            .at(45, notice.discharged_at.as_ref())
    }

    fn pv2(&self) -> Option<Line> {
        let start = self.encounter.and_then(|encounter| encounter.expected_start.as_ref());
        let end = self.notice.and_then(|notice| notice.expected_discharge_at.as_ref());
        (start.is_some() || end.is_some()).then(|| Line::new("PV2").at(8, start).at(9, end))
    }
}

/// Picks what is taken back.
pub(super) const fn withdrawal(body: &Body) -> Option<&proto::Withdrawal> {
    if let Body::Withdrawal(withdrawal) = body { Some(withdrawal) } else { None }
}

fn class(class: &str) -> &'static str {
    match class {
        "inpatient" => "I",
        "outpatient" => "O",
        "emergency" => "E",
        "obstetrics" => "B",
        "preadmission" => "P",
        "recurring" => "R",
        _ => "",
    }
}

fn diagnoses(person: &Person<'_>, stay: &str) -> Vec<Line> {
    diagnoses_where(person, |key| is_of(stay, key))
}

/// The diagnoses that are told with no stay, and are no problem of a list.
pub(super) fn diagnoses_of_no_stay(person: &Person<'_>) -> Vec<Line> {
    let stays = person.bodies(encounter).into_iter().map(|(entry, _)| entry);
    let notices = person.bodies(discharge).into_iter().map(|(entry, _)| entry);
    let stays: Vec<&str> = stays.chain(notices).map(|entry| entry.source_key.as_str()).collect();
    let alone = |key: &str| !key.contains("/problem/") && !stays.iter().any(|stay| is_of(stay, key));
    diagnoses_where(person, alone)
}

fn diagnoses_where(person: &Person<'_>, wanted: impl Fn(&str) -> bool) -> Vec<Line> {
    let found = person.bodies(condition).into_iter().filter(|(entry, _)| wanted(&entry.source_key));
    let found = found.filter(|(_, condition)| is_there(condition));
    (1..).zip(found).map(|(number, (_, condition))| dg1(number, condition)).collect()
}

/// Is a diagnosis there now? DG1 cannot say that it is over, or that it is not so.
fn is_there(condition: &proto::Condition) -> bool {
    condition.negated != Some(true) && !state::is_over(condition)
}

/// Is it the key of a diagnosis of this stay?
fn is_of(stay: &str, key: &str) -> bool {
    key.strip_prefix(stay).is_some_and(|rest| rest.starts_with("/diagnosis/"))
}

fn dg1(number: usize, condition: &proto::Condition) -> Line {
    let kind = match condition.kind.as_str() {
        "admission" => "A",
        "working" => "W",
        "final" => "F",
        // It must be there, and nobody said which.
        _ => "\"\"",
    };
    Line::new("DG1")
        .with(1, number.to_string())
        .coded_both(3, condition.code.as_ref(), condition.translations.first())
        .at(5, condition.recorded_at.as_ref())
        .with(6, kind.to_owned())
}

fn problems(person: &Person<'_>) -> Vec<Line> {
    let problem = |entry: &&proto::Entry| {
        let of_list = entry.source_key.rsplit_once("/problem/").map(|(_, id)| id);
        let over = || entry.source_key.rsplit_once("/diagnosis/").map(|(_, id)| id);
        let id = match entry.body.as_ref()? {
            // What is not so cannot be said.
            Body::Condition(condition) if condition.negated == Some(true) => None,
            Body::Condition(condition) if state::is_over(condition) => of_list.or_else(over),
            _ => of_list,
        }?;
        match entry.body.as_ref()? {
            Body::Condition(condition) => Some(prb(id, condition).with(25, confidentiality(entry).to_owned())),
            Body::Withdrawal(_) => Some(Line::new("PRB").with(1, "DE".to_owned()).say(4, id)),
            _ => None,
        }
    };
    person.entries.iter().filter_map(problem).collect()
}

/// Table 0177.
fn confidentiality(entry: &proto::Entry) -> &'static str {
    match entry.label() {
        proto::Label::V => "V",
        proto::Label::R => "R",
        proto::Label::N | proto::Label::Unspecified => "",
    }
}

fn prb(id: &str, condition: &proto::Condition) -> Line {
    let state = Some(condition.state.as_str()).filter(|state| !state.is_empty()).map(|state| proto::Coded {
        system: CONDITION_CLINICAL.to_owned(),
        code: state.to_owned(),
        text: codes::word(codes::CLINICAL_STATE, state),
    });
    Line::new("PRB")
        .with(1, "AD".to_owned())
        .at(2, condition.recorded_at.as_ref())
        .coded_both(3, condition.code.as_ref(), condition.translations.get(1))
        .say(4, id)
        .at(7, condition.recorded_at.as_ref())
        .at(9, condition.ended.as_ref())
        .coded(10, condition.translations.first())
        .coded_both(
            14,
            condition.outcome.as_ref().or(state.as_ref()),
            state.as_ref().filter(|_| condition.outcome.is_some()),
        )
        .at(16, condition.onset.as_ref())
}
