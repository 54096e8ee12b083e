//! Everybody whom a center keeps in view (P3), page by page, and who the people of a work item are. Each family that is shown
//! is a release of its own on record (S-63); a family of which nothing may be seen leaves no gap.

use super::caller::{Caller, Operation};
use super::query::{Cited, Question, Shown, Unshown, default_purpose};
use super::{Hub, Refusal};
use musubi_core::agency::{Category, Purpose};
use musubi_core::id::PersonId;
use musubi_core::release::Released;
use musubi_core::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Families of one page.
const PAGE: usize = 25;
/// Persons that are read from the store at once.
const READ_AT_ONCE: u32 = 100;
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

/// One page of a roster.
pub struct Roster {
    /// The families.
    pub families: Vec<Released>,
    /// Where the next page begins; none on the last.
    pub next: Option<PersonId>,
}

impl Hub {
    /// A page of everybody whom the caller's center keeps in view, after a person of the page before.
    ///
    /// # Errors
    /// When the caller is no member of a center's staff who may, or the store fails.
    pub async fn roster(&self, caller: &Caller, after: Option<PersonId>) -> Result<Roster, Refusal> {
        caller.check(Operation::SeeRoster)?;
        let cited = Cited::default();
        let question = listing(caller, Purpose::P3, &cited);
        let (mut families, mut last) = (Vec::new(), after.unwrap_or(PersonId(Uuid::nil())));
        let (mut unshown, mut next) = (Unshown::default(), None);
        'pages: loop {
            let rows = self.store.persons_kept_in(&caller.agency.municipality, last, READ_AT_ONCE).await?;
            let full = rows.len() == READ_AT_ONCE as usize;
            for row in rows {
                let before = std::mem::replace(&mut last, row.id);
                let family = self.family(&[row.id], self.now()).await?;
                // A family stands where its first member does.
                if family.known().first() != Some(&row.id) {
                    continue;
                }
                if families.len() == PAGE {
                    // That there is one more is all that is told of it here: nothing of it is released.
                    if self.decide(&question, &family, family.at)?.is_some_and(|decided| decided.shows) {
                        next = Some(before);
                        break 'pages;
                    }
                    continue;
                }
                match self.show(&question, row.id).await? {
                    Shown::Released(released) => families.push(*released),
                    Shown::Nothing(nothing) => unshown.add(nothing),
                }
            }
            if !full {
                break;
            }
        }
        self.nothing_shown(&question, families.is_empty(), unshown).await?;
        Ok(Roster { families, next })
    }

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
        let question = listing(caller, purpose, &cited);
        let (mut known, mut families, mut unshown) = (BTreeSet::new(), Vec::new(), Unshown::default());
        for person in persons {
            if known.contains(person) {
                continue;
            }
            let family = self.family(&[*person], self.now()).await?;
            known.extend(family.persons.keys().copied());
            let known_as = || family.persons.keys().map(|person| (*person, family.known_as(*person))).collect();
            match self.show(&question, *person).await? {
                Shown::Released(released) => families.push(Introduced { released: *released, known_as: known_as() }),
                Shown::Nothing(nothing) => unshown.add(nothing),
            }
        }
        self.nothing_shown(&question, families.is_empty() && !persons.is_empty(), unshown).await?;
        Ok(families)
    }
}

/// A family that was shown, and every id under which its people may be named.
pub struct Introduced {
    /// What was released.
    pub released: Released,
    /// Ids of persons, each with the id that the release knows the person by.
    pub known_as: BTreeMap<PersonId, PersonId>,
}

fn listing<'a>(caller: &'a Caller, purpose: Purpose, cited: &'a Cited) -> Question<'a> {
    Question { caller, purpose, cited, wanted: &|_: &Released, _: Time| true, categories: LISTED.into_iter().collect() }
}
