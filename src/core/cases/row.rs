//! One row of an answer: what a release tells about a family.

use super::{CaseCategory, CaseSeverity, Level, SignalCriterion, UnresponsiveVisits, Urgency};
use crate::id::{Municipality, PersonId};
use crate::identity::{Description, Match, compare};
use crate::record::moment;
use crate::release::Released;
use crate::signals::{self, Dated};
use crate::time::{Day, Time};
use musubi_proto::v1 as proto;
use musubi_proto::{Labelled, Mask};
use proto::entry::Body;
use std::collections::{BTreeMap, BTreeSet};

/// When somebody saw the child, and who recorded it, as far as the release tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The day.
    pub on: Day,
    /// The agency; `None` where its name is not released.
    pub by: Option<String>,
}

/// What a level leaves of a release. It only takes away.
pub fn narrowed(released: &Released, level: Level) -> Vec<proto::Entry> {
    let mask = Mask { full: level.categories().bits() | Mask::WHEREABOUTS, general: 0 };
    let mut entries = released.record().entries.clone();
    entries.retain_mut(|entry| entry.project(mask));
    entries
}

/// The agency that is responsible, by the latest visible case, council case or concern: its lead agency, else its author.
pub fn owner_agency(released: &Released) -> Option<String> {
    let of_entry = |entry: &proto::Entry| {
        let lead = match entry.body.as_ref()? {
            Body::WelfareCase(case) => &case.lead_agency,
            Body::CouncilCase(case) => &case.lead_agency,
            Body::Concern(_) => "",
            _ => return None,
        };
        let named = [lead, entry.author_of_protection.as_str(), entry.author.as_str()];
        named.into_iter().find(|name| !name.is_empty()).map(str::to_owned)
    };
    let entries = &released.record().entries;
    let rank = |entry: &proto::Entry| !matches!(entry.body, Some(Body::Concern(_)));
    let owners = entries.iter().filter_map(|entry| Some((rank(entry), entry.recorded_at_micros, of_entry(entry)?)));
    owners.max().map(|(_, _, owner)| owner)
}

/// The id of the case in the hub: that of the first child, else person, of its visible entries of child protection. It
/// follows from what is released, and so does an order by it.
pub fn tracking_id(released: &Released) -> Option<PersonId> {
    let entries = released.record().entries.iter().filter_map(Dated::of).filter(|entry| is_protection(entry.body));
    entries.flat_map(|entry| entry.children()).min()
}

/// When the child was last seen, as far as the release tells.
pub fn last_seen(released: &Released, now: Time) -> Option<Seen> {
    latest_sighting(&released.record().entries, now)
}

fn latest_sighting(entries: &[proto::Entry], now: Time) -> Option<Seen> {
    let sightings = entries.iter().filter_map(|entry| {
        let dated = Dated::of(entry)?;
        (signals::saw_child(dated.body) && dated.at <= now).then_some((dated.at, &entry.author))
    });
    let (at, author) = sightings.max()?;
    Some(Seen { on: at.day(), by: Some(author.clone()).filter(|name| !name.is_empty()) })
}

fn is_protection(body: &Body) -> bool {
    matches!(body, Body::WelfareCase(_) | Body::CouncilCase(_) | Body::Concern(_))
}

/// A release, with what its level leaves of it.
pub(super) struct Row<'a> {
    released: &'a Released,
    entries: Vec<proto::Entry>,
    now: Time,
}

impl<'a> Row<'a> {
    pub(super) fn new(released: &'a Released, level: Level, now: Time) -> Self {
        Row { released, entries: narrowed(released, level), now }
    }

    fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.entries.iter().filter_map(|entry| entry.body.as_ref())
    }

    fn cases(&self) -> impl Iterator<Item = &proto::WelfareCase> {
        self.bodies().filter_map(|body| match body {
            Body::WelfareCase(case) => Some(case),
            _ => None,
        })
    }

    pub(super) fn is_case(&self) -> bool {
        self.bodies().any(is_protection)
    }

    pub(super) fn lies_in(&self, code: &Municipality) -> bool {
        self.released.record().entries.iter().any(|entry| {
            let addresses = match &entry.body {
                Some(Body::PersonDetails(details)) => details.addresses.as_slice(),
                _ => &[],
            };
            entry.municipality == code.as_str() || addresses.iter().any(|address| address.municipality == code.as_str())
        })
    }

    pub(super) fn has_category(&self, category: CaseCategory) -> bool {
        self.cases().any(|case| case.category == category.word())
    }

    pub(super) fn has_urgency(&self, urgency: Urgency) -> bool {
        self.cases().any(|case| case.urgency == urgency.word())
    }

    pub(super) fn severity(&self) -> Option<CaseSeverity> {
        self.cases().filter_map(|case| case.severity.parse().ok()).max()
    }

    pub(super) fn is_unborn(&self) -> bool {
        let of_pregnancy = |case: &proto::WelfareCase| case.category == CaseCategory::SpecifiedPregnantWoman.word();
        self.cases().any(|case| of_pregnancy(case) && case.status != "Closed")
    }

    pub(super) fn describes(&self, person: &Description) -> bool {
        self.bodies().any(|body| match body {
            Body::PersonDetails(details) => compare(person, &Description::of(details)).outcome >= Match::Review,
            _ => false,
        })
    }

    /// Whole months of each child whose date of birth is visible.
    pub(super) fn ages_in_months(&self) -> Vec<u32> {
        let dated: Vec<Dated<'_>> = self.entries.iter().filter_map(Dated::of).collect();
        let children: BTreeSet<PersonId> = dated
            .iter()
            .flat_map(|entry| &entry.persons)
            .filter(|(_, role)| *role == proto::SubjectRole::Child)
            .map(|(person, _)| *person)
            .collect();
        let births = children.into_iter().filter_map(|child| signals::birth_date(&dated, child));
        births.filter_map(|born| whole_months(born, self.now.day())).collect()
    }

    pub(super) fn has_signal(&self, criterion: SignalCriterion) -> bool {
        match criterion {
            SignalCriterion::Raised(code) => self.raised(code.word()),
            SignalCriterion::NotSeenDays(days) => {
                let limit = self.now.plus_days(-i64::from(days)).day();
                latest_sighting(&self.entries, self.now).is_none_or(|seen| seen.on <= limit)
            }
        }
    }

    /// A signal that stands in the record and is not closed, or that the visible entries raise by themselves.
    fn raised(&self, code: &str) -> bool {
        let stands = self.bodies().any(|body| match body {
            Body::Signal(signal) => signal.code == code && signal.state != "closed",
            _ => false,
        });
        stands || signals::find_in(&self.entries, self.now).iter().any(|signal| signal.code == code)
    }

    /// Counted for each person, so that one visit to twins is one visit.
    pub(super) fn unresponsive(&self, wanted: UnresponsiveVisits) -> bool {
        let since = self.now.plus_days(-i64::from(wanted.within_days));
        let mut visits: BTreeMap<PersonId, u32> = BTreeMap::new();
        for entry in self.entries.iter().filter_map(Dated::of) {
            if is_unresponsive(entry.body) && entry.at >= since && entry.at <= self.now {
                for person in entry.children() {
                    *visits.entry(person).or_default() += 1;
                }
            }
        }
        wanted.at_least == 0 || visits.values().any(|count| *count >= wanted.at_least)
    }

    pub(super) fn notifications(&self) -> u32 {
        let count = self.bodies().filter(|body| matches!(body, Body::Concern(_))).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    pub(super) fn moved_since(&self, day: Day) -> bool {
        let from = Time::start_of(day);
        let later = |at: Option<&proto::DateTime>| at.and_then(moment).is_some_and(|at| at >= from);
        self.bodies().any(|body| match body {
            Body::WelfareCase(case) => case.initiation_reason == "TI" && later(case.intake_at.as_ref()),
            Body::PersonDetails(details) => {
                let began = |address: &proto::Address| later(address.period.as_ref().and_then(|p| p.start.as_ref()));
                details.addresses.iter().any(began)
            }
            _ => false,
        })
    }
}

fn is_unresponsive(body: &Body) -> bool {
    let result = match body {
        Body::HomeVisit(visit) if visit.child_seen != Some(true) => &visit.result,
        Body::ContactAttempt(attempt) if attempt.method == "visit" && attempt.child_seen != Some(true) => {
            &attempt.result
        }
        _ => return false,
    };
    matches!(result.as_str(), "absent" | "refused" | "address_unknown")
}

/// `None` before birth.
fn whole_months(born: Day, on: Day) -> Option<u32> {
    let months = (i32::from(on.year()) - i32::from(born.year())) * 12 + i32::from(on.month()) - i32::from(born.month());
    u32::try_from(months - i32::from(on.day() < born.day())).ok()
}
