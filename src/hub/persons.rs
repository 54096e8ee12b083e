//! Whom a caller means, and two that are one.

use super::caller::{Caller, Operation};
use super::family::Family;
use super::ledger::act;
use super::register::Agency;
use super::{Hub, Refusal};
use crate::store::{AliasRow, Change, Expect, IndexRow, Row};
use musubi_core::agency::{AgencyId, AgencyKind};
use musubi_core::id::{Municipality, PersonId};
use musubi_core::identity::terms_of_question;
use musubi_core::record::{PersonKey, SharedEntry};
use musubi_core::sealing::Blind;
use std::sync::Arc;

/// A person as a caller names one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Musubi's id.
    pub person: Option<PersonId>,
    /// Or issuer and identifier.
    pub key: Option<PersonKey>,
    /// Or a name in either script.
    pub name: String,
    /// With the birth date, `YYYY-MM-DD`.
    pub birth_date: String,
}

impl Named {
    /// By name and birth date.
    pub fn by_name(name: &str, birth_date: &str) -> Self {
        Named { name: name.to_owned(), birth_date: birth_date.to_owned(), ..Named::default() }
    }
}

/// Most persons of one name and birth date who are looked at. Far more than a caller is shown: those it may not see must not
/// crowd out one it may.
const FOUND_MAX: u32 = 200;
/// Most persons of one call: each is read with the whole family.
pub(super) const PERSONS_MAX: usize = 16;
/// Most agencies of one list.
pub(super) const AGENCIES_MAX: usize = 32;

impl Hub {
    /// The person that is meant; `None` when nobody is known, or more than one person fits.
    pub(crate) async fn find(&self, named: &Named) -> Result<Option<PersonId>, Refusal> {
        if let Some(person) = named.person {
            let found = self.store.persons(&[person]).await?.into_iter().find(|row| row.key.is_some());
            return Ok(found.map(|row| row.joined_into.unwrap_or(row.id)));
        }
        if let Some(key) = &named.key {
            let found = self.store.persons_by_alias(&[self.alias(key)]).await?;
            return Ok(found.into_iter().flatten().next());
        }
        let found = self.find_by_name(&named.name, &named.birth_date).await?;
        Ok(match found.as_slice() {
            [one] => Some(*one),
            _ => None,
        })
    }

    /// Those with this name and birth date, by the id that each is known by now; needs both (S-60).
    pub(crate) async fn find_by_name(&self, name: &str, birth_date: &str) -> Result<Vec<PersonId>, Refusal> {
        if name.is_empty() || birth_date.is_empty() {
            return Ok(Vec::new());
        }
        let terms = terms_of_question(name, birth_date);
        let blinds: Vec<Blind> = terms.iter().map(|(field, text)| self.keyring.blind.blind(field, text)).collect();
        let rows = self.store.persons_by_index(&blinds, FOUND_MAX).await?;
        let mut found: Vec<PersonId> = rows.into_iter().map(|(_, row)| row.joined_into.unwrap_or(row.id)).collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The persons that are meant, with everything on file; one that nobody has seen yet is made, empty and invisible
    /// (`consent.md` section 2), by the rows that are added to `change`.
    pub(crate) async fn persons_meant(
        &self,
        all: &[Named],
        caller: &Caller,
        change: &mut Change,
    ) -> Result<(Family, Vec<PersonId>), Refusal> {
        at_most(all.len(), PERSONS_MAX, "persons")?;
        let now = self.now();
        let mut found = Vec::new();
        for named in all {
            found.push(self.find(named).await?);
        }
        let known: Vec<PersonId> = found.iter().flatten().copied().collect();
        let mut family = self.family(&known, now).await?;
        change.expect.extend(family.epochs());
        let mut persons = Vec::new();
        for (named, found) in all.iter().zip(found) {
            // Who is named twice, as a mother who permits for herself, is one person.
            let before = all.iter().zip(&persons).find(|(earlier, _)| *earlier == named).map(|(_, person)| *person);
            persons.push(match found.or(before) {
                Some(person) => person,
                None => self.first_seen(named, caller, &mut family, change).await?,
            });
        }
        Ok((family, persons))
    }

    /// Makes a person whom nobody has seen yet, to be found by whatever the caller named them by.
    async fn first_seen(
        &self,
        named: &Named,
        caller: &Caller,
        family: &mut Family,
        change: &mut Change,
    ) -> Result<PersonId, Refusal> {
        if named.person.is_some() {
            return Err(unknown_person());
        }
        let municipality = &caller.agency.municipality;
        let (row, data_key) = self.new_person(self.now(), municipality);
        let person = row.id;
        change.rows.push(Row::Person(row.clone()));
        if let Some(key) = &named.key {
            let blind = self.alias(key);
            change.expect.push(Expect::NoAlias { blind });
            change.rows.push(Row::Alias(AliasRow { blind, person, municipality: municipality.clone() }));
        } else {
            self.several_in(municipality, named, caller).await?;
            for (field, text) in terms_of_question(&named.name, &named.birth_date) {
                let blind = self.keyring.blind.blind(field, &text);
                change.rows.push(Row::Index(IndexRow { blind, person, municipality: municipality.clone() }));
            }
        }
        family.add(row, data_key);
        Ok(person)
    }

    /// Several of this name and birth date are kept in the municipality: its center, which knows them all, says whom it
    /// means. Nobody else is told.
    pub(super) async fn several_in(
        &self,
        municipality: &Municipality,
        named: &Named,
        caller: &Caller,
    ) -> Result<(), Refusal> {
        let same = self.find_by_name(&named.name, &named.birth_date).await?;
        let kept = self.store.persons(&same).await?.into_iter().filter(|row| row.municipality == *municipality).count();
        if caller.agency.kind != AgencyKind::Osc || kept < 2 {
            return Ok(());
        }
        Err(Refusal::invalid(
            "M402",
            "persons",
            "同じ氏名・生年月日の方が複数登録されています。同じ方かを確認するか、識別子で指定してください。",
            "Several of this name and birth date are on file. Join them, or name one by an identifier.",
        ))
    }

    /// Is a person kept in a municipality? Somebody who is kept nowhere yet is nobody's.
    pub(super) fn kept_in(family: &Family, person: PersonId, municipality: &Municipality) -> bool {
        let ids = family.ids_of(person);
        let mut rows = ids.iter().filter_map(|id| family.persons.get(id));
        rows.any(|row| row.municipality == *municipality)
    }

    /// Is the caller the one-stop center where the person is kept?
    pub(super) fn is_center_of(&self, caller: &Caller, family: &Family, person: PersonId) -> bool {
        caller.agency.kind == AgencyKind::Osc && Self::kept_in(family, person, &caller.agency.municipality)
    }

    /// The one-stop center where a person is kept.
    pub(super) fn center_of(&self, family: &Family, person: PersonId) -> Option<Arc<Agency>> {
        let ids = family.ids_of(person);
        let rows = ids.iter().filter_map(|id| family.persons.get(id));
        rows.filter_map(|row| self.register.center(&row.municipality)).next()
    }

    /// Somebody kept in another municipality is answered as unknown: a center acts for its own (S-60).
    pub(super) fn own_persons(
        &self,
        caller: &Caller,
        family: &Family,
        persons: impl IntoIterator<Item = PersonId>,
    ) -> Result<(), Refusal> {
        let unassigned = Municipality::unassigned();
        let own = |person| {
            Self::kept_in(family, person, &caller.agency.municipality) || Self::kept_in(family, person, &unassigned)
        };
        if persons.into_iter().all(own) { Ok(()) } else { Err(unknown_person()) }
    }

    /// The municipality where a person is kept, else the caller's.
    pub(crate) fn municipality_of(&self, family: &Family, caller: &Caller) -> Municipality {
        let unassigned = Municipality::unassigned();
        let kept = family.persons.values().map(|row| row.municipality.clone()).find(|m| *m != unassigned);
        kept.unwrap_or_else(|| caller.agency.municipality.clone())
    }

    /// An officer of the one-stop center says that two are one.
    ///
    /// # Errors
    /// When the caller is no officer of a center, either is unknown or kept in another municipality (the same answer), or
    /// already joined.
    pub async fn join(&self, caller: &Caller, one: &Named, other: &Named, reason: &str) -> Result<PersonId, Refusal> {
        only_center_staff(caller)?;
        let now = self.now();
        let (Some(one), Some(other)) = (self.find(one).await?, self.find(other).await?) else {
            return Err(unknown_person());
        };
        if one == other {
            return Ok(one);
        }
        let family = self.family(&[one, other], now).await?;
        self.own_persons(caller, &family, [one, other])?;
        let municipality = self.municipality_of(&family, caller);
        let mut entry = act(now, "join persons", caller.id(), &caller.actor);
        entry.note = reason.chars().take(40).filter(|c| c.is_ascii()).collect();
        let leaf = self.leaf(now, &municipality, &family, &[one, other], entry);
        let rows = vec![Row::Join { person: one, into: other }];
        let change = Change { expect: family.epochs(), rows, message: None, leaves: vec![leaf] };
        self.store.commit("join persons", change).await?;
        self.decide_again(&[one, other]).await;
        Ok(other)
    }
}

impl Family {
    /// Did an agency write an entry about a person?
    pub(super) fn wrote_about(&self, agency: &AgencyId, person: PersonId) -> bool {
        let known = self.known_as(person);
        let about = |entry: &SharedEntry| entry.persons().iter().any(|(person, _)| *person == known);
        self.record().entries().iter().any(|entry| entry.author().as_ref() == Some(agency) && about(entry))
    }
}

impl Named {
    /// Is the person named by an identifier that this agency gives out itself?
    pub(super) fn is_own_identifier(&self, caller: &Caller) -> bool {
        let issued = |key: &PersonKey| key.issuer == caller.id().as_str();
        self.person.is_none() && self.key.as_ref().is_some_and(issued)
    }
}

/// Somebody whom nobody knows, or whom this caller is not to know: the same answer.
pub(super) fn unknown_person() -> Refusal {
    Refusal::invalid("M401", "persons", "指定された方が見つかりません。", "No such person is known to you.")
}

/// So many and no more.
pub(super) fn at_most(count: usize, most: usize, place: &'static str) -> Result<(), Refusal> {
    if count <= most {
        return Ok(());
    }
    Err(Refusal::invalid(
        "M608",
        place,
        "一度に指定できる数を超えています(対象者は16人、機関は32まで)。",
        "Too many at once: at most 16 persons, 32 agencies.",
    ))
}

/// Only a person on the staff of a one-stop center may do this.
pub(super) fn only_center_staff(caller: &Caller) -> Result<(), Refusal> {
    if caller.check(Operation::KeepPersons).is_ok() {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "M804",
        "staff_id",
        "この操作はこども家庭センターの登録職員だけができます。",
        "Only registered staff of a one-stop center may do this.",
    ))
}
