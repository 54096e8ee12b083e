//! Who the people of a list are, as far as the caller may see it: each time that they are named is a release on record.

use super::pages::roster::name;
use super::visit::Visit;
use crate::hub::Refusal;
use maud::{Markup, html};
use musubi_adapters::screen::Individual;
use musubi_core::id::PersonId;
use std::collections::BTreeMap;

/// People by each id under which an item may name them.
pub(super) struct People(BTreeMap<PersonId, Individual>);

impl People {
    /// Asks who they are.
    pub(super) async fn of(visit: &Visit, persons: &[PersonId]) -> Result<Self, Refusal> {
        let mut people = BTreeMap::new();
        for family in visit.hub().introduce(&visit.caller, persons).await? {
            let household = visit.language().household(&family.released);
            for (id, known) in &family.known_as {
                if let Some(person) = household.people.iter().find(|person| person.id == Some(*known)) {
                    people.insert(*id, person.clone());
                }
            }
        }
        Ok(People(people))
    }

    /// The line that names those of an item; nothing where none may be named.
    pub(super) fn line(&self, visit: &Visit, persons: impl IntoIterator<Item = PersonId>) -> Markup {
        let mut known: Vec<&Individual> = Vec::new();
        for person in persons.into_iter().filter_map(|person| self.0.get(&person)) {
            if !known.iter().any(|other| other.id == person.id) {
                known.push(person);
            }
        }
        html! {
            @if !known.is_empty() {
                p.person { @for (number, person) in known.iter().enumerate() { @if number > 0 { " / " } (name(visit, person)) } }
            }
        }
    }
}
