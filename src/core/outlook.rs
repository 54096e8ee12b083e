//! What a family awaits next (次の予定), and who saw each of them last: for the roster of the one-stop center.
//!
//! Like the signals, an input to a person and never a decision; only a [`Released`] is read, so that what the center may not
//! see is awaited nowhere. Dates follow the calendar of the law and of the national standard:
//! prenatal checks every four weeks to week 23, every two from week 24, weekly from week 36 (平成27年厚生労働省告示第226号);
//! visit of a newborn within 28 days (Maternal and Child Health Act art. 11) and of every infant within four months
//! (Child Welfare Act art. 6-3(4)); checks of the mother after two weeks and a month; checks of the child at one, three to
//! four, and nine to ten months, one and a half and three years (Maternal and Child Health Act art. 12, 13).

use crate::adapter::Text;
use crate::agency::AgencyId;
use crate::id::PersonId;
use crate::release::Released;
use crate::signals::{Dated, day};
use crate::time::{Day, Time};
use jiff::ToSpan;
use musubi_proto::v1 as proto;
use proto::SubjectRole::{Child, Mother};
use proto::entry::Body;
use std::collections::BTreeMap;

/// Days of a pregnancy of 40 weeks.
const TERM_DAYS: i32 = 280;
/// From here a check is due every two weeks, and from there every week.
const FORTNIGHTLY_FROM_DAYS: i32 = 24 * 7;
const WEEKLY_FROM_DAYS: i32 = 36 * 7;
/// Days after the due date from which word of the delivery is awaited, and no further check: 42 weeks.
const PAST_TERM_DAYS: i32 = 14;
/// Days until the visit of a newborn, months until that of every infant.
const NEWBORN_VISIT_DAYS: i32 = 28;
const INFANT_VISIT_MONTHS: i32 = 4;
/// The mother's checks: days after the delivery by which each is due, and from which one counts as it.
const MOTHER_CHECKS: [(i32, i32, &str, &str); 2] = [
    (21, 7, "産婦健診(2週間)", "postpartum check, two weeks"),
    (42, 25, "産婦健診(1か月)", "postpartum check, one month"),
];
/// The child's checks: code of the record, month by the end of which it is due, words.
const CHILD_CHECKS: [(&str, i32, &str, &str); 5] = [
    ("1m", 2, "1か月児健診", "check at one month"),
    ("3-4m", 5, "3~4か月児健診", "check at three to four months"),
    ("9-10m", 11, "9~10か月児健診", "check at nine to ten months"),
    ("1y6m", 24, "1歳6か月児健診", "check at one and a half years"),
    ("3y", 48, "3歳児健診", "check at three years"),
];

/// Something that is to happen for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// For whom.
    pub person: PersonId,
    /// What.
    pub what: Text,
    /// By when.
    pub due: Day,
}

/// Somebody met a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Who was met.
    pub person: PersonId,
    /// When.
    pub at: Time,
    /// Who met them, where that may be told.
    pub by: Option<AgencyId>,
}

/// Where on the way from pregnancy to school somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Awaits a birth (妊婦).
    Pregnant,
    /// Gave birth (産婦).
    Postpartum,
    /// A child (乳幼児).
    Child,
}

/// How many of a stage are looked after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// What is expected next lies ahead.
    pub in_time: u32,
    /// It should have happened.
    pub overdue: u32,
    /// Nothing is expected.
    pub nothing: u32,
    /// Of all these, those whom nobody has met yet as far as the center may see.
    pub unmet: u32,
}

impl Tally {
    /// Everybody of the stage.
    pub const fn all(&self) -> u32 {
        self.in_time.saturating_add(self.overdue).saturating_add(self.nothing)
    }
}

/// How far everybody in view is looked after, by stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<Stage, Tally>);

impl Coverage {
    /// Counts the people of one family.
    pub fn add(&mut self, released: &Released, now: Time) {
        let seen = last_seen(released, now);
        for (person, life) in people(released, now) {
            let Some(stage) = life.stage() else { continue };
            let tally = self.0.entry(stage).or_default();
            let counter = match life.next(person, now.day()) {
                Some(next) if next.due < now.day() => &mut tally.overdue,
                Some(_) => &mut tally.in_time,
                None => &mut tally.nothing,
            };
            *counter = counter.saturating_add(1);
            if !seen.iter().any(|sighting| sighting.person == person) {
                tally.unmet = tally.unmet.saturating_add(1);
            }
        }
    }

    /// The stages in which somebody is.
    pub fn stages(&self) -> impl Iterator<Item = (Stage, Tally)> {
        self.0.iter().map(|(stage, tally)| (*stage, *tally))
    }
}

/// What each person of a release awaits next, the earliest first; one thing for each person.
pub fn expected(released: &Released, now: Time) -> Vec<Expected> {
    let people = people(released, now);
    let mut awaited: Vec<Expected> = people.iter().filter_map(|(person, life)| life.next(*person, now.day())).collect();
    awaited.sort_by_key(|one| (one.due, one.person));
    awaited
}

/// Who saw each person of a release last.
pub fn last_seen(released: &Released, now: Time) -> Vec<Sighting> {
    let mut seen: BTreeMap<PersonId, Sighting> = BTreeMap::new();
    for entry in &released.record().entries {
        let Some(dated) = Dated::of(entry).filter(|dated| dated.at <= now) else { continue };
        for person in met(&dated) {
            let sighting = Sighting { person, at: dated.at, by: author(entry) };
            match seen.get(&person) {
                Some(known) if known.at >= sighting.at => {}
                _ => drop(seen.insert(person, sighting)),
            }
        }
    }
    seen.into_values().collect()
}

fn author(entry: &proto::Entry) -> Option<AgencyId> {
    let named = if entry.author.is_empty() { &entry.author_of_protection } else { &entry.author };
    AgencyId::new(named.clone()).ok()
}

/// Whom an entry shows to have been met face to face.
fn met(entry: &Dated<'_>) -> Vec<PersonId> {
    let all = || entry.persons.iter().map(|(person, _)| *person).collect();
    let some = |wanted: proto::SubjectRole| {
        entry.persons.iter().filter(|(_, role)| *role == wanted).map(|(person, _)| *person).collect::<Vec<_>>()
    };
    match entry.body {
        Body::HomeVisit(visit) => {
            let mother = matches!(visit.result.as_str(), "met_both" | "met_mother");
            let child = visit.child_seen == Some(true) || visit.child_seen.is_none() && visit.result == "met_both";
            let mut met = if mother { some(Mother) } else { Vec::new() };
            met.extend(if child { some(Child) } else { Vec::new() });
            met
        }
        Body::ContactAttempt(attempt) if attempt.child_seen == Some(true) => entry.children(),
        Body::PrenatalCheck(_)
        | Body::PostpartumCheck(_)
        | Body::InfantCheck(_)
        | Body::Delivery(_)
        | Body::Newborn(_)
        | Body::DischargeNotice(_)
        | Body::CareDelivery(_) => all(),
        _ => Vec::new(),
    }
}

/// What is known of one person's course.
#[derive(Default)]
struct Life {
    /// First day of the last period, reckoned.
    conceived: Option<Day>,
    prenatal: Option<Day>,
    delivered: Option<Day>,
    mother_checks: Vec<Day>,
    born: Option<Day>,
    visited: bool,
    child_checks: Vec<String>,
    dead: bool,
}

fn people(released: &Released, now: Time) -> BTreeMap<PersonId, Life> {
    let mut lives: BTreeMap<PersonId, Life> = BTreeMap::new();
    let dated = released.record().entries.iter().filter_map(Dated::of).filter(|entry| entry.at <= now);
    for entry in dated {
        for (person, role) in &entry.persons {
            lives.entry(*person).or_default().note(entry.body, *role, entry.at.day());
        }
    }
    deliver(&mut lives, &released.record().entries);
    lives
}

/// Whose child is born has delivered, also where nobody may be told of the delivery itself.
fn deliver(lives: &mut BTreeMap<PersonId, Life>, entries: &[proto::Entry]) {
    for link in entries.iter().filter(|entry| matches!(entry.body, Some(Body::ParentChild(_)))) {
        let persons =
            || link.person_ids.iter().zip(link.roles()).filter_map(|(id, role)| Some((PersonId::parse(id)?, role)));
        let of = |wanted| persons().find(|(_, role)| *role == wanted).map(|(person, _)| person);
        let born = of(Child).and_then(|child| lives.get(&child)?.born);
        if let Some(mother) = of(Mother).and_then(|mother| lives.get_mut(&mother)) {
            mother.delivered = mother.delivered.max(born);
        }
    }
}

impl Life {
    fn note(&mut self, body: &Body, role: proto::SubjectRole, at: Day) {
        match body {
            Body::PersonDetails(details) => {
                self.dead |= details.deceased == Some(true) || details.deceased_at.is_some();
                if role == Child {
                    self.born = self.born.or(details.birth_date.as_ref().and_then(day));
                }
            }
            Body::PregnancyNotification(notification) => {
                let due = notification.due_date.as_ref().and_then(day).and_then(|due| before(due, TERM_DAYS));
                let weeks = notification.gestation_days.and_then(|days| before(at, days));
                self.conceived = due.or(weeks).or(self.conceived);
                self.prenatal = self.prenatal.max(Some(at));
            }
            Body::PrenatalCheck(check) => {
                let weeks = check.gestation_days.and_then(|days| before(at, days));
                self.conceived = self.conceived.or(weeks);
                self.prenatal = self.prenatal.max(Some(at));
            }
            Body::Delivery(_) => self.delivered = Some(at),
            Body::PostpartumCheck(_) => self.mother_checks.push(at),
            // The check asks the EPDS (産婦健康診査事業), and often nothing else of it arrives.
            Body::Screening(screening) if screening.instrument == "epds" => self.mother_checks.push(at),
            Body::Newborn(_) if role == Child => self.born = Some(at),
            Body::HomeVisit(visit) if role == Child => self.visited |= visit.child_seen == Some(true),
            Body::InfantCheck(check) => self.child_checks.push(check.kind.clone()),
            _ => {}
        }
    }

    /// `None` of somebody of whom neither pregnancy nor birth is known.
    fn stage(&self) -> Option<Stage> {
        match (self.born, self.delivered, self.conceived) {
            (Some(_), _, _) => Some(Stage::Child),
            (None, Some(delivered), Some(conceived)) if delivered < conceived => Some(Stage::Pregnant),
            (None, Some(_), _) => Some(Stage::Postpartum),
            (None, None, Some(_)) => Some(Stage::Pregnant),
            (None, None, None) => None,
        }
    }

    fn next(&self, person: PersonId, today: Day) -> Option<Expected> {
        if self.dead {
            return None;
        }
        let (due, ja, en) =
            self.of_child(today).or_else(|| self.after_delivery(today)).or_else(|| self.pregnant(today))?;
        Some(Expected { person, what: Text::new(ja, en), due })
    }

    fn pregnant(&self, today: Day) -> Option<(Day, &'static str, &'static str)> {
        let (conceived, last) = (self.conceived?, self.prenatal?);
        if self.delivered.is_some_and(|delivered| delivered >= conceived) {
            return None;
        }
        if after(conceived, TERM_DAYS + PAST_TERM_DAYS)? < today {
            return Some((after(conceived, TERM_DAYS)?, "分娩の確認", "word of the delivery"));
        }
        let weeks = last.since(conceived).ok()?.get_days();
        let interval = match weeks {
            days if days >= WEEKLY_FROM_DAYS => 7,
            days if days >= FORTNIGHTLY_FROM_DAYS => 14,
            _ => 28,
        };
        Some((after(last, interval)?, "妊婦健診", "prenatal check"))
    }

    fn after_delivery(&self, today: Day) -> Option<(Day, &'static str, &'static str)> {
        let delivered =
            self.delivered.filter(|delivered| self.conceived.is_none_or(|conceived| conceived <= *delivered))?;
        MOTHER_CHECKS.into_iter().find_map(|(due, from, ja, en)| {
            let (due, from) = (after(delivered, due)?, after(delivered, from)?);
            let done = self.mother_checks.iter().any(|check| *check >= from);
            // A check of long ago that nobody reported is no longer waited for.
            let over = after(due, NEWBORN_VISIT_DAYS)? < today;
            (!done && !over).then_some((due, ja, en))
        })
    }

    fn of_child(&self, today: Day) -> Option<(Day, &'static str, &'static str)> {
        let born = self.born?;
        if !self.visited {
            let newborn = after(born, NEWBORN_VISIT_DAYS)?;
            let every = born.checked_add(INFANT_VISIT_MONTHS.months()).ok()?;
            if today <= newborn {
                return Some((newborn, "新生児訪問", "visit of the newborn"));
            }
            if today <= after(every, NEWBORN_VISIT_DAYS)? {
                return Some((every, "乳児家庭全戸訪問", "visit of every infant"));
            }
        }
        CHILD_CHECKS.into_iter().find_map(|(code, months, ja, en)| {
            let due = born.checked_add(months.months()).ok()?;
            let over = after(due, 2 * NEWBORN_VISIT_DAYS)? < today;
            let done = self.child_checks.iter().any(|known| known == code);
            (!done && !over).then_some((due, ja, en))
        })
    }
}

fn after(day: Day, days: i32) -> Option<Day> {
    day.checked_add(days.days()).ok()
}

fn before(day: Day, days: i32) -> Option<Day> {
    day.checked_sub(days.days()).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::signals::fixture::{about, entry, now, on, person, released};
    use jiff::civil::date;

    fn at(day: Day) -> Time {
        Time::from_japan(day.at(12, 0, 0, 0))
    }

    fn notified(on_day: proto::Date, weeks: i32) -> Body {
        Body::PregnancyNotification(proto::PregnancyNotification {
            notified_on: Some(on_day),
            gestation_days: Some(weeks * 7),
            ..Default::default()
        })
    }

    fn newborn(day: Day) -> Body {
        let date = on(i32::from(day.year()), i32::from(day.month()), i32::from(day.day()));
        let born_at = proto::DateTime { date: Some(date), ..Default::default() };
        Body::Newborn(proto::Newborn { born_at: Some(born_at), ..Default::default() })
    }

    fn visit(result: &str, seen: bool) -> Body {
        Body::HomeVisit(proto::HomeVisit {
            visited_on: Some(on(2026, 11, 10)),
            result: result.to_owned(),
            child_seen: Some(seen),
            ..Default::default()
        })
    }

    #[test]
    fn a_prenatal_check_is_due_after_four_weeks_then_two_then_one() {
        for (weeks, due) in [(9, date(2026, 5, 4)), (24, date(2026, 4, 20)), (36, date(2026, 4, 13))] {
            let record = released(vec![about(1, "n", notified(on(2026, 4, 6), weeks))]);
            let awaited = expected(&record, at(date(2026, 4, 7)));
            assert_eq!((awaited[0].due, &*awaited[0].what.en), (due, "prenatal check"), "{weeks}");
        }
    }

    #[test]
    fn a_pregnancy_long_past_its_term_awaits_word_of_the_delivery() {
        let record = released(vec![about(1, "n", notified(on(2026, 1, 6), 30))]);
        assert_eq!(expected(&record, now())[0].what.en, "word of the delivery");
    }

    #[test]
    fn whose_child_is_born_awaits_no_check_before_birth() {
        let link = Body::ParentChild(proto::ParentChild { relationship: "MTH".to_owned(), ..Default::default() });
        let entries = vec![
            about(1, "n", notified(on(2026, 4, 6), 10)),
            about(2, "b", newborn(date(2026, 10, 26))),
            entry(&[1, 2], "l", link),
        ];
        let awaited = expected(&released(entries), now());
        let of_mother = awaited.iter().find(|one| one.person == person(1)).unwrap();
        assert_eq!((of_mother.due, &*of_mother.what.en), (date(2026, 11, 16), "postpartum check, two weeks"));
    }

    #[test]
    fn a_newborn_awaits_a_visit_and_one_who_was_seen_the_first_check() {
        let born = date(2026, 10, 26);
        let unseen = released(vec![about(2, "b", newborn(born))]);
        assert_eq!(expected(&unseen, now())[0].due, date(2026, 11, 23));
        assert_eq!(expected(&unseen, at(date(2026, 12, 1)))[0].what.en, "visit of every infant");
        let absent = released(vec![about(2, "b", newborn(born)), about(2, "v", visit("absent", false))]);
        assert_eq!(expected(&absent, now())[0].what.en, "visit of the newborn");
        let seen = released(vec![about(2, "b", newborn(born)), about(2, "v", visit("met_both", true))]);
        assert_eq!(expected(&seen, now())[0].what.en, "check at one month");
    }

    #[test]
    fn everybody_in_view_is_counted_once_by_stage() {
        let link = Body::ParentChild(proto::ParentChild { relationship: "MTH".to_owned(), ..Default::default() });
        let pregnant = about(3, "n", notified(on(2026, 11, 1), 20));
        let born = about(2, "b", newborn(date(2026, 10, 26)));
        let mut coverage = Coverage::default();
        coverage.add(&released(vec![born, entry(&[1, 2], "l", link)]), at(date(2026, 11, 20)));
        coverage.add(&released(vec![pregnant]), at(date(2026, 11, 20)));
        let tally = |in_time, overdue, unmet| Tally { in_time, overdue, nothing: 0, unmet };
        let counted: Vec<_> = coverage.stages().collect();
        let expected =
            [(Stage::Pregnant, tally(1, 0, 1)), (Stage::Postpartum, tally(0, 1, 1)), (Stage::Child, tally(1, 0, 0))];
        assert_eq!(counted, expected);
    }

    #[test]
    fn who_saw_a_child_last_is_who_met_it_and_not_who_knocked() {
        let born = date(2026, 10, 26);
        let seen = |visit| {
            let record = released(vec![about(2, "b", newborn(born)), about(2, "v", visit)]);
            last_seen(&record, now()).into_iter().find(|sighting| sighting.person == person(2)).unwrap().at.day()
        };
        assert_eq!(seen(visit("absent", false)), born);
        assert_eq!(seen(visit("met_both", true)), date(2026, 11, 10));
    }
}
