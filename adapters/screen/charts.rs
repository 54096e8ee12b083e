//! What people look at rather than read: the weight of a child, the EPDS of a mother, as points in time.

use crate::family::{Family, Person};
use crate::markup::visible;
use crate::wording::{grams, person};
use musubi_core::time::{Day, Time};
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

/// What was measured of one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name, else role.
    pub of: String,
    /// In the order of time.
    pub points: Vec<Point>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub day: Day,
    /// In grams, or points of the questionnaire.
    pub value: f64,
}

/// Weights of each child, in grams.
pub(super) fn weights(family: &Family<'_>) -> Vec<Series> {
    series(family, |person| person.role == Role::Child, weight)
}

/// EPDS totals of each who answered one.
pub(super) fn epds(family: &Family<'_>) -> Vec<Series> {
    series(family, |_| true, total)
}

fn series(
    family: &Family<'_>,
    wanted: impl Fn(&Person<'_>) -> bool,
    point: impl Fn(&proto::Entry, &Body) -> Option<Point>,
) -> Vec<Series> {
    let mut all = Vec::new();
    for one in family.people.iter().filter(|person| wanted(person)) {
        let read = |entry: &&proto::Entry| point(entry, entry.body.as_ref()?);
        let mut points: Vec<Point> = one.entries.iter().filter_map(read).collect();
        points.sort_by(|one, other| one.day.cmp(&other.day).then(one.value.total_cmp(&other.value)));
        points.dedup();
        let of = person::name(one).map_or_else(|| person::heading(one), |name| visible(&name));
        if !points.is_empty() {
            all.push(Series { of, points });
        }
    }
    all
}

fn weight(entry: &proto::Entry, body: &Body) -> Option<Point> {
    let (day, weight) = match body {
        Body::Newborn(newborn) => (born(newborn), newborn.birth_weight.as_ref()),
        Body::HomeVisit(visit) => (visit.visited_on.as_ref().and_then(day), visit.weight.as_ref()),
        Body::InfantCheck(check) => (check.visited_on.as_ref().and_then(day), check.weight.as_ref()),
        _ => return None,
    };
    Some(Point { day: day.or_else(|| occurred(entry))?, value: grams(weight).filter(|grams| *grams > 0.0)? })
}

fn total(entry: &proto::Entry, body: &Body) -> Option<Point> {
    let Body::Screening(screening) = body else { return None };
    let total = screening.total.filter(|_| screening.instrument == "epds")?;
    let day = screening.answered_on.as_ref().and_then(day).or_else(|| occurred(entry))?;
    Some(Point { day, value: f64::from(total) })
}

fn born(newborn: &proto::Newborn) -> Option<Day> {
    newborn.born_at.as_ref()?.date.as_ref().and_then(day)
}

/// The day of the entry, else that of its receipt.
fn occurred(entry: &proto::Entry) -> Option<Day> {
    let told = entry.occurred_at.as_ref().and_then(|at| at.date.as_ref()).and_then(day);
    told.or_else(|| Some(Time::from_micros(entry.recorded_at_micros).day()))
}

fn day(date: &proto::Date) -> Option<Day> {
    let part = |part: Option<i32>| i8::try_from(part?).ok();
    Day::new(i16::try_from(date.year).ok()?, part(date.month)?, part(date.day)?).ok()
}
