//! Who the people of a list are, as far as the caller may see it. Each family that is named is a release of its own on record
//! (S-63); those of one list are decided one after another and written together, so that a list waits for the disk once.

use super::caller::{Caller, Operation};
use super::persons::unknown_person;
use super::query::{Cited, Prepared, Question, Unshown, default_purpose};
use super::work::SUGGESTION;
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, StoreError};
use musubi_core::agency::{Category, Purpose};
use musubi_core::consent::records::Level;
use musubi_core::id::{PersonId, WorkItemId};
use musubi_core::release::Released;
use musubi_core::time::Time;
use std::collections::BTreeMap;

/// What somebody may be listed by: everything but money, insurance, concern, violence, the most private and the notifier. The
/// list says far less of each; but who is known by a questionnaire or an approval alone must stand on it too.
const LISTED: [Category; 12] = [
    Category::C01,
    Category::C02,
    Category::C04,
    Category::C05,
    Category::C06,
    Category::C07,
    Category::C08,
    Category::C09,
    Category::C10,
    Category::C15,
    Category::C16,
    Category::C17,
];

/// A family that was shown, and every id under which its people may be named.
pub struct Introduced {
    /// What was released.
    pub released: Released,
    /// Ids of persons, each with the id that the release knows the person by.
    pub known_as: BTreeMap<PersonId, PersonId>,
}

/// Two who may be one, each as far as the caller may see them.
pub struct Pair {
    /// Each of the two, and what was released of it; nothing where nothing may be seen yet.
    pub sides: [(PersonId, Option<Released>); 2],
}

impl Hub {
    /// Who these persons are, as far as the caller may see it for its ordinary purpose: each family once.
    ///
    /// # Errors
    /// When the caller's role reads nothing, or the store fails.
    pub async fn introduce(&self, caller: &Caller, persons: &[PersonId]) -> Result<Vec<Introduced>, Refusal> {
        let purpose = default_purpose(caller.agency.kind);
        if caller.check(Operation::Read(purpose)).is_err() {
            return Ok(Vec::new());
        }
        let cited = Cited::default();
        self.show_all(&listing(caller, purpose, &cited), persons).await
    }

    /// The two whom a work item of the caller asks about: are they one?
    ///
    /// # Errors
    /// When the item is not the caller's, or suggests nobody; or the store fails.
    pub async fn suggested(&self, caller: &Caller, item: WorkItemId) -> Result<Pair, Refusal> {
        caller.check(Operation::KeepPersons)?;
        let row = self.store.work_item(item).await?.filter(|row| row.owner == *caller.id() && row.kind == SUGGESTION);
        let body = self.open_item(&row.ok_or_else(unknown_person)?).await?.ok_or_else(unknown_person)?;
        let pair: Vec<PersonId> = body.about.split(' ').filter_map(PersonId::parse).collect();
        let [one, other] = pair.as_slice() else { return Err(unknown_person()) };
        let mut sides = [(*one, None), (*other, None)];
        for (person, side) in &mut sides {
            *side = self.introduce(caller, &[*person]).await?.into_iter().next().map(|shown| shown.released);
        }
        Ok(Pair { sides })
    }

    /// Decides each of these families once, and shows those of which something may be seen.
    pub(super) async fn show_all(
        &self,
        question: &Question<'_>,
        persons: &[PersonId],
    ) -> Result<Vec<Introduced>, Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            if let Some(shown) = self.try_show_all(question, persons).await? {
                return Ok(shown);
            }
        }
        Err(Refusal::kept_changing())
    }

    /// `None` when something that a decision rests on has changed before all were written.
    async fn try_show_all(
        &self,
        question: &Question<'_>,
        persons: &[PersonId],
    ) -> Result<Option<Vec<Introduced>>, Refusal> {
        let (mut shown, mut unshown, mut all) = (Vec::new(), Unshown::default(), Change::default());
        for family in self.families(persons, self.now()).await? {
            match self.prepare(question, &family).await? {
                Prepared::Again => return Ok(None),
                Prepared::Nothing(nothing) => unshown.add(nothing),
                Prepared::Release(released, change) => {
                    let known_as = family.persons.keys().map(|person| (*person, family.known_as(*person))).collect();
                    shown.push(Introduced { released: *released, known_as });
                    let Change { expect, rows, leaves, .. } = *change;
                    all.expect.extend(expect);
                    all.rows.extend(rows);
                    all.leaves.extend(leaves);
                }
            }
        }
        if !shown.is_empty() {
            match self.store.commit("release a list", all).await {
                Ok(_) => {}
                Err(StoreError::Conflict(_)) => return Ok(None),
                Err(other) => return Err(other.into()),
            }
        }
        self.nothing_shown(question, shown.is_empty() && !persons.is_empty(), unshown).await?;
        Ok(Some(shown))
    }
}

/// A question about everything that may be seen.
pub(super) fn everything<'a>(caller: &'a Caller, purpose: Purpose, cited: &'a Cited) -> Question<'a> {
    Question { categories: Level::L3.categories(), ..listing(caller, purpose, cited) }
}

/// A question of which a list is made.
pub(super) fn listing<'a>(caller: &'a Caller, purpose: Purpose, cited: &'a Cited) -> Question<'a> {
    Question { caller, purpose, cited, wanted: &|_: &Released, _: Time| true, categories: LISTED.into_iter().collect() }
}
