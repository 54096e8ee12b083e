//! The rules' view of the record: a use of care out of what a provider reported. What the rules do not need stays there.

use super::care::{CareUse, Epds, InfantReport, Shift, StaffMember, StaffRole};
use crate::adapter::Diagnostic;
use crate::agency::AgencyId;
use crate::id::Municipality;
use crate::record::{SharedRecord, Submission};
use crate::time::{Day, Time};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// Words of `follow_up`, in the order of their codes.
const FOLLOW_UPS: [&str; 4] = ["none", "watch", "contact", "urgent"];

/// The use that a submission reports, with the scale filled in during it. `None` when it reports none, and when
/// [`unreadable`] says why it cannot be checked.
pub fn care_use(submission: &Submission) -> Option<CareUse> {
    let message = submission.message();
    let (entry, delivery) = delivery_of(submission)?;
    let mut report = from_body(delivery, &entry.source_key, &message.municipality)?;
    report.revision = u32::try_from(message.revision).unwrap_or(0);
    report.epds = message.entries.iter().find_map(|entry| match &entry.body {
        Some(Body::Screening(screening)) if screening.instrument == "epds" => Some(epds(screening)),
        _ => None,
    });
    Some(report)
}

/// What keeps a submission's report of care from being checked at all: it lacks kind, result, beginning, end or
/// municipality, or there is a second one beside it. Such a submission is refused, else it would pass unchecked.
pub fn unreadable(submission: &Submission) -> Option<Diagnostic> {
    let (first, _) = reports_in(submission).next()?;
    care_use(submission).is_none().then(|| {
        Diagnostic::error(
            "PV-E011",
            first.source_path.clone(),
            "実施報告は1件ずつ、利用種別・実施結果・開始日時・終了日時・自治体コードを書いて送ってください。",
            "Send one report of care at a time, with kind, result, start, end and municipality.",
        )
    })
}

/// Where the report stands in its source (`row 1`); empty when the source has no places.
pub fn place(submission: &Submission) -> String {
    delivery_of(submission).map_or_else(String::new, |(entry, _)| entry.source_path.clone())
}

/// The uses of care at one provider that a record holds. Their scales are entries of their own and are not looked at
/// again.
pub fn uses_in(record: &SharedRecord, provider: &AgencyId) -> Vec<CareUse> {
    let uses = record.entries().iter().filter_map(|entry| {
        let entry = entry.message();
        match &entry.body {
            Some(Body::CareDelivery(body)) if body.provider == provider.as_str() => {
                from_body(body, &entry.source_key, &entry.municipality)
            }
            _ => None,
        }
    });
    uses.collect()
}

/// The one report of a submission; `None` when there are several, of which only one would be checked.
fn delivery_of(submission: &Submission) -> Option<(&proto::Entry, &proto::CareDelivery)> {
    let mut reports = reports_in(submission);
    reports.next().filter(|_| reports.next().is_none())
}

fn reports_in(submission: &Submission) -> impl Iterator<Item = (&proto::Entry, &proto::CareDelivery)> {
    submission.message().entries.iter().filter_map(|entry| match &entry.body {
        Some(Body::CareDelivery(delivery)) => Some((entry, delivery)),
        _ => None,
    })
}

/// From the schema's body; the record's id and the municipality stand in its envelope.
pub(super) fn from_body(body: &proto::CareDelivery, record_id: &str, municipality: &str) -> Option<CareUse> {
    let care_recorded = !body.mother_care.is_empty()
        || !body.mother_measurements.is_empty()
        || body.infants.iter().any(|infant| !infant.care.is_empty());
    Some(CareUse {
        record_id: record_id.to_owned(),
        revision: 0,
        municipality: Municipality::try_from(municipality.to_owned()).ok()?,
        approval_no: body.approval_number.clone(),
        provider: body.provider.clone(),
        facility: body.facility.clone(),
        kind: word(&body.kind)?,
        start: time(body.start.as_ref())?,
        end: time(body.end.as_ref())?,
        days: count(body.days),
        nights: count(body.nights),
        status: word(&body.status)?,
        staff: body.staff.iter().map(staff_member).collect(),
        night_staff: body.night_staff.iter().filter_map(shift).collect(),
        care_recorded,
        infants: body.infants.iter().map(infant).collect(),
        epds: None,
        separated_minutes: count(body.separated_minutes),
        sleep_check_interval_min: count(body.sleep_check_interval_minutes),
        followup: FOLLOW_UPS.iter().zip(1..).find(|(word, _)| **word == body.follow_up).map(|(_, code)| code),
        income: None,
        user_fee: count(body.user_fee_yen).unwrap_or(0),
        reduction: count(body.reduction_yen).unwrap_or(0),
    })
}

fn word<T: for<'de> Deserialize<'de>>(word: &str) -> Option<T> {
    let word: StrDeserializer<'_, Error> = word.into_deserializer();
    T::deserialize(word).ok()
}

fn count(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

fn day(date: Option<&proto::Date>) -> Option<Day> {
    let date = date?;
    Day::new(i16::try_from(date.year).ok()?, i8::try_from(date.month?).ok()?, i8::try_from(date.day?).ok()?).ok()
}

/// A moment of which date, hour and minute are known.
fn time(at: Option<&proto::DateTime>) -> Option<Time> {
    let at = at?;
    let part = |part: i32| i8::try_from(part).ok();
    let clock = jiff::civil::Time::new(part(at.hour?)?, part(at.minute?)?, part(at.second.unwrap_or(0))?, 0).ok()?;
    Some(Time::from_japan(day(at.date.as_ref())?.to_datetime(clock)))
}

fn role(of: &str) -> StaffRole {
    word(of).unwrap_or(StaffRole::Other)
}

fn staff_member(member: &proto::StaffMember) -> StaffMember {
    StaffMember { role: role(&member.role), named: !member.name.trim().is_empty() }
}

fn shift(shift: &proto::Shift) -> Option<Shift> {
    Some(Shift { role: role(&shift.role), from: time(shift.from.as_ref())?, to: time(shift.to.as_ref())? })
}

fn infant(care: &proto::InfantCare) -> InfantReport {
    InfantReport { key: care.key.clone(), birth_order: count(care.birth_order) }
}

fn epds(screening: &proto::Screening) -> Epds {
    let mut items: Vec<Option<u32>> = screening.items.iter().map(|item| u32::try_from(*item).ok()).collect();
    if items.is_empty() && screening.self_harm_item.is_some() {
        items = vec![None; Epds::ITEMS - 1];
        items.push(count(screening.self_harm_item));
    }
    Epds { items, total: count(screening.total) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::fixtures::{at, first_stay};
    use super::*;

    fn date_time(day: i32, hour: i32, minute: i32) -> Option<proto::DateTime> {
        let date = proto::Date { year: 2026, month: Some(11), day: Some(day) };
        Some(proto::DateTime { date: Some(date), hour: Some(hour), minute: Some(minute), second: None })
    }

    fn delivery() -> proto::CareDelivery {
        let shift = |from, to| proto::Shift { role: "midwife".to_owned(), from, to, name: String::new() };
        proto::CareDelivery {
            approval_number: "SK08-0041".to_owned(),
            provider: "PRV-482072-07".to_owned(),
            facility: "F1".to_owned(),
            kind: "stay".to_owned(),
            status: "done".to_owned(),
            start: date_time(16, 10, 0),
            end: date_time(18, 10, 0),
            days: Some(3),
            nights: Some(2),
            staff: vec![proto::StaffMember {
                role: "midwife".to_owned(),
                name: "x".to_owned(),
                licence: String::new(),
            }],
            night_staff: vec![
                shift(date_time(16, 10, 0), date_time(17, 9, 0)),
                shift(date_time(17, 9, 0), date_time(18, 10, 0)),
            ],
            mother_care: vec!["rest".to_owned()],
            infants: vec![proto::InfantCare {
                key: "c-1".to_owned(),
                birth_order: Some(1),
                ..proto::InfantCare::default()
            }],
            sleep_check_interval_minutes: Some(10),
            follow_up: "none".to_owned(),
            user_fee_yen: Some(3_000),
            reduction_yen: Some(7_500),
            ..proto::CareDelivery::default()
        }
    }

    #[test]
    fn a_recorded_stay_is_the_stay_that_the_rules_see() {
        let mut expected = first_stay();
        expected.revision = 0;
        assert_eq!(from_body(&delivery(), "R-0001", "482072").unwrap(), expected);
    }

    #[test]
    fn a_use_without_a_time_or_of_an_unknown_kind_is_none() {
        let changed = |change: fn(&mut proto::CareDelivery)| {
            let mut body = delivery();
            change(&mut body);
            from_body(&body, "R-0001", "482072")
        };
        assert_eq!(changed(|body| body.start = None), None);
        assert_eq!(changed(|body| body.end.as_mut().unwrap().minute = None), None);
        assert_eq!(changed(|body| body.kind = "hotel".to_owned()), None);
        assert_eq!(changed(|body| body.status.clear()), None);
        let unknown_role = changed(|body| body.night_staff[0].role = "neighbour".to_owned()).unwrap();
        assert_eq!(unknown_role.night_staff[0].role, StaffRole::Other);
        assert_eq!(unknown_role.night_staff[0].to, at(17, 9, 0));
    }

    #[test]
    fn a_report_that_cannot_be_checked_is_refused() {
        let submission = |bodies: Vec<proto::CareDelivery>| {
            let subject = proto::Subject { role: 1, issuer: "482072".to_owned(), identifier: "SK08-0041".to_owned() };
            let entry = |body| proto::Entry {
                source_key: "R-0001".to_owned(),
                source_path: "row 1".to_owned(),
                subjects: vec![subject.clone()],
                body: Some(Body::CareDelivery(body)),
                ..proto::Entry::default()
            };
            let entries = bodies.into_iter().map(entry).collect();
            let municipality = "482072".to_owned();
            Submission::check(proto::Submission { entries, municipality, ..proto::Submission::default() }).unwrap()
        };
        let whole = submission(vec![delivery()]);
        assert_eq!((unreadable(&whole), place(&whole).as_str()), (None, "row 1"));
        assert_eq!(care_use(&whole).unwrap().record_id, "R-0001");
        let without_end = submission(vec![proto::CareDelivery { end: None, ..delivery() }]);
        assert_eq!(unreadable(&without_end).unwrap().code, "PV-E011");
        let two = submission(vec![delivery(), delivery()]);
        assert_eq!((care_use(&two), unreadable(&two).unwrap().code.as_ref()), (None, "PV-E011"));
        assert_eq!(unreadable(&two).unwrap().place, "row 1");
    }

    #[test]
    fn an_epds_of_which_only_item_ten_is_known_keeps_it_in_its_place() {
        let screening = proto::Screening { self_harm_item: Some(1), total: Some(5), ..proto::Screening::default() };
        let scale = epds(&screening);
        assert_eq!((scale.items.len(), scale.items[9], scale.sum()), (10, Some(1), None));
        assert!(scale.needs_attention() && scale.total_fits());
    }
}
