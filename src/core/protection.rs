//! Who holds an open case of child protection (要保護児童等のケース), and which contact with a hospital it is told of (`consent.md`
//! section 11, after the Child Protection Information Sharing of the United Kingdom).
//!
//! The notice runs towards the authority that answers for the person, as a notification of abuse does, and never back: somebody came
//! to a hospital, to which, and when. It opens nothing that the hospital wrote; for that the holder needs its ground or a
//! permit as before. Of the tiers it passes the gates (T0) alone, which bar a duty as well. Date and facility tell where
//! somebody is, so that a link of the holder to the perpetrator or a shield that does not name it bars the notice whole: a notice
//! without its place would tell that there is something to hide.

use crate::agency::{AgencyId, Category, CategorySet, Purpose};
use crate::cases::CaseCategory;
use crate::consent::{Facts, Item, Label, Originator, Policy, Request, Rule, SubjectFacts, view};
use crate::id::PersonId;
use crate::record::{SharedEntry, SharedRecord, moment};
use crate::signals::day;
use crate::time::Time;
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;
use std::collections::{BTreeMap, BTreeSet};

/// Status of a case that is no longer one.
const CLOSED: &str = "Closed";
/// Status of a stay that has not begun.
const PLANNED: &str = "planned";

/// The purpose under which a holder is told.
pub const TOLD_FOR: Purpose = Purpose::P5;

/// Somebody came to a hospital, for whom an agency holds an open case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Who came.
    pub person: PersonId,
    /// Who wrote the case. Whether it is an authority, the register says.
    pub holder: AgencyId,
    /// Number of the case, as its holder writes it.
    pub case: String,
    /// From when on the person was there, as far as the hospital says.
    pub from: Time,
    /// The stays that this is about: one notice stands for all of them.
    pub stays: BTreeSet<String>,
}

/// The contacts that arriving entries of one hospital tell of. `record` holds them too, beside what was on file; a stay that
/// was over before a case began is none of its contacts, and a planned one is none yet.
pub fn contacts(
    record: &SharedRecord,
    arriving: &[SharedEntry],
    facts: &BTreeMap<PersonId, SubjectFacts>,
    now: Time,
) -> Vec<Contact> {
    let mut found: BTreeMap<(PersonId, AgencyId), Contact> = BTreeMap::new();
    for case in record.entries().iter().filter_map(|entry| Case::open(entry, record, facts, now)) {
        for (entry, stay) in arriving.iter().filter_map(|entry| Some((entry, Stay::of(entry)?))) {
            let covered = entry.persons().into_iter().map(|(person, _)| person).filter(|p| case.persons.contains(p));
            for person in covered.filter(|_| stay.until >= case.since) {
                let contact = found.entry((person, case.holder.clone())).or_insert_with(|| Contact {
                    person,
                    holder: case.holder.clone(),
                    case: case.number.to_owned(),
                    from: stay.from,
                    stays: BTreeSet::new(),
                });
                contact.from = contact.from.min(stay.from);
                contact.stays.insert(stay.key.clone());
            }
        }
    }
    found.into_values().collect()
}

/// Is a case about any of these persons open?
pub(crate) fn has_open_case(record: &SharedRecord, facts: &BTreeMap<PersonId, SubjectFacts>, now: Time) -> bool {
    let mut cases = record.entries().iter().filter_map(|entry| Case::open(entry, record, facts, now));
    cases.any(|case| !case.persons.is_empty())
}

/// The stays that entries are about.
pub fn stays<'e>(entries: impl Iterator<Item = &'e SharedEntry>) -> BTreeSet<String> {
    entries.filter_map(Stay::of).map(|stay| stay.key).collect()
}

/// May the holder, who asks, be told of what this hospital wrote? As of an item of child protection that tells where the person is.
pub fn may_be_told(
    policy: &Policy,
    request: &Request,
    facts: &Facts,
    (contact, hospital): (&Contact, &AgencyId),
    now: Time,
) -> bool {
    let item = Item {
        entry: None,
        categories: CategorySet::EMPTY.with(Category::C13),
        subjects: &[contact.person],
        author: hospital,
        commissioned: false,
        whereabouts: true,
        label: Label::N,
        originator: Originator::None,
        message: None,
        is_own_report: false,
        referral_parties: &[],
    };
    let decided = view(policy, request, facts, &item, now);
    decided.decisions.iter().any(|(_, decision)| decision.rule > Rule::Shield)
}

/// An open case.
struct Case<'e> {
    holder: AgencyId,
    number: &'e str,
    since: Time,
    persons: BTreeSet<PersonId>,
}

impl<'e> Case<'e> {
    fn open(
        entry: &'e SharedEntry,
        record: &SharedRecord,
        facts: &BTreeMap<PersonId, SubjectFacts>,
        now: Time,
    ) -> Option<Self> {
        let mut persons: BTreeSet<PersonId> = entry.persons().into_iter().map(|(person, _)| person).collect();
        let (number, began) = match entry.message().body.as_ref()? {
            Body::WelfareCase(case) if case.status != CLOSED => {
                if case.category == CaseCategory::SpecifiedPregnantWoman.word() {
                    let born: Vec<PersonId> = children_of(record, &persons).collect();
                    persons.extend(born);
                }
                (&case.case_id, case.intake_at.as_ref().and_then(moment))
            }
            Body::CouncilCase(case) => {
                // Its coordinator closes the list of members, not the entry.
                let listed = |person: &PersonId| facts.get(person).into_iter().flat_map(|facts| &facts.council_cases);
                persons.retain(|person| listed(person).any(|list| list.number == case.case_id && list.open(now)));
                (&case.case_id, case.opened_on.as_ref().and_then(day).map(Time::start_of))
            }
            _ => return None,
        };
        Some(Case { holder: entry.author()?, number, since: began.unwrap_or_else(|| entry.recorded_at()), persons })
    }
}

/// The children of these mothers. A case of a specified pregnant woman (特定妊婦) is about the child that she bears.
fn children_of<'r>(record: &'r SharedRecord, mothers: &'r BTreeSet<PersonId>) -> impl Iterator<Item = PersonId> + 'r {
    let links = record.entries().iter().filter(|entry| matches!(entry.message().body, Some(Body::ParentChild(_))));
    links.flat_map(|link| {
        let of_role = |role| link.message().roles().zip(&link.message().person_ids).filter(move |(r, _)| *r == role);
        let hers = of_role(Role::Mother).any(|(_, id)| PersonId::parse(id).is_some_and(|id| mothers.contains(&id)));
        of_role(Role::Child).filter_map(move |(_, id)| PersonId::parse(id).filter(|_| hers))
    })
}

/// What an entry says of a stay or a birth.
struct Stay {
    key: String,
    from: Time,
    until: Time,
}

impl Stay {
    fn of(entry: &SharedEntry) -> Option<Self> {
        let at = entry.occurred_at();
        let said = |time: Option<&proto::DateTime>| time.and_then(moment);
        let (from, until) = match entry.message().body.as_ref()? {
            Body::Encounter(stay) if stay.status != PLANNED => {
                let period = stay.period.as_ref();
                (said(period.and_then(|period| period.start.as_ref())), said(period.and_then(|p| p.end.as_ref())))
            }
            Body::DischargeNotice(notice) => (said(notice.admitted_at.as_ref()), said(notice.discharged_at.as_ref())),
            Body::Delivery(_) | Body::Newborn(_) => (None, None),
            _ => return None,
        };
        let key = format!("{}\u{1f}{}", entry.author()?, entry.message().source_key);
        Some(Stay { key, from: from.unwrap_or(at), until: until.unwrap_or(at) })
    }
}

#[cfg(test)]
mod tests;
