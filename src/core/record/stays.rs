//! The end of a stay that its message names by the day of discharge alone belongs to the stay that its author told the beginning
//! of (`formats/hospital.md` 2.10: an SS-MIX2 A03 usually lacks the admission and is joined with the A01).

use super::shared::moment;
use super::{SharedEntry, SharedRecord};
use crate::time::Day;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// What a key of a stay says when only its end is known, and when its beginning is.
const DISCHARGED: &str = "/discharged/";
const ADMITTED: &str = "/admitted/";
/// Classes of visits that nobody is discharged from.
const NO_STAY: [&str; 3] = ["outpatient", "preadmission", "recurring"];

/// Gives entries about the end of a stay the key of that stay, where exactly one of the same author and patient can be meant: one
/// that has begun and goes on, or ended on that day. A series that stands under the day of discharge already stays one.
pub fn joined(entries: Vec<SharedEntry>, standing: impl FnOnce() -> SharedRecord) -> Vec<SharedEntry> {
    let Some(end) = entries.iter().find_map(End::of) else { return entries };
    let standing = standing();
    if standing.entries().iter().any(|entry| End::of(entry).as_ref() == Some(&end)) {
        return entries;
    }
    let mut begun = standing.entries().iter().filter_map(|entry| end.begun_by(entry));
    let (Some(stay), None) = (begun.next(), begun.next()) else { return entries };
    entries.into_iter().map(|entry| end.join(entry, stay)).collect()
}

/// The end of a stay: whose, told by whom, under which key, on which day.
#[derive(PartialEq, Eq)]
struct End {
    author: String,
    patient: Option<(String, String)>,
    key: String,
    day: Day,
}

impl End {
    /// As the key of an entry names it: `0001/discharged/20261030`, or that with more behind it.
    fn of(entry: &SharedEntry) -> Option<Self> {
        let message = entry.message();
        let (patient, rest) = message.source_key.split_once(DISCHARGED)?;
        let day = rest.get(..8).filter(|_| matches!(rest.as_bytes().get(8), None | Some(b'/')))?;
        let written = format!("{}-{}-{}", day.get(..4)?, day.get(4..6)?, day.get(6..)?);
        let key = format!("{patient}{DISCHARGED}{day}");
        Some(End { author: message.author.clone(), patient: patient_of(message), key, day: written.parse().ok()? })
    }

    /// The key of the stay that an entry tells the beginning of, where this can be its end; and when it began.
    fn begun_by<'e>(&self, entry: &'e SharedEntry) -> Option<(&'e str, proto::DateTime)> {
        let message = entry.message();
        let Some(Body::Encounter(encounter)) = &message.body else { return None };
        let own = message.author == self.author && patient_of(message) == self.patient;
        let stay = !NO_STAY.contains(&encounter.class.as_str()) && encounter.status != "planned";
        let day = |at: Option<&proto::DateTime>| at.and_then(moment).map(|at| at.day());
        let period = encounter.period.as_ref()?;
        let start = period.start?;
        let begun = day(Some(&start)).is_some_and(|start| start <= self.day);
        let open = day(period.end.as_ref()).is_none_or(|end| end == self.day);
        let prefix = self.key.split_once(DISCHARGED).map(|(patient, _)| patient);
        let same_key = message.source_key.split_once(ADMITTED).map(|(patient, _)| patient) == prefix;
        (own && stay && begun && open && same_key).then_some((&message.source_key, start))
    }

    fn join(&self, entry: SharedEntry, (key, start): (&str, proto::DateTime)) -> SharedEntry {
        if End::of(&entry).as_ref() != Some(self) {
            return entry;
        }
        let mut message = entry.into_message();
        message.source_key = message.source_key.replacen(&self.key, key, 1);
        if let Some(Body::DischargeNotice(notice)) = &mut message.body {
            notice.admitted_at = notice.admitted_at.or(Some(start));
        }
        SharedEntry::new(message)
    }
}

fn patient_of(message: &proto::Entry) -> Option<(String, String)> {
    message.subjects.first().map(|subject| (subject.issuer.clone(), subject.identifier.clone()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    const AUTHOR: &str = "MED-4810700452";

    fn at(day: i32) -> proto::DateTime {
        let date = proto::Date { year: 2026, month: Some(10), day: Some(day) };
        proto::DateTime { date: Some(date), hour: Some(10), ..proto::DateTime::default() }
    }

    fn entry(author: &str, key: &str, body: Body) -> SharedEntry {
        let subject = proto::Subject { issuer: author.to_owned(), identifier: "9".to_owned(), ..Default::default() };
        SharedEntry::new(proto::Entry {
            id: format!("00000000-0000-7000-8000-{:012x}", key.len()),
            author: author.to_owned(),
            source_key: key.to_owned(),
            subjects: vec![subject],
            body: Some(body),
            ..proto::Entry::default()
        })
    }

    fn stay(author: &str, key: &str, class: &str, (start, end): (i32, Option<i32>)) -> SharedEntry {
        let period = proto::Period { start: Some(at(start)), end: end.map(at) };
        let status = if end.is_some() { "finished" } else { "in_progress" };
        let body = proto::Encounter {
            class: class.to_owned(),
            status: status.to_owned(),
            period: Some(period),
            ..Default::default()
        };
        entry(author, key, Body::Encounter(body))
    }

    /// The keys of a notice of a discharge on the 30th and of its diagnosis, beside what stands.
    fn keys(standing: Vec<SharedEntry>) -> Vec<String> {
        let notice = proto::DischargeNotice { discharged_at: Some(at(30)), ..Default::default() };
        let told = vec![
            entry(AUTHOR, "9/discharged/20261030", Body::DischargeNotice(notice)),
            entry(AUTHOR, "9/discharged/20261030/diagnosis/final/1", Body::Condition(proto::Condition::default())),
            entry(AUTHOR, "9", Body::PersonDetails(proto::PersonDetails::default())),
        ];
        let joined = joined(told, || SharedRecord::gather(standing));
        joined.into_iter().map(|entry| entry.into_message().source_key).collect()
    }

    #[test]
    fn a_discharge_belongs_to_the_one_stay_that_goes_on() {
        let begun = || stay(AUTHOR, "9/admitted/20261026", "inpatient", (26, None));
        let own = ["9/admitted/20261026", "9/admitted/20261026/diagnosis/final/1", "9"];
        let alone = ["9/discharged/20261030", "9/discharged/20261030/diagnosis/final/1", "9"];
        assert_eq!(keys(vec![begun()]), own);
        assert_eq!(keys(vec![begun(), stay(AUTHOR, "9/admitted/20261001", "outpatient", (1, None))]), own);
        let ended = stay(AUTHOR, "9/admitted/20261026", "obstetrics", (26, Some(30)));
        assert_eq!(keys(vec![ended]), own, "a correction or a cancellation of the same end");
        for other in [
            Vec::new(),
            vec![stay(AUTHOR, "9/admitted/20261026", "inpatient", (26, Some(28)))],
            vec![stay(AUTHOR, "9/admitted/20261031", "inpatient", (31, None))],
            vec![stay("MED-4810700122", "9/admitted/20261026", "inpatient", (26, None))],
            vec![stay(AUTHOR, "99/admitted/20261026", "inpatient", (26, None))],
            vec![begun(), stay(AUTHOR, "9/admitted/20261020", "inpatient", (20, None))],
            vec![begun(), entry(AUTHOR, "9/discharged/20261030", Body::DischargeNotice(Default::default()))],
        ] {
            assert_eq!(keys(other), alone);
        }
    }

    #[test]
    fn the_notice_of_a_discharge_says_when_its_stay_began() {
        let notice = |admitted_at| {
            let notice = proto::DischargeNotice { admitted_at, discharged_at: Some(at(30)), ..Default::default() };
            entry(AUTHOR, "9/discharged/20261030", Body::DischargeNotice(notice))
        };
        let begun = || SharedRecord::gather(vec![stay(AUTHOR, "9/admitted/20261026", "inpatient", (26, None))]);
        let admitted = |told| match joined(vec![notice(told)], begun).remove(0).into_message().body {
            Some(Body::DischargeNotice(notice)) => notice.admitted_at,
            _ => None,
        };
        assert_eq!(admitted(None), Some(at(26)));
        assert_eq!(admitted(Some(at(25))), Some(at(25)), "what it says itself stands");
    }

    #[test]
    fn a_key_that_only_begins_like_a_day_is_none() {
        for key in ["9/discharged/2026103", "9/discharged/202610301", "9/discharged/20261330", "9/admitted/20261030"] {
            assert!(End::of(&entry(AUTHOR, key, Body::Withdrawal(Default::default()))).is_none(), "{key}");
        }
        let end = End::of(&entry(AUTHOR, "9/discharged/20261030", Body::Withdrawal(Default::default()))).unwrap();
        assert_eq!(end.day, "2026-10-30".parse().unwrap());
    }
}
