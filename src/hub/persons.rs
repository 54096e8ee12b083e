//! Whom a caller means, and two that are one.

use super::caller::Caller;
use super::family::Family;
use super::ledger::act;
use super::{Hub, Refusal};
use crate::store::{AliasRow, Change, Expect, Row};
use musubi_core::agency::{AgencyKind, Role};
use musubi_core::id::{Municipality, PersonId};
use musubi_core::identity::terms_of_question;
use musubi_core::record::PersonKey;

/// A person as a caller names one.
#[derive(Clone, Default)]
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

/// Most persons that a name and birth date may find; more are nobody's (S-60).
const FOUND_MAX: u32 = 5;

impl Hub {
    /// The person that is meant; `None` when nobody is known, or more than one person fits.
    pub(crate) async fn find(&self, named: &Named) -> Result<Option<PersonId>, Refusal> {
        if let Some(person) = named.person {
            return Ok(self.store.persons(&[person]).await?.first().map(|row| row.joined_into.unwrap_or(row.id)));
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
        let mut found = Vec::new();
        if name.is_empty() || birth_date.is_empty() {
            return Ok(found);
        }
        for (field, text) in terms_of_question(name, birth_date) {
            let blind = self.keyring.blind.blind(field, &text);
            let ids = self.store.persons_by_index(blind, FOUND_MAX).await?;
            found.extend(self.store.persons(&ids).await?.into_iter().map(|row| row.joined_into.unwrap_or(row.id)));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The persons that are meant, with everything on file; one that nobody has seen yet is made, empty and invisible
    /// (`consent.md` section 2), by the rows that are added to `change`.
    pub(crate) async fn persons_meant(
        &self,
        all: &[Named],
        municipality: &Municipality,
        change: &mut Change,
    ) -> Result<(Family, Vec<PersonId>), Refusal> {
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
            if let Some(person) = found {
                persons.push(person);
                continue;
            }
            let (row, data_key) = self.new_person(now, municipality);
            change.rows.push(Row::Person(row.clone()));
            if let Some(key) = &named.key {
                let blind = self.alias(key);
                change.expect.push(Expect::NoAlias { blind });
                change.rows.push(Row::Alias(AliasRow { blind, person: row.id, municipality: municipality.clone() }));
            }
            persons.push(row.id);
            family.add(row, data_key);
        }
        Ok((family, persons))
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
    /// When the caller is no officer of a center, or either is unknown or already joined.
    pub async fn join(&self, caller: &Caller, one: &Named, other: &Named, reason: &str) -> Result<PersonId, Refusal> {
        only_center_staff(caller)?;
        let now = self.now();
        let (Some(one), Some(other)) = (self.find(one).await?, self.find(other).await?) else {
            return Err(Refusal::invalid(
                "M401",
                "persons",
                "指定された方が見つかりません。",
                "One of the two is not known.",
            ));
        };
        if one == other {
            return Ok(one);
        }
        let family = self.family(&[one, other], now).await?;
        let municipality = self.municipality_of(&family, caller);
        let mut entry = act(now, "join persons", caller.id(), &caller.actor);
        entry.note = reason.chars().take(40).filter(|c| c.is_ascii()).collect();
        let leaf = self.leaf(now, &municipality, &family, &[one, other], entry);
        let rows = vec![Row::Join { person: one, into: other }];
        let change = Change { expect: family.epochs(), rows, message: None, leaves: vec![leaf] };
        self.store.commit("join persons", change).await?;
        self.decide_again(&[one, other]).await?;
        Ok(other)
    }
}

/// Only a person on the staff of a one-stop center may do this.
pub(super) fn only_center_staff(caller: &Caller) -> Result<(), Refusal> {
    if caller.agency.kind == AgencyKind::Osc && caller.actor.role != Role::System {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "M804",
        "staff_id",
        "この操作はこども家庭センターの登録職員だけができます。",
        "Only registered staff of a one-stop center may do this.",
    ))
}
