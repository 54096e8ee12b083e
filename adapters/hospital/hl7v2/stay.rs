//! The stay: PV1 as `encounter` and `discharge_notice`, DG1 as `condition`.

use super::super::raise;
use super::event::Event;
use super::message::Segment;
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::types;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Category, Label};

/// What the message says about one stay.
struct Stay<'m> {
    /// Where the keys of its series begin.
    key: String,
    pv1: Option<Segment<'m>>,
    admitted: Option<Stamp>,
    discharged: Option<Stamp>,
    expected_admission: Option<Stamp>,
    expected_discharge: Option<Stamp>,
}

/// Reads the stay: `encounter`, `discharge_notice`, or the withdrawal of one of them. Gives the key of its series.
pub(super) fn read(reader: &mut Reader<'_>, patient: &Patient, event: Event) -> Option<String> {
    let Some(stay) = identify(reader, patient, event) else {
        if event.cancels() {
            reader.error(
                "H004",
                "PV1-19",
                "どの入院・退院の取消か分かりません(PV1-19、PV1-44、PV1-45またはEVN-6が必要です)。",
                "Which stay is meant cannot be told: PV1-19, PV1-44, PV1-45 or EVN-6 is required.",
            );
        }
        return None;
    };
    let withdraw = |reader: &mut Reader<'_>, kind: &str| {
        let withdrawn = (kind, Category::C05Delivery, "cancelled");
        reader.withdraw(patient, stay.key.clone(), "EVN".to_owned(), withdrawn);
    };
    match event {
        Event::CancelAdmission => withdraw(reader, "encounter"),
        // A transfer that names no stay was a series of its own.
        Event::CancelTransfer if stay.admitted.is_none() && stay.names_no_visit() => withdraw(reader, "encounter"),
        Event::CancelPlannedDischarge => withdraw(reader, "discharge_notice"),
        Event::CancelDischarge => {
            withdraw(reader, "discharge_notice");
            encounter(reader, patient, &stay, event);
        }
        Event::PlannedDischarge => notice(reader, patient, &stay),
        _ => {
            encounter(reader, patient, &stay, event);
            if stay.discharged.is_some() {
                notice(reader, patient, &stay);
            }
        }
    }
    Some(stay.key)
}

impl Stay<'_> {
    fn names_no_visit(&self) -> bool {
        self.pv1.is_none_or(|pv1| pv1.value(19).is_empty())
    }
}

/// Which stay it is: visit number, else admission date, else discharge date (`design.md` section 10). A transfer that
/// names none of them is known by its day.
fn identify<'m>(reader: &mut Reader<'m>, patient: &Patient, event: Event) -> Option<Stay<'m>> {
    let message = reader.message;
    let pv1 = message.first("PV1");
    let planned = |reader: &mut Reader<'_>, field: usize, path: &'static str| {
        message.first("PV2").and_then(|pv2| reader.stamp(pv2, field, path))
    };
    let expected_admission = planned(reader, 8, "encounter.expected_start");
    let mut expected_discharge = planned(reader, 9, "discharge_notice.expected_discharge_at");
    let mut admitted = pv1.and_then(|pv1| reader.stamp(pv1, 44, "encounter.period.start"));
    let mut discharged = pv1.and_then(|pv1| reader.stamp(pv1, 45, "discharge_notice.discharged_at"));
    let visit = pv1.map(|pv1| pv1.value(19).into_owned()).unwrap_or_default();
    let occurred = event_day(reader, event);
    match event {
        Event::Admission if admitted.is_none() && occurred.is_some() => {
            admitted = occurred;
            reader.warning(
                "H103",
                "PV1-44",
                "入院・来院日時がないため、発生日時(EVN-6)で代えました。",
                "The time of admission is missing; the time of the event (EVN-6) was taken.",
            );
        }
        // On a cancellation EVN-6 is the time of what is cancelled (HL7 v2.5, 3.4.1.6).
        Event::CancelAdmission => admitted = admitted.or(expected_admission).or(occurred),
        Event::PlannedAdmission => admitted = admitted.or(expected_admission),
        Event::Discharge => discharged = discharged_at(reader, discharged),
        Event::PlannedDischarge | Event::CancelPlannedDischarge => {
            expected_discharge = expected_discharge.or(discharged.take()).or(occurred);
        }
        Event::CancelDischarge => discharged = discharged.or(occurred),
        _ => {}
    }
    if let (Some(admitted), Some(discharged)) = (admitted, discharged)
        && admitted.certainly_after(discharged)
    {
        reader.error("H006", "PV1-45", "退院日時が入院日時より前です。", "The discharge is before the admission.");
    }
    let day = |stamp: Stamp| stamp.compact().chars().take(8).collect::<String>();
    let leaving = discharged.or(expected_discharge.filter(|_| event != Event::Update));
    let stay = match (visit.is_empty(), admitted, leaving) {
        (false, ..) => format!("visit/{visit}"),
        (true, Some(admitted), _) => format!("admitted/{}", day(admitted)),
        (true, None, Some(leaving)) => format!("discharged/{}", day(leaving)),
        (true, None, None) if matches!(event, Event::Transfer | Event::CancelTransfer) => {
            format!("transferred/{}", day(occurred?))
        }
        (true, None, None) => return None,
    };
    let key = format!("{}/{stay}", patient.key);
    Some(Stay { key, pv1, admitted, discharged, expected_admission, expected_discharge })
}

/// EVN-6, where the event does not leave it unsaid: when it happened, not when somebody wrote it.
fn event_day(reader: &mut Reader<'_>, event: Event) -> Option<Stamp> {
    let wanted = event.cancels() || matches!(event, Event::Admission | Event::Transfer | Event::PlannedDischarge);
    let message = reader.message;
    message.first("EVN").filter(|_| wanted).and_then(|evn| reader.stamp(evn, 6, "occurred_at"))
}

/// PV1-45, else EVN-6: a discharge needs its moment.
fn discharged_at(reader: &mut Reader<'_>, written: Option<Stamp>) -> Option<Stamp> {
    if written.is_some() {
        return written;
    }
    let message = reader.message;
    let occurred = message.first("EVN").and_then(|evn| reader.stamp(evn, 6, "discharge_notice.discharged_at"));
    if occurred.is_some() {
        reader.warning(
            "H103",
            "PV1-45",
            "退院日時がないため、発生日時(EVN-6)で代えました。",
            "The discharge time is missing; the time of the event (EVN-6) was taken.",
        );
    } else {
        reader.error(
            "H004",
            "PV1-45",
            "退院日時が必要です(PV1-45またはEVN-6)。",
            "A discharge time is required (PV1-45 or EVN-6).",
        );
    }
    occurred
}

/// PV1 as `encounter`.
fn encounter(reader: &mut Reader<'_>, patient: &Patient, stay: &Stay<'_>, event: Event) {
    let Some(pv1) = stay.pv1 else {
        reader.warning("H008", "PV1", "受診情報(PV1)がありません。", "The visit segment (PV1) is missing.");
        return;
    };
    let class = class(reader, pv1);
    let ward = reader.take(pv1, 3, "encounter.ward").component(1).text().into_owned();
    let attending = types::staff(reader.take(pv1, doctor(pv1), "encounter.attending"));
    reader.mapped(pv1, 10, "encounter.department");
    let department = department(reader, pv1);
    check_department(reader, pv1);
    let visit_number = reader.take(pv1, 19, "encounter.visit_number").component(1).text().into_owned();
    reader.must_be_readable(pv1, 19, &visit_number);
    let goes_on = event == Event::CancelDischarge;
    let status = match event {
        Event::PlannedAdmission => "planned",
        _ if stay.discharged.is_some() && !goes_on => "finished",
        Event::Update => "",
        _ => "in_progress",
    };
    let starts = stay.admitted.filter(|_| event != Event::PlannedAdmission);
    let (start, end) = (starts.map(Stamp::date_time), stay.discharged.filter(|_| !goes_on).map(Stamp::date_time));
    let (ward_name, department_name) = (ward.clone(), department.clone());
    let body = Body::Encounter(proto::Encounter {
        class,
        visit_number,
        period: (start.is_some() || end.is_some()).then_some(proto::Period { start, end }),
        ward,
        department,
        attending,
        admit_source: reader.take(pv1, 14, "encounter.admit_source").component(1).text().into_owned(),
        status: status.to_owned(),
        expected_start: stay.expected_admission.map(Stamp::date_time),
    });
    let at = stay.admitted.or(stay.discharged);
    let mut entry = reader.entry(patient, stay.key.clone(), "PV1".to_owned(), at, body);
    raise::by_place(&mut entry, &ward_name, &department_name);
    let deleted = [(3, "ward"), (7, "attending"), (10, "department"), (14, "admit_source"), (44, "start"), (45, "end")];
    reader.update(&mut entry, &deleted.map(|(field, name)| (pv1, field, name)));
    if goes_on {
        entry.cleared.push("end".to_owned());
    }
    reader.entries.push(entry);
}

/// PV1-10 as the sender's table of departments calls it. A name tells what a code hides: a ward of psychiatry is one by its name.
fn department(reader: &Reader<'_>, pv1: Segment<'_>) -> String {
    let code = pv1.value(10);
    let known = reader.profile.departments.iter().find(|known| known.code == *code);
    known.map_or_else(|| code.into_owned(), |known| known.name.clone())
}

/// A code that the sender's table of departments lacks is told. What is in no table may be a name; where there is none, any is.
fn check_department(reader: &mut Reader<'_>, pv1: Segment<'_>) {
    let written = pv1.value(10);
    let table = &reader.profile.departments;
    let known = table.iter().any(|known| known.code == *written || known.name == *written);
    if !written.is_empty() && !table.is_empty() && !known {
        reader.warning(
            "H104",
            "PV1-10",
            "診療科のコードが、送信元の診療科表にありません。書かれたまま残します。",
            "The table of the sender's departments has no such code; it is kept as it is written.",
        );
    }
}

/// PV1-7, the attending doctor; where nobody stands there PV1-17, the admitting one.
fn doctor(pv1: Segment<'_>) -> usize {
    if pv1.field(7).is_empty() { 17 } else { 7 }
}

fn class(reader: &mut Reader<'_>, pv1: Segment<'_>) -> String {
    let class = match &*reader.take(pv1, 2, "encounter.class").component(1).text() {
        "I" => "inpatient",
        "O" => "outpatient",
        "E" => "emergency",
        "B" => "obstetrics",
        "P" => "preadmission",
        "R" => "recurring",
        "" => {
            reader.warning("H008", "PV1-2", "患者区分がありません。", "The patient class is missing.");
            ""
        }
        _ => {
            reader.warning(
                "H104",
                "PV1-2",
                "患者区分のコードが表にありません。",
                "This patient class is not in the table.",
            );
            ""
        }
    };
    class.to_owned()
}

fn notice(reader: &mut Reader<'_>, patient: &Patient, stay: &Stay<'_>) {
    let pv1 = stay.pv1;
    let destination = pv1.and_then(|pv1| types::coded(reader.take(pv1, 36, "discharge_notice.destination").first()));
    let destination = destination.map(|mut coded| {
        if coded.system.is_empty() {
            "HL70112".clone_into(&mut coded.system);
        }
        coded
    });
    if destination.is_none() && reader.header.event == "A03" {
        reader.warning(
            "H008",
            "PV1-36",
            "転帰・退院先(PV1-36)がありません。",
            "The discharge disposition (PV1-36) is missing.",
        );
    }
    let death = destination.as_ref().is_some_and(|destination| raise::tells_death(&destination.code));
    let ward = pv1.map(|pv1| pv1.value(3).into_owned()).unwrap_or_default();
    let department = pv1.map(|pv1| department(reader, pv1)).unwrap_or_default();
    let body = Body::DischargeNotice(proto::DischargeNotice {
        admitted_at: stay.admitted.map(Stamp::date_time),
        discharged_at: stay.discharged.map(Stamp::date_time),
        expected_discharge_at: stay.expected_discharge.map(Stamp::date_time),
        destination,
        ward: ward.clone(),
        department: department.clone(),
        attending: pv1.map(|pv1| types::staff(pv1.field(doctor(pv1)))).unwrap_or_default(),
        ..proto::DischargeNotice::default()
    });
    let path = if pv1.is_some() { "PV1" } else { "EVN" };
    let at = stay.discharged.or(stay.expected_discharge);
    let mut entry = reader.entry(patient, stay.key.clone(), path.to_owned(), at, body);
    raise::by_place(&mut entry, &ward, &department);
    if death {
        entry.label = Label::R.into();
    }
    let names = [(3, "ward"), (7, "attending"), (10, "department"), (36, "destination"), (44, "admitted_at")];
    let deleted: Vec<_> = pv1.into_iter().flat_map(|pv1| names.map(|(field, name)| (pv1, field, name))).collect();
    reader.update(&mut entry, &deleted);
    reader.entries.push(entry);
}

/// DG1 as `condition`: a fact of its own, so that what its code tells hides nothing else.
pub(super) fn conditions(reader: &mut Reader<'_>, patient: &Patient, stay: Option<&str>) {
    let base = stay.unwrap_or(&patient.key).to_owned();
    for (number, segment) in reader.message.all("DG1").enumerate() {
        let field = reader.take(segment, 3, "condition.code").first();
        let Some(code) = types::coded(field) else {
            let place = reader.field_place(segment, 3);
            reader.kept_raw(segment.index());
            reader.warning(
                "H104",
                place,
                "病名のコードも名称もないため、原文のまま保管しました。",
                "A diagnosis without a code and a name is kept in the raw message only.",
            );
            continue;
        };
        let known = matches!(code.system.as_str(), "I10" | "ICD10" | "MDCDX2" | "ICD-10" | "I10C");
        if !known {
            let place = reader.field_place(segment, 3);
            reader.warning(
                "H104",
                place,
                "病名のコード体系が不明です。",
                "The code system of the diagnosis is unknown.",
            );
        }
        let kind = match &*reader.take(segment, 6, "condition.kind").component(1).text() {
            "A" => "admission",
            "W" => "working",
            "F" => "final",
            _ => "",
        };
        let recorded_at = reader.stamp(segment, 5, "condition.recorded_at");
        let body = Body::Condition(proto::Condition {
            code: Some(code),
            kind: kind.to_owned(),
            recorded_at: recorded_at.map(Stamp::date_time),
            translations: types::alternate(field).into_iter().collect(),
            ..proto::Condition::default()
        });
        let key = format!("{base}/diagnosis/{kind}/{}", number + 1);
        let mut entry = reader.entry(patient, key, reader.place(segment), recorded_at, body);
        let systems = [field.component(3).text(), field.component(6).text()];
        let codes = [field.component(1).text(), field.component(4).text()];
        raise::by_codes(&mut entry, systems.iter().zip(&codes).map(|(system, code)| (&**system, &**code)));
        reader.entries.push(entry);
    }
}
