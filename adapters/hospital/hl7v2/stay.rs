//! The stay: PV1 as `encounter` and `discharge_notice`, DG1 as `condition`.

use super::super::raise;
use super::message::Segment;
use super::reader::{Patient, Reader};
use super::times::Stamp;
use super::types;
use musubi_proto::v1 as proto;
use proto::Label;
use proto::entry::Body;

/// What the message says about one stay.
pub(super) struct Stay {
    /// Where the keys of its series begin.
    pub(super) key: String,
    /// Discharge, where the message tells one.
    discharged: Option<Stamp>,
    admitted: Option<Stamp>,
}

/// Which stay it is: visit number, else admission date, else discharge date (`design.md` section 10).
///
/// A discharge (A03) needs its moment: PV1-45, else EVN-6.
pub(super) fn identify(reader: &mut Reader<'_>, patient: &Patient, discharge: bool) -> Option<Stay> {
    let pv1 = reader.message.first("PV1");
    let admitted = pv1.and_then(|pv1| reader.stamp(pv1, 44, "discharge_notice.admitted_at"));
    let mut discharged = pv1.and_then(|pv1| reader.stamp(pv1, 45, "discharge_notice.discharged_at"));
    if discharge && discharged.is_none() {
        discharged = reader.message.first("EVN").and_then(|evn| reader.stamp(evn, 6, "discharge_notice.discharged_at"));
        if discharged.is_some() {
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
    }
    if let (Some(admitted), Some(discharged)) = (admitted, discharged)
        && admitted.certainly_after(discharged)
    {
        reader.error("H006", "PV1-45", "退院日時が入院日時より前です。", "The discharge is before the admission.");
    }
    let visit = pv1.map(|pv1| pv1.value(19).into_owned()).unwrap_or_default();
    let day = |stamp: Stamp| stamp.compact().chars().take(8).collect::<String>();
    let stay = match (visit.is_empty(), admitted, discharged) {
        (false, ..) => format!("visit/{visit}"),
        (true, Some(admitted), _) => format!("admitted/{}", day(admitted)),
        (true, None, Some(discharged)) => format!("discharged/{}", day(discharged)),
        (true, None, None) => return None,
    };
    Some(Stay { key: format!("{}/{stay}", patient.key), discharged, admitted })
}

/// PV1 as `encounter`, and as `discharge_notice` where a discharge is told.
pub(super) fn read(reader: &mut Reader<'_>, patient: &Patient, stay: &Stay) {
    let Some(pv1) = reader.message.first("PV1") else {
        reader.warning("H008", "PV1", "受診情報(PV1)がありません。", "The visit segment (PV1) is missing.");
        if stay.discharged.is_some() {
            notice(reader, patient, stay, None);
        }
        return;
    };
    let class = class(reader, pv1);
    let ward = reader.take(pv1, 3, "encounter.ward").component(1).text().into_owned();
    let attending = types::staff(reader.take(pv1, 7, "encounter.attending"));
    let department = reader.take(pv1, 10, "encounter.department").component(1).text().into_owned();
    let visit_number = reader.take(pv1, 19, "encounter.visit_number").component(1).text().into_owned();
    let (start, end) = (stay.admitted.map(Stamp::date_time), stay.discharged.map(Stamp::date_time));
    let period = (start.is_some() || end.is_some()).then_some(proto::Period { start, end });
    let (ward_name, department_name) = (ward.clone(), department.clone());
    let body = Body::Encounter(proto::Encounter {
        class,
        visit_number,
        period,
        ward,
        department,
        attending,
        admit_source: reader.take(pv1, 14, "encounter.admit_source").component(1).text().into_owned(),
    });
    let at = stay.admitted.or(stay.discharged);
    let mut entry = reader.entry(patient, stay.key.clone(), "PV1".to_owned(), at, body);
    raise::by_place(&mut entry, &ward_name, &department_name);
    reader.entries.push(entry);
    if stay.discharged.is_some() {
        notice(reader, patient, stay, Some(pv1));
    }
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

/// Dispositions (table 0112) that tell of a death: the notice is restricted.
fn tells_death(code: &str) -> bool {
    matches!(code.parse::<u8>(), Ok(20..=29 | 40..=42))
}

fn notice(reader: &mut Reader<'_>, patient: &Patient, stay: &Stay, pv1: Option<Segment<'_>>) {
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
    let death = destination.as_ref().is_some_and(|destination| tells_death(&destination.code));
    let text = |field: usize| pv1.map(|pv1| pv1.value(field).into_owned()).unwrap_or_default();
    let expected =
        reader.message.first("PV2").and_then(|pv2| reader.stamp(pv2, 9, "discharge_notice.expected_discharge_at"));
    let body = Body::DischargeNotice(proto::DischargeNotice {
        admitted_at: stay.admitted.map(Stamp::date_time),
        discharged_at: stay.discharged.map(Stamp::date_time),
        expected_discharge_at: expected.map(Stamp::date_time),
        destination,
        ward: text(3),
        department: text(10),
        attending: pv1.map(|pv1| types::staff(pv1.field(7))).unwrap_or_default(),
        ..proto::DischargeNotice::default()
    });
    let path = if pv1.is_some() { "PV1" } else { "EVN" };
    let mut entry = reader.entry(patient, stay.key.clone(), path.to_owned(), stay.discharged, body);
    raise::by_place(&mut entry, &text(3), &text(10));
    if death {
        entry.label = Label::R.into();
    }
    reader.entries.push(entry);
}

/// DG1 as `condition`: a fact of its own, so that what its code tells hides nothing else.
pub(super) fn conditions(reader: &mut Reader<'_>, patient: &Patient, stay: Option<&Stay>) {
    let base = stay.map_or(&patient.key, |stay| &stay.key).clone();
    for (number, segment) in reader.message.all("DG1").enumerate() {
        let field = reader.take(segment, 3, "condition.code").first();
        let Some(code) = types::coded(field) else { continue };
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
