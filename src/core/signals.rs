//! What a person should look at (気づきのサイン), found in what was released to the responsible center.
//!
//! An input to a person, never a decision. Only a [`Released`] is read, so that what the center may not see raises
//! nothing. The same release gives the same signals, in the same order; a signal that the hub already turned into work
//! is known by its code and its evidence.

use crate::adapter::Text;
use crate::id::{EntryId, PersonId};
use crate::record::moment;
use crate::release::Released;
use crate::time::{Day, Time};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// An infant whom nobody met: absent twice, refused, address unknown, or postponed.
pub const UNMET_INFANT: &str = "UNMET_INFANT";
/// EPDS item 10 answered with 1 or more, at any total.
pub const SELF_HARM: &str = "SELF_HARM";
/// EPDS at or above the Japanese cut-off.
pub const EPDS_HIGH: &str = "EPDS_HIGH";
/// The pregnancy was notified late.
pub const LATE_NOTIFICATION: &str = "LATE_NOTIFICATION";
/// The mother was younger than twenty when she notified.
pub const YOUNG_MOTHER: &str = "YOUNG_MOTHER";
/// A newborn below 2,500 g without a low-weight notice (低体重児届).
pub const LOW_WEIGHT: &str = "LOW_WEIGHT";

/// Absences without a sighting between them that make an infant unmet (`formats/public_health.md` 8).
const ABSENCES: usize = 2;
/// The cut-off of the EPDS in Japan.
pub const EPDS_CUT_OFF: i32 = 9;
/// Items of the EPDS; the last asks about self-harm.
const EPDS_ITEMS: usize = 10;
/// From here a notification is late: 22 weeks.
const LATE_FROM_DAYS: i64 = 22 * 7;
/// A notification in this month of pregnancy or later is late, whatever the day: month 7 begins with week 24.
const LATE_FROM_MONTH: i32 = 7;
/// A pregnancy of 40 weeks, by which a due date is reckoned.
const TERM_DAYS: i64 = 280;
/// Below this age of the mother.
const YOUNG_BELOW_YEARS: i32 = 20;
/// Below this weight the law asks for a notice (Maternal and Child Health Act art. 18).
const LOW_WEIGHT_BELOW_GRAMS: f64 = 2_500.0;
/// Days to look at a signal that does not ask for the same day (ours).
const DUE_DAYS: i64 = 7;
/// Days to look at a high EPDS (ours: results that ask for support are sent within three days).
const DUE_DAYS_EPDS: i64 = 3;

/// One thing that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalFound {
    /// `UNMET_INFANT`, `SELF_HARM` …
    pub code: &'static str,
    /// About whom.
    pub persons: Vec<PersonId>,
    /// By when somebody should have looked. Follows from the evidence, not from the moment of asking.
    pub due: Time,
    /// The entries that it rests on, oldest first.
    pub evidence: Vec<EntryId>,
    /// What to look at, without any value from the record.
    pub text: Text,
}

/// Everything in a release that a person should look at, most urgent first. What is dated after `now` counts for nothing.
pub fn find(released: &Released, now: Time) -> Vec<SignalFound> {
    find_in(&released.record().entries, now)
}

/// The same over entries that were already released, as when a level narrows them further.
pub fn find_in(entries: &[proto::Entry], now: Time) -> Vec<SignalFound> {
    let mut dated: Vec<Dated<'_>> = entries.iter().filter_map(Dated::of).filter(|entry| entry.at <= now).collect();
    dated.sort_by_key(|entry| (entry.at, entry.id));
    let mut found = unmet_infants(&dated);
    found.extend(dated.iter().filter_map(self_harm));
    found.extend(dated.iter().filter_map(epds_high));
    found.extend(dated.iter().filter_map(late_notification));
    found.extend(young_mothers(&dated));
    found.extend(low_weights(&dated));
    found.sort_by(|a, b| (a.due, a.code, &a.persons, &a.evidence).cmp(&(b.due, b.code, &b.persons, &b.evidence)));
    found
}

/// A visit that did not meet the child, as far as its result tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmet {
    /// Nobody was there.
    Absent,
    /// The family refused.
    Refused,
    /// There is no such address.
    AddressUnknown,
    /// Put off, for a stay in hospital or elsewhere.
    Postponed,
}

impl Unmet {
    fn of(visit: &proto::HomeVisit) -> Option<Self> {
        match visit.result.as_str() {
            _ if visit.child_seen == Some(true) => None,
            "absent" => Some(Unmet::Absent),
            "refused" => Some(Unmet::Refused),
            "address_unknown" => Some(Unmet::AddressUnknown),
            "postponed_hospital" | "postponed_stay" => Some(Unmet::Postponed),
            _ => None,
        }
    }
}

/// Did somebody see the child?
pub(crate) fn saw_child(body: &Body) -> bool {
    match body {
        Body::HomeVisit(visit) => visit.child_seen == Some(true),
        Body::ContactAttempt(attempt) => attempt.child_seen == Some(true),
        _ => false,
    }
}

/// An entry with what the signals ask of it.
pub(crate) struct Dated<'a> {
    pub(crate) id: EntryId,
    pub(crate) at: Time,
    pub(crate) recorded_at: Time,
    pub(crate) body: &'a Body,
    /// Its persons with their roles, in the order of the entry.
    pub(crate) persons: Vec<(PersonId, proto::SubjectRole)>,
}

impl<'a> Dated<'a> {
    pub(crate) fn of(entry: &'a proto::Entry) -> Option<Self> {
        let body = entry.body.as_ref()?;
        let recorded_at = Time::from_micros(entry.recorded_at_micros);
        let persons =
            entry.person_ids.iter().zip(entry.roles()).filter_map(|(id, role)| Some((PersonId::parse(id)?, role)));
        Some(Dated {
            id: EntryId::parse(&entry.id)?,
            at: happened(entry, body).unwrap_or(recorded_at),
            recorded_at,
            body,
            persons: persons.collect(),
        })
    }

    fn everyone(&self) -> Vec<PersonId> {
        self.persons.iter().map(|(person, _)| *person).collect()
    }

    /// The children; all persons of an entry that names no child.
    pub(crate) fn children(&self) -> Vec<PersonId> {
        let children: Vec<PersonId> =
            self.persons.iter().filter(|(_, role)| *role == proto::SubjectRole::Child).map(|(id, _)| *id).collect();
        if children.is_empty() { self.everyone() } else { children }
    }

    fn signal(&self, code: &'static str, due: Time, text: Text) -> SignalFound {
        SignalFound { code, persons: self.everyone(), due, evidence: vec![self.id], text }
    }

    /// Days after the hub had it: before that nobody could look.
    fn due_in(&self, days: i64) -> Time {
        self.recorded_at.plus_days(days)
    }
}

/// When the thing itself happened: the moment of the entry, else the day in its body.
fn happened(entry: &proto::Entry, body: &Body) -> Option<Time> {
    let of_body = || match body {
        Body::HomeVisit(visit) => visit.visited_on.as_ref().and_then(day),
        Body::PregnancyNotification(notification) => notification.notified_on.as_ref().and_then(day),
        Body::Screening(screening) => screening.answered_on.as_ref().and_then(day),
        Body::ContactAttempt(attempt) => attempt.at.as_ref().and_then(moment).map(Time::day),
        Body::Newborn(newborn) => newborn.born_at.as_ref().and_then(moment).map(Time::day),
        Body::Delivery(delivery) => delivery.delivered_at.as_ref().and_then(moment).map(Time::day),
        Body::PrenatalCheck(check) => check.visited_on.as_ref().and_then(day),
        Body::PostpartumCheck(check) => check.visited_on.as_ref().and_then(day),
        Body::InfantCheck(check) => check.visited_on.as_ref().and_then(day),
        _ => None,
    };
    entry.occurred_at.as_ref().and_then(moment).or_else(|| of_body().map(Time::start_of))
}

/// A date of the schema that is known to the day.
pub(crate) fn day(date: &proto::Date) -> Option<Day> {
    let part = |part: Option<i32>| i8::try_from(part?).ok();
    Day::new(i16::try_from(date.year).ok()?, part(date.month)?, part(date.day)?).ok()
}

/// Closed only by a later record, of any agency, that somebody saw the child. A postponed visit and a refusal are
/// treated like a home that needs support, not as exempt.
fn unmet_infants(entries: &[Dated<'_>]) -> Vec<SignalFound> {
    let mut unmet: BTreeMap<PersonId, Vec<(Unmet, &Dated<'_>)>> = BTreeMap::new();
    for entry in entries {
        if let Body::HomeVisit(visit) = entry.body
            && let Some(result) = Unmet::of(visit)
        {
            for child in entry.children() {
                unmet.entry(child).or_default().push((result, entry));
            }
        }
    }
    let mut found = Vec::new();
    for (child, mut visits) in unmet {
        let sighted = entries.iter().filter(|entry| saw_child(entry.body) && entry.children().contains(&child));
        let last_seen = sighted.map(|entry| entry.at).max();
        visits.retain(|(_, visit)| last_seen.is_none_or(|seen| visit.at > seen));
        let absences = visits.iter().filter(|(result, _)| *result == Unmet::Absent).count();
        let Some((_, last)) = visits.last() else { continue };
        if absences >= ABSENCES || visits.iter().any(|(result, _)| *result != Unmet::Absent) {
            let others =
                last.everyone().into_iter().filter(|person| *person != child && !last.children().contains(person));
            found.push(SignalFound {
                code: UNMET_INFANT,
                persons: std::iter::once(child).chain(others).collect(),
                due: last.due_in(DUE_DAYS),
                evidence: visits.iter().map(|(_, visit)| visit.id).collect(),
                text: Text::new(
                    "訪問で児に会えていません。児を目視した記録が入るまで閉じません。状況を確認してください。",
                    "No visit has met the child. Closed only by a record that somebody saw the child. Find out how the child is.",
                ),
            });
        }
    }
    found
}

fn epds<'a>(entry: &Dated<'a>) -> Option<&'a proto::Screening> {
    match entry.body {
        Body::Screening(screening) if screening.instrument == "epds" => Some(screening),
        _ => None,
    }
}

/// To be followed up by telephone on the day on which the hub had the answer.
fn self_harm(entry: &Dated<'_>) -> Option<SignalFound> {
    let screening = epds(entry)?;
    let among_items = || if screening.items.len() == EPDS_ITEMS { screening.items.last().copied() } else { None };
    let score = screening.self_harm_item.into_iter().chain(among_items()).max()?;
    let text = Text::new(
        "EPDS項目10が1点以上です(合計点によらず)。本日中に電話で様子を確かめてください。",
        "EPDS item 10 is 1 or more, whatever the total. Telephone today and ask how she is.",
    );
    (score >= 1).then(|| entry.signal(SELF_HARM, Time::end_of(entry.recorded_at.day()), text))
}

fn epds_high(entry: &Dated<'_>) -> Option<SignalFound> {
    let screening = epds(entry)?;
    let summed = || (screening.items.len() == EPDS_ITEMS).then(|| screening.items.iter().sum());
    let total = screening.total.or_else(summed)?;
    let text = Text::new(
        "EPDSの合計が区分点(9点)以上です。支援の要否を判断してください。",
        "The EPDS total is at or above the cut-off of 9. Judge whether she needs support.",
    );
    (total >= EPDS_CUT_OFF).then(|| entry.signal(EPDS_HIGH, entry.due_in(DUE_DAYS_EPDS), text))
}

fn late_notification(entry: &Dated<'_>) -> Option<SignalFound> {
    let Body::PregnancyNotification(notification) = entry.body else { return None };
    let text = Text::new(
        "妊娠の届出が22週以降です。事情と支援の要否を確かめてください。",
        "The pregnancy was notified at 22 weeks or later. Ask for the circumstances and whether she needs support.",
    );
    is_late(notification).then(|| entry.signal(LATE_NOTIFICATION, entry.due_in(DUE_DAYS), text))
}

fn is_late(notification: &proto::PregnancyNotification) -> bool {
    let on = notification.notified_on.as_ref().and_then(day);
    let between = |from: Option<Day>, until: Option<Day>| Some(i64::from((until? - from?).get_days()));
    let from_period = || between(notification.last_menstrual_period.as_ref().and_then(day), on);
    let from_due_date = || Some(TERM_DAYS - between(on, notification.due_date.as_ref().and_then(day))?);
    let gestation = notification.gestation_days.map(i64::from).or_else(from_due_date).or_else(from_period);
    let by_month = || notification.pregnancy_month.is_some_and(|month| month >= LATE_FROM_MONTH);
    gestation.map_or_else(by_month, |days| days >= LATE_FROM_DAYS)
}

/// Once for each mother, by the earliest notification that tells her age.
fn young_mothers(entries: &[Dated<'_>]) -> Vec<SignalFound> {
    let mut found: Vec<SignalFound> = Vec::new();
    for entry in entries {
        let Body::PregnancyNotification(notification) = entry.body else { continue };
        let known = found.iter().any(|signal| signal.persons == entry.everyone());
        let born = entry.persons.first().and_then(|(mother, _)| birth_date(entries, *mother));
        let counted = || Some(whole_years(born?, notification.notified_on.as_ref().and_then(day)?));
        let young = notification.age.or_else(counted).is_some_and(|age| age < YOUNG_BELOW_YEARS);
        if young && !known {
            let text = Text::new(
                "届出時に20歳未満です。支援の要否を判断してください。",
                "She was younger than twenty at the notification. Judge whether she needs support.",
            );
            found.push(entry.signal(YOUNG_MOTHER, entry.due_in(DUE_DAYS), text));
        }
    }
    found
}

/// A person's date of birth where it is visible and known to the day.
pub(crate) fn birth_date(entries: &[Dated<'_>], person: PersonId) -> Option<Day> {
    let own = entries.iter().filter(|entry| entry.persons.first().is_some_and(|(id, _)| *id == person));
    own.filter_map(|entry| match entry.body {
        Body::PersonDetails(details) => details.birth_date.as_ref().and_then(day),
        Body::Newborn(newborn) => newborn.born_at.as_ref()?.date.as_ref().and_then(day),
        _ => None,
    })
    .next_back()
}

/// Years of age on a day; negative before birth.
pub(crate) fn whole_years(born: Day, on: Day) -> i32 {
    let had_birthday = (on.month(), on.day()) >= (born.month(), born.day());
    i32::from(on.year()) - i32::from(born.year()) - i32::from(!had_birthday)
}

/// Once for each child, with every record of its weight.
fn low_weights(entries: &[Dated<'_>]) -> Vec<SignalFound> {
    let mut by_child: BTreeMap<Vec<PersonId>, Vec<&Dated<'_>>> = BTreeMap::new();
    let mut notified: Vec<Vec<PersonId>> = Vec::new();
    for entry in entries {
        let Body::Newborn(newborn) = entry.body else { continue };
        if newborn.low_weight_notified == Some(true) {
            notified.push(entry.everyone());
        } else if newborn.birth_weight.as_ref().and_then(grams).is_some_and(|weight| weight < LOW_WEIGHT_BELOW_GRAMS) {
            by_child.entry(entry.everyone()).or_default().push(entry);
        }
    }
    by_child.retain(|child, _| !notified.contains(child));
    let signals = by_child.into_values().filter_map(|records| {
        let first = records.first()?;
        let text = Text::new(
            "出生体重が2,500g未満です。低体重児届の有無を確かめてください。",
            "The birth weight is below 2,500 g. Check whether the low-weight notice has come.",
        );
        let evidence = records.iter().map(|record| record.id).collect();
        Some(SignalFound { evidence, ..first.signal(LOW_WEIGHT, first.due_in(DUE_DAYS), text) })
    });
    signals.collect()
}

/// A weight in grams. `None` when it is not known to be one, or only known to be more.
fn grams(weight: &proto::Quantity) -> Option<f64> {
    let value: f64 = weight.value.parse().ok()?;
    let factor = match weight.unit.as_str() {
        "g" => 1.0,
        "kg" => 1_000.0,
        _ => return None,
    };
    (!weight.comparator.starts_with('>')).then_some(value * factor)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) mod fixture;
