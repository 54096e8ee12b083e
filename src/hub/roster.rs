//! Everybody whom a center keeps in view (P3), page by page. Each family that is shown is a release of its own on record (S-63);
//! a family of which nothing may be seen leaves no gap.

use super::caller::{Caller, Operation};
use super::introduce::listing;
use super::query::{Cited, Shown, Unshown};
use super::{Hub, Refusal};
use musubi_core::agency::Purpose;
use musubi_core::id::PersonId;
use musubi_core::release::Released;
use uuid::Uuid;

/// Families of one page.
const PAGE: usize = 25;
/// Persons that are read from the store at once.
const READ_AT_ONCE: u32 = 100;
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
}
